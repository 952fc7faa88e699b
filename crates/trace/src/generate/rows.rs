//! The rows that generated writes are about.
//!
//! A row is named by its identity: a value of the field that the workload draws first for writes
//! of its model, else of the first field by which a level reads it and that is no reference, else a
//! number from 1. `id` is the same value, unless it is drawn apart. A field by which levels read (a section, an author)
//! takes its values from what is asked for; a reference names a row of the other model; any other
//! field is a text that says which version it is. Nothing is stored but how often each field of a
//! written row changed: values follow from the seed, the row and that.

use super::asked::Asked;
use super::paths::Paths;
use crate::event::{Row, Value};
use crate::popularity::Sampler;
use crate::random::Stream;
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::policy::{Policy, Reference};
use cachepolicy_core::workload::{Popularity, Workload};
use rustc_hash::FxHashMap;

/// Rows of a model where nothing says how many there are.
const ROWS_DEFAULT: u64 = 1_000;
/// A reference to many names so many rows at most.
const MANY_MAX: u64 = 3;
/// A changed field is drawn again where it would be as before.
const TRIES: u32 = 16;

/// What a field holds.
#[derive(Debug)]
enum Content {
    /// The row's identity.
    Identity,
    /// A value of those that are asked for.
    Asked(Sampler),
    /// A row of another model.
    Other,
    /// A text of its own.
    Text,
}

#[derive(Debug)]
struct Field {
    name: String,
    content: Content,
    reference: Option<Reference>,
}

#[derive(Debug)]
struct Model {
    name: String,
    fields: Vec<Field>,
    identity: FieldId,
    /// Rows 1 … count are there from the beginning.
    count: u64,
    /// How often each field of a row changed; rows that never changed are left out.
    versions: FxHashMap<String, Vec<u32>>,
}

/// All rows of all models.
#[derive(Debug)]
pub(super) struct Rows {
    seed: u64,
    models: Vec<Model>,
    /// The next number that no row has.
    fresh: u64,
}

/// A row that is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) model: ModelId,
    pub(super) identity: &'a str,
    /// Fields whose values the workload draws.
    pub(super) drawn: &'a [(FieldId, String)],
    /// Which references are followed.
    pub(super) paths: &'a Paths,
}

impl Rows {
    pub(super) fn new(policy: &Policy, workload: &Workload, asked: &Asked, seed: u64) -> Self {
        let identities: Vec<FieldId> = (0..policy.models.len())
            .map(|index| identity(policy, workload, asked, ModelId(index as u16)))
            .collect();
        let models = policy.models.iter().enumerate().map(|(index, model)| {
            let id = ModelId(index as u16);
            let identity = identities.get(index).copied().unwrap_or(FieldId(0));
            let fields = model.fields.iter().enumerate().map(|(index, field)| {
                let field_id = FieldId(index as u16);
                let content = if field_id == identity || field.name == "id" {
                    Content::Identity
                } else if let Some(popularity) = asked.get(&(id, field_id)) {
                    Content::Asked(Sampler::new(popularity))
                } else if field.reference.is_some() {
                    Content::Other
                } else {
                    Content::Text
                };
                Field {
                    name: field.name.clone(),
                    content,
                    reference: field.reference,
                }
            });
            Model {
                name: model.name.clone(),
                fields: fields.collect(),
                identity,
                count: count(policy, workload, asked, id, identity),
                versions: FxHashMap::default(),
            }
        });
        Self {
            seed,
            models: models.collect(),
            fresh: greatest(workload).max(ROWS_DEFAULT).saturating_add(1),
        }
    }

    pub(super) fn model_name(&self, model: ModelId) -> &str {
        self.models
            .get(model.index())
            .map_or("", |model| model.name.as_str())
    }

    /// The field that a drawn value of names the row.
    pub(super) fn identity(&self, model: ModelId) -> Option<FieldId> {
        self.models.get(model.index()).map(|model| model.identity)
    }

    /// A row that is there from the beginning, each equally likely.
    pub(super) fn any(&self, model: ModelId, stream: &mut Stream) -> u64 {
        let count = self
            .models
            .get(model.index())
            .map_or(1, |model| model.count);
        1 + stream.below(count)
    }

    /// A row that was not there.
    pub(super) fn fresh(&mut self) -> u64 {
        let number = self.fresh;
        self.fresh = self.fresh.saturating_add(1);
        number
    }

