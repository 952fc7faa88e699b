//! A sample of a trace that is replayed as it comes.

use super::collect::Whole;
use super::{Part, Rate, Thinner, notes};
use crate::options::Options;
use crate::report::{Sampled, TraceSummary};
use crate::tables::Tables;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Block;
use cachepolicy_trace::event::AccessOperation;
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
        }
    }

    /// What is kept of a block.
    pub(crate) fn thin(&mut self, block: &Block) -> &Block {
        self.whole.add(block);
        self.has_requests |= !block.requests.at.is_empty();
        if let Some(first) = self.whole.first {
            self.counted += counted(block, first + self.warmup);
        }
        self.block.clear();
        self.thinner.thin(block, &mut self.block);
        &self.block
    }

    /// What was kept, and what must be known of it. `trace` says what was replayed; afterwards,
    /// what there was.
    pub(crate) fn finish(
        self,
        policy: &Policy,
        trace: &mut TraceSummary,
    ) -> (Sampled, Vec<String>) {
        let kept = u64::from(self.thinner.keys()) + u64::from(self.thinner.targets());
        let unit = if self.has_requests { "path" } else { "key" };
        let sampled = Sampled {
            rate: self.rate.share(),
            unit: unit.to_owned(),
            kept,
            requests: trace.requests,
            expected: self.counted as f64 * self.rate.share(),
            hit_ratio: None,
        };
        trace.requests = self.whole.requests;
        trace.writes = self.whole.writes;
        trace.faults = self.whole.faults;
        (sampled, notes(policy, self.rate, kept, self.has_requests))
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
