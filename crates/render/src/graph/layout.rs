//! Where the nodes of a layered drawing stand and how its edges run.
//!
//! The usual four steps (Sugiyama, Tagawa, Toda, IEEE Trans. SMC 11(2), 1981): layers by longest
//! path, edges over several layers cut by way points, order within a layer by barycentres, then
//! coordinates. Columns run from coarse to fine; models are the last one.

use super::{Edge, Graph, Kind, Relation};
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::sorting;
use std::collections::BTreeMap;

/// Between two columns, for the curves, at least.
const GAP_LEAST: f64 = 96.0;

/// Between two nodes of a column.
const ROW_GAP: f64 = 20.0;

/// What a way point takes in its column.
const WAY_POINT: f64 = 6.0;

/// Around everything.
const MARGIN: f64 = 24.0;

/// Sweeps over all layers; more change nothing visible in graphs of this size.
const SWEEPS: usize = 12;

/// Rectangles and curves.
pub(super) struct Layout {
    /// For each node of the graph.
    pub(super) nodes: Vec<Rectangle>,
    /// For each edge of the graph: the points that it runs through, from the left to the right
    /// whatever its direction.
    pub(super) edges: Vec<Vec<Point>>,
    /// Of the whole drawing.
    pub(super) width: f64,
    /// Of the whole drawing.
    pub(super) height: f64,
}

/// A node's place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rectangle {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A node or a way point.
#[derive(Debug, Clone, Default)]
struct Item {
    layer: usize,
    width: f64,
    height: f64,
    /// Its upper end.
    y: f64,
    left: Vec<usize>,
    right: Vec<usize>,
}