    /// The fields of a row as they are now.
    pub(super) fn row(&self, written: Written<'_>) -> Row {
        let Some(model) = self.models.get(written.model.index()) else {
            return Row::new();
        };
        let fields = (0..model.fields.len()).map(|index| {
            let field = FieldId(index as u16);
            let drawn = written.drawn.iter().find(|(id, _)| *id == field);
            let inside = written.paths.inside(field);
            let value = match drawn {
                Some((_, text)) => self.reference_or_text(written.model, field, text, inside),
                None => self.value(written.model, written.identity, field, inside),
            };
            (self.field_name(written.model, field), value)
        });
        fields.collect()
    }

    /// Changes fields of a row; `None`: all that are not drawn and do not name it.
    pub(super) fn change(&mut self, written: Written<'_>, fields: Option<&[FieldId]>) {
        let all: Vec<FieldId>;
        let fields = match fields {
            Some(fields) => fields,
            None => {
                all = self.changeable(written);
                &all
            }
        };
        for field in fields {
            let before = self.plain(written, *field);
            for _ in 0..TRIES {
                self.bump(written, *field);
                if self.plain(written, *field) != before {
                    break;
                }
            }
        }
    }

    fn plain(&self, written: Written<'_>, field: FieldId) -> Value {
        self.value(written.model, written.identity, field, None)
    }

    fn changeable(&self, written: Written<'_>) -> Vec<FieldId> {
        let Some(model) = self.models.get(written.model.index()) else {
            return Vec::new();
        };
        let fields = model.fields.iter().enumerate();
        let free = fields.filter(|(index, field)| {
            let drawn = written.drawn.iter().any(|(id, _)| id.index() == *index);
            !drawn && !matches!(field.content, Content::Identity)
        });
        free.map(|(index, _)| FieldId(index as u16)).collect()
    }

    fn bump(&mut self, written: Written<'_>, field: FieldId) {
        let Some(model) = self.models.get_mut(written.model.index()) else {
            return;
        };
        let fields = model.fields.len();
        let versions = model
            .versions
            .entry(written.identity.to_owned())
            .or_insert_with(|| vec![0; fields]);
        if let Some(version) = versions.get_mut(field.index()) {
            *version = version.saturating_add(1);
        }
    }

    fn field_name(&self, model: ModelId, field: FieldId) -> String {
        let field = self.field(model, field);
        field.map_or_else(String::new, |field| field.name.clone())
    }

    fn field(&self, model: ModelId, field: FieldId) -> Option<&Field> {
        self.models.get(model.index())?.fields.get(field.index())
    }

    fn version(&self, model: ModelId, identity: &str, field: FieldId) -> u32 {
        let versions = self
            .models
            .get(model.index())
            .and_then(|model| model.versions.get(identity));
        versions
            .and_then(|versions| versions.get(field.index()))
            .copied()
            .unwrap_or(0)
    }

    /// A field of a row as it is now.
    fn value(
        &self,
        model: ModelId,
        identity: &str,
        field: FieldId,
        inside: Option<&Paths>,
    ) -> Value {
        let Some(known) = self.field(model, field) else {
            return Value::Null;
        };
        let version = self.version(model, identity, field);
        let stream = || {
            let version = version.to_string();
            let purpose = [
                "row",
                self.model_name(model),
                &known.name,
                identity,
                &version,
            ];
            Stream::new(self.seed, &purpose)
        };
        match &known.content {
            Content::Identity => self.reference_or_text(model, field, identity, inside),
            Content::Asked(sampler) => {
                let mut stream = stream();
                self.others(known, inside, || sampler.draw(&mut stream).to_string())
            }
            Content::Other => {
                let target = known.reference.map_or(model, |reference| reference.model);
                let mut stream = stream();
                self.others(known, inside, || self.any(target, &mut stream).to_string())
            }
            Content::Text => Value::Text(format!("{}-{identity}-{version}", known.name)),
        }
    }

    /// One value, or several of a reference to many.
    fn others(
        &self,
        field: &Field,
        inside: Option<&Paths>,
        mut draw: impl FnMut() -> String,
    ) -> Value {
        let Some(reference) = field.reference else {
            return Value::Text(draw());
        };
        if !reference.many {
            return self.other(reference.model, &draw(), inside);
        }
        let mut texts: Vec<String> = (0..MANY_MAX).map(|_| draw()).collect();
        texts.sort();
        texts.dedup();
        let rows = texts
            .iter()
            .map(|text| self.other(reference.model, text, inside));
        Value::List(rows.collect())
    }

