//! The items of a policy file.

use super::{BACKEND, BUS, LEVEL, ORIGIN, POLICY, REQUEST, Row, WORKLOAD, rows};
use cachepolicy_core::LevelKind;

/// What can stand at the top of a file.
#[derive(Debug)]
pub struct Item {
    /// The word that it begins with.
    pub word: &'static str,
    /// How it begins.
    pub header: &'static str,
    /// A sentence or two.
    pub doc: &'static str,
    /// A whole one.
    pub example: &'static str,
    /// What its block may hold.
    pub rows: fn() -> Vec<&'static Row>,
}

/// All of them, in the order in which a file usually has them.
pub static ITEMS: [Item; 14] = [
    Item {
        word: "import",
        header: "import \"FILE\"",
        doc: "Brings in the items of another file, which is found relative to this one. Each file is imported once.",
        example: "import \"shared/models.cachepolicy\"",
        rows: Vec::new,
    },
    Item {
        word: "policy",
        header: "policy NAME",
        doc: "The service. Every policy has one.",
        example: "policy news {\n  edition   1\n  semantics django \"5.2\"\n  processes 4\n  threads   8\n}",
        rows: || rows(POLICY),
    },
    Item {
        word: "model",
        header: "model NAME",
        doc: "Something that is written. Its block holds its fields: `-> Model` is a reference to a row of a model by its `id`, `-> many Model` to several. `id` is the identity, and there even if it is left out.",
        example: "model Article { id; slug; title; author -> Author; tags -> many Tag }",
        rows: Vec::new,
    },
    Item {
        word: "request",
        header: "request",
        doc: "The dimensions: what is known of a request before any look-up. Keys and variants are made of them. A value outside of a dimension's domain bypasses every level that depends on it, unless `coerce` is written: then it counts as the `else` value, for the application too. `personal` marks what identifies somebody. `by` says that one follows from another.",
        example: "request {\n  user.id                personal\n  header accept-language negotiated [en, fr] else en\n  cookie currency        in [EUR, USD] else EUR\n  ignore query           [utm_*, fbclid]\n}",
        rows: || rows(REQUEST),
    },
    Item {
        word: "origin",
        header: "origin NAME",
        doc: "What a miss loads: a database, an upstream service.",
        example: "origin db { slots 20; replica-lag 50ms max 400ms }",
        rows: || rows(ORIGIN),
    },
    Item {
        word: "backend",
        header: "backend NAME KIND",
        doc: "A place for copies. Its kind is `memory` (one in each process, lost with it), `redis` (one, shared), `proxy` (one, before the application), `cdn` (several points of presence), `disk` (one in each process, survives a restart), or `none` (stores nothing).",
        example: "backend shared redis { capacity 2GiB; evict lru; latency 400us }",
        rows: || rows(BACKEND),
    },
    Item {
        word: "bus",
        header: "bus NAME",
        doc: "How an invalidation travels from the commit to the copies.",
        example: "bus outbox { delivery at-least-once; delay exp(mean 40ms) max 2s }",
        rows: || rows(BUS),
    },
    Item {
        word: "site",
        header: "site NAME",
        doc: "Whole responses, before routing. It contains every view that its route matches.",
        example: "site public {\n  route GET \"/**\"\n  store shared\n  ttl   60s\n  skip  when user.id\n}",
        rows: || level_rows(LevelKind::Site),
    },
    Item {
        word: "view",
        header: "view NAME(PARAMETERS)",
        doc: "The response of one view. Its parameters are the holes of its route. Of several routes that match a request, the most specific one answers.",
        example: "view article_page(slug) {\n  route    GET \"/articles/{slug}\"\n  store    shared\n  contains article(slug)\n  ttl      60s jitter 10%\n  cost     15ms\n}",
        rows: || level_rows(LevelKind::View),
    },
    Item {
        word: "fragment",
        header: "fragment NAME(PARAMETERS)",
        doc: "A piece of a page.",
        example: "fragment sidebar(user) {\n  store shared\n  uses  user\n  ttl   10m\n  cost  5ms\n}",
        rows: || level_rows(LevelKind::Fragment),
    },
    Item {
        word: "object",
        header: "object NAME(PARAMETERS)",
        doc: "A value: a row, a computed figure, a list.",
        example: "object article(slug) {\n  store    shared\n  reads    Article(slug)\n  ttl      10m\n  stampede lease 2s wait 1s\n  cost     20ms on db\n}",
        rows: || level_rows(LevelKind::Object),
    },
    Item {
        word: "on",
        header: "on MODEL create|update|delete [after commit | before commit by DURATION] [via BUS]",
        doc: "Invalidation edges: what a write of that model does to copies. A bare field stands for both images of the row, before and after the write; `old.field` and `new.field` select one. Paths follow references: `product.slug`, `each categories.slug`. Every parameter of the target is bound, to a value or to `*`. `when` limits an action to some writes: `changed(a, b)`, which holds for a create and a delete too, comparisons with `==`, `!=`, `in`, and `and or not`. `cascade` also does it to every level that contains the target or a bearer of the tag. Without `via` the delivery is in-process: at once, reaching shared backends and the memory of the writer's own process.",
        example: "on Article create|update|delete after commit via outbox {\n  purge  article(slug)\n  expire homepage when changed(title)\n  purge  tag \"author:{author}\" cascade\n}",
        rows: || ACTIONS.iter().collect(),
    },
    Item {
        word: "workload",
        header: "workload NAME",
        doc: "A synthetic trace, and what goes wrong in it. A route's parameter, a dimension or a `data` name may stand as a statement of its own, with its popularity.",
        example: "workload weekday {\n  duration 1h\n  requests 200/s poisson {\n    GET \"/\"                weight 30\n    GET \"/articles/{slug}\" weight 60 slug zipf(1.0, 50_000)\n  }\n  user.id              5% of 20_000\n  write Article update 0.2/s slug zipf(1.2, 50_000)\n  at 30m flush shared\n}",
        rows: || rows(WORKLOAD),
    },
    Item {
        word: "expect",
        header: "expect [for WORKLOAD]",
        doc: "What must hold before this is deployed. `prove` and `accept` are decided from the policy alone; the other claims name a figure of the report, and are measured.",
        example: "expect {\n  prove  no-leak\n  prove  staleness(article_page, Article) <= 10s\n  hit_ratio(GET \"/\")    >= 80%\n  latency(GET \"/\").p99  <= 250ms\n}",
        rows: || CLAIMS.iter().collect(),
    },
];

