//! `cachepolicy witness POLICY [LEVEL [MODEL]]`

use super::Outcome;
use crate::args::Session;
use crate::bound::Wanted;
use crate::bound::witness::Of;
use crate::lints::LintArgs;
use crate::{policy, witness};
use anyhow::Result;
use std::path::PathBuf;

/// Show the worst that can happen, step by step
///
/// Builds the shortest trace that shows what was found of the policy, and replays it: two requests of
/// which the second gets what was made for somebody else, where a level leaks; else the requests and
/// the write after which an answer is as out of date as `bound` says that it can get.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy witness shop.cachepolicy
  cachepolicy witness shop.cachepolicy product_page
  cachepolicy witness shop.cachepolicy product_page Product -o worst.jsonl
  cachepolicy simulate shop.cachepolicy --trace worst.jsonl")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// Only this level
    level: Option<String>,
    /// Only writes of this model: no leak
    model: Option<String>,
    /// Write the trace to this file, as JSON lines
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Shows it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let compiled = policy::compile(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?;
    let Some(policy) = compiled else {
        return Ok(Outcome::Failed);
    };
    let (level, model) = (arguments.level.as_deref(), arguments.model.as_deref());
    let wanted = Wanted::named(&policy, level, model)?;
    let file = arguments.output.as_deref();
    witness::show(&policy, (wanted, Of::Anything), file, session)
}
