//! What can make the result of a fill old.

use super::edges::KindBound;
use super::{By, Taken, Work};
use crate::lives::own_lag;
use crate::ways::Way;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;
use std::cmp::Reverse;

/// Something old that a fill's result can have in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// How old it is when it is read or taken in.
    pub(crate) age: Duration,
    /// How long the fill still lasts then.
    pub(crate) rest: Duration,
    /// Through which levels that are filled in the same request, with the way of each; the last one
    /// is the one that reads, or whose copy is taken. Empty: the level itself reads.
    pub(crate) path: Vec<(LevelId, usize)>,
    /// A copy is taken.
    pub(crate) is_copy: bool,
}

impl Source {
    pub(super) fn taken(&self) -> Taken {
        match self.path.first() {
            Some((inner, _)) => Taken::Contained(*inner, self.age),
            None if self.age > Duration::ZERO => Taken::Replica(self.age),
            None => Taken::Fresh,
        }
    }

    /// Without those than which another one is as old and lasts as long.
    fn worst(mut sources: Vec<Self>) -> Vec<Self> {
        sorting::by_key(&mut sources, |source| {
            let (age, rest) = (Reverse(source.age), Reverse(source.rest));
            (age, rest, source.path.len())
        });
        let mut longest = None;
        sources.retain(|source| {
            let is_longer = longest.is_none_or(|longest| source.rest > longest);
            if is_longer {
                longest = Some(source.rest);
            }
            is_longer
        });
        sources
    }

    /// All, the one first that makes a result the oldest, of a fill that lasts no longer than this.
    pub(crate) fn ranked(sources: &[Self], fill: Duration) -> Vec<Self> {
        let within = |source: &Self| Self {
            rest: source.rest.min(fill),
            ..source.clone()
        };
        let mut ranked: Vec<Self> = sources.iter().map(within).collect();
        sorting::by_key(&mut ranked, |source| {
            (Reverse(source.age + source.rest), source.path.len())
        });
        ranked
    }

    /// What makes a result the oldest in the end, of a fill that lasts no longer than this.
    pub(super) fn oldest(sources: &[Self], fill: Duration) -> Self {
        let within = |source: &Self| Self {
            rest: source.rest.min(fill),
            ..source.clone()
        };
        let oldest = sources
            .iter()
            .map(within)
            .max_by_key(|source| (source.age + source.rest, Reverse(source.path.len())));
        oldest.unwrap_or_default()
    }

    /// Those of a fenced level whose fills hear of the write within these times: what was read when
    /// the fill had begun, or so shortly before it that the fill hears of the write in any case, is
    /// kept only if the fill is over before.
    pub(super) fn fence(sources: &mut [Self], (least, greatest): (Duration, Duration)) {
        for source in sources {
            if source.age <= least && source.age + source.rest > greatest {
                source.rest = greatest - source.age;
            }
        }
    }
}

impl Work<'_> {
    /// Whatever can make a fill's result old when a kind of write concerns it in one way: rows that
    /// it reads, copies that it takes in, and the same of what is filled on the way (`filled`).
    pub(super) fn sources(
        &self,
        id: LevelId,
        way: &Way,
        number: usize,
        filled: impl Fn(&KindBound) -> &Vec<Source>,
    ) -> Vec<Source> {
        let level = &self.policy.levels[id.index()];
        let rest = &self.lives[id.index()].rest;
        let mut sources = Vec::new();
        if way.is_own {
            let model = self.ways.facts[way.facts].model;
            sources.push(Source {
                age: own_lag(self.policy, level, model),
                rest: rest.own,
                path: Vec::new(),
                is_copy: false,
            });
        }
        for &(inner, inner_way) in &way.through {
            let Some(of_inner) = self.inner(inner, inner_way, number) else {
                continue;
            };
            if of_inner.by != By::Embedded {
                sources.push(Source {
                    age: of_inner.staleness,
                    rest: rest.after(inner),
                    path: vec![(inner, inner_way)],
                    is_copy: true,
                });
            }
            let through = |source: &Source| Source {
                rest: rest.after_filled(inner, source.rest),
                path: [&[(inner, inner_way)], &source.path[..]].concat(),
                ..source.clone()
            };
            sources.extend(filled(of_inner).iter().map(through));
        }
        Source::worst(sources)
    }

    /// The greatest lag of what it reads in one way, itself or through levels that are not stored.
    pub(super) fn lag(&self, id: LevelId, way: &Way) -> Duration {
        let level = &self.policy.levels[id.index()];
        let model = self.ways.facts[way.facts].model;
        let own = if way.is_own {
            own_lag(self.policy, level, model)
        } else {
            Duration::ZERO
        };
        let unstored = way
            .through
            .iter()
            .filter(|(inner, _)| !self.whole.is_stored(*inner));
        unstored.fold(own, |lag, &(inner, inner_way)| {
            let inner_way = self.ways.of(inner).get(inner_way);
            lag.max(inner_way.map_or(Duration::ZERO, |way| self.lag(inner, way)))
        })
    }

    pub(super) fn inner(&self, id: LevelId, way: usize, number: usize) -> Option<&KindBound> {
        self.kinds.get(id.index())?.get(way)?.get(number)
    }
}
