"""A panel for django-debug-toolbar: `"cachepolicy.django.toolbar.CachePolicyPanel"` in `DEBUG_TOOLBAR_PANELS`."""

from __future__ import annotations

from typing import Any

from debug_toolbar.panels import Panel

from . import panel, watch


class CachePolicyPanel(Panel):  # type: ignore[misc]
    """Each look-up with its reason, and what levels touched that the policy does not say."""

    title = "Cache policy"
    template = "cachepolicy/panel.html"

    def enable_instrumentation(self) -> None:
        self._gathered: list[panel.Lookup] = []
        panel.gathered.set(self._gathered)

    def disable_instrumentation(self) -> None:
        panel.gathered.set(None)

    @property
    def nav_subtitle(self) -> str:
        lookups = self.get_stats().get("lookups", [])
        made = sum(each["outcome"] == "filled" or "fwd" in each["outcome"] for each in lookups)
        return f"{len(lookups)} look-ups, {made} made anew"

    def generate_stats(self, request: Any, response: Any) -> None:
        lookups = [
            {
                "level": each.level,
                "params": each.params,
                "outcome": each.outcome,
                "why": each.why or "",
            }
            for each in self._gathered
        ]
        self.record_stats({"lookups": lookups, "undeclared": watch.sentences()})
