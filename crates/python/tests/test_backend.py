"""`CACHES`: in memory and in a Redis."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.test import SimpleTestCase, override_settings

from cachepolicy.django import Cache
from cachepolicy.django.backend import _address


class Interface:
    """What both do."""

    location = "tests"

    def setUp(self):
        self.cache = Cache(self.location, {"KEY_PREFIX": "p"})
        self.cache.clear()

    def test_values(self):
        for value in (1, -5, 2**70, True, False, None, 1.5, "ü", b"\x00", [1, {"a": (2,)}], ""):
            self.cache.set("key", value)
            self.assertEqual(self.cache.get("key", "none"), value)
            self.assertIs(type(self.cache.get("key")), type(value))
        self.assertEqual(self.cache.get("other", "none"), "none")

    def test_lifetimes(self):
        self.cache.set("short", 1, 0.05)
        self.cache.set("never", 1, 0)
        self.cache.set("past", 1, -1)
        self.cache.set("forever", 1, None)
        self.assertTrue(self.cache.has_key("short"))
        time.sleep(0.08)
        self.assertEqual(self.cache.get_many(["short", "never", "past", "forever"]), {"forever": 1})
        self.assertTrue(self.cache.touch("forever", 0.05))
        time.sleep(0.08)
        self.assertFalse(self.cache.touch("forever"))
        self.assertFalse(self.cache.has_key("forever"))

    def test_add_delete_and_many(self):
        self.assertTrue(self.cache.add("a", 1))
        self.assertFalse(self.cache.add("a", 2))
        self.assertEqual(self.cache.set_many({"b": 2, "c": [3]}, 60), [])
        self.assertEqual(self.cache.get_many("abcd"), {"a": 1, "b": 2, "c": [3]})
        self.assertTrue(self.cache.delete("a"))
        self.assertFalse(self.cache.delete("a"))
        self.cache.delete_many(["b", "c"])
        self.assertEqual(self.cache.get_many("abc"), {})

    def test_counting_is_atomic_and_leaves_the_lifetime(self):
        self.cache.set("count", 0, 60)

        def count():
            for _ in range(200):
                self.cache.incr("count")

        threads = [threading.Thread(target=count) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(self.cache.get("count"), 1600)
        self.assertEqual(self.cache.decr("count", 600), 1000)
        self.cache.set("short", 1, 0.05)
        self.cache.incr("short")
        time.sleep(0.08)
        with self.assertRaises(ValueError):
            self.cache.incr("short")

    def test_versions_and_prefixes(self):
        self.cache.set("key", "one", version=1)
        self.cache.set("key", "two", version=2)
        self.assertEqual(self.cache.get("key", version=2), "two")
        self.cache.incr_version("key", version=2)
        self.assertIsNone(self.cache.get("key", version=2))
        self.assertEqual(self.cache.get("key", version=3), "two")
        other = Cache(self.location, {"KEY_PREFIX": "q"})
        self.assertIsNone(other.get("key"))

    def test_of_all_who_ask_at_once_one_computes(self):
        made = []

        def compute():
            made.append(1)
            time.sleep(0.1)
            return len(made)

        found = []

        def ask(cache):
            found.append(cache.get_or_set("key", compute, 60))

        # Each thread of Django's has a backend of its own.
        backends = [Cache(self.location, {"KEY_PREFIX": "p"}) for _ in range(2)]
        threads = [threading.Thread(target=ask, args=(backends[index % 2],)) for index in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(found, [1] * 20)
        self.assertEqual(self.cache.get_or_set("none", lambda: None), None)
        with self.assertRaises(ZeroDivisionError):
            self.cache.get_or_set("broken", lambda: 1 / 0)
        self.assertEqual(self.cache.get_or_set("broken", 5), 5)
        again = async_to_sync(self.cache.aget_or_set)
        self.assertEqual(again("async", lambda: 7), 7)
        self.assertEqual(again("async", lambda: 8), 7)


class Memory(Interface, SimpleTestCase):
    def test_who_was_not_asked_for_the_longest_goes(self):
        cache = Cache("small", {"OPTIONS": {"MAX_ENTRIES": 9, "CULL_FREQUENCY": 3}})
        for index in range(9):
            cache.set(str(index), index)
        cache.get("0")
        cache.set("9", 9)
        left = set(cache.get_many(map(str, range(10))))
        self.assertEqual(left, {"0", "4", "5", "6", "7", "8", "9"})

    def test_one_location_is_one_cache(self):
        Cache("shared", {}).set("key", 1)
        self.assertEqual(Cache("shared", {}).get("key"), 1)
        self.assertIsNone(Cache("other", {}).get("key"))

    def test_numbers_that_are_not_whole(self):
        self.cache.set("key", 1.5)
        self.assertEqual(self.cache.incr("key"), 2.5)
        self.cache.set("key", 2**70)
        self.assertEqual(self.cache.incr("key"), 2**70 + 1)

    def test_an_option_that_there_is_not(self):
        with self.assertRaisesMessage(InvalidCacheBackendError, "no option pool_class"):
            Cache("x", {"OPTIONS": {"pool_class": "x"}})

    def test_addresses(self):
        self.assertEqual(_address("redis://h:1", {"db": 3}), "redis://h:1/3")
        account = {"username": "u", "password": "p", "db": 2}
        self.assertEqual(_address("redis://h:1/0", account), "redis://u:p@h:1/2")

    @override_settings(CACHES={"default": {"BACKEND": "cachepolicy.django.Cache"}})
    def test_by_settings(self):
        caches["default"].set("key", 1)
        self.assertEqual(caches["default"].get("key"), 1)


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class RedisServer:
    """A server of the tests' own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.port = free_port()
        self.address = f"redis://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        arguments = ["redis-server", "--port", str(self.port), "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen(
            [*arguments, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("redis-server does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def end(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(shutil.which("redis-server"), "redis-server is missing")
class Redis(Interface, SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = RedisServer()
        cls.addClassCleanup(cls.server.end)
        cls.location = cls.server.address

    def test_a_server_that_comes_back(self):
        self.cache.set("key", 1)
        self.server.stop()
        with self.assertRaises(ConnectionError):
            self.cache.get("key")
        self.server.start()
        self.cache.set("key", 2)
        self.assertEqual(self.cache.get("key"), 2)
