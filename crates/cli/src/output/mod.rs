//! Everything that leaves the program: standard output, messages, files, progress.

pub(crate) mod colour;
pub(crate) mod ending;
pub(crate) mod file;
pub(crate) mod interrupt;
pub(crate) mod progress;
pub(crate) mod terminal;

pub(crate) use cachepolicy_render::output::{Terminal, github, table, text, units};
use std::io::{self, Write};

/// Writes a finished text to standard output. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a message to standard error; when even that is closed there is nobody left to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
