//! `cachepolicy trace convert FILE`

use super::super::Outcome;
use super::output::OutputArgs;
use super::{ReadArgs, notes};
use crate::args::Session;
use crate::output;
use crate::output::colour::Meaning;
use crate::output::progress::Progress;
use anyhow::{Context as _, Result};
use cachepolicy_trace::{Event, Needs};
use std::path::PathBuf;

/// Write a trace in another format
///
/// Everything that the formats have in common is kept. Lines that cannot be read are counted and
/// left out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy trace convert access.log.gz -o requests.jsonl.gz
  cachepolicy trace convert requests.jsonl --to csv | head
  cachepolicy trace convert - --trace-format combined -o requests.csv < access.log")]
pub(crate) struct Args {
    /// The trace
    #[arg(value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    read: ReadArgs,
    /// Seed that decides where times of whole seconds lie inside their second
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Converts it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let mut trace = arguments
        .read
        .open(&arguments.input, Needs::everything(), arguments.seed)?;
    let source = &mut trace.source;
    let mut progress = Progress::new(session.stderr, "events", trace.size);
    arguments.output.write(|writer| {
        let mut event = Event::default();
        let mut count = 0;
        while source.next(&mut event).context("cannot read the trace")? {
            writer.write(&event)?;
            count += 1;
            progress.advance(count, || source.stats().input_bytes);
        }
        Ok(())
    })?;
    progress.finish();
    for note in notes(trace.source.stats()) {
        let sign = session.stderr.paint.text(Meaning::Warning, "!");
        output::say(&format!("{sign} {}\n", output::text::tame(&note)));
    }
    Ok(Outcome::Fine)
}
