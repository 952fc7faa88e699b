//! Nodes and edges as one JSON document.

use cachepolicy_compiler::graph::{Link, Node, NodeKind, PolicyGraph};
use cachepolicy_core::level::Tier;
use cachepolicy_core::{Duration, Level, Policy};
use serde::Serialize;

/// The schema of this document.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    policy: &'a str,
    nodes: Vec<NodeEntry<'a>>,
    edges: Vec<EdgeEntry<'a>>,
}

#[derive(Serialize)]
struct NodeEntry<'a> {
    /// Unique.
    name: &'a str,
    kind: &'static str,
    /// A level's route, a backend's kind, what a bus promises.
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    level: Option<LevelEntry<'a>>,
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct LevelEntry<'a> {
    params: &'a [String],
    /// Backends, nearest first.
    store: Vec<&'a str>,
    /// In seconds; null: for ever, or not stored.
    ttl: Option<f64>,
}

#[derive(Serialize)]
struct EdgeEntry<'a> {
    from: &'a str,
    to: &'a str,
    relation: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// `create|update`: the writes that an invalidation is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bus: Option<&'a str>,
}

pub(super) fn render(policy: &Policy, whole: &PolicyGraph) -> serde_json::Result<String> {
    let document = Document {
        schema: SCHEMA,
        policy: &policy.name,
        nodes: whole
            .graph
            .node_weights()
            .map(|node| entry(policy, node))
            .collect(),
        edges: whole
            .graph
            .edge_indices()
            .filter_map(|index| {
                let (from, to) = whole.graph.edge_endpoints(index)?;
                let name = |index| {
                    whole
                        .graph
                        .node_weight(index)
                        .map(|node| node.name.as_str())
                };
                Some(edge(
                    name(from)?,
                    name(to)?,
                    whole.graph.edge_weight(index)?,
                ))
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn entry<'a>(policy: &'a Policy, node: &'a Node) -> NodeEntry<'a> {
    let level = match node.kind {
        NodeKind::Level(id, _) => policy.levels.get(id.index()),
        _ => None,
    };
    NodeEntry {
        name: &node.name,
        kind: node.kind.word(),
        detail: &node.detail,
        level: level.map(|level| level_entry(policy, level)),
        file: policy
            .files
            .get(usize::from(node.place.file))
            .map_or("", String::as_str),
        line: node.place.line,
    }
}

fn level_entry<'a>(policy: &'a Policy, level: &'a Level) -> LevelEntry<'a> {
    let backend = |tier: &Tier| {
        policy
            .backends
            .get(tier.backend.index())
            .map(|backend| backend.name.as_str())
    };
    let seconds = |ttl: Duration| (!ttl.is_forever()).then(|| ttl.as_secs_f64());
    LevelEntry {
        params: &level.params,
        store: level.tiers.iter().filter_map(backend).collect(),
        ttl: if level.is_stored() {
            seconds(level.rules.ttl)
        } else {
            None
        },
    }
}

fn edge<'a>(from: &'a str, to: &'a str, link: &'a Link) -> EdgeEntry<'a> {
    let (operations, bus) = match link {
        Link::Invalidates {
            operations, bus, ..
        } => (Some(operations.as_str()), bus.as_deref()),
        _ => (None, None),
    };
    EdgeEntry {
        from,
        to,
        relation: relation(link),
        detail: link.label(),
        operations,
        bus,
    }
}

/// One stable word for each kind of link; what an invalidation does is in its detail.
const fn relation(link: &Link) -> &'static str {
    match link {
        Link::Invalidates { .. } => "invalidates",
        Link::TravelsOn => "travels-on",
        Link::StoredIn { .. } => "stored-in",
        Link::CostsOn => "costs-on",
        Link::Contains { .. } | Link::Answers | Link::Reads { .. } => link.word(),
    }
}
