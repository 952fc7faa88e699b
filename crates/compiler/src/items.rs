//! The items of a policy: what they are, and the names that they declare.

use crate::context::Context;
use crate::lower::backends;
use crate::lower::headers::{self, header_row};
use crate::lower::{head_word, item_noun};
use crate::names::Kind;
use crate::suggest;
use crate::table::{ITEMS, Row};
use cachepolicy_core::LevelKind;
use cachepolicy_core::policy::BackendKind;
use cachepolicy_syntax::tree::Statement;
use cachepolicy_syntax::{Diagnostic, Spanned};

/// The items by what they declare, in the order written.
#[derive(Default)]
pub(crate) struct Items<'t> {
    pub(crate) policies: Vec<&'t Statement>,
    pub(crate) requests: Vec<&'t Statement>,
    pub(crate) models: Vec<(&'t Statement, Spanned<&'t str>)>,
    pub(crate) origins: Vec<(&'t Statement, Spanned<&'t str>)>,
    pub(crate) backends: Vec<(&'t Statement, Spanned<&'t str>, BackendKind)>,
    pub(crate) buses: Vec<(&'t Statement, Spanned<&'t str>)>,
    pub(crate) levels: Vec<&'t Statement>,
    pub(crate) edges: Vec<&'t Statement>,
    pub(crate) workloads: Vec<(&'t Statement, Spanned<&'t str>)>,
    pub(crate) expectations: Vec<&'t Statement>,
}

pub(crate) static POLICY_HEADER: Row =
    header_row("policy", "NAME { … }", "policy news { edition 1 }");
static REQUEST_HEADER: Row = header_row("request", "{ … }", "request { user.id personal }");
static MODEL_HEADER: Row = header_row("model", "NAME { … }", "model Article { id; slug }");
static ORIGIN_HEADER: Row = header_row("origin", "NAME { … }", "origin db { slots 20 }");
static BACKEND_HEADER: Row = header_row(
    "backend",
    "NAME KIND { … }",
    "backend shared redis { capacity 2GiB }",
);
static BUS_HEADER: Row = header_row("bus", "NAME { … }", "bus outbox { delivery at-least-once }");
static WORKLOAD_HEADER: Row =
    header_row("workload", "NAME { … }", "workload weekday { duration 1h }");
pub(crate) static EXPECT_HEADER: Row =
    header_row("expect", "[for WORKLOAD] { … }", "expect { prove no-leak }");
static LEVEL_HEADERS: [(LevelKind, Row); 4] = [
    (
        LevelKind::Site,
        header_row("site", "NAME { … }", "site public { route GET \"/**\" }"),
    ),
    (
        LevelKind::View,
        header_row(
            "view",
            "NAME(PARAMETERS) { … }",
            "view homepage { route GET \"/\" }",
        ),
    ),
    (
        LevelKind::Fragment,
        header_row(
            "fragment",
            "NAME(PARAMETERS) { … }",
            "fragment sidebar(user) { … }",
        ),
    ),
    (
        LevelKind::Object,
        header_row(
            "object",
            "NAME(PARAMETERS) { … }",
            "object article(slug) { … }",
        ),
    ),
];

/// Declares an item's name.
pub(crate) fn declare<'t>(cx: &mut Context<'_>, items: &mut Items<'t>, item: &'t Statement) {
    let word = head_word(item).unwrap_or_default();
    match word {
        "policy" => items.policies.push(item),
        "request" => {
            if let Some(reader) = headers::reader(cx, item, &REQUEST_HEADER) {
                reader.finish(cx);
            }
            items.requests.push(item);
        }
        "on" => items.edges.push(item),
        "expect" => items.expectations.push(item),
        "model" => items
            .models
            .extend(named(cx, item, Kind::Model, &MODEL_HEADER)),
        "origin" => items
            .origins
            .extend(named(cx, item, Kind::Origin, &ORIGIN_HEADER)),
        "bus" => items.buses.extend(named(cx, item, Kind::Bus, &BUS_HEADER)),
        "backend" => items.backends.extend(backend(cx, item)),
        "workload" => items.workloads.extend(workload(cx, item)),
        _ => match LEVEL_HEADERS.iter().find(|(_, row)| row.word == word) {
            Some((kind, row)) => {
                if let Some((header, name)) = headers::level(cx, *kind, item, row)
                    && cx.declare(Kind::Level, name).is_some()
                {
                    cx.levels.push(header);
                    items.levels.push(item);
                }
            }
            None => unknown(cx, item),
        },
    }
}

