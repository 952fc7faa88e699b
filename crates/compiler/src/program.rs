//! All items of a policy: declares their names, then lowers them kind by kind.

use crate::context::Context;
use crate::lower::backends::{self, BackendDraft};
use crate::lower::headers::{self, header_row};
use crate::lower::levels::LevelDraft;
use crate::lower::requests::RequestDraft;
use crate::lower::service::Service;
use crate::lower::workloads::WorkloadDraft;
use crate::lower::{
    Owner, claims, draws, edges, head_word, item_noun, lower_block, models, nothing_else, order,
};
use crate::names::Kind;
use crate::property::header_span;
use crate::suggest;
use crate::table::{BACKEND, BUS, ITEMS, LEVEL, ORIGIN, POLICY, REQUEST, Row, WORKLOAD};
use cachepolicy_core::policy::{BackendKind, Model};
use cachepolicy_core::{LevelKind, WorkloadId};
use cachepolicy_syntax::tree::Statement;
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// The items by what they declare, in the order written.
#[derive(Default)]
struct Items<'t> {
    policies: Vec<&'t Statement>,
    requests: Vec<&'t Statement>,
    models: Vec<(&'t Statement, Spanned<&'t str>)>,
    origins: Vec<(&'t Statement, Spanned<&'t str>)>,
    backends: Vec<(&'t Statement, Spanned<&'t str>, BackendKind)>,
    buses: Vec<(&'t Statement, Spanned<&'t str>)>,
    levels: Vec<&'t Statement>,
    edges: Vec<&'t Statement>,
    workloads: Vec<(&'t Statement, Spanned<&'t str>)>,
    expectations: Vec<&'t Statement>,
}

/// Lowers everything into the context's policy; gives back the levels with their places, in the
/// final order.
pub(crate) fn lower(cx: &mut Context<'_>, items: &[Statement]) -> Vec<LevelDraft> {
    let mut sorted = Items::default();
    for item in items {
        declare(cx, &mut sorted, item);
    }
    service(cx, &sorted.policies, items);
    lower_models(cx, &sorted.models);
    lower_requests(cx, &sorted.requests);
    lower_origins(cx, &sorted.origins);
    lower_backends(cx, &sorted.backends);
    lower_buses(cx, &sorted.buses);
    let drafts = lower_levels(cx, &sorted.levels);
    let drafts = order::sort(cx, drafts);
    cx.policy.levels = drafts.iter().map(|draft| draft.level.clone()).collect();
    lower_edges(cx, &sorted.edges);
    lower_workloads(cx, &sorted.workloads);
    lower_expectations(cx, &sorted.expectations);
    drafts
}

