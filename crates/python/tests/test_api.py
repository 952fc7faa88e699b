"""Policies and simulations, without Django."""

import _thread
import json
import pickle
import signal
import threading
import time
import unittest

from cachepolicy import Policy, PolicyError, simulate

SMALL = """
policy small { edition 1 }
model Row { id }
backend hot memory { capacity 10 entries }
object item(id) { store hot; reads Row(id); ttl 10s; cost 5ms }
view page(id) { route GET "/{id}"; store hot; contains item(id); ttl 5s }
on Row update { purge item(id); purge page(id) }
workload load { duration 1m; requests 50/s { GET "/{id}" id zipf(1.0, 20) } }
"""


class Policies(unittest.TestCase):
    def test_findings_have_places(self):
        policy = Policy.parse(SMALL + "object lost { store hot; ttl 5s; reads Row }\n")
        found = {each.code: each for each in policy.check()}
        self.assertIn("unused", found)
        self.assertEqual(found["unused"].severity, "warning")
        self.assertIn("policy.cachepolicy:", str(policy.check()))
        self.assertGreater(found["unused"].line, 1)

    def test_mistakes_are_an_exception_that_shows_all(self):
        with self.assertRaises(PolicyError) as caught:
            Policy.parse("policy x { edition 1 }\nobject a { stor hot }\nobject b { tll 5s }\n")
        self.assertIn("did you mean `store`?", str(caught.exception))
        self.assertIn("tll", str(caught.exception))

    def test_a_file_that_is_not_there(self):
        with self.assertRaises(FileNotFoundError):
            Policy.load("/nowhere.cachepolicy")

    def test_other_forms(self):
        policy = Policy.parse(SMALL)
        self.assertEqual((policy.name, policy.file), ("small", "policy.cachepolicy"))
        self.assertIn("page", policy.explain("/3"))
        self.assertIn("item", policy.explain_write("Row update id=3"))
        self.assertIn("levels", policy.compiled)
        self.assertTrue(policy.bounds())
        self.assertEqual(pickle.loads(pickle.dumps(policy)).hash, policy.hash)

    def test_properties_are_replaced(self):
        policy = Policy.parse(SMALL, set={"item.ttl": "1h"})
        rules = {each["name"]: each["rules"] for each in policy.compiled["levels"]}
        self.assertEqual(rules["item"]["ttl"], 3600 * 10**9)
        with self.assertRaises(PolicyError):
            Policy.parse(SMALL, set={"item.tll": "1h"})


class Simulations(unittest.TestCase):
    def test_a_workload_by_its_seed(self):
        policy = Policy.parse(SMALL)
        first, again = simulate(policy, seed=3), simulate(policy, seed=3)
        self.assertEqual(first, again)
        self.assertNotEqual(first, simulate(policy, seed=4))
        self.assertGreater(first["requests"]["hit_ratio"], 0.5)
        self.assertIn("requests", first.text())
        self.assertIn("<html", first.html())
        self.assertLess(
            simulate(policy, set={"page.ttl": "100ms"})["levels"]["page"]["hit_ratio"],
            first["levels"]["page"]["hit_ratio"],
        )

    def test_a_trace_of_dicts_bytes_or_a_file(self):
        policy = Policy.parse(SMALL)
        events = [{"at": at, "type": "request", "method": "GET", "path": "/1"} for at in range(12)]
        report = simulate(policy, events)
        self.assertEqual(report["levels"]["page"]["miss"], 3)
        text = "\n".join(map(json.dumps, events)).encode()
        self.assertEqual(simulate(policy, text, trace_format="jsonl")["levels"], report["levels"])
        rows = {row["name"]: row for row in report.rows()}
        self.assertEqual(rows["page"]["miss"], 3)
        self.assertIn("out_of_date.staleness.p99", rows["page"])

    def test_what_cannot_be_read_is_said(self):
        policy = Policy.parse(SMALL)
        with self.assertRaisesRegex(PolicyError, "no workload `lod`; did you mean `load`"):
            simulate(policy, workload="lod")
        with self.assertRaises(PolicyError):
            simulate(policy, "/nowhere.log")
        with self.assertRaises(PolicyError):
            simulate(policy, b"{]\n{]\n", trace_format="jsonl")

    def test_others_go_on_and_it_can_be_interrupted(self):
        # Whoever runs the tests in the background has it ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        policy = Policy.parse(SMALL.replace("duration 1m", "duration 30d"))
        ticks = []
        ended = threading.Event()

        def tick():
            while not ended.is_set():
                ticks.append(1)
                time.sleep(0.01)

        ticking = threading.Thread(target=tick)
        ticking.start()
        timer = threading.Timer(0.3, _thread.interrupt_main)
        timer.start()
        began = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            simulate(policy)
        ended.set()
        ticking.join()
        self.assertLess(time.monotonic() - began, 10)
        self.assertGreater(len(ticks), 5)
