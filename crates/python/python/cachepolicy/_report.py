"""Simulations, and what they come to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _native
from ._policy import Policy

Event = Mapping[str, Any]


class Report(dict[str, Any]):
    """A report, as `cachepolicy simulate --format json` says it: plain dicts, times in seconds, sizes in bytes,
    ratios in 0..1. `print(report.text())` is what the command line shows."""

    _simulated: _native.Simulated

    @classmethod
    def _of(cls, native: _native.Simulated) -> Report:
        report = cls(json.loads(native.json()))
        report._simulated = native
        return report

    def text(self, *, columns: int = 100) -> str:
        """In words."""
        return self._simulated.text(columns)

    def html(self) -> str:
        """As a page that needs nothing else."""
        return self._simulated.html()

    def rows(self, section: str = "levels") -> list[dict[str, Any]]:
        """One flat row a level, route, backend or origin; `out_of_date.staleness.p99` is a column."""
        return [{"name": name, **_flat(figures)} for name, figures in self[section].items()]

    def to_pandas(self, section: str = "levels") -> Any:
        """A section as a frame of pandas, which must be installed."""
        import pandas

        return pandas.DataFrame(self.rows(section))

    def to_polars(self, section: str = "levels") -> Any:
        """A section as a frame of polars, which must be installed."""
        import polars

        return polars.DataFrame(self.rows(section), infer_schema_length=None, strict=False)


def simulate(
    policy: Policy,
    trace: str | os.PathLike[str] | bytes | Iterable[Event] | None = None,
    *,
    workload: str | None = None,
    seed: int = 0,
    warmup: str | None = None,
    trace_format: str | None = None,
    log_format: str | None = None,
    set: Mapping[str, str] | None = None,
) -> Report:
    """Replays a trace through a policy: a file in any format that the command line reads, its bytes, or events
    as dicts. Without one, the policy's workload.

    Other threads go on meanwhile, and Ctrl+C ends it. Raises `PolicyError` where the trace cannot be read or does
    not go with the policy.
    """
    if trace is not None and workload is not None:
        raise ValueError("a trace or a workload, not both")
    if set:
        policy = policy.with_set(set)
    if trace is not None and not isinstance(trace, (str, bytes, os.PathLike)):
        trace = "\n".join(json.dumps(dict(event)) for event in trace).encode()
        trace_format = trace_format or "jsonl"
    if isinstance(trace, os.PathLike):
        trace = os.fspath(trace)
    native = _native.simulate(
        policy._native, trace, workload, trace_format, log_format, warmup, seed
    )
    return Report._of(native)


def _flat(figures: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            row.update(_flat(value, f"{before}{name}."))
        elif not isinstance(value, list):
            row[before + name] = value
    return row
