//! A sample of a trace that is replayed as it comes.

use super::collect::Whole;
use super::uncached::Uncached;
use super::{Part, Rate, SampleEnd, Thinner, notes};
use crate::Simulation;
use crate::options::Options;
use crate::report::{Sampled, TraceSummary};
use crate::tables::Tables;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::event::AccessOperation;
use cachepolicy_trace::{Block, Recorded};
use std::sync::Arc;

/// Thins a stream of blocks, and remembers what there was of it.
#[derive(Debug)]
pub(crate) struct Sampling {
    rate: Rate,
    thinner: Thinner,
    block: Block,
    whole: Whole,
    has_requests: bool,
    warmup: Duration,
    /// Requests of the whole trace that count.
    counted: u64,
    uncached: Uncached,
    seed: u64,
    /// What the trace lacks, being a sample itself.
    recorded: Recorded,
}

impl Simulation {
    /// What a trace's recorder says that the trace lacks, once all of it was pushed: a sample of a sample
    /// is one of what there was, not of what was recorded.
    pub fn recorded(&mut self, recorded: Recorded) {
        if let Some(sampling) = &mut self.sampling {
            sampling.recorded = recorded;
        }
    }
}

impl Sampling {
    pub(crate) fn new(t: &Arc<Tables>, rate: Rate, options: &Options) -> Self {
        let part = Part {
            rate,
            group: None,
            seed: options.seed,
        };
        Self {
            rate,
            thinner: Thinner::new(t, part),
            block: Block::default(),
            whole: Whole::default(),
            has_requests: false,
            warmup: options.warmup,
            counted: 0,
            uncached: Uncached::new(t),
            seed: options.seed,
            recorded: Recorded::default(),
        }
    }

    /// What is kept of a block.
    pub(crate) fn thin(&mut self, block: &Block) -> &Block {
        self.whole.add(block);
        self.has_requests |= !block.requests.at.is_empty();
        self.block.clear();
        self.thinner.thin(block, &mut self.block);
        if let Some(first) = self.whole.first {
            let from = first + self.warmup;
            self.counted += counted(block, from);
            let thinner = &self.thinner;
            self.uncached
                .add(block, from, |target| thinner.keeps_target(target));
        }
        &self.block
    }

    /// As many requests as count in a sample on average.
    fn expected(&self) -> f64 {
        let share = self.rate.share();
        if self.recorded.sample.is_all() {
            return self.counted as f64 * share;
        }
        // What was not recorded counts as what was, also where some of it is warm-up.
        let scale = self.recorded.left_out as f64 / self.whole.requests.max(1) as f64;
        let whole = self.counted as f64 * (1.0 + scale);
        let recorded = self.recorded.sample.share();
        // The recorder takes what this one would with the seed 0.
        let both = if self.seed == 0 {
            share.min(recorded)
        } else {
            share * recorded
        };
        whole * both
    }

    /// Requests that always have origin work and are missing in the sample. Not known where some of the
    /// trace was not recorded: it does not say of what there is more.
    fn lacking(&self) -> f64 {
        if self.recorded.sample.is_all() {
            self.uncached.lacking(self.rate.share())
        } else {
            0.0
        }
    }

    /// What was kept, and what must be known of it. `trace` says what was replayed; afterwards,
    /// what there was.
    pub(crate) fn finish(self, policy: &Policy, trace: &mut TraceSummary) -> SampleEnd {
        let kept = u64::from(self.thinner.keys()) + u64::from(self.thinner.targets());
        let unit = if self.has_requests { "path" } else { "key" };
        let sampled = Sampled {
            rate: self.rate.share(),
            unit: unit.to_owned(),
            kept,
            requests: trace.requests,
            expected: self.expected(),
            hit_ratio: None,
        };
        trace.requests = self.whole.requests;
        trace.writes = self.whole.writes;
        trace.faults = self.whole.faults;
        SampleEnd {
            lacking: self.lacking(),
            notes: notes(policy, self.rate, kept, self.has_requests),
            sampled,
        }
    }
}

/// Requests and look-ups of a block from an instant on.
pub(crate) fn counted(block: &Block, from: Time) -> u64 {
    let requests = block.requests.at.iter().filter(|at| **at >= from);
    let accesses = block.accesses.at.iter().enumerate().filter(|(index, at)| {
        let operation = block.accesses.operation.get(*index).copied();
        **at >= from && operation.unwrap_or(AccessOperation::Get) == AccessOperation::Get
    });
    (requests.count() + accesses.count()) as u64
}
