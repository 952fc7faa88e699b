//! `reads`: the data that a level's own work reads.

use super::levels::LevelDraft;
use crate::context::Context;
use crate::names::Kind;
use crate::property::Property;
use crate::reader::Reader;
use crate::table::Row;
use cachepolicy_core::level::{Read, ReadBinding, ValueSource};
use cachepolicy_core::{FieldId, ModelId};
use cachepolicy_syntax::tree::{Arg, Path, Segment, TermKind};
use cachepolicy_syntax::{Diagnostic, Spanned};

pub(crate) fn reads(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    for mut reader in property.values() {
        let Some(path) = reader.path(cx, "a model, such as `Article(slug)` or `Article.title`")
        else {
            continue;
        };
        if reader.finish(cx).is_none() {
            continue;
        }
        if let Some(read) = read(cx, draft, path, property.row) {
            draft.level.reads.push(read);
            draft.reads.push(path.span);
        }
    }
    Some(())
}

fn read(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    path: Spanned<&Path>,
    row: &'static Row,
) -> Option<Read> {
    let name = Spanned {
        value: path.value.head.value.as_str(),
        span: path.value.head.span,
    };
    let model = ModelId(cx.look_up(Kind::Model, name)?);
    let (args, fields) = match path.value.tail.as_slice() {
        [] => (None, None),
        [Segment::Call(args)] => (Some(args), None),
        [Segment::Call(args), fields] => (Some(args), Some(fields)),
        [fields] => (None, Some(fields)),
        _ => {
            let message = format!("`{}` goes further than one field", cx.quote(path.span));
            cx.report(
                Diagnostic::error("unexpected-value", path.span, message).help(format!(
                    "name the fields of each model: `{}.author, Author.name`",
                    name.value
                )),
            );
            return None;
        }
    };
    let mut bindings = Vec::new();
    for arg in args.into_iter().flatten() {
        bindings.extend(binding(cx, draft, model, arg, row)?);
    }
    let fields = match fields {
        None => None,
        Some(Segment::Member(field)) => Some(vec![field_of(cx, model, field)?]),
        Some(Segment::Members(fields)) => {
            let mut ids = Vec::new();
            for field in fields {
                let id = field_of(cx, model, field)?;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Some(ids)
        }
        Some(Segment::Call(_)) => {
            let reader = Reader::new(&[], path.span, row);
            return reader.expected(cx, "a field");
        }
    };
    Some(Read {
        model,
        bindings,
        fields,
        place: cx.place(path.span),
    })
}

fn field_of(cx: &mut Context<'_>, model: ModelId, field: &Spanned<String>) -> Option<FieldId> {
    cx.field(
        model,
        Spanned {
            value: &field.value,
            span: field.span,
        },
    )
}

/// `field: value`; `value` alone stands for the field of its own name; `*` binds nothing. `None`
/// if it is wrong.
fn binding(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    model: ModelId,
    arg: &Arg,
    row: &'static Row,
) -> Option<Option<ReadBinding>> {
    let mut reader = Reader::new(&arg.value.terms, arg.value.span, row);
    let name = match &arg.name {
        Some(name) => name.clone(),
        None => match reader.peek().map(|term| &term.value) {
            Some(TermKind::Path(path)) => {
                let last = path.tail.iter().rev().find_map(|segment| match segment {
                    Segment::Member(member) => Some(member.clone()),
                    _ => None,
                });
                last.unwrap_or_else(|| path.head.clone())
            }
            Some(TermKind::Star) => return Some(None),
            _ => return reader.expected(cx, "`field: value`"),
        },
    };
    if arg.name.is_none() && cx.model(model)?.field(&name.value).is_none() {
        return shorthand_of_no_field(cx, model, &name, &arg.value.span);
    }
    if name.value.contains('.') {
        return path_for_field(cx, model, &name, arg.value.span);
    }
    let field = field_of(cx, model, &name)?;
    if reader
        .peek()
        .is_some_and(|term| term.value == TermKind::Star)
    {
        return Some(None);
    }
    let value = draft.scope().value(cx, &mut reader)?;
    reader.finish(cx)?;
    if let ValueSource::Dimension(dimension) = value.source
        && !draft.bound.contains(&dimension)
    {
        draft.bound.push(dimension);
    }
    Some(Some(ReadBinding {
        field,
        value: value.source,
        each: value.each,
    }))
}

/// `Product(category.slug: category)`: the rows that are read are named by fields of their own.
fn path_for_field<T>(
    cx: &mut Context<'_>,
    model: ModelId,
    path: &Spanned<String>,
    value: cachepolicy_syntax::Span,
) -> Option<T> {
    let declared = cx.model(model)?;
    let (head, rest) = path.value.split_once('.').unwrap_or((&path.value, ""));
    let target = declared
        .field(head)
        .and_then(|field| declared.fields.get(field.index()))
        .and_then(|field| field.reference)
        .and_then(|reference| cx.model(reference.model));
    let name = &declared.name;
    let own = path.value.replace('.', "_");
    let value = cx.quote(value);
    let message = match target {
        Some(target) => format!(
            "`{}` follows `{head}` to `{}`, and only a field of `{name}` itself can stand here",
            path.value, target.name
        ),
        None => format!(
            "`{}` is a path, and only a field of `{name}` can stand here",
            path.value
        ),
    };
    let help = match target {
        Some(target) if rest == "id" => format!(
            "a reference holds the `id` of its `{}`: write `{name}({head}: {value})`",
            target.name
        ),
        _ => format!(
            "write `{name}`, which means all its rows, or give `model {name}` a field `{own}` of its own and write `{name}({own}: {value})`"
        ),
    };
    cx.report(Diagnostic::error("unknown-field", path.span, message).help(help));
    None
}

/// `Article(key)`, where the model has no field `key`.
fn shorthand_of_no_field<T>(
    cx: &mut Context<'_>,
    model: ModelId,
    name: &Spanned<String>,
    span: &cachepolicy_syntax::Span,
) -> Option<T> {
    let model = cx.model(model)?;
    let fields = model.fields.iter().map(|field| field.name.as_str());
    let text = cx.quote(*span);
    let message = format!("`{}` has no field `{}`", model.name, name.value);
    let help = format!(
        "say which field has that value: `{}({}: {text})`; it has {}",
        model.name,
        fields.clone().next().unwrap_or("id"),
        crate::suggest::listed(fields)
    );
    cx.report(Diagnostic::error("unknown-field", *span, message).help(help));
    None
}
