//! Outages of backends in a witness: what is lost in them, and what comes later.

use super::StepKind;
use super::delay::{Delayed, PlaceDelay};
use super::schedule::{MARGIN, Plan};
use crate::bounds::edges::Sound;
use crate::bounds::missed::Reason;
use crate::lives::greatest;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::level::Level;
use cachepolicy_core::units::Duration;

impl Plan<'_> {
    /// The backend of a copy is down when what would remove it comes, which is not sent again.
    pub(super) fn lose_deliveries(&mut self, written: i64, delays: &[PlaceDelay]) {
        let mut lost: Vec<(BackendId, usize)> = Vec::new();
        for link in &self.links {
            if let Err(missed) = &link.verdict
                && let Reason::Outage(backend) = missed.reason
                && let Some(action) = missed.action
                && !lost.contains(&(backend, action.edge))
            {
                lost.push((backend, action.edge));
            }
        }
        for (backend, block) in lost {
            let policy = self.whole.policy;
            let fixed = delays
                .iter()
                .find(|delay| delay.of == Delayed::Block(block));
            let bus = policy.edges.get(block).and_then(|block| block.bus);
            let bus = bus.and_then(|bus| policy.buses.get(bus.index()));
            let declared = bus.map_or(Duration::ZERO, |bus| greatest(&bus.delay));
            let delay = fixed.map_or(declared, |fixed| fixed.delay);
            let short = Duration::from_nanos(2 * MARGIN);
            self.outage(backend, written.saturating_add(delay.nanos()), short);
        }
    }

    /// A delivery that comes again after an outage comes at the beginning of the longest one first.
    pub(super) fn put_off(&mut self, sound: &Sound, level: &Level, written: i64) {
        let policy = self.whole.policy;
        let bus = sound.action.and_then(|action| action.block(policy)?.bus);
        let Some(bus) = bus.and_then(|bus| policy.buses.get(bus.index())) else {
            return;
        };
        let delay = greatest(&bus.delay);
        let is_own = |backend: BackendId| policy.tiers(level).any(|tier| tier.backend == backend);
        let own = self
            .whole
            .outages
            .iter()
            .filter(|outage| is_own(outage.backend));
        let mut at = written.saturating_add(delay.nanos());
        for outage in own.copied().collect::<Vec<_>>() {
            self.outage(outage.backend, at, outage.time);
            at = at
                .saturating_add(outage.time.nanos())
                .saturating_add(delay.nanos());
        }
    }

    /// A backend is down from shortly before a time on.
    fn outage(&mut self, backend: BackendId, at: i64, long: Duration) {
        if let Some(declared) = self.whole.policy.backends.get(backend.index()) {
            let outage = StepKind::Outage(declared.name.clone(), long);
            // Later than the look-up of the fill that the write overtakes.
            self.steps.push((at - MARGIN / 2, outage));
        }
    }
}
