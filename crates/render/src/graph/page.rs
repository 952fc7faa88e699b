//! A drawing for a page with a style of its own, as wide as its place in it, so that its words need no zooming.

use super::beside::{Beside, Line, MARGIN, Needs, beside};
use super::layout::Point;
use super::svg::{
    BOLD, CHARACTER, DETAIL_SIZE, LEGEND, LINE, NAME_SIZE, PADDING, curve, draw_edge, draw_look,
    draw_node, opened,
};
use super::{Edge, Graph, Kind, Node};
use crate::output::html::escaped;
use crate::output::text::{shorten, width, wrap};
use std::fmt::Write as _;

/// What a line of the legend takes.
const LOOK: (f64, f64) = (148.0, 20.0);

/// Narrower than this there is room for an edge's sign alone.
const MARK_LEAST: f64 = 110.0;

/// From an arrow's head to what stands beside it.
const MARK_FROM: f64 = 11.0;

/// How far lines turn at a corner.
const CORNER: f64 = 6.0;

pub(super) fn render(graph: &Graph<'_>, width: f64) -> String {
    let placed = place(graph, width);
    let columns = (((placed.width - 2.0 * MARGIN) / LOOK.0) as usize).clamp(1, LEGEND.len());
    let rows = LEGEND.len().div_ceil(columns);
    let bottom = placed.height + rows as f64 * LOOK.1 + MARGIN;
    let mut svg = opened(graph, placed.width, bottom, "");
    for (edge, line) in graph.edges.iter().zip(&placed.lines) {
        draw_edge(graph, edge, &path(line), &mut svg);
    }
    for (node, rectangle) in graph.nodes.iter().zip(&placed.nodes) {
        let attributes = format!(
            " data-name=\"{}\" data-line=\"{}\" tabindex=\"0\" role=\"button\"",
            escaped(&node.name),
            node.line
        );
        let lines = lines(node, rectangle.width);
        draw_node(node, rectangle, &attributes, &lines, &mut svg);
    }
    for (edge, line) in graph.edges.iter().zip(&placed.lines) {
        mark(graph, edge, line, placed.gap, &mut svg);
    }
    for (index, look) in LEGEND.into_iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let x = MARGIN + column as f64 * LOOK.0;
        let y = placed.height + (row as f64 + 0.5) * LOOK.1;
        draw_look(look, (x, y), &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where everything stands in a drawing of that width.
pub(super) fn place(graph: &Graph<'_>, width: f64) -> Beside {
    let widest = |is_model: bool| {
        let nodes = graph.nodes.iter();
        let nodes = nodes.filter(|node| (node.kind == Kind::Model) == is_model);
        nodes.map(natural).fold(0.0, f64::max)
    };
    let marks = graph.edges.iter().filter_map(|edge| edge.verdict.as_ref());
    let marks = marks.map(|verdict| detail(&verdict.label()));
    let needs = Needs {
        width,
        widest: (widest(false), widest(true)),
        mark: marks.fold(0.0, f64::max),
        height: &|node, width| lines(&graph.nodes[node], width).len() as f64 * LINE + PADDING,
    };
    beside(graph, &needs)
}

fn detail(text: &str) -> f64 {
    width(text) as f64 * DETAIL_SIZE * CHARACTER
}

/// How wide a node is that has each of its details in one line.
fn natural(node: &Node) -> f64 {
    let details = node.details.iter().map(|text| detail(text));
    let name = width(&node.name) as f64 * NAME_SIZE * BOLD;
    details.fold(name, f64::max) + 2.0 * PADDING
}

/// What it is, its name and its details, in a box of that width: each with its class.
fn lines(node: &Node, width: f64) -> Vec<(&'static str, String)> {
    let fits = |character: f64| (((width - 2.0 * PADDING) / character + 1e-6) as usize).max(4);
    let name = broken(&node.name, fits(NAME_SIZE * BOLD));
    let small = fits(DETAIL_SIZE * CHARACTER);
    let details = node.details.iter().flat_map(|text| wrap(text, small));
    let details = details.flat_map(|line| broken(&line, small));
    let kind = [("kind", node.kind.word().to_owned())];
    let name = name.into_iter().map(|line| ("name", line));
    let details = details.map(|line| ("detail", line));
    kind.into_iter().chain(name).chain(details).collect()
}

/// A word in pieces of at most so many characters.
fn broken(word: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    let pieces = characters.chunks(columns);
    pieces.map(|piece| piece.iter().collect()).collect()
}

fn path(line: &Line) -> String {
    match *line {
        Line::Across { from, to, .. } => curve(&[from, to].map(|(x, y)| Point { x, y })),
        Line::Around {
            side,
            from,
            lane,
            to,
        } => {
            let turn = CORNER.copysign(to - from);
            format!(
                "M{side:.1} {from:.1}H{:.1}Q{lane:.1} {from:.1} {lane:.1} {:.1}V{:.1}Q{lane:.1} {to:.1} {:.1} {to:.1}H{side:.1}",
                lane + CORNER,
                from + turn,
                to - turn,
                lane + CORNER,
            )
        }
    }
}

/// Whether an invalidation is sound, and what it misses, beside the level that it reaches.
fn mark(graph: &Graph<'_>, edge: &Edge, line: &Line, gap: f64, svg: &mut String) {
    let (Line::Across { from, goes_up, .. }, Some(verdict)) = (*line, &edge.verdict) else {
        return;
    };
    let label = verdict.label();
    let label = if gap < MARK_LEAST {
        label.chars().take(1).collect()
    } else {
        let room = gap - 2.0 * MARK_FROM;
        shorten(&label, (room / (DETAIL_SIZE * CHARACTER)) as usize)
    };
    let (look, label) = (edge.look(), escaped(&label));
    // Its own line does not go through it.
    let (x, y) = (
        from.0 + MARK_FROM,
        from.1 + if goes_up { 12.0 } else { -4.0 },
    );
    let _ = writeln!(
        svg,
        "<text class=\"edge mark {look}\" data-from=\"{}\" data-to=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>",
        escaped(&graph.nodes[edge.from].name),
        escaped(&graph.nodes[edge.to].name),
    );
}
