"""Honesty: what a level really touched while it was filled, beside what the policy says of it.

What shows one user's session, name or CSRF token to the next is never kept, always. Which models were read, which
cookies and whether the language was asked for is watched in debug and in tests (`CACHEPOLICY_WATCH`), and what the
policy does not say of it is reported, with the line to add; where `CACHEPOLICY_STRICT` says so, such a copy is not
kept either.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import mail
from django.db.backends.signals import connection_created

from . import around, models, personal
from .around import Frame
from .service import is_configured, service

logger = logging.getLogger("cachepolicy")


class UndeclaredWarning(UserWarning):
    """A level touched what the policy does not say of it."""


class SilentWriteWarning(UserWarning):
    """A write that sends no signal changed rows that copies are made of."""


#: What was reported, once each: level, kind and name.
reported: set[tuple[str, str, str]] = set()
_lock = threading.Lock()


def is_watching() -> bool:
    """Are models, cookies and languages watched?"""
    said = getattr(settings, "CACHEPOLICY_WATCH", None)
    return bool(said) if said is not None else settings.DEBUG or _is_test()


def is_strict() -> bool:
    """Is what touches more than it says not kept?"""
    return bool(getattr(settings, "CACHEPOLICY_STRICT", False))


def _is_test() -> bool:
    # Django's runner sets the first, and pytest the second.
    return hasattr(mail, "outbox") or "PYTEST_CURRENT_TEST" in os.environ


def begin() -> None:
    """Listens to every connection to a database."""

    def connected(connection: Any, **_: Any) -> None:
        if _see not in connection.execute_wrappers:
            connection.execute_wrappers.append(_see)

    if settings.USE_I18N and is_watching():
        watch_language()
    connection_created.connect(connected, weak=False, dispatch_uid="cachepolicy.watch")


@contextlib.contextmanager
def filling(frame: Frame) -> Iterator[None]:
    """A copy is made."""
    tracker = frame.tracker
    before = tracker.enter() if tracker is not None else None
    try:
        yield
    finally:
        if tracker is not None and before is not None:
            tracker.leave(frame, before)
    if frame.level is not None and is_configured() and (frame.touched or frame.children):
        _judge(frame)


def _judge(frame: Frame) -> None:
    """Reports what the level does not say; where that is strict, the copy is for whoever asked."""
    of = service()
    level = frame.level or ""
    declared = _declared(level)
    touched = set(frame.touched)
    if is_watching():
        touched |= {("level", child) for child in frame.children - _contained(level)}
    undeclared = sorted(touched - declared)
    if not undeclared:
        return
    for kind, name in undeclared:
        with _lock:
            is_new = (level, kind, name) not in reported
            reported.add((level, kind, name))
        if is_new:
            _say(UndeclaredWarning, sentence(of.levels[level]["kind"], level, kind, name))
    if is_strict():
        frame.is_personal = True


def sentence(of: str, level: str, kind: str, name: str) -> str:
    """What is to be added to the policy."""
    path = getattr(settings, "CACHEPOLICY", "the policy")
    said, line = {
        "level": (f"embeds `{name}`", f"contains {name}"),
        "model": (f"reads `{name}`", f"reads    {name}"),
        "cookie": (f"reads the cookie `{name}`", f"uses     {_word(name)}"),
        "language": ("depends on the language", "uses     accept-language"),
        "session": ("reads the session", f"uses     {_word(settings.SESSION_COOKIE_NAME)}"),
        "user": ("reads the user", "uses     user.id"),
        "csrf": ("has a CSRF token in it", "uses     csrf"),
    }[kind]
    told = " and is not kept" if kind in ("session", "user", "csrf") else ""
    return (
        f"{of} `{level}` {said} while it is filled{told}, and {path} does not say so:"
        f" add `{line}` to it"
    )


def _contained(level: str) -> set[str]:
    """What it says that it embeds; a page's site embeds the page, and what is not stored all that it embeds."""
    of = service()
    names = list(of.levels)
    found: set[str] = set()
    todo = [level]
    while todo:
        for each in of.levels[todo.pop()]["contains"]:
            name = names[each["level"]]
            if name not in found:
                found.add(name)
                if not of.levels[name]["tiers"]:
                    todo.append(name)
    return found


