//! One block as bytes: what writing and reading have in common.

use crate::block::News;

/// How many there are of what is numbered throughout the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    pub(super) keys: usize,
    pub(super) targets: usize,
    pub(super) users: usize,
}

impl Known {
    /// With those that are new in a block.
    pub(super) fn with(self, news: &News) -> Self {
        Self {
            keys: self.keys + news.keys.len(),
            targets: self.targets + news.targets.len(),
            users: self.users + news.users.len(),
        }
    }
}

/// Turned over, numbers with a sign keep their order as numbers without.
pub(super) const SIGN: u64 = 1 << 63;
