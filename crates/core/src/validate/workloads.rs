//! Workloads.

use super::{Checked, Checker, ensure, is_amount, is_positive, is_share, pattern};
use crate::route::MAX_PARAMS;
use crate::workload::{Arrivals, Fault, Popularity, Workload, WriteMix, WriteRule};

impl Checker<'_> {
    pub(super) fn workload(self, _: usize, workload: &Workload) -> Checked {
        for mix in &workload.requests {
            arrivals(mix.arrivals)?;
            for route in &mix.routes {
                pattern(&route.pattern, route.params.len())?;
                ensure(is_amount(route.weight), "a weight is out of range")?;
                route
                    .params
                    .iter()
                    .try_for_each(|(_, values)| popularity(values))?;
            }
        }
        for draw in &workload.dimensions {
            self.has_dimension(draw.dimension)?;
            ensure(is_share(draw.share), "a share is out of range")?;
            popularity(&draw.value)?;
        }
        workload
            .data
            .iter()
            .try_for_each(|draw| popularity(&draw.value))?;
        workload.writes.iter().try_for_each(|mix| self.write(mix))?;
        workload
            .write_rules
            .iter()
            .try_for_each(|rule| self.write_rule(rule))?;
        workload
            .faults
            .iter()
            .try_for_each(|scheduled| self.fault(&scheduled.fault))
    }

    fn write(self, mix: &WriteMix) -> Checked {
        self.has_model(mix.model)?;
        arrivals(mix.arrivals)?;
        for (field, values) in &mix.fields {
            self.has_field(mix.model, *field)?;
            popularity(values)?;
        }
        mix.changes
            .iter()
            .flatten()
            .try_for_each(|&field| self.has_field(mix.model, field))
    }

    fn write_rule(self, rule: &WriteRule) -> Checked {
        self.has_model(rule.model)?;
        pattern(&rule.pattern, rule.fields.len().min(MAX_PARAMS))?;
        rule.fields
            .iter()
            .try_for_each(|&field| self.has_field(rule.model, field))
    }

    fn fault(self, fault: &Fault) -> Checked {
        let policy = self.policy;
        match fault {
            Fault::Flush(backend) | Fault::Outage { backend, .. } => ensure(
                backend.index() < policy.backends.len(),
                "a fault names a backend that does not exist",
            ),
            Fault::OriginOutage { origin, .. } => ensure(
                origin.index() < policy.origins.len(),
                "a fault names an origin that does not exist",
            ),
            Fault::Restart { process } => ensure(
                *process < policy.processes,
                "a fault names a process that does not exist",
            ),
            Fault::Deploy => Ok(()),
            Fault::Surge { factor, .. } => {
                ensure(is_amount(*factor), "a surge's factor is out of range")
            }
        }
    }
}

fn arrivals(arrivals: Arrivals) -> Checked {
    ensure(is_amount(arrivals.per_second), "a rate is out of range")
}

fn popularity(popularity: &Popularity) -> Checked {
    match popularity {
        Popularity::Zipf { alpha, n } => {
            ensure(is_amount(*alpha) && *n >= 1, "a popularity is out of range")
        }
        Popularity::Uniform { n } => ensure(*n >= 1, "a popularity is out of range"),
        Popularity::Choice(values) => ensure(
            !values.is_empty()
                && values.iter().all(|(_, share)| is_amount(*share))
                && values.iter().any(|(_, share)| is_positive(*share)),
            "a choice is out of range",
        ),
    }
}
