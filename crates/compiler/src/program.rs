//! All items of a policy, lowered kind by kind.

use crate::context::Context;
use crate::items::{EXPECT_HEADER, Items, POLICY_HEADER, declare};
use crate::lower::backends::{self, BackendDraft};
use crate::lower::headers;
use crate::lower::levels::LevelDraft;
use crate::lower::requests::RequestDraft;
use crate::lower::service::Service;
use crate::lower::workloads::WorkloadDraft;
use crate::lower::{Owner, claims, draws, edges, lower_block, models, nothing_else, order};
use crate::property::header_span;
use crate::suggest;
use crate::table::{BACKEND, BUS, LEVEL, ORIGIN, POLICY, REQUEST, WORKLOAD};
use cachepolicy_core::WorkloadId;
use cachepolicy_core::policy::{BackendKind, Model};
use cachepolicy_syntax::tree::Statement;
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

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
        backends::check_tracking(cx, &bus, name.span);
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
            cx.spans.edges.push(header_span(item));
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
        cx.spans.workloads.push(name.span);
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
