//! `cachepolicy`: know what a caching policy will do before it is deployed.

mod args;
mod commands;
mod drift;
mod figures;
mod input;
mod lints;
mod output;
mod playground;
mod policy;
mod proxy;
mod replay;
mod test;
mod witness;

use args::Cli;
use cachepolicy_render::{bound, curve, diagnostics, explain, graph, report};
use clap::{CommandFactory as _, FromArgMatches as _};
use commands::Outcome;
use output::colour::{ColorWhen, Meaning};
use output::terminal;
use std::io;
use std::process::ExitCode;

/// Used wrongly, or something cannot be read or written.
const EXIT_TROUBLE: u8 = 2;

fn main() -> ExitCode {
    output::interrupt::install();
    let color = ColorWhen::of_help(std::env::args_os());
    let parsed = Cli::command().color(color).try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(message) => {
            // A help text that nobody reads to its end is no failure.
            let _ = message.print();
            return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(EXIT_TROUBLE));
        }
    };
    let color = cli.color;
    match cli.run() {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let label = terminal::stderr(color).paint.text(Meaning::Bad, "error:");
            output::say(&format!("{label} {}\n", in_words(&error)));
            ExitCode::from(EXIT_TROUBLE)
        }
    }
}

/// What went wrong and why, from the outside in.
fn in_words(error: &anyhow::Error) -> String {
    let causes = error
        .chain()
        .map(|cause| match cause.downcast_ref::<io::Error>() {
            Some(error) => input::reason(error),
            None => cause.to_string(),
        });
    causes.collect::<Vec<_>>().join(": ")
}

/// The reader of what is written went away (`| head`): there is nothing to tell and nobody to be told.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_errors = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors
        .into_iter()
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
