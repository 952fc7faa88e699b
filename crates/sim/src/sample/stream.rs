//! A sample of a trace that is replayed as it comes.

use super::collect::Whole;
use super::{Part, Rate, Thinner, notes};
use crate::report::{Sampled, TraceSummary};
use crate::tables::Tables;
use cachepolicy_core::policy::Policy;
use cachepolicy_trace::Block;
use std::sync::Arc;

/// Thins a stream of blocks, and remembers what there was of it.
#[derive(Debug)]
pub(crate) struct Sampling {
    rate: Rate,
    thinner: Thinner,
    block: Block,
    whole: Whole,
    has_requests: bool,
}

impl Sampling {
    pub(crate) fn new(t: &Arc<Tables>, rate: Rate, seed: u64) -> Self {
        let part = Part {
            rate,
            group: None,
            seed,
        };
        Self {
            rate,
            thinner: Thinner::new(t, part),
            block: Block::default(),
            whole: Whole::default(),
            has_requests: false,
        }
    }

    /// What is kept of a block.
    pub(crate) fn thin(&mut self, block: &Block) -> &Block {
        self.whole.add(block);
        self.has_requests |= !block.requests.at.is_empty();
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
        let unit = if self.has_requests { "path" } else { "key" };
        let sampled = Sampled {
            rate: self.rate.share(),
            unit: unit.to_owned(),
            requests: trace.requests,
        };
        trace.requests = self.whole.requests;
        trace.writes = self.whole.writes;
        trace.faults = self.whole.faults;
        (sampled, notes(policy, self.rate, self.has_requests))
    }
}
