//! Graphviz.

use super::{Graph, Kind, Relation, Verdict};
use std::fmt::Write as _;

pub(super) fn render(graph: &Graph<'_>) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&graph.policy.name));
    text.push_str(
        "  rankdir=LR\n  node [shape=box style=rounded fontname=\"sans-serif\" fontsize=11]\n",
    );
    text.push_str("  edge [fontname=\"sans-serif\" fontsize=9]\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut lines = vec![format!("{} {}", node.kind.word(), node.name)];
        lines.extend(node.details.iter().cloned());
        let style = match node.kind {
            Kind::Model => " shape=cylinder style=\"\"",
            Kind::Level(_) => "",
        };
        let _ = writeln!(
            text,
            "  n{index} [label={}{style}]",
            quoted(&lines.join("\n"))
        );
    }
    for edge in &graph.edges {
        let style = match (edge.relation, &edge.verdict) {
            (Relation::Contains, _) => "",
            (Relation::Reads, _) => " color=gray arrowhead=vee",
            (Relation::Invalidates, Some(Verdict::Sound(_))) => {
                " color=darkgreen fontcolor=darkgreen constraint=false"
            }
            (Relation::Invalidates, Some(Verdict::Unneeded)) => {
                " style=dotted color=gray fontcolor=gray40 constraint=false"
            }
            (Relation::Invalidates, _) => {
                " style=dashed color=firebrick fontcolor=firebrick constraint=false"
            }
        };
        let label = quoted(&edge.lines().collect::<Vec<_>>().join("\n"));
        let _ = writeln!(
            text,
            "  n{} -> n{} [label={label}{style}]",
            edge.from, edge.to
        );
    }
    text.push_str("}\n");
    text
}

/// A string of the dot language; a line break is `\n` there.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}
