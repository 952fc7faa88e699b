"""What a project's settings, URLs, templates and code say of caching: found without running its views."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS
from django.db import models
from django.db.models import signals
from django.middleware.cache import CacheMiddleware
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.templatetags.cache import CacheNode
from django.urls import URLPattern, URLResolver, get_resolver

from . import code
from .code import snake

__all__ = ["Edge", "Found", "Fragment", "Object", "View", "project", "snake"]

_OURS = ("django", "cachepolicy", "debug_toolbar")


@dataclass
class Object:
    """`cache.get_or_set("top_authors_v1", compute, 300)`"""

    name: str
    key: str | None
    seconds: float | None
    backend: str
    where: str
    params: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    is_dear: bool = False


@dataclass
class Fragment:
    """`{% cache 600 sidebar request.user.id %}`"""

    name: str
    seconds: float | None
    backend: str
    params: list[str]
    where: str
    contains: list[str] = field(default_factory=list)


@dataclass
class View:
    """`path("", cache_page(900)(homepage))`"""

    name: str
    route: str
    params: list[str]
    seconds: float | None
    backend: str
    where: str
    contains: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    vary: list[str] = field(default_factory=list)


@dataclass
class Edge:
    """`@receiver(post_save, sender=Article)`"""

    model: str
    operations: list[str]
    targets: list[str]
    is_after_commit: bool
    where: str


@dataclass
class Found:
    """All of it."""

    name: str
    models: list[type[models.Model]]
    objects: dict[str, Object] = field(default_factory=dict)
    fragments: dict[str, Fragment] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    site: tuple[str, int] | None = None
    language: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def uses_models(self) -> set[str]:
        """Those that something is made of, or that remove something."""
        kept: list[Any] = [*self.objects.values(), *self.views]
        return {name for each in kept for name in each.reads} | {e.model for e in self.edges}

    @property
    def uses_backends(self) -> set[str]:
        """The caches of `CACHES` that something is kept in."""
        kept: list[Any] = [*self.objects.values(), *self.fragments.values()]
        used = {each.backend for each in kept}
        used |= {view.backend for view in self.views if view.seconds is not None}
        return used | ({self.site[0]} if self.site else set())


def project() -> Found:
    """Reads it all."""
    own = [app for app in apps.get_app_configs() if not app.name.startswith(_OURS)]
    found = Found(
        name=str(settings.ROOT_URLCONF).partition(".")[0],
        models=[model for app in own for model in app.get_models()],
    )
    names = {model.__name__ for model in found.models}
    source = code.Project([app.module.__name__ for app in own if app.module], names)
    for use in source.uses():
        reads = sorted(use.reads)
        place = (use.seconds, use.backend, use.where)
        made = Object(use.name, use.key, *place, use.params, reads, use.is_dear)
        found.objects.setdefault(use.name, made)
    _middleware(found)
    templates = _Templates(found)
    for pattern, route, params in _patterns(get_resolver(), "/"):
        _pattern(found, source, templates, (pattern, route, params))
    for view in found.views:
        view.contains = [
            name for name in view.contains if name in {*found.fragments, *found.objects}
        ]
    _receivers(found, source)
    found.notes.extend(source.notes)
    return found


def _middleware(found: Found) -> None:
    names = set(settings.MIDDLEWARE)
    both = {
        f"django.middleware.cache.{name}"
        for name in ("UpdateCacheMiddleware", "FetchFromCacheMiddleware")
    }
    if both <= names or "django.middleware.cache.CacheMiddleware" in names:
        seconds = settings.CACHE_MIDDLEWARE_SECONDS
        found.site = (settings.CACHE_MIDDLEWARE_ALIAS, seconds)
    found.language = settings.USE_I18N and any(it.endswith("LocaleMiddleware") for it in names)


# ── URLs ─────────────────────────────────────────────────────────────

_HOLE = re.compile(r"<(?:(\w+):)?(\w+)>")


def _patterns(
    resolver: URLResolver, before: str
) -> Iterator[tuple[URLPattern, str | None, list[str]]]:
    for each in resolver.url_patterns:
        text = str(each.pattern)
        is_path = type(each.pattern).__name__ in ("RoutePattern", "LocalePrefixPattern")
        route = before + text if is_path else None
        if isinstance(each, URLResolver):
            if not str(getattr(each, "app_name", "")).startswith("admin"):
                yield from _patterns(each, route or before)
            continue
        yield each, _route(route) if route is not None else None, _HOLE_NAMES(route or "")


def _HOLE_NAMES(route: str) -> list[str]:  # noqa: N802
    return [name for _, name in _HOLE.findall(route)]


def _route(route: str) -> str:
    """As the policy has it."""

    def hole(match: re.Match[str]) -> str:
        kind = {"int": ":int", "path": ":**"}.get(match[1] or "", "")
        return f"{{{match[2]}{kind}}}"

    return _HOLE.sub(hole, route)


def _pattern(
    found: Found,
    source: code.Project,
    templates: _Templates,
    of: tuple[URLPattern, str | None, list[str]],
) -> None:
    pattern, route, params = of
    view = pattern.callback
    plain = inspect.unwrap(view)
    plain = getattr(plain, "view_class", plain)
    if str(getattr(plain, "__module__", "")).startswith(_OURS):
        return
    cached = _cache_page(view)
    used = source.reached(plain)
    shown = templates.of(source.strings(plain))
    contains = [*shown, *(use for use in used if use in found.objects and use not in shown)]
    where = f"{plain.__module__}.{getattr(plain, '__qualname__', plain)}"
    if cached is None and not contains:
        return
    if route is None:
        found.notes.append(f"{where} is at {pattern.pattern}, which no route of a policy says")
        return
    seconds, backend = cached or (None, DEFAULT_CACHE_ALIAS)
    name = snake(pattern.name or getattr(plain, "__name__", "view"))
    taken = {each.name for each in found.views} | {*found.objects, *found.fragments}
    name = name if name not in taken else f"{name}_page"
    note = f"cache_page({seconds:g}) on {where}" if cached and seconds is not None else where
    made = View(name, route, params, seconds if cached else None, backend, note, contains)
    inside = set(source.models_of(plain))
    for each in contains:
        if each in found.objects:
            inside -= set(found.objects[each].reads)
    made.reads = sorted(inside)
    if cached and found.language:
        made.vary = ["accept-language"]
    found.views.append(made)


def _cache_page(view: Any) -> tuple[float | None, str] | None:
    """The middleware that the decorator has put around a view."""
    seen: set[int] = set()
    todo = [view]
    while todo:
        function = todo.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        cells = getattr(function, "__closure__", None) or ()
        for cell in cells:
            try:
                inside = cell.cell_contents
            except ValueError:
                continue
            if isinstance(inside, CacheMiddleware):
                seconds = inside.page_timeout
                if seconds is None:
                    seconds = inside.cache_timeout
                return seconds, inside.cache_alias or DEFAULT_CACHE_ALIAS
            if isinstance(inside, FunctionType):
                todo.append(inside)
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None:
            todo.append(wrapped)
    return None


# ── Templates ────────────────────────────────────────────────────────


class _Templates:
    """Fragments, by the templates that they are in."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.known: dict[str, list[str]] = {}

    def of(self, strings: set[str]) -> list[str]:
        """Names of the fragments in templates that a view names."""
        names: list[str] = []
        for text in sorted(strings):
            if text.endswith((".html", ".txt", ".xml", ".jinja")):
                names += [name for name in self.template(text) if name not in names]
        return names

    def template(self, name: str) -> list[str]:
        if name in self.known:
            return self.known[name]
        self.known[name] = []
        try:
            compiled = engines["django"].get_template(name).template
        except (TemplateDoesNotExist, TemplateSyntaxError, KeyError):
            return []
        self.known[name] = self.nodes(compiled.nodelist, name)
        return self.known[name]

    def nodes(self, nodelist: Any, name: str) -> list[str]:
        names: list[str] = []
        for node in nodelist.get_nodes_by_type(CacheNode):
            names.append(self.fragment(node, name))
        for kind in (IncludeNode, ExtendsNode):
            for node in nodelist.get_nodes_by_type(kind):
                to = getattr(node, "template", None) or getattr(node, "parent_name", None)
                literal = getattr(to, "var", None)
                if isinstance(literal, str):
                    names += self.template(literal)
        return list(dict.fromkeys(names))

    def fragment(self, node: CacheNode, template: str) -> str:
        name = snake(node.fragment_name)
        params = []
        for vary in node.vary_on:
            text = str(vary.token if hasattr(vary, "token") else vary)
            is_user = text in ("user.id", "user.pk", "request.user.id", "request.user.pk", "user")
            params.append("user" if is_user else snake(text.partition("|")[0].replace(".", "_")))
        seconds = _number(node.expire_time_var)
        backend = DEFAULT_CACHE_ALIAS
        if "template_fragments" in settings.CACHES:
            backend = "template_fragments"
        said = getattr(getattr(node, "cache_name", None), "var", None)
        if isinstance(said, str):
            backend = said
        made = Fragment(name, seconds, backend, params, f"{{% cache %}} in {template}")
        self.found.fragments.setdefault(name, made)
        return name


