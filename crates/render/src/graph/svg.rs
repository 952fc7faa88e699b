//! A drawing: columns from coarse to fine, models at the right; no script, no font of its own,
//! readable on a light and on a dark page.

use super::layout::{self, Point, Rectangle};
use super::{Edge, Graph, Kind, Node, Relation, Verdict};
use crate::output::html::escaped;
use std::fmt::Write as _;

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1b1f24}
.kind{font-size:10px;letter-spacing:.06em;fill:#6a737d}
.name{font-weight:600}
.detail{font-size:11px;fill:#57606a}

rect{fill:#fff;stroke-width:1.5}
.site rect{stroke:#8250df}.view rect{stroke:#0969da}.fragment rect{stroke:#1a7f74}.object rect{stroke:#2d7d32}
.model rect{stroke:#9a6700;fill:#fff8e6}
path{fill:none;stroke-width:1.5}
.contains{stroke:#57606a}.reads{stroke:#c8a24a;stroke-width:1.2}
.sound{stroke:#2d7d32}.unsound{stroke:#d1502f;stroke-dasharray:5 4}.unneeded{stroke:#8c959f;stroke-dasharray:1 3}
.mark{font-size:10px;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
text.sound{fill:#2d7d32;stroke:#fff}text.unsound{fill:#b3371a;stroke:#fff}text.unneeded{fill:#6a737d;stroke:#fff}
marker path{stroke:none}
#contains path{fill:#57606a}#reads path{fill:#c8a24a}
#sound path{fill:#2d7d32}#unsound path{fill:#d1502f}#unneeded path{fill:#8c959f}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.kind,.detail{fill:#9aa4af}rect{fill:#161b22}.model rect{fill:#2a2412}
.contains{stroke:#8b949e}#contains path{fill:#8b949e}.unsound{stroke:#f0704c}#unsound path{fill:#f0704c}
.sound{stroke:#56b35c}#sound path{fill:#56b35c}text.sound{fill:#56b35c;stroke:#0d1117}text.unsound{fill:#f0704c;stroke:#0d1117}
text.unneeded{fill:#9aa4af;stroke:#0d1117}}
";

/// Mean width of a character, as a part of the font's size; generous, since fonts differ.
pub(super) const CHARACTER: f64 = 0.6;
/// The same of the bold names.
pub(super) const BOLD: f64 = 0.68;
pub(super) const NAME_SIZE: f64 = 13.0;
pub(super) const DETAIL_SIZE: f64 = 11.0;
const MARK_SIZE: f64 = 10.0;
/// From an arrow's head to its mark.
const MARK_FROM: f64 = 12.0;
pub(super) const PADDING: f64 = 10.0;
pub(super) const LINE: f64 = 16.0;

/// Room for the legend below.
const LEGEND_HEIGHT: f64 = 50.0;

/// Looks of edges, and what they mean.
pub(super) const LEGEND: [(&str, &str); 5] = [
    ("contains", "contains copies of"),
    ("reads", "reads rows of"),
    ("sound", "✓ reaches all copies"),
    ("unsound", "✗ some copies stay"),
    ("unneeded", "· is not read there"),
];

/// Wide enough for the legend.
const WIDTH_LEAST: f64 = 470.0;

pub(super) fn render(graph: &Graph<'_>) -> String {
    let layout = layout::layout(graph, |node| size(&graph.nodes[node]), widest_mark(graph));
    let (width, height) = (layout.width.max(WIDTH_LEAST), layout.height + LEGEND_HEIGHT);
    let mut svg = opened(graph, width, height, STYLE);
    for (edge, points) in graph.edges.iter().zip(&layout.edges) {
        draw_edge(graph, edge, &curve(points), &mut svg);
    }
    for (node, rectangle) in graph.nodes.iter().zip(&layout.nodes) {
        draw_node(node, rectangle, "", &lines(node), &mut svg);
    }
    for (edge, points) in graph.edges.iter().zip(&layout.edges) {
        mark(edge, points, &mut svg);
    }
    let columns = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)];
    let legend = LEGEND.iter().zip(columns);
    // What a level is made of, and below it what writes do.
    for (look, (row, column)) in legend {
        let x = 24.0 + f64::from(column) * 150.0;
        draw_look(
            *look,
            (x, layout.height + 4.0 + f64::from(row) * 20.0),
            &mut svg,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The beginning of a drawing: its size and title, its style, if it has one of its own, and the arrows' heads.
pub(super) fn opened(graph: &Graph<'_>, width: f64, height: f64, style: &str) -> String {
    let title = escaped(&graph.policy.name);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"Dependency graph of {title}\">\n\
         <title>Dependency graph of {title}</title>\n"
    );
    if !style.is_empty() {
        let _ = writeln!(svg, "<style>{style}</style>");
    }
    svg.push_str("<defs>");
    for (look, _) in LEGEND {
        let _ = write!(
            svg,
            "<marker id=\"{look}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\"/></marker>"
        );
    }
    svg.push_str("</defs>\n");
    svg
}

fn size(node: &Node) -> (f64, f64) {
    let width = |text: &str, size: f64| crate::output::text::width(text) as f64 * size * CHARACTER;
    let details = node.details.iter().map(|detail| width(detail, DETAIL_SIZE));
    let widest = details.fold(width(&node.name, NAME_SIZE * BOLD / CHARACTER), f64::max);
    (
        widest + 2.0 * PADDING,
        (node.details.len() + 2) as f64 * LINE + PADDING,
    )
}

/// A box with its lines, each with its class; `attributes` of the group that they are.
pub(super) fn draw_node(
    node: &Node,
    rectangle: &Rectangle,
    attributes: &str,
    lines: &[(&str, String)],
    svg: &mut String,
) {
    let Rectangle {
        x,
        y,
        width,
        height,
    } = *rectangle;
    let kind = node.kind.word();
    let radius = if node.kind == Kind::Model { 0 } else { 6 };
    let _ = write!(
        svg,
        "<g class=\"{kind}\"{attributes}><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>"
    );
    let x = x + PADDING;
    let mut y = y + LINE;
    for (class, text) in lines {
        let text = escaped(text);
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
        );
        y += LINE;
    }
    svg.push_str("</g>\n");
}

/// What it is, its name, and its details, one each.
fn lines(node: &Node) -> Vec<(&'static str, String)> {
    let details = node.details.iter().map(|detail| ("detail", detail.clone()));
    let first = [
        ("kind", node.kind.word().to_owned()),
        ("name", node.name.clone()),
    ];
    first.into_iter().chain(details).collect()
}

/// A line along a path from its left end to its right one.
pub(super) fn draw_edge(graph: &Graph<'_>, edge: &Edge, path: &str, svg: &mut String) {
    let (relation, look) = (edge.relation.word(), edge.look());
    let name = |index: usize| graph.nodes.get(index).map_or("", |node| node.name.as_str());
    let (from, to) = (escaped(name(edge.from)), escaped(name(edge.to)));
    let mut title = format!("{from} {relation} {to}");
    for line in edge.lines() {
        let _ = write!(title, "\n{}", escaped(&line));
    }
    // The path runs from the left to the right; an invalidation ends at the left.
    let marker = if edge.relation == Relation::Invalidates {
        "marker-start"
    } else {
        "marker-end"
    };
    let _ = writeln!(
        svg,
        "<path class=\"edge {look}\" data-from=\"{from}\" data-to=\"{to}\" {marker}=\"url(#{look})\" d=\"{path}\"><title>{title}</title></path>",
    );
}

/// A smooth line: horizontal at every point.
pub(super) fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    let mut before: Option<Point> = None;
    for &point in points {
        let Point { x, y } = point;
        match before {
            None => {
                let _ = write!(path, "M{x:.1} {y:.1}");
            }
            Some(start) => {
                let bend = (start.x + x) / 2.0;
                let _ = write!(
                    path,
                    "C{bend:.1} {:.1} {bend:.1} {y:.1} {x:.1} {y:.1}",
                    start.y
                );
            }
        }
        before = Some(point);
    }
    path
}

fn widest_mark(graph: &Graph<'_>) -> f64 {
    let verdicts = graph.edges.iter().filter_map(|edge| edge.verdict.as_ref());
    let width = |verdict: &Verdict| crate::output::text::width(&verdict.label()) as f64;
    let widest = verdicts.map(width).fold(0.0, f64::max);
    MARK_FROM + widest * MARK_SIZE * CHARACTER + PADDING
}

/// Whether an invalidation is sound, and what it misses, beside the level that it reaches.
fn mark(edge: &Edge, points: &[Point], svg: &mut String) {
    let (Some(verdict), Some(first)) = (&edge.verdict, points.first()) else {
        return;
    };
    let (x, y) = (first.x + MARK_FROM, first.y - 4.0);
    let label = escaped(&verdict.label());
    let look = edge.look();
    let _ = writeln!(
        svg,
        "<text class=\"mark {look}\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>"
    );
}

/// A line of the legend, from this place on.
pub(super) fn draw_look((look, text): (&str, &str), (x, y): (f64, f64), svg: &mut String) {
    let _ = writeln!(
        svg,
        "<path class=\"{look}\" d=\"M{x:.0} {y:.0}h24\"/><text class=\"detail\" x=\"{:.0}\" y=\"{:.0}\">{text}</text>",
        x + 30.0,
        y + 4.0
    );
}
