//! When a delivery arrives where a level's copies are.

use crate::lives::{greatest, least};
use cachepolicy_core::edge::EdgeBlock;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::level::{Level, Tier};
use cachepolicy_core::policy::{BackendKind, Delivery, Policy, Reaches};
use cachepolicy_core::units::Duration;

/// Where instances of a backend are. All of one place hear of a write at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Outside of the processes.
    Shared,
    /// In each process.
    Process,
    /// In each process, which is told by this backend of the changes of its copies, in their order.
    Told(BackendId),
}

/// From the commit to the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The block of edges that is delivered.
    pub(crate) edge: usize,
    pub(crate) place: Place,
    pub(crate) least: Duration,
    pub(crate) greatest: Duration,
}

impl Arrival {
    /// Does this come no later than the other, whatever happens?
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        (self.edge == other.edge && self.place == other.place) || self.greatest <= other.least
    }
}

/// How far the deliveries of a block get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// The places of the level's copies that hear of it, the farthest first.
    pub(crate) heard: Vec<Arrival>,
    /// How long copies survive in nearer tiers that do not hear of it, or hear before a farther one;
    /// [`Duration::FOREVER`]: as long as they like. With the nearest such tier.
    pub(crate) survive: Option<(BackendId, Duration)>,
}

/// What becomes of the deliveries of a block for a level.
pub(crate) enum Heard {
    Arrives(Arrivals),
    /// The farthest tier is not reached.
    NotReached(BackendId),
    /// They can be lost.
    Lost,
}

/// The place of a backend's instances.
fn place(policy: &Policy, backend: BackendId) -> Place {
    match policy.backends.get(backend.index()).map(|b| b.kind) {
        Some(BackendKind::Memory | BackendKind::Disk) => Place::Process,
        _ => Place::Shared,
    }
}

/// When the deliveries of a block arrive at a place; `None`: not at all.
fn arrival(policy: &Policy, edge: usize, block: &EdgeBlock, at: Place) -> Option<Arrival> {
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    let everywhere = bus.is_some_and(|bus| bus.reaches == Reaches::AllProcesses);
    let within = |least: Duration, greatest: Duration| Arrival {
        edge,
        place: at,
        least,
        greatest,
    };
    match bus.filter(|bus| bus.delivery != Delivery::InProcess) {
        // A call in the writer's process.
        None => {
            let hears = at == Place::Shared || everywhere || policy.processes == 1;
            hears.then(|| within(Duration::ZERO, Duration::ZERO))
        }
        Some(bus) => {
            let hears = at == Place::Shared || everywhere;
            hears.then(|| within(least(&bus.delay), greatest(&bus.delay)))
        }
    }
}

/// How far a `bump` of a level gets. Where its farthest tier is shared, so is the version of its
/// keys: once the delivery is there nobody asks for the old version any more, in any tier.
pub(crate) fn renamed(policy: &Policy, edge: usize, block: &EdgeBlock, level: &Level) -> Heard {
    let far = policy.tiers(level).last();
    let is_shared = far.is_some_and(|far| place(policy, far.backend) == Place::Shared);
    match heard(policy, edge, block, level) {
        Heard::Arrives(mut arrivals) if is_shared => {
            arrivals.heard.truncate(1);
            arrivals.survive = None;
            Heard::Arrives(arrivals)
        }
        heard => heard,
    }
}

/// How far the deliveries of a block get.
pub(crate) fn heard(policy: &Policy, edge: usize, block: &EdgeBlock, level: &Level) -> Heard {
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    if bus.is_some_and(|bus| matches!(bus.delivery, Delivery::AtMostOnce { loss } if loss > 0.0)) {
        return Heard::Lost;
    }
    let mut arrivals = Arrivals {
        heard: Vec::new(),
        survive: None,
    };
    let stored: Vec<_> = policy.tiers(level).collect();
    for (index, tier) in stored.iter().enumerate().rev() {
        let arrives = arrival(policy, edge, block, place(policy, tier.backend));
        let Some(farther) = arrivals.heard.last() else {
            match arrives {
                Some(arrives) => arrivals.heard.push(arrives),
                None => return Heard::NotReached(tier.backend),
            }
            continue;
        };
        let in_order = arrives.filter(|arrives| farther.is_before(arrives));
        match in_order.or_else(|| told(policy, level, &stored, index, &arrivals.heard)) {
            Some(arrives) if arrivals.survive.is_none() => arrivals.heard.push(arrives),
            // What a farther tier may still have is promoted once more.
            _ => {
                let ceiling = tier.ceiling.unwrap_or(Duration::FOREVER);
                let before = arrivals.survive.map_or(Duration::ZERO, |(_, time)| time);
                arrivals.survive = Some((tier.backend, before + ceiling));
            }
        }
    }
    Heard::Arrives(arrivals)
}

/// When a tier in the processes hears of it through a message of a tracked backend; `None`: nobody
/// tells it, or its ceiling is reached sooner. `heard`: when farther tiers do, the farthest first.
///
/// Whatever ends a copy in the tracked tier sends a message for the nearer ones, which have no copy
/// that is not there: it follows the delivery to that tier. If it is lost with its connection, the
/// process empties its memory at that time.
fn told(
    policy: &Policy,
    level: &Level,
    stored: &[&Tier],
    index: usize,
    heard: &[Arrival],
) -> Option<Arrival> {
    let (backend, bus) = policy.tracking(level)?;
    let tracked = stored.iter().position(|tier| tier.backend == backend)?;
    let ceiling = stored.get(index).filter(|_| index < tracked)?.ceiling;
    // The farthest is the first that hears.
    let far = heard.get(stored.len() - 1 - tracked)?;
    let later = greatest(&bus.delay);
    let is_sooner = ceiling.is_none_or(|ceiling| later <= ceiling);
    (is_sooner && !later.is_forever()).then_some(Arrival {
        edge: far.edge,
        place: Place::Told(backend),
        least: far.least + least(&bus.delay),
        greatest: far.greatest + later,
    })
}

impl Arrivals {
    /// The same when it is sent so long before the commit; `None`: it can arrive before the commit.
    pub(crate) fn sooner(mut self, by: Duration) -> Option<Self> {
        for arrival in &mut self.heard {
            if arrival.least <= by {
                return None;
            }
            arrival.least = arrival.least - by;
            arrival.greatest = arrival.greatest - by;
        }
        Some(self)
    }

    /// The first and the last delivery to what hears of it at all.
    pub(crate) fn ends(&self) -> (Duration, Duration) {
        let least = self.heard.iter().map(|arrival| arrival.least).min();
        let greatest = self.heard.iter().map(|arrival| arrival.greatest).max();
        (
            least.unwrap_or(Duration::ZERO),
            greatest.unwrap_or(Duration::ZERO),
        )
    }
}
