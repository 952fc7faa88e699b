//! The order of levels: finest first, each after everything that it contains.

use super::levels::LevelDraft;
use crate::context::Context;
use cachepolicy_core::LevelId;
use cachepolicy_core::sorting;
use cachepolicy_syntax::{Diagnostic, Span};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

/// Puts the levels into order (kinds from fine to coarse; inside a kind what is contained first;
/// else as written), and renumbers all references to them. Levels that contain themselves are
/// reported with the whole cycle, and lose the reference that closes it.
pub(crate) fn sort(cx: &mut Context<'_>, mut drafts: Vec<LevelDraft>) -> Vec<LevelDraft> {
    break_cycles(cx, &mut drafts);
    let order = order(&drafts);
    let mut new = vec![0u16; drafts.len()];
    for (position, &old) in order.iter().enumerate() {
        if let Some(slot) = new.get_mut(old) {
            *slot = position as u16;
        }
    }
    cx.names.renumber_levels(&new);
    for draft in &mut drafts {
        for contain in &mut draft.level.contains {
            if let Some(&index) = new.get(contain.level.index()) {
                contain.level = LevelId(index);
            }
        }
    }
    cx.levels = reordered(std::mem::take(&mut cx.levels), &order);
    reordered(drafts, &order)
}

fn reordered<T>(items: Vec<T>, order: &[usize]) -> Vec<T> {
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order
        .iter()
        .filter_map(|&index| items.get_mut(index).and_then(Option::take))
        .collect()
}

/// Kahn's algorithm; of the levels that are ready the finest, earliest one goes first.
fn order(drafts: &[LevelDraft]) -> Vec<usize> {
    let mut waits_for = vec![0usize; drafts.len()];
    let mut containers: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (index, draft) in drafts.iter().enumerate() {
        for contain in &draft.level.contains {
            if let (Some(containers), Some(waits)) = (
                containers.get_mut(contain.level.index()),
                waits_for.get_mut(index),
            ) {
                containers.push(index);
                *waits += 1;
            }
        }
    }
    let rank = |index: usize| {
        drafts
            .get(index)
            .map(|draft| (Reverse(draft.level.kind), index))
    };
    let mut ready: BinaryHeap<_> = waits_for
        .iter()
        .enumerate()
        .filter(|(_, waits)| **waits == 0)
        .filter_map(|(index, _)| rank(index).map(Reverse))
        .collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse((_, index))) = ready.pop() {
        order.push(index);
        for &container in containers.get(index).into_iter().flatten() {
            if let Some(waits) = waits_for.get_mut(container) {
                *waits -= 1;
                if *waits == 0 {
                    ready.extend(rank(container).map(Reverse));
                }
            }
        }
    }
    order
}

/// Reports a shortest cycle of each strongly connected part, and cuts the part apart.
fn break_cycles(cx: &mut Context<'_>, drafts: &mut [LevelDraft]) {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = drafts.iter().map(|_| graph.add_node(())).collect();
    for (index, draft) in drafts.iter().enumerate() {
        for contain in &draft.level.contains {
            if let (Some(from), Some(to)) = (nodes.get(index), nodes.get(contain.level.index())) {
                graph.add_edge(*from, *to, ());
            }
        }
    }
    let mut parts: Vec<BTreeSet<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .map(|part| part.into_iter().map(NodeIndex::index).collect())
        .collect();
    sorting::ascending(&mut parts);
    for part in parts {
        if let Some(cycle) = shortest_cycle(drafts, &part) {
            report(cx, drafts, &cycle);
            for &index in &part {
                if let Some(draft) = drafts.get_mut(index) {
                    let inside: Vec<bool> = draft
                        .level
                        .contains
                        .iter()
                        .map(|contain| part.contains(&contain.level.index()))
                        .collect();
                    let mut keep = inside.iter().map(|inside| !inside);
                    draft.level.contains.retain(|_| keep.next() == Some(true));
                    let mut keep = inside.iter().map(|inside| !inside);
                    draft.contains.retain(|_| keep.next() == Some(true));
                }
            }
        }
    }
}

/// From the part's first level back to itself: the levels on the way.
fn shortest_cycle(drafts: &[LevelDraft], part: &BTreeSet<usize>) -> Option<Vec<usize>> {
    let start = *part.first()?;
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(index) = queue.pop_front() {
        for contain in &drafts.get(index)?.level.contains {
            let next = contain.level.index();
            if next == start {
                let mut cycle = vec![index];
                while let Some(&before) = cycle.last().and_then(|last| came_from.get(last)) {
                    cycle.push(before);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if part.contains(&next) && !came_from.contains_key(&next) {
                came_from.insert(next, index);
                queue.push_back(next);
            }
        }
    }
    None
}

fn report(cx: &mut Context<'_>, drafts: &[LevelDraft], cycle: &[usize]) {
    /// A longer cycle is shown by its beginning.
    const MOST: usize = 12;
    let name = |index: usize| {
        drafts
            .get(index)
            .map_or("", |draft| draft.level.name.as_str())
    };
    let mut steps: Vec<(String, Span)> = Vec::new();
    for (position, &from) in cycle.iter().enumerate() {
        let to = cycle.get(position + 1).or(cycle.first()).copied();
        let Some((draft, to)) = drafts.get(from).zip(to) else {
            continue;
        };
        let contain = draft
            .level
            .contains
            .iter()
            .zip(&draft.contains)
            .find(|(contain, _)| contain.level.index() == to);
        if let Some((_, span)) = contain {
            steps.push((format!("`{}` contains `{}`", name(from), name(to)), *span));
        }
    }
    let Some((_, first)) = steps.first().cloned() else {
        return;
    };
    let path: Vec<String> = cycle
        .iter()
        .chain(cycle.first())
        .take(MOST)
        .map(|&index| format!("`{}`", name(index)))
        .collect();
    let message = match cycle {
        [only] => format!("`{}` contains itself", name(*only)),
        _ => format!(
            "levels contain each other in a circle: {}",
            path.join(" → ")
        ),
    };
    let mut diagnostic = Diagnostic::error("contains-cycle", first, message)
        .help("a copy cannot embed itself: take one of these out of its `contains`");
    for (text, span) in steps.into_iter().take(MOST) {
        diagnostic = diagnostic.related(span, text);
    }
    cx.report(diagnostic);
}
