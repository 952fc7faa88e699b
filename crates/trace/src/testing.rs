//! What the tests of all formats use.

use crate::{Event, Format, ReadOptions, ReadStats, TraceError, open};

/// Options that read that format.
pub(crate) fn format(name: &str) -> ReadOptions {
    ReadOptions {
        format: Some(Format::named(name).unwrap()),
        ..ReadOptions::default()
    }
}

/// Everything in it.
pub(crate) fn read(
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<(Vec<Event>, ReadStats), TraceError> {
    let mut source = open(Box::new(bytes), "trace", options)?;
    let mut events = Vec::new();
    let mut event = Event::default();
    while source.next(&mut event)? {
        events.push(event.clone());
    }
    Ok((events, source.stats().clone()))
}

/// The message of what does not work.
pub(crate) fn error(bytes: &[u8], options: &ReadOptions) -> String {
    read(bytes, options).unwrap_err().to_string()
}
