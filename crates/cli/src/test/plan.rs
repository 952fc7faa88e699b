//! Which claims are tested on what.

use super::{Earlier, On};
use crate::commands::workload;
use crate::output::units;
use crate::replay::{RunArgs, Settings};
use anyhow::{Result, bail};
use cachepolicy_core::expectation::{Claim, Expectation};
use cachepolicy_core::{Policy, WorkloadId};
use cachepolicy_render::did_you_mean;
use std::collections::BTreeMap;

/// What one policy's claims are tested on.
pub(crate) struct Plan<'a> {
    /// The policy.
    pub(crate) policy: &'a Policy,
    /// The runs.
    pub(crate) runs: Vec<Planned<'a>>,
    /// Claims that none of them decides, by their numbers in the policy, and why.
    pub(super) left_out: Vec<(usize, String)>,
}

/// A run, or one for each seed.
pub(crate) struct Planned<'a> {
    /// What is replayed and how.
    pub(crate) settings: Settings<'a>,
    /// The same for people.
    pub(super) on: On,
    /// The workload, by its name in reports.
    workload: Option<String>,
    /// The claims that it decides, by their numbers in the policy.
    pub(super) claims: Vec<usize>,
}

/// Plans the runs of one policy, which stands alone in the list. Claims that are proved need none.
pub(crate) fn plan<'a>(
    given: &'a RunArgs,
    policies: &'a [&'a Policy; 1],
    earlier: &[Earlier],
) -> Result<Plan<'a>> {
    let [policy] = *policies;
    let earlier: Vec<&Earlier> = earlier.iter().filter(|it| it.is_of(policy)).collect();
    let is_measured = |claim: &Expectation| matches!(claim.claim, Claim::Figure { .. });
    let claims = policy.expectations.iter().enumerate();
    let measured = claims.filter(|(_, claim)| is_measured(claim));
    let measured: Vec<(usize, &Expectation)> = measured.collect();
    let mut plan = Plan {
        policy,
        runs: Vec::new(),
        left_out: Vec::new(),
    };
    if measured.is_empty() && earlier.is_empty() {
        return Ok(plan);
    }
    if given.traffic.trace.is_some() || given.traffic.workload.is_some() {
        plan.one_run(given, policies, &measured)?;
    } else {
        plan.each_workload(given, &measured, &earlier)?;
    }
    for earlier in earlier {
        plan.check(earlier)?;
    }
    Ok(plan)
}

impl<'a> Plan<'a> {
    /// The trace or the workload that was asked for, for all claims that are not for another one.
    fn one_run(
        &mut self,
        given: &'a RunArgs,
        policies: &'a [&'a Policy; 1],
        measured: &[(usize, &Expectation)],
    ) -> Result<()> {
        let settings = given.settings(policies)?;
        let named = settings.workload_in(self.policy)?;
        let name = |id: WorkloadId| workload::get(self.policy, id).map(|it| it.name.clone());
        let on = match (&given.traffic.trace, named) {
            (None, Some(id)) => On::Workload(name(id)?),
            _ => On::Trace(settings.name.clone()),
        };
        let mut claims = Vec::new();
        for &(number, claim) in measured {
            match (named, claim.workload) {
                (Some(named), Some(other)) if named != other => {
                    let reason = format!(
                        "it is for workload `{}`, and `{}` was asked for",
                        name(other)?,
                        name(named)?
                    );
                    self.left_out.push((number, reason));
                }
                _ => claims.push(number),
            }
        }
        self.runs.push(Planned {
            settings,
            on,
            workload: named.map(name).transpose()?,
            claims,
        });
        Ok(())
    }

    /// Each workload that a claim is for, and the first for the others.
    fn each_workload(
        &mut self,
        given: &'a RunArgs,
        measured: &[(usize, &Expectation)],
        earlier: &[&Earlier],
    ) -> Result<()> {
        let policy = self.policy;
        if policy.workloads.is_empty() && !measured.is_empty() {
            let count = units::plural(measured.len() as u64, "claim", "claims");
            bail!(
                "`{}` has {count} to be measured and no workload: give `--trace FILE`, or write a `workload` block",
                policy.name
            );
        }
        let mut by_workload: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for &(number, claim) in measured {
            let id = claim.workload.map_or(0, |id| id.0);
            by_workload.entry(id).or_default().push(number);
        }
        // What was replayed before is replayed again, also where no claim is for it.
        for name in earlier.iter().filter_map(|it| it.workload()) {
            let mut named = (0..).zip(&policy.workloads);
            if let Some((id, _)) = named.find(|(_, workload)| workload.name == name) {
                by_workload.entry(id).or_default();
            }
        }
        for (id, claims) in by_workload {
            let id = WorkloadId(id);
            let name = workload::get(policy, id)?.name.clone();
            self.runs.push(Planned {
                settings: given.settings_for(policy, id)?,
                on: On::Workload(name.clone()),
                workload: Some(name),
                claims,
            });
        }
        Ok(())
    }

    /// Is there a run of what an earlier report is of?
    fn check(&self, earlier: &Earlier) -> Result<()> {
        if self.run_of(earlier).is_some() {
            return Ok(());
        }
        let (file, policy) = (&earlier.file, &self.policy.name);
        let workloads = self.policy.workloads.iter().map(|it| it.name.as_str());
        match earlier.workload() {
            None => bail!(
                "the baseline `{file}` is of a trace: give the same `--trace`, or a report of a workload of `{policy}`"
            ),
            Some(name) if workloads.clone().next().is_none() => bail!(
                "the baseline `{file}` is of workload `{name}`, and `{policy}` has no workload any more"
            ),
            Some(name) if workloads.clone().all(|own| own != name) => bail!(
                "the baseline `{file}` is of workload `{name}`, which `{policy}` does not have; {}",
                did_you_mean(name, workloads)
            ),
            Some(name) => bail!(
                "the baseline `{file}` is of workload `{name}`, which is not replayed: leave `--trace` and `--workload` out, or give `--workload {name}`"
            ),
        }
    }

    /// The run of what an earlier report is of, by its number.
    pub(super) fn run_of(&self, earlier: &Earlier) -> Option<usize> {
        let name = earlier.workload();
        let mut runs = self.runs.iter();
        runs.position(|run| run.workload.as_deref() == name)
    }
}
