#!/usr/bin/env python3
"""Why ARC's counts differ between programs: misses with a target that moves in whole steps, as the
simulator's, and in real ones, as libCacheSim's: `arc_steps.py ENTRIES TRACE.gz...`, a key a line.
"""

import gzip
import sys
from collections import OrderedDict

ONCE, OFTEN = 0, 1


def keys_of(trace):
    """Lines that begin with # or * are no keys."""
    with gzip.open(trace, "rt") as file:
        lines = (line.strip() for line in file)
        return [line for line in lines if line and line[0] not in "#*"]


class Arc:
    """Megiddo, Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003, figure 4."""

    def __init__(self, entries, whole):
        self.entries, self.whole = entries, whole
        self.target = 0
        self.copies = [OrderedDict(), OrderedDict()]
        self.ghosts = [OrderedDict(), OrderedDict()]

    def read(self, key):
        """Was it there?"""
        for copies in self.copies:
            if key in copies:
                del copies[key]
                self.copies[OFTEN][key] = True
                return True
        known = next((which for which in (ONCE, OFTEN) if key in self.ghosts[which]), None)
        if known is not None:
            self.adapt(known)
            del self.ghosts[known][key]
        if len(self.copies[ONCE]) + len(self.copies[OFTEN]) == self.entries:
            if known is None:
                self.make_room()
            else:
                self.replace(known)
        self.copies[ONCE if known is None else OFTEN][key] = True
        return False

    def adapt(self, known):
        own, other = len(self.ghosts[known]), len(self.ghosts[1 - known])
        step = max(1, other // own if self.whole else other / own)
        if known == ONCE:
            self.target = min(self.entries, self.target + step)
        else:
            self.target = max(0, self.target - step)

    def make_room(self):
        once, often = self.copies
        if len(once) + len(self.ghosts[ONCE]) == self.entries:
            if not self.ghosts[ONCE]:
                once.popitem(last=False)
                return
            self.ghosts[ONCE].popitem(last=False)
        elif sum(map(len, self.copies + self.ghosts)) == 2 * self.entries:
            self.ghosts[OFTEN].popitem(last=False)
        self.replace(None)

    def replace(self, known):
        once = len(self.copies[ONCE])
        over = once > self.target or (once == self.target and known == OFTEN)
        which = ONCE if once and over or not self.copies[OFTEN] else OFTEN
        key, _ = self.copies[which].popitem(last=False)
        self.ghosts[which][key] = True


def misses(keys, entries, whole):
    arc = Arc(entries, whole)
    return sum(not arc.read(key) for key in keys)


def main():
    entries = int(sys.argv[1])
    for trace in sys.argv[2:]:
        keys = keys_of(trace)
        whole, real = misses(keys, entries, True), misses(keys, entries, False)
        print(f"{trace}: {whole} misses with whole steps, {real} with real ones")


if __name__ == "__main__":
    main()
