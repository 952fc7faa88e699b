"""Simulations on Ray: on all cores of this machine, or on a cluster. The package `ray` must be installed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ray as _ray

from ._policy import Policy
from ._report import _flat, simulate

Trace = str | os.PathLike[str] | bytes | None


class Table(list[dict[str, Any]]):
    """One row a simulation."""

    def to_pandas(self) -> Any:
        """As a frame of pandas, which must be installed."""
        import pandas

        return pandas.DataFrame(self)

    def to_polars(self) -> Any:
        """As a frame of polars, which must be installed."""
        import polars

        return polars.DataFrame(list(self), infer_schema_length=None, strict=False)


def sweep(
    policies: Iterable[Policy | str | os.PathLike[str]],
    traces: Sequence[Trace] = (None,),
    seeds: Iterable[int] = (0,),
    *,
    sets: Iterable[Mapping[str, str]] = ({},),
    workload: str | None = None,
    warmup: str | None = None,
    address: str | None = None,
) -> Table:
    """Simulates each policy, with each of `sets` of replaced properties, on each trace by each seed; a trace of
    `None` is the policy's workload. One row each, in that order: what it is of, and the figures of all requests
    and of each level (`levels.article.hit_ratio`).

    `address` is a cluster's; left out, a Ray of this machine is begun where there is none. Files must be where the
    workers are: give a trace's bytes where they are not. Raises `PolicyError` for a simulation that cannot be.
    """
    if not _ray.is_initialized():
        _ray.init(address=address, include_dashboard=False, log_to_driver=False)
    loaded = [each if isinstance(each, Policy) else Policy.load(each) for each in policies]
    # Each of them goes to a machine once, however many simulations read it.
    given = [
        (_ray.put(trace) if isinstance(trace, bytes) else trace, _name(trace, index))
        for index, trace in enumerate(traces)
    ]
    run = _ray.remote(_run)
    told, running = [], []
    for policy, replaced, (trace, name), seed in itertools.product(
        loaded, list(sets), given, list(seeds)
    ):
        told.append({"policy": policy.name, "trace": name, "seed": seed, **replaced})
        running.append(run.remote(policy, trace, seed, dict(replaced), workload, warmup))
    try:
        reports = _ray.get(running)
    except _ray.exceptions.RayTaskError as error:
        raise getattr(error, "cause", None) or error from None
    return Table({**of, **figures} for of, figures in zip(told, reports, strict=True))


def _name(trace: Trace, index: int) -> str | None:
    return f"trace {index}" if isinstance(trace, bytes) else None if trace is None else str(trace)


def _run(
    policy: Policy,
    trace: Any,
    seed: int,
    replaced: dict[str, str],
    workload: str | None,
    warmup: str | None,
) -> dict[str, Any]:
    report = simulate(policy, trace, seed=seed, set=replaced, workload=workload, warmup=warmup)
    figures = _flat(report["requests"])
    for name, of in report["levels"].items():
        figures[f"levels.{name}.hit_ratio"] = of["hit_ratio"]
        figures[f"levels.{name}.lookups"] = of["lookups"]
    return figures
