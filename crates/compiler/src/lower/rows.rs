//! Paths from a written row along its references: `old.slug`, `each categories.slug`.

use crate::context::Context;
use crate::names::MAX_DECLARED;
use cachepolicy_core::ModelId;
use cachepolicy_core::edge::{RowImage, RowPath};
use cachepolicy_core::policy::Reference;
use cachepolicy_syntax::tree::{Hole, Path, Segment};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// The words of a path without calls.
pub(crate) fn image_path<'t>(
    cx: &mut Context<'_>,
    path: Spanned<&'t Path>,
) -> Option<Vec<Spanned<&'t str>>> {
    let mut words = vec![Spanned {
        value: path.value.head.value.as_str(),
        span: path.value.head.span,
    }];
    for segment in &path.value.tail {
        let Segment::Member(member) = segment else {
            let message = format!("`{}` is not a field of the row", cx.quote(path.span));
            cx.report(
                Diagnostic::error("unexpected-value", path.span, message)
                    .help("name a field, as in `slug`, `old.slug` or `author.id`"),
            );
            return None;
        };
        words.push(Spanned {
            value: member.value.as_str(),
            span: member.span,
        });
    }
    Some(words)
}

/// The path in a hole of a tag.
pub(crate) fn of_hole(
    cx: &mut Context<'_>,
    model: ModelId,
    hole: &Spanned<Hole>,
) -> Option<RowPath> {
    if let Some(kind) = &hole.value.kind {
        let message = format!("`:{kind}` belongs into routes only");
        let diagnostic = Diagnostic::error("unexpected-value", hole.span, message);
        cx.report(diagnostic.help("leave it out here"));
        return None;
    }
    let inside = Span {
        start: hole.span.start + 1,
        end: hole.span.end.saturating_sub(1),
        ..hole.span
    };
    let words: Vec<Spanned<&str>> = hole
        .value
        .path
        .iter()
        .map(|word| Spanned {
            value: word.as_str(),
            span: inside,
        })
        .collect();
    row_path(cx, model, &words, hole.value.each, inside)
}

/// Resolves a path against the fields of the written model.
pub(crate) fn row_path(
    cx: &mut Context<'_>,
    model: ModelId,
    words: &[Spanned<&str>],
    each: bool,
    span: Span,
) -> Option<RowPath> {
    let (image, words) = match words {
        [first, rest @ ..] if !rest.is_empty() => match first.value {
            "old" => (RowImage::Old, rest),
            "new" => (RowImage::New, rest),
            "row" => (RowImage::Both, rest),
            _ => (RowImage::Both, words),
        },
        _ => (RowImage::Both, words),
    };
    let mut path = Vec::new();
    let mut many = None;
    let mut at = Some(model);
    for (index, word) in words.iter().enumerate() {
        let Some(current) = at else {
            return leads_nowhere(cx, words, index);
        };
        let field = cx.field(current, *word)?;
        path.push(field);
        let reference: Option<Reference> = cx
            .model(current)?
            .fields
            .get(field.index())
            .and_then(|field| field.reference);
        at = reference.map(|reference| reference.model);
        if reference.is_some_and(|reference| reference.many) {
            many = many.or(Some(word.value));
        }
    }
    if path.len() >= MAX_DECLARED {
        return None;
    }
    match (each, many) {
        (false, Some(name)) => {
            let text = cx.quote(span);
            cx.report(
                Diagnostic::error(
                    "list-without-each",
                    span,
                    format!("`{name}` stands for many rows"),
                )
                .help(format!("write `each {text}`"))
                .fix(
                    "insert `each`",
                    Span {
                        end: span.start,
                        ..span
                    },
                    "each ",
                ),
            );
            None
        }
        (true, None) => {
            let message = format!("`{}` is one value, no list", cx.quote(span));
            cx.report(
                Diagnostic::error("not-a-list", span, message)
                    .help("leave out `each`, or declare the reference as `-> many Model`"),
            );
            None
        }
        _ => Some(RowPath { image, each, path }),
    }
}

/// A path goes on behind a field that is no reference.
fn leads_nowhere<T>(cx: &mut Context<'_>, words: &[Spanned<&str>], index: usize) -> Option<T> {
    let field = words.get(index.checked_sub(1)?)?;
    let next = words.get(index)?;
    let message = format!(
        "`{}` is no reference, so there is no `{}.{}`",
        field.value, field.value, next.value
    );
    cx.report(
        Diagnostic::error("not-a-reference", field.span.to(next.span), message).help(format!(
            "declare it as one in the model: `{} -> Model`",
            field.value
        )),
    );
    None
}
