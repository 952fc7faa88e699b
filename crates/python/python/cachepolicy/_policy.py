"""Policies, and what is found in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _native


@dataclass(frozen=True)
class Diagnostic:
    """One thing that was found in a policy."""

    code: str
    severity: str
    message: str
    file: str
    line: int
    column: int
    help: str | None = None


class Findings(Sequence[Diagnostic]):
    """What was found in a policy. Its text, `str(findings)`, shows each place."""

    def __init__(self, diagnostics: Sequence[Diagnostic], text: str) -> None:
        self._all = tuple(diagnostics)
        self._text = text

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._all)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<Findings: {len(self.errors)} errors, {len(self.warnings)} warnings>"

    @property
    def errors(self) -> list[Diagnostic]:
        """Those by which the policy fails."""
        return [found for found in self._all if found.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """Those to look at."""
        return [found for found in self._all if found.severity == "warning"]


class Policy:
    """A policy whose text has no mistake.

    `Policy.load` and `Policy.parse` raise `PolicyError` for a text that has one; the error's text shows all of
    them, each with its place.
    """

    def __init__(self, native: _native.Policy) -> None:
        self._native = native
        self._core: dict[str, Any] | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, set: Mapping[str, str] | None = None) -> Policy:
        """Of a file. `set` replaces properties: `{"article.ttl": "5m"}`."""
        return cls(_native.Policy.load(os.fspath(path), _overrides(set)))

    @classmethod
    def parse(
        cls, text: str, *, name: str = "policy.cachepolicy", set: Mapping[str, str] | None = None
    ) -> Policy:
        """Of a text; `name` is what messages call it."""
        return cls(_native.Policy.parse(text, name, _overrides(set)))

    def with_set(self, set: Mapping[str, str]) -> Policy:
        """The same text, with properties replaced."""
        return type(self)(self._native.with_set(_overrides(set)))

    @property
    def name(self) -> str:
        """As the policy calls itself."""
        return self._native.name

    @property
    def file(self) -> str:
        """Where its text is from."""
        return self._native.file

    @property
    def hash(self) -> str:
        """Of its text and of what that imports."""
        return self._native.hash

    @property
    def compiled(self) -> dict[str, Any]:
        """What it was compiled to, as the artefact has it."""
        if self._core is None:
            self._core = json.loads(self._native.core_json())
        return self._core

    def check(self, *, columns: int = 100) -> Findings:
        """Everything that is found in it: what `cachepolicy check` says."""
        document = json.loads(self._native.findings_json())
        found = [_diagnostic(one) for one in document["diagnostics"]]
        return Findings(found, self._native.findings_text(columns))

    def errors_text(self, *, columns: int = 100) -> str:
        """What is found in it at error level, with each place."""
        return self._native.errors_text(columns)

    def bounds(self) -> dict[str, Any]:
        """How old an answer can get: what `cachepolicy bound --format json` says."""
        bounds: dict[str, Any] = json.loads(self._native.bounds_json())
        return bounds

    def explain(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        user: str | None = None,
        attrs: Mapping[str, str] | None = None,
        columns: int = 100,
    ) -> str:
        """What happens to a request, in words."""
        items = [list((given or {}).items()) for given in (headers, cookies, attrs)]
        return self._native.explain_request(
            url, method, items[0], items[1], user, items[2], columns
        )

    def explain_write(self, write: str, *, columns: int = 100) -> str:
        """What a write removes, in words: `Article update slug=old:new`."""
        return self._native.explain_write(write, columns)

    def __repr__(self) -> str:
        return f"<Policy {self.name}: {self.file}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_reparsed, (self._native.text, self.file))


def _reparsed(text: str, name: str) -> Policy:
    return Policy.parse(text, name=name)


def _overrides(given: Mapping[str, str] | None) -> list[str]:
    return [f"{name}={value}" for name, value in (given or {}).items()]


def _diagnostic(one: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        code=one["code"],
        severity=one["severity"],
        message=one["message"],
        file=one.get("file", ""),
        line=one.get("line", 1),
        column=one.get("column", 1),
        help=one.get("help"),
    )
