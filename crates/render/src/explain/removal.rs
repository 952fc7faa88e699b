//! What one write removes: `Article update slug=a:b`.

use super::key::{Known, KnownValues, key_of};
use super::writes::when;
use crate::{Refused, did_you_mean};
use cachepolicy_compiler::graph::{Link, PolicyGraph};
use cachepolicy_core::edge::{Action, EdgeBlock, Operation, Target};
use cachepolicy_core::effects::{
    Binding, EffectBuffer, EffectTarget, Image, WrittenRow, effects, holds,
};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::key::Url;
use cachepolicy_core::policy::{Model, Policy};
use cachepolicy_core::{DimensionId, FieldId, LevelId, ModelId};
use cachepolicy_sim::metrics::labels;
use serde::Serialize;

/// The schema of the JSON.
const SCHEMA: u32 = 1;

/// What stands for the value of a field that the write does not name. It has only characters that
/// keys keep as they are, and is shown as `{field}`.
const OPEN: &str = "OPEN-";

/// A write as the argument describes it.
#[derive(Debug, Clone)]
pub struct Written {
    model: ModelId,
    operation: Operation,
    fields: Vec<FieldValue>,
}

/// A field's path with its values before and after.
#[derive(Debug, Clone)]
struct FieldValue {
    path: Vec<FieldId>,
    old: String,
    new: String,
}

/// What a write removes.
#[derive(Debug, Clone, Serialize)]
pub struct Removal {
    schema: u32,
    pub(super) model: String,
    pub(super) operation: &'static str,
    pub(super) edges: Vec<EdgeRemoval>,
    /// Stored levels that depend on the model and that nothing in the policy removes.
    pub(super) untouched: Vec<String>,
}

/// What one `on` block does.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EdgeRemoval {
    pub(super) on: String,
    pub(super) when: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) actions: Vec<ActionRemoval>,
}

/// What one action does.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ActionRemoval {
    pub(super) action: String,
    /// Its condition does not hold for this write.
    pub(super) skipped: bool,
    /// Keys, with `{…}` for what is not known and `*` for any variant.
    pub(super) keys: Vec<String>,
    pub(super) tags: Vec<String>,
    /// Also these levels' copies that embed one of them.
    pub(super) cascade: Vec<String>,
    pub(super) file: String,
    pub(super) line: u32,
}

/// Reads `Article update slug=old:new author.name=x`.
pub fn parse(policy: &Policy, text: &str) -> Result<Written, Refused> {
    let mut words = text.split_whitespace();
    let (Some(model), Some(operation)) = (words.next(), words.next()) else {
        return Err(Refused(format!(
            "`{text}` is no write: expected `MODEL create|update|delete FIELD=VALUE …`, for example `Article update slug=old:new`"
        )));
    };
    let Some(index) = policy.models.iter().position(|own| own.name == model) else {
        let advice = did_you_mean(model, policy.models.iter().map(|model| model.name.as_str()));
        return Err(Refused(format!("there is no model `{model}`; {advice}")));
    };
    let Some(operation) = [Operation::Create, Operation::Update, Operation::Delete]
        .into_iter()
        .find(|own| own.name() == operation)
    else {
        return Err(Refused(format!(
            "`{operation}` is nothing that a write does: it creates, updates or deletes (`create`, `update`, `delete`)"
        )));
    };
    let model = ModelId(index as u16);
    let fields = words
        .map(|word| field(policy, model, word))
        .collect::<Result<_, Refused>>()?;
    Ok(Written {
        model,
        operation,
        fields,
    })
}

fn field(policy: &Policy, model: ModelId, word: &str) -> Result<FieldValue, Refused> {
    let Some((name, value)) = word.split_once('=') else {
        return Err(Refused(format!(
            "`{word}` is no field with its value: expected `FIELD=VALUE`, or `FIELD=OLD:NEW` for one that changes"
        )));
    };
    let (old, new) = split_change(value);
    Ok(FieldValue {
        path: path(policy, model, name)?,
        old,
        new,
    })
}

