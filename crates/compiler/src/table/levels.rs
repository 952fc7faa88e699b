//! The properties of levels.

use super::{Kinds, Required, Row, Rule};
use crate::lower::levels::LevelDraft;
use crate::lower::{contains, http, keys, levels, lifetimes, reads, routes};
use cachepolicy_core::level::Downstream;

pub(crate) static LEVEL: &[Rule<LevelDraft>] = &[
    Rule::new(
        Row::new(
            "route",
            "METHODS \"/path\"",
            "The requests that it answers: `{name}` is a piece of the path, `{name:int}` one of digits, `{name:**}` and `**` any rest",
            "route GET \"/articles/{slug}\"",
        )
        .on(Kinds::ROUTED)
        .required(Required::On(Kinds::ROUTED)),
        routes::route,
    ),
    Rule::new(
        Row::new(
            "store",
            "BACKEND [ttl DURATION], …",
            "Where its copies live; several backends are tiers, nearest first, each with its own ceiling on residence",
            "store hot ttl 5s, shared",
        )
        .left_out("a view is not stored: only what it contains is")
        .required(Required::On(Kinds::NOT_VIEW)),
        levels::store,
    ),
    Rule::new(
        Row::new(
            "key",
            "\"TEMPLATE\"",
            "The key; it must name every parameter and every variant, apart from each other. `{url}` is what a level with a route has by default",
            "key \"article:{slug}:v2\"",
        )
        .left_out("kind, name, parameters and variants; with a route: host, path, and every query parameter that is not ignored, sorted")
        .stored(),
        keys::key,
    ),
    Rule::new(
        Row::new(
            "vary",
            "DIMENSION, …",
            "What of the request selects a variant of the copy",
            "vary accept-language, currency",
        )
        .left_out("one variant"),
        levels::vary,
    ),
    Rule::new(
        Row::new(
            "uses",
            "DIMENSION, …",
            "What of the request its own work looks at; `csrf` is the session's CSRF token",
            "uses user, accept-language",
        )
        .left_out("what `reads` binds"),
        levels::uses,
    ),
    Rule::new(
        Row::new(
            "data",
            "NAME [max COUNT | list], …",
            "Values that are found while filling; they are never in a key, but `contains`, `tags` and `reads` may use them",
            "data headlines max 10",
        ),
        levels::data,
    ),
    Rule::new(
        Row::new(
            "reads",
            "MODEL[(FIELD: VALUE)][.FIELD], …",
            "The data that its own work reads: of which rows, and which fields; a write is relevant if it creates, deletes or changes what is read",
            "reads Article(slug), Author.name",
        )
        .left_out("nothing"),
        reads::reads,
    ),
    Rule::new(
        Row::new(
            "contains",
            "LEVEL[(VALUE, each LIST)], …",
            "Copies of other levels that it embeds, in the order in which they are looked up",
            "contains article(each headlines), top_authors",
        )
        .left_out("nothing; a site always contains the view that answers its request"),
        contains::contains,
    ),
    Rule::new(
        Row::new(
            "batch",
            "max COUNT each DURATION",
            "The misses of an `each` are loaded together, up to so many in one unit of work, at its cost plus so much for each",
            "batch max 200 each 200us",
        )
        .left_out("one by one"),
        levels::batch,
    ),
    Rule::new(
        Row::new(
            "ttl",
            "DURATION [jitter PERCENT] [sliding] | from response [else DURATION] [max DURATION] | from trace else DURATION",
            "Fresh for so long after the store; jitter shortens each by up to so much, `sliding` starts anew with every read",
            "ttl 10m jitter 10%",
        )
        .required(Required::WhereStored)
        .stored(),
        lifetimes::ttl,
    ),
    Rule::new(
        Row::new(
            "stale-while-revalidate",
            "DURATION",
            "For so long after its ttl a copy is served while it is refreshed in the background (RFC 5861)",
            "stale-while-revalidate 30s",
        )
        .left_out("0s")
        .stored(),
        lifetimes::stale_while_revalidate,
    ),
    Rule::new(
        Row::new(
            "stale-if-error",
            "DURATION",
            "For so long after its ttl a copy is served when a fill fails (RFC 5861)",
            "stale-if-error 10m",
        )
        .left_out("0s")
        .stored(),
        lifetimes::stale_if_error,
    ),
    Rule::new(
        Row::new(
            "negative ttl",
            "DURATION",
            "How long \"there is none\" is kept: 404, 410, or an empty result",
            "negative ttl 15s",
        )
        .left_out("not kept")
        .stored(),
        lifetimes::negative,
    ),
    Rule::new(
        Row::new(
            "status",
            "[CODE, …]",
            "Responses that are stored",
            "status [200, 301]",
        )
        .left_out("200, 203, 301 and 308; under `semantics django` 200 and 304")
        .stored(),
        levels::status,
    ),
    Rule::new(
        Row::new(
            "early-refresh",
            "xfetch [beta NUMBER]",
            "Readers refresh a copy before it expires, with a probability that rises towards its end (Vattani et al., 2015)",
            "early-refresh xfetch beta 1",
        )
        .left_out("off; `beta` is 1")
        .stored(),
        lifetimes::early_refresh,
    ),
    Rule::new(
        Row::new(
            "stampede",
            "none | coalesce | lock DURATION [wait DURATION] | lease DURATION [wait DURATION]",
            "Who may regenerate a copy: everybody; one in each process; one in all, by a lock that expires; the same with a token that an invalidation revokes",
            "stampede lease 5s wait 2s",
        )
        .left_out("`none`; the wait of a lock is as long as the lock")
        .stored(),
        lifetimes::stampede,
    ),
    Rule::new(
        Row::new(
            "fence",
            "",
            "A fill that an invalidation overtook is not stored",
            "fence",
        )
        .left_out("off; a `lease` implies it")
        .stored(),
        lifetimes::fence,
    ),
    Rule::new(
        Row::new(
            "cost",
            "DURATIONS [on ORIGIN]",
            "Its own work on a miss, without what it contains",
            "cost lognormal(p50 80ms, p99 600ms) on db",
        )
        .left_out("0s"),
        levels::cost,
    ),
    Rule::new(
        Row::new(
            "timeout",
            "DURATION",
            "A fill that takes longer, with what it contains, is served but not stored",
            "timeout 5s",
        )
        .left_out("30s"),
        lifetimes::timeout,
    ),
    Rule::new(
        Row::new("size", "SIZES", "Bytes of a copy", "size from trace else 16KiB")
            .left_out("the trace's, else 1KiB"),
        levels::size,
    ),
    Rule::new(
        Row::new(
            "tags",
            "\"TEMPLATE\", …",
            "Names under which its copies can be purged",
            "tags \"posts\", \"author:{author}\"",
        )
        .left_out("none"),
        keys::tags,
    ),
    Rule::new(
        Row::new(
            "skip",
            "when CONDITION",
            "Requests that neither read nor write it: dimensions, `path(\"/admin/**\")`, `method`, with `and or not == != in`",
            "skip when user.id or path(\"/admin/**\")",
        )
        .left_out("none"),
        levels::skip,
    ),
    Rule::new(
        Row::new(
            "http",
            "{ … }",
            "Headers for caches downstream",
            "http { browser 0s; surrogate-keys on }",
        )
        .left_out("nothing is sent")
        .on(Kinds::ROUTED)
        .block(),
        http::http,
    ),
];

pub(crate) static HTTP: &[Rule<Downstream>] = &[
    Rule::new(
        Row::new(
            "browser",
            "DURATION",
            "How long a browser may keep the response; no purge reaches it there",
            "browser 0s",
        )
        .left_out("nothing is said"),
        http::browser,
    ),
    Rule::new(
        Row::new(
            "surrogate-keys",
            "on | off",
            "Sends the tags, so that a cdn can purge by them",
            "surrogate-keys on",
        )
        .left_out("off"),
        http::surrogate_keys,
    ),
];
