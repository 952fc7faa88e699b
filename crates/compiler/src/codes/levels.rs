//! Levels: what they contain, store and keep.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "contains-cycle",
        "Levels contain each other in a circle.",
        "A copy embeds copies of what its level contains, so no level can contain itself, not even through others.",
        "fragment a { store shared; ttl 5m; contains b }\nfragment b { store shared; ttl 5m; contains a }",
        "fragment a { store shared; ttl 5m; contains b }\nfragment b { store shared; ttl 5m }",
    ),
    error(
        "contains-coarser",
        "A level contains one of a coarser kind.",
        "From coarse to fine there are site, view, fragment and object. A level contains levels of its own kind or finer ones.",
        "fragment part { store shared; ttl 5m }\nobject cell { store shared; ttl 5m; contains part }",
        "fragment part { store shared; ttl 5m; contains cell }\nobject cell { store shared; ttl 5m }",
    ),
    error(
        "missing-argument",
        "A level is contained without a value for each of its parameters.",
        "The values say which copy is embedded.",
        "view page { route GET \"/\"; contains article; cost 5ms }",
        "view page { route GET \"/\"; data slug; contains article(slug); cost 5ms }",
    ),
    error(
        "extra-argument",
        "A level is given more values than it has parameters.",
        "Remove the value, or give the level a parameter for it.",
        "view page(slug) { route GET \"/{slug}\"; contains article(slug, 7); cost 5ms }",
        "view page(slug) { route GET \"/{slug}\"; contains article(slug); cost 5ms }",
    ),
    error(
        "two-lists",
        "A level is given two lists.",
        "One argument may be a list: one copy is embedded for each of its values. For two it would not be clear which belong together.",
        "object pair(a, b) { store shared; ttl 5m }\nview page { route GET \"/\"; data xs max 5, ys max 5; contains pair(each xs, each ys); cost 5ms }",
        "object pair(a, b) { store shared; ttl 5m }\nview page { route GET \"/\"; data xs max 5, y; contains pair(each xs, y); cost 5ms }",
    ),
    error(
        "list-without-each",
        "A list stands where one value is needed.",
        "`each` says that one copy, or one tag, is meant for each of its values.",
        "view page { route GET \"/\"; data slugs max 5; contains article(slugs); cost 5ms }",
        "view page { route GET \"/\"; data slugs max 5; contains article(each slugs); cost 5ms }",
    ),
    error(
        "not-a-list",
        "`each` stands before a single value.",
        "A `data` value is a list if it says how long it can get (`max 10`), or `list`; a path is one if a reference on it is `-> many`.",
        "view page { route GET \"/\"; data slug; contains article(each slug); cost 5ms }",
        "view page { route GET \"/\"; data slugs max 5; contains article(each slugs); cost 5ms }",
    ),
    warning(
        "stored-nowhere",
        "A level is stored in a backend of the kind `none`.",
        "Such a backend keeps nothing: every look-up is a miss. It is useful to switch a cache off for a test.",
        "backend off none { }\nobject a { store off; ttl 5m }",
        "object a { store shared; ttl 5m }",
    ),
];
