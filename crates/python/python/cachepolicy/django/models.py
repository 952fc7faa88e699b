"""The policy's models and Django's."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from .service import Service, service


class Mapped:
    """A model of the policy, and the one that it is in Django."""

    def __init__(self, of: Service, declared: dict[str, Any], model: type[models.Model]) -> None:
        self.name: str = declared["name"]
        self.model = model
        #: What the policy's edges ask of a row: names of fields in the policy, by path.
        self.paths = _asked_paths(of, declared)
        self.timings = {
            ("after" if block["timing"] == "after-commit" else "before")
            for block in of.compiled["edges"]
            if of.compiled["models"][block["model"]]["name"] == self.name
        }


def mapped(of: Service | None = None) -> dict[str, Mapped]:
    """By the name in the policy; models that Django does not have are left out, and `check` tells of them."""
    return _mapped(of or service())


@lru_cache(maxsize=4)
def _mapped(of: Service) -> dict[str, Mapped]:
    found = {}
    for declared in of.compiled["models"]:
        model = find(declared["name"])
        if model is not None:
            found[declared["name"]] = Mapped(of, declared, model)
    return found


def find(name: str) -> type[models.Model] | None:
    """As `CACHEPOLICY_MODELS` says it, else the one model of that name."""
    said = getattr(settings, "CACHEPOLICY_MODELS", {}).get(name)
    if said is not None:
        return apps.get_model(said)
    found = [model for model in apps.get_models() if model.__name__ == name]
    if len(found) > 1:
        labels = ", ".join(sorted(model._meta.label for model in found))
        raise ImproperlyConfigured(
            f"`{name}` of the policy may be {labels}: say which, by"
            f' CACHEPOLICY_MODELS = {{"{name}": "{found[0]._meta.label}"}}'
        )
    return found[0] if found else None


def of_model(model: type[models.Model]) -> Mapped | None:
    """The policy's, for one of Django's: itself, or what it is a proxy or a child of."""
    return next((each for each in mapped().values() if issubclass(model, each.model)), None)


def by_table() -> dict[str, str]:
    """Tables by name, with what they are in the policy, or in Django where the policy does not have them."""
    return _by_table(service())


@lru_cache(maxsize=4)
def _by_table(of: Service) -> dict[str, str]:
    names = {each.model._meta.db_table: name for name, each in mapped(of).items()}
    for name, each in mapped(of).items():
        # Which rows belong together is the field of the one that has it.
        for field in each.model._meta.many_to_many:
            names.setdefault(field.m2m_db_table(), name)
    quiet = {"sessions", "contenttypes", "admin", "auth", "sites", "messages"}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in quiet:
            names.setdefault(model._meta.db_table, model.__name__)
    return names


def watched_tables() -> dict[str, str]:
    """Of models whose writes remove copies."""
    return _watched_tables(service())


@lru_cache(maxsize=4)
def _watched_tables(of: Service) -> dict[str, str]:
    return {each.model._meta.db_table: name for name, each in mapped(of).items() if each.timings}


_told = threading.local()


@contextlib.contextmanager
def telling(table: str) -> Iterator[None]:
    """What is written of the table meanwhile is told of."""
    tell(table)
    try:
        yield
    finally:
        told(table)


def tell(table: str) -> None:
    """From here on."""
    counts = _told.__dict__.setdefault("counts", {})
    counts[table] = counts.get(table, 0) + 1


def told(table: str) -> None:
    """Up to here."""
    counts = _told.__dict__.setdefault("counts", {})
    counts[table] = max(counts.get(table, 0) - 1, 0)


def is_told(table: str) -> bool:
    """Is somebody about to tell of it?"""
    return bool(_told.__dict__.get("counts", {}).get(table))


def _asked_paths(of: Service, declared: dict[str, Any]) -> list[list[str]]:
    """All fields of the model, and what the edges ask of the rows that they lead to."""
    paths = [[field["name"]] for field in declared["fields"] if not field.get("reference")]
    compiled = of.compiled["models"]
    index = next(i for i, each in enumerate(compiled) if each["name"] == declared["name"])
    for block in of.compiled["edges"]:
        if block["model"] != index:
            continue
        for path in _row_paths(block):
            names, at = [], index
            for field in path:
                found = compiled[at]["fields"][field]
                names.append(found["name"])
                reference = found.get("reference")
                if reference:
                    at = reference["model"]
            if names not in paths:
                paths.append(names)
    # Which row a reference leads to tells whether it has changed.
    for field in declared["fields"]:
        if field.get("reference") and not any(path[0] == field["name"] for path in paths):
            paths.append([field["name"]])
    return paths


def _row_paths(value: Any) -> Iterator[list[int]]:
    """Paths of fields anywhere in an edge."""
    if isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, list) and all(isinstance(step, int) for step in path):
            yield path
        for each in value.values():
            yield from _row_paths(each)
    elif isinstance(value, list):
        for each in value:
            yield from _row_paths(each)
