"""Whole responses: one middleware in place of Django's two, and `@cached("homepage")`."""

from __future__ import annotations

import contextlib
import contextvars
import copy
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cachepolicy import _native

from . import panel, watch
from .around import Frame, alone, standing
from .looped import Waiting
from .personal import Tracker
from .service import Needs, Service, is_configured, service

View = Callable[[HttpRequest], Any]

#: Marks a request that the levels of its route were asked for.
_ASKED = "_cachepolicy_asked"


class CachePolicyMiddleware:
    """Answers requests by the policy's sites and views. Last in `MIDDLEWARE`, so that `request.user` is known and
    what other middleware adds to a response is added to copies too."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: View) -> None:
        if not is_configured():
            raise ImproperlyConfigured(
                'say which policy Django caches by: CACHEPOLICY = "site.cachepolicy"'
            )
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self._is_async:
            return self._asynchronous(request)
        return respond(service(), request, self.get_response)

    async def _asynchronous(self, request: HttpRequest) -> HttpResponseBase:
        return await arespond(service(), request, self.get_response)


def cached(name: str) -> Callable[[View], View]:
    """A view that its level of the policy answers, where the middleware does not see to that already. The level's
    `route` must match its URL."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                if _is_answered(request, name):
                    return await view(request, *args, **kwargs)

                async def ask(asked: HttpRequest) -> Any:
                    return await view(asked, *args, **kwargs)

                return await arespond(service(), request, ask)

            return asynchronous

        @functools.wraps(view)
        def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if _is_answered(request, name):
                return view(request, *args, **kwargs)

            def ask(asked: HttpRequest) -> Any:
                response = view(asked, *args, **kwargs)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response = response.render()
                return response

            return respond(service(), request, ask)

        return synchronous

    return decorate


def _is_answered(request: HttpRequest, name: str) -> bool:
    """Were the levels of the request's route asked already? Else: is the level one of them?"""
    if name not in service().levels:
        raise LookupError(f"the policy has no level `{name}`")
    return getattr(request, _ASKED, False)


class _Exchange:
    """A request on its way through the levels of its route."""

    def __init__(self, of: Service, request: HttpRequest) -> None:
        setattr(request, _ASKED, True)
        self.request = request
        self.target = request.get_full_path()
        self.method = request.method or "GET"
        self.names = tuple(of.policy._native.route(self.method, request.path))
        self.needs = of.needs(self.names)
        self.own: HttpResponseBase | None = None

    def asked(self, of: Service, user: Any) -> Any:
        """As the runtime takes it."""
        request = self.request
        who, attrs = identify(of, request, user) if self.needs.user else ([], [])
        return self.method, request.get_host(), self.target, request.META, who, attrs

    @contextlib.contextmanager
    def work(self, of: HttpRequest, around: Any, asked: str, fields: list[str]) -> Iterator[Frame]:
        """The view makes a response that may be kept."""
        level = self.names[-1] if self.names else None
        tracker = Tracker(of, watch.is_watching())
        with standing(around, level, self.needs.kept, tracker=tracker) as frame:
            with tracker, watch.filling(frame):
                with as_for_all(of, self.needs, asked, self.target, fields):
                    yield frame

    def answer(self, answered: tuple[int, list[tuple[str, str]], bytes]) -> HttpResponseBase:
        """As Django takes it: what the view made for this very request, else what the runtime says."""
        status, fields, content = answered
        panel.answered(self.request, self.names, fields)
        own = self.own
        if own is not None and own.status_code == status:
            for name, value in fields:
                if name == "cache-status":
                    own.headers["Cache-Status"] = value
            return own
        return answer(status, fields, content)


def respond(of: Service, request: HttpRequest, view: View) -> HttpResponseBase:
    """The answer: from a copy, or what the view makes."""
    exchange = _Exchange(of, request)
    context = contextvars.copy_context()

    def fill(around: Any, is_alone: bool, asked: str, fields: list[str]) -> Any:
        if is_alone:
            # Whoever asked has an answer, and is still at work with the request.
            made = alone(context, fill_here, _copied(request), around, asked, fields)
            return describe(made, False)
        response, is_for_one = fill_here(request, around, asked, fields)
        exchange.own = response
        return describe((response, is_for_one), True)

    def fill_here(
        of: HttpRequest, around: Any, asked: str, fields: list[str]
    ) -> tuple[HttpResponseBase, bool]:
        with exchange.work(of, around, asked, fields) as frame:
            response = view(of)
        return response, frame.is_personal

    user = getattr(request, "user", None) if of.user_fields else None
    answered = _native.respond(of.native, exchange.asked(of, user), fill)
    return view(request) if answered is None else exchange.answer(answered)


