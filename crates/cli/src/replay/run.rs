//! One simulation of those that a stream of events goes through.

use super::events::{EventsFile, EventsWritten};
use anyhow::{Context as _, Result};
use cachepolicy_core::Policy;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Block, Recorded};

/// A simulation that has not begun.
pub(crate) struct Run<'p> {
    /// Of this policy.
    pub(crate) policy: &'p Policy,
    /// With these options.
    pub(crate) options: Options,
    /// What is replayed through what, as messages say it after `cannot replay`.
    pub(crate) name: String,
    /// Where everything that happens is written.
    pub(crate) events: Option<EventsFile>,
}

/// A simulation that has begun.
pub(super) struct Seat {
    simulation: Simulation,
    events: Option<EventsWritten>,
    name: String,
}

impl Run<'_> {
    /// Before the first event.
    pub(super) fn begin(self) -> Result<Seat> {
        let mut simulation = Simulation::new(self.policy, self.options)
            .with_context(|| format!("cannot replay {}", self.name))?;
        let events = self.events.map(|file| file.observe(&mut simulation));
        Ok(Seat {
            simulation,
            events,
            name: self.name,
        })
    }
}

impl Seat {
    /// One block on.
    pub(super) fn replay(&mut self, block: &Block) -> Result<()> {
        self.simulation
            .push_block(block)
            .with_context(|| format!("cannot replay {}", self.name))?;
        // The file that cannot be written any more stops the run.
        self.events.as_ref().map_or(Ok(()), EventsWritten::check)
    }

    /// After the last event of a trace that lacks this.
    pub(super) fn finish(mut self, recorded: Option<Recorded>) -> Result<Report> {
        if let Some(recorded) = recorded {
            self.simulation.recorded(recorded);
        }
        let report = self.simulation.finish();
        if let Some(events) = self.events {
            events.finish()?;
        }
        Ok(report)
    }
}
