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
    Early(Option<ActionRef>),
    /// As late as possible.
    Late(Option<ActionRef>),
}

impl Need {
    /// Of a level whose copies stay until they die, or until they are removed.
    pub(super) fn of(bound: &KindBound) -> Self {
        let missed = match &bound.verdict {
            Ok(sound) => return Self::Late(sound.action),
            Err(missed) => missed,
        };
        match (bound.fence, missed.reason) {
            // The fill is over before it would be overtaken, or begins when it cannot be any more.
            (Some(fence), _) if bound.oldest.age <= fence.least => Self::Late(Some(fence.action)),
            (Some(fence), _) => Self::Early(Some(fence.action)),
            (
                None,
                Reason::FillOvertakes(_)
                | Reason::ReplicaLags(_)
                | Reason::BeforeCommit
                | Reason::ContainedIsOld(_)
                | Reason::ContainedIsLater(_),
            ) => Self::Early(missed.action),
            (None, Reason::Lost | Reason::NoGreatestDelay) => Self::Late(missed.action),
            _ => Self::Nothing,
        }
    }
}

/// One delay for all; `None`: as the buses say.
pub(super) fn delay(policy: &Policy, links: &[Link<'_>]) -> Option<Duration> {
    let bus = |action: Option<ActionRef>| {
        let bus = action.and_then(|action| action.block(policy)?.bus)?;
        policy.buses.get(bus.index())
    };
    links.iter().find_map(|link| {
        let (action, is_early) = match link.need {
            Need::Nothing => return None,
            Need::Early(action) => (action, true),
            Need::Late(action) => (action, false),
        };
        let bus = bus(action)?;
        let (first, last) = (least(&bus.delay), greatest(&bus.delay));
        let wanted = if is_early { first } else { last };
        (first < last).then_some(wanted.min(NEVER_ARRIVES))
    })
}
