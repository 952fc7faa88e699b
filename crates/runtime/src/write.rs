//! What the application writes, as the policy's edges ask for it.

use cachepolicy_core::Policy;
use cachepolicy_core::edge::{
    Condition, EdgeBlock, Operation, RowImage, RowPath, TagPart, Target, TargetArg,
};
use cachepolicy_core::effects::{Image, WrittenRow};
use cachepolicy_core::ids::{FieldId, ModelId};
use std::collections::BTreeMap;

/// A field's value, as text: what a key has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value.
    Null,
    /// A value.
    Text(String),
    /// The row that a reference leads to.
    Row(Row),
    /// The rows that a reference to many leads to.
    Many(Vec<Row>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// As a key has them.
macro_rules! from_displayed {
    ($($of:ty),*) => {$(
        impl From<$of> for Value {
            fn from(value: $of) -> Self {
                Self::Text(value.to_string())
            }
        }
    )*};
}

from_displayed!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, bool, char
);

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Row> for Value {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}

impl From<Vec<Row>> for Value {
    fn from(rows: Vec<Row>) -> Self {
        Self::Many(rows)
    }
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of a model: its fields by their names in the policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub(crate) fields: BTreeMap<String, Value>,
}

impl Row {
    /// With these fields.
    pub fn new<N: Into<String>, V: Into<Value>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields = fields.into_iter();
        Self {
            fields: fields
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    /// And this one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

/// A write to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub(crate) model: String,
    pub(crate) operation: Operation,
    pub(crate) old: Option<Row>,
    pub(crate) new: Option<Row>,
}

impl Write {
    /// A new row.
    pub fn create(model: impl Into<String>, new: Row) -> Self {
        Self::of(model, Operation::Create, None, Some(new))
    }

    /// A row that was changed: as it was, and as it is.
    pub fn update(model: impl Into<String>, old: Row, new: Row) -> Self {
        Self::of(model, Operation::Update, Some(old), Some(new))
    }

    /// A row that is no more.
    pub fn delete(model: impl Into<String>, old: Row) -> Self {
        Self::of(model, Operation::Delete, Some(old), None)
    }

    fn of(
        model: impl Into<String>,
        operation: Operation,
        old: Option<Row>,
        new: Option<Row>,
    ) -> Self {
        Self {
            model: model.into(),
            operation,
            old,
            new,
        }
    }
}

/// A write whose invalidations are not on their way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The policy has no such model.
    #[error("the policy has no model `{0}`")]
    UnknownModel(String),
    /// A bus that delivers at least once did not take it. What the policy's earlier edges say was done.
    #[error("bus `{0}` does not answer: say the write again")]
    BusDown(String),
    /// An edge asks for a field that the row does not have; without it nobody knows which copies go.
    #[error("a write of `{model}` does not say `{field}`, which the policy's edges ask for")]
    MissingField {
        /// The written model.
        model: String,
        /// The path that is asked for.
        field: String,
    },
}

/// A write and the policy that it is of.
pub(crate) struct Written<'a> {
    policy: &'a Policy,
    model: ModelId,
    write: &'a Write,
}

impl<'a> Written<'a> {
    pub(crate) fn new(policy: &'a Policy, write: &'a Write) -> Result<Self, WriteError> {
        let mut models = policy.models.iter();
        let model = models
            .position(|model| model.name == write.model)
            .ok_or_else(|| WriteError::UnknownModel(write.model.clone()))?;
        Ok(Self {
            policy,
            model: ModelId(model as u16),
            write,
        })
    }

    /// Does the row say what a block's actions ask for?
    pub(crate) fn check(&self, block: &EdgeBlock) -> Result<(), WriteError> {
        if block.model != self.model || !block.operations.contains(&self.write.operation) {
            return Ok(());
        }
        for (image, path) in asked_for(block) {
            for row in images(image).iter().filter_map(|image| self.image(*image)) {
                if !self.says(self.model, row, &path) {
                    let names = self.names(&path);
                    return Err(WriteError::MissingField {
                        model: self.write.model.clone(),
                        field: names.join("."),
                    });
                }
            }
        }
        Ok(())
    }

    fn names(&self, path: &[FieldId]) -> Vec<&str> {
        let mut model = Some(self.model);
        path.iter()
            .map(|field| {
                let (name, next) = self.field(model, *field);
                model = next;
                name
            })
            .collect()
    }

