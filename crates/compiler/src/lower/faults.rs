//! `at` of a workload: what goes wrong, and surges.

use super::routes;
use super::workloads::WorkloadDraft;
use crate::context::Context;
use crate::names::Kind;
use crate::property::Property;
use crate::quantity::Quantity;
use crate::reader::Reader;
use cachepolicy_core::workload::{Fault, ScheduledFault, SurgeRoute};
use cachepolicy_core::{BackendId, Duration, OriginId};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

#[derive(Clone, Copy)]
enum Word {
    Surge,
    Flush,
    Outage,
    Restart,
    Deploy,
}

const WORDS: [(&str, Word); 5] = [
    ("surge", Word::Surge),
    ("flush", Word::Flush),
    ("outage", Word::Outage),
    ("restart", Word::Restart),
    ("deploy", Word::Deploy),
];

pub(crate) fn at(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let at = reader.duration(cx)?;
    let fault = fault(cx, &mut reader)?;
    reader.finish(cx)?;
    draft.faults.push((at, property.span()));
    draft.workload.faults.push(ScheduledFault { at, fault });
    Some(())
}

fn fault(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Fault> {
    Some(
        match reader.one_of(cx, "something that can happen", &WORDS)? {
            Word::Surge => surge(cx, reader)?,
            Word::Flush => Fault::Flush(backend(cx, reader)?),
            Word::Outage => {
                let broken = broken(cx, reader)?;
                reader.need(cx, "for")?;
                let duration = reader.duration(cx)?;
                match broken {
                    Broken::Backend(backend) => Fault::Outage { backend, duration },
                    Broken::Origin(origin) => Fault::OriginOutage { origin, duration },
                }
            }
            Word::Restart => Fault::Restart {
                process: process(cx, reader)?,
            },
            Word::Deploy => Fault::Deploy,
        },
    )
}

enum Broken {
    Backend(BackendId),
    Origin(OriginId),
}

/// A backend or an origin.
fn broken(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Broken> {
    let name = reader.name(cx, "the name of a backend or an origin")?;
    Some(match cx.names.get(name.value) {
        Some(symbol) if symbol.kind == Kind::Origin => Broken::Origin(OriginId(symbol.index)),
        None => {
            cx.report_unknown(Kind::Backend, name, Some(Kind::Origin));
            return None;
        }
        _ => Broken::Backend(cx.look_up(Kind::Backend, name).map(BackendId)?),
    })
}

fn backend(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<BackendId> {
    let name = reader.name(cx, "the name of a backend")?;
    cx.look_up(Kind::Backend, name).map(BackendId)
}

/// `process 3`, counted from 1.
fn process(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<u32> {
    reader.need(cx, "process")?;
    let place = reader.place();
    let process = reader.count32(cx, 0)?;
    if process == 0 || process > cx.policy.processes {
        let message = format!("there is no process {process}");
        let help = match cx.policy.processes {
            1 => "the policy has 1 process, which is number 1; say how many with `processes`"
                .to_owned(),
            count => format!("the policy has {count} processes, counted from 1"),
        };
        cx.report(Diagnostic::error("out-of-range", place, message).help(help));
        return None;
    }
    Some(process - 1)
}

/// `10x over 30s for 2m on GET "/articles/77"`
fn surge(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Fault> {
    let place = reader.place();
    let factor = reader.quantity(
        cx,
        "a factor",
        "write how many times more requests there are, for example `10x`",
        |read| match read {
            Quantity::Factor(factor) => Some(factor),
            _ => None,
        },
    )?;
    let mut rise = Duration::ZERO;
    if reader.eat("over") {
        rise = reader.duration(cx)?;
    }
    reader.need(cx, "for")?;
    let duration = reader.duration(cx)?;
    if rise > duration {
        cx.report(
            Diagnostic::error(
                "out-of-range",
                place.to(reader.last()),
                "this surge rises for longer than it lasts",
            )
            .help("`for` is how long it lasts, the rise of `over` included"),
        );
        return None;
    }
    let mut only = None;
    if reader.eat("on") {
        let method = routes::method(cx, reader)?;
        let template = reader.template(cx, "a path in quotes")?;
        let pattern = routes::pattern(
            cx,
            Spanned {
                value: template.value,
                span: template.span,
            },
            &mut |_| None,
        )?;
        only = Some(SurgeRoute {
            method,
            path: pattern.text,
        });
    }
    Some(Fault::Surge {
        factor,
        rise,
        duration,
        only,
    })
}

/// A fault as a claim names it, in the words of the report: `flush shared`.
pub(crate) fn named(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<(String, Span)> {
    let start = reader.place();
    let word = reader.one_of(cx, "a fault that one recovers from", &WORDS)?;
    let text = match word {
        Word::Surge => {
            let message = "the report does not measure the recovery from a surge";
            cx.report(
                Diagnostic::error("unexpected-value", start, message)
                    .help("name a `flush`, `outage`, `restart` or `deploy`"),
            );
            return None;
        }
        Word::Flush => {
            let place = reader.place();
            backend(cx, reader)?;
            format!("flush {}", cx.text(place))
        }
        Word::Outage => {
            let place = reader.place();
            broken(cx, reader)?;
            format!("outage {}", cx.text(place))
        }
        Word::Restart => format!("restart process {}", process(cx, reader)? + 1),
        Word::Deploy => "deploy".to_owned(),
    };
    Some((text, start.to(reader.last())))
}
