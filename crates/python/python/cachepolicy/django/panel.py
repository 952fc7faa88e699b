"""What was looked up, and why it went as it did: for whoever listens, as the panel of django-debug-toolbar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

#: Called with a dict for each look-up.
listeners: list[Callable[[dict[str, Any]], None]] = []


def looked_up(level: str, params: list[str | None], outcome: str, why: str | None) -> None:
    """Tells of a look-up of an object or a fragment."""
    if listeners:
        _tell({"level": level, "params": params, "outcome": outcome, "why": why})


def answered(request: HttpRequest, names: tuple[str, ...], fields: list[Any]) -> None:
    """Tells how a request was answered."""
    if listeners:
        status = next((value for name, value in fields if name == "cache-status"), "")
        level = " › ".join(names) or "no level"
        path = request.get_full_path()
        _tell({"level": level, "params": [path], "outcome": status, "why": None})


def _tell(of: dict[str, Any]) -> None:
    for listener in tuple(listeners):
        listener(of)
