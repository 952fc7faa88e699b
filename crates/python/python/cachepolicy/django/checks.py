"""Django's system checks: what does not fit between the policy and the project."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured

from . import models
from .service import is_configured, service

MIDDLEWARE = "cachepolicy.django.CachePolicyMiddleware"
_DJANGOS = {
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.cache.CacheMiddleware",
}


def register() -> None:
    checks.register(look, "cachepolicy")


def look(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Everything at once."""
    if not is_configured():
        return [
            checks.Warning(
                "the app `cachepolicy.django` is installed, and no policy is named",
                hint='CACHEPOLICY = "site.cachepolicy"; `manage.py cachepolicy init` writes one',
                id="cachepolicy.W001",
            )
        ]
    try:
        of = service()
        known = models.mapped(of)
    except (ImproperlyConfigured, LookupError) as error:
        return [checks.Error(str(error), id="cachepolicy.E001")]
    except Exception as error:
        return [checks.Error(f"CACHEPOLICY: {error}", id="cachepolicy.E001")]
    return [*_models(of, known), *_middleware(of), *_language(of)]


def _models(of: Any, known: dict[str, models.Mapped]) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    for declared in of.compiled["models"]:
        name = declared["name"]
        if name not in known:
            hint = f'CACHEPOLICY_MODELS = {{"{name}": "app.Model"}} says which one it is'
            text = (
                f"the policy's model `{name}` is none of the project's: no write of it is heard of"
            )
            found.append(checks.Warning(text, hint=hint, id="cachepolicy.W002"))
            continue
        for field in declared["fields"]:
            try:
                if field["name"] != "id":
                    known[name].model._meta.get_field(field["name"])
            except FieldDoesNotExist:
                text = f"`{name}` of the policy has a field `{field['name']}`, and Django's has not"
                found.append(checks.Warning(text, obj=known[name].model, id="cachepolicy.W003"))
    return found


def _middleware(of: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    names = list(settings.MIDDLEWARE)
    has_pages = any(level["route"] and level["tiers"] for level in of.levels.values())
    if has_pages and MIDDLEWARE not in names:
        hint = f'add "{MIDDLEWARE}" at the end of MIDDLEWARE, or say `@cached(…)` above the views'
        text = "the policy keeps whole pages, and its middleware is not there"
        found.append(checks.Warning(text, hint=hint, id="cachepolicy.W004"))
    if MIDDLEWARE in names:
        after = names[names.index(MIDDLEWARE) + 1 :]
        needed = [name for name in after if name.endswith("AuthenticationMiddleware")]
        if needed:
            text = f"{MIDDLEWARE} stands before {needed[0]}: it cannot know who asks"
            hint = "put it at the end of MIDDLEWARE"
            found.append(checks.Error(text, hint=hint, id="cachepolicy.E002"))
        both = sorted(_DJANGOS & set(names))
        if both:
            text = f"{both[0]} keeps pages too, which no edge of the policy reaches"
            hint = "take it out of MIDDLEWARE"
            found.append(checks.Warning(text, hint=hint, id="cachepolicy.W005"))
    return found


def _language(of: Any) -> list[checks.CheckMessage]:
    has_languages = settings.USE_I18N and len(settings.LANGUAGES) > 1
    if not has_languages or not any(it.endswith("LocaleMiddleware") for it in settings.MIDDLEWARE):
        return []
    found: list[checks.CheckMessage] = []
    for name, level in of.levels.items():
        if level["route"] and level["tiers"] and not of.needs((name,)).language:
            text = f"`{name}` is kept for all languages at once, and LocaleMiddleware chooses one"
            hint = "`vary accept-language`, or the cookie, or an `attr language`"
            found.append(checks.Warning(text, hint=hint, id="cachepolicy.W006"))
    return found
