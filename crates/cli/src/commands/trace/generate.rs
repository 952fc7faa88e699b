//! `cachepolicy trace generate POLICY`

use super::super::Outcome;
use super::output::OutputArgs;
use crate::args::Session;
use crate::commands::workload;
use crate::lints::LintArgs;
use crate::output::progress::Progress;
use crate::policy;
use anyhow::{Context as _, Result};
use cachepolicy_trace::{Event, Source as _};
use std::path::PathBuf;

/// Write the trace that a policy's workload describes
///
/// The same seed gives the same trace, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy trace generate shop.cachepolicy -o weekday.jsonl.gz
  cachepolicy trace generate shop.cachepolicy --workload black_friday --seed 7 --to csv | head")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// Which of its workloads; left out: the first
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// Seed of all that is drawn by chance
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Generates it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let Some(policy) = policy::compile(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let (_, workload) = workload::choose(&policy, arguments.workload.as_deref())?;
    let mut source = cachepolicy_trace::generate(&policy, workload, arguments.seed);
    let mut progress = Progress::new(session.stderr, "events", Some(workload::extent(workload)));
    arguments.output.write(|writer| {
        let mut event = Event::default();
        let mut count = 0;
        while source
            .next(&mut event)
            .context("cannot generate the trace")?
        {
            writer.write(&event)?;
            count += 1;
            progress.advance(count, || workload::done(event.at()));
        }
        Ok(())
    })?;
    progress.finish();
    Ok(Outcome::Fine)
}
