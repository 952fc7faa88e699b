"""`{% load cachepolicy %}{% cached "sidebar" user.id %}…{% endcached %}`"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import mark_safe

register = template.Library()


class CachedNode(template.Node):
    """A fragment of the policy."""

    def __init__(self, nodelist: Any, name: Any, params: list[Any], named: dict[str, Any]) -> None:
        self.nodelist = nodelist
        self.name = name
        self.params = params
        self.named = named

    def render(self, context: Any) -> str:
        from ..levels import cache

        name = self.name.resolve(context)
        params = [param.resolve(context) for param in self.params]
        named = {key: value.resolve(context) for key, value in self.named.items()}
        try:
            key = cache.fragment(name, *params, **named)
        except (LookupError, TypeError) as error:
            raise template.TemplateSyntaxError(f"{{% cached %}}: {error}") from error
        made = key.get_or_load(lambda: str(self.nodelist.render(context)))
        return mark_safe(made or "")


@register.tag("cached")
def cached(parser: Any, token: Any) -> CachedNode:
    """A piece of a page that is a level of the policy: its name, and its parameters in order or by their names."""
    bits = token.split_contents()[1:]
    if not bits:
        raise template.TemplateSyntaxError('{% cached "name" parameters… %} names a level')
    named = (
        template.base.token_kwargs(bits[1:], parser) if any("=" in bit for bit in bits[1:]) else {}
    )
    plain = [] if named else bits[1:]
    params = [parser.compile_filter(bit) for bit in plain]
    nodelist = parser.parse(("endcached",))
    parser.delete_first_token()
    return CachedNode(nodelist, parser.compile_filter(bits[0]), params, named)
