//! `write` of a workload: streams of writes, and which requests of a log are writes.

use super::headers::operation;
use super::popularity::popularity;
use super::routes;
use super::workloads::{WorkloadDraft, arrivals};
use crate::context::Context;
use crate::names::Kind;
use crate::property::Property;
use crate::reader::Reader;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::level::ValueSource;
use cachepolicy_core::workload::{WriteMix, WriteRule};
use cachepolicy_core::{FieldId, ModelId};
use cachepolicy_syntax::{Diagnostic, Spanned};

pub(crate) fn write(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut readers = property.values();
    let mut reader = readers.next()?;
    let name = reader.name(cx, "the model that is written")?;
    let model = ModelId(cx.look_up(Kind::Model, name)?);
    let operation = operation(cx, &mut reader)?;
    if reader.eat("from") {
        let rule = rule(cx, &mut reader, model, operation)?;
        property.value(cx);
        draft.workload.write_rules.push(rule);
        return Some(());
    }
    let mut write = WriteMix {
        model,
        operation,
        arrivals: arrivals(cx, &mut reader)?,
        fields: Vec::new(),
        changes: None,
    };
    fields(cx, &mut write, &mut reader)?;
    for mut reader in readers {
        fields(cx, &mut write, &mut reader)?;
    }
    if write.operation != Operation::Update && write.changes.is_some() {
        let message = format!("a `{}` changes no fields", write.operation.name());
        cx.report(
            Diagnostic::error("unexpected-value", property.span(), message)
                .help("leave out `changes`, or make it an `update`"),
        );
        return None;
    }
    draft.workload.writes.push(write);
    Some(())
}

/// `FIELD POPULARITY …`, and behind `changes` names of fields.
fn fields(cx: &mut Context<'_>, write: &mut WriteMix, reader: &mut Reader<'_>) -> Option<()> {
    while !reader.is_done() {
        if reader.eat("changes") {
            write.changes.get_or_insert_default();
            if reader.is_done() {
                return reader.expected(cx, "the fields that change");
            }
        }
        let name = reader.name(cx, "a field")?;
        let field = field(cx, write.model, name)?;
        if let Some(changes) = &mut write.changes {
            if !changes.contains(&field) {
                changes.push(field);
            }
            reader.finish(cx)?;
        } else {
            let popularity = popularity(cx, reader)?;
            if write.fields.iter().any(|(known, _)| *known == field) {
                let message = format!("`{}` is given twice", name.value);
                cx.report(
                    Diagnostic::error("duplicate-value", name.span, message)
                        .help("keep one of the two"),
                );
                return None;
            }
            write.fields.push((field, popularity));
        }
    }
    Some(())
}

/// A field by its name, or by the parameter that a level's `reads` binds to it:
/// `reads Page(url_path: path)` lets `path` stand for `url_path`.
fn field(cx: &mut Context<'_>, model: ModelId, name: Spanned<&str>) -> Option<FieldId> {
    if cx.model(model)?.field(name.value).is_some() {
        return cx.field(model, name);
    }
    let mut bound = None;
    for level in &cx.policy.levels {
        for read in level.reads.iter().filter(|read| read.model == model) {
            for binding in &read.bindings {
                if let ValueSource::Param(index) = &binding.value
                    && level.params.get(usize::from(*index)).map(String::as_str) == Some(name.value)
                {
                    bound = bound.or(Some(binding.field));
                }
            }
        }
    }
    bound.or_else(|| cx.field(model, name))
}

/// `from PUT "/articles/{slug}"`
fn rule(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    model: ModelId,
    operation: Operation,
) -> Option<WriteRule> {
    let method = routes::method(cx, reader)?;
    let template = reader.template(cx, "a path in quotes, such as `\"/articles/{slug}\"`")?;
    reader.finish(cx)?;
    let mut names: Vec<String> = Vec::new();
    let pattern = routes::pattern(cx, template, &mut |name| {
        names.push(name.to_owned());
        Some((names.len() - 1) as u16)
    })?;
    let mut fields = Vec::new();
    for name in &names {
        let name = Spanned {
            value: name.as_str(),
            span: template.span,
        };
        fields.push(field(cx, model, name)?);
    }
    Some(WriteRule {
        model,
        operation,
        method,
        pattern,
        fields,
    })
}
