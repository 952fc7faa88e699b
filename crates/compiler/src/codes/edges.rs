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
    error(
        "misused-tracking",
        "A bus that tracks a backend is used like another one.",
        "Such a bus carries what a Redis tells its clients of changes of the keys that they keep in their memory. No edge travels on it: edges have buses of their own, and what they change there is told anyway. It reaches whom it has to, and nothing but a `redis` has such messages.",
        "bus tracking { delivery at-most-once; tracks shared }\nbackend hot memory\nobject setting(id) { store hot, shared; ttl 5m; reads Article(id: id); cost 5ms }\non Article update via tracking { purge setting(id) }",
        "bus tracking { delivery at-most-once; tracks shared }\nbackend hot memory\nobject setting(id) { store hot, shared; ttl 5m; reads Article(id: id); cost 5ms }\non Article update via outbox { purge setting(id) }",
    ),
    warning(
        "unborne-tag",
        "An edge removes copies by a tag that no level bears.",
        "It never removes anything. Tags fit if their texts are the same; what stands in holes may differ.",
        "on Article update { purge tag \"articles\" }",
        "view list { route GET \"/\"; store shared; ttl 5m; tags \"articles\"; reads Article; cost 5ms }\non Article update { purge tag \"articles\" }",
    ),
];
