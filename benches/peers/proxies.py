#!/usr/bin/env python3
"""`cachepolicy proxy` beside nginx's `proxy_cache`, on loopback, in turn in one run.

usage: proxies.py PROGRAM [ROUNDS] [SECONDS]

PROGRAM is `target/release/cachepolicy`. Needs `nginx` and `wrk` (Debian: `apt-get install nginx-light wrk`).
Prints two tables: how fast hits of 10 kB are served, and how many of many simultaneous requests for one cold,
slow page reach the origin.
"""

import http.client
import http.server
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CONFIGURATIONS = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "http-tests"
PAGE = b"x" * 10_000
WAITING = 200


class Origin(http.server.BaseHTTPRequestHandler):
    """Answers at once, but for what is below /slow/."""

    protocol_version = "HTTP/1.1"
    asked = 0
    lock = threading.Lock()

    def do_GET(self):
        with Origin.lock:
            Origin.asked += 1
        if self.path.startswith("/slow/"):
            time.sleep(0.5)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.send_header("Cache-Control", "max-age=3600")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def configure(name, folder, origin, listen, more=""):
    text = (CONFIGURATIONS / name).read_text()
    text = text.replace("ORIGIN", str(origin)).replace("LISTEN", str(listen))
    # The default is that everybody who misses asks.
    text = text.replace("store  front", "store  front\n  stampede coalesce")
    path = pathlib.Path(folder) / name
    path.write_text(text.replace("proxy_cache plain;", "proxy_cache plain; " + more))
    return str(path)


def start(name, program, folder, origin):
    port = free_port()
    if name == "cachepolicy":
        policy = configure("plain.cachepolicy", folder, origin, port)
        command = [program, "proxy", policy, "--origin", f"http://127.0.0.1:{origin}"]
        command += ["--listen", f"127.0.0.1:{port}"]
    else:
        lock = "proxy_cache_lock on;" if name.endswith("proxy_cache_lock") else ""
        command = ["nginx", "-p", folder, "-c", configure("nginx.conf", folder, origin, port, lock)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{name} takes no connections")


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def measure(port, seconds):
    url = f"http://127.0.0.1:{port}/page"
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    latency = {share: milliseconds(value) for share, value in re.findall(r"(\d+)%\s+([\d.]+(?:us|ms|s))", said)}
    return rate, latency["50"], latency["99"]


def stampede(port, name):
    before = Origin.asked
    barrier = threading.Barrier(WAITING)

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.connect()
        barrier.wait()
        connection.request("GET", f"/slow/{name}")
        assert len(connection.getresponse().read()) == len(PAGE)

    threads = [threading.Thread(target=ask) for _ in range(WAITING)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Origin.asked - before


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    origin = Server(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    names = ["cachepolicy", "nginx", "nginx with proxy_cache_lock"]
    running = []
    try:
        with tempfile.TemporaryDirectory() as top:
            # nginx's workers are another user where it is run by root.
            pathlib.Path(top).chmod(0o755)
            ports = {}
            for nth, name in enumerate(names):
                folder = pathlib.Path(top) / str(nth)
                folder.mkdir()
                folder.chmod(0o777)
                process, ports[name] = start(name, program, str(folder), origin.server_port)
                running.append(process)
            results = {name: [] for name in names[:2]}
            for name in names[:2]:
                measure(ports[name], 1)
            for _ in range(rounds):
                for name in results:
                    results[name].append(measure(ports[name], seconds))
            print("| | hits a second | p50 | p99 |\n|---|---|---|---|")
            for name, measured in results.items():
                rate, half, most = (statistics.median(column) for column in zip(*measured))
                print(f"| {name} | {rate:,.0f} | {half:.2f} ms | {most:.2f} ms |")
            print(f"\n| {WAITING} requests at once for one cold page | reach the origin |\n|---|---|")
            for name in names:
                print(f"| {name} | {stampede(ports[name], names.index(name))} |")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


main()
