"""What surrounds the work in hand: the fill that it is part of, and what it touches."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.db import connections

if TYPE_CHECKING:
    from cachepolicy import _native


class Frame:
    """A fill under way."""

    __slots__ = ("around", "before", "children", "level", "touched")

    def __init__(self, around: _native.Around, level: str | None, before: Frame | None) -> None:
        self.around = around
        self.level = level
        self.before = before
        #: What it touched, as `watch` names it.
        self.touched: set[tuple[str, str]] = set()
        self.children: set[str] = set()

    def for_one(self) -> None:
        """What is made is for whoever asked alone, and so is what embeds it."""
        frame: Frame | None = self
        while frame is not None:
            frame.around.for_one()
            frame.touched.add(("one", frame.level or ""))
            frame = frame.before


_frame: contextvars.ContextVar[Frame | None] = contextvars.ContextVar("cachepolicy", default=None)


def current() -> Frame | None:
    """The fill that the work in hand is part of."""
    return _frame.get()


@contextlib.contextmanager
def standing(around: _native.Around, level: str | None) -> Iterator[Frame]:
    """Work is part of a fill."""
    before = _frame.get()
    frame = Frame(around, level, before)
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
