//! How long the invalidations of a witness's write are on their way.

use crate::lives::{greatest, least};
use cachepolicy_core::edge::{Action, EdgeBlock, Operation, Target, Timing, Verb};
use cachepolicy_core::ids::{BusId, LevelId, ModelId};
use cachepolicy_core::policy::{BackendKind, Delivery, Policy, Reaches};
use cachepolicy_core::units::Duration;

/// Longer than any witness.
const NEVER_ARRIVES: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How long what a write sends to one place is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceDelay {
    /// What of it.
    pub of: Delayed,
    /// Where to.
    pub to: DelayedTo,
    /// How long; [`Duration::FOREVER`]: it is lost.
    pub delay: Duration,
}

/// What is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delayed {
    /// What a block of the policy's edges does (an index).
    Block(usize),
    /// What a tracked backend tells over this bus.
    Told(BusId),
}

/// Where deliveries have one delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelayedTo {
    /// To what all processes share.
    Shared,
    /// To the memory of each process.
    Memory,
}

/// Where and when no invalidation may come to a level's copies, or to a fill of it.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// What is removed with any of these is removed: the level, and with `cascade` what it embeds.
    pub(super) level: LevelId,
    pub(super) embedded: Vec<LevelId>,
    /// Of one place; `None`: of all.
    pub(super) to: Option<DelayedTo>,
    pub(super) from: i64,
    /// The same of a `bump`, which hides what is being filled, too.
    pub(super) renamed_from: i64,
    pub(super) until: i64,
}

impl Window {
    /// From when until when invalidations of a block must not come.
    fn closed(&self, block: &EdgeBlock) -> (i64, i64) {
        let is_bump = |action: &Action| {
            action.verb == Verb::Bump
                && matches!(&action.target, Target::Level { level, .. } if *level == self.level)
        };
        let is_bumped = block.actions.iter().any(is_bump);
        let from = if is_bumped {
            self.renamed_from
        } else {
            self.from
        };
        (from, self.until)
    }

    fn is_about(&self, policy: &Policy, block: &EdgeBlock, to: DelayedTo) -> bool {
        let Some(level) = policy.levels.get(self.level.index()) else {
            return false;
        };
        let mut places = policy.tiers(level).map(|tier| {
            match policy.backends.get(tier.backend.index()).map(|b| b.kind) {
                Some(BackendKind::Memory | BackendKind::Disk) => DelayedTo::Memory,
                _ => DelayedTo::Shared,
            }
        });
        if self.to.is_some_and(|own| own != to) || places.all(|place| place != to) {
            return false;
        }
        block.actions.iter().any(|action| match &action.target {
            Target::Level { level, .. } => {
                *level == self.level || (action.cascade && self.embedded.contains(level))
            }
            Target::Tag(_) => action.cascade || !level.tags.is_empty(),
        })
    }
}

/// The delays of a write at that time: each as late as its bus lets it, but outside of the windows.
/// Are there such, too?
pub(super) fn delays(
    policy: &Policy,
    (model, operation): (ModelId, Operation),
    windows: &[Window],
    written: i64,
) -> (Vec<PlaceDelay>, bool) {
    let mut delays = Vec::new();
    let mut is_kept = true;
    for (number, block) in policy.edges.iter().enumerate() {
        let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
        let Some(bus) = bus.filter(|bus| bus.delivery != Delivery::InProcess) else {
            continue;
        };
        if block.model != model || !block.operations.contains(&operation) {
            continue;
        }
        let is_lossy = matches!(bus.delivery, Delivery::AtMostOnce { loss } if loss > 0.0);
        let first = least(&bus.delay);
        let last = greatest(&bus.delay).min(NEVER_ARRIVES).max(first);
        let last = if is_lossy { Duration::FOREVER } else { last };
        let sent = match block.timing {
            Timing::AfterCommit => written,
            Timing::BeforeCommit { by } => written - by.nanos(),
        };
        for to in [DelayedTo::Shared, DelayedTo::Memory] {
            if to == DelayedTo::Memory && bus.reaches != Reaches::AllProcesses {
                continue;
            }
            let about = windows
                .iter()
                .filter(|window| window.is_about(policy, block, to));
            let about: Vec<(i64, i64)> = about.map(|window| window.closed(block)).collect();
            let (delay, is_outside) = latest((first, last), &about, sent);
            is_kept &= is_outside;
            if first < last {
                delays.push(PlaceDelay {
                    of: Delayed::Block(number),
                    to,
                    delay,
                });
            }
        }
    }
    let told = (0..).map(BusId).zip(&policy.buses);
    let told = told.filter(|(_, bus)| bus.tracks.is_some());
    delays.extend(told.map(|(bus, declared)| PlaceDelay {
        of: Delayed::Told(bus),
        to: DelayedTo::Memory,
        delay: greatest(&declared.delay).min(NEVER_ARRIVES),
    }));
    (delays, is_kept)
}

/// The latest within these ends that is in no window; the last if there is none.
fn latest(
    (first, last): (Duration, Duration),
    closed: &[(i64, i64)],
    sent: i64,
) -> (Duration, bool) {
    let is_free = |delay: Duration| {
        let at = sent.saturating_add(delay.nanos());
        closed
            .iter()
            .all(|(from, until)| at < *from || *until <= at)
    };
    let before = closed
        .iter()
        .map(|(from, _)| Duration::from_nanos((from - 1 - sent).max(0)));
    let mut ends: Vec<Duration> = before.chain([first, last]).collect();
    ends.retain(|delay| first <= *delay && *delay <= last);
    let free = ends.into_iter().filter(|delay| is_free(*delay)).max();
    (free.unwrap_or(last), free.is_some())
}
