"""Several processes, with a Redis between them."""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, TransactionTestCase, override_settings
from project.models import Article
from test_backend import RedisServer
from test_levels import Fresh

import cachepolicy
from cachepolicy.django import cache, checks, service, written

TESTS = Path(__file__).resolve().parent

#: Looks up for each line that it reads, and says what came.
CHILD = """
import json, sys
import django
django.setup()
from django.test import Client
from cachepolicy.django import cache
for line in sys.stdin:
    what, value = line.split()
    if what == "page":
        said = Client().get("/hello/")["Cache-Status"]
    else:
        said = cache.object("article", "a").look_up(lambda: value)[:2]
    print(json.dumps(said), flush=True)
"""


@unittest.skipUnless(shutil.which("redis-server"), "redis-server is missing")
class Processes(Fresh, TransactionTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = RedisServer()
        cls.addClassCleanup(server.end)
        named = override_settings(
            CACHEPOLICY="policies/shared.cachepolicy", CACHEPOLICY_REDIS=server.address
        )
        named.enable()
        cls.addClassCleanup(named.disable)
        settings = Path(server.folder) / "child_settings.py"
        settings.write_text(
            "from project.settings import *\n"
            'CACHEPOLICY = "policies/shared.cachepolicy"\n'
            f"CACHEPOLICY_REDIS = {server.address!r}\n"
        )
        cls.folder = server.folder

    def setUp(self):
        super().setUp()
        package = Path(cachepolicy.__file__).resolve().parents[1]
        path = os.pathsep.join(map(str, (package, TESTS, self.folder)))
        self.child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CHILD],
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "child_settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end)

    def end(self):
        self.child.stdin.close()
        self.child.wait(10)
        self.child.stdout.close()

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def test_a_write_reaches_the_memory_of_the_others(self):
        # A process that has just begun to listen does not know what it has missed: what it makes in that moment
        # is overtaken.
        self.until("article one", lambda said: said == ["one", "fresh"])
        self.until_here("one")
        self.assertEqual(self.ask("article three"), ["one", "fresh"])
        row = {"id": "1", "slug": "a", "title": "A"}
        written(Article, old=[row], new=[{**row, "title": "B"}])
        self.until("article four", lambda said: said[0] == "four")

    def until(self, line, holds):
        until = time.monotonic() + 10
        while not holds(said := self.ask(line)):
            self.assertLess(time.monotonic(), until, said)
            time.sleep(0.01)

    def until_here(self, value):
        """This process finds what the other one has made."""
        found = cache.object("article", "a").look_up(lambda: "two")
        self.assertEqual(found[:2], (value, "fresh"))

    def test_pages_are_shared(self):
        self.assertIn("fwd=uri-miss", self.client.get("/hello/")["Cache-Status"])
        self.assertIn("hit", self.ask("page -"))


class Refused(Fresh, SimpleTestCase):
    def test_a_policy_with_an_error(self):
        with override_settings(CACHEPOLICY="policies/leaking.cachepolicy"):
            with self.assertRaisesMessage(ImproperlyConfigured, "error[leak]"):
                service.service()
            self.assertEqual([each.id for each in checks.look()], ["cachepolicy.E001"])

    def test_a_policy_that_is_not_there(self):
        with override_settings(CACHEPOLICY="policies/nowhere.cachepolicy"):
            with self.assertRaisesMessage(ImproperlyConfigured, "nowhere.cachepolicy"):
                service.service()

    def test_what_does_not_fit_the_project(self):
        self.assertEqual([each.id for each in checks.look()], [])
        stock = "django.middleware.cache.UpdateCacheMiddleware"
        ours = checks.MIDDLEWARE
        user = "django.contrib.auth.middleware.AuthenticationMiddleware"
        with override_settings(MIDDLEWARE=[stock, ours, user]):
            found = [each.id for each in checks.look()]
        self.assertEqual(found, ["cachepolicy.E002", "cachepolicy.W005"])
        with override_settings(MIDDLEWARE=[]):
            self.assertEqual([each.id for each in checks.look()], ["cachepolicy.W004"])
