//! Invalidation edges.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "unbound-parameter",
        "An edge does not say which copies of a level it removes.",
        "Each parameter of the target is bound to a field of the written row, or to `*`. So nobody empties a whole family by accident.",
        "on Article update { purge article }",
        "on Article update { purge article(slug) }",
    ),
    error(
        "not-a-reference",
        "A path goes on behind a field that is no reference.",
        "Paths follow references to other models, which are declared as `author -> Author`.",
        "on Article update { purge article(slug: title.slug) }",
        "on Article update { purge article(slug: author.name) }",
    ),
    warning(
        "unborne-tag",
        "An edge removes copies by a tag that no level bears.",
        "It never removes anything. Tags fit if their texts are the same; what stands in holes may differ.",
        "on Article update { purge tag \"articles\" }",
        "view list { route GET \"/\"; store shared; ttl 5m; tags \"articles\"; reads Article; cost 5ms }\non Article update { purge tag \"articles\" }",
    ),
];
