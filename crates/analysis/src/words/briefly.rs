//! What an edge misses in a few words, for drawings.

use super::missed::operations;
use super::{Words, brief};
use crate::bounds::missed::{Missed, Reason};

impl Words<'_> {
    /// The condition that the edges miss: `not on delete`, `no fence`.
    #[must_use]
    pub fn missed_briefly(&self, missed: &Missed) -> String {
        let on = operations(&missed.kinds);
        let plain = |quoted: String| quoted.trim_matches('`').to_owned();
        let backend = |backend| plain(self.backend(backend));
        let level = |level| plain(self.level(level));
        match missed.reason {
            Reason::NoAction => format!("nothing on {on}"),
            Reason::NotEachWrite if self.acts_on(missed) => format!("not on each {on}"),
            Reason::NotEachWrite => format!("not on {on}"),
            Reason::SomeKeys => "some keys only".to_owned(),
            Reason::OneImage => "one image of the row only".to_owned(),
            Reason::BeforeCommit => "before the commit".to_owned(),
            Reason::NotReached(at) => format!("not in {}", backend(at)),
            Reason::Lost => "can be lost".to_owned(),
            Reason::Outage(at) => format!("late when {} is down", backend(at)),
            Reason::NoGreatestDelay => "delay without max".to_owned(),
            Reason::FillOvertakes(_) => "no fence".to_owned(),
            Reason::ReplicaLags(lag) => format!("replica lags by {}", brief(lag)),
            Reason::ContainedIsOld(inner) => format!("{} is still old", level(inner)),
            Reason::ContainedIsLater(inner) => format!("{} hears later", level(inner)),
        }
    }

    /// Is the action for one of these operations at all?
    fn acts_on(&self, missed: &Missed) -> bool {
        let block = missed.action.and_then(|action| action.block(self.policy));
        block.is_some_and(|block| {
            let mut kinds = missed.kinds.iter();
            kinds.any(|kind| block.operations.contains(&kind.operation()))
        })
    }
}
