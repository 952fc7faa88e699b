//! Keys and variants.

use super::{CodeDoc, error, warning};

pub(super) static CODES: &[CodeDoc] = &[
    error(
        "key-not-injective",
        "Different copies of a level would have one key.",
        "One of them would be served for the other. A key names every parameter and every variant, and a text between two values keeps them apart. Without `key` it is made like that.",
        "object product(id) { store shared; key \"product:{id}\"; vary currency; ttl 5m }",
        "object product(id) { store shared; key \"product:{id}:{currency}\"; vary currency; ttl 5m }",
    ),
    error(
        "data-in-key",
        "A key names a value that is found only while filling.",
        "A look-up has to know the key before it finds anything.",
        "object latest { store shared; data slug; key \"latest:{slug}\"; ttl 5m }",
        "object latest { store shared; data slug; key \"latest\"; ttl 5m }",
    ),
    warning(
        "unbounded-variants",
        "A key takes something of the request that may have any value.",
        "Everybody who sends another value makes another copy: the cache fills with copies that nobody asks for again. Give it a domain, or keep it out of the key.",
        "request { header user-agent }\nview page { route GET \"/\"; store shared; vary user-agent; ttl 5m }",
        "request { header user-agent in [mobile, desktop] else desktop }\nview page { route GET \"/\"; store shared; vary user-agent; ttl 5m }",
    ),
];
