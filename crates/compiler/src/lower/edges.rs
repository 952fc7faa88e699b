//! `on …` items: invalidation edges.

use super::conditions::of_write;
use super::contains::place_arg;
use super::headers::EdgeHeader;
use super::literals::literal;
use super::rows::{image_path, of_hole, row_path};
use crate::context::Context;
use crate::names::Kind;
use crate::property::header_span;
use crate::reader::Reader;
use crate::scope::LevelHeader;
use crate::suggest;
use crate::table::{ACTIONS, Row};
use cachepolicy_core::edge::{Action, EdgeBlock, TagPart, Target, TargetArg, Verb};
use cachepolicy_core::policy::Field;
use cachepolicy_core::{LevelId, ModelId};
use cachepolicy_syntax::tree::{Arg, Part, Segment, Statement, Template, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// Lowers one edge block; its actions are in the order written.
pub(crate) fn edge(
    cx: &mut Context<'_>,
    header: EdgeHeader,
    statement: &Statement,
) -> (EdgeBlock, Vec<Span>) {
    let mut actions = Vec::new();
    let mut spans = Vec::new();
    let statements = statement
        .block
        .as_ref()
        .map_or(&[][..], |block| &block.statements);
    for statement in statements {
        if let Some(action) = action(cx, header.model, statement) {
            actions.push(action);
            spans.push(header_span(statement));
        }
    }
    let span = header_span(statement);
    if statements.is_empty() && !cx.is_damaged(statement.span) {
        cx.report(
            Diagnostic::warning("no-effect", span, "this edge does nothing")
                .help("write what becomes wrong, for example `purge article(slug)`"),
        );
    }
    let block = EdgeBlock {
        place: cx.place(span),
        model: header.model,
        operations: header.operations,
        timing: header.timing,
        bus: header.bus,
        actions,
    };
    (block, spans)
}

fn action(cx: &mut Context<'_>, model: ModelId, statement: &Statement) -> Option<Action> {
    let span = header_span(statement);
    let (verb, row) = verb(cx, statement)?;
    if let Some(second) = statement.phrases.get(1) {
        let message = format!("`{}` takes one target", row.word);
        cx.report(
            Diagnostic::error("extra-value", second.span, message)
                .help(format!("write another `{}` in a line of its own", row.word)),
        );
    }
    if let Some(block) = &statement.block {
        let message = format!("`{}` takes no block", row.word);
        cx.report(
            Diagnostic::error("unexpected-block", block.span, message)
                .help(format!("write `{}`", row.usage())),
        );
    }
    let phrase = statement.phrases.first()?;
    let mut reader = Reader::new(&phrase.terms, phrase.span, row);
    reader.next();
    let target = if reader.eat("tag") {
        let template = reader.template(cx, "a tag in quotes, such as `\"author:{author}\"`")?;
        Target::Tag(tag(cx, model, template.value)?)
    } else {
        level_target(cx, model, &mut reader, row)?
    };
    let (mut cascade, mut when) = (false, None);
    loop {
        if !cascade && reader.eat("cascade") {
            cascade = true;
        } else if when.is_none() && reader.eat("when") {
            when = Some(of_write(cx, &mut reader, model)?);
        } else {
            break;
        }
    }
    reader.finish(cx)?;
    Some(Action {
        place: cx.place(span),
        verb,
        target,
        cascade,
        when,
    })
}

fn verb(cx: &mut Context<'_>, statement: &Statement) -> Option<(Verb, &'static Row)> {
    const VERBS: [Verb; 3] = [Verb::Purge, Verb::Expire, Verb::Bump];
    let word = super::head_word(statement).unwrap_or_default();
    let found = ACTIONS.iter().zip(VERBS).find(|(row, _)| row.word == word);
    if let Some((row, verb)) = found {
        return Some((verb, row));
    }
    let span = statement
        .phrases
        .first()
        .and_then(|phrase| phrase.terms.first())
        .map_or(statement.span, |term| term.span);
    let words = ACTIONS.iter().map(|row| row.word);
    let others = [
        ("delete", "purge"),
        ("invalidate", "purge"),
        ("remove", "purge"),
        ("clear", "purge"),
        ("evict", "purge"),
        ("refresh", "expire"),
    ];
    let meant = suggest::closest(word, words).or_else(|| {
        let known = others.iter().find(|(other, _)| *other == word);
        known.map(|(_, ours)| *ours)
    });
    let message = format!("`{}` is not something that an edge does", cx.quote(span));
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "an edge does `purge`, `expire` or `bump`".to_owned(),
    };
    cx.report(Diagnostic::error("unknown-property", span, message).help(help));
    None
}

fn tag(cx: &mut Context<'_>, model: ModelId, template: &Template) -> Option<Vec<TagPart>> {
    let mut parts = Vec::new();
    for part in &template.parts {
        parts.push(match part {
            Part::Text(text) => TagPart::Text(text.clone()),
            Part::Hole(hole) => TagPart::Row(of_hole(cx, model, hole)?),
        });
    }
    Some(parts)
}

