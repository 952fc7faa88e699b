//! `cachepolicy compile POLICY -o FILE`

use super::Outcome;
use crate::args::Session;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::policy;
use anyhow::Result;
use std::path::PathBuf;

/// Write the artefact that a service loads
///
/// JSON with a schema version, the language's edition, a hash of the sources and the whole graph.
/// A policy with an error has none.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy compile shop.cachepolicy -o shop.policy.json
  cachepolicy compile shop.cachepolicy --set article.ttl=5m | jq .levels[].name")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// Where to write it
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Compiles it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let Some(compiled) = policy::compile_for_deployment(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let destination = Destination::open(Some(&arguments.output))?;
    destination.write_text(&policy::artefact(&compiled)?)?;
    Ok(Outcome::Fine)
}
