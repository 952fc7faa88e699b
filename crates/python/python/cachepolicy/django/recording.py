"""Traces of what happens: `CACHEPOLICY_RECORD` names their folder, or `manage.py cachepolicy record` does."""

from __future__ import annotations

import atexit
import json
import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

#: More application servers than this have to share their numbers.
PROCESSES = 1024


def folder() -> Path | None:
    """Where traces go."""
    said = getattr(settings, "CACHEPOLICY_RECORD", None) or os.environ.get("CACHEPOLICY_RECORD")
    return Path(said) if said else None


def begin() -> tuple[str | None, int]:
    """Each process records to files of its own, and has a number; keys and users are hidden by one secret."""
    to = folder()
    if to is None:
        return None, 0
    to.mkdir(parents=True, exist_ok=True)
    number = _number(to)
    file = to / f"{number:04}.jsonl"
    secret = to / "secret"
    if _claimed(secret, f"{secrets.token_hex(16)}\n"):
        secret.chmod(0o600)
    key = file.with_name(f"{file.name}.key")
    if not key.exists():
        os.link(secret, key)
    return str(file), number


def _number(to: Path) -> int:
    """The first that nobody has."""
    for number in range(PROCESSES):
        if _claimed(to / f"{number:04}.process", f"{os.getpid()}\n"):
            return number
    return os.getpid() % PROCESSES


def _claimed(path: Path, text: str) -> bool:
    try:
        with open(path, "x", opener=_private) as file:  # noqa: PTH123
            file.write(text)
    except FileExistsError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def ends_with(service: Any, file: str) -> None:
    """When the process ends, the last file is complete, and what was counted stands beside it."""
    process = os.getpid()

    def end() -> None:
        if os.getpid() != process:
            return
        counted = {
            name: service.native.counters(name)
            for name, level in service.levels.items()
            if level["tiers"]
        }
        Path(file).with_suffix(".counters.json").write_text(json.dumps(counted))
        service.native.stop_recording()

    atexit.register(end)


def joined(folder: Path) -> bytes:
    """The events of all processes, in the order of time."""
    events: list[tuple[Decimal, str]] = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            # Nanoseconds since 1970 are more than a float has.
            event = json.loads(line, parse_float=Decimal)
            if "at" in event:
                events.append((event["at"], line))
    events.sort(key=lambda event: event[0])
    return "\n".join(line for _, line in events).encode()


def counted_in(folder: Path) -> dict[str, dict[str, int]]:
    """What all processes counted, by level."""
    total: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("*.counters.json")):
        for level, counters in json.loads(path.read_text()).items():
            of = total.setdefault(level, {})
            for name, count in counters.items():
                if name == "stampede_peak":
                    of[name] = max(of.get(name, 0), count)
                else:
                    of[name] = of.get(name, 0) + count
    return total