def _number(expression: Any) -> float | None:
    value = getattr(expression, "var", None)
    literal = getattr(value, "literal", value)
    return float(literal) if isinstance(literal, (int, float)) else None


# ── Receivers of signals ─────────────────────────────────────────────

_SIGNALS = (
    (signals.post_save, ["create", "update"]),
    (signals.pre_save, ["create", "update"]),
    (signals.post_delete, ["delete"]),
    (signals.pre_delete, ["delete"]),
)


def _receivers(found: Found, source: code.Project) -> None:
    by_id = {id(model): model.__name__ for model in found.models}
    merged: dict[tuple[str, str], Edge] = {}
    for signal, operations in _SIGNALS:
        for entry in signal.receivers:
            (_, sender), reference = entry[0], entry[1]
            receiver = (
                reference() if hasattr(reference, "__self__") or _is_weak(reference) else reference
            )
            if receiver is None or str(receiver.__module__).startswith(_OURS):
                continue
            where = f"{receiver.__module__}.{receiver.__qualname__}"
            removes = source.removes(receiver)
            targets = _targets(found, removes.keys, removes.is_all)
            senders = [by_id[sender]] if sender in by_id else list(by_id.values())
            if not targets:
                continue
            for model in senders:
                edge = merged.get((where, model))
                if edge is None:
                    edge = Edge(model, [], targets, removes.is_after_commit, where)
                    merged[(where, model)] = edge
                    found.edges.append(edge)
                edge.operations += [it for it in operations if it not in edge.operations]


def _is_weak(reference: Any) -> bool:
    return type(reference).__name__ in ("ReferenceType", "WeakMethod", "weakref")


def _targets(found: Found, keys: set[str], is_all: bool) -> list[str]:
    targets = []
    for each in found.objects.values():
        if is_all or (each.key is not None and each.key in keys):
            targets.append(f"{each.name}(*)" if each.params else each.name)
    if is_all:
        for fragment in found.fragments.values():
            stars = ", ".join("*" for _ in fragment.params)
            targets.append(f"{fragment.name}({stars})" if stars else fragment.name)
    return targets
