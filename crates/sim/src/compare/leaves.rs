//! A report's figures one by one, each with its place.

use super::figures::Group;
use crate::aggregate::Node;
use crate::report::{Report, Timeline};
use indexmap::IndexMap;
use std::collections::HashMap;

/// Where a figure stands in the report.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which part.
    pub group: Group,
    /// Whose it is: a route, a level, an origin; `None`: everybody's. A row of a list is named by
    /// what it is about, `flush shared`, numbered where there are several.
    pub subject: Option<String>,
    /// Its name there, with dots between its parts: `out_of_date.ratio`.
    pub figure: String,
}

impl Place {
    /// Its parts, from the report's root on.
    #[must_use]
    pub fn path(&self) -> Vec<&str> {
        let mut path = vec![self.group.name()];
        path.extend(self.subject.as_deref());
        path.extend(self.figure.split('.'));
        path
    }
}

/// All figures of a report that can be compared with another's; `None`: there was nothing to
/// measure.
pub(super) fn leaves(report: &Report) -> IndexMap<Place, Option<f64>> {
    let figures = Report {
        timeline: Timeline::default(),
        expectations: Vec::new(),
        ..report.clone()
    };
    let mut found = IndexMap::new();
    let Node::Map(root) = Node::of(&figures) else {
        return found;
    };
    for group in Group::ALL {
        match root.get(group.name()) {
            Some(node) if group == Group::Requests => {
                gather(&mut found, group, None, "", node);
            }
            Some(Node::Map(subjects)) => {
                for (subject, node) in subjects {
                    gather(&mut found, group, Some(subject), "", node);
                }
            }
            Some(Node::List(rows)) => {
                let mut seen = HashMap::new();
                for row in rows {
                    let subject = numbered(&mut seen, named(group, row));
                    gather(&mut found, group, Some(&subject), "", row);
                }
            }
            _ => {}
        }
    }
    found
}

fn gather(
    found: &mut IndexMap<Place, Option<f64>>,
    group: Group,
    subject: Option<&str>,
    before: &str,
    node: &Node,
) {
    match node {
        Node::Map(map) => {
            for (name, node) in map {
                if !is_figure(group, before, name) {
                    continue;
                }
                let name = if before.is_empty() {
                    name.clone()
                } else {
                    format!("{before}.{name}")
                };
                gather(found, group, subject, &name, node);
            }
        }
        Node::Count(_) | Node::Figure(_) | Node::Null => {
            let place = Place {
                group,
                subject: subject.map(str::to_owned),
                figure: before.to_owned(),
            };
            found.insert(place, node.figure());
        }
        Node::Flag(_) | Node::Text(_) | Node::List(_) => {}
    }
}

/// When and of which key the worst stampede was is no figure.
fn is_figure(group: Group, before: &str, name: &str) -> bool {
    match group {
        Group::Levels => before != "stampede" || name == "peak",
        Group::Recovery => name == "seconds",
        _ => true,
    }
}

/// What a row of a list is about.
fn named(group: Group, row: &Node) -> String {
    let text = |name: &str| match row {
        Node::Map(map) => match map.get(name) {
            Some(Node::Text(text)) => text.as_str(),
            _ => "",
        },
        _ => "",
    };
    match group {
        Group::Invalidation => format!("{} on {}", text("target"), text("on")),
        _ => text("fault").to_owned(),
    }
}

/// A name, with its number from the second of that name on.
pub(super) fn numbered(seen: &mut HashMap<String, u32>, name: String) -> String {
    let count = seen.entry(name.clone()).or_default();
    *count += 1;
    match *count {
        1 => name,
        count => format!("{name} ({count})"),
    }
}
