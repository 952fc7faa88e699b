//! From what was counted to the report.

use super::{Metrics, labels};
use crate::report::{PolicyIdentity, Recovery, Report, SCHEMA, TraceSummary};
use crate::sample::SampleEnd;
use crate::store::KeyId;
use cachepolicy_analysis::{Bounds, Claims};
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, LevelId, WorkloadId};
use cachepolicy_core::policy::{BackendKind, Policy};
use cachepolicy_core::units::Time;

/// What the report needs beside the figures.
pub struct RunEnd<'a> {
    /// The policy that was simulated.
    pub policy: &'a Policy,
    /// What was replayed.
    pub trace: TraceSummary,
    /// Of every random stream.
    pub seed: u64,
    /// The workload that the trace came from or that filled its gaps; claims for another one are
    /// not decided.
    pub workload: Option<WorkloadId>,
    /// The part of the trace that was replayed, where that was not the whole, and what must be
    /// known of it.
    pub sampled: Option<SampleEnd>,
    /// The last instant with an event of the trace, a request or work of an origin under way:
    /// rates are over the time until then.
    pub ended: Time,
    /// How many look-ups a key has had, of a level whose fills take time.
    pub lookups: &'a dyn Fn(KeyId) -> u32,
    /// Did anything commit, be it what a request writes?
    pub has_writes: bool,
    /// What the paths of that number begin with.
    pub beginning: &'a dyn Fn(u32) -> String,
    /// A key as people write it.
    pub key_name: &'a dyn Fn(LevelId, KeyId) -> String,
}

