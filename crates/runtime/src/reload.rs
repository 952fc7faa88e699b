//! A changed policy takes the place of another one, and loses no copies whose keys did not change.

use crate::cache::{Cache, Inner};
use crate::entry::{Entry, Mark, Name};
use crate::tiers;
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{KeyPart, Level, LevelKind};
use cachepolicy_core::policy::Dimension;
use std::sync::Arc;

/// Which levels of an earlier policy are the same in a later one.
#[derive(Debug)]
pub(crate) struct Same {
    /// By the earlier policy's levels: the later one's.
    later: Vec<Option<LevelId>>,
}

impl Same {
    pub(crate) fn new(earlier: &Policy, later: &Policy) -> Self {
        let graph = Graph::new(earlier);
        let levels = earlier.levels.iter().enumerate().map(|(index, level)| {
            let mut others = later.levels.iter();
            let at = others.position(|other| other.name == level.name)?;
            let other = later.levels.get(at)?;
            let id = LevelId(index as u16);
            let has_dimensions = !level.vary.is_empty()
                || graph
                    .dependencies(id)
                    .is_none_or(|it| !it.dimensions.is_empty());
            let is_same = is_same((earlier, level), (later, other))
                && (!has_dimensions || has_same_dimensions(earlier, later));
            is_same.then_some(LevelId(at as u16))
        });
        Self {
            later: levels.collect(),
        }
    }

    /// The later policy's level that an earlier one goes on as.
    pub(crate) fn later(&self, earlier: LevelId) -> Option<LevelId> {
        self.later.get(earlier.index()).copied().flatten()
    }

    /// The earlier policy's level that goes on as this one.
    pub(crate) fn earlier(&self, later: LevelId) -> Option<LevelId> {
        let at = self.later.iter().position(|it| *it == Some(later))?;
        Some(LevelId(at as u16))
    }

    fn name(&self, name: &Name) -> Option<Name> {
        Some(Name {
            level: self.later(name.level)?,
            params: name.params.clone(),
        })
    }

    /// What a copy can be found by; `None`: it embeds what is not the same any more.
    fn mark(&self, mark: &Mark) -> Option<Mark> {
        Some(match mark {
            Mark::Is(name) => Mark::Is(self.name(name)?),
            Mark::Embeds(name) => Mark::Embeds(self.name(name)?),
            Mark::Bears(_) | Mark::Inherits(_) => mark.clone(),
        })
    }

    fn marks(&self, marks: &[Mark]) -> Option<Arc<[Mark]>> {
        marks.iter().map(|mark| self.mark(mark)).collect()
    }
}

/// Have copies of both the same keys, and can they be found by the same names and tags?
fn is_same((earlier, one): (&Policy, &Level), (later, other): (&Policy, &Level)) -> bool {
    let has_url = |level: &Level| level.key.parts.contains(&KeyPart::Url);
    let data = |level: &Level| -> Vec<String> {
        level.data.iter().map(|data| data.name.clone()).collect()
    };
    one.kind == other.kind
        && one.params == other.params
        && one.route == other.route
        && one.key.parts == other.key.parts
        && one.vary == other.vary
        && one.tags == other.tags
        && data(one) == data(other)
        && embedded(earlier, one) == embedded(later, other)
        && (!has_url(one) || earlier.ignore_query == later.ignore_query)
}

/// By name, what a level's copies embed: its parts, and of a site every view.
fn embedded<'p>(policy: &'p Policy, level: &'p Level) -> Vec<(&'p str, String)> {
    let name = |id: LevelId| {
        let level = policy.levels.get(id.index());
        level.map_or("", |level| level.name.as_str())
    };
    let parts = level.contains.iter();
    let parts = parts.map(|part| (name(part.level), format!("{:?} {:?}", part.args, part.each)));
    let views = policy.levels.iter().filter(|it| it.kind == LevelKind::View);
    let views = views.filter(|_| level.kind == LevelKind::Site);
    let views = views.map(|view| {
        let route = format!("{:?} {}", view.route, view.is_stored());
        (view.name.as_str(), route)
    });
    parts.chain(views).collect()
}

fn has_same_dimensions(earlier: &Policy, later: &Policy) -> bool {
    let without_place = |policy: &Policy| -> Vec<Dimension> {
        let dimensions = policy.dimensions.iter().cloned();
        dimensions
            .map(|dimension| Dimension {
                place: cachepolicy_core::policy::Place::default(),
                ..dimension
            })
            .collect()
    };
    without_place(earlier) == without_place(later)
}

/// Copies of the earlier cache are there from now on, as long as the later policy lets them live.
pub(crate) fn take_over(later: &Cache, earlier: &Cache, same: &Same) -> usize {
    // First: what is removed there from here on is removed here too, once it is here.
    let _ = earlier.inner.successor.set(later.clone());
    let (old, new) = (&*earlier.inner, &*later.inner);
    let mut count = 0;
    for (backend, store) in new.policy.backends.iter().zip(&new.stores) {
        let mut backends = old.policy.backends.iter().zip(&old.stores);
        let before = backends.find(|(it, _)| it.name == backend.name);
        let before = before.and_then(|(_, store)| store.as_ref()?.memory());
        let (Some(memory), Some(before)) = (store.as_ref().and_then(|it| it.memory()), before)
        else {
            continue;
        };
        let taken = |entry: &Entry| taken(new, old, same, (entry, &backend.name));
        count += memory.take_over(before, taken, new.clock.now());
    }
    count
}

/// A copy as the later policy keeps it in this backend; `None`: it does not.
fn taken(new: &Inner, old: &Inner, same: &Same, (entry, backend): (&Entry, &str)) -> Option<Entry> {
    let name = same.name(&entry.name)?;
    let (state, before) = (new.state(name.level)?, old.state(entry.name.level)?);
    // What is in memory before a shared store is there as well.
    if state.tiers.shared().is_some() || state.versions.is_some() != before.versions.is_some() {
        return None;
    }
    let level = new.policy.levels.get(name.level.index())?;
    let is_it = |id: usize| {
        new.policy
            .backends
            .get(id)
            .is_some_and(|it| it.name == backend)
    };
    let tier = level.tiers.iter().find(|it| is_it(it.backend.index()))?;
    let now = new.clock.now();
    let life = entry.lifetimes();
    let life = level
        .lifetime
        .within(&level.rules, life, entry.is_negative(), now);
    let resides_until = tiers::until(life.stored, tier.ceiling).min(entry.resides_until());
    let marks = same.marks(&entry.marks)?;
    Some(entry.under(name, &life, marks, resides_until))
}
