"""Rows as the policy's edges ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .levels import text_of
from .models import Mapped

Row = dict[str, Any]


def _field(model: type[models.Model], name: str) -> Any:
    if name == "id":
        return model._meta.pk
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def of_instance(of: Mapped, instance: models.Model, using: str) -> Row | None:
    """The row as the instance has it, or as the database does where the instance does not know."""
    row: Row = {}
    for path in of.paths:
        field = _field(of.model, path[0])
        if field is None:
            continue
        if len(path) > 1 or field.many_to_many or field.one_to_many:
            return of_keys(of, [instance.pk], using).get(instance.pk)
        if field.attname not in instance.__dict__:
            return of_keys(of, [instance.pk], using).get(instance.pk)
        value = instance.__dict__[field.attname]
        if hasattr(value, "resolve_expression"):
            return of_keys(of, [instance.pk], using).get(instance.pk)
        row[path[0]] = text_of(value)
    return row


def of_queryset(of: Mapped, queryset: models.QuerySet[Any]) -> dict[Any, Row]:
    """The rows that a query finds, by their primary keys."""
    return of_keys(of, list(queryset.values_list("pk", flat=True)), queryset.db)


def of_keys(of: Mapped, keys: Iterable[Any], using: str) -> dict[Any, Row]:
    """The rows with these primary keys, as the database has them now."""
    keys = list(keys)
    flat: dict[str, tuple[list[str], str]] = {}
    many: list[tuple[list[str], str]] = []
    for path in of.paths:
        lookup, is_many = _lookup(of.model, path)
        if lookup is None:
            continue
        if is_many:
            many.append((path, lookup))
        else:
            flat[lookup] = (path, lookup)
    manager = of.model._base_manager.using(using)
    rows: dict[Any, Row] = {}
    for start in range(0, len(keys), 500):
        found = manager.filter(pk__in=keys[start : start + 500])
        for values in found.values("pk", *flat):
            row: Row = {}
            for lookup, (path, _) in flat.items():
                _put(row, path, text_of(values[lookup]))
            rows[values["pk"]] = row
        for path, lookup in many:
            lists: dict[Any, list[Row]] = {key: [] for key in rows}
            for key, value in found.values_list("pk", lookup):
                if value is not None and key in lists:
                    lists[key].append({path[-1] if len(path) > 1 else "id": text_of(value)})
            for key, values in lists.items():
                _merge_many(rows[key], path[0], values)
    return rows


def _lookup(model: type[models.Model], path: list[str]) -> tuple[str | None, bool]:
    """A path as Django's queries have it; does it lead to many rows?"""
    steps: list[str] = []
    at: Any = model
    is_many = False
    for name in path:
        field = _field(at, name)
        if field is None:
            return None, False
        is_many = is_many or field.many_to_many or field.one_to_many
        steps.append("pk" if name == "id" else field.name)
        at = field.related_model
    return "__".join(steps), is_many


def _put(row: Row, path: list[str], value: str | None) -> None:
    for name in path[:-1]:
        inner = row.get(name)
        if not isinstance(inner, dict):
            inner = row[name] = {} if inner is None else {"id": inner}
        row = inner
    if not isinstance(row.get(path[-1]), dict):
        row[path[-1]] = value


def _merge_many(row: Row, name: str, values: list[Row]) -> None:
    known = row.get(name)
    if isinstance(known, list) and len(known) == len(values):
        for inner, more in zip(known, values, strict=True):
            inner.update(more)
    else:
        row[name] = values