fn named<'t>(
    cx: &mut Context<'_>,
    item: &'t Statement,
    kind: Kind,
    row: &'static Row,
) -> Option<(&'t Statement, Spanned<&'t str>)> {
    let mut reader = headers::reader(cx, item, row)?;
    let name = reader.name(cx, "a name")?;
    reader.finish(cx);
    cx.declare(kind, name)?;
    Some((item, name))
}

fn backend<'t>(
    cx: &mut Context<'_>,
    item: &'t Statement,
) -> Option<(&'t Statement, Spanned<&'t str>, BackendKind)> {
    let mut reader = headers::reader(cx, item, &BACKEND_HEADER)?;
    let name = reader.name(cx, "a name")?;
    cx.declare(Kind::Backend, name)?;
    let kind = backends::kind(cx, &mut reader);
    if kind.is_some() {
        reader.finish(cx);
    }
    // Of a wrong kind nothing else is known: any will do for the checks that follow.
    Some((item, name, kind.unwrap_or(BackendKind::Redis)))
}

fn workload<'t>(
    cx: &mut Context<'_>,
    item: &'t Statement,
) -> Option<(&'t Statement, Spanned<&'t str>)> {
    let mut reader = headers::reader(cx, item, &WORKLOAD_HEADER)?;
    let name = reader.name(cx, "a name")?;
    reader.finish(cx);
    if let Some((_, first)) = cx.names.workloads.get(name.value) {
        let diagnostic = Diagnostic::error(
            "duplicate-name",
            name.span,
            format!("there are two workloads `{}`", name.value),
        )
        .related(*first, "the first stands here")
        .help("rename one of them");
        cx.report(diagnostic);
        return None;
    }
    let index = u16::try_from(cx.names.workloads.len()).ok()?;
    cx.names
        .workloads
        .insert(name.value.to_owned(), (index, name.span));
    Some((item, name))
}

/// Words with which people begin what is a backend.
const PLACES: [&str; 7] = [
    "redis",
    "memcached",
    "memory",
    "disk",
    "cdn",
    "proxy",
    "cache",
];

/// Neither an item, nor (if it has no block) anything else that stands outside of items.
fn unknown(cx: &mut Context<'_>, item: &Statement) {
    let span = item
        .phrases
        .first()
        .and_then(|phrase| phrase.terms.first())
        .map_or(item.span, |term| term.span);
    let word = head_word(item).unwrap_or_default();
    let words = ITEMS.iter().map(|item| item.word);
    let owner = ITEMS
        .iter()
        .find(|owner| (owner.rows)().iter().any(|row| row.head() == word));
    let (message, help) = match (suggest::closest(word, words.clone()), owner) {
        _ if PLACES.contains(&word) => (
            format!("`{}` is not an item", cx.quote(span)),
            "a place for copies is a backend, as in `backend shared redis { capacity 2GiB }`"
                .to_owned(),
        ),
        (Some(meant), _) => (
            format!("`{}` is not an item", cx.quote(span)),
            format!("did you mean `{meant}`?"),
        ),
        (None, Some(owner)) if item.block.is_none() => (
            format!("`{word}` stands outside of an item"),
            format!("it belongs into the block of {}", item_noun(owner.word)),
        ),
        _ => (
            format!("`{}` is not an item", cx.quote(span)),
            format!("a file has {}", suggest::listed(words)),
        ),
    };
    cx.report(Diagnostic::error("unknown-item", span, message).help(help));
}
