//! What is to be done for a curve, as jobs that do not depend on each other.

use super::estimate::{COPIES_MIN, GROUPS, Scale};
use super::figures::{Curve, EvictionCurve, Footprint, Point, SCHEMA, Sample, Traffic};
use super::lru::LruCurve;
use super::notes::{Facts, notes};
use super::runs::Replays;
use super::{Collecting, Outcome};
use crate::aggregate::interval::CONFIDENCE;
use crate::options::SimError;
use crate::report::PolicyIdentity;
use crate::sample::{Collected, Part, Rate, Thinner, memory};
use crate::yardstick::References;
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::Evict;
use cachepolicy_core::units::Time;
use cachepolicy_trace::Block;
use std::sync::Arc;

/// The jobs of a curve. The same results in the same order give the same curve.
#[derive(Debug)]
pub struct Plan {
    replays: Replays,
    /// The sample, then its groups, if it is not the whole trace.
    parts: Vec<Vec<Block>>,
    collected: Collected,
    capacities: Vec<u64>,
    unbounded: Outcome,
    references: References,
    footprint: Footprint,
    lru: Option<LruCurve>,
    scale: Scale,
    jobs: Vec<Job>,
}

#[derive(Debug, Clone, Copy)]
enum Job {
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
pub struct Done(Vec<Outcome>);

impl Plan {
    pub(super) fn new(collecting: Collecting) -> Result<Self, SimError> {
        let Collecting {
            tables,
            settings,
            collector,
            key_level,
            lru,
            counted_from,
            lookups,
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
            lookups: key_level.map(|_| lookups),
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
    fn exact(&self, evict: Evict, capacity: u64) -> Option<Point> {
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

    /// The curve, from what came of all jobs in their order.
    #[must_use]
    pub fn finish(self, done: &[Done]) -> Curve {
        let t = &self.replays.tables;
        let settings = &self.replays.settings;
        let backend = t.policy.backends.get(settings.backend.index());
        let groups: Vec<Outcome> = self
            .of(done, |job| matches!(job, Job::Yardsticks { .. }))
            .filter_map(|done| done.0.first().copied())
            .collect();
        let mut curves: Vec<EvictionCurve> = settings
            .evicts
            .iter()
            .enumerate()
            .map(|(index, &evict)| self.curve(index, evict, done))
            .collect();
        curves.push(self.clairvoyant_curve(done));
        let part = self.collected.part;
        let sample = (!part.rate.is_all()).then(|| Sample {
            rate: part.rate.share(),
            unit: self.unit().to_owned(),
            requests: self.collected.kept,
            keys: self.collected.keys,
            groups: GROUPS,
            confidence: CONFIDENCE,
        });
        let whole = self.collected.whole;
        let memory = self.parts.iter().map(|blocks| memory(blocks)).sum::<u64>();
        let notes = notes(&Facts {
            policy: &t.policy,
            settings,
            is_keys: self.replays.key_level.is_some(),
            level: self.replays.key_level.map(|level| level.id),
            sample: sample.as_ref(),
            lru: self.lru.as_ref().and_then(LruCurve::reason),
            curves: &curves,
            is_full: self.references.is_full(),
        });
        Curve {
            schema: SCHEMA,
            policy: PolicyIdentity {
                name: t.policy.name.clone(),
                hash: t.policy.hash.clone(),
            },
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            backend: backend.map_or_else(String::new, |backend| backend.name.clone()),
            instances: t
                .backends
                .get(settings.backend.index())
                .map_or(1, |it| u64::from(it.count)),
            unit: if settings.by_bytes {
                "bytes"
            } else {
                "entries"
            }
            .to_owned(),
            capacity: settings.present(&t.policy),
            evict: backend
                .map_or("", |backend| backend.evict.name())
                .to_owned(),
            trace: Traffic {
                requests: whole.requests,
                writes: whole.writes,
                faults: whole.faults,
            },
            seed: settings.options.seed,
            method: if self.replays.key_level.is_some() {
                "keys"
            } else {
                "policy"
            }
            .to_owned(),
            footprint: self.footprint,
            sample,
            unbounded: self.unbounded_point(&groups),
            curves,
            memory: memory + self.references.bytes(),
            notes,
        }
    }

    /// With room for everything, whoever leaves.
    fn unbounded_point(&self, groups: &[Outcome]) -> Point {
        let exact = self.exact(Evict::Lru, u64::MAX);
        exact.unwrap_or_else(|| self.scale.point(self.unbounded, groups))
    }

    fn unit(&self) -> &'static str {
        let requests = self.parts.iter().flatten();
        let mut requests = requests.filter(|block| !block.requests.at.is_empty());
        if requests.next().is_some() {
            "path"
        } else {
            "key"
        }
    }

    /// What came of the jobs of a kind, in their order.
    fn of<'d>(
        &'d self,
        done: &'d [Done],
        is_meant: impl Fn(&Job) -> bool + 'd,
    ) -> impl Iterator<Item = &'d Done> {
        let jobs = self.jobs.iter().zip(done);
        jobs.filter(move |(job, _)| is_meant(job))
            .map(|(_, done)| done)
    }