async def arespond(
    of: Service, request: HttpRequest, view: Callable[[HttpRequest], Awaitable[Any]]
) -> HttpResponseBase:
    """The same where the view is a coroutine function, which runs in this loop. What is in memory is there at once,
    and no thread waits for what is not."""
    exchange = _Exchange(of, request)
    waiting = Waiting()

    async def fill(around: Any, asked: str, fields: list[str]) -> Any:
        is_alone = waiting.is_over
        own = _copied(request) if is_alone else request
        with exchange.work(own, around, asked, fields) as frame:
            response = await view(own)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = await sync_to_async(response.render)()
        if not is_alone:
            exchange.own = response
        return describe((response, frame.is_personal), not is_alone)

    user = None
    if of.user_fields and exchange.needs.user:
        user = await request.auser() if hasattr(request, "auser") else request.user
    asked = exchange.asked(of, user)
    is_request, answered = _native.start_respond(
        of.native, asked, waiting.hands(fill), waiting.done
    )
    if not is_request:
        return await view(request)
    try:
        return exchange.answer(answered or await waiting.answer())
    finally:
        waiting.is_over = True


def _copied(request: HttpRequest) -> HttpRequest:
    """The same request for another thread."""
    other = copy.copy(request)
    other.META = dict(request.META)
    if hasattr(request, "session"):
        other.session = copy.copy(request.session)
    return other


def identify(of: Service, request: HttpRequest, user: Any) -> tuple[list[Any], list[Any]]:
    """What the policy asks of the user and of the application."""
    fields: list[tuple[str, str]] = []
    if user is not None and user.is_authenticated:
        for name in of.user_fields:
            value = user.pk if name == "id" else getattr(user, name, None)
            if value is not None:
                fields.append((name, str(value)))
    attrs: list[tuple[str, str]] = []
    for name, function in of.attrs.items():
        value = function(request)
        if value is not None:
            attrs.append((name, str(value)))
    return fields, attrs


class as_for_all:  # noqa: N801
    """While a copy is made, the request says nothing that only one of those said who get it: no conditions, and no
    parameters that the key leaves out."""

    __slots__ = ("_before", "_query", "_request")

    def __init__(
        self, request: HttpRequest, needs: Needs, asked: str, target: str, fields: list[str]
    ) -> None:
        self._request = request
        self._before: dict[str, Any] = {}
        self._query: str | None = None
        if not needs.is_stored:
            return
        keep = {*fields, *_trusted()}
        for name, value in request.META.items():
            if name.startswith("HTTP_") and name[5:].replace("_", "-").lower() not in keep:
                self._before[name] = value
        if asked != target:
            self._query = asked.partition("?")[2]

    def __enter__(self) -> None:
        for name in self._before:
            del self._request.META[name]
        if self._query is not None:
            self._before["QUERY_STRING"] = self._request.META.get("QUERY_STRING", "")
            self._request.META["QUERY_STRING"] = self._query
        if self._before:
            _forget_parsed(self._request)

    def __exit__(self, *_: Any) -> None:
        if self._before:
            self._request.META.update(self._before)
            _forget_parsed(self._request)


def _forget_parsed(request: HttpRequest) -> None:
    for name in ("GET", "headers"):
        request.__dict__.pop(name, None)


@functools.lru_cache(maxsize=1)
def _trusted() -> frozenset[str]:
    """By these the project has said that it believes its proxy."""
    names = {"host"}
    if settings.USE_X_FORWARDED_HOST:
        names.add("x-forwarded-host")
    if settings.USE_X_FORWARDED_PORT:
        names.add("x-forwarded-port")
    if settings.SECURE_PROXY_SSL_HEADER:
        header = settings.SECURE_PROXY_SSL_HEADER[0]
        names.add(header.removeprefix("HTTP_").replace("_", "-").lower())
    return frozenset(names)


def describe(made: tuple[HttpResponseBase, bool], is_waited_for: bool) -> Any:
    """A response as the levels take it: status, fields, content. What comes piece by piece is not kept, and what
    turned out to be for one is for that one."""
    response, is_for_one = made
    fields = [(name, value) for name, value in response.items()]
    fields.extend(("set-cookie", morsel.OutputString()) for morsel in response.cookies.values())
    if is_for_one:
        fields = [(name, value) for name, value in fields if name.lower() != "cache-control"]
        fields.append(("cache-control", "private"))
    if response.streaming:
        if not is_waited_for:
            response.close()
        return response.status_code, fields, None
    return response.status_code, fields, response.content  # type: ignore[attr-defined]


def answer(status: int, fields: list[tuple[str, str]], content: bytes) -> HttpResponse:
    """A response as Django takes it."""
    response = HttpResponse(content, status=status)
    headers = response.headers
    if not any(name == "content-type" for name, _ in fields):
        del headers["Content-Type"]
    seen: set[str] = set()
    for name, value in fields:
        if name == "set-cookie":
            response.cookies.load(value)
        elif name in seen:
            headers[name] = f"{headers[name]}, {value}"
        else:
            seen.add(name)
            headers[_TITLES.get(name, name)] = value
    return response


_TITLES = {
    name.lower(): name
    for name in (
        "Age",
        "Cache-Control",
        "Cache-Status",
        "Content-Language",
        "Content-Length",
        "Content-Type",
        "ETag",
        "Expires",
        "Last-Modified",
        "Link",
        "Location",
        "Vary",
    )
}
