"""The policy that a project has today, as its settings, its URLs, its templates and its code say it."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.db import models

from cachepolicy import _native

from . import reading
from .reading import Found, Fragment, Object, View

_INDENT = "  "


def write() -> str:
    """As a text, in the one layout."""
    found = reading.project()
    parts = [
        _policy(found),
        _models(found),
        _request(found),
        _backends(found),
        *(_object(each) for each in found.objects.values()),
        *(_fragment(each) for each in found.fragments.values()),
        *(_view(each, found) for each in found.views),
        _site(found),
        _edges(found),
        _workload(found),
        _notes(found),
    ]
    return _native.format("\n\n".join(part for part in parts if part) + "\n")


def _block(head: str, lines: list[str], note: str | None = None) -> str:
    text = f"{head} {{\n" + "".join(f"{_INDENT}{line}\n" for line in lines) + "}"
    return f"# {note}\n{text}" if note else text


def _policy(found: Found) -> str:
    version = ".".join(map(str, django.VERSION[:2]))
    lines = ["edition   1", f'semantics django "{version}"']
    processes = os.environ.get("WEB_CONCURRENCY")
    if processes and processes.isdigit():
        lines.append(f"processes {processes}")
    return _block(f"policy {reading.snake(found.name)}", lines, "What the project does today.")


def _models(found: Found) -> str:
    names = found.uses_models
    lines = []
    for model in found.models:
        if model.__name__ not in names:
            continue
        fields = ["id"]
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many):
            if field.primary_key or not field.name.isidentifier():
                continue
            to = field.related_model
            if isinstance(to, type) and issubclass(to, models.Model):
                if to.__name__ in names:
                    many = "many " if field.many_to_many else ""
                    fields.append(f"{field.name} -> {many}{to.__name__}")
                elif not field.many_to_many:
                    fields.append(field.name)
            else:
                fields.append(field.name)
        lines.append(f"model {model.__name__} {{ {'; '.join(fields)} }}")
    return "\n".join(lines)


def _request(found: Found) -> str:
    lines = ["user.id      personal"]
    if found.language:
        languages = ", ".join(code for code, _ in settings.LANGUAGES)
        default = settings.LANGUAGE_CODE
        lines.append(f"header accept-language negotiated [{languages}] else {default}")
    lines.append("ignore query []  # the whole address is the key: ?utm_source=… is another page")
    return _block("request", lines)


def _backends(found: Found) -> str:
    lines = ["origin  db { slots 20 }"]
    for alias, said in settings.CACHES.items():
        name = reading.snake(alias)
        backend = said["BACKEND"].rpartition(".")[2]
        options = said.get("OPTIONS", {})
        most = said.get("MAX_ENTRIES", options.get("MAX_ENTRIES", 300))
        location = str(said.get("LOCATION", ""))
        if "Redis" in backend or "redis://" in location:
            lines.append(f"backend {name} redis {{ evict redis-lru; latency 400us }}")
        elif backend == "DummyCache":
            lines.append(f"backend {name} none")
        elif backend in ("FileBasedCache", "DatabaseCache"):
            lines.append(f"backend {name} disk {{ capacity {most} entries; evict random }}")
        elif "Memcache" in backend or "MemCache" in backend and "Loc" not in backend:
            lines.append(f"backend {name} redis {{ evict lru; latency 400us }}  # {backend}")
        else:
            what = f"capacity {most} entries; evict django-locmem"
            lines.append(f"backend {name} memory {{ {what} }}")
    used = {"db", *map(reading.snake, found.uses_backends)}
    return "\n".join(line for line in lines if line.split()[1] in used)


def _object(of: Object) -> str:
    lines = [f"store    {reading.snake(of.backend)}"]
    if of.key is not None:
        lines.append(f'key      "{of.key}"')
    if of.reads:
        lines.append(f"reads    {', '.join(of.reads)}")
    lines.append(f"ttl      {_duration(of.seconds)}")
    lines.append(f"cost     {'200ms' if of.is_dear else '20ms'} on db  # a guess")
    params = f"({', '.join(of.params)})" if of.params else ""
    return _block(f"object {of.name}{params}", lines, of.where)


def _fragment(of: Fragment) -> str:
    lines = [f"store    {reading.snake(of.backend)}"]
    if "user" in of.params:
        lines.append("uses     user")
    if of.contains:
        lines.append(f"contains {', '.join(of.contains)}")
    lines.append(f"ttl      {_duration(of.seconds)}")
    params = f"({', '.join(of.params)})" if of.params else ""
    return _block(f"fragment {of.name}{params}", lines, of.where)


def _view(of: View, found: Found) -> str:
    lines = [f'route    GET "{of.route}"']
    if of.seconds is not None:
        lines.append(f"store    {reading.snake(of.backend)}")
    contained = [_argued(name, found) for name in of.contains]
    if contained:
        lines.append(f"contains {', '.join(contained)}")
    if of.reads:
        lines.append(f"reads    {', '.join(of.reads)}")
    if of.vary:
        lines += [f"uses     {', '.join(of.vary)}", f"vary     {', '.join(of.vary)}"]
    if of.seconds is not None:
        lines.append(f"ttl      {_duration(of.seconds)}")
    lines.append("cost     50ms on db  # a guess")
    params = f"({', '.join(of.params)})" if of.params else ""
    return _block(f"view {of.name}{params}", lines, of.where)


def _argued(name: str, found: Found) -> str:
    """A fragment as a page embeds it: that of whoever asks."""
    fragment = found.fragments.get(name)
    if fragment is None or not fragment.params:
        return name
    values = ["user.id" if param == "user" else param for param in fragment.params]
    return f"{name}({', '.join(values)})"


def _site(found: Found) -> str:
    if found.site is None:
        return ""
    alias, seconds = found.site
    lines = ['route    GET "/**"', f"store    {reading.snake(alias)}"]
    if found.language:
        lines.append("vary     accept-language")
    lines.append(f"ttl      {_duration(seconds)}")
    return _block("site everything", lines, "UpdateCacheMiddleware and FetchFromCacheMiddleware")


def _edges(found: Found) -> str:
    parts = []
    for edge in found.edges:
        when = "after commit" if edge.is_after_commit else "before commit by 5ms"
        head = f"on {edge.model} {'|'.join(edge.operations)} {when}"
        parts.append(_block(head, [f"purge {target}" for target in edge.targets], edge.where))
    return "\n\n".join(parts)


def _workload(found: Found) -> str:
    """Something to try it on while there is no log."""
    routes = [view for view in found.views if view.seconds is not None or view.contains]
    if not routes:
        return ""
    requests = []
    for view in routes:
        params = "".join(f" {name} zipf(1.0, 1_000)" for name in view.params)
        requests.append(f'  GET "{view.route}" weight 1{params}')
    lines = ["duration 1h", "requests 50/s poisson {", *requests, "}", "user.id 30% of 5_000"]
    lines += [f"write {model} update 1/m" for model in sorted(found.uses_models)]
    return _block(
        "workload guess", lines, "Figures to replace; or simulate a log: --trace access.log"
    )


def _notes(found: Found) -> str:
    if not found.notes:
        return ""
    return "# Look at these by hand:\n" + "\n".join(f"# - {note}" for note in found.notes)


def _duration(seconds: Any) -> str:
    if seconds is None:
        return "forever"
    whole = int(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{max(whole, 1)}s"
