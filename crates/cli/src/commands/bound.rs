//! `cachepolicy bound POLICY [LEVEL [MODEL]]`

use super::{Outcome, ReportFormat};
use crate::args::Session;
use crate::bound::{self, Wanted, witness};
use crate::diagnostics::LintArgs;
use crate::{output, policy};
use anyhow::{Context as _, Result, bail};
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
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
    let wanted = Wanted {
        level: arguments
            .level
            .as_deref()
            .map(|name| level(&policy, name))
            .transpose()?,
        model: arguments
            .model
            .as_deref()
            .map(|name| model(&policy, name))
            .transpose()?,
    };
    if let Some(file) = &arguments.witness {
        return witness::write(&policy, wanted, file, session);
    }
    let text = match arguments.format {
        ReportFormat::Human => bound::for_people(&policy, wanted, session.stdout),
        ReportFormat::Json => bound::json(&policy, wanted)?,
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}

fn level(policy: &Policy, name: &str) -> Result<LevelId> {
    let names = || policy.levels.iter().map(|level| level.name.as_str());
    match names().position(|known| known == name) {
        Some(index) => Ok(LevelId(index as u16)),
        None => bail!(
            "the policy has no level `{name}`{}",
            policy::did_you_mean(name, names())
        ),
    }
}

fn model(policy: &Policy, name: &str) -> Result<ModelId> {
    let names = || policy.models.iter().map(|model| model.name.as_str());
    match names().position(|known| known == name) {
        Some(index) => Ok(ModelId(index as u16)),
        None => bail!(
            "the policy has no model `{name}`{}",
            policy::did_you_mean(name, names())
        ),
    }
}
