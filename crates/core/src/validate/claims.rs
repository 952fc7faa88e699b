//! Claims.

use super::{Checked, Checker, ensure};
use crate::expectation::{Claim, Expectation, Subject};

impl Checker<'_> {
    pub(super) fn expectation(self, _: usize, expectation: &Expectation) -> Checked {
        ensure(
            expectation
                .workload
                .is_none_or(|workload| workload.index() < self.policy.workloads.len()),
            "it is about a workload that does not exist",
        )?;
        match &expectation.claim {
            Claim::NoLeak => Ok(()),
            Claim::Staleness {
                subject,
                model,
                limit_seconds,
            } => {
                ensure(
                    limit_seconds.is_none_or(|limit| limit.is_finite() && limit >= 0.0),
                    "its limit is out of range",
                )?;
                if let Some(model) = model {
                    self.has_model(*model)?;
                }
                self.subject(subject)
            }
            Claim::Figure { subject, limit, .. } => {
                ensure(!limit.is_nan(), "its limit is no number")?;
                self.subject(subject)
            }
        }
    }

    fn subject(self, subject: &Subject) -> Checked {
        let policy = self.policy;
        let exists = match subject {
            Subject::Level(level) => level.index() < policy.levels.len(),
            Subject::Origin(origin) => origin.index() < policy.origins.len(),
            Subject::Backend(backend) => backend.index() < policy.backends.len(),
            Subject::Route(_) | Subject::Requests | Subject::Fault(_) => true,
        };
        ensure(exists, "its subject does not exist")
    }
}
