//! Routes.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "bad-route",
        "A text is not a route.",
        "A route is a path from the root on, with holes: `{slug}`, `{id:int}`, `{path:**}` or `**` at the end. Query parameters are no part of it.",
        "view a { route GET \"a\"; cost 5ms }",
        "view a { route GET \"/a\"; cost 5ms }",
    ),
    error(
        "route-parameter",
        "The holes of a route and the parameters of its level are not the same.",
        "The parameters of a view are what its route's holes give. Both name them, so that one sees what the view depends on.",
        "view page { route GET \"/{slug}\"; cost 5ms }",
        "view page(slug) { route GET \"/{slug}\"; cost 5ms }",
    ),
    error(
        "duplicate-route",
        "Two views answer the same requests.",
        "Of several routes the most specific one answers; of two equal ones neither is.",
        "view a(x) { route GET \"/{x}\"; cost 5ms }\nview b(y) { route GET \"/{y}\"; cost 5ms }",
        "view a(x) { route GET \"/{x}\"; cost 5ms }\nview b(y) { route GET \"/b/{y}\"; cost 5ms }",
    ),
    warning(
        "shadowed-route",
        "A view is never reached: other routes answer all of its requests.",
        "It is dead text, and whoever changes it will wonder why nothing happens.",
        "view a { route GET \"/a\"; cost 5ms }\nview b { route HEAD \"/a\"; cost 1ms }",
        "view a { route GET \"/a\"; cost 5ms }",
    ),
    error(
        "overlapping-sites",
        "Two sites answer one request, and neither contains the other.",
        "A request goes through one site after the other. Which comes first is said by `contains`: the outer one contains the inner one.",
        "site edge { route GET \"/**\"; store shared; ttl 1m }\nsite app { route GET \"/**\"; store shared; ttl 5m }",
        "site edge { route GET \"/**\"; store shared; ttl 1m; contains app }\nsite app { route GET \"/**\"; store shared; ttl 5m }",
    ),
    warning(
        "unsafe-method",
        "Responses to a method that may change something are stored.",
        "A later request of that method would be answered from the cache, and its change never made. Caches keep responses to GET and HEAD.",
        "view a { route POST \"/a\"; store shared; ttl 1m }",
        "view a { route GET \"/a\"; store shared; ttl 1m }",
    ),
];