    /// A field's name, and the model that it leads to.
    fn field(&self, model: Option<ModelId>, field: FieldId) -> (&'a str, Option<ModelId>) {
        let model = model.and_then(|model| self.policy.models.get(model.index()));
        let field = model.and_then(|model| model.fields.get(field.index()));
        field.map_or(("", None), |field| {
            (
                &field.name,
                field.reference.map(|reference| reference.model),
            )
        })
    }

    fn says(&self, model: ModelId, row: &Row, path: &[FieldId]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return row.fields.contains_key("id");
        };
        let (name, next) = self.field(Some(model), *first);
        match (row.fields.get(name), next) {
            (None, _) => false,
            (Some(Value::Row(inner)), Some(next)) => self.says(next, inner, rest),
            (Some(Value::Many(rows)), Some(next)) => {
                rows.iter().all(|inner| self.says(next, inner, rest))
            }
            (Some(Value::Null), _) => true,
            (Some(Value::Text(_)), _) => rest.is_empty(),
            (Some(Value::Row(_) | Value::Many(_)), None) => false,
        }
    }

    fn visit(
        &self,
        model: ModelId,
        row: &Row,
        path: &[FieldId],
        visit: &mut impl FnMut(Option<&str>),
    ) {
        let Some((first, rest)) = path.split_first() else {
            // A reference itself is its row's id.
            return match row.fields.get("id") {
                Some(Value::Text(text)) => visit(Some(text)),
                _ => visit(None),
            };
        };
        let (name, next) = self.field(Some(model), *first);
        match (row.fields.get(name), next) {
            (Some(Value::Text(text)), _) => visit(Some(text)),
            (Some(Value::Row(inner)), Some(next)) => self.visit(next, inner, rest, visit),
            (Some(Value::Many(rows)), Some(next)) => {
                for inner in rows {
                    self.visit(next, inner, rest, visit);
                }
            }
            _ => visit(None),
        }
    }

    fn image(&self, image: Image) -> Option<&Row> {
        match image {
            Image::Old => self.write.old.as_ref(),
            Image::New => self.write.new.as_ref(),
        }
    }
}

/// The fields that a block's actions ask for, and on which image.
fn asked_for(block: &EdgeBlock) -> Vec<(RowImage, Vec<FieldId>)> {
    let mut asked = Vec::new();
    let mut ask = |path: &RowPath| asked.push((path.image, path.path.clone()));
    for action in &block.actions {
        match &action.target {
            Target::Level { args, .. } => args.iter().for_each(|arg| {
                if let TargetArg::Row(path) = arg {
                    ask(path);
                }
            }),
            Target::Tag(parts) => parts.iter().for_each(|part| {
                if let TagPart::Row(path) = part {
                    ask(path);
                }
            }),
        }
    }
    let conditions = block
        .actions
        .iter()
        .filter_map(|action| action.when.as_ref());
    let mut todo: Vec<&Condition> = conditions.collect();
    while let Some(condition) = todo.pop() {
        match condition {
            Condition::And(all) | Condition::Or(all) => todo.extend(all),
            Condition::Not(inner) => todo.push(inner),
            Condition::In(path, _) => asked.push((path.image, path.path.clone())),
            Condition::Changed(fields) => {
                asked.extend(fields.iter().map(|field| (RowImage::Both, vec![*field])));
            }
        }
    }
    asked
}

const fn images(image: RowImage) -> &'static [Image] {
    match image {
        RowImage::Old => &[Image::Old],
        RowImage::New => &[Image::New],
        RowImage::Both => &[Image::Old, Image::New],
    }
}

impl WrittenRow for Written<'_> {
    fn model(&self) -> ModelId {
        self.model
    }

    fn operation(&self) -> Operation {
        self.write.operation
    }

    fn changed(&self, field: FieldId) -> bool {
        let (name, _) = self.field(Some(self.model), field);
        match (&self.write.old, &self.write.new) {
            (Some(old), Some(new)) => old.fields.get(name) != new.fields.get(name),
            _ => true,
        }
    }

    fn values(&self, image: Image, path: &[FieldId], visit: &mut impl FnMut(Option<&str>)) {
        if let Some(row) = self.image(image) {
            self.visit(self.model, row, path, visit);
        }
    }
}
