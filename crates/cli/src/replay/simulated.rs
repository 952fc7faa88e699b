//! One policy's traffic replayed: what comes of one run, or of one for each seed.

use super::{EventsFile, Run, Settings, replay};
use crate::output::Terminal;
use anyhow::{Context as _, Result};
use cachepolicy_core::Policy;
use cachepolicy_sim::Options;
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::Report;

/// What came of it.
pub(crate) enum Simulated {
    /// Of one run.
    One(Box<Report>),
    /// Of one for each seed.
    Seeds(Box<Aggregate>),
}

impl Simulated {
    /// The figures, or their means.
    pub(crate) fn report(&self) -> &Report {
        match self {
            Self::One(report) => report,
            Self::Seeds(aggregate) => &aggregate.report,
        }
    }

    /// All seeds together, if means were asked for.
    pub(crate) fn aggregate(&self) -> Option<&Aggregate> {
        match self {
            Self::One(_) => None,
            Self::Seeds(aggregate) => Some(aggregate),
        }
    }
}

/// Replays the traffic of the settings through a policy. `change`: what is to be different of the
/// options; `events`: where everything that happens in the first run is written.
pub(crate) fn simulate(
    policy: &Policy,
    settings: &Settings<'_>,
    change: impl Fn(Options) -> Options,
    mut events: Option<EventsFile>,
    stderr: Terminal,
) -> Result<Simulated> {
    let streams = settings.streams(1, |_, seed| {
        Ok(Run {
            policy,
            options: change(settings.options(policy, seed)?),
            name: settings.what.clone(),
            events: events.take(),
        })
    })?;
    let reports = replay(settings.traffic, streams, settings.threads(), stderr)?;
    let mut reports = reports.into_iter().flatten();
    let simulated = if settings.averages() {
        let reports: Vec<_> = reports.collect();
        let aggregate = Aggregate::new(policy, &reports);
        aggregate.map(|all| Simulated::Seeds(Box::new(all)))
    } else {
        reports
            .next()
            .map(|report| Simulated::One(Box::new(report)))
    };
    simulated.context("nothing was simulated")
}
