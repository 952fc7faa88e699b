"""What surrounds the work in hand: the fill that it is part of, and what it touches."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.db import connections

if TYPE_CHECKING:
    from cachepolicy import _native

    from .personal import Tracker


class Frame:
    """A fill under way."""

    __slots__ = (
        "around",
        "before",
        "children",
        "is_personal",
        "level",
        "names",
        "params",
        "touched",
        "tracker",
    )

    def __init__(
        self, around: _native.Around, level: str | None, before: Frame | None, tracker: Any
    ) -> None:
        self.around = around
        self.level = level
        self.before = before
        #: Who follows the request that it is for.
        self.tracker: Tracker | None = tracker
        #: The levels that keep what is made, and the parameters of its key.
        self.names: tuple[str, ...] = ()
        self.params: tuple[str | None, ...] = ()
        #: What it touched and does not tell apart, by `watch`'s names.
        self.touched: set[tuple[str, str]] = set()
        self.children: set[str] = set()
        #: It touched what is somebody's own: what is made is for whoever asked alone.
        self.is_personal = False


_frame: contextvars.ContextVar[Frame | None] = contextvars.ContextVar("cachepolicy", default=None)


def current() -> Frame | None:
    """The fill that the work in hand is part of."""
    return _frame.get()


@contextlib.contextmanager
def standing(
    around: _native.Around,
    level: str | None,
    names: tuple[str, ...],
    params: tuple[str | None, ...] = (),
    tracker: Tracker | None = None,
) -> Iterator[Frame]:
    """Work is part of a fill."""
    before = _frame.get()
    if tracker is None and before is not None:
        tracker = before.tracker
    frame = Frame(around, level, before, tracker)
    frame.names, frame.params = names, params
    if before is not None and level is not None:
        before.children.add(level)
    token = _frame.set(frame)
    try:
        yield frame
    finally:
        _frame.reset(token)


def alone(context: contextvars.Context, work: Callable[..., Any], *args: Any) -> Any:
    """Work in a thread of its own, for nobody who waits: what it opens of the database it closes."""
    try:
        # The one that was copied may be in use by whoever asked.
        return context.copy().run(work, *args)
    finally:
        connections.close_all()
