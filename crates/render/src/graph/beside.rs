//! Where things stand in a drawing that fits into a column of a page, however narrow: the levels below one another
//! from coarse to fine, what contains what at their left, and the models at their right.

use super::layout::{Rectangle, layers};
use super::{Graph, Kind, Relation};
use cachepolicy_core::sorting;
use std::collections::BTreeMap;

/// Around everything.
pub(super) const MARGIN: f64 = 12.0;

/// Between two nodes of a column.
const ROW_GAP: f64 = 18.0;

/// Between two lines at the left.
const LANE: f64 = 10.0;

/// From the innermost of them to the levels, with room for an arrow's head.
const STUB: f64 = 17.0;

/// What an edge takes of a node's height, with what stands beside it.
const PORT: f64 = 16.0;

/// The same of one that nothing stands beside.
const BARE_PORT: f64 = 8.0;

/// More room than this between levels and models leads nobody's eye.
const GAP_MOST: f64 = 300.0;

/// The same at least, for curves that can be followed.
const GAP_LEAST: f64 = 64.0;

/// With less room than this for everything, words of the levels are worth more than words beside edges.
const ROOMY: f64 = 480.0;

/// A column is no narrower than this: the drawing is rather wider than its place.
const COLUMN_LEAST: f64 = 100.0;

/// What the nodes and marks of a drawing need.
pub(super) struct Needs<'a> {
    /// The width that there is.
    pub(super) width: f64,
    /// The widest level and the widest model, in one line each.
    pub(super) widest: (f64, f64),
    /// The widest of what stands beside edges.
    pub(super) mark: f64,
    /// What a node's text takes in a box of that width.
    pub(super) height: &'a dyn Fn(usize, f64) -> f64,
}

/// Where everything stands.
pub(super) struct Beside {
    /// For each node of the graph.
    pub(super) nodes: Vec<Rectangle>,
    /// For each edge of the graph.
    pub(super) lines: Vec<Line>,
    /// Between levels and models.
    pub(super) gap: f64,
    /// Of the whole drawing.
    pub(super) width: f64,
    /// Of the whole drawing.
    pub(super) height: f64,
}

/// How an edge runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Line {
    /// Out of the left side of a level at this height, along a line, and back to the left side of another.
    Around {
        side: f64,
        from: f64,
        lane: f64,
        to: f64,
    },
    /// From the right side of a level to the left side of a model, which may stand higher.
    Across {
        from: (f64, f64),
        to: (f64, f64),
        goes_up: bool,
    },
}

/// Lays a graph out.
pub(super) fn beside(graph: &Graph<'_>, needs: &Needs<'_>) -> Beside {
    let (levels, models) = columns(graph);
    let count = |node: usize| {
        let edges = graph.edges.iter();
        edges
            .filter(|edge| edge.from == node || edge.to == node)
            .map(|edge| (edge.relation, edge.verdict.is_some()))
            .filter(|(relation, _)| *relation != Relation::Contains)
            .fold((0, 0), |(marked, bare), (_, is_marked)| {
                (
                    marked + usize::from(is_marked),
                    bare + usize::from(!is_marked),
                )
            })
    };
    let outer = containing(graph);
    let lanes = outer.len().min(lanes_needed(graph, &levels, &outer));
    let left = if lanes == 0 {
        0.0
    } else {
        STUB + (lanes - 1) as f64 * LANE + MARGIN / 2.0
    };
    let (level, model, gap) = widths(needs, left, !models.is_empty());
    let used = 2.0 * MARGIN + left + level + gap + model;
    let x = MARGIN + left + ((needs.width - used) / 2.0).max(0.0);
    let mut nodes = vec![Rectangle::default(); graph.nodes.len()];
    let mut y = MARGIN;
    for &node in &levels {
        let (marked, bare) = count(node);
        let ports = PORT * marked as f64 + BARE_PORT * bare as f64 + PORT / 2.0;
        let height = (needs.height)(node, level).max(ports);
        nodes[node] = Rectangle {
            x,
            y,
            width: level,
            height,
        };
        y += height + ROW_GAP;
    }
    let right = x + level + gap;
    for &node in &models {
        let (marked, bare) = count(node);
        let ports = BARE_PORT * (marked + bare + 1) as f64;
        nodes[node] = Rectangle {
            x: right,
            y: 0.0,
            width: model,
            height: (needs.height)(node, model).max(ports),
        };
    }
    let bottom = stand(graph, models, &mut nodes, y - ROW_GAP);
    let mut lines = vec![
        Line::Across {
            from: (0.0, 0.0),
            to: (0.0, 0.0),
            goes_up: false,
        };
        graph.edges.len()
    ];
    around(graph, &outer, &nodes, &mut lines);
    across(graph, &nodes, &mut lines);
    Beside {
        nodes,
        lines,
        gap,
        width: needs.width.max(used),
        height: bottom + MARGIN,
    }
}

