//! The first line of an item: its name, its parameters, what it is about.

use super::with_article;
use crate::context::Context;
use crate::names::{Kind, RESERVED};
use crate::reader::{Reader, plain_word};
use crate::scope::{LevelHeader, plain_arg};
use crate::table::{Kinds, Required, Row};
use cachepolicy_core::edge::{Operation, Timing};
use cachepolicy_core::sorting;
use cachepolicy_core::{BusId, LevelKind, ModelId};
use cachepolicy_syntax::tree::{Arg, Op, Path, Segment, Statement, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// The rows of headers, for messages.
pub(crate) const fn header_row(
    word: &'static str,
    takes: &'static str,
    example: &'static str,
) -> Row {
    Row {
        word,
        takes,
        doc: "",
        left_out: "",
        example,
        required: Required::No,
        repeats: false,
        kinds: Kinds::ALL,
        needs_store: false,
        block: true,
    }
}

/// The header after the item's word. A comma in it is reported.
pub(crate) fn reader<'t>(
    cx: &mut Context<'_>,
    statement: &'t Statement,
    row: &'static Row,
) -> Option<Reader<'t>> {
    if let Some(second) = statement.phrases.get(1) {
        cx.report(
            Diagnostic::error(
                "unexpected-value",
                second.span,
                format!("{} begins with one name", with_article(row.word)),
            )
            .help(format!("write `{}`", row.usage())),
        );
    }
    let phrase = statement.phrases.first()?;
    let mut reader = Reader::new(&phrase.terms, phrase.span, row);
    reader.next();
    Some(reader)
}

/// `view article_page(slug)`
pub(crate) fn level<'t>(
    cx: &mut Context<'_>,
    kind: LevelKind,
    statement: &'t Statement,
    row: &'static Row,
) -> Option<(LevelHeader, Spanned<&'t str>)> {
    let mut reader = reader(cx, statement, row)?;
    let path = reader.path(cx, "a name")?;
    reader.finish(cx);
    let name = Spanned {
        value: path.value.head.value.as_str(),
        span: path.value.head.span,
    };
    let mut is_unsure = false;
    let header = LevelHeader {
        name: name.value.to_owned(),
        kind,
        params: params(cx, path, row, &mut is_unsure),
        is_unsure,
        span: name.span,
        span_with_params: path.span,
    };
    Some((header, name))
}

/// The parameters that can be read; `is_unsure`: there are mistakes among them, which are reported.
fn params(
    cx: &mut Context<'_>,
    path: Spanned<&Path>,
    row: &'static Row,
    is_unsure: &mut bool,
) -> Vec<String> {
    let args: &[Arg] = match path.value.tail.as_slice() {
        [] => &[],
        [Segment::Call(args)] => args,
        _ => {
            let message = format!("`{}` is not a name", cx.quote(path.span));
            cx.report(
                Diagnostic::error("unexpected-value", path.span, message)
                    .help(format!("write `{}`", row.usage())),
            );
            *is_unsure = true;
            &[]
        }
    };
    let mut params: Vec<String> = Vec::new();
    for arg in args {
        let Some(name) = plain_arg(&arg.value).filter(|_| arg.name.is_none()) else {
            let message = format!(
                "`{}` is not the name of a parameter",
                cx.quote(arg.value.span)
            );
            cx.report(
                Diagnostic::error("unexpected-value", arg.value.span, message)
                    .help("parameters are words, as in `article(slug)`"),
            );
            *is_unsure = true;
            continue;
        };
        if RESERVED.contains(&name.value) && name.value != "user" {
            cx.check_reserved(name);
        }
        if params.iter().any(|param| param == name.value) {
            let message = format!("there are two parameters `{}`", name.value);
            cx.report(
                Diagnostic::error("duplicate-name", name.span, message)
                    .help("rename or remove one of them"),
            );
            *is_unsure = true;
        } else if params.len() == cachepolicy_core::route::MAX_PARAMS {
            let message = format!(
                "a level has at most {} parameters",
                cachepolicy_core::route::MAX_PARAMS
            );
            cx.report(
                Diagnostic::error("too-many", name.span, message)
                    .help("put several values into one, or split the level"),
            );
            *is_unsure = true;
            break;
        } else {
            params.push(name.value.to_owned());
        }
    }
    params
}

