//! The dependency graph of a policy, ready to be drawn; one file a renderer.

mod beside;
mod dot;
mod json;
mod layout;
mod mermaid;
mod page;
mod soundness;
mod svg;
mod tree;

use crate::output::{Terminal, units};
use cachepolicy_analysis::ActionRef;
use cachepolicy_compiler::graph::{Link, NodeKind, PolicyGraph};
use cachepolicy_core::Policy;
use cachepolicy_core::level::{Level, LevelKind, LifetimeSource};
use petgraph::graph::EdgeIndex;
use soundness::{Soundness, Verdict};
use std::collections::HashMap;

/// What `graph` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// A tree in text, for people
    Human,
    /// Graphviz
    Dot,
    /// Mermaid, as in Markdown on code hosts
    Mermaid,
    /// Nodes and edges as one JSON document
    Json,
    /// A drawing
    Svg,
}

impl Format {
    /// The graph of a policy in this form.
    pub fn render(self, policy: &Policy, terminal: Terminal) -> serde_json::Result<String> {
        let whole = PolicyGraph::of(policy);
        let soundness = Soundness::of(policy);
        let drawing = || Graph::of(policy, &whole, &soundness);
        match self {
            Self::Human => Ok(tree::render(policy, &whole, &soundness, terminal)),
            Self::Dot => Ok(dot::render(&drawing())),
            Self::Mermaid => Ok(mermaid::render(&drawing())),
            Self::Json => json::render(policy, &whole, &soundness),
            Self::Svg => Ok(svg::render(&drawing())),
        }
    }
}

/// The drawing for a page with a style of its own, for a place that is so many pixels wide: its parts have
/// classes, and say what they are and where they are declared.
pub fn drawing_for_page(policy: &Policy, width: f64) -> String {
    let (whole, soundness) = (PolicyGraph::of(policy), Soundness::of(policy));
    page::render(&Graph::of(policy, &whole, &soundness), width)
}

/// As [`Format::Json`] says it, for whoever needs no other form.
pub fn json(policy: &Policy) -> serde_json::Result<String> {
    json::render(policy, &PolicyGraph::of(policy), &Soundness::of(policy))
}

/// Levels and models, and what runs between them: what a drawing shows. (The JSON has the rest.)
struct Graph<'p> {
    policy: &'p Policy,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Where the edge of that relation between two nodes stands.
    known: HashMap<(usize, usize, Relation), usize>,
}

/// A level or a model.
struct Node {
    /// `view homepage`; unique, since levels and models share one namespace.
    name: String,
    kind: Kind,
    /// A few words each: the route or parameters; where it lives and for how long; how out of date
    /// it can be.
    details: Vec<String>,
    /// Where it is declared.
    line: u32,
}

/// What a node is; coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Level(LevelKind),
    Model,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Level(kind) => kind.name(),
            Self::Model => "model",
        }
    }
}

/// From node to node, by index.
struct Edge {
    from: usize,
    to: usize,
    relation: Relation,
    /// Details, one each; two edges between the same nodes are one.
    labels: Vec<String>,
    /// Of an invalidation: does it reach every copy?
    verdict: Option<Verdict>,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Relation {
    /// A level embeds copies of another one.
    Contains,
    /// A level reads rows of a model.
    Reads,
    /// A write to a model removes copies of a level.
    Invalidates,
}

impl Relation {
    const fn word(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Reads => "reads",
            Self::Invalidates => "invalidates",
        }
    }
}

impl<'p> Graph<'p> {
    fn of(policy: &'p Policy, whole: &PolicyGraph, soundness: &Soundness<'_>) -> Self {
        let mut graph = Self {
            policy,
            nodes: Vec::new(),
            edges: Vec::new(),
            known: HashMap::new(),
        };
        let mut drawn = HashMap::new();
        for index in whole.graph.node_indices() {
            let Some(node) = whole.graph.node_weight(index) else {
                continue;
            };
            let (kind, details) = match node.kind {
                NodeKind::Level(id, kind) => {
                    let level = policy.levels.get(id.index());
                    let mut lines = level
                        .map(|level| details(policy, level))
                        .unwrap_or_default();
                    let limits = soundness.limits(id).into_iter();
                    lines.extend(limits.map(|limit| format!("staleness {limit}")));
                    (Kind::Level(kind), lines)
                }
                NodeKind::Model(_) => (Kind::Model, Vec::new()),
                NodeKind::Backend(_) | NodeKind::Origin(_) | NodeKind::Bus(_) => continue,
            };
            drawn.insert(index, graph.nodes.len());
            graph.nodes.push(Node {
                name: node.name.clone(),
                kind,
                details,
                line: node.place.line,
            });
        }
        for index in whole.graph.edge_indices() {
            let (Some((from, to)), Some(link)) = (
                whole.graph.edge_endpoints(index),
                whole.graph.edge_weight(index),
            ) else {
                continue;
            };
            let ends = drawn.get(&from).zip(drawn.get(&to));
            if let (Some((&from, &to)), Some((relation, label))) = (ends, drawn_as(link)) {
                let ends = (from, to);
                graph.add(ends, relation, label, verdict(whole, soundness, index));
            }
        }
        graph
    }

