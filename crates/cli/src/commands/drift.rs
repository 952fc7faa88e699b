//! `cachepolicy drift POLICY --metrics URL --trace FILE`

use super::{Outcome, ReportFormat};
use crate::args::Session;
use crate::drift::{counted, together};
use crate::figures;
use crate::input;
use crate::lints::LintArgs;
use crate::policy;
use crate::replay::{self, RunArgs};
use anyhow::{Result, bail};
use cachepolicy_render::drift::{Names, human, json};
use cachepolicy_sim::drift::{Drift, Measured};
use cachepolicy_sim::sample::Rate;
use std::path::{Path, PathBuf};

/// Compare what a running cache counts with what was predicted of its traffic
///
/// Replays the trace that the service recorded through the policy, and lays each level's figures beside
/// those that the service has counted meanwhile, in Prometheus's text format. What differs by more than
/// chance is said in words. Exits with 1 if something does.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy drift site.cachepolicy --trace trace.000001.jsonl --metrics http://127.0.0.1:9000/metrics
  cat trace.*.jsonl | cachepolicy drift site.cachepolicy --trace - --metrics metrics.txt
  cachepolicy drift site.cachepolicy --trace today.jsonl --metrics now.txt --since midnight.txt")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// What the service counts, in Prometheus's text format; once for each process
    #[arg(long, value_name = "URL|FILE", required = true)]
    metrics: Vec<String>,
    /// What it had counted when the trace began; once for each process. Left out: nothing
    #[arg(long, value_name = "URL|FILE")]
    since: Vec<String>,
    /// Shares that differ by no more than this are the same
    #[arg(long, value_name = "SHARE", default_value = "0.5%", value_parser = figures::rate)]
    tolerance: Rate,
    #[command(flatten)]
    replay: RunArgs,
    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Replays and compares.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let traffic = &arguments.replay.traffic;
    if traffic.trace.is_none() {
        bail!(
            "say what was recorded, with `--trace FILE`: a workload is not what the service was asked"
        );
    }
    let sources = arguments.metrics.iter().chain(&arguments.since);
    let mut inputs: Vec<(&Path, &'static str)> = vec![(&arguments.policy, "the policy")];
    inputs.extend(
        traffic
            .trace
            .iter()
            .map(|path| (path.as_path(), "the trace")),
    );
    inputs.extend(sources.map(|source| (Path::new(source.as_str()), "the metrics")));
    input::only_one_stdin(&inputs)?;
    let Some(compiled) = policy::compile(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    // First: the trace may take long.
    let counted = all_counted(arguments)?;
    let policies = [&compiled];
    let settings = arguments.replay.settings(&policies)?;
    let simulated = replay::simulate(
        &compiled,
        &settings,
        |options| options,
        None,
        session.stderr,
    )?;
    let least = arguments.tolerance.share();
    let drift = Drift::new(simulated.report(), &counted, least);
    let text = match arguments.format {
        ReportFormat::Json => json(&drift),
        ReportFormat::Human => {
            let names = Names {
                trace: &settings.name,
                metrics: &arguments.metrics.join(", "),
            };
            human(&drift, names, session.stdout)
        }
    };
    crate::output::print(&text)?;
    Ok(Outcome::failed_if(drift.differs))
}

/// What all processes have counted since the trace began.
fn all_counted(arguments: &Args) -> Result<Measured> {
    let read = |sources: &[String]| -> Result<Measured> {
        let all: Result<Vec<_>> = sources.iter().map(|source| counted(source)).collect();
        Ok(together(&all?))
    };
    let mut now = read(&arguments.metrics)?;
    let before = read(&arguments.since)?;
    for (level, counted) in &mut now.levels {
        if let Some(before) = before.levels.get(level) {
            *counted = counted.since(*before);
        }
    }
    Ok(now)
}
