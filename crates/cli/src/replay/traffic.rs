//! What is replayed: a trace that is read, or a workload's that is made.

use crate::commands::trace::ReadArgs;
use crate::commands::workload;
use crate::input;
use anyhow::{Context as _, Result};
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_trace::{Block, BlockSource, Needs, Packed, ReadStats};
use std::path::Path;

/// Where events come from. It can be opened once for each seed.
#[derive(Clone, Copy)]
pub(crate) enum Traffic<'a> {
    /// A trace, read as the arguments say and with all that the policies ask of a request.
    Trace {
        /// Where it is.
        path: &'a Path,
        /// How it is read.
        read: &'a ReadArgs,
        /// The policies that it is for.
        policies: &'a [&'a Policy],
    },
    /// A workload of a policy.
    Workload {
        /// Whose.
        policy: &'a Policy,
        /// Which.
        id: WorkloadId,
    },
}

/// A stream of events, and how far it is.
pub(super) struct Opened<'a> {
    blocks: Box<dyn BlockSource + 'a>,
    /// It is made, and not read.
    made: bool,
}

impl Opened<'_> {
    /// The next events; `false`: there are none.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool> {
        let read = self.blocks.next_block(block);
        read.context("cannot read the trace")
    }

    /// How much of the traffic is done after these events.
    pub(super) fn done(&self, block: &Block) -> u64 {
        if self.made {
            block.ends().map_or(0, workload::done)
        } else {
            self.stats().input_bytes
        }
    }

    /// What was read so far.
    pub(super) fn stats(&self) -> &ReadStats {
        self.blocks.stats()
    }
}

impl<'a> Traffic<'a> {
    /// How much there is of it, in bytes of input or nanoseconds of the workload.
    pub(super) fn size(self) -> Option<u64> {
        match self {
            Self::Trace { path, .. } => input::size(path),
            Self::Workload { policy, id } => workload::get(policy, id).ok().map(workload::extent),
        }
    }

    /// From its beginning; the seed decides what is drawn while it is read or made.
    pub(super) fn open(self, seed: u64) -> Result<Opened<'a>> {
        match self {
            Self::Trace {
                path,
                read,
                policies,
            } => Ok(Opened {
                blocks: read.open_blocks(path, Needs::of_all(policies), seed)?,
                made: false,
            }),
            Self::Workload { policy, id } => {
                let workload = workload::get(policy, id)?;
                let events = Box::new(cachepolicy_trace::generate(policy, workload, seed));
                Ok(Opened {
                    blocks: Box::new(Packed::new(events, &workload.name)),
                    made: true,
                })
            }
        }
    }
}