fn level_target(
    cx: &mut Context<'_>,
    model: ModelId,
    reader: &mut Reader<'_>,
    row: &'static Row,
) -> Option<Target> {
    let path = reader.path(cx, "a level or `tag \"…\"`")?;
    let args = match path.value.tail.as_slice() {
        [] => &[][..],
        [Segment::Call(args)] => args.as_slice(),
        _ => {
            return Reader::new(&[], path.span, row)
                .expected(cx, "a level, such as `article(slug)`");
        }
    };
    let name = Spanned {
        value: path.value.head.value.as_str(),
        span: path.value.head.span,
    };
    let level = LevelId(cx.look_up(Kind::Level, name)?);
    let target = cx.levels.get(level.index())?.clone();
    if target.is_unsure {
        return None;
    }
    let mut bound: Vec<Option<&Arg>> = vec![None; target.params.len()];
    let mut wrong = false;
    let star_for_all = matches!(args, [arg] if arg.name.is_none() && is_star(arg));
    if !(star_for_all && target.params.len() > 1) {
        for (position, arg) in args.iter().enumerate() {
            wrong |= !place_arg(cx, &target, &mut bound, position, arg);
        }
    } else {
        // `menu(*)` empties the whole family, however many parameters it has.
        let args = vec![TargetArg::Any; target.params.len()];
        return Some(Target::Level { level, args });
    }
    if wrong {
        return None;
    }
    if bound.iter().any(Option::is_none) {
        report_unbound(cx, model, &target, &bound, args, path.span);
        return None;
    }
    let mut values = Vec::new();
    for arg in bound.into_iter().flatten() {
        values.push(target_arg(cx, model, arg, row)?);
    }
    Some(Target::Level {
        level,
        args: values,
    })
}

fn is_star(arg: &Arg) -> bool {
    matches!(arg.value.terms.as_slice(), [term] if term.value == TermKind::Star)
}

fn target_arg(
    cx: &mut Context<'_>,
    model: ModelId,
    arg: &Arg,
    row: &'static Row,
) -> Option<TargetArg> {
    if is_star(arg) {
        return Some(TargetArg::Any);
    }
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, row);
    let each = reader.eat("each");
    let value = match reader.peek().map(|term| &term.value) {
        Some(TermKind::Path(_)) => {
            let path = reader.path(cx, "a field")?;
            let words = image_path(cx, path)?;
            TargetArg::Row(row_path(cx, model, &words, each, path.span)?)
        }
        Some(TermKind::String(_) | TermKind::Quantity(_)) if !each => {
            TargetArg::Literal(literal(cx, &mut reader)?)
        }
        _ => {
            return reader.expected(cx, "a field of the written row, or `*`");
        }
    };
    reader.finish(cx)?;
    Some(value)
}

/// A parameter of the target is left out: offers the row's field of that name, or else `*`, which the
/// author has to want.
fn report_unbound(
    cx: &mut Context<'_>,
    model: ModelId,
    target: &LevelHeader,
    bound: &[Option<&Arg>],
    args: &[Arg],
    span: Span,
) {
    let missing: Vec<&str> = target
        .params
        .iter()
        .zip(bound)
        .filter(|(_, arg)| arg.is_none())
        .map(|(param, _)| param.as_str())
        .collect();
    let message = format!(
        "this does not say which copies of `{}`: {} is not bound",
        target.name,
        suggest::listed(missing.iter().copied())
    );
    let mut texts: Vec<String> = args
        .iter()
        .map(|arg| match &arg.name {
            Some(name) => cx.text(name.span.to(arg.value.span)).to_owned(),
            None => cx.text(arg.value.span).to_owned(),
        })
        .collect();
    let fields = cx.model(model).map_or(&[][..], |model| &model.fields);
    let value = |param: &str| {
        let is_it =
            |field: &Field| field.name == param && !field.reference.is_some_and(|it| it.many);
        if fields.iter().any(is_it) {
            param.to_owned()
        } else {
            "*".to_owned()
        }
    };
    match target.params.len() {
        1 => texts.extend(missing.iter().map(|param| value(param))),
        _ => texts.extend(
            missing
                .iter()
                .map(|param| format!("{param}: {}", value(param))),
        ),
    }
    let all = format!("{}({})", target.name, texts.join(", "));
    cx.report(
        Diagnostic::error("unbound-parameter", span, message)
            .related(target.span, "its parameters are declared here")
            .help(format!(
                "bind it to a field of the written row, as in `{}({}: id)`, or to every value with `*`",
                target.name,
                missing.first().copied().unwrap_or_default()
            ))
            .fix(format!("write `{all}`"), span, all.clone()),
    );
}