fn level_rows(kind: LevelKind) -> Vec<&'static Row> {
    let mut rows = rows(LEVEL);
    rows.retain(|row| row.kinds.contains(kind));
    rows
}

/// The actions of an invalidation edge.
pub(crate) static ACTIONS: [Row; 3] = [
    Row::new(
        "purge",
        "LEVEL(PARAMETER: VALUE) | tag \"TEMPLATE\" [cascade] [when CONDITION]",
        "Removes the copies, in every variant",
        "purge article(slug) when changed(title)",
    )
    .repeats(),
    Row::new(
        "expire",
        "LEVEL(PARAMETER: VALUE) | tag \"TEMPLATE\" [cascade] [when CONDITION]",
        "Makes the copies stale at once, so that the stale windows apply",
        "expire homepage",
    )
    .repeats(),
    Row::new(
        "bump",
        "LEVEL(PARAMETER: VALUE) | tag \"TEMPLATE\" [cascade] [when CONDITION]",
        "Raises the family's version: older copies are never read again, and wait for eviction",
        "bump sidebar(*)",
    )
    .repeats(),
];

/// The claims of an `expect` block that are decided without a simulation.
pub(crate) static CLAIMS: [Row; 2] = [
    Row::new(
        "prove",
        "no-leak | staleness(SUBJECT, MODEL) <= DURATION",
        "Decided from the policy, for every trace: no copy reaches another user; no copy is served that misses a write of that model for longer. The subject is a level, a route or `requests`, the model may be `*`",
        "prove staleness(homepage, Article) <= 2m",
    )
    .repeats(),
    Row::new(
        "accept",
        "staleness(SUBJECT, MODEL) <= DURATION",
        "As `prove`, and says \"we know\" to the warnings about that pair",
        "accept staleness(public, *) <= forever",
    )
    .repeats(),
];
