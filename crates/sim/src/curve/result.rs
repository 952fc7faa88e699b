//! From what came of a plan's jobs to its curve.

use super::Outcome;
use super::estimate::{COPIES_MIN, GROUPS};
use super::figures::{Curve, EvictionCurve, Footprint, Point, SCHEMA, Sample, Traffic};
use super::lru::LruCurve;
use super::notes::{Facts, notes};
use super::plan::{Done, Job, Plan};
use crate::aggregate::interval::CONFIDENCE;
use crate::report::PolicyIdentity;
use crate::sample::memory;
use cachepolicy_core::policy::Evict;

impl Plan {
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