    fn reference_or_text(
        &self,
        model: ModelId,
        field: FieldId,
        text: &str,
        inside: Option<&Paths>,
    ) -> Value {
        let reference = self.field(model, field).and_then(|field| field.reference);
        match reference {
            Some(reference) if reference.many => {
                Value::List(vec![self.other(reference.model, text, inside)])
            }
            Some(reference) => self.other(reference.model, text, inside),
            None => Value::Text(text.to_owned()),
        }
    }

    /// A row that is referred to: its id, or the fields that an edge follows to.
    fn other(&self, model: ModelId, identity: &str, inside: Option<&Paths>) -> Value {
        let Some(paths) = inside.filter(|paths| !paths.is_empty()) else {
            return Value::Text(identity.to_owned());
        };
        let mut row = vec![("id".to_owned(), Value::Text(identity.to_owned()))];
        for (field, inside) in paths.fields() {
            let name = self.field_name(model, field);
            if name != "id" {
                row.push((name, self.value(model, identity, field, Some(inside))));
            }
        }
        Value::Row(row)
    }
}

/// The field that names the rows of a model.
fn identity(policy: &Policy, workload: &Workload, asked: &Asked, model: ModelId) -> FieldId {
    let mut writes = workload.writes.iter().filter(|write| write.model == model);
    let drawn = writes.find_map(|write| {
        let create = write.operation == cachepolicy_core::edge::Operation::Create;
        write
            .fields
            .first()
            .filter(|_| !create)
            .map(|(field, _)| *field)
    });
    let id = policy
        .models
        .get(model.index())
        .and_then(|model| model.field("id"))
        .unwrap_or(FieldId(0));
    let read = || {
        // A reference says to which other row it belongs, and many rows can belong to one.
        let fields = policy.models.get(model.index()).map(|model| &model.fields);
        let is_own = |field: FieldId| {
            let field = fields.and_then(|fields| fields.get(field.index()));
            field.is_some_and(|field| field.reference.is_none())
        };
        let mut fields = asked
            .keys()
            .filter(|(known, field)| *known == model && is_own(*field));
        let by_id = asked.contains_key(&(model, id));
        fields.next().map(|(_, field)| *field).filter(|_| !by_id)
    };
    drawn.or_else(read).unwrap_or(id)
}

fn values(popularity: &Popularity) -> u64 {
    match popularity {
        Popularity::Zipf { n, .. } | Popularity::Uniform { n } => *n,
        Popularity::Choice(values) => values.len() as u64,
    }
}

/// How many rows a model has from the beginning: as many as are asked for or written.
fn count(
    policy: &Policy,
    workload: &Workload,
    asked: &Asked,
    model: ModelId,
    identity: FieldId,
) -> u64 {
    let id = policy
        .models
        .get(model.index())
        .and_then(|model| model.field("id"));
    let names = |field: FieldId| field == identity || Some(field) == id;
    let read = asked
        .iter()
        .filter(|((known, field), _)| *known == model && names(*field));
    let read = read.map(|(_, popularity)| values(popularity));
    let written = workload.writes.iter().filter(|write| write.model == model);
    let written = written.flat_map(|write| &write.fields);
    let written = written.filter(|(field, _)| names(*field));
    let written = written.map(|(_, popularity)| values(popularity));
    read.chain(written).max().unwrap_or(ROWS_DEFAULT).max(1)
}

/// The greatest number that the workload draws.
fn greatest(workload: &Workload) -> u64 {
    let routes = workload.requests.iter().flat_map(|mix| &mix.routes);
    let params = routes
        .flat_map(|route| &route.params)
        .map(|(_, popularity)| popularity);
    let fields = workload.writes.iter().flat_map(|write| &write.fields);
    let fields = fields.map(|(_, popularity)| popularity);
    let data = workload.data.iter().map(|draw| &draw.value);
    let dimensions = workload.dimensions.iter().map(|draw| &draw.value);
    let all = params.chain(fields).chain(data).chain(dimensions);
    all.map(values).max().unwrap_or(0)
}
