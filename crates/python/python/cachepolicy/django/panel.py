"""What was looked up while a request was answered, and why it went as it did."""

from __future__ import annotations

import contextvars
import time
from typing import Any, NamedTuple

from django.http import HttpRequest


class Lookup(NamedTuple):
    """One look-up."""

    level: str
    params: str
    outcome: str
    why: str | None
    at: float


#: Where look-ups of the request in hand are gathered; `None`: nobody wants to know.
gathered: contextvars.ContextVar[list[Lookup] | None] = contextvars.ContextVar(
    "cachepolicy_panel", default=None
)


def looked_up(level: str, params: list[str | None], outcome: str, why: str | None) -> None:
    """Tells of a look-up of an object or a fragment."""
    to = gathered.get()
    if to is not None:
        shown = ", ".join("–" if param is None else param for param in params)
        to.append(Lookup(level, shown, outcome, why, time.time()))


def answered(request: HttpRequest, names: tuple[str, ...], fields: list[Any]) -> None:
    """Tells how a request was answered."""
    to = gathered.get()
    if to is not None:
        status = next((value for name, value in fields if name == "cache-status"), "")
        level = " › ".join(names) or "of no level"
        to.append(Lookup(level, request.get_full_path(), status, None, time.time()))
