//! What is to be done for a curve, as jobs that do not depend on each other.

use super::estimate::{GROUPS, Scale};
use super::figures::{Footprint, Point};
use super::lru::LruCurve;
use super::runs::Replays;
use super::{Collecting, Outcome};
use crate::options::SimError;
use crate::sample::{Collected, Part, Rate, Thinner};
use crate::yardstick::References;
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::Evict;
use cachepolicy_core::units::Time;
use cachepolicy_trace::Block;
use std::sync::Arc;

/// The jobs of a curve. The same results in the same order give the same curve.
#[derive(Debug)]
pub struct Plan {
    pub(super) replays: Replays,
    /// The sample, then its groups, if it is not the whole trace.
    pub(super) parts: Vec<Vec<Block>>,
    pub(super) collected: Collected,
    pub(super) capacities: Vec<u64>,
    pub(super) unbounded: Outcome,
    pub(super) references: References,
    pub(super) footprint: Footprint,
    pub(super) lru: Option<LruCurve>,
    pub(super) scale: Scale,
    pub(super) jobs: Vec<Job>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Job {
    /// One eviction policy with one capacity on one part.
    Store {
        evict: usize,
        capacity: usize,
        part: usize,
    },
    /// The clairvoyant with one capacity on the sample.
    Clairvoyant { capacity: usize },
    /// Room for everything, and the clairvoyant with all capacities, on one group.
    Yardsticks { part: usize },
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done(pub(super) Vec<Outcome>);

impl Plan {
    pub(super) fn new(collecting: Collecting) -> Result<Self, SimError> {
        let Collecting {
            tables,
            settings,
            collector,
            key_level,
            lru,
            counted_from,
            requests,
        } = collecting;
        let begins = collector.whole().first.unwrap_or(Time::ZERO);
        let mut collected = collector.finish();
        let key_level = key_level.filter(|_| collected.is_accesses);
        let replays = Replays {
            tables,
            key_level,
            begins,
            counted_from: counted_from.unwrap_or(begins),
            settings,
        };
        let rate = collected.part.rate;
        let sample = core::mem::take(&mut collected.blocks);
        let (unbounded, references) = replays.unbounded(&sample, rate)?;
        if unbounded.lookups == 0 {
            return Err(nothing(&replays));
        }
        let whole = |count: u64| (count as f64 / rate.share()) as u64;
        let footprint = Footprint {
            entries: whole(unbounded.entries_peak),
            bytes: whole(unbounded.bytes_peak),
        };
        let settings = &replays.settings;
        let present = settings.present(&replays.tables.policy);
        let extent = if settings.by_bytes {
            footprint.bytes
        } else {
            footprint.entries
        };
        let capacities = settings.capacities.resolve(extent, present);
        let parts = parts(&replays, sample, collected.part);
        let scale = Scale {
            rate,
            lookups: key_level.map(|_| requests),
            requests,
            comes_first: comes_first(&replays),
        };
        let mut plan = Self {
            replays,
            parts,
            collected,
            capacities,
            unbounded,
            references,
            footprint,
            lru: lru.filter(|_| key_level.is_some()),
            scale,
            jobs: Vec::new(),
        };
        plan.jobs = plan.list();
        Ok(plan)
    }

    fn list(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for part in 1..self.parts.len() {
            jobs.push(Job::Yardsticks { part });
        }
        for (capacity, _) in self.capacities.iter().enumerate() {
            jobs.push(Job::Clairvoyant { capacity });
        }
        for (evict, &policy) in self.replays.settings.evicts.iter().enumerate() {
            for (capacity, &at) in self.capacities.iter().enumerate() {
                if self.exact(policy, at).is_none() {
                    jobs.extend((0..self.parts.len()).map(|part| Job::Store {
                        evict,
                        capacity,
                        part,
                    }));
                }
            }
        }
        jobs
    }

    /// The miss ratio, where it is known exactly without a job.
    pub(super) fn exact(&self, evict: Evict, capacity: u64) -> Option<Point> {
        let lru = self.lru.as_ref().filter(|_| evict == Evict::Lru)?;
        let (lookups, hits) = lru.hits(capacity)?;
        Some(Point {
            miss_ratio: (lookups > 0).then(|| 1.0 - hits as f64 / lookups as f64),
            exact: true,
            ..Point::default()
        })
    }

    /// How many jobs there are.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// Does one of them.
    ///
    /// # Errors
    /// As [`crate::Simulation::push_block`].
    pub fn run(&self, job: usize) -> Result<Done, SimError> {
        let rate = |part: usize| self.rate(part);
        let blocks = |part: usize| self.parts.get(part).map_or(&[][..], Vec::as_slice);
        let at = |capacity: usize| self.capacities.get(capacity).copied().unwrap_or(1);
        let done = match self.jobs.get(job) {
            None => Vec::new(),
            Some(&Job::Store {
                evict,
                capacity,
                part,
            }) => {
                let evicts = &self.replays.settings.evicts;
                let evict = evicts.get(evict).copied().unwrap_or(Evict::Lru);
                let outcome =
                    self.replays
                        .bounded(blocks(part), rate(part), at(capacity), evict)?;
                vec![outcome]
            }
            Some(&Job::Clairvoyant { capacity }) => {
                vec![self.clairvoyant(&self.references, self.unbounded, 0, at(capacity))]
            }
            Some(&Job::Yardsticks { part }) => {
                let (outcome, references) = self.replays.unbounded(blocks(part), rate(part))?;
                let all = self.capacities.iter();
                let all = all.map(|&at| self.clairvoyant(&references, outcome, part, at));
                core::iter::once(outcome).chain(all).collect()
            }
        };
        Ok(Done(done))
    }

    fn rate(&self, part: usize) -> Rate {
        let rate = self.collected.part.rate;
        if part == 0 {
            rate
        } else {
            rate.divided(GROUPS)
        }
    }

    fn clairvoyant(
        &self,
        references: &References,
        unbounded: Outcome,
        part: usize,
        capacity: u64,
    ) -> Outcome {
        let capacity = self.replays.capacity(self.rate(part), capacity);
        Outcome {
            hits: references.clairvoyant_hits(capacity).min(unbounded.hits),
            ..unbounded
        }
    }
}

fn nothing(replays: &Replays) -> SimError {
    let policy = &replays.tables.policy;
    let backend = policy.backends.get(replays.settings.backend.index());
    let name = backend.map_or("", |backend| &backend.name);
    SimError::Option(format!(
        "nothing of the trace is looked up in the backend `{name}`: no request or access that \
         counts reaches a level that is stored there"
    ))
}

/// Is the backend the first that requests ask, whatever they are for?
fn comes_first(replays: &Replays) -> bool {
    let t = &replays.tables;
    let levels = t
        .levels
        .iter()
        .filter(|level| matches!(level.kind, LevelKind::Site | LevelKind::View) && level.is_stored);
    let mut nearest = levels.map(|level| level.tiers.first().map(|tier| tier.backend));
    let own = Some(replays.settings.backend.0);
    nearest.clone().next().is_some() && nearest.all(|nearest| nearest == own)
}

/// The sample, then each of its groups; the sample alone where it is the whole trace.
fn parts(replays: &Replays, sample: Vec<Block>, part: Part) -> Vec<Vec<Block>> {
    let mut parts = Vec::new();
    if !part.rate.is_all() {
        for group in 0..GROUPS {
            let part = Part {
                group: Some((group, GROUPS)),
                ..part
            };
            let mut thinner = Thinner::new(&Arc::clone(&replays.tables), part);
            let thinned = sample.iter().map(|block| {
                let mut thinned = Block::default();
                thinner.thin(block, &mut thinned);
                thinned
            });
            parts.push(thinned.collect());
        }
    }
    parts.insert(0, sample);
    parts
}
