//! Requests that always have origin work, whoever makes them and whatever came before.

use crate::skip;
use crate::tables::Tables;
use cachepolicy_core::units::Time;
use cachepolicy_core::url::split_target;
use cachepolicy_trace::Block;
use std::sync::Arc;

/// Counts them in the whole trace and in a sample of it. The correction for what a sample has more or
/// fewer of than expected takes that for hits, which these never are; as it is known how many there were,
/// they need no such guess.
#[derive(Debug)]
pub(super) struct Uncached {
    tables: Arc<Tables>,
    /// Of each target in the stream: is it one of these?
    targets: Vec<bool>,
    all: u64,
    kept: u64,
}

impl Uncached {
    pub(super) fn new(tables: &Arc<Tables>) -> Self {
        Self {
            tables: Arc::clone(tables),
            targets: Vec::new(),
            all: 0,
            kept: 0,
        }
    }

    /// Those of a block that count, from an instant on; `keeps`: is a target in the sample?
    pub(super) fn add(&mut self, block: &Block, from: Time, keeps: impl Fn(u32) -> bool) {
        for index in 0..block.news.targets.len() {
            let target = block.news.targets.get(index);
            let (path, _) = split_target(target.path);
            self.targets
                .push(is_uncached(&self.tables, target.method, path));
        }
        for (&at, &target) in block.requests.at.iter().zip(&block.requests.target) {
            if at >= from && self.targets.get(target as usize) == Some(&true) {
                self.all += 1;
                self.kept += u64::from(keeps(target));
            }
        }
    }

    /// So many are missing in the sample of those that are expected in it, if this share of all is; below
    /// 0 where it has too many.
    pub(super) fn lacking(&self, share: f64) -> f64 {
        self.all as f64 * share - self.kept as f64
    }
}

/// No level answers, or none that does has copies for such requests, and the innermost does origin work.
fn is_uncached(t: &Tables, method: &str, path: &str) -> bool {
    let routed = t.router.route(method, path);
    let levels = || routed.sites().iter().copied().chain(routed.view);
    let has_copies = levels().any(|id| {
        let condition = t.policy.levels[id.index()].skip.as_ref();
        let is_left_out =
            condition.is_some_and(|condition| skip::always_holds(condition, method, path));
        t.levels[id.index()].is_stored && !is_left_out
    });
    let works = levels().last().is_none_or(|id| {
        t.levels[id.index()].is_source || t.policy.levels[id.index()].origin.is_some()
    });
    !has_copies && works
}
