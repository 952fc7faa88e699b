"""`CACHES`: a backend with the whole of Django's interface, in this process's memory or in a Redis."""

from __future__ import annotations

import os
import pickle
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache, InvalidCacheBackendError
from django.utils.module_loading import import_string

from cachepolicy import _native


class _Flights:
    """Who computes what, of this process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, list[Any]] = {}

    @contextmanager
    def alone(self, key: str) -> Any:
        """One thread at a time. Whoever is it may ask again."""
        with self._lock:
            flight = self._all.setdefault(key, [threading.RLock(), 0])
            flight[1] += 1
        try:
            with flight[0]:
                yield
        finally:
            with self._lock:
                flight[1] -= 1
                if not flight[1]:
                    self._all.pop(key, None)


#: As Django has it: caches in memory with one `LOCATION` are one cache. Each thread has a backend of its own.
_memories: dict[str, _native.MemoryEntries] = {}
_flights: dict[str, _Flights] = {}


def _after_fork() -> None:
    """Threads that computed something are not there any more."""
    for name in _flights:
        _flights[name] = _Flights()


os.register_at_fork(after_in_child=_after_fork)

_REDIS = ("redis://", "unix://")
_OPTIONS = {"MAX_ENTRIES", "CULL_FREQUENCY", "db", "username", "password", "serializer", "LOCK"}

#: After so many seconds a lock of `get_or_set` is gone, if nobody gave it back.
LOCK = 30.0


class _Pickle:
    """Values as bytes. Numbers stay numbers, so that they can be counted with."""

    def __init__(self, protocol: int | None = None) -> None:
        self.protocol = pickle.HIGHEST_PROTOCOL if protocol is None else protocol

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int and -(2**63) <= value < 2**63:
            return value
        return pickle.dumps(value, self.protocol)

    def loads(self, stored: bytes | int) -> Any:
        return stored if type(stored) is int else pickle.loads(stored)  # type: ignore[arg-type]


class Cache(BaseCache):
    """Entries in a Redis where `LOCATION` is its address, else in this process's memory."""

    def __init__(self, location: Any, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS", {})
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise InvalidCacheBackendError(
                f"cachepolicy.django.Cache has no option {', '.join(unknown)}; it has"
                f" {', '.join(sorted(_OPTIONS))}"
            )
        self._serializer = _serializer(options.get("serializer"))
        self._lock_seconds = float(options.get("LOCK", LOCK))
        servers = location.replace(";", ",").split(",") if isinstance(location, str) else location
        # A get that follows a set must find it, so nothing is read from replicas.
        server = servers[0].strip() if servers else ""
        self._is_shared = server.startswith(_REDIS)
        self._entries: Any
        if self._is_shared:
            self._name = _address(server, options)
            self._entries = _native.RedisEntries(self._name)
            self._limits: tuple[Any, ...] = ()
        else:
            self._name = server
            entries = _memories.get(server)
            if entries is None:
                entries = _memories.setdefault(server, _native.MemoryEntries())
            self._entries = entries
            # They are of who stores: another backend with the same entries may have others.
            self._limits = ((self._max_entries, self._cull_frequency),)

    def get_backend_timeout(self, timeout: Any = DEFAULT_TIMEOUT) -> float | None:
        """Seconds from now; `None`: forever."""
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return None if timeout is None else max(0.0, float(timeout))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        stored = self._entries.get(self.make_and_validate_key(key, version=version))
        return default if stored is None else self._serializer.loads(stored)

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        key = self.make_and_validate_key(key, version=version)
        stored = self._serializer.dumps(value)
        self._entries.set(key, stored, self.get_backend_timeout(timeout), *self._limits)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        key = self.make_and_validate_key(key, version=version)
        stored = self._serializer.dumps(value)
        return self._entries.add(key, stored, self.get_backend_timeout(timeout), *self._limits)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return self._entries.touch(key, self.get_backend_timeout(timeout))

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._entries.delete(self.make_and_validate_key(key, version=version))

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._entries.has(self.make_and_validate_key(key, version=version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> Any:
        made = self.make_and_validate_key(key, version=version)
        number = self._entries.incr(made, delta)
        if number is not None:
            return number
        while not self._is_shared:
            # What is no whole number of 64 bits.
            stored = self._entries.get(made)
            if stored is None:
                break
            value = self._serializer.loads(stored) + delta
            if self._entries.replace(made, stored, self._serializer.dumps(value)):
                return value
        raise ValueError(f"Key '{key}' not found.")

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        made = {self.make_and_validate_key(key, version=version): key for key in keys}
        if self._is_shared:
            stored = self._entries.get_many(list(made))
        else:
            stored = [self._entries.get(key) for key in made]
        found = zip(made.values(), stored, strict=True)
        return {key: self._serializer.loads(one) for key, one in found if one is not None}

    def set_many(
        self,
        data: Mapping[str, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[str]:
        seconds = self.get_backend_timeout(timeout)
        entries = [
            (self.make_and_validate_key(key, version=version), self._serializer.dumps(value))
            for key, value in data.items()
        ]
        if self._is_shared:
            self._entries.set_many(entries, seconds)
        else:
            for key, stored in entries:
                self._entries.set(key, stored, seconds, *self._limits)
        return []

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        made = [self.make_and_validate_key(key, version=version) for key in keys]
        if self._is_shared:
            self._entries.delete_many(made)
        else:
            for key in made:
                self._entries.delete(key)

    def clear(self) -> None:
        """All of it; in a Redis its whole database, as Django does."""
        self._entries.clear()

    def get_or_set(
        self,
        key: str,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> Any:
        """The value; where there is none, `default`, or what it gives when it is called. Of all who ask at one
        time one calls it: of this process's threads, and in a Redis of all processes."""
        missing = self._missing_key
        value = self.get(key, missing, version=version)
        if value is not missing:
            return value
        if not callable(default):
            self.add(key, default, timeout=timeout, version=version)
            return self.get(key, default, version=version)
        made = self.make_and_validate_key(key, version=version)
        flights = _flights.setdefault(self._name, _Flights())
        with flights.alone(made), self._alone_everywhere(made):
            value = self.get(key, missing, version=version)
            if value is not missing:
                return value
            value = default()
            self.add(key, value, timeout=timeout, version=version)
            return self.get(key, value, version=version)

    async def aget_or_set(
        self,
        key: str,
        default: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> Any:
        """The same from a coroutine: it runs where other synchronous code runs."""
        ask = sync_to_async(self.get_or_set, thread_sensitive=True)
        return await ask(key, default, timeout=timeout, version=version)

    def _alone_everywhere(self, key: str) -> Any:
        return self._locked(key) if self._is_shared else nullcontext()

    @contextmanager
    def _locked(self, key: str) -> Any:
        """One process: until the lock is there, or the value is, or whoever has it took too long."""
        lock, token = f"{key}:lock", uuid.uuid4().hex
        until = time.monotonic() + self._lock_seconds
        pause = 0.005
        while not self._entries.lock(lock, token, self._lock_seconds):
            if self._entries.has(key) or time.monotonic() > until:
                yield
                return
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        try:
            yield
        finally:
            self._entries.release(lock, token)


def _serializer(said: Any) -> Any:
    if said is None:
        return _Pickle()
    if isinstance(said, str):
        said = import_string(said)
    return said() if callable(said) else said


def _address(server: str, options: Mapping[str, Any]) -> str:
    """With what the options say beside it."""
    if not server.startswith("redis://"):
        return server
    rest = server.removeprefix("redis://")
    account, at, place = rest.rpartition("@")
    if "password" in options:
        account, at = f"{options.get('username', '')}:{options['password']}", "@"
    if "db" in options:
        place = f"{place.partition('/')[0]}/{options['db']}"
    return f"redis://{account}{at}{place}"
