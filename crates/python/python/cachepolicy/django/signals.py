"""Django's signals tell of most writes; what a row was before, the database is asked for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

from . import rows
from .models import Mapped, mapped, of_model, tell, told
from .recording import folder
from .service import is_configured
from .writes import deliver, deliver_all

_OLD = "_cachepolicy_old"


def connect() -> None:
    """Each model's signals, whatever the policy: it may change while the process lives, as in tests."""
    for signal, receiver in (
        (pre_save, _before_save),
        (post_save, _after_save),
        (pre_delete, _before_delete),
        (post_delete, _after_delete),
        (m2m_changed, _many_changed),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"cachepolicy.{receiver.__name__}")


def _mapped(sender: type[models.Model]) -> Mapped | None:
    """The model in the policy, if anybody wants to know of its writes: what it was before costs a query."""
    of = of_model(sender) if is_configured() else None
    return of if of is not None and (of.timings or folder() is not None) else None


def _before_save(sender: type[models.Model], instance: models.Model, using: str, **_: Any) -> None:
    of = _mapped(sender)
    if of is None:
        return
    old = None
    if instance.pk is not None and not (instance._state.adding and _is_made_now(instance)):
        old = rows.of_keys(of, [instance.pk], using).get(instance.pk)
    instance.__dict__.setdefault(_OLD, []).append(old)
    tell(of.model._meta.db_table)


def _is_made_now(instance: models.Model) -> bool:
    """Has its primary key a default, which no other row has?"""
    return bool(instance._meta.pk and instance._meta.pk.has_default())


def _after_save(sender: type[models.Model], instance: models.Model, using: str, **_: Any) -> None:
    of = _mapped(sender)
    if of is None:
        return
    olds = instance.__dict__.get(_OLD) or [None]
    old = olds.pop()
    told(of.model._meta.db_table)
    deliver(of, old, rows.of_instance(of, instance, using), using)


def _before_delete(
    sender: type[models.Model], instance: models.Model, using: str, **_: Any
) -> None:
    of = _mapped(sender)
    if of is not None:
        old = rows.of_keys(of, [instance.pk], using).get(instance.pk)
        instance.__dict__.setdefault(_OLD, []).append(old)
        tell(of.model._meta.db_table)


def _after_delete(sender: type[models.Model], instance: models.Model, using: str, **_: Any) -> None:
    of = _mapped(sender)
    if of is not None:
        olds = instance.__dict__.get(_OLD) or [None]
        old = olds.pop()
        told(of.model._meta.db_table)
        deliver(of, old, None, using)


def _many_changed(
    sender: type[models.Model],
    instance: models.Model,
    action: str,
    reverse: bool,
    model: type[models.Model],
    pk_set: set[Any] | None,
    using: str,
    **_: Any,
) -> None:
    """Rows of a model that the policy has a field with many rows of."""
    if not is_configured():
        return
    when, _dash, what = action.partition("_")
    for of in mapped().values():
        field = _many_field(of, sender)
        if field is None:
            continue
        if when == "pre":
            keys = _touched(of, field, instance, reverse, pk_set, using)
            old = rows.of_keys(of, keys, using)
            instance.__dict__.setdefault(_OLD + what, []).append(old)
        else:
            olds = instance.__dict__.get(_OLD + what) or [{}]
            old = olds.pop()
            deliver_all(of, old, rows.of_keys(of, old, using), using)


def _many_field(of: Mapped, through: type[models.Model]) -> Any:
    for field in of.model._meta.many_to_many:
        if field.remote_field.through is through and any(p[0] == field.name for p in of.paths):
            return field
    return None


def _touched(
    of: Mapped,
    field: Any,
    instance: models.Model,
    reverse: bool,
    pk_set: set[Any] | None,
    using: str,
) -> list[Any]:
    """The rows of the policy's model that a change of the relation is about."""
    if not reverse:
        return [instance.pk]
    if pk_set is not None:
        return list(pk_set)
    found = of.model._base_manager.using(using).filter(**{field.name: instance.pk})
    return list(found.values_list("pk", flat=True))
