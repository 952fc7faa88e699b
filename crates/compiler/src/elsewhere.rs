//! Words of Django, Redis and other caches, and what the language has for them.

use crate::context::Context;
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// Words for properties and values, in lower case with `-`, and ours.
const WORDS: [(&str, &str); 44] = [
    ("swr", "stale-while-revalidate"),
    ("sie", "stale-if-error"),
    ("eviction", "evict"),
    ("eviction-policy", "evict"),
    ("maxmemory-policy", "evict"),
    ("cull-frequency", "evict"),
    ("maxsize", "capacity"),
    ("max-size", "capacity"),
    ("max-entries", "capacity"),
    ("max-items", "capacity"),
    ("maxmemory", "capacity"),
    ("size", "capacity"),
    ("memory", "capacity"),
    ("key-prefix", "prefix"),
    ("key-version", "version"),
    ("timeout", "ttl"),
    ("expire", "ttl"),
    ("expires", "ttl"),
    ("expiry", "ttl"),
    ("expiration", "ttl"),
    ("lifetime", "ttl"),
    ("max-age", "ttl"),
    ("s-maxage", "ttl"),
    ("cache-timeout", "ttl"),
    ("vary-on", "vary"),
    ("vary-on-headers", "vary"),
    ("backend", "store"),
    ("cache", "store"),
    ("url", "route"),
    ("path", "route"),
    ("depends", "reads"),
    ("depends-on", "reads"),
    ("include", "contains"),
    ("includes", "contains"),
    ("lock", "stampede"),
    ("mutex", "stampede"),
    ("dogpile", "stampede"),
    ("workers", "processes"),
    ("allkeys-lru", "redis-lru"),
    ("volatile-lru", "redis-lru"),
    ("allkeys-lfu", "redis-lfu"),
    ("volatile-lfu", "redis-lfu"),
    ("allkeys-random", "random"),
    ("noeviction", "none"),
];

/// Words for a life without end.
const FOREVER: [&str; 7] = [
    "None", "never", "null", "inf", "infinite", "infinity", "eternal",
];

/// Our words for one of another cache.
pub(crate) fn ours(word: &str) -> impl Iterator<Item = &'static str> {
    let folded = word.to_ascii_lowercase().replace('_', "-");
    WORDS
        .iter()
        .filter(move |(other, _)| *other == folded)
        .map(|(_, ours)| *ours)
}

/// Does the word mean that something never ends?
pub(crate) fn is_forever(word: &str) -> bool {
    FOREVER.contains(&word)
}

/// Something of the request by another's name: what to do, and what to write in its place where
/// that is certain.
struct Meant {
    help: String,
    instead: Option<String>,
}

impl Meant {
    fn help(help: impl Into<String>) -> Option<Self> {
        Some(Self {
            help: help.into(),
            instead: None,
        })
    }
}

/// What to say about a name that frameworks have for something that a request carries; nothing
/// when it is none of theirs. `is_condition` where it is asked whether that is so.
pub(crate) fn of_request(
    cx: &Context<'_>,
    name: Spanned<&str>,
    is_condition: bool,
) -> Option<Diagnostic> {
    let meant = match (logged_in(cx, name.value), is_condition) {
        (Some(meant), true) => meant,
        (Some(_), false) => Meant::help(
            "a copy for each user is `user.id`; one for all who are logged in hangs on an `attr logged_in in [yes, no]` of the `request` block; to leave them out write `skip when user.id`",
        )?,
        (None, _) => meant(cx, name.value)?,
    };
    let message = format!(
        "`{}` is not declared as something that a request carries",
        name.value
    );
    Some(mended(
        Diagnostic::error("unknown-dimension", name.span, message),
        meant,
        name.span,
    ))
}

/// The same for a call, `request.GET.get("page")`; `name` is what stands before its parenthesis.
pub(crate) fn of_call(cx: &Context<'_>, name: &str, span: Span) -> Option<Diagnostic> {
    let known = name.strip_suffix(".get").unwrap_or(name);
    let meant = logged_in(cx, known).or_else(|| meant(cx, known))?;
    let message = format!("`{}` is not a condition", cx.quote(span));
    Some(mended(
        Diagnostic::error("unexpected-value", span, message),
        meant,
        span,
    ))
}

fn mended(diagnostic: Diagnostic, meant: Meant, span: Span) -> Diagnostic {
    let diagnostic = diagnostic.help(meant.help);
    match meant.instead {
        Some(instead) => diagnostic.fix(format!("write `{instead}`"), span, instead),
        None => diagnostic,
    }
}

