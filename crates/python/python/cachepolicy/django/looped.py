"""Work of an event loop: the runtime hands it over from another thread, and is told what came of it."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

#: Tasks under way: a loop alone does not keep them.
_tasks: set[asyncio.Task[None]] = set()


class Waiting:
    """What a coroutine waits for."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Any] = self.loop.create_future()
        self._context = contextvars.copy_context()
        #: Whoever asked has an answer.
        self.is_over = False

    def hands(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., None]:
        """What the runtime calls, in another thread, to have work done here."""

        def begin(*told: Any) -> None:
            *arguments, reply = told
            run = functools.partial(self._launch, work, arguments, reply)
            self.loop.call_soon_threadsafe(run, context=self._context)

        return begin

    def _launch(self, work: Callable[..., Awaitable[Any]], told: list[Any], reply: Any) -> None:
        async def run() -> None:
            try:
                reply.give(await work(*told))
            except Exception as error:
                reply.fail(error)
            except BaseException as error:
                reply.fail(error)
                raise

        task = self.loop.create_task(run())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    def done(self, made: Any, raised: BaseException | None) -> None:
        """What the runtime calls, in another thread, when there is an answer."""
        self.loop.call_soon_threadsafe(self._settle, made, raised)

    def _settle(self, made: Any, raised: BaseException | None) -> None:
        # Whoever asked may have gone.
        if self._future.done():
            return
        if raised is not None:
            self._future.set_exception(raised)
        else:
            self._future.set_result(made)

    async def answer(self) -> Any:
        """Waits for it."""
        return await self._future


async def called(function: Callable[[], Any]) -> Any:
    """What a function gives: a coroutine function here, another one where synchronous code runs."""
    plain = function
    while isinstance(plain, functools.partial):
        plain = plain.func
    if inspect.iscoroutinefunction(plain):
        return await function()
    made = await sync_to_async(function)()
    return await made if inspect.isawaitable(made) else made
