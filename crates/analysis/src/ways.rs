//! The ways in which levels depend on rows: which reads, their own or embedded ones, and which of
//! their copies a written row concerns.

use crate::kinds::Facts;
use crate::structure::Structure;
use cachepolicy_core::ids::{BackendId, FieldId, LevelId};
use cachepolicy_core::level::{Contain, Level, ValueSource};
use cachepolicy_core::sorting;
use std::collections::BTreeMap;

/// One way in which the copies of a level depend on the rows of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// An index into [`Ways::facts`].
    pub(crate) facts: usize,
    /// The copies that a row concerns: those for which each of these values (of a list, one of
    /// them) is the row's value of the field. Sorted.
    pub(crate) binds: Vec<(Source, FieldId)>,
    /// The level's own work reads it.
    pub(crate) is_own: bool,
    /// Through which contained levels, and which way of each.
    pub(crate) through: Vec<(LevelId, usize)>,
    /// The same of the stored levels among what it embeds directly or through levels that are not
    /// stored.
    pub(crate) stored: Vec<(LevelId, usize)>,
    /// The backends that hold copies that are concerned: the level's own and those of whatever it
    /// embeds on the way. Sorted.
    pub(crate) places: Vec<BackendId>,
}

/// A value that tells the copies of a level apart, or that a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Param(u16),
    Data(u16),
}

/// The ways of all levels.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    pub(crate) facts: Vec<Facts>,
    levels: Vec<Vec<Way>>,
}

/// A way but for where it comes from.
type Shape = (usize, Vec<(Source, FieldId)>);

impl Ways {
    pub(crate) fn new(whole: Structure<'_>) -> Self {
        let policy = whole.policy;
        let mut numbers: BTreeMap<Facts, usize> = BTreeMap::new();
        let mut ways = Self {
            facts: Vec::new(),
            levels: Vec::with_capacity(policy.levels.len()),
        };
        for (index, level) in policy.levels.iter().enumerate() {
            let mut found: BTreeMap<Shape, Way> = BTreeMap::new();
            for read in &level.reads {
                let facts = Facts::of(read);
                let next = numbers.len();
                let facts_number = *numbers.entry(facts.clone()).or_insert(next);
                if facts_number == next {
                    ways.facts.push(facts);
                }
                let binds = read
                    .bindings
                    .iter()
                    .filter_map(|binding| Some((source(&binding.value)?, binding.field)));
                add(&mut found, facts_number, binds.collect()).is_own = true;
            }
            for contain in &level.contains {
                ways.climb(&mut found, contain.level, Some(contain));
            }
            for inner in whole.contained(LevelId(index as u16)) {
                if level.contains.iter().all(|contain| contain.level != inner) {
                    ways.climb(&mut found, inner, None);
                }
            }
            let own = found
                .into_values()
                .map(|way| ways.with_stored(whole, level, way));
            let own = own.collect();
            ways.levels.push(own);
        }
        ways
    }

    /// Of a level.
    pub(crate) fn of(&self, level: LevelId) -> &[Way] {
        self.levels.get(level.index()).map_or(&[], Vec::as_slice)
    }

    fn with_stored(&self, whole: Structure<'_>, level: &Level, mut way: Way) -> Way {
        for &(inner, number) in &way.through {
            let is_stored = whole.is_stored(inner);
            match self.of(inner).get(number) {
                Some(inner_way) if !is_stored => way.stored.extend(&inner_way.stored),
                _ => way.stored.push((inner, number)),
            }
        }
        sorting::ascending(&mut way.stored);
        way.stored.dedup();
        for &(inner, number) in &way.stored {
            let inner_way = self.of(inner).get(number);
            way.places
                .extend(inner_way.into_iter().flat_map(|way| &way.places));
        }
        way.places
            .extend(whole.policy.tiers(level).map(|tier| tier.backend));
        sorting::ascending(&mut way.places);
        way.places.dedup();
        way
    }

    /// The ways of a contained level are ways of its container. `contain`: how it is written; a
    /// site's views are not.
    fn climb(&self, found: &mut BTreeMap<Shape, Way>, inner: LevelId, contain: Option<&Contain>) {
        for (number, way) in self.of(inner).iter().enumerate() {
            let outside = |&(at, field): &(Source, FieldId)| {
                let Source::Param(param) = at else {
                    return None;
                };
                // What of a view's path a site's key has is not followed.
                let given = contain?.args.get(usize::from(param))?;
                Some((source(given)?, field))
            };
            let binds = way.binds.iter().filter_map(outside).collect();
            add(found, way.facts, binds).through.push((inner, number));
        }
    }
}

fn add(
    found: &mut BTreeMap<Shape, Way>,
    facts: usize,
    mut binds: Vec<(Source, FieldId)>,
) -> &mut Way {
    sorting::ascending(&mut binds);
    binds.dedup();
    found.entry((facts, binds.clone())).or_insert_with(|| Way {
        facts,
        binds,
        is_own: false,
        through: Vec::new(),
        stored: Vec::new(),
        places: Vec::new(),
    })
}

/// A value by which copies can be told apart; a dimension's are variants, which every action
/// reaches, and a literal is the same for all.
fn source(value: &ValueSource) -> Option<Source> {
    match value {
        ValueSource::Param(param) => Some(Source::Param(*param)),
        ValueSource::Data(data) => Some(Source::Data(*data)),
        ValueSource::Dimension(_) | ValueSource::Literal(_) => None,
    }
}
