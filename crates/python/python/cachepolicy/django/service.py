"""The policy of the process, and the cache that keeps copies as it says."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from cachepolicy import Policy, PolicyError, _native

from . import recording

#: What of the settings is read here.
SETTINGS = {
    "CACHEPOLICY",
    "CACHEPOLICY_ATTRS",
    "CACHEPOLICY_MODELS",
    "CACHEPOLICY_RECORD",
    "CACHEPOLICY_REDIS",
    "CACHEPOLICY_STRICT",
    "CACHEPOLICY_WATCH",
    "CACHES",
}

DEFAULT_REDIS = "redis://127.0.0.1:6379"


class Needs(NamedTuple):
    """What must be known of a request, and what all of its stored levels tell apart."""

    user: bool
    covers_user: bool
    cookies: frozenset[str]
    language: bool
    kept: tuple[str, ...]

    @property
    def is_stored(self) -> bool:
        """Does any of its levels keep what is made?"""
        return bool(self.kept)


class Service:
    """A policy, compiled, and its cache. One a process; `service()` gives it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.compiled = policy.compiled
        self.levels: dict[str, dict[str, Any]] = {
            level["name"]: level for level in self.compiled["levels"]
        }
        self.attrs = _attrs()
        dimensions = self.compiled["dimensions"]
        carriers = [_carrier(dimension) for dimension in dimensions]
        self.user_fields = [name for kind, name in carriers if kind == "user"]
        self.dependencies = dict(zip(self.levels, policy._native.dependencies(), strict=True))
        self.carriers = carriers
        file, number = recording.begin()
        self.native = _native.Cache(policy._native, self._redis(), self._buses(), file, number)
        if file is not None:
            recording.ends_with(self, file)
        self.needs = lru_cache(maxsize=1024)(self._needs)
        #: The parameters of what is looked up by its name.
        self.takes = {
            name: tuple(level["params"])
            for name, level in self.levels.items()
            if level["kind"] in ("object", "fragment")
        }

    def _redis(self) -> list[tuple[str, str]]:
        backends = self.compiled["backends"]
        names = [backend["name"] for backend in backends if backend["kind"] == "redis"]
        return [(name, redis_address(name)) for name in names]

    def _buses(self) -> list[tuple[str, str]]:
        said = getattr(settings, "CACHEPOLICY_REDIS", None)
        if not isinstance(said, dict):
            return []
        buses = {bus["name"] for bus in self.compiled["buses"]}
        return [(name, address) for name, address in said.items() if name in buses]

    def _needs(self, names: tuple[str, ...]) -> Needs:
        """Of a request that these levels answer."""
        is_asked = False
        covered: set[tuple[str, str]] | None = None
        for name in names:
            dimensions, _, _, skipped = self.dependencies[name]
            carried = {self.carriers[index] for index in (*dimensions, *skipped)}
            is_asked = is_asked or any(kind in ("user", "attr") for kind, _ in carried)
            if self.levels[name]["tiers"]:
                covered = carried if covered is None else covered & carried
        told = covered or set()
        cookies = frozenset(name for kind, name in told if kind == "cookie")
        return Needs(
            user=is_asked,
            covers_user=any(kind == "user" for kind, _ in told),
            cookies=cookies,
            language=("header", "accept-language") in told
            or ("attr", "language") in told
            or settings.LANGUAGE_COOKIE_NAME in cookies,
            kept=tuple(name for name in names if self.levels[name]["tiers"]),
        )


def _carrier(dimension: dict[str, Any]) -> tuple[str, str]:
    (kind, name) = next(iter(dimension["carrier"].items()))
    return kind, name


def _attrs() -> dict[str, Any]:
    said = getattr(settings, "CACHEPOLICY_ATTRS", {})
    return {
        name: import_string(function) if isinstance(function, str) else function
        for name, function in said.items()
    }


def redis_address(backend: str) -> str:
    """Where a backend of the policy is: as `CACHEPOLICY_REDIS` says, else where `CACHES` has a Redis."""
    said = getattr(settings, "CACHEPOLICY_REDIS", None)
    if isinstance(said, str):
        return said
    if isinstance(said, dict) and backend in said:
        return said[backend]
    for alias in sorted(settings.CACHES, key=lambda alias: alias != backend):
        location = settings.CACHES[alias].get("LOCATION", "")
        location = location[0] if isinstance(location, (list, tuple)) and location else location
        if isinstance(location, str) and location.startswith(("redis://", "unix://")):
            return location
    return DEFAULT_REDIS


def policy_path() -> Path | None:
    """The file that `CACHEPOLICY` names, from the project's folder."""
    said = getattr(settings, "CACHEPOLICY", None)
    if not said:
        return None
    path = Path(said)
    base = getattr(settings, "BASE_DIR", None)
    if not path.is_absolute() and base is not None and (Path(base) / path).exists():
        return Path(base) / path
    return path


_lock = threading.Lock()
_service: Service | None = None


def service() -> Service:
    """That of this process; it begins when it is first asked for."""
    if _service is not None:
        return _service
    return _begin()


def _begin() -> Service:
    global _service
    with _lock:
        if _service is None:
            path = policy_path()
            if path is None:
                raise ImproperlyConfigured(
                    'say which policy Django caches by: CACHEPOLICY = "site.cachepolicy"'
                )
            try:
                policy = Policy.load(path)
                if policy.check().errors:
                    raise ImproperlyConfigured(f"CACHEPOLICY: {policy.errors_text()}")
                _service = Service(policy)
            except OSError as error:
                raise ImproperlyConfigured(f"CACHEPOLICY: {error}") from error
            except PolicyError as error:
                raise ImproperlyConfigured(f"CACHEPOLICY: {error}") from error
        return _service


def is_configured() -> bool:
    """Is there a policy at all?"""
    return bool(getattr(settings, "CACHEPOLICY", None))


def forget(**_: Any) -> None:
    """The next one who asks gets another: its copies in memory are gone."""
    global _lock, _service
    _lock = threading.Lock()
    _service = None


def _setting_changed(setting: str, **_: Any) -> None:
    if setting in SETTINGS:
        forget()


#: Those of the process that this one was forked from: they have lost their threads, and nobody may wait for those.
_others: list[Service | None] = []


def _forked() -> None:
    """Connections and threads are of the process that made them."""
    _others.append(_service)
    forget()


setting_changed.connect(_setting_changed, dispatch_uid="cachepolicy.service")
os.register_at_fork(after_in_child=_forked)
