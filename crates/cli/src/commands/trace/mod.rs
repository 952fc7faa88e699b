//! `cachepolicy trace …`, one file each.

mod convert;
mod generate;
mod info;
mod output;
mod read;

pub(crate) use cachepolicy_render::report::reading::notes;
pub(crate) use read::ReadArgs;

use super::Outcome;
use crate::args::Session;
use anyhow::Result;

/// Look into traces, make them, convert them
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Info(info::Args),
    Generate(generate::Args),
    Convert(convert::Args),
}

/// Does what is asked for.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    match &arguments.command {
        Command::Info(arguments) => info::run(arguments, session),
        Command::Generate(arguments) => generate::run(arguments, session),
        Command::Convert(arguments) => convert::run(arguments, session),
    }
}
