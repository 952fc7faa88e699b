//! `model` items: fields and references.

use super::Owner;
use crate::context::Context;
use crate::names::{Kind, RESERVED};
use crate::reader::Reader;
use crate::table::Row;
use cachepolicy_core::policy::{Field, Model, Reference};
use cachepolicy_core::{FieldId, ModelId};
use cachepolicy_syntax::tree::{Block, Op, Path, Segment, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// For messages about fields; fields have any name, so this is in no table.
static FIELD: Row = Row {
    word: "NAME",
    takes: "[-> Model | -> many Model]",
    doc: "",
    left_out: "",
    example: "author -> Author",
    required: crate::table::Required::No,
    repeats: true,
    kinds: crate::table::Kinds::ALL,
    needs_store: false,
    block: false,
};

/// Reads the fields of a model.
pub(crate) fn fields(cx: &mut Context<'_>, owner: Owner<'_>, block: Option<&Block>) -> Vec<Field> {
    let mut fields: Vec<(Field, Span)> = Vec::new();
    for statement in block.map_or(&[][..], |block| &block.statements) {
        if let Some(block) = &statement.block {
            cx.report(
                Diagnostic::error("unexpected-block", block.span, "a field has no block").help(
                    format!("a field is a word, for example `{}`", FIELD.example),
                ),
            );
        }
        for phrase in &statement.phrases {
            let reader = Reader::new(&phrase.terms, phrase.span, &FIELD);
            let Some((field, span)) = field(cx, reader) else {
                continue;
            };
            match fields.iter().find(|(first, _)| first.name == field.name) {
                Some((_, first)) => {
                    let message = format!("`{}` has two fields `{}`", owner.title, field.name);
                    cx.report(
                        Diagnostic::error("duplicate-name", span, message)
                            .related(*first, "the first stands here")
                            .help("rename or remove one of them"),
                    );
                }
                None => fields.push((field, span)),
            }
        }
    }
    let mut fields: Vec<Field> = fields.into_iter().map(|(field, _)| field).collect();
    fields.truncate(crate::names::MAX_DECLARED - 1);
    if !fields.iter().any(|field| field.name == "id") {
        let id = Field {
            name: "id".to_owned(),
            reference: None,
        };
        fields.insert(0, id);
    }
    fields
}

fn field(cx: &mut Context<'_>, mut reader: Reader<'_>) -> Option<(Field, Span)> {
    let name = reader.name(cx, "the name of a field")?;
    if RESERVED.contains(&name.value) && name.value != "user" {
        cx.check_reserved(name);
    }
    let mut reference = None;
    if reader.eat_op(Op::Arrow) {
        let many = reader.eat("many");
        let target = reader.name(cx, "the name of a model")?;
        reader.finish(cx)?;
        reference = cx.look_up(Kind::Model, target).map(|model| Reference {
            model: ModelId(model),
            many,
        });
    } else if let Some(diagnostic) = typed(cx, name, &reader) {
        cx.diagnostics
            .retain(|other| !is_inside(other.primary.span, diagnostic.primary.span));
        cx.report(diagnostic);
    } else if reader.peek().is_some() {
        let place = reader.place();
        let message = format!(
            "`{}` stands behind the field `{}`",
            cx.quote(place),
            name.value
        );
        cx.report(Diagnostic::error("unexpected-value", place, message).help(
            "separate fields by `;` or a line break; a reference is written `author -> Author`",
        ));
        return None;
    }
    let field = Field {
        name: name.value.to_owned(),
        reference,
    };
    Some((field, name.span))
}

/// Words for types of other languages.
const TYPES: [&str; 18] = [
    "int",
    "integer",
    "bigint",
    "serial",
    "str",
    "string",
    "text",
    "char",
    "varchar",
    "bool",
    "boolean",
    "float",
    "decimal",
    "number",
    "uuid",
    "date",
    "datetime",
    "timestamp",
];

/// A field with a type, as in `id: int`, `title = models.CharField()` or `author: Author`.
fn typed(cx: &Context<'_>, name: Spanned<&str>, reader: &Reader<'_>) -> Option<Diagnostic> {
    let rest = reader.rest();
    let after = Span {
        start: name.span.end,
        ..rest.last()?.span
    };
    let (is_assigned, rest) = match rest {
        [sign, rest @ ..] if sign.value == TermKind::Op(Op::Assign) => (true, rest),
        _ => (cx.is_damaged(after), rest),
    };
    let TermKind::Path(path) = &rest.first()?.value else {
        return None;
    };
    let is_type = TYPES.contains(&path.head.value.to_ascii_lowercase().as_str());
    if !is_assigned && !is_type {
        return None;
    }
    let message = format!("`{}` has a type, and fields have none", name.value);
    let diagnostic = Diagnostic::error("unexpected-value", after, message);
    Some(match referred(cx, path) {
        Some(target) => diagnostic
            .help(format!(
                "a reference has an arrow: `{}{target}`",
                name.value
            ))
            .fix("write an arrow", after, target),
        None => diagnostic
            .help(format!("write `{}` alone", name.value))
            .fix("remove the type", after, ""),
    })
}

/// The arrow for a type that is a model, or for a field of Django that refers to one.
fn referred(cx: &Context<'_>, path: &Path) -> Option<String> {
    let is_model = |name: &str| cx.names.get(name).is_some_and(|it| it.kind == Kind::Model);
    if path.tail.is_empty() {
        return is_model(&path.head.value).then(|| format!(" -> {}", path.head.value));
    }
    let Some(Segment::Call(args)) = path.tail.last() else {
        return None;
    };
    let target = match &args.first()?.value.terms.first()?.value {
        TermKind::Path(path) => path.head.value.as_str(),
        TermKind::String(text) => text.as_text()?,
        _ => return None,
    };
    let is_many = path
        .tail
        .iter()
        .any(|segment| matches!(segment, Segment::Member(word) if word.value == "ManyToManyField"));
    let many = if is_many { "many " } else { "" };
    is_model(target).then(|| format!(" -> {many}{target}"))
}

fn is_inside(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}

impl Context<'_> {
    pub(crate) fn model(&self, model: ModelId) -> Option<&Model> {
        self.policy.models.get(model.index())
    }

    /// A field of a model by its name; reports an unknown one.
    pub(crate) fn field(&mut self, model: ModelId, name: Spanned<&str>) -> Option<FieldId> {
        let declared = self.model(model)?;
        if let Some(field) = declared.field(name.value) {
            return Some(field);
        }
        let message = format!("`{}` has no field `{}`", declared.name, name.value);
        let known = declared.fields.iter().map(|field| field.name.as_str());
        let help = match crate::suggest::closest(name.value, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("it has {}", crate::suggest::listed(known)),
        };
        let mut diagnostic = Diagnostic::error("unknown-field", name.span, message).help(help);
        if let Some(span) = self.spans.models.get(model.index()) {
            if self.may_be_unreadable(name.value) {
                return None;
            }
            diagnostic = diagnostic.related(*span, "the model is declared here");
        }
        self.report(diagnostic);
        None
    }
}
