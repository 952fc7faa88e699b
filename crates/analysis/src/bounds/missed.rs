//! Why the policy's edges do not bound how old a level's copies get.

use crate::cover::ActionRef;
use crate::kinds::Kind;
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::units::Duration;

/// Kinds of writes after which copies may stay, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// What is written.
    pub kinds: Vec<Kind>,
    /// The action that comes nearest to reaching them.
    pub action: Option<ActionRef>,
    /// What it lacks.
    pub reason: Reason,
}

impl Missed {
    /// Adds it to a list, to one of the same reason if there is one. Of the same in several lengths the
    /// greatest counts: what mends that mends the others.
    pub(super) fn join(&self, list: &mut Vec<Self>) {
        let same = |known: &&mut Self| {
            known.action == self.action
                && match (known.reason, self.reason) {
                    (Reason::FillOvertakes(_), Reason::FillOvertakes(_))
                    | (Reason::ReplicaLags(_), Reason::ReplicaLags(_)) => true,
                    (reason, own) => reason == own,
                }
        };
        let Some(known) = list.iter_mut().find(same) else {
            list.push(self.clone());
            return;
        };
        known.reason = known.reason.max(self.reason);
        for kind in &self.kinds {
            if !known.kinds.contains(kind) {
                known.kinds.push(*kind);
            }
        }
    }
}

/// What an action lacks. The later ones lack less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// There is no action for these copies.
    NoAction,
    /// There is one, but not for each write of this kind.
    NotEachWrite,
    /// It names some of the keys.
    SomeKeys,
    /// It names the keys of one image of the row, and a row that moves concerns both.
    OneImage,
    /// It comes before the commit: a fill in between stores the old data again.
    BeforeCommit,
    /// It does not reach the copies in this backend.
    NotReached(BackendId),
    /// Its bus loses deliveries.
    Lost,
    /// It is lost in an outage of this backend, or comes again after a fill has stored the old data.
    Outage(BackendId),
    /// The delay of its bus has no maximum.
    NoGreatestDelay,
    /// A fill that read the old data can end after the delivery, and is stored: the least delay is
    /// shorter than this.
    FillOvertakes(Duration),
    /// A replica can still give the old data after the delivery, for so long after the commit.
    ReplicaLags(Duration),
    /// What a contained level gives after the delivery can be old: nothing removes it in time.
    ContainedIsOld(LevelId),
    /// A contained level hears of the write later.
    ContainedIsLater(LevelId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_reason_in_several_lengths_the_greatest_counts() {
        let missed = |reason| Missed {
            kinds: Vec::new(),
            action: None,
            reason,
        };
        let seconds = |seconds| Reason::FillOvertakes(Duration::from_secs(seconds));
        let mut list = Vec::new();
        for reason in [seconds(30), Reason::Lost, seconds(180), seconds(35)] {
            missed(reason).join(&mut list);
        }
        assert_eq!(list, [missed(seconds(180)), missed(Reason::Lost)]);
    }
}
