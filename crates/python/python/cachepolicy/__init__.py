"""Know what a caching policy will do before it is deployed."""

from __future__ import annotations

from ._native import PolicyError
from ._policy import Diagnostic, Findings, Policy
from ._report import Report, simulate

__all__ = ["Diagnostic", "Findings", "Policy", "PolicyError", "Report", "simulate"]