def sentences() -> list[str]:
    """What was reported in this process, of the levels that the policy has."""
    levels = service().levels
    with _lock:
        known = sorted(each for each in reported if each[0] in levels)
    return [sentence(levels[level]["kind"], level, kind, name) for level, kind, name in known]


def _word(cookie: str) -> str:
    """The dimension of a cookie, or what would declare one."""
    for dimension in service().compiled["dimensions"]:
        if dimension["carrier"].get("cookie") == cookie:
            return dimension["name"]
    return cookie.replace("_", "-")


def _declared(level: str) -> set[tuple[str, str]]:
    """What a level says, itself or through what it contains."""
    of = service()
    dimensions, read, is_csrf, skipped = of.dependencies[level]
    all_models = of.compiled["models"]
    declared = {("model", all_models[index]["name"]) for index in read}
    for index in (*dimensions, *skipped):
        kind, name = of.carriers[index]
        if kind == "cookie":
            declared.add(("cookie", name))
            if name == settings.LANGUAGE_COOKIE_NAME:
                declared.add(("language", ""))
            if name == settings.SESSION_COOKIE_NAME:
                declared |= {("session", ""), ("user", "")}
        if kind == "user":
            declared.add(("user", ""))
        if (kind, name) in (("header", "accept-language"), ("attr", "language")):
            declared.add(("language", ""))
    if is_csrf:
        declared.add(("csrf", ""))
    return declared


def _say(category: type[Warning], text: str) -> None:
    logger.warning("%s", text)
    warnings.warn(text, category, stacklevel=2)


# ── What is read and written in the database ─────────────────────────

_TABLES = re.compile(r"(?:\bFROM\b|\bJOIN\b)\s+[\"`\[]?(\w+)[\"`\]]?(?:\.[\"`\[]?(\w+))?", re.I)
_WRITES = re.compile(
    r"\s*(INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\s+[\"`\[]?(\w+)", re.I
)


def _see(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Every statement goes through here."""
    result = execute(sql, params, many, context)
    if is_configured() and isinstance(sql, str):
        frame = around.current()
        written = _WRITES.match(sql)
        if written is not None:
            # With a semicolon, tables are emptied between tests.
            if not sql.endswith(";"):
                _see_write(written[1].split()[0].upper(), written[2])
        elif frame is not None and is_watching():
            tables = models.by_table()
            for found in _TABLES.finditer(sql):
                model = tables.get(found[2] or found[1])
                if model is not None:
                    frame.touched.add(("model", model))
    return result


def _see_write(what: str, table: str) -> None:
    """A write that no signal tells of."""
    if not is_watching():
        return
    model = models.watched_tables().get(table)
    if model is None or models.is_told(table):
        return
    _say(
        SilentWriteWarning,
        f"{what} on `{table}` sends no signal, and copies are made of `{model}`: use"
        f" `cachepolicy.django.update`, `bulk_create` or `bulk_update`, or say what was written by"
        f" `cachepolicy.django.written`",
    )


# ── The language ─────────────────────────────────────────────────────


def watch_language() -> None:
    """Texts that are translated while a copy is made."""
    from django.utils import translation

    real = translation._trans  # type: ignore[attr-defined]
    for name in ("gettext", "ngettext", "pgettext", "npgettext"):
        function = getattr(real, name)
        if getattr(function, "_cachepolicy", False):
            continue

        def seen(*args: Any, _function: Any = function, **kwargs: Any) -> Any:
            frame = around.current()
            if frame is not None and len(settings.LANGUAGES) > 1 and _has_locale_middleware():
                personal.touched("language", "")
            return _function(*args, **kwargs)

        seen._cachepolicy = True  # type: ignore[attr-defined]
        setattr(real, name, seen)


def _has_locale_middleware() -> bool:
    return any(name.endswith("LocaleMiddleware") for name in settings.MIDDLEWARE)
