//! `cachepolicy graph POLICY`

use super::Outcome;
use crate::args::Session;
use crate::graph::Format;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::output::{Terminal, ending};
use crate::policy;
use anyhow::Result;
use std::path::PathBuf;

/// Show what contains what, and which writes remove it
///
/// As a tree for people, or as a graph for other tools.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy graph shop.cachepolicy
  cachepolicy graph shop.cachepolicy --format svg -o shop.svg
  cachepolicy graph shop.cachepolicy --format dot | dot -Tpdf -o shop.pdf")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// What to write; left out: by the ending of the output's name, else for people
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to write it
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    #[command(flatten)]
    lints: LintArgs,
}

/// Endings of files and what is written into them.
const ENDINGS: [(&str, Format); 6] = [
    ("dot", Format::Dot),
    ("gv", Format::Dot),
    ("mmd", Format::Mermaid),
    ("mermaid", Format::Mermaid),
    ("json", Format::Json),
    ("svg", Format::Svg),
];

/// Draws it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let format = ending::format_or(
        arguments.format,
        "--format",
        &arguments.output,
        &ENDINGS,
        Format::Human,
    )?;
    let overrides = policy::OverrideArgs::default();
    let Some(policy) = policy::compile(&arguments.policy, &overrides, &arguments.lints, session)?
    else {
        return Ok(Outcome::Failed);
    };
    let destination = Destination::open(Some(&arguments.output))?;
    let terminal = if destination.is_stdout() {
        session.stdout
    } else {
        Terminal::PLAIN
    };
    destination.write_text(&format.render(&policy, terminal)?)?;
    Ok(Outcome::Fine)
}