    fn curve(&self, index: usize, evict: Evict, done: &[Done]) -> EvictionCurve {
        let mut is_exact = true;
        let points = self.capacities.iter().enumerate().map(|(place, &at)| {
            let point = self.exact(evict, at).unwrap_or_else(|| {
                is_exact = false;
                let ours = move |job: &Job| {
                    matches!(job, Job::Store { evict, capacity, .. }
                        if *evict == index && *capacity == place)
                };
                let outcomes: Vec<Outcome> = self
                    .of(done, ours)
                    .filter_map(|done| done.0.first().copied())
                    .collect();
                match outcomes.split_first() {
                    Some((whole, groups)) => self.scale.point(*whole, groups),
                    None => Point::default(),
                }
            });
            Point {
                capacity: Some(at),
                rough: !point.exact && self.is_rough(at),
                ..point
            }
        });
        let points = points.collect();
        EvictionCurve {
            evict: evict.name().to_owned(),
            method: self.method(is_exact && self.lru.is_some() && evict == Evict::Lru),
            points,
        }
    }

    /// Does the sample's store of a capacity hold too few copies?
    fn is_rough(&self, capacity: u64) -> bool {
        let Footprint { entries, bytes } = self.footprint;
        let each = if self.replays.settings.by_bytes {
            bytes as f64 / entries.max(1) as f64
        } else {
            1.0
        };
        let copies = capacity as f64 * self.scale.rate.share() / each.max(1.0);
        copies < COPIES_MIN
    }

    fn method(&self, by_distances: bool) -> String {
        let method = if by_distances {
            "stack distances"
        } else if self.scale.rate.is_all() {
            "simulation"
        } else {
            "sample"
        };
        method.to_owned()
    }

    fn clairvoyant_curve(&self, done: &[Done]) -> EvictionCurve {
        let whole = self.of(done, |job| matches!(job, Job::Clairvoyant { .. }));
        let groups: Vec<&Done> = self
            .of(done, |job| matches!(job, Job::Yardsticks { .. }))
            .collect();
        let points = whole.enumerate().map(|(place, done)| {
            // The first of a group's is the one with room for everything.
            let groups = groups.iter().filter_map(|group| group.0.get(place + 1));
            let groups: Vec<Outcome> = groups.copied().collect();
            let whole = done.0.first().copied().unwrap_or_default();
            let at = self.capacities.get(place).copied();
            let point = self.scale.point(whole, &groups);
            Point {
                capacity: at,
                // What the requests would get of it is not known.
                request_hit_ratio: None,
                rough: !point.exact && at.is_some_and(|at| self.is_rough(at)),
                ..point
            }
        });
        EvictionCurve {
            evict: "clairvoyant".to_owned(),
            points: points.collect(),
            method: self.method(false),
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
