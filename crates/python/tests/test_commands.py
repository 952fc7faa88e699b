"""`manage.py cachepolicy …`, as somebody types it."""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, TestCase

import cachepolicy
from cachepolicy import Policy

PACKAGE = str(Path(cachepolicy.__file__).resolve().parents[1])
EXAMPLE = Path(__file__).resolve().parents[3] / "examples/django-news"


def manage(*arguments, form="tutorial"):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "PYTHONPATH": PACKAGE,
            "NEWS": form,
            "DJANGO_SETTINGS_MODULE": "site_news.settings",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Init(SimpleTestCase):
    def test_the_tutorial_has_its_five_weaknesses(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "today.cachepolicy"
            made = manage("cachepolicy", "init", "-o", str(path))
            self.assertEqual(made.returncode, 0, made.stderr)
            again = manage("cachepolicy", "init", "-o", str(path))
            self.assertIn("is there already", again.stderr)
            found = {each.code for each in Policy.load(path).check()}
            checked = manage("cachepolicy", "check", str(path))
            report = manage("cachepolicy", "simulate", str(path))
        self.assertLessEqual(
            {
                "stampede-unprotected",
                "leak",
                "child-outlived",
                "purge-before-commit",
                "no-invalidation-plan",
            },
            found,
        )
        self.assertEqual(checked.returncode, 1)
        self.assertIn("leak", checked.stdout)
        self.assertIn("on workload guess", report.stdout)

    def test_what_is_written_is_the_project(self):
        text = manage("cachepolicy", "init").stdout
        for line in (
            "model Article { id; slug; title; author -> Author; section }",
            'key      "top_authors_v1"',
            "fragment sidebar(user) {",
            "contains sidebar(user.id), top_authors",
            "on Article create|update before commit by 5ms {",
        ):
            self.assertIn(line, text)


class Commands(TestCase):
    def run_command(self, *arguments):
        out = io.StringIO()
        call_command("cachepolicy", *arguments, stdout=out)
        return out.getvalue()

    def test_check(self):
        self.assertIn("0 errors", self.run_command("check"))

    def test_a_file_that_is_not_there(self):
        for task in ("check", "simulate"):
            with self.assertRaisesMessage(CommandError, "`/nowhere`: No such file"):
                self.run_command(task, "/nowhere")
        with self.assertRaisesMessage(CommandError, "there is no recording in `/nowhere`"):
            self.run_command("drift", "/nowhere")

    def test_explain(self):
        text = self.run_command("explain", "/articles/one/", "--cookie", "currency=USD")
        self.assertIn("article_page", text)
        self.assertIn("USD", text)
        with self.assertRaisesMessage(CommandError, "expected NAME:VALUE"):
            self.run_command("explain", "/", "--header", "x")

    def test_the_example_fits_its_policy(self):
        checked = manage("cachepolicy", "check", form="policy")
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class Recording(SimpleTestCase):
    def test_a_command_is_recorded(self):
        code = "import os; print(os.environ['CACHEPOLICY_RECORD'])"
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            command = ["cachepolicy", "record", folder, sys.executable, "-c", code]
            call_command(*command, stdout=io.StringIO(), stderr=said)
            self.assertIn(f"0 files in {folder}", said.getvalue())
            command[-1] = "raise SystemExit(3)"
            with self.assertRaisesMessage(CommandError, "ended with 3"):
                call_command(*command, stderr=said)

    def test_what_was_recorded_is_what_was_asked_for(self):
        script = (
            "import django; django.setup()\n"
            "from django.test import Client\n"
            "for _ in range(5): Client().get('/hello/?page=1')\n"
        )
        tests = Path(__file__).resolve().parent
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                environment = {
                    **os.environ,
                    "PYTHONPATH": PACKAGE,
                    "CACHEPOLICY_RECORD": folder,
                    "DJANGO_SETTINGS_MODULE": "project.settings",
                }
                subprocess.run(
                    [sys.executable, "-W", "ignore", "-c", script],
                    cwd=tests,
                    env=environment,
                    check=True,
                    timeout=60,
                )
            out = io.StringIO()
            call_command("cachepolicy", "drift", folder, stdout=out)
        line = next(line for line in out.getvalue().splitlines() if line.startswith("hello"))
        # Each process has a memory of its own; the simulation of one process hits once more.
        self.assertEqual(line.split()[1:], ["90.0%", "80.0%", "10"])