fn meant(cx: &Context<'_>, name: &str) -> Option<Meant> {
    let of_request = name.strip_prefix("request.");
    let word = of_request.unwrap_or(name);
    let (head, rest) = word.split_once('.').unwrap_or((word, ""));
    match (head, rest) {
        ("Cookie" | "cookie" | "COOKIES", "") => Meant::help(
            "which cookie? Declare the one that matters in the `request` block, for example `cookie currency`, and name it: `currency`",
        ),
        ("COOKIES", cookie) => Some(carried(cx, cookie, "cookie")),
        ("GET" | "query_params" | "args", "") if of_request.is_some() => Meant::help(
            "which query parameter? Declare the one that matters in the `request` block, for example `query page`, and name it: `page`",
        ),
        ("GET" | "query_params" | "args", query) if of_request.is_some() => {
            Some(carried(cx, query, "query"))
        }
        ("headers", header) if of_request.is_some() && !header.is_empty() => {
            Some(carried(cx, &header.to_ascii_lowercase(), "header"))
        }
        ("META", key) => Some(of_meta(cx, key)),
        ("user", property) => of_user(cx, property, of_request.is_some()),
        ("path" | "path_info", "") => Meant::help(
            "the key of a level with a `route` has the path; a piece of it is a parameter, as in `view page(slug) { route GET \"/{slug}\" }`; a condition is `path(\"/admin/**\")`",
        ),
        ("LANGUAGE_CODE" | "get_language", "") => Some(language(cx)),
        ("session", key) => Some(of_session(key)),
        ("POST" | "body" | "data" | "FILES", _) if of_request.is_some() => Meant::help(
            "what is answered from a cache has no body: leave such requests to a route of their own, without `store`",
        ),
        ("method", "") if of_request.is_some() => {
            Meant::help("write `method`, as in `skip when method != GET`")
        }
        ("host" | "get_host" | "build_absolute_uri", "") if of_request.is_some() => {
            Meant::help("the key of a level with a `route` has the host: leave it out here")
        }
        _ => of_request.map(|attr| carried(cx, attr, "attr")),
    }
}

/// What the `request` block declares, or should, as `KIND NAME`.
fn carried(cx: &Context<'_>, name: &str, kind: &str) -> Meant {
    if cx.find_dimension(name).is_some() {
        return Meant {
            help: format!("write `{name}`: the `request` block declares it"),
            instead: Some(name.to_owned()),
        };
    }
    Meant {
        help: format!("declare `{kind} {name}` in the `request` block and write `{name}`"),
        instead: None,
    }
}

fn of_meta(cx: &Context<'_>, key: &str) -> Meant {
    match key {
        "" | "REMOTE_ADDR" => Meant {
            help: "what the application finds out about the request is an `attr`: declare `attr country` in the `request` block and write `country`".to_owned(),
            instead: None,
        },
        _ => {
            let header = key.strip_prefix("HTTP_").unwrap_or(key);
            let header = header.to_ascii_lowercase().replace('_', "-");
            carried(cx, &header, "header")
        }
    }
}

/// `user.is_authenticated` and its opposite, in a condition.
fn logged_in(cx: &Context<'_>, name: &str) -> Option<Meant> {
    let (instead, why) = match name.strip_prefix("request.").unwrap_or(name) {
        "user.is_authenticated" => ("user.id", "whoever is logged in has one"),
        "user.is_anonymous" => ("not user.id", "whoever is logged in has one"),
        _ => return None,
    };
    Some(users(cx, instead, why))
}

fn of_user(cx: &Context<'_>, property: &str, of_request: bool) -> Option<Meant> {
    match property {
        "pk" => Some(users(cx, "user.id", "that is the user's key")),
        "" | "id" if of_request => Some(users(
            cx,
            "user.id",
            "`user` is always the one of the request",
        )),
        _ if of_request => Some(trimmed(carried(cx, &format!("user.{property}"), ""))),
        _ => None,
    }
}

fn users(cx: &Context<'_>, instead: &str, why: &str) -> Meant {
    if cx.find_dimension("user.id").is_some() {
        return Meant {
            help: format!("write `{instead}`: {why}"),
            instead: Some(instead.to_owned()),
        };
    }
    Meant {
        help: format!(
            "declare `user.id personal` in the `request` block and write `{instead}`: {why}"
        ),
        instead: None,
    }
}

/// A property of the user is declared without a word before it.
fn trimmed(meant: Meant) -> Meant {
    Meant {
        help: meant.help.replace("` user.", "`user."),
        ..meant
    }
}

fn language(cx: &Context<'_>) -> Meant {
    let help = "the language follows from a header: declare `header accept-language negotiated [en, fr] else en` in the `request` block and write `accept-language`";
    match cx.find_dimension("accept-language") {
        Some(_) => Meant {
            help: "write `accept-language`: the language follows from it".to_owned(),
            instead: Some("accept-language".to_owned()),
        },
        None => Meant {
            help: help.to_owned(),
            instead: None,
        },
    }
}

fn of_session(key: &str) -> Meant {
    let name = if key.is_empty() { "plan" } else { key };
    Meant {
        help: format!(
            "declare what of the session matters, for example `attr {name}`, in the `request` block and write `{name}`; all of it is one user's: `user.id`"
        ),
        instead: None,
    }
}
