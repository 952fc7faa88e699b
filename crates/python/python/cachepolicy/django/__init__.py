"""Django by policy: `"cachepolicy.django"` in `INSTALLED_APPS`, and `CACHEPOLICY = "news.cachepolicy"`.

Nothing here decides about a copy: what is kept, for how long, for whom and what removes it is decided by the
compiled policy, by the functions that the simulator runs too.
"""

from __future__ import annotations

from .backend import Cache
from .levels import cache, cached_object, data
from .pages import CachePolicyMiddleware, cached
from .writes import bulk_create, bulk_update, update, written

__all__ = [
    "Cache",
    "CachePolicyMiddleware",
    "bulk_create",
    "bulk_update",
    "cache",
    "cached",
    "cached_object",
    "data",
    "update",
    "written",
]