    fn add(
        &mut self,
        (from, to): (usize, usize),
        relation: Relation,
        label: String,
        verdict: Option<Verdict>,
    ) {
        let next = self.edges.len();
        let index = *self.known.entry((from, to, relation)).or_insert(next);
        if index == next {
            self.edges.push(Edge {
                from,
                to,
                relation,
                labels: Vec::new(),
                verdict: None,
            });
        }
        let Some(edge) = self.edges.get_mut(index) else {
            return;
        };
        if !label.is_empty() && !edge.labels.contains(&label) {
            edge.labels.push(label);
        }
        match (&mut edge.verdict, verdict) {
            (Some(known), Some(verdict)) => known.join(verdict),
            (known @ None, verdict) => *known = verdict,
            (Some(_), None) => {}
        }
    }
}

impl Edge {
    /// A word for its looks: of an invalidation whether it is sound, else its relation.
    const fn look(&self) -> &'static str {
        match &self.verdict {
            Some(verdict) => verdict.word(),
            None => self.relation.word(),
        }
    }

    /// What stands beside it.
    fn lines(&self) -> impl Iterator<Item = String> {
        let verdict = self.verdict.as_ref().map(Verdict::label);
        self.labels.iter().cloned().chain(verdict)
    }
}

/// Of a link of the whole graph, if it is an invalidation.
fn verdict(whole: &PolicyGraph, soundness: &Soundness<'_>, link: EdgeIndex) -> Option<Verdict> {
    let (from, to) = whole.graph.edge_endpoints(link)?;
    let (model, level) = match (
        whole.graph.node_weight(from)?.kind,
        whole.graph.node_weight(to)?.kind,
    ) {
        (NodeKind::Model(model), NodeKind::Level(level, _)) => (model, level),
        _ => return None,
    };
    match *whole.graph.edge_weight(link)? {
        Link::Invalidates { edge, action, .. } => {
            let edge = edge.index();
            Some(soundness.verdict(level, model, ActionRef { edge, action }))
        }
        _ => None,
    }
}

/// How a link is drawn, if it is, and what stands beside it.
fn drawn_as(link: &Link) -> Option<(Relation, String)> {
    match link {
        Link::Contains { args } => {
            let each = args.split(", ").any(|arg| arg.starts_with("each "));
            Some((
                Relation::Contains,
                if each {
                    "each".to_owned()
                } else {
                    String::new()
                },
            ))
        }
        Link::Answers => Some((Relation::Contains, String::new())),
        Link::Reads { .. } => Some((Relation::Reads, String::new())),
        Link::Invalidates {
            operations, bus, ..
        } => {
            let via = bus
                .as_ref()
                .map_or_else(String::new, |bus| format!(" via {bus}"));
            Some((
                Relation::Invalidates,
                format!("{operations}: {}{via}", link.word()),
            ))
        }
        Link::TravelsOn | Link::StoredIn { .. } | Link::CostsOn => None,
    }
}

/// Its route or parameters, then where it lives and for how long.
fn details(policy: &Policy, level: &Level) -> Vec<String> {
    let route = level.route.as_ref();
    let first = match route {
        Some(route) => format!("{} {}", route.methods.join("|"), route.pattern.text),
        None if level.params.is_empty() => String::new(),
        None => format!("({})", level.params.join(", ")),
    };
    let lines = [first, residence(policy, level)];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// `60s in hot, shared`
pub fn residence(policy: &Policy, level: &Level) -> String {
    if !level.is_stored() {
        return "not stored".to_owned();
    }
    let backends = level
        .tiers
        .iter()
        .filter_map(|tier| policy.backends.get(tier.backend.index()));
    let backends: Vec<_> = backends.map(|backend| backend.name.as_str()).collect();
    format!("{} in {}", lifetime(level), backends.join(", "))
}

/// `60s`, or where the lifetime comes from.
pub fn lifetime(level: &Level) -> String {
    let ttl = units::literal(level.rules.ttl);
    match level.lifetime {
        LifetimeSource::Declared => ttl,
        LifetimeSource::Response { .. } => format!("as the response says, else {ttl},"),
        LifetimeSource::Trace => format!("as the trace says, else {ttl},"),
    }
}

#[cfg(test)]
mod tests;
