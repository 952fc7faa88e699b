//! `cachepolicy man [COMMAND] [-o FOLDER]`

use super::Outcome;
use crate::args::Cli;
use crate::output;
use crate::output::file::Destination;
use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;
use clap_mangen::Man;
use std::path::{Path, PathBuf};

/// Print or write the manual pages
///
/// Without a folder, the page of one command (or of all together) is printed; with one, all pages
/// are written into it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy man simulate | man -l -
  cachepolicy man -o ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// The page of this command: `simulate`, `trace convert`
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// Write all pages into this folder
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Prints or writes them.
pub(crate) fn run(arguments: &Args) -> Result<Outcome> {
    let mut command = Cli::command();
    command.build();
    match &arguments.output {
        Some(folder) => write_all(&command, folder)?,
        None => {
            let page = render(find(command, &arguments.command)?)?;
            output::print(&page).context("cannot write to standard output")?;
        }
    }
    Ok(Outcome::Fine)
}

fn find(mut command: clap::Command, path: &[String]) -> Result<clap::Command> {
    for name in path {
        let Some(inner) = command.find_subcommand(name) else {
            bail!(
                "`{}` has no command `{name}`",
                command.get_bin_name().unwrap_or("cachepolicy")
            );
        };
        command = inner.clone();
    }
    Ok(command)
}

fn render(command: clap::Command) -> Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    String::from_utf8(page).context("the page is not text")
}

fn write_all(command: &clap::Command, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create `{}`", folder.display()))?;
    write_page(command, folder)
}

fn write_page(command: &clap::Command, folder: &Path) -> Result<()> {
    let page = Man::new(command.clone());
    let file = folder.join(page.get_filename());
    Destination::open(Some(&file))?.write_text(&render(command.clone())?)?;
    command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
        .try_for_each(|inner| write_page(inner, folder))
}
