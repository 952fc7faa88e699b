//! Trees of figures, merged leaf by leaf.

use super::interval::Interval;
use crate::report::{Ordered, Report};
use serde::{Deserialize as _, Serialize};
use serde_json::value::RawValue;

/// A report as its JSON says it, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Node {
    /// No figure.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A count.
    Count(u64),
    /// Any other figure.
    Figure(f64),
    /// No figure at all.
    Text(String),
    /// By position.
    List(Vec<Node>),
    /// By name.
    Map(Ordered<Node>),
}

/// The intervals of a tree's figures, in its shape. What has no figure is null, or not there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Intervals {
    /// Of nothing.
    None,
    /// Of a figure.
    One(Interval),
    /// By position.
    List(Vec<Intervals>),
    /// By name.
    Map(Ordered<Intervals>),
}

impl Node {
    /// Of a report.
    pub(crate) fn of(report: &Report) -> Self {
        let text = serde_json::to_string(report);
        text.ok()
            .and_then(|text| Self::read(&text))
            .unwrap_or(Self::Null)
    }

    /// Of JSON. Its numbers are read here: `serde_json` brings tables of its own for them.
    pub(super) fn read(json: &str) -> Option<Self> {
        Some(match json.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Flag(true),
            b'f' => Self::Flag(false),
            b'"' => Self::Text(serde_json::from_str(json).ok()?),
            b'[' => {
                let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
                let list = list.into_iter().map(|json| Self::read(json.get()));
                Self::List(list.collect::<Option<_>>()?)
            }
            b'{' => {
                let map: Ordered<&RawValue> = serde_json::from_str(json).ok()?;
                let map = map.into_iter();
                let map = map.map(|(name, json)| Some((name, Self::read(json.get())?)));
                Self::Map(map.collect::<Option<_>>()?)
            }
            _ => match json.parse() {
                Ok(count) => Self::Count(count),
                Err(_) => Self::Figure(json.parse().ok()?),
            },
        })
    }

    /// Back to a report.
    pub(super) fn report(&self) -> Option<Report> {
        Report::deserialize(self).ok()
    }

    /// Without what has this name.
    pub(super) fn remove(&mut self, name: &str) {
        if let Self::Map(map) = self {
            map.shift_remove(name);
        }
    }

    /// The figure, if it is one.
    pub(crate) const fn figure(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Figure(figure) => Some(*figure),
            _ => None,
        }
    }
}

/// The means of what stands at the same place in several trees, and their intervals. What is no
/// figure is as in the first tree that has it. Trees differ where a figure has no value in some, or
/// where not all have the same routes; `None` is a tree that has nothing there.
pub(super) fn merge(trees: &[Option<&Node>]) -> (Node, Intervals) {
    let there = || trees.iter().copied().flatten();
    let said = there().find(|node| !matches!(node, Node::Null));
    match said {
        None => (Node::Null, Intervals::None),
        Some(Node::Count(_) | Node::Figure(_)) => {
            let whole = there().all(|node| !matches!(node, Node::Figure(_)));
            let figures: Vec<_> = trees
                .iter()
                .map(|tree| tree.and_then(Node::figure))
                .collect();
            match Interval::of(&figures) {
                None => (Node::Null, Intervals::None),
                Some(interval) if whole => (
                    Node::Count(libm::round(interval.mean) as u64),
                    Intervals::One(interval),
                ),
                Some(interval) => (Node::Figure(interval.mean), Intervals::One(interval)),
            }
        }
        Some(node @ (Node::Flag(_) | Node::Text(_) | Node::Null)) => {
            (node.clone(), Intervals::None)
        }
        Some(Node::List(_)) => lists(trees),
        Some(Node::Map(_)) => maps(trees),
    }
}

fn lists(trees: &[Option<&Node>]) -> (Node, Intervals) {
    let list = |tree: &Option<&Node>| match tree {
        Some(Node::List(list)) => list.clone(),
        _ => Vec::new(),
    };
    let all: Vec<_> = trees.iter().map(list).collect();
    let length = all.iter().map(Vec::len).max().unwrap_or(0);
    let (means, intervals): (Vec<_>, Vec<_>) = (0..length)
        .map(|index| merge(&all.iter().map(|list| list.get(index)).collect::<Vec<_>>()))
        .unzip();
    let nothing = intervals.iter().all(|it| *it == Intervals::None);
    let intervals = if nothing {
        Intervals::None
    } else {
        Intervals::List(intervals)
    };
    (Node::List(means), intervals)
}

fn maps(trees: &[Option<&Node>]) -> (Node, Intervals) {
    let map = |tree: Option<&'_ Node>| match tree {
        Some(Node::Map(map)) => Some(map.clone()),
        _ => None,
    };
    let all: Vec<_> = trees.iter().map(|tree| map(*tree)).collect();
    let mut means = Ordered::new();
    let mut intervals = Ordered::new();
    for name in all.iter().flatten().flat_map(|map| map.keys()) {
        if means.contains_key(name) {
            continue;
        }
        let same = all
            .iter()
            .map(|map| map.as_ref().and_then(|map| map.get(name)));
        let (mean, interval) = merge(&same.collect::<Vec<_>>());
        means.insert(name.clone(), mean);
        if interval != Intervals::None {
            intervals.insert(name.clone(), interval);
        }
    }
    let intervals = if intervals.is_empty() {
        Intervals::None
    } else {
        Intervals::Map(intervals)
    };
    (Node::Map(means), intervals)
}

impl Intervals {
    /// What stands at a place.
    pub(super) fn get(&self, path: &[&str]) -> Option<Interval> {
        match (path.split_first(), self) {
            (None, Self::One(interval)) => Some(*interval),
            (Some((name, rest)), Self::Map(map)) => map.get(*name)?.get(rest),
            _ => None,
        }
    }

    /// Without what stands at a place.
    pub(super) fn remove(&mut self, path: &[&str]) {
        match (path, self) {
            ([name], Self::Map(map)) => {
                map.shift_remove(*name);
            }
            ([name, rest @ ..], Self::Map(map)) => {
                if let Some(inner) = map.get_mut(*name) {
                    inner.remove(rest);
                }
            }
            _ => {}
        }
    }

    /// Without what has this name in any row of a list.
    pub(super) fn remove_from_each(&mut self, list: &str, name: &str) {
        let Self::Map(map) = self else { return };
        if let Some(Self::List(rows)) = map.get_mut(list) {
            for row in rows {
                row.remove(&[name]);
            }
        }
    }
}
