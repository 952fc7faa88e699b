//! `cachepolicy bound POLICY [LEVEL [MODEL]]`

use super::{Outcome, ReportFormat};
use crate::args::Session;
use crate::bound::witness::Of;
use crate::bound::{self, Wanted};
use crate::lints::LintArgs;
use crate::{output, policy, witness};
use anyhow::{Context as _, Result};
use std::path::PathBuf;

/// Say how out of date answers can be in the worst case, and why
///
/// For each level and model: how long after a write somebody can still be served what was there
/// before it, whatever the traffic; by which path; which condition the policy's edges miss, and what
/// would mend it. Found from the policy alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy bound shop.cachepolicy
  cachepolicy bound shop.cachepolicy product_page Product
  cachepolicy bound shop.cachepolicy product_page Product --witness worst.jsonl
  cachepolicy simulate shop.cachepolicy --trace worst.jsonl
  cachepolicy bound shop.cachepolicy --format json | jq '.bounds[] | select(.staleness == null)'")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// Only this level
    level: Option<String>,
    /// Only writes of this model
    model: Option<String>,
    /// Write a trace that comes near to the worst of these bounds, as JSON lines
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Says it.
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
    if let Some(file) = &arguments.witness {
        return witness::show(&policy, (wanted, Of::Bound), Some(file), session);
    }
    let text = match arguments.format {
        ReportFormat::Human => bound::for_people(&policy, wanted, session.stdout),
        ReportFormat::Json => bound::json(&policy, wanted)?,
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}
