//! What an edge misses in a few words, for drawings.

use super::missed::operations;
use super::{Words, brief};
use crate::bounds::missed::{Missed, Reason};

impl Words<'_> {
    /// The condition that the edges miss: `not on delete`, `no fence`.
    #[must_use]
    pub fn missed_briefly(&self, missed: &Missed) -> String {
        let on = operations(&missed.kinds);
        match missed.reason {
            Reason::NoAction => format!("nothing on {on}"),
            Reason::NotEachWrite => format!("not on each {on}"),
            Reason::SomeKeys => "some keys only".to_owned(),
            Reason::OneImage => "one image of the row only".to_owned(),
            Reason::BeforeCommit => "before the commit".to_owned(),
            Reason::NotReached(backend) => format!("not in {}", self.backend(backend)),
            Reason::Lost => "can be lost".to_owned(),
            Reason::Outage(backend) => format!("late when {} is down", self.backend(backend)),
            Reason::NoGreatestDelay => "delay without max".to_owned(),
            Reason::FillOvertakes(_) => "no fence".to_owned(),
            Reason::ReplicaLags(lag) => format!("replica lags by {}", brief(lag)),
            Reason::ContainedIsOld(inner) => format!("{} is still old", self.level(inner)),
            Reason::ContainedIsLater(inner) => format!("{} hears later", self.level(inner)),
        }
    }
}