/// `old:new`, or one value for both; `\\:` is a colon in a value.
fn split_change(value: &str) -> (String, String) {
    let mut parts = vec![String::new()];
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek(), parts.len()) {
            ('\\', Some(':'), _) => {
                characters.next();
                push(&mut parts, ':');
            }
            (':', _, 1) => parts.push(String::new()),
            _ => push(&mut parts, character),
        }
    }
    let mut parts = parts.into_iter();
    let old = parts.next().unwrap_or_default();
    let new = parts.next().unwrap_or_else(|| old.clone());
    (old, new)
}

fn push(parts: &mut [String], character: char) {
    if let Some(last) = parts.last_mut() {
        last.push(character);
    }
}

fn path(policy: &Policy, model: ModelId, name: &str) -> Result<Vec<FieldId>, Refused> {
    let mut path = Vec::new();
    let mut current: Option<&Model> = policy.models.get(model.index());
    for word in name.split('.') {
        let Some(model) = current else {
            return Err(Refused(format!(
                "`{name}` goes on after a field that is no reference"
            )));
        };
        let Some(id) = model.field(word) else {
            let advice = did_you_mean(word, model.fields.iter().map(|field| field.name.as_str()));
            return Err(Refused(format!(
                "`{}` has no field `{word}`; {advice}",
                model.name
            )));
        };
        let reference = model
            .fields
            .get(id.index())
            .and_then(|field| field.reference);
        current = reference.and_then(|reference| policy.models.get(reference.model.index()));
        path.push(id);
    }
    Ok(path)
}

/// The names along a path of fields.
fn path_name(policy: &Policy, model: ModelId, path: &[FieldId]) -> String {
    let mut names = Vec::new();
    let mut model = policy.models.get(model.index());
    for id in path {
        let Some(field) = model.and_then(|model| model.fields.get(id.index())) else {
            break;
        };
        names.push(field.name.as_str());
        model = field
            .reference
            .and_then(|reference| policy.models.get(reference.model.index()));
    }
    names.join(".")
}

/// The write as the decisions see it.
struct Row<'a> {
    policy: &'a Policy,
    written: &'a Written,
}

impl WrittenRow for Row<'_> {
    fn model(&self) -> ModelId {
        self.written.model
    }

    fn operation(&self) -> Operation {
        self.written.operation
    }

    /// A field that is not named did not change.
    fn changed(&self, field: FieldId) -> bool {
        let named = self
            .written
            .fields
            .iter()
            .filter(|value| value.path.first() == Some(&field));
        named.into_iter().any(|value| value.old != value.new)
    }

    fn values(&self, image: Image, path: &[FieldId], visit: &mut impl FnMut(Option<&str>)) {
        let exists = match self.written.operation {
            Operation::Create => image == Image::New,
            Operation::Delete => image == Image::Old,
            Operation::Update => true,
        };
        if !exists {
            return;
        }
        let mut named = self
            .written
            .fields
            .iter()
            .filter(|value| value.path == path)
            .peekable();
        if named.peek().is_none() {
            let open = path_name(self.policy, self.written.model, path).replace('.', "~");
            visit(Some(&format!("{OPEN}{open}.")));
        }
        for value in named {
            visit(Some(match image {
                Image::Old => &value.old,
                Image::New => &value.new,
            }));
        }
    }
}

