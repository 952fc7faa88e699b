//! A trace, of a format that is named or told by its content. Where its layout must be said, it
//! stands behind a line `%%%`.

use super::compact::with_checksums;
use super::sections;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::{
    Event, Format, MaxErrors, Needs, ReadOptions, ReadStats, SAMPLES_MAX, Source, Summary,
    TraceError, Unpacked, open, open_blocks,
};
use std::io::Read;

/// More events are not looked at: a compressed input may have any number.
const EVENTS_MAX: usize = 5_000;

/// The format whose layout must be said.
const BY_LAYOUT: &str = "log-format";

/// Formats that keep all that an event says.
const LOSSLESS: [&str; 2] = ["jsonl", "cptrace"];

/// Reads it in several ways that must come to the same, and writes what was read.
pub(super) fn check(format: Option<Format>, bytes: &[u8]) {
    check_one(format, bytes);
    let compact = bytes.starts_with(b"\x89CPTRACE");
    if compact {
        check_one(format, &with_checksums(bytes));
    }
}

fn check_one(format: Option<Format>, bytes: &[u8]) {
    let by_layout = format.is_some_and(|format| format.name() == BY_LAYOUT);
    let (bytes, layout) = if by_layout {
        let [bytes, layout] = sections::split(bytes);
        (bytes, String::from_utf8_lossy(layout).parse().ok())
    } else {
        (bytes, None)
    };
    let strict = ReadOptions {
        format,
        log_format: layout,
        needs: Needs::everything(),
        ..ReadOptions::default()
    };
    let lenient = ReadOptions {
        max_errors: Some(MaxErrors::Share(1.0)),
        reorder_window: Some(Duration::from_secs(3600)),
        seed: 7,
        ..strict.clone()
    };
    for options in [strict, lenient] {
        let whole = outcome(open(Box::new(bytes), "trace", &options));
        check_outcome(&whole);
        let blocks = open_blocks(Box::new(bytes), "trace", &options);
        let blocks = outcome(blocks.map(|blocks| Box::new(Unpacked::new(blocks)) as Box<_>));
        check_blocks(&whole, &blocks);
        let drops = outcome(open(Box::new(Drops { bytes, next: 1 }), "trace", &options));
        assert_eq!(whole, drops, "read in drops, it says something else");
        if whole.error.is_none() {
            check_written(&whole);
        }
    }
}

/// What came of reading.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    stats: ReadStats,
    /// It was read to its end.
    ended: bool,
    error: Option<String>,
}

fn outcome(source: Result<Box<dyn Source + '_>, TraceError>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut source = match source {
        Ok(source) => source,
        Err(error) => {
            outcome.error = Some(error.to_string());
            return outcome;
        }
    };
    let mut event = Event::default();
    while outcome.events.len() < EVENTS_MAX {
        match source.next(&mut event) {
            Ok(true) => outcome.events.push(event.clone()),
            Ok(false) => {
                outcome.ended = true;
                break;
            }
            Err(error) => {
                outcome.error = Some(error.to_string());
                break;
            }
        }
    }
    outcome.stats = source.stats().clone();
    outcome
}

fn check_outcome(outcome: &Outcome) {
    let Outcome {
        events,
        stats,
        ended,
        error,
    } = outcome;
    assert!(events.is_sorted_by_key(Event::at), "out of order");
    assert!(stats.errors <= stats.lines && stats.samples.len() <= SAMPLES_MAX);
    if *ended {
        assert_eq!(stats.events, events.len() as u64);
        let mut summary = Summary::new();
        events.iter().for_each(|event| summary.add(event));
        let _ = summary.figures(10);
    }
    assert_ne!(error.as_deref(), Some(""), "an error says what is wrong");
}

/// Read in blocks, it says the same. But an error comes before the events that are read with it,
/// and where there are several mistakes another one may be met first; a record that cannot be read
/// may move the others inside their second.
fn check_blocks(whole: &Outcome, blocks: &Outcome) {
    let is_cut = !whole.ended && whole.error.is_none();
    assert!(
        is_cut || whole.error.is_some() == blocks.error.is_some(),
        "{:?}, but in blocks {:?}",
        whole.error,
        blocks.error
    );
    if whole.error.is_some() || blocks.error.is_some() {
        return;
    }
    let mut events = [&whole.events, &blocks.events].map(Clone::clone);
    if whole.stats.errors > 0 {
        events.iter_mut().flatten().for_each(|event| {
            let second = event.at().nanos().div_euclid(SECOND);
            event.set_at(Time::from_nanos(second.saturating_mul(SECOND)));
        });
    }
    let [events, others] = events;
    assert_eq!(events, others, "in blocks");
    if whole.ended {
        assert_eq!(whole.stats, blocks.stats, "in blocks");
    }
}

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// What was read can be written in every format that has a place for it, and is read again.
fn check_written(read: &Outcome) {
    for format in Format::all() {
        let mut bytes = Vec::new();
        let Some(mut writer) = format.writer(Box::new(&mut bytes)) else {
            continue;
        };
        let written = read.events.iter().all(|event| writer.write(event).is_ok());
        writer.made_from(&read.stats);
        let finished = writer.finish().is_ok();
        drop(writer);
        if !written || !finished || read.events.is_empty() {
            continue;
        }
        let options = ReadOptions {
            format: Some(format),
            needs: Needs::everything(),
            ..ReadOptions::default()
        };
        // A compact trace that somebody made by hand may hold what no other format can say.
        let compact = Format::named("cptrace");
        if read.stats.format == compact && Some(format) != compact {
            continue;
        }
        // Or a key that begins as a zip archive does.
        if format.accesses_only() && bytes.iter().any(|byte| *byte < 0x20 && *byte != b'\n') {
            continue;
        }
        let again = outcome(open(Box::new(bytes.as_slice()), "written", &options));
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(
            again.error, None,
            "{format:?} cannot be read again:\n{text}"
        );
        assert_eq!(again.events.len(), read.events.len(), "{format:?}:\n{text}");
        if LOSSLESS.contains(&format.name()) {
            assert_eq!(again.events, read.events, "{format:?}:\n{text}");
        }
    }
}

/// Gives a few bytes at once, as a pipe may.
struct Drops<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.next = self.next % 7 + 1;
        let count = self.next.min(buffer.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        buffer
            .iter_mut()
            .zip(now)
            .for_each(|(place, byte)| *place = *byte);
        self.bytes = later;
        Ok(count)
    }
}