static POLICY_HEADER: Row = header_row("policy", "NAME { … }", "policy news { edition 1 }");
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
static EXPECT_HEADER: Row =
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
fn declare<'t>(cx: &mut Context<'_>, items: &mut Items<'t>, item: &'t Statement) {
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

fn owner<'t>(word: &'static str, title: &'t str, item: &Statement) -> Owner<'t> {
    Owner {
        word,
        title,
        kind: None,
        header: header_span(item),
        span: item.span,
    }
}

fn service(cx: &mut Context<'_>, policies: &[&Statement], items: &[Statement]) {
    let Some((first, others)) = policies.split_first() else {
        report_no_policy(cx, items);
        return;
    };
    for other in others {
        cx.report(
            Diagnostic::error(
                "duplicate-name",
                header_span(other),
                "there is a second `policy`",
            )
            .related(header_span(first), "the first stands here")
            .help("a policy has one; put their properties together"),
        );
    }
    if let Some(mut reader) = headers::reader(cx, first, &POLICY_HEADER)
        && let Some(name) = reader.name(cx, "the name of the service")
    {
        reader.finish(cx);
        cx.policy.name = name.value.to_owned();
        cx.spans.policy = Some(name.span);
    }
    let mut service = Service::default();
    let owner = owner("policy", "policy", first);
    lower_block(
        cx,
        owner,
        first.block.as_ref(),
        POLICY,
        &[],
        &mut service,
        &mut nothing_else,
    );
    cx.policy.edition = service.edition;
    cx.policy.semantics = service.semantics;
    cx.policy.processes = service.processes;
    cx.policy.threads = service.threads;
}

fn report_no_policy(cx: &mut Context<'_>, items: &[Statement]) {
    let Some((file, _)) = cx.sources.iter().next() else {
        return;
    };
    let place = Span {
        file,
        start: 0,
        end: 0,
    };
    let damaged = Span {
        end: u32::MAX,
        ..place
    };
    if items.is_empty() || cx.is_damaged(damaged) {
        return;
    }
    cx.report(
        Diagnostic::error(
            "missing-policy",
            place,
            "nothing says what service this policy is for",
        )
        .help("begin with `policy NAME { edition 1 }`")
        .fix(
            "insert a `policy`",
            place,
            "policy service { edition 1 }\n\n",
        ),
    );
}

fn lower_models(cx: &mut Context<'_>, items: &[(&Statement, Spanned<&str>)]) {
    // All names first: models refer to each other.
    for (_, name) in items {
        let model = Model {
            name: name.value.to_owned(),
            place: cx.place(name.span),
            fields: Vec::new(),
        };
        cx.policy.models.push(model);
        cx.spans.models.push(name.span);
    }
    for (index, (item, name)) in items.iter().enumerate() {
        let owner = owner("model", name.value, item);
        let fields = models::fields(cx, owner, item.block.as_ref());
        if let Some(model) = cx.policy.models.get_mut(index) {
            model.fields = fields;
        }
    }
}

fn lower_requests(cx: &mut Context<'_>, items: &[&Statement]) {
    let mut draft = RequestDraft::default();
    for item in items {
        let owner = owner("request", "request", item);
        lower_block(
            cx,
            owner,
            item.block.as_ref(),
            REQUEST,
            &[],
            &mut draft,
            &mut nothing_else,
        );
    }
    draft.finish(cx);
}

fn lower_origins(cx: &mut Context<'_>, items: &[(&Statement, Spanned<&str>)]) {
    for (item, name) in items {
        let mut origin = backends::new_origin(name.value.to_owned(), cx.place(name.span));
        let title = format!("origin {}", name.value);
        let owner = owner("origin", &title, item);
        lower_block(
            cx,
            owner,
            item.block.as_ref(),
            ORIGIN,
            &[],
            &mut origin,
            &mut nothing_else,
        );
        cx.policy.origins.push(origin);
        cx.spans.origins.push(name.span);
    }
}

fn lower_backends(cx: &mut Context<'_>, items: &[(&Statement, Spanned<&str>, BackendKind)]) {
    for (item, name, kind) in items {
        let mut draft = BackendDraft::new(name.value.to_owned(), cx.place(name.span), *kind);
        let title = format!("backend {}", name.value);
        let owner = owner("backend", &title, item);
        lower_block(
            cx,
            owner,
            item.block.as_ref(),
            BACKEND,
            &[],
            &mut draft,
            &mut nothing_else,
        );
        let backend = draft.finish(cx);
        cx.policy.backends.push(backend);
        cx.spans.backends.push(name.span);
    }
}

fn lower_buses(cx: &mut Context<'_>, items: &[(&Statement, Spanned<&str>)]) {
    for (item, name) in items {
        let mut bus = backends::new_bus(name.value.to_owned(), cx.place(name.span));
        let title = format!("bus {}", name.value);
        let owner = owner("bus", &title, item);
        lower_block(
            cx,
            owner,
            item.block.as_ref(),
            BUS,
            &[],
            &mut bus,
            &mut nothing_else,
        );
        cx.policy.buses.push(bus);
        cx.spans.buses.push(name.span);
    }
}

fn lower_levels(cx: &mut Context<'_>, items: &[&Statement]) -> Vec<LevelDraft> {
    let mut drafts = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(header) = cx.levels.get(index).cloned() else {
            continue;
        };
        let span = header_span(item);
        let place = cx.place(header.span);
        let mut draft = LevelDraft::new(cx, &header, place, span);
        let word = header.kind.name();
        let title = format!("{word} {}", header.name);
        let owner = Owner {
            kind: Some(header.kind),
            ..owner(word, &title, item)
        };
        draft.seen = lower_block(
            cx,
            owner,
            item.block.as_ref(),
            LEVEL,
            &["data", "route"],
            &mut draft,
            &mut nothing_else,
        );
        for dimension in std::mem::take(&mut draft.bound) {
            if !draft.level.uses.contains(&dimension) {
                draft.level.uses.push(dimension);
            }
        }
        drafts.push(draft);
    }
    drafts
}

fn lower_edges(cx: &mut Context<'_>, items: &[&Statement]) {
    for item in items {
        if let Some(header) = headers::edge(cx, item) {
            let (block, spans) = edges::edge(cx, header, item);
            cx.policy.edges.push(block);
            cx.spans.actions.push(spans);
        }
    }
}

fn lower_workloads(cx: &mut Context<'_>, items: &[(&Statement, Spanned<&str>)]) {
    for (item, name) in items {
        let mut draft = WorkloadDraft::new(name.value.to_owned(), cx.place(name.span));
        let title = format!("workload {}", name.value);
        let owner = owner("workload", &title, item);
        let block = item.block.as_ref();
        lower_block(
            cx,
            owner,
            block,
            WORKLOAD,
            &[],
            &mut draft,
            &mut draws::bare,
        );
        let workload = draft.finish(cx);
        cx.policy.workloads.push(workload);
    }
}

fn lower_expectations(cx: &mut Context<'_>, items: &[&Statement]) {
    for item in items {
        let workload = expectation_header(cx, item);
        let statements = item
            .block
            .as_ref()
            .map_or(&[][..], |block| &block.statements);
        for statement in statements {
            if let Some((expectation, span, subject)) = claims::claim(cx, workload, statement) {
                cx.policy.expectations.push(expectation);
                cx.spans.claims.push((span, subject));
            }
        }
    }
    claims::number_ids(&mut cx.policy.expectations);
}

fn expectation_header(cx: &mut Context<'_>, item: &Statement) -> Option<WorkloadId> {
    let mut reader = headers::reader(cx, item, &EXPECT_HEADER)?;
    if !reader.eat("for") {
        reader.finish(cx)?;
        return None;
    }
    let name = reader.name(cx, "the name of a workload")?;
    reader.finish(cx)?;
    if let Some((index, _)) = cx.names.workloads.get(name.value) {
        return Some(WorkloadId(*index));
    }
    let known = cx.names.workloads.keys().map(String::as_str);
    let help = match suggest::closest(name.value, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => match suggest::listed(known) {
            all if all.is_empty() => "declare it: `workload weekday { … }`".to_owned(),
            all => format!("declared are {all}"),
        },
    };
    let message = format!("there is no workload `{}`", name.value);
    cx.report(Diagnostic::error("unknown-name", name.span, message).help(help));
    None
}
