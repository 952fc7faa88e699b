"""Writes, as the policy's edges hear of them: after the commit, or before it where the policy says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db import models, router, transaction

from . import rows
from .models import Mapped, of_model, telling
from .service import is_configured, service

M = TypeVar("M", bound=models.Model)


def deliver(of: Mapped, old: rows.Row | None, new: rows.Row | None, using: str) -> None:
    """A write has been made in the transaction that is under way, or outside of any."""
    if old is None and new is None:
        return
    native = service().native
    if "before" in of.timings:
        native.write(of.name, old, new, True)
    # Without an edge too: a recording has every write.
    transaction.on_commit(lambda: native_write(of.name, old, new), using=using, robust=True)


def native_write(model: str, old: rows.Row | None, new: rows.Row | None) -> None:
    """The cache is asked for then: the process may have forked since."""
    service().native.write(model, old, new)


def deliver_all(of: Mapped, old: dict[Any, rows.Row], new: dict[Any, rows.Row], using: str) -> None:
    """Rows by their primary keys: what is in one of both was deleted or created."""
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            deliver(of, old.get(key), new.get(key), using)


def written(
    model: type[models.Model],
    *,
    old: Iterable[models.Model | dict[str, Any]] = (),
    new: Iterable[models.Model | dict[str, Any]] = (),
    using: str | None = None,
) -> None:
    """Says what a write changed that no signal tells of, such as raw SQL: the rows as they were, and as they are.

    Rows are instances, or dicts by the policy's names; an old and a new one with the same `id` are an update.
    """
    of = of_model(model) if is_configured() else None
    if of is None:
        return
    using = using or router.db_for_write(model)
    both = [_by_key(of, given, using) for given in (old, new)]
    deliver_all(of, both[0], both[1], using)


def _by_key(
    of: Mapped, given: Iterable[models.Model | dict[str, Any]], using: str
) -> dict[str, rows.Row]:
    found: dict[str, rows.Row] = {}
    for index, one in enumerate(given):
        row = one if isinstance(one, dict) else rows.of_instance(of, one, using)
        if row is not None:
            found[str(row.get("id", f"row {index}"))] = row
    return found


def update(queryset: models.QuerySet[Any], **values: Any) -> int:
    """`queryset.update(**values)`, of which the policy's edges hear. How many rows it matched."""
    of = of_model(queryset.model) if is_configured() else None
    if of is None:
        return queryset.update(**values)
    using = router.db_for_write(queryset.model) if queryset._db is None else queryset.db
    with transaction.atomic(using=using), telling(of.model._meta.db_table):
        old = rows.of_queryset(of, queryset.using(using))
        count = queryset.using(using).filter(pk__in=list(old)).update(**values)
        new = rows.of_keys(of, old, using)
        deliver_all(of, old, new, using)
    return count


def bulk_create(manager: Any, objects: Sequence[M], **options: Any) -> list[M]:
    """`manager.bulk_create(objects)`, of which the policy's edges hear."""
    of = of_model(manager.model) if is_configured() else None
    if of is None:
        return manager.bulk_create(objects, **options)
    using = router.db_for_write(manager.model)
    with transaction.atomic(using=using), telling(of.model._meta.db_table):
        there = rows.of_keys(of, [one.pk for one in objects if one.pk is not None], using)
        made = manager.bulk_create(objects, **options)
        if any(one.pk is None for one in made):
            raise ValueError(
                "the database does not say which rows it made: say it yourself, by"
                " cachepolicy.django.written(model, new=…)"
            )
        deliver_all(of, there, rows.of_keys(of, [one.pk for one in made], using), using)
    return made


def bulk_update(manager: Any, objects: Sequence[M], fields: Sequence[str], **options: Any) -> int:
    """`manager.bulk_update(objects, fields)`, of which the policy's edges hear."""
    of = of_model(manager.model) if is_configured() else None
    if of is None:
        return manager.bulk_update(objects, fields, **options)
    using = router.db_for_write(manager.model)
    keys = [one.pk for one in objects]
    with transaction.atomic(using=using), telling(of.model._meta.db_table):
        old = rows.of_keys(of, keys, using)
        count = manager.bulk_update(objects, fields, **options)
        deliver_all(of, old, rows.of_keys(of, keys, using), using)
    return count
