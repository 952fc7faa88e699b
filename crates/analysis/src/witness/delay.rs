//! How long the invalidations of a witness's write are on their way.

use crate::bounds::edges::KindBound;
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::lives::{greatest, least};
use cachepolicy_core::policy::{Policy, Reaches};
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
    /// By that time: before what it would remove is there.
    Early(Option<ActionRef>, i64),
    /// As late as possible.
    Late(Option<ActionRef>),
}

impl Need {
    /// Of a level whose copies stay until they die, or until they are removed. The fill of the copy
    /// begins and ends at these times.
    pub(super) fn of(bound: &KindBound, (began, ended): (i64, i64)) -> Self {
        let missed = match &bound.verdict {
            Ok(sound) => return Self::Late(sound.action),
            Err(missed) => missed,
        };
        match (bound.fence, missed.reason) {
            // The fill is over before it would be overtaken, or begins when it cannot be any more.
            (Some(fence), _) if bound.oldest.age <= fence.least => Self::Late(Some(fence.action)),
            (Some(fence), _) => Self::Early(Some(fence.action), began),
            (
                None,
                Reason::FillOvertakes(_)
                | Reason::ReplicaLags(_)
                | Reason::BeforeCommit
                | Reason::ContainedIsOld(_)
                | Reason::ContainedIsLater(_),
            ) => Self::Early(missed.action, ended),
            (None, Reason::Lost | Reason::NoGreatestDelay) => Self::Late(missed.action),
            _ => Self::Nothing,
        }
    }
}

/// Would the deliveries of an action have to come to a process's memory before they come to what is
/// shared?
pub(super) fn differ(policy: &Policy, action: Option<ActionRef>) -> bool {
    let bus = action.and_then(|action| action.block(policy)?.bus);
    let bus = bus.and_then(|bus| policy.buses.get(bus.index()));
    bus.is_some_and(|bus| {
        bus.reaches == Reaches::AllProcesses && least(&bus.delay) < greatest(&bus.delay)
    })
}

/// One delay for all, of a write at that time; `None`: as the buses say.
pub(super) fn delay(policy: &Policy, links: &[Link<'_>], written: i64) -> Option<Duration> {
    let range = |action: Option<ActionRef>| {
        let bus = action.and_then(|action| action.block(policy)?.bus)?;
        let bus = policy.buses.get(bus.index())?;
        let (first, last) = (least(&bus.delay), greatest(&bus.delay));
        (first < last).then_some((first, last.min(NEVER_ARRIVES)))
    };
    let mut late = None;
    for link in links {
        match link.need {
            Need::Nothing => {}
            Need::Early(action, before) => match range(action) {
                Some((first, last)) if written + last.nanos() >= before => return Some(first),
                Some((_, last)) => late = late.or(Some(last)),
                None => {}
            },
            Need::Late(action) => late = late.or(range(action).map(|(_, last)| last)),
        }
    }
    late
}
