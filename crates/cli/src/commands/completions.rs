//! `cachepolicy completions SHELL`

use super::Outcome;
use crate::args::Cli;
use crate::output;
use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

/// Print completions for a shell
///
/// They go where the shell looks for them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy completions bash > ~/.local/share/bash-completion/completions/cachepolicy
  cachepolicy completions zsh  > ~/.zfunc/_cachepolicy
  cachepolicy completions fish > ~/.config/fish/completions/cachepolicy.fish")]
pub(crate) struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

/// Prints them.
pub(crate) fn run(arguments: &Args) -> Result<Outcome> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(
        arguments.shell,
        &mut command,
        env!("CARGO_BIN_NAME"),
        &mut script,
    );
    let script = String::from_utf8(script).context("the completions are not text")?;
    output::print(&script).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}
