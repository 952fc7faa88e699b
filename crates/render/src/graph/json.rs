//! Nodes and edges as one JSON document.

use super::{Soundness, Verdict};
use cachepolicy_analysis::{Bound, By};
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
    /// For each model that it depends on.
    bounds: Vec<BoundEntry<'a>>,
}

#[derive(Serialize)]
struct BoundEntry<'a> {
    model: &'a str,
    /// How out of date its copies can be, in seconds; null: there is no limit.
    staleness: Option<f64>,
    /// The same with what it embeds.
    end_to_end: Option<f64>,
    /// `embedded`, `time`, `edges`
    by: &'static str,
}

/// Does an invalidation reach every copy?
#[derive(Serialize)]
struct SoundnessEntry {
    /// `sound`, `unsound`, `unneeded`
    verdict: &'static str,
    /// Of a sound one: how long after a write a copy can still be served, in seconds; null: there
    /// is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<Option<f64>>,
    /// Of an unsound one: what it misses, a few words each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    misses: Vec<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    soundness: Option<SoundnessEntry>,
}

pub(super) fn render(
    policy: &Policy,
    whole: &PolicyGraph,
    soundness: &Soundness<'_>,
) -> serde_json::Result<String> {
    let document = Document {
        schema: SCHEMA,
        policy: &policy.name,
        nodes: whole
            .graph
            .node_weights()
            .map(|node| entry(policy, node, soundness))
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
                let verdict = super::verdict(whole, soundness, index);
                Some(edge(
                    (name(from)?, name(to)?),
                    whole.graph.edge_weight(index)?,
                    verdict,
                ))
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn entry<'a>(policy: &'a Policy, node: &'a Node, soundness: &Soundness<'_>) -> NodeEntry<'a> {
    let level = match node.kind {
        NodeKind::Level(id, _) => policy
            .levels
            .get(id.index())
            .map(|level| level_entry(policy, level, soundness.bounds_of(id))),
        _ => None,
    };
    NodeEntry {
        name: &node.name,
        kind: node.kind.word(),
        detail: &node.detail,
        level,
        file: policy.file(node.place),
        line: node.place.line,
    }
}

fn level_entry<'a>(policy: &'a Policy, level: &'a Level, bounds: &[Bound]) -> LevelEntry<'a> {
    let backend = |tier: &Tier| {
        policy
            .backends
            .get(tier.backend.index())
            .map(|backend| backend.name.as_str())
    };
    let bound = |bound: &Bound| {
        let model = policy.models.get(bound.model.index())?;
        Some(BoundEntry {
            model: &model.name,
            staleness: seconds(bound.staleness),
            end_to_end: seconds(bound.end_to_end),
            by: match bound.by {
                By::Embedded => "embedded",
                By::Time => "time",
                By::Edges => "edges",
            },
        })
    };
    LevelEntry {
        params: &level.params,
        store: level.tiers.iter().filter_map(backend).collect(),
        ttl: if level.is_stored() {
            seconds(level.rules.ttl)
        } else {
            None
        },
        bounds: bounds.iter().filter_map(bound).collect(),
    }
}

fn seconds(time: Duration) -> Option<f64> {
    (!time.is_forever()).then(|| time.as_secs_f64())
}

fn edge<'a>(
    (from, to): (&'a str, &'a str),
    link: &'a Link,
    verdict: Option<Verdict>,
) -> EdgeEntry<'a> {
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
        soundness: verdict.map(|verdict| SoundnessEntry {
            verdict: verdict.word(),
            within: match &verdict {
                Verdict::Sound(time) => Some(seconds(*time)),
                Verdict::Unsound(_) | Verdict::Unneeded => None,
            },
            misses: match verdict {
                Verdict::Unsound(misses) => misses,
                Verdict::Sound(_) | Verdict::Unneeded => Vec::new(),
            },
        }),
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
