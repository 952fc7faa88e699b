"""The app: what it connects when Django has loaded."""

from __future__ import annotations

from django.apps import AppConfig


class CachePolicyConfig(AppConfig):
    name = "cachepolicy.django"
    label = "cachepolicy"
    verbose_name = "Cache policy"

    def ready(self) -> None:
        from . import checks, signals, watch

        checks.register()
        signals.connect()
        watch.begin()