/// Shows the marks of unnamed fields as `{field}`.
fn opened(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let (name, after) = behind.split_once('.').unwrap_or((behind, ""));
        shown.push_str(&format!("{before}{{{}}}", name.replace('~', ".")));
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Explains a write.
pub fn explain(policy: &Policy, written: &Written) -> Removal {
    let row = Row { policy, written };
    let graph = Graph::new(policy);
    let blocks = policy.edges.iter().filter(|block| {
        block.model == written.model && block.operations.contains(&written.operation)
    });
    let edges = blocks
        .map(|block| block_removal(policy, &graph, block, &row))
        .collect();
    Removal {
        schema: SCHEMA,
        model: policy
            .models
            .get(written.model.index())
            .map(|model| model.name.clone())
            .unwrap_or_default(),
        operation: written.operation.name(),
        edges,
        untouched: untouched(policy, &graph, written),
    }
}

/// Stored levels made of the model that no action of an edge for this operation reaches.
fn untouched(policy: &Policy, graph: &Graph, written: &Written) -> Vec<String> {
    let whole = PolicyGraph::of(policy);
    let fires = |link: &Link| match link {
        Link::Invalidates { edge, .. } => {
            let block = policy.edges.get(edge.index());
            block.is_some_and(|block| block.operations.contains(&written.operation))
        }
        _ => false,
    };
    let reached = |level: LevelId| {
        let ends = whole.model(written.model).zip(whole.level(level));
        ends.is_some_and(|(model, level)| {
            whole
                .graph
                .edges_connecting(model, level)
                .any(|link| fires(link.weight()))
        })
    };
    let levels = policy.levels.iter().enumerate().rev();
    let depends = levels.filter(|(index, level)| {
        let id = LevelId(*index as u16);
        let reads = graph
            .dependencies(id)
            .is_some_and(|all| all.models.contains(&written.model));
        level.is_stored() && reads && !reached(id)
    });
    depends
        .map(|(_, level)| format!("{} {}", level.kind.name(), level.name))
        .collect()
}

fn block_removal(policy: &Policy, graph: &Graph, block: &EdgeBlock, row: &Row<'_>) -> EdgeRemoval {
    let mut actions: Vec<ActionRemoval> = block
        .actions
        .iter()
        .map(|action| action_removal(policy, graph, block, action, row))
        .collect();
    let mut buffer = EffectBuffer::default();
    effects(block, row, &mut buffer, |effect| {
        let Some(removal) = actions.get_mut(effect.action) else {
            return;
        };
        match effect.target {
            EffectTarget::Tag(tag) => removal.tags.push(opened(tag)),
            EffectTarget::Level { level, args } => {
                if let Some(level) = policy.levels.get(level.index()) {
                    removal
                        .keys
                        .push(opened(&key_of(policy, level, &Bound(args))));
                }
            }
        }
    });
    let (file, line) = place(policy, block.place);
    EdgeRemoval {
        on: labels::on(policy, block),
        when: when(policy, block, None),
        file,
        line,
        actions,
    }
}

fn action_removal(
    policy: &Policy,
    graph: &Graph,
    block: &EdgeBlock,
    action: &Action,
    row: &Row<'_>,
) -> ActionRemoval {
    let cascade = match (&action.target, action.cascade) {
        (Target::Level { level, .. }, true) => graph.all_containers(*level),
        _ => Vec::new(),
    };
    let name = |id: &LevelId| {
        policy
            .levels
            .get(id.index())
            .filter(|level| level.is_stored())
            .map(|level| level.name.clone())
    };
    let (file, line) = place(policy, action.place);
    ActionRemoval {
        action: labels::action(policy, block, action),
        skipped: action.when.as_ref().is_some_and(|when| !holds(when, row)),
        keys: Vec::new(),
        tags: Vec::new(),
        cascade: cascade.iter().filter_map(name).collect(),
        file,
        line,
    }
}

fn place(policy: &Policy, place: cachepolicy_core::policy::Place) -> (String, u32) {
    (policy.file(place).to_owned(), place.line)
}

/// A target's parameters; every variant is meant.
struct Bound<'a>(&'a [Binding<'a>]);

impl KnownValues for Bound<'_> {
    fn param(&self, index: u16) -> Known {
        match self.0.get(usize::from(index)) {
            Some(Binding::Value(value)) => Known::Value((*value).to_owned()),
            Some(Binding::Absent) => Known::Absent,
            Some(Binding::Any) | None => Known::Open("*".to_owned()),
        }
    }

    fn dimension(&self, _: DimensionId) -> Known {
        Known::Open("*".to_owned())
    }

    fn url(&self) -> Option<Url<'_>> {
        None
    }
}