impl Metrics {
    /// The report, its claims evaluated.
    #[must_use]
    pub fn finish(mut self, end: &RunEnd<'_>) -> Report {
        let ended = end.ended.max(self.counted_from);
        self.tick(ended);
        self.add_ahead();
        self.add_late();
        let policy = end.policy;
        let totals = self.totals();
        let timeline = self.timeline.figures(policy, self.began, ended, &totals);
        if self.timeline.step_was_too_short() {
            self.note(
                "the timeline's step was made longer, so that there are not more than 10000 points",
            );
        }
        for note in end.sampled.iter().flat_map(|sample| &sample.notes) {
            self.note(note.clone());
        }
        for note in self.coverages.notes(policy) {
            self.note(note);
        }
        if let Some(note) = without_writes(end) {
            self.note(note);
        }
        let counted = ended.since(self.counted_from);
        let origins = policy.origins.iter().zip(&mut self.origins);
        let origins = origins
            .map(|(origin, counts)| {
                (
                    origin.name.clone(),
                    counts.figures(origin.slots, ended, counted),
                )
            })
            .collect();
        let requests = self.all_requests();
        let mut report = Report {
            schema: SCHEMA,
            policy: PolicyIdentity {
                name: policy.name.clone(),
                hash: policy.hash.clone(),
            },
            trace: TraceSummary {
                workload: end
                    .workload
                    .and_then(|id| policy.workloads.get(id.index()))
                    .map(|workload| workload.name.clone()),
                ..end.trace.clone()
            },
            seed: end.seed,
            warmup: self.counted_from.since(self.began).as_secs_f64(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            dimensions: self.coverages.figures(policy),
            requests: requests.figures(),
            observed: self.observed.figures(),
            unrouted: self.unrouted_figures(end.beginning),
            routes: self.route_figures(policy),
            levels: self.level_figures(end),
            backends: self.backend_figures(policy),
            origins,
            invalidation: self.invalidation_figures(policy),
            recovery: self.recovery_figures(policy),
            expectations: Vec::new(),
            timeline,
            notes: self.notes,
            sampled: end.sampled.clone().map(
                |SampleEnd {
                     sampled, lacking, ..
                 }| {
                    sampled.with_misses(requests.count() - requests.origin_free(), lacking)
                },
            ),
        };
        let graph = Graph::new(policy);
        let bounds = Bounds::new(policy, &graph);
        let in_this_run = Bounds::with_outages(policy, &graph, &self.outages);
        report.set_bounds(policy, &in_this_run);
        let claims = Claims::new(policy, &graph, &bounds);
        report.expectations = crate::expect::evaluate(policy, &claims, &report, end.workload);
        report
    }

    /// Of the routes that had requests, and of those that a claim names.
    fn route_figures(
        &self,
        policy: &Policy,
    ) -> crate::report::Ordered<crate::report::RequestFigures> {
        let is_claimed = |name: &String| {
            policy.expectations.iter().any(|expectation| {
                matches!(&expectation.claim,
                    Claim::Figure { subject: Subject::Route(route), .. } if route == name)
            })
        };
        let routes = self.route_names.iter().zip(&self.routes);
        routes
            .filter(|(name, counts)| counts.count() > 0 || is_claimed(name))
            .map(|(name, counts)| (name.clone(), counts.figures()))
            .collect()
    }

    fn level_figures(
        &self,
        end: &RunEnd<'_>,
    ) -> crate::report::Ordered<crate::report::LevelFigures> {
        let levels = end.policy.levels.iter().zip(&self.levels).enumerate();
        levels
            .map(|(index, (level, counts))| {
                let key_name = |key| (end.key_name)(LevelId(index as u16), key);
                let mut figures = counts.figures(level.kind.name(), self.began, &key_name);
                if let Some(Some(risks)) = self.risks.get(index) {
                    let times = (self.began, self.counted_from, end.ended);
                    figures.risk = risks.figures(times, end.lookups, &key_name);
                }
                (level.name.clone(), figures)
            })
            .collect()
    }

    fn backend_figures(
        &self,
        policy: &Policy,
    ) -> crate::report::Ordered<crate::report::BackendFigures> {
        let backends = policy.backends.iter().zip(&self.backends).enumerate();
        backends
            .map(|(index, (backend, counts))| {
                let instances = match backend.kind {
                    BackendKind::Memory | BackendKind::Disk => policy.processes,
                    BackendKind::Redis | BackendKind::Proxy => 1,
                    BackendKind::Cdn { pops } => pops,
                    BackendKind::None => 0,
                };
                let id = BackendId(index as u16);
                let figures = counts.figures(id, u64::from(instances), policy);
                (backend.name.clone(), figures)
            })
            .collect()
    }

    fn invalidation_figures(&self, policy: &Policy) -> Vec<crate::report::InvalidationFigures> {
        let actions = policy
            .edges
            .iter()
            .flat_map(|edge| edge.actions.iter().map(move |action| (edge, action)));
        let edges = actions.map(|(edge, action)| {
            (
                labels::on(policy, edge),
                labels::action(policy, edge, action),
            )
        });
        let tracking = policy.buses.iter().filter_map(|bus| {
            let backend = policy.backends.get(bus.tracks?.backend.index())?;
            Some((labels::change(backend), labels::tracking(bus)))
        });
        edges
            .chain(tracking)
            .zip(&self.actions)
            .map(|((on, target), counts)| counts.figures(on, target))
            .collect()
    }

    fn recovery_figures(&self, policy: &Policy) -> Vec<Recovery> {
        let rows = self.recoveries.rows().iter();
        rows.map(|row| Recovery {
            fault: row.fault.name(policy),
            at: row.at.since(self.began).as_secs_f64(),
            seconds: row.took.map(cachepolicy_core::Duration::as_secs_f64),
            outcome: row.outcome,
        })
        .collect()
    }
}

/// Nothing that the levels are made of was written: it cannot have been out of date.
fn without_writes(end: &RunEnd<'_>) -> Option<&'static str> {
    let levels = &end.policy.levels;
    let can_be_stale = levels.iter().any(|level| !level.reads.is_empty());
    let has_requests = end.trace.requests > 0 && levels.iter().any(|level| level.route.is_some());
    let nothing = has_requests && !end.has_writes;
    (can_be_stale && nothing).then_some(
        "nothing was written in this trace, so that nothing could be out of date: that is no merit of a \
         ttl. `write … from` in a `workload` tells which requests write, and a `workload` can make \
         writes of its own",
    )
}
