//! What a fence keeps out of the store.

use super::Work;
use super::edges::KindBound;
use super::sources::Source;
use crate::arrive::{Heard, heard};
use crate::cover::ActionRef;
use cachepolicy_core::edge::Timing;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Duration;

/// A delivery that certainly comes to a place where fills store their results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overtakes {
    pub(crate) action: ActionRef,
    /// From the commit to the delivery.
    pub(crate) least: Duration,
    pub(crate) greatest: Duration,
}

impl Overtakes {
    /// Of all sides of a write.
    pub(super) fn all(sides: &[Option<Self>]) -> Option<Self> {
        let mut all = *sides.first()?;
        for side in sides {
            let (one, other) = (all?, (*side)?);
            let later = if other.greatest > one.greatest {
                other
            } else {
                one
            };
            all = Some(Self {
                least: one.least.min(other.least),
                ..later
            });
        }
        all
    }
}

impl Work<'_> {
    /// When an action that reaches all keys certainly comes to a place where fills store their results:
    /// those of a fenced level that are under way are overtaken. `None`: perhaps never.
    pub(super) fn overtakes(&self, id: LevelId, action: ActionRef) -> Option<Overtakes> {
        if !self.whole.outages.is_empty() {
            return None;
        }
        let level = &self.policy.levels[id.index()];
        let block = action.block(self.policy)?;
        let Heard::Arrives(arrivals) = heard(self.policy, action.edge, block, level) else {
            return None;
        };
        let arrivals = match block.timing {
            Timing::AfterCommit => arrivals,
            Timing::BeforeCommit { by } => arrivals.sooner(by)?,
        };
        let farthest = arrivals.heard.first()?;
        Some(Overtakes {
            action,
            least: farthest.least,
            greatest: farthest.greatest,
        })
    }

    /// Of a fenced level: a result that was overtaken is not stored.
    pub(super) fn fence(&self, id: LevelId, fence: Option<Overtakes>, bound: &mut KindBound) {
        let life = &self.lives[id.index()];
        let mut stored = bound.kept.clone();
        if let Some(fence) = fence {
            Source::fence(&mut stored, (fence.least, fence.greatest));
        }
        bound.fence = fence;
        bound.oldest = Source::oldest(&stored, life.fill);
        bound.through_time = bound.oldest.age + bound.oldest.rest + life.copy;
        // Whoever waits for a fill is given its result, overtaken or not.
        if bound.shared > bound.through_time {
            bound.through_time = bound.shared;
            bound.oldest = bound.given.clone();
            bound.copy = Duration::ZERO;
        }
        // What is made past the level's copies has no token, and nobody sees that it is old.
        if !self.whole.is_left_out(id) {
            bound.kept = stored;
        }
    }
}
