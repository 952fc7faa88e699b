//! What a witness shows, and its trace in a file.

use crate::args::Session;
use crate::bound::Wanted;
use crate::bound::witness::{Of, Shown};
use crate::commands::Outcome;
use crate::output;
use crate::output::file::Destination;
use anyhow::{Context as _, Result};
use cachepolicy_core::Policy;
use cachepolicy_trace::{Event, Format};
use std::path::Path;

/// Shows the replay of a witness of what is asked for, and writes it if there is a file.
pub(crate) fn show(
    policy: &Policy,
    (wanted, of): (Wanted, Of),
    file: Option<&Path>,
    session: Session,
) -> Result<Outcome> {
    let shown = Shown::of(policy, wanted, of)?;
    let mut name = String::new();
    if let Some(file) = file {
        let destination = Destination::open(Some(file))?;
        let is_stdout = destination.is_stdout();
        name = format!("{}: ", destination.name());
        save(shown.trace(), destination)?;
        if is_stdout {
            return Ok(Outcome::Fine);
        }
    }
    let text = shown.for_people(&name, session.stdout)?;
    output::print(&text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}

fn save(trace: &[Event], mut destination: Destination) -> Result<()> {
    let format = Format::named("jsonl").context("JSON lines are a format of traces")?;
    {
        let writer = format.writer(Box::new(&mut destination));
        let mut writer = writer.context("JSON lines can be written")?;
        for event in trace {
            writer.write(event)?;
        }
        writer.finish()?;
    }
    destination.finish()
}
