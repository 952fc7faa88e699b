#!/usr/bin/env python3
"""Replays traces of keys through Django's own `locmem` backend and prints its hits, a line for each
trace and MAX_ENTRIES: `django_locmem.py TRACE.gz...`. A miss is followed by a `set`. Needs the
package `django`. The counts stand in the tests of known answers.
"""

import gzip
import pathlib
import sys

import django
from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache

MAX_ENTRIES = [3, 100, 300, 1200, 3000]


def keys_of(trace):
    """Lines that begin with # or * are no keys."""
    with gzip.open(trace, "rt") as file:
        lines = (line.strip() for line in file)
        return [line for line in lines if line and line[0] not in "#*"]


def hits(keys, name, max_entries):
    cache = LocMemCache(name, {"TIMEOUT": None, "OPTIONS": {"MAX_ENTRIES": max_entries}})
    count = 0
    for key in keys:
        if cache.get(key) is not None:
            count += 1
        else:
            cache.set(key, 1)
    return count


def main():
    settings.configure()
    print(f"Django {django.__version__}")
    for trace in sys.argv[1:]:
        keys = keys_of(trace)
        name = pathlib.Path(trace).name.split(".")[0]
        for entries in MAX_ENTRIES:
            found = hits(keys, f"{name} {entries}", entries)
            print(f"{name}, {len(keys)} requests, MAX_ENTRIES {entries}: {found} hits")


if __name__ == "__main__":
    main()
