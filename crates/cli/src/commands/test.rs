//! `cachepolicy test POLICIES…`

use super::Outcome;
use crate::args::Session;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::output::{Terminal, ending};
use crate::policy::{self, Text, Warnings};
use crate::replay::{self, RunArgs};
use crate::test::{Earlier, Format, Plan, Suite, Tested, Trial, plan, tested};
use crate::{figures, input};
use anyhow::{Result, bail};
use cachepolicy_core::Policy;
use std::path::{Path, PathBuf};

/// Test what policies claim in their `expect` blocks
///
/// One line a claim, with its figure and the property that it hangs on. `prove` and `accept` are
/// decided from the policy alone. What has to be measured is simulated on the workload that the
/// claim is for, else on the first; or all of it on a trace. Exits with 1 if a claim is missed or a
/// figure is worse than in the baseline. A claim that is not decided and a policy without claims
/// are told, and fail nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy test policies/*.cachepolicy
  cachepolicy test shop.cachepolicy --seeds 10
  cachepolicy test shop.cachepolicy --trace access.log.gz --format junit -o claims.xml
  cachepolicy simulate shop.cachepolicy --format json -o before.json
  cachepolicy test shop.cachepolicy --baseline before.json --tolerance 5%")]
pub(crate) struct Args {
    /// The policies
    #[arg(required = true)]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    runs: RunArgs,
    /// A report of before, as `simulate --format json` writes it. What got worse fails: the figures
    /// that claims name, hit ratio and p99 of latency of all requests and of each route, and the
    /// rate of work at each origin; can be repeated
    #[arg(long, value_name = "REPORT")]
    baseline: Vec<PathBuf>,
    /// How much worse than in the baseline a figure may be, as a share of what it was
    #[arg(
        long,
        value_name = "SHARE",
        default_value = "2%",
        requires = "baseline",
        value_parser = figures::tolerance
    )]
    tolerance: f64,
    /// Where to write the result
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// How to say it; left out: by the ending of the output's name, else for people
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Tests and reports.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    arguments.check_stdin()?;
    let format = ending::format(arguments.format, &arguments.output, &Format::ENDINGS)?;
    let earlier = arguments.baseline.iter().map(|path| Earlier::read(path));
    let earlier: Vec<Earlier> = earlier.collect::<Result<_>>()?;
    let compiled = compile(arguments, session)?;
    check_baselines(&earlier, &compiled)?;
    let each: Vec<Option<[&Policy; 1]>> = compiled
        .iter()
        .map(|(_, policy)| policy.as_ref().map(|policy| [policy]))
        .collect();
    // What is used wrongly is told before anything is replayed.
    let plans = each.iter().map(|policies| {
        let planned = |policies| plan(&arguments.runs, policies, &earlier);
        policies.as_ref().map(planned).transpose()
    });
    let plans: Vec<Option<Plan<'_>>> = plans.collect::<Result<_>>()?;
    let destination = Destination::open(Some(&arguments.output))?;
    let suites = compiled.iter().zip(&plans).map(|((file, _), plan)| {
        let tested = |plan| test(plan, &earlier, session.stderr);
        Ok(Suite {
            file: file.clone(),
            tested: plan.as_ref().map(tested).transpose()?,
        })
    });
    let trial = Trial {
        suites: suites.collect::<Result<_>>()?,
        tolerance: arguments.tolerance,
    };
    let terminal = if destination.is_stdout() {
        session.stdout
    } else {
        Terminal::PLAIN
    };
    destination.write_text(&trial.render(format, terminal)?)?;
    Ok(Outcome::failed_if(trial.counts().fails()))
}

fn test(plan: &Plan<'_>, earlier: &[Earlier], stderr: Terminal) -> Result<Tested> {
    let runs = plan.runs.iter().map(|planned| {
        let as_given = |options| options;
        replay::simulate(plan.policy, &planned.settings, as_given, None, stderr)
    });
    let runs: Vec<_> = runs.collect::<Result<_>>()?;
    Ok(tested(plan, &runs, earlier))
}

impl Args {
    /// Standard input can be read only once.
    fn check_stdin(&self) -> Result<()> {
        let policies = self.policies.iter().map(|path| (path, "the policy"));
        let trace = self.runs.traffic.trace.iter();
        let trace = trace.map(|path| (path, "the trace"));
        let baselines = self.baseline.iter().map(|path| (path, "the baseline"));
        let all = policies.chain(trace).chain(baselines);
        let all: Vec<_> = all.map(|(path, what)| (path.as_path(), what)).collect();
        input::only_one_stdin(&all)?;
        let trace = self.runs.traffic.trace.as_deref();
        if self.policies.len() > 1 && trace == Some(Path::new(input::STDIN)) {
            bail!(
                "the trace is replayed through {} policies, and standard input can be read only once: save it to a file, or give one policy",
                self.policies.len()
            );
        }
        Ok(())
    }
}

/// All policies, as messages call them; `None`: it has errors, which were shown.
fn compile(arguments: &Args, session: Session) -> Result<Vec<(String, Option<Policy>)>> {
    let lints = policy::lints(&arguments.lints)?;
    let compiled = arguments.policies.iter().map(|path| {
        let text = Text::read(path)?;
        let overrides = arguments.overrides.overrides();
        let policy = text.compile(overrides, &lints, Warnings::Counted, session)?;
        Ok((text.name().to_owned(), policy))
    });
    compiled.collect()
}

/// Each is of a policy that is tested.
fn check_baselines(earlier: &[Earlier], compiled: &[(String, Option<Policy>)]) -> Result<()> {
    // The name of a policy with errors is not known.
    if compiled.iter().any(|(_, policy)| policy.is_none()) {
        return Ok(());
    }
    let policies = || compiled.iter().filter_map(|(_, policy)| policy.as_ref());
    for one in earlier {
        if !policies().any(|policy| one.is_of(policy)) {
            let names: Vec<_> = policies().map(|it| format!("`{}`", it.name)).collect();
            bail!(
                "the baseline `{}` is of the policy `{}`, and what is tested is {}",
                one.file,
                one.report.policy.name,
                names.join(", ")
            );
        }
    }
    Ok(())
}
