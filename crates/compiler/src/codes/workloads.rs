//! Workloads and claims.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "shares",
        "The shares of a `choice` do not add up to 100%.",
        "Every draw takes one of the values.",
        "workload w { duration 1h; cookie currency choice(EUR 80%, USD 10%) }",
        "workload w { duration 1h; cookie currency choice(EUR 80%, USD 20%) }",
    ),
    error(
        "missing-popularity",
        "A workload asks for a route with a hole and does not say for which values.",
        "How popular the values are decides how well a cache does: `zipf` for few that are asked for often, `uniform` for all alike.",
        "workload w { duration 1h; requests 5/s { GET \"/articles/{slug}\" } }",
        "workload w { duration 1h; requests 5/s { GET \"/articles/{slug}\" slug zipf(1.0, 5_000) } }",
    ),
    warning(
        "covered-claim",
        "A claim is about a level that users see only through copies of another one.",
        "It holds for the level's own look-ups; a copy that embeds it can be older. A claim about a route, or about `requests`, is about what users get.",
        "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 5m; cost 5ms }\nexpect { staleness(article).p99 <= 1m }",
        "view page(slug) { route GET \"/{slug}\"; store shared; contains article(slug); ttl 5m; cost 5ms }\nexpect { staleness(GET \"/{slug}\").p99 <= 1m }",
    ),
];