/// The levels from coarse to fine, and the models.
fn columns(graph: &Graph<'_>) -> (Vec<usize>, Vec<usize>) {
    let layers = layers(graph);
    let is_model = |node: &usize| graph.nodes[*node].kind == Kind::Model;
    let (models, mut levels): (Vec<usize>, Vec<usize>) = (0..graph.nodes.len()).partition(is_model);
    sorting::by_key(&mut levels, |node| layers[*node]);
    (levels, models)
}

/// Widths of the levels, of the models and of what is between them.
fn widths(needs: &Needs<'_>, left: f64, has_models: bool) -> (f64, f64, f64) {
    let there = needs.width - 2.0 * MARGIN - left;
    let (level, model) = needs.widest;
    if !has_models {
        return (level.min(there.max(COLUMN_LEAST)), 0.0, 0.0);
    }
    let model = model.min((there * 0.3).max(COLUMN_LEAST));
    let gap = if there < ROOMY {
        GAP_LEAST
    } else {
        needs.mark + GAP_LEAST
    };
    let level = level.min((there - model - gap).max(COLUMN_LEAST));
    let gap = (there - model - level).clamp(gap, GAP_MOST.max(gap));
    (level, model, gap)
}

/// The levels that contain others.
fn containing(graph: &Graph<'_>) -> Vec<usize> {
    let edges = graph.edges.iter();
    let contains = edges.filter(|edge| edge.relation == Relation::Contains);
    let mut outer: Vec<usize> = contains.map(|edge| edge.from).collect();
    sorting::ascending(&mut outer);
    outer.dedup();
    outer
}

/// How many lines run side by side at the most, one for each level that contains others.
fn lanes_needed(graph: &Graph<'_>, levels: &[usize], outer: &[usize]) -> usize {
    let place = |node: usize| levels.iter().position(|&level| level == node);
    let place = |node: usize| place(node).unwrap_or_default() as f64;
    let spans = outer.iter().map(|&node| {
        let inner = contained(graph, node).map(|(_, inner)| place(inner));
        inner.fold((place(node), place(node)), |(first, last), inner| {
            (first.min(inner), last.max(inner))
        })
    });
    let lanes = assigned(&spans.collect::<Vec<_>>());
    lanes.into_iter().max().map_or(0, |most| most + 1)
}

/// What a level contains: edges, and the levels that they lead to.
fn contained(graph: &Graph<'_>, outer: usize) -> impl Iterator<Item = (usize, usize)> {
    let edges = graph.edges.iter().enumerate();
    edges
        .filter(move |(_, edge)| edge.relation == Relation::Contains && edge.from == outer)
        .map(|(index, edge)| (index, edge.to))
}

/// A line for each span, from the nodes outwards, so that no two on the same one meet: short ones inside.
fn assigned(spans: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    let length = |&index: &usize| spans[index].1 - spans[index].0;
    sorting::by(&mut order, |a, b| length(a).total_cmp(&length(b)));
    let mut lanes: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut of = vec![0; spans.len()];
    for index in order {
        let (first, last) = spans[index];
        let is_free =
            |lane: &Vec<(f64, f64)>| lane.iter().all(|(from, to)| *to < first || *from > last);
        let lane = lanes.iter().position(is_free).unwrap_or(lanes.len());
        if lane == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[lane].push((first, last));
        of[index] = lane;
    }
    of
}

