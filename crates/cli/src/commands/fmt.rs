//! `cachepolicy fmt FILES…`

use super::Outcome;
use crate::args::Session;
use crate::diagnostics;
use crate::output::colour::Meaning;
use crate::output::file::Destination;
use crate::{input, output, policy};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Write policies in the one layout
///
/// Files are changed in place, comments are kept. Standard input is printed formatted. A file with
/// mistakes is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy fmt policies/*.cachepolicy
  cachepolicy fmt --check policies/*.cachepolicy
  cachepolicy fmt - < shop.cachepolicy")]
pub(crate) struct Args {
    /// Policies
    #[arg(value_name = "POLICY", required = true)]
    files: Vec<PathBuf>,
    /// Change nothing; name the files that are not formatted, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

/// Formats them.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let mut outcome = Outcome::Fine;
    for file in &arguments.files {
        if one(file, arguments.check, session)? == Outcome::Failed {
            outcome = Outcome::Failed;
        }
    }
    Ok(outcome)
}

fn one(file: &Path, check: bool, session: Session) -> Result<Outcome> {
    let stdin = file == Path::new(input::STDIN);
    let (before, formatted) = match policy::format(file)? {
        policy::Formatted::Text { before, after } => (before, after),
        policy::Formatted::Mistakes(findings) => {
            output::say(&diagnostics::human(&findings, session.stderr));
            let sign = session.stderr.paint.text(Meaning::Bad, "✗");
            output::say(&format!(
                "{sign} `{}` has mistakes and is left as it is\n",
                file.display()
            ));
            return Ok(Outcome::Failed);
        }
    };
    let differs = before != formatted;
    if check {
        if differs {
            let name = if stdin {
                input::STDIN_NAME.to_owned()
            } else {
                file.display().to_string()
            };
            output::print(&format!("{name}\n")).context("cannot write to standard output")?;
        }
        return Ok(Outcome::failed_if(differs));
    }
    if stdin {
        output::print(&formatted).context("cannot write to standard output")?;
    } else if differs {
        Destination::open(Some(file))?.write_text(&formatted)?;
    }
    Ok(Outcome::Fine)
}