impl Item {
    fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Lays a graph out; `size` is what a node needs, `label` the width of what stands beside curves.
pub(super) fn layout(graph: &Graph<'_>, size: impl Fn(usize) -> (f64, f64), label: f64) -> Layout {
    let layers = layers(graph);
    let mut items: Vec<Item> = (0..graph.nodes.len())
        .map(|node| {
            let (width, height) = size(node);
            Item {
                layer: layers[node],
                width,
                height,
                ..Item::default()
            }
        })
        .collect();
    let chains: Vec<Vec<usize>> = graph
        .edges
        .iter()
        .map(|edge| {
            // An invalidation runs from a model to a level: against the columns.
            let (from, to) = match edge.relation {
                Relation::Invalidates => (edge.to, edge.from),
                Relation::Contains | Relation::Reads => (edge.from, edge.to),
            };
            chain(&mut items, from, to)
        })
        .collect();
    let mut columns = columns(&items);
    for sweep in 0..SWEEPS {
        order(&mut columns, &mut items, sweep.is_multiple_of(2));
    }
    for sweep in 0..SWEEPS {
        straighten(&columns, &mut items, sweep.is_multiple_of(2));
    }
    place(graph, &items, (&columns, label.max(GAP_LEAST)), &chains)
}

/// The layer of each node: at least that of its kind, and behind everything that contains it.
pub(super) fn layers(graph: &Graph<'_>) -> Vec<usize> {
    let kinds = [
        LevelKind::Site,
        LevelKind::View,
        LevelKind::Fragment,
        LevelKind::Object,
    ];
    let there: Vec<_> = kinds
        .into_iter()
        .filter(|kind| {
            graph
                .nodes
                .iter()
                .any(|node| node.kind == Kind::Level(*kind))
        })
        .collect();
    let of_kind = |kind: Kind| match kind {
        Kind::Level(kind) => there.iter().position(|other| *other == kind).unwrap_or(0),
        Kind::Model => there.len(),
    };
    let mut layers: Vec<usize> = graph.nodes.iter().map(|node| of_kind(node.kind)).collect();
    let mut contains: Vec<&Edge> = graph
        .edges
        .iter()
        .filter(|edge| edge.relation == Relation::Contains)
        .collect();
    // Levels stand behind what they contain: backwards, each one's layer is final when it is used.
    sorting::by_key(&mut contains, |edge| std::cmp::Reverse(edge.from));
    for edge in contains {
        layers[edge.to] = layers[edge.to].max(layers[edge.from] + 1);
    }
    let is_level = |node: usize| graph.nodes[node].kind != Kind::Model;
    let last = (0..layers.len())
        .filter(|&node| is_level(node))
        .map(|node| layers[node] + 1)
        .max();
    for node in (0..layers.len()).filter(|&node| !is_level(node)) {
        layers[node] = last.unwrap_or(0);
    }
    layers
}

/// Way points between two nodes, and the neighbourhoods along them.
fn chain(items: &mut Vec<Item>, from: usize, to: usize) -> Vec<usize> {
    let mut chain = vec![from];
    for layer in items[from].layer + 1..items[to].layer {
        items.push(Item {
            layer,
            height: WAY_POINT,
            ..Item::default()
        });
        chain.push(items.len() - 1);
    }
    chain.push(to);
    for pair in chain.windows(2) {
        items[pair[0]].right.push(pair[1]);
        items[pair[1]].left.push(pair[0]);
    }
    chain
}

fn columns(items: &[Item]) -> Vec<Vec<usize>> {
    let count = items.iter().map(|item| item.layer + 1).max().unwrap_or(0);
    let mut columns = vec![Vec::new(); count];
    for (index, item) in items.iter().enumerate() {
        columns[item.layer].push(index);
    }
    columns
}

/// Sorts each column by the mean position of the neighbours in the column before it.
fn order(columns: &mut [Vec<usize>], items: &mut [Item], rightwards: bool) {
    let mut positions = vec![0.0; items.len()];
    let mut note = |column: &[usize]| {
        for (position, &item) in column.iter().enumerate() {
            positions[item] = (position as f64 + 0.5) / column.len() as f64;
        }
    };
    columns.iter().for_each(|column| note(column));
    let mut sequence: Vec<usize> = (0..columns.len()).collect();
    if !rightwards {
        sequence.reverse();
    }
    for column in sequence {
        let wish = |item: usize, positions: &[f64]| {
            let neighbours = if rightwards {
                &items[item].left
            } else {
                &items[item].right
            };
            match neighbours.len() {
                0 => positions[item],
                count => {
                    neighbours
                        .iter()
                        .map(|&other| positions[other])
                        .sum::<f64>()
                        / count as f64
                }
            }
        };
        let mut wishes: Vec<(f64, usize)> = columns[column]
            .iter()
            .map(|&item| (wish(item, &positions), item))
            .collect();
        // Stable: equals keep their order.
        sorting::by(&mut wishes, |a, b| a.0.total_cmp(&b.0));
        columns[column] = wishes.into_iter().map(|(_, item)| item).collect();
        for (position, &item) in columns[column].iter().enumerate() {
            positions[item] = (position as f64 + 0.5) / columns[column].len() as f64;
        }
    }
}

/// Moves the items of each column towards their neighbours, keeping order and gaps.
fn straighten(columns: &[Vec<usize>], items: &mut [Item], rightwards: bool) {
    let mut sequence: Vec<&Vec<usize>> = columns.iter().collect();
    if !rightwards {
        sequence.reverse();
    }
    for column in sequence {
        let wishes: Vec<f64> = column
            .iter()
            .map(|&item| {
                let both = items[item].left.iter().chain(&items[item].right);
                let (sum, count) = both.fold((0.0, 0u32), |(sum, count), &other| {
                    (sum + items[other].middle(), count + 1)
                });
                let middle = if count == 0 {
                    items[item].middle()
                } else {
                    sum / f64::from(count)
                };
                middle - items[item].height / 2.0
            })
            .collect();
        settle(column, &wishes, items);
    }
}

/// The nearest places to the wishes that keep order and gaps: neighbours that would overlap form a
/// block that stands at the mean of its wishes.
fn settle(column: &[usize], wishes: &[f64], items: &mut [Item]) {
    // Each block: its place, the offsets of its members summed up with their wishes, its height.
    let mut blocks: Vec<(f64, f64, usize, f64)> = Vec::new();
    for (&item, &wish) in column.iter().zip(wishes) {
        let mut block = (wish, wish, 1, items[item].height + ROW_GAP);
        while let Some(before) = blocks
            .last()
            .copied()
            .filter(|before| before.0 + before.3 > block.0)
        {
            blocks.pop();
            let sum = before.1 + block.1 - before.3 * block.2 as f64;
            let count = before.2 + block.2;
            block = (sum / count as f64, sum, count, before.3 + block.3);
        }
        blocks.push(block);
    }
    let mut members = column.iter();
    for (start, _, count, _) in blocks {
        let mut y = start;
        for &item in members.by_ref().take(count) {
            items[item].y = y;
            y += items[item].height + ROW_GAP;
        }
    }
}

fn place(
    graph: &Graph<'_>,
    items: &[Item],
    (columns, gap): (&[Vec<usize>], f64),
    chains: &[Vec<usize>],
) -> Layout {
    let top = items
        .iter()
        .map(|item| item.y)
        .fold(f64::INFINITY, f64::min);
    let top = if top.is_finite() { top } else { 0.0 };
    let bottom = items
        .iter()
        .map(|item| item.y + item.height)
        .fold(top, f64::max);
    let mut lefts = Vec::new();
    let mut x = MARGIN;
    for column in columns {
        let width = column
            .iter()
            .map(|&item| items[item].width)
            .fold(0.0, f64::max);
        lefts.push((x, width));
        x += width + gap;
    }
    let rectangle = |index: usize| {
        let item = &items[index];
        let (x, width) = lefts[item.layer];
        Rectangle {
            x,
            y: item.y - top + MARGIN,
            width,
            height: item.height,
        }
    };
    let ports = ports(items, chains);
    let edges = chains
        .iter()
        .zip(&ports)
        .map(|(chain, ports)| path(chain, *ports, &rectangle))
        .collect();
    Layout {
        nodes: (0..graph.nodes.len()).map(&rectangle).collect(),
        edges,
        width: (x - gap + MARGIN).max(2.0 * MARGIN),
        height: bottom - top + 2.0 * MARGIN,
    }
}

/// Where on its height each chain leaves its first item and enters its last one, 0..1: edges of one
/// side are spread in the order of where they come from, so that none hides another.
fn ports(items: &[Item], chains: &[Vec<usize>]) -> Vec<(f64, f64)> {
    let mut ports = vec![(0.5, 0.5); chains.len()];
    for leaves in [true, false] {
        let mut sides: BTreeMap<usize, Vec<(f64, usize)>> = BTreeMap::new();
        for (index, chain) in chains.iter().enumerate() {
            let (own, next) = if leaves {
                (chain.first(), chain.get(1))
            } else {
                (
                    chain.last(),
                    chain.len().checked_sub(2).and_then(|next| chain.get(next)),
                )
            };
            if let (Some(&own), Some(&next)) = (own, next) {
                sides
                    .entry(own)
                    .or_default()
                    .push((items[next].middle(), index));
            }
        }
        for mut side in sides.into_values() {
            sorting::by(&mut side, |a, b| a.0.total_cmp(&b.0));
            let count = side.len();
            for (position, (_, chain)) in side.into_iter().enumerate() {
                let port = (position + 1) as f64 / (count + 1) as f64;
                if leaves {
                    ports[chain].0 = port;
                } else {
                    ports[chain].1 = port;
                }
            }
        }
    }
    ports
}

/// From the right side of the first item through both sides of the way points to the left side of
/// the last.
fn path(
    chain: &[usize],
    (leaves, enters): (f64, f64),
    rectangle: &impl Fn(usize) -> Rectangle,
) -> Vec<Point> {
    let mut points = Vec::new();
    let last = chain.len().saturating_sub(1);
    for (index, &item) in chain.iter().enumerate() {
        let Rectangle {
            x,
            y,
            width,
            height,
        } = rectangle(item);
        let port = match index {
            0 => leaves,
            index if index == last => enters,
            _ => 0.5,
        };
        let y = y + height * port;
        if index > 0 {
            points.push(Point { x, y });
        }
        if index < last {
            points.push(Point { x: x + width, y });
        }
    }
    points
}
