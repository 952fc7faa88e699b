//! How long the invalidations of a witness's write are on their way.

use crate::bounds::edges::KindBound;
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::lives::{greatest, least};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

/// Longer than any witness.
const NEVER_ARRIVES: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A level between the answer and the read, and when it must hear of the write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'p> {
    pub(super) bound: &'p KindBound,
    pub(super) need: Need,
}

/// When a level must hear of the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// At any time.
    Nothing,
    /// As early as possible: before what it would remove is there.
    Early,
    /// As late as possible.
    Late,
    /// By this action, after this long.
    Exactly(Option<ActionRef>, Duration),
}

impl Need {
    /// Of a level whose copies stay until they die.
    pub(super) fn of(bound: &KindBound) -> Self {
        match &bound.verdict {
            Ok(_) => Self::Late,
            Err(missed) => match missed.reason {
                Reason::FillOvertakes(_)
                | Reason::ReplicaLags(_)
                | Reason::BeforeCommit
                | Reason::ContainedIsOld(_)
                | Reason::ContainedIsLater(_) => Self::Early,
                Reason::Lost | Reason::NoGreatestDelay => Self::Late,
                _ => Self::Nothing,
            },
        }
    }
}

/// One delay for all; `None`: as the buses say.
pub(super) fn delay(policy: &Policy, links: &[Link<'_>]) -> Option<Duration> {
    let bus = |action: Option<ActionRef>| {
        let bus = action.and_then(|action| action.block(policy)?.bus)?;
        policy.buses.get(bus.index())
    };
    for link in links {
        let action = match &link.bound.verdict {
            Ok(sound) => sound.action,
            Err(missed) => missed.action,
        };
        let Some(bus) = bus(action) else { continue };
        let (first, last) = (least(&bus.delay), greatest(&bus.delay));
        match link.need {
            Need::Nothing => continue,
            Need::Early if first < last => return Some(first),
            Need::Late if first < last => return Some(last.min(NEVER_ARRIVES)),
            Need::Exactly(_, delay) if first < last => return Some(delay),
            Need::Early | Need::Late | Need::Exactly(..) => {}
        }
    }
    None
}
