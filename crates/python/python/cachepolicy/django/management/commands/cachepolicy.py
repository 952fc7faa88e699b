"""`manage.py cachepolicy check | simulate | explain | init | record | drift`"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from cachepolicy import Policy, PolicyError, simulate

from ...recording import counted_in, joined
from ...service import policy_path


class Command(BaseCommand):
    help = "What the project caches, by its policy"
    # `init` is for projects that have no policy yet.
    requires_system_checks: Any = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
        check = tasks.add_parser(
            "check", help="what is wrong with the policy, and what does not fit the project"
        )
        check.add_argument("policy", nargs="?", help="left out: that of CACHEPOLICY")
        run = tasks.add_parser(
            "simulate", help="replay a log, or the policy's workload, and report"
        )
        run.add_argument("policy", nargs="?", help="left out: that of CACHEPOLICY")
        run.add_argument("--trace", metavar="FILE", help="an access log, or what `record` wrote")
        run.add_argument("--html", metavar="FILE", help="write the report as a page")
        explain = tasks.add_parser("explain", help="what happens to a request")
        explain.add_argument("url")
        explain.add_argument("--method", default="GET")
        explain.add_argument("--user", help="the user's id")
        explain.add_argument(
            "--header", action="append", default=[], metavar="NAME:VALUE", help="can be repeated"
        )
        explain.add_argument(
            "--cookie", action="append", default=[], metavar="NAME=VALUE", help="can be repeated"
        )
        init = tasks.add_parser("init", help="write the policy that the project has today")
        init.add_argument("-o", "--output", help="left out: standard output")
        record = tasks.add_parser(
            "record", help="run a command and record what is asked for and written"
        )
        record.add_argument("folder", help="for the traces, one a process")
        record.add_argument(
            "command", nargs=argparse.REMAINDER, help="such as `gunicorn site.wsgi` or `runserver`"
        )
        drift = tasks.add_parser(
            "drift", help="what was counted beside what is predicted of a recording"
        )
        drift.add_argument("folder", help="of `record`")
        drift.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="ITEM.PROPERTY=VALUE",
            help="replace a property, as `site.processes=2`; can be repeated",
        )

    def handle(self, *args: Any, task: str, **options: Any) -> None:
        try:
            getattr(self, f"do_{task}")(**options)
        except (PolicyError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise CommandError(f"`{error.filename}`: {why}") from error

    def _policy(self, path: str | None = None) -> Policy:
        found = Path(path) if path else policy_path()
        if found is None:
            raise CommandError(
                "CACHEPOLICY names no policy: `manage.py cachepolicy init -o site.cachepolicy` writes one"
            )
        return Policy.load(found)

    def _columns(self) -> int:
        return min(max(shutil.get_terminal_size((100, 24)).columns, 40), 100)

    def do_check(self, policy: str | None, **_: Any) -> None:
        found = self._policy(policy).check(columns=self._columns())
        self.stdout.write(str(found), ending="")
        problems = len(found.errors)
        if policy is None:
            problems += self._check_project()
        counted = (
            f"{_plural(len(found.errors), 'error')}, {_plural(len(found.warnings), 'warning')}"
        )
        if problems:
            raise CommandError(f"the policy has {counted}")
        self.stdout.write(f"✓ {counted}")

    def _check_project(self) -> int:
        from django.core.checks import ERROR

        from ...checks import look

        messages = look()
        for message in messages:
            self.stdout.write(f"{message}\n")
        return sum(message.level >= ERROR for message in messages)

    def do_simulate(
        self, policy: str | None, trace: str | None, html: str | None, **_: Any
    ) -> None:
        report = simulate(self._policy(policy), trace)
        if html is not None:
            Path(html).write_text(report.html(), encoding="utf-8")
        self.stdout.write(report.text(columns=self._columns()), ending="")

    def do_explain(
        self,
        url: str,
        method: str,
        user: str | None,
        header: list[str],
        cookie: list[str],
        **_: Any,
    ) -> None:
        text = self._policy().explain(
            url,
            method=method,
            user=user,
            headers=dict(_pairs(header, ":")),
            cookies=dict(_pairs(cookie, "=")),
            columns=self._columns(),
        )
        self.stdout.write(text, ending="")

    def do_init(self, output: str | None, **_: Any) -> None:
        from ...today import write

        text = write()
        if output is None:
            self.stdout.write(text, ending="")
            return
        path = Path(output)
        if path.exists():
            raise CommandError(f"`{output}` is there already")
        path.write_text(text)
        self.stderr.write(
            f"✓ {output} is what the project does today; `manage.py cachepolicy check {output}`"
            " says what is wrong with that"
        )

    def do_record(self, folder: str, command: list[str], **_: Any) -> None:
        command = [word for word in command if word != "--"] or ["runserver"]
        if shutil.which(command[0]) is None:
            # One of Django's own.
            command = [sys.executable, sys.argv[0], *command]
        path = Path(folder).resolve()
        path.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "CACHEPOLICY_RECORD": str(path)}
        ended = subprocess.run(command, env=environment, check=False).returncode
        files = sorted(path.glob("*.jsonl"))
        self.stderr.write(f"✓ {_plural(len(files), 'file')} in {folder}")
        if ended > 0:
            raise CommandError(f"`{command[0]}` ended with {ended}")

    def do_drift(self, folder: str, set: list[str], **_: Any) -> None:
        path = Path(folder)
        trace = joined(path)
        if not trace:
            raise CommandError(f"there is no recording in `{folder}`")
        replaced = dict(_pairs(set, "="))
        report = simulate(self._policy(), trace, trace_format="jsonl", set=replaced)
        counted = counted_in(path)
        if not counted:
            raise CommandError(
                f"there are no figures in `{folder}`: a process writes them when it ends"
            )
        for line in beside(report, counted):
            self.stdout.write(line)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _pairs(given: list[str], between: str) -> list[tuple[str, str]]:
    pairs = []
    for one in given:
        name, found, value = one.partition(between)
        if not found:
            raise CommandError(f"`{one}`: expected NAME{between}VALUE")
        pairs.append((name.strip(), value.strip()))
    return pairs


def hit_ratio(counted: dict[str, int]) -> float | None:
    """As reports have it."""
    asked = counted["lookups"] - counted["bypass"]
    hits = counted["fresh"] + counted["stale"] + counted["negative"]
    return hits / asked if asked else None


def beside(report: Any, counted: dict[str, dict[str, int]]) -> list[str]:
    """A line a level: what was predicted, and what happened."""
    lines = [f"{'':24}{'predicted':>12}{'actual':>12}{'look-ups':>12}"]
    for level, figures in report["levels"].items():
        of = counted.get(level)
        if of is None:
            continue
        both = [figures["hit_ratio"], hit_ratio(of)]
        shown = ["–" if one is None else f"{one:.1%}" for one in both]
        lines.append(f"{level:24}{shown[0]:>12}{shown[1]:>12}{of['lookups']:>12,}")
    return lines
