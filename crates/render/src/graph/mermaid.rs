//! Mermaid.

use super::{Graph, Kind, Relation, Verdict};
use std::fmt::Write as _;

/// Looks of edges beside their arrows.
const STYLES: [(&str, &str); 3] = [
    ("sound", "stroke:#2d7d32"),
    ("unsound", "stroke:#d1502f"),
    ("unneeded", "stroke:#8c959f"),
];

pub(super) fn render(graph: &Graph<'_>) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut label = format!("{} {}", node.kind.word(), escaped(&node.name));
        for detail in &node.details {
            let _ = write!(label, "<br>{}", escaped(detail));
        }
        let _ = match node.kind {
            Kind::Model => writeln!(text, "  n{index}[(\"{label}\")]"),
            Kind::Level(_) => writeln!(text, "  n{index}[\"{label}\"]"),
        };
    }
    for edge in &graph.edges {
        let arrow = match (edge.relation, &edge.verdict) {
            (Relation::Contains, _) => "==>",
            (Relation::Reads, _) | (Relation::Invalidates, Some(Verdict::Sound(_))) => "-->",
            (Relation::Invalidates, _) => "-.->",
        };
        let label = edge
            .lines()
            .map(|label| escaped(&label))
            .collect::<Vec<_>>()
            .join("<br>");
        let label = if label.is_empty() {
            String::new()
        } else {
            format!("|\"{label}\"|")
        };
        let _ = writeln!(text, "  n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    for (look, style) in STYLES {
        let all = graph.edges.iter().enumerate();
        let ours = all.filter(|(_, edge)| edge.look() == look);
        let ours: Vec<_> = ours.map(|(index, _)| index.to_string()).collect();
        if !ours.is_empty() {
            let _ = writeln!(text, "  linkStyle {} {style}", ours.join(","));
        }
    }
    text
}

/// Mermaid's own escapes: `#quot;`, `#35;` and so on.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            other => escaped.push(other),
        }
    }
    escaped
}