/// What an `on …` line says.
pub(crate) struct EdgeHeader {
    pub(crate) model: ModelId,
    pub(crate) operations: Vec<Operation>,
    pub(crate) timing: Timing,
    pub(crate) bus: Option<BusId>,
}

pub(crate) static EDGE: Row = header_row(
    "on",
    "MODEL create|update|delete [after commit | before commit by DURATION] [via BUS]",
    "on Article create|update|delete after commit via outbox { purge article(slug) }",
);

const OPERATIONS: [(&str, Operation); 3] = [
    ("create", Operation::Create),
    ("update", Operation::Update),
    ("delete", Operation::Delete),
];

pub(crate) fn edge(cx: &mut Context<'_>, statement: &Statement) -> Option<EdgeHeader> {
    if let [first, second, ..] = statement.phrases.as_slice() {
        let comma = Span {
            end: second.span.start,
            ..first.span.after()
        };
        let help = "write `create|update|delete`";
        cx.report(
            Diagnostic::error("unexpected-value", comma, "operations are separated by `|`")
                .help(help)
                .fix("write `|`", comma, "|"),
        );
        return None;
    }
    let mut reader = reader(cx, statement, &EDGE)?;
    let name = reader.name(cx, "the model that is written")?;
    let model = cx.look_up(Kind::Model, name).map(ModelId);
    let mut operations = Vec::new();
    loop {
        let operation = self::operation(cx, &mut reader)?;
        if !operations.contains(&operation) {
            operations.push(operation);
        }
        if !reader.eat_op(Op::Or) {
            break;
        }
    }
    sorting::ascending(&mut operations);
    let timing = if reader.eat("before") {
        reader.need(cx, "commit")?;
        reader.need(cx, "by")?;
        Timing::BeforeCommit {
            by: reader.duration(cx)?,
        }
    } else {
        if reader.eat("after") {
            reader.need(cx, "commit")?;
        }
        Timing::AfterCommit
    };
    let bus = if reader.eat("via") {
        Some(reader.name(cx, "the name of a bus")?)
    } else {
        None
    };
    reader.finish(cx)?;
    let bus = match bus {
        Some(bus) => Some(carrying_edges(cx, bus)?),
        None => None,
    };
    Some(EdgeHeader {
        model: model?,
        operations,
        timing,
        bus,
    })
}

pub(crate) fn operation(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Operation> {
    reader.one_of(cx, "an operation", &OPERATIONS)
}

/// The text of an `import`.
pub(crate) fn import(statement: &Statement) -> Option<Spanned<&str>> {
    let [phrase] = statement.phrases.as_slice() else {
        return None;
    };
    let [word, file] = phrase.terms.as_slice() else {
        return None;
    };
    match (plain_word(word), &file.value) {
        (Some("import"), TermKind::String(template)) if statement.block.is_none() => {
            template.as_text().map(|text| Spanned {
                value: text,
                span: file.span,
            })
        }
        _ => None,
    }
}

/// A bus that edges travel on.
fn carrying_edges(cx: &mut Context<'_>, name: Spanned<&str>) -> Option<BusId> {
    let index = cx.look_up(Kind::Bus, name)?;
    let bus = cx.policy.buses.get(usize::from(index));
    if bus.is_some_and(|bus| bus.tracks.is_some()) {
        let message = format!("`{}` tracks a backend, and carries no edges", name.value);
        cx.report(
            Diagnostic::error("misused-tracking", name.span, message).help(
                "what the edge changes there is told over it anyway: remove `via`, or name another bus",
            ),
        );
        return None;
    }
    Some(BusId(index))
}
