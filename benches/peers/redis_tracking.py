#!/usr/bin/env python3
"""Asks a real Redis on this machine whom it tells of a change: `redis_tracking.py`.

Three connections (RESP3, `CLIENT TRACKING ON NOLOOP`) stand for three processes with memory above the
Redis, a fourth one without tracking for whoever else writes. Each step is a command of one of them;
printed is what invalidation messages each of the three then has. `scenarios/tracking.rs` of the
simulator replays the same steps and expects the same messages.

Needs the program `redis-server`, and nothing else.
"""

import argparse
import socket
import subprocess
import tempfile
import time

PATIENCE = 0.05


class Connection:
    """One client that speaks RESP3."""

    def __init__(self, port, tracks):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")
        self.messages = []
        self.call("HELLO", "3")
        if tracks:
            self.call("CLIENT", "TRACKING", "ON", "NOLOOP")

    def call(self, *words):
        """The reply; messages that come before it are kept."""
        parts = [f"*{len(words)}\r\n"]
        parts += [f"${len(word)}\r\n{word}\r\n" for word in words]
        self.socket.sendall("".join(parts).encode())
        while True:
            is_message, value = self.read()
            if not is_message:
                return value
            self.take(value)

    def take(self, message):
        kind, keys = message
        if kind == "invalidate":
            self.messages += keys if keys is not None else ["everything"]

    def read(self):
        """Whether it is a message, and the value."""
        line = self.file.readline().rstrip(b"\r\n").decode()
        kind, rest = line[0], line[1:]
        if kind in "+-:":
            return False, rest
        if kind == "_":
            return False, None
        if kind == "$":
            text = self.file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
            return False, text and text.decode()
        count = int(rest) * (2 if kind == "%" else 1)
        return kind == ">", [self.read()[1] for _ in range(count)]

    def told(self):
        """What it was told of since it was asked the last time."""
        self.call("PING")
        told, self.messages = self.messages, []
        return told


STEPS = """
# Who read a key is told of its next change, once.
0 GET a
0 SET a 1
0 GET a
1 GET a
2 GET b
0 SET a 2
0 SET a 3
# Who changed it is not told, and is forgotten nevertheless: it has to read what it wrote.
3 SET a 4
0 GET a
1 GET a
3 SET a 5
# That a key is not there is something that one has read.
1 GET new
0 SET new 1
# A deletion.
1 GET new
2 GET new
0 DEL new
# A life that is made shorter or longer.
0 SET life 1 PX 60000
1 GET life
0 PEXPIRE life 30000
1 GET life
0 GETEX life PX 60000
1 GET life
# A life that ends: those are told too whose own command finds the key dead.
0 SET short 1 PX 400
0 GET short
1 GET short
wait 1
# A key that has to go for others, whoever makes it go.
0 SET old 1
0 GET old
1 GET old
full 0 SET huge 1
# All keys.
1 GET b
3 FLUSHALL
3 SET b 1
# More keys than the table has room for.
3 CONFIG SET tracking-table-max-keys 2
0 GET k
0 GET k
1 GET l
2 GET m
3 PING
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--redis-server", default="redis-server")
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.redis_server, "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--dir", folder, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            run(port)
        finally:
            server.terminate()
            server.wait()


def run(port):
    for attempt in range(100):
        try:
            connections = [Connection(port, number < 3) for number in range(4)]
            break
        except ConnectionError:
            time.sleep(0.1)
    else:
        raise SystemExit("redis-server did not start")
    for step in STEPS.strip().splitlines():
        if step.startswith("#"):
            print(f"\n{step[2:]}")
            continue
        words = step.split()
        if words[0] == "wait":
            time.sleep(float(words[1]))
        elif words[0] == "full":
            connections[3].call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            connections[3].call("CONFIG", "SET", "maxmemory", "1")
            connections[int(words[1])].call(*words[2:])
            connections[3].call("CONFIG", "SET", "maxmemory", "0")
        else:
            connections[int(words[0])].call(*words[1:])
        time.sleep(PATIENCE)
        told = [f"{number}: {' '.join(c.told())}" for number, c in enumerate(connections[:3]) if c]
        told = [one for one in told if not one.endswith(": ")]
        print(f"  {step:<34}{'; '.join(told) or '-'}")


if __name__ == "__main__":
    main()