/// Puts the models beside the levels that they have to do with; gives where everything ends.
fn stand(graph: &Graph<'_>, models: Vec<usize>, nodes: &mut [Rectangle], bottom: f64) -> f64 {
    let middle = |node: usize| nodes[node].y + nodes[node].height / 2.0;
    let wishes = models.into_iter().map(|model| {
        let others = graph.edges.iter().filter_map(|edge| match model {
            model if model == edge.from => Some(edge.to),
            model if model == edge.to => Some(edge.from),
            _ => None,
        });
        let (sum, count) = others.fold((0.0, 0_u32), |(sum, count), other| {
            (sum + middle(other), count + 1)
        });
        (sum / f64::from(count.max(1)), model)
    });
    let mut wishes: Vec<(f64, usize)> = wishes.collect();
    sorting::by(&mut wishes, |a, b| a.0.total_cmp(&b.0));
    let mut least = MARGIN;
    for &(wish, model) in &wishes {
        let node = &mut nodes[model];
        node.y = (wish - node.height / 2.0).max(least);
        least = node.y + node.height + ROW_GAP;
    }
    // Those that were pushed too far down push the ones above them back.
    let mut most = bottom;
    for &(_, model) in wishes.iter().rev() {
        let node = &mut nodes[model];
        node.y = node.y.min(most - node.height);
        most = node.y - ROW_GAP;
    }
    // There are more of them than levels.
    let up = wishes
        .first()
        .map_or(0.0, |&(_, model)| MARGIN - nodes[model].y);
    for &(_, model) in &wishes {
        nodes[model].y += up.max(0.0);
    }
    let ends = nodes.iter().map(|node| node.y + node.height);
    ends.fold(MARGIN, f64::max)
}

/// The edges at the left.
fn around(graph: &Graph<'_>, outer: &[usize], nodes: &[Rectangle], lines: &mut [Line]) {
    // Arrows come in above where the level's own line goes out.
    let mut arriving: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &node in outer {
        for (edge, inner) in contained(graph, node) {
            arriving.entry(inner).or_default().push(edge);
        }
    }
    let leaves = |node: usize| nodes[node].y + nodes[node].height - 12.0;
    let mut arrives = vec![0.0; graph.edges.len()];
    for (node, edges) in &arriving {
        let Rectangle { y, height, .. } = nodes[*node];
        let room = height - if outer.contains(node) { 24.0 } else { 0.0 };
        for (place, edge) in edges.iter().enumerate() {
            arrives[*edge] = y + room * (place + 1) as f64 / (edges.len() + 1) as f64;
        }
    }
    let spans = outer.iter().map(|&node| {
        let inner = contained(graph, node).map(|(edge, _)| arrives[edge]);
        inner.fold((leaves(node), leaves(node)), |(first, last), y| {
            (first.min(y), last.max(y))
        })
    });
    let lanes = assigned(&spans.collect::<Vec<_>>());
    for (&node, lane) in outer.iter().zip(lanes) {
        let side = nodes[node].x;
        for (edge, _) in contained(graph, node) {
            lines[edge] = Line::Around {
                side,
                from: leaves(node),
                lane: side - STUB - lane as f64 * LANE,
                to: arrives[edge],
            };
        }
    }
}

/// The edges at the right: spread over each side in the order of where they lead.
fn across(graph: &Graph<'_>, nodes: &[Rectangle], lines: &mut [Line]) {
    let mut sides: BTreeMap<usize, Vec<(f64, usize)>> = BTreeMap::new();
    let middle = |node: usize| nodes[node].y + nodes[node].height / 2.0;
    for (index, edge) in graph.edges.iter().enumerate() {
        if edge.relation != Relation::Contains {
            sides
                .entry(edge.from)
                .or_default()
                .push((middle(edge.to), index));
            sides
                .entry(edge.to)
                .or_default()
                .push((middle(edge.from), index));
        }
    }
    for (node, mut edges) in sides {
        let is_model = graph.nodes[node].kind == Kind::Model;
        let own = middle(node);
        // Of two lines to the same node, that with a mark is outside, where the mark has room.
        let is_inside = |far: f64, edge: usize| {
            graph.edges[edge].verdict.is_some() == ((far < own) != is_model)
        };
        sorting::by(&mut edges, |a, b| {
            let inside = is_inside(a.0, a.1).cmp(&is_inside(b.0, b.1));
            a.0.total_cmp(&b.0).then(inside)
        });
        let Rectangle {
            x,
            y,
            width,
            height,
        } = nodes[node];
        let size = |edge: usize| match graph.edges[edge].verdict {
            Some(_) if !is_model => PORT,
            _ => BARE_PORT,
        };
        let all: f64 = edges.iter().map(|(_, edge)| size(*edge)).sum();
        let mut port = y + (height - all) / 2.0;
        for (far, edge) in edges {
            // What stands beside an arrow stands above a line that goes down, and below one that goes up.
            let is_higher = far < own;
            let at = if is_higher { 3.0 } else { size(edge) - 3.0 };
            if let Line::Across { from, to, goes_up } = &mut lines[edge] {
                if is_model {
                    *to = (x, port + BARE_PORT / 2.0);
                } else {
                    *from = (x + width, port + at);
                    *goes_up = is_higher;
                }
            }
            port += size(edge);
        }
    }
}
