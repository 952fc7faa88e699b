//! The same traffic through one or several policies, with one seed or with several, in steps.

use crate::happenings::Kept;
use crate::replay::Replay;
use crate::said;
use crate::types::{Progress, SimulationOptions};
use cachepolicy_core::Policy;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use std::ops::Range;
use wasm_bindgen::JsError;

/// More seeds than anybody waits for.
const SEEDS_MAX: u32 = 10_000;

/// What is replayed, and what came of it so far.
pub(crate) struct Runs {
    options: SimulationOptions,
    replay: Replay,
    /// By seed, and by policy.
    running: Vec<Simulation>,
    /// Seeds whose traffic is still to be made; a trace is the same for all.
    left: Range<u32>,
    /// Replays that have ended, and how many events they had.
    ended: (u32, f64),
    /// By seed, and by policy.
    reports: Vec<Report>,
    policies: usize,
}

impl Runs {
    /// What the options name, from their first seed on.
    pub(crate) fn open(
        policies: &[&Policy],
        mut options: SimulationOptions,
    ) -> Result<Self, JsError> {
        let first = options.seed.unwrap_or_default();
        let count = options.seeds.unwrap_or(1);
        let last = first.checked_add(count);
        let Some(last) = last.filter(|_| (1..=SEEDS_MAX).contains(&count)) else {
            return Err(said(format!(
                "there are no {count} seeds from {first} on: 1 to {SEEDS_MAX} can be replayed, below {}",
                u32::MAX
            )));
        };
        let (replay, run) = Replay::open(policies, &mut options)?;
        let now = if replay.is_made() { first + 1 } else { last };
        let mut running = Vec::new();
        for seed in first..now {
            running.extend(simulations(policies, &run, seed)?);
        }
        Ok(Self {
            options,
            replay,
            running,
            left: now..last,
            ended: (0, 0.0),
            reports: Vec::new(),
            policies: policies.len(),
        })
    }

    /// Keeps what happens with the first seed and policy.
    pub(crate) fn observe(&mut self, kept: &Kept) {
        if let Some(simulation) = self.running.first_mut() {
            simulation.observe(Box::new(kept.clone()));
        }
    }

    /// About so many events more through the policies; `false`: there are no more, with any seed.
    pub(crate) fn step(&mut self, policies: &[&Policy], events: u32) -> Result<bool, JsError> {
        if self.replay.step(&mut self.running, events)? {
            return Ok(true);
        }
        let notes = self.replay.notes();
        for simulation in self.running.drain(..) {
            let mut report = simulation.finish();
            report.notes.extend(notes.iter().cloned());
            self.reports.push(report);
        }
        let Some(seed) = self.left.next() else {
            return Ok(false);
        };
        self.ended.0 += 1;
        self.ended.1 += self.replay.progress().events;
        self.options.seed = Some(seed);
        let (replay, run) = Replay::open(policies, &mut self.options)?;
        self.replay = replay;
        self.running = simulations(policies, &run, seed)?;
        Ok(true)
    }

    /// How far all of them are.
    pub(crate) fn progress(&self) -> Progress {
        let now = self.replay.progress();
        let (ended, events) = self.ended;
        let all = f64::from(ended) + 1.0 + self.left.len() as f64;
        Progress {
            events: events + now.events,
            done: (f64::from(ended) + now.done) / all,
            simulated: now.simulated,
        }
    }

    /// Whether means over seeds were asked for, of however many.
    pub(crate) fn averages(&self) -> bool {
        self.options.seeds.is_some()
    }

    /// As reports call the traffic.
    pub(crate) fn input(&self) -> &str {
        &self.replay.input
    }

    /// What came of it: for each policy its reports, in the order of the seeds. They are given once.
    pub(crate) fn reports(&mut self) -> Vec<Vec<Report>> {
        let mut by_policy = vec![Vec::new(); self.policies];
        for (index, report) in self.reports.drain(..).enumerate() {
            by_policy[index % self.policies].push(report);
        }
        by_policy
    }
}

fn simulations(policies: &[&Policy], run: &Options, seed: u32) -> Result<Vec<Simulation>, JsError> {
    let simulations = policies.iter().map(|policy| {
        let options = Options {
            seed: seed.into(),
            ..run.clone()
        };
        Simulation::new(policy, options).map_err(said)
    });
    simulations.collect()
}
