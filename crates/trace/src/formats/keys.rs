//! One key a line, without times: a read of that key every millisecond. Lines with a mark (`*`,
//! as in the traces of LIRS's authors), comments (`#`) and blank lines are none.

use crate::event::{Access, AccessKey, AccessOperation, Event};
use crate::format::{Sample, Spec};
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::written::{EventWriter, WriteError};
use cachepolicy_core::units::{Duration, Time};
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "keys",
    about: "one key a line",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open: |opening| {
        let steps = Steps::default();
        Ok(opening.source(Keys { steps }))
    },
    open_blocks: None,
    accesses_only: true,
};

pub(super) fn writer<'a>(out: Box<dyn io::Write + 'a>) -> Box<dyn EventWriter + 'a> {
    Box::new(KeysWriter { out })
}

/// Between two events of a trace that has no times.
const STEP: Duration = Duration::from_millis(1);

/// Times for a trace that has none.
#[derive(Debug, Default)]
pub(super) struct Steps(i64);

impl Steps {
    /// The time of the next event.
    pub(super) fn now(&self) -> Time {
        Time::from_nanos(self.0)
    }

    /// Moves on by one step.
    pub(super) fn advance(&mut self) {
        self.0 = self.0.saturating_add(STEP.nanos());
    }

    /// A read of that key at the next step.
    pub(super) fn read(&mut self, key: AccessKey, event: &mut Event) {
        let at = self.now();
        self.advance();
        *event = Event::Access(Access {
            at,
            operation: AccessOperation::Get,
            key,
            bytes: None,
            ttl: None,
            cost: None,
        });
    }
}

/// A key as text: a number where it is written as one would write that number.
pub(crate) fn key(text: &str) -> AccessKey {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    match text.parse() {
        Ok(number) if plain => AccessKey::Number(number),
        _ => AccessKey::Text(text.to_owned()),
    }
}

fn is_none(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"#") || line.starts_with(b"*")
}

/// Numbers only: text could be anything.
fn sniff(sample: &Sample<'_>) -> bool {
    let mut keys = sample.lines().filter(|line| !is_none(line)).peekable();
    keys.peek().is_some() && keys.all(|line| line.iter().all(u8::is_ascii_digit))
}

struct Keys {
    steps: Steps,
}

impl Records for Keys {
    fn times(&self) -> Times {
        Times::Made
    }

    fn moment(&mut self, _: &[u8]) -> Result<Option<Moment>, String> {
        Ok(None)
    }

    fn fill(&mut self, record: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        let line = record.trim_ascii();
        if is_none(line) {
            return Ok(false);
        }
        let text = std::str::from_utf8(line).map_err(|_| "the key is no UTF-8 text".to_owned())?;
        self.steps.read(key(text), event);
        Ok(true)
    }
}

struct KeysWriter<'a> {
    out: Box<dyn io::Write + 'a>,
}

impl EventWriter for KeysWriter<'_> {
    fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        let unsupported = |what: &str| {
            Err(WriteError::Unsupported {
                format: SPEC.name,
                what: what.to_owned(),
            })
        };
        let key = match event {
            Event::Access(access) if access.operation == AccessOperation::Get => &access.key,
            Event::Access(_) => return unsupported("a `set` or a `delete`"),
            Event::Request(_) => return unsupported("a request"),
            Event::Write(_) => return unsupported("a write"),
            Event::Fault(_) => return unsupported("a fault"),
        };
        match key {
            AccessKey::Number(number) => writeln!(self.out, "{number}")?,
            AccessKey::Text(text) if text.contains(['\n', '\r']) || is_none(text.as_bytes()) => {
                return unsupported("a key with a line break, or one that begins with `#` or `*`");
            }
            // They are no part of the key.
            AccessKey::Text(text) if text.trim_ascii() != text => {
                return unsupported("a key that begins or ends with a space");
            }
            // At the beginning of a file it would be left out.
            AccessKey::Text(text) if text.starts_with('\u{feff}') => {
                return unsupported("a key that begins with a byte order mark");
            }
            AccessKey::Text(text) => writeln!(self.out, "{text}")?,
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReadOptions;
    use crate::testing::{error, format, read};

    #[test]
    fn keys_marks_and_comments() {
        let (events, stats) =
            read(b"# a comment\n17\n*\n007\r\nuser:17\n\n 0", &format("keys")).unwrap();
        let expected: Vec<(i64, AccessKey)> = vec![
            (0, AccessKey::Number(17)),
            (1_000_000, AccessKey::Text("007".to_owned())),
            (2_000_000, AccessKey::Text("user:17".to_owned())),
            (3_000_000, AccessKey::Number(0)),
        ];
        let read: Vec<(i64, AccessKey)> = events
            .into_iter()
            .map(|event| match event {
                Event::Access(access) => (access.at.nanos(), access.key),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, expected);
        assert_eq!((stats.lines, stats.events), (7, 4));
    }

    #[test]
    fn numbers_are_known_and_text_is_asked_for() {
        let (_, stats) = read(b"*\n1\n2\n", &ReadOptions::default()).unwrap();
        assert_eq!(stats.format.map(|format| format.name()), Some("keys"));
        let text = error(b"user:17\nuser:18\n", &ReadOptions::default());
        assert!(text.contains("say that its format is `keys`"), "{text}");
    }

    #[test]
    fn keys_that_would_be_read_as_others_are_not_written() {
        let written = |key: &str| {
            let mut event = Event::default();
            Steps::default().read(AccessKey::Text(key.to_owned()), &mut event);
            KeysWriter {
                out: Box::new(io::sink()),
            }
            .write(&event)
        };
        assert!(written("a b").is_ok());
        for key in ["", " ", "a ", "\ta", "#a", "*a", "a\nb", "\u{feff}a"] {
            assert!(written(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_key_that_is_no_text_stops() {
        let text = error(b"1\n\xff\n", &format("keys"));
        assert!(
            text.starts_with("`trace`, line 2: the key is no UTF-8 text"),
            "{text}"
        );
    }
}
