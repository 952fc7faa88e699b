"""What a request has that is somebody's own: the user, the session, the CSRF token, cookies. Whatever is filled while
they are asked for, and does not tell them apart, is for whoever asked alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import LazyObject

from . import around
from .service import service

if TYPE_CHECKING:
    from .around import Frame

#: Django sets it when a token is asked for.
_TOKEN = "CSRF_COOKIE_NEEDS_UPDATE"


class Tracker:
    """Follows a request through the fills that are made for it."""

    def __init__(self, request: HttpRequest, is_watching: bool) -> None:
        self.request = request
        self.is_watching = is_watching
        self.session = getattr(request, "session", None)
        #: The user, as soon as somebody has asked.
        self.who: Any = None
        self._is_of_user = False

    def __enter__(self) -> Tracker:
        request = self.request
        self._user = request.__dict__.get("user")
        self._auser = request.__dict__.get("auser")
        self._cookies = request.COOKIES
        if self._user is not None:
            request.user = _User(self._user, self)  # type: ignore[assignment]
        if self._auser is not None:
            request.auser = self._asked  # type: ignore[method-assign]
        if self.is_watching:
            request.COOKIES = _Cookies(self._cookies)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._user is not None:
            self.request.user = self._user
        if self._auser is not None:
            self.request.auser = self._auser  # type: ignore[method-assign]
        self.request.COOKIES = self._cookies
        if self.session is not None and self._is_of_user:
            self.session.accessed = True

    async def _asked(self) -> Any:
        accessed = self._session_accessed()
        user = await self._auser()  # type: ignore[misc]
        self._known(user, accessed)
        touched("user", "", _tells_user)
        return user

    def user_asked(self) -> None:
        """Somebody looks who it is."""
        if self.who is None and self._user is not None:
            accessed = self._session_accessed()
            _ = self._user.is_authenticated
            self._known(self._user, accessed)
        touched("user", "", _tells_user)

    def _session_accessed(self) -> bool:
        return bool(getattr(self.session, "accessed", False))

    def _known(self, user: Any, accessed: bool) -> None:
        """That the user is read from the session says nothing more."""
        if self.who is not None:
            return
        self.who = user
        if self.session is not None:
            self._is_of_user = self.session.accessed
            self.session.accessed = accessed

    def enter(self) -> tuple[bool, Any]:
        """A fill begins: what was asked for before."""
        accessed = getattr(self.session, "accessed", False)
        if self.session is not None:
            self.session.accessed = False
        return accessed, self.request.META.pop(_TOKEN, None)

    def leave(self, frame: Frame, before: tuple[bool, Any]) -> None:
        """It ends: what it asked for."""
        accessed, token = before
        if self.session is not None:
            if self.session.accessed:
                _touch(frame, "session", "", _tells_session)
            self.session.accessed = self.session.accessed or accessed
        if self.request.META.get(_TOKEN):
            _touch(frame, "csrf", "", _tells_token)
        elif token is not None:
            self.request.META[_TOKEN] = token


class _User(LazyObject):
    """The user, each look at whom is seen."""

    def __init__(self, user: Any, tracker: Tracker) -> None:
        self.__dict__["_seen"] = (user, tracker)
        super().__init__()

    def _setup(self) -> None:
        """There is nothing to set up: it is asked each time."""

    @property
    def _wrapped(self) -> Any:
        user, tracker = self.__dict__["_seen"]
        tracker.user_asked()
        return user

    def __copy__(self) -> _User:
        return _User(*self.__dict__["_seen"])

    def __deepcopy__(self, memo: Any) -> _User:
        return self.__copy__()


class _Cookies(dict[str, str]):
    """Cookies that tell which of them were asked for."""

    def __init__(self, cookies: dict[str, str]) -> None:
        super().__init__(cookies)
        # Of these it is known otherwise whether they matter.
        self._known = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)

    def _touch(self, name: object) -> None:
        if name not in self._known:
            touched("cookie", str(name))

    def __getitem__(self, name: str) -> str:
        self._touch(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._touch(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._touch(name)
        return super().__contains__(name)


def touched(kind: str, name: str, tells: Any = None) -> None:
    """Something was asked for: by the fill in hand, and so by what embeds it."""
    frame = around.current()
    while frame is not None:
        _touch(frame, kind, name, tells)
        frame = frame.before


def _touch(frame: Frame, kind: str, name: str, tells: Any = None) -> None:
    """A fill asked for it; does what is made tell it apart from others'?"""
    if not frame.names or (tells is not None and tells(frame)):
        return
    frame.touched.add((kind, name))
    if tells is not None:
        frame.is_personal = True


def _tells_user(frame: Frame) -> bool:
    if service().needs(frame.names).covers_user or _tells_session(frame):
        return True
    user = getattr(frame.tracker, "who", None)
    # `sidebar(user.id)`: a parameter says who it is for.
    return frame.params != () and str(getattr(user, "pk", None)) in frame.params


def _tells_session(frame: Frame) -> bool:
    return settings.SESSION_COOKIE_NAME in service().needs(frame.names).cookies


def _tells_token(frame: Frame) -> bool:
    needs = service().needs(frame.names)
    return settings.CSRF_COOKIE_NAME in needs.cookies or _tells_session(frame)
