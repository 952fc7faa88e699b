#!/usr/bin/env python3
"""Replays a trace of keys through a real Redis on this machine and through the simulator, and
compares hit ratios: `redis_hits.py --cachepolicy PATH TRACE.gz...`, a key a line.

Redis holds as many keys as fit into the memory that ENTRIES keys need. Its clock for `allkeys-lru`
has ticks of a second, so that the replay must take a while: requests are spread over SECONDS. The
simulator gets the instants at which Redis got them, by the wall's clock, and the mean number of keys
that Redis held once it was full. A miss is followed by a SET. Both draw lots: the simulator with
several seeds.

Needs the package `redis`, and the programs `redis-server` and `cachepolicy`.
"""

import argparse
import gzip
import json
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

import redis

VALUE = "v" * 64
POLICIES = {"redis-lru": "allkeys-lru", "redis-lfu": "allkeys-lfu"}
SAMPLE_EVERY = 100


def keys_of(trace):
    """Lines that begin with # or * are no keys."""
    with gzip.open(trace, "rt") as file:
        lines = (line.strip() for line in file)
        return [f"{line:0>12}" for line in lines if line and line[0] not in "#*"]


class Server:
    """A Redis of its own on a free port of this machine."""

    def __init__(self, program, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = {
            "port": port,
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "appendonly": "no",
            "maxmemory-samples": 5,
        }
        command = [program]
        for name, value in settings.items():
            command += [f"--{name}", str(value)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client = redis.Redis(host="127.0.0.1", port=port)
        for _ in range(100):
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.1)
        raise SystemExit("redis-server did not start")

    def limit(self, policy, entries):
        """Leaves room for so many keys."""
        self.client.config_set("maxmemory", 0)
        self.client.flushall()
        for number in range(entries):
            self.client.set(f"{number:0>12}", VALUE)
        used = self.client.info("memory")["used_memory"]
        self.client.flushall()
        self.client.config_set("maxmemory-policy", policy)
        self.client.config_set("maxmemory", used)
        self.client.config_resetstat()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def replay(server, keys, seconds):
    """Hits, the instant of each request in microseconds, and how many keys there were when full."""
    get, put = server.client.get, server.client.set
    hits, instants, held = 0, [], []
    began = time.time()
    for index, key in enumerate(keys):
        wait = began + index * seconds / len(keys) - time.time()
        if wait > 0:
            time.sleep(wait)
        # As Redis sees it: its seconds and minutes are those of the wall's clock.
        instants.append(time.time_ns() // 1000)
        if get(key) is not None:
            hits += 1
        else:
            put(key, VALUE)
        if index % SAMPLE_EVERY == 0 and server.client.info("stats")["evicted_keys"] > 0:
            held.append(server.client.dbsize())
    if not held:
        raise SystemExit("Redis never became full: use fewer entries")
    return hits, instants, round(statistics.mean(held))


def simulate(program, folder, evict, entries, keys, instants, seeds):
    """Hits with each seed."""
    trace = pathlib.Path(folder, "trace.csv")
    rows = (f"{at},{key}\n" for at, key in zip(instants, keys))
    trace.write_text("time_us,key\n" + "".join(rows))
    policy = pathlib.Path(folder, "compared.cachepolicy")
    policy.write_text(
        "policy compared { edition 1 }\n"
        f"backend cache redis {{ capacity {entries} entries; evict {evict} }}\n"
        "object entry(key) { store cache; ttl forever }\n"
    )
    hits = []
    for seed in range(1, seeds + 1):
        command = [program, "simulate", policy, "--trace", trace, "--seed", str(seed)]
        done = subprocess.run(
            [*command, "--format", "json"], stdout=subprocess.PIPE, check=True
        )
        hits.append(json.loads(done.stdout)["levels"]["entry"]["fresh"])
    return hits


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cachepolicy", required=True)
    parser.add_argument("--redis-server", default="redis-server")
    parser.add_argument("--entries", type=int, default=1200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("traces", nargs="+")
    arguments = parser.parse_args()
    print("| trace | requests | keys held | policy | Redis | simulator | difference |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments.redis_server, folder)
        try:
            for trace in arguments.traces:
                keys = keys_of(trace)
                for evict, policy in POLICIES.items():
                    server.limit(policy, arguments.entries)
                    hits, instants, entries = replay(server, keys, arguments.seconds)
                    ours = simulate(
                        arguments.cachepolicy, folder, evict, entries, keys, instants, arguments.seeds
                    )
                    ratios = [100 * count / len(keys) for count in ours]
                    theirs, mean = 100 * hits / len(keys), statistics.mean(ratios)
                    name = pathlib.Path(trace).name.split(".")[0]
                    print(
                        f"| {name} | {len(keys)} | {entries} | {evict} | {theirs:.2f}%"
                        f" | {mean:.2f}% (±{statistics.stdev(ratios):.2f})"
                        f" | {mean - theirs:+.2f} points |",
                        flush=True,
                    )
        finally:
            server.stop()


if __name__ == "__main__":
    main()
