"""What needs more than Django: run where it is installed."""

import importlib.util
import os
import unittest

from django.test import SimpleTestCase, TestCase, override_settings
from test_api import SMALL
from test_levels import Fresh

from cachepolicy import Policy, PolicyError


@unittest.skipUnless(importlib.util.find_spec("ray"), "ray is not installed")
class Sweeps(SimpleTestCase):
    def test_all_with_all(self):
        from cachepolicy.ray import sweep

        line = '{{"at":{},"type":"request","method":"GET","path":"/1"}}\n'
        trace = "".join(map(line.format, range(4))).encode()
        policy = Policy.parse(SMALL)
        table = sweep([policy], [None, trace], range(3), sets=[{}, {"page.ttl": "1s"}])
        self.assertEqual(len(table), 12)
        self.assertEqual(len({row["hit_ratio"] for row in table if row["trace"] is None}), 6)
        self.assertEqual(table[3]["levels.page.hit_ratio"], 0.75)
        with self.assertRaises(PolicyError):
            sweep([policy], [b"{]"])


@unittest.skipUnless(
    importlib.util.find_spec("debug_toolbar"), "django-debug-toolbar is not installed"
)
class Toolbar(Fresh, TestCase):
    def test_each_lookup_with_its_reason(self):
        with override_settings(INTERNAL_IPS=["127.0.0.1"]):
            from debug_toolbar.toolbar import DebugToolbar
            from django.test import RequestFactory
            from project import views

            from cachepolicy.django.toolbar import CachePolicyPanel

            request = RequestFactory().get("/")
            toolbar = DebugToolbar(request, lambda _: None)
            panel = CachePolicyPanel(toolbar, lambda _: None)
            panel.enable_instrumentation()
            views.article("one")
            views.article("one")
            self.client.get("/hello/")
            panel.disable_instrumentation()
            panel.generate_stats(request, None)
            stats = panel.get_stats()["lookups"]
        self.assertEqual([each["level"] for each in stats], ["article", "article", "hello"])
        self.assertEqual([each["outcome"] for each in stats[:2]], ["filled", "negative"])
        self.assertIn("fwd=uri-miss", stats[2]["outcome"])
        self.assertEqual(panel.nav_subtitle, "3 look-ups, 2 made anew")
        self.assertIn("<code>one</code>", panel.content)


class Forks(Fresh, TestCase):
    """Servers load the application, and fork."""

    def test_a_child_has_a_cache_of_its_own(self):
        from project import views

        views.article("one")
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                first = views.article("one")
                second = views.article("one")
                asked = views.calls.count(("article", "one"))
                os.write(write, f"{first} {second} {asked}".encode())
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as said:
            # Its own first look-up is a miss, its second is none.
            self.assertEqual(said.read(), "None None 2")
        os.waitpid(child, 0)
        views.article("one")
        self.assertEqual(self.asked("article", "one"), 1)
