//! `contains`: copies that a level embeds, with the values of their parameters.

use super::levels::LevelDraft;
use crate::context::Context;
use crate::names::Kind;
use crate::property::Property;
use crate::reader::Reader;
use crate::scope::{LevelHeader, plain_arg};
use crate::table::Row;
use cachepolicy_core::LevelId;
use cachepolicy_core::level::Contain;
use cachepolicy_syntax::tree::{Arg, Segment};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

pub(crate) fn contains(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    for mut reader in property.values() {
        let Some(path) = reader.path(cx, "a level, such as `article(slug)`") else {
            continue;
        };
        if reader.finish(cx).is_none() {
            continue;
        }
        let args = match path.value.tail.as_slice() {
            [] => None,
            [Segment::Call(args)] => Some(args.as_slice()),
            _ => {
                let _: Option<()> = Reader::new(&[], path.span, property.row)
                    .expected(cx, "a level, such as `article(slug)`");
                continue;
            }
        };
        let name = Spanned {
            value: path.value.head.value.as_str(),
            span: path.value.head.span,
        };
        let Some(level) = cx.look_up(Kind::Level, name) else {
            continue;
        };
        contain(cx, draft, LevelId(level), args, path.span, property.row);
    }
    Some(())
}

fn contain(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    level: LevelId,
    args: Option<&[Arg]>,
    span: Span,
    row: &'static Row,
) -> Option<()> {
    let target = cx.levels.get(level.index())?.clone();
    if target.kind < draft.level.kind {
        let message = format!(
            "{} cannot contain {}: `{}` is coarser than `{}`",
            super::with_article(draft.level.kind.name()),
            super::with_article(target.kind.name()),
            target.name,
            draft.level.name
        );
        cx.report(
            Diagnostic::error("contains-coarser", span, message)
                .related(target.span, format!("`{}` is declared here", target.name))
                .help("a level contains levels of its own kind or finer ones: site, view, fragment, object"),
        );
        return None;
    }
    if target.is_unsure {
        return None;
    }
    let bound = bind(cx, &target, args, span)?;
    let mut values = Vec::new();
    let mut each = None;
    for (index, arg) in bound.into_iter().enumerate() {
        let mut reader = Reader::new(&arg.value.terms, arg.value.span, row);
        let value = draft.scope().value(cx, &mut reader)?;
        reader.finish(cx)?;
        if value.each && each.replace(index as u16).is_some() {
            let message = format!("`{}` is given two lists", target.name);
            cx.report(
                Diagnostic::error("two-lists", arg.value.span, message)
                    .help("one argument may be a list; give the others one value each"),
            );
            return None;
        }
        values.push(value.source);
    }
    draft.level.contains.push(Contain {
        level,
        args: values,
        each,
        place: cx.place(span),
    });
    draft.contains.push(span);
    Some(())
}

/// The arguments in the order of the target's parameters.
fn bind<'t>(
    cx: &mut Context<'_>,
    target: &LevelHeader,
    args: Option<&'t [Arg]>,
    span: Span,
) -> Option<Vec<&'t Arg>> {
    let mut bound: Vec<Option<&Arg>> = vec![None; target.params.len()];
    let mut wrong = false;
    for (position, arg) in args.unwrap_or_default().iter().enumerate() {
        wrong |= !place_arg(cx, target, &mut bound, position, arg);
    }
    if wrong {
        return None;
    }
    if let Some(missing) = bound.iter().position(Option::is_none) {
        let param = target.params.get(missing)?;
        let message = format!("`{}` needs a value for `{param}`", target.name);
        cx.report(
            Diagnostic::error("missing-argument", span, message)
                .related(target.span, "it is declared here")
                .help(format!(
                    "write `{}({})` with values of this level",
                    target.name,
                    target.params.join(", ")
                )),
        );
        return None;
    }
    Some(bound.into_iter().flatten().collect())
}

/// Puts one argument where it belongs, by its name or its position; reports what belongs nowhere.
pub(crate) fn place_arg<'t>(
    cx: &mut Context<'_>,
    target: &LevelHeader,
    bound: &mut [Option<&'t Arg>],
    position: usize,
    arg: &'t Arg,
) -> bool {
    let (index, span) = match &arg.name {
        Some(name) => (
            target.params.iter().position(|param| *param == name.value),
            name.span,
        ),
        // `article(slug)` is short for `article(slug: slug)`; otherwise the position counts.
        None => {
            let name = plain_arg(&arg.value).map(|word| word.value);
            let same = target
                .params
                .iter()
                .position(|param| Some(param.as_str()) == name);
            (same.or(Some(position)), arg.value.span)
        }
    };
    let slot = index.and_then(|index| bound.get_mut(index));
    let (code, message) = match slot {
        Some(slot @ None) => {
            *slot = Some(arg);
            return true;
        }
        Some(Some(_)) => {
            let text = cx.quote(span);
            ("duplicate-value", format!("`{text}` is given twice"))
        }
        None if target.params.is_empty() => (
            "extra-argument",
            format!("`{}` has no parameters", target.name),
        ),
        None if arg.name.is_some() => {
            let text = cx.quote(span);
            let message = format!("`{}` has no parameter `{text}`", target.name);
            ("unknown-parameter", message)
        }
        None => {
            let message = match target.params.len() {
                1 => format!("`{}` has one parameter", target.name),
                count => format!("`{}` has {count} parameters", target.name),
            };
            ("extra-argument", message)
        }
    };
    let help = if target.params.is_empty() {
        format!("write `{}` alone", target.name)
    } else {
        format!("write `{}({})`", target.name, target.params.join(", "))
    };
    cx.report(
        Diagnostic::error(code, span, message)
            .related(target.span, "it is declared here")
            .help(help),
    );
    false
}
