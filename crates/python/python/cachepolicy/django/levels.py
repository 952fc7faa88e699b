"""Objects and fragments: `cache.object("top_authors").get_or_load(compute)`."""

from __future__ import annotations

import contextvars
import functools
import inspect
import pickle
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db.models import Model

from . import panel, watch
from .around import alone, current, standing
from .looped import Waiting, called
from .service import service

PROTOCOL = pickle.HIGHEST_PROTOCOL


class Looked(NamedTuple):
    """What a look-up gave, and where it is from: `fresh`, `stale`, `negative`, `filled`, `waited`,
    `stale-if-error`, `bypass`. `why` says why it is not kept, or why the cache was not asked."""

    value: Any
    outcome: str
    why: str | None


class Key:
    """One copy of a level: its parameters, in the policy's order."""

    __slots__ = ("level", "params")

    def __init__(self, level: str, params: list[str | None]) -> None:
        self.level = level
        self.params = params

    def look_up(self, compute: Callable[[], Any]) -> Looked:
        """The copy's value, and where it is from."""
        found, outcome, why = self._asked(compute)
        return Looked(None if found is None else pickle.loads(found), outcome, why)

    def get_or_load(self, compute: Callable[[], Any]) -> Any:
        """The copy's value; where there is none that serves, what `compute()` gives, which is then kept as the
        policy says. `None` is "there is no such thing", which `negative ttl` is for.

        It runs in this thread. Where a stale copy is served meanwhile it runs in another one, without anybody
        who waits for it.
        """
        found = self._asked(compute)[0]
        return None if found is None else pickle.loads(found)

    def _asked(self, compute: Callable[[], Any]) -> tuple[bytes | None, str, str | None]:
        """As the runtime says it."""
        context = contextvars.copy_context()

        def fill(around: Any, is_alone: bool) -> bytes | None:
            if is_alone:
                return alone(context, fill_here, around)
            return fill_here(around)

        def fill_here(around: Any) -> bytes | None:
            kept = (self.level,)
            with standing(around, self.level, kept, tuple(self.params)) as frame:
                with watch.filling(frame):
                    value = compute()
                if frame.is_personal:
                    around.for_one()
            return None if value is None else pickle.dumps(value, PROTOCOL)

        looked = service().native.get_or_load(self.level, self.params, fill, self._inside())
        self._tell(looked)
        return looked

    async def aget_or_load(self, compute: Callable[[], Any]) -> Any:
        """The same where `compute` may be a coroutine function, which runs in this loop. What is in memory is
        there at once, and no thread waits for what is not."""
        waiting = Waiting()

        async def fill(around: Any) -> bytes | None:
            with standing(around, self.level, (self.level,), tuple(self.params)) as frame:
                with watch.filling(frame):
                    value = await called(compute)
                if frame.is_personal:
                    around.for_one()
            return None if value is None else pickle.dumps(value, PROTOCOL)

        looked = service().native.start_get_or_load(
            self.level, self.params, waiting.hands(fill), self._inside(), waiting.done
        )
        if looked is None:
            looked = await waiting.answer()
        self._tell(looked)
        return None if looked[0] is None else pickle.loads(looked[0])

    def _inside(self) -> Any:
        """The fill that this look-up is part of."""
        frame = current()
        if frame is None:
            return None
        frame.children.add(self.level)
        return frame.around

    def _tell(self, looked: tuple[bytes | None, str, str | None]) -> None:
        if panel.gathered.get() is not None:
            panel.looked_up(self.level, self.params, looked[1], looked[2])

    def __repr__(self) -> str:
        return f"<Key {self.level}({', '.join(map(str, self.params))})>"


class Levels:
    """The levels of the policy that `CACHEPOLICY` names."""

    def object(self, name: str, /, *args: Any, **kwargs: Any) -> Key:
        """One copy of an object or a fragment, by its parameters: in order, or by their names."""
        of = service()
        takes = of.takes.get(name)
        if takes is None:
            known = ", ".join(of.takes) or "none"
            raise LookupError(f"the policy has no fragment or object `{name}`; it has {known}")
        if kwargs or len(args) != len(takes):
            args = _in_order(name, takes, args, kwargs)
        return Key(name, [each if type(each) is str else text_of(each) for each in args])

    fragment = object

    def counters(self, name: str) -> dict[str, int]:
        """What happened at a level in this process."""
        counted = service().native.counters(name)
        if counted is None:
            raise LookupError(f"the policy has no level `{name}`")
        return counted

    def prometheus(self) -> str:
        """The figures of this process, in Prometheus's text format."""
        return service().native.prometheus()


cache = Levels()


def _in_order(
    name: str, takes: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    given = dict(zip(takes, args, strict=False))
    unknown = [each for each in kwargs if each not in takes or each in given]
    given.update(kwargs)
    if len(args) > len(takes) or unknown or len(given) != len(takes):
        raise TypeError(f"`{name}` takes {', '.join(takes) or 'nothing'}")
    return tuple(given[each] for each in takes)


def text_of(value: Any) -> str | None:
    """A value as it stands in keys."""
    if value is None:
        return None
    if isinstance(value, Model):
        value = value.pk
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def cached_object(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function whose results are copies of a level. Its arguments are the level's parameters, by their names.

    What it was before is its `uncached`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        def key(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Key:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            return cache.object(name, **bound.arguments)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                compute = functools.partial(function, *args, **kwargs)
                return await key(args, kwargs).aget_or_load(compute)

            asynchronous.uncached = function  # type: ignore[attr-defined]
            return asynchronous

        @functools.wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            compute = functools.partial(function, *args, **kwargs)
            return key(args, kwargs).get_or_load(compute)

        synchronous.uncached = function  # type: ignore[attr-defined]
        return synchronous

    return decorate


def data(name: str, values: Iterable[Any]) -> None:
    """Says, while a copy is made, what the policy declares as `data NAME`: values that are known only now.
    Elsewhere it does nothing."""
    frame = current()
    if frame is not None:
        frame.around.data(name, [text_of(value) or "" for value in values])
