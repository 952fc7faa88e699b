//! Twitter's cache traces (Yang, Yue and Rashmi, OSDI 2020), as CSV without a header: time in
//! seconds, anonymised key, key size, value size, client, operation, ttl in seconds.
//!
//! The key is whatever stands between the first comma and the last five: nothing in these files is
//! quoted, but a program that wrote them anew may have quoted keys that hold commas.

use super::keys::key;
use crate::block::{BlockSource, UNKNOWN_BYTES};
use crate::event::{Access, AccessKey, AccessOperation, Event};
use crate::format::{Opening, Sample, Spec};
use crate::input::{Framed, Input};
use crate::key_blocks::{KeyBlocks, KeyRecord, KeyRecords, Next, RecordKey, Take, Trouble};
use crate::order::Moment;
use crate::pack::Packed;
use crate::reader::{Records, Times, too_long};
use crate::text::quote;
use crate::{Source, TraceError};
use cachepolicy_core::units::{Duration, Time};
use memchr::{memchr, memrchr};

pub(crate) const SPEC: Spec = Spec {
    name: "twitter",
    about: "Twitter's cache traces: time, key, key size, value size, client, operation, ttl",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open,
    open_blocks: Some(open_blocks),
    accesses_only: true,
};

/// Lines that are given at once.
const LINES: usize = 4_096;

fn sniff(sample: &Sample<'_>) -> bool {
    let mut lines = sample.lines().peekable();
    let mut text = String::new();
    lines.peek().is_some() && lines.all(|line| read(line, &mut text).is_ok())
}

fn open<'a>(opening: Opening<'a, '_>) -> Result<Box<dyn Source + 'a>, TraceError> {
    Ok(opening.source(Twitter::default()))
}

/// Without detours where the times are in order.
fn open_blocks<'a>(opening: Opening<'a, '_>) -> Result<Box<dyn BlockSource + 'a>, TraceError> {
    match opening.options.reorder_window {
        None | Some(Duration::ZERO) => Ok(KeyBlocks::open(opening, Twitter::default())),
        Some(_) => {
            let name = opening.name.to_owned();
            Ok(Box::new(Packed::new(
                opening.source(Twitter::default()),
                &name,
            )))
        }
    }
}

#[derive(Default)]
struct Twitter {
    /// The key, where it had to be put together.
    text: String,
}

/// What an operation is, and whether the size that stands beside it is that of the value.
const OPERATIONS: [(&[u8], AccessOperation, Size); 11] = [
    (b"get", AccessOperation::Get, Size::IfFound),
    (b"gets", AccessOperation::Get, Size::IfFound),
    (b"set", AccessOperation::Set, Size::Whole),
    (b"add", AccessOperation::Set, Size::Whole),
    (b"replace", AccessOperation::Set, Size::Whole),
    (b"cas", AccessOperation::Set, Size::Whole),
    (b"append", AccessOperation::Set, Size::Unknown),
    (b"prepend", AccessOperation::Set, Size::Unknown),
    (b"incr", AccessOperation::Set, Size::IfFound),
    (b"decr", AccessOperation::Set, Size::IfFound),
    (b"delete", AccessOperation::Delete, Size::Unknown),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// The value's.
    Whole,
    /// The value's; 0 where the key was absent.
    IfFound,
    /// That of a part, or of nothing.
    Unknown,
}

/// What stands in front of the last comma, and behind it.
fn last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, after) = text.split_at(memrchr(b',', text)?);
    Some((before, after.get(1..)?.trim_ascii()))
}

/// Reads a line; `text` is where a key is put together that does not stand in the line as it is.
fn read<'r>(line: &'r [u8], text: &'r mut String) -> Result<KeyRecord<'r>, String> {
    let columns = || {
        format!(
            "expected seven columns (time, key, key size, value size, client, operation, ttl), not {}",
            quote(line)
        )
    };
    let (rest, ttl) = last(line).ok_or_else(columns)?;
    let (rest, operation) = last(rest).ok_or_else(columns)?;
    let (rest, _client) = last(rest).ok_or_else(columns)?;
    let (rest, value_size) = last(rest).ok_or_else(columns)?;
    let (rest, key_size) = last(rest).ok_or_else(columns)?;
    let (time, name) = rest.split_at(memchr(b',', rest).ok_or_else(columns)?);
    let name = name.get(1..).unwrap_or_default();

    let wrong = |what: &str, text: &[u8], is: &str| format!("{what} {} is no {is}", quote(text));
    let second = number(time.trim_ascii())
        .and_then(|second| i64::try_from(second).ok())
        .and_then(|second| second.checked_mul(Duration::SECOND.nanos()))
        .ok_or_else(|| wrong("the time", time, "number of seconds"))?;
    number(key_size).ok_or_else(|| wrong("the key's size", key_size, "whole number"))?;
    let bytes =
        number(value_size).ok_or_else(|| wrong("the value's size", value_size, "whole number"))?;
    let ttl = number(ttl)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .ok_or_else(|| wrong("the ttl", ttl, "number of seconds"))?;
    let known = OPERATIONS.iter().find(|(name, ..)| *name == operation);
    let (_, operation, size) = known.ok_or_else(|| {
        let names = OPERATIONS.map(|(name, ..)| String::from_utf8_lossy(name));
        format!(
            "the operation {} is none of {}",
            quote(operation),
            names.join(", ")
        )
    })?;
    Ok(KeyRecord {
        at: second,
        whole_second: true,
        key: named(name, text)?,
        operation: *operation,
        bytes: match size {
            Size::Whole => bytes,
            Size::IfFound if bytes > 0 => bytes,
            Size::IfFound | Size::Unknown => UNKNOWN_BYTES,
        },
        ttl: (ttl > 0).then(|| Duration::from_secs(ttl)),
    })
}

/// The key of its column.
fn named<'r>(column: &'r [u8], text: &'r mut String) -> Result<RecordKey<'r>, String> {
    let quoted = column.strip_prefix(b"\"");
    let quoted = quoted.and_then(|rest| rest.strip_suffix(b"\""));
    let name = std::str::from_utf8(quoted.unwrap_or(column));
    let name = name.map_err(|_| "the key is no UTF-8 text".to_owned())?;
    if name.is_empty() {
        return Err("the key is missing".to_owned());
    }
    if quoted.is_some() && name.contains("\"\"") {
        text.clear();
        text.push_str(&name.replace("\"\"", "\""));
        return Ok(RecordKey::Text(text));
    }
    Ok(match key(name) {
        AccessKey::Number(number) => RecordKey::Number(number),
        AccessKey::Text(_) => RecordKey::Text(name),
    })
}

/// A whole number and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let shifted = number.checked_mul(10).filter(|_| digit < 10)?;
        shifted.checked_add(u64::from(digit))
    })
}

impl Records for Twitter {
    fn times(&self) -> Times {
        Times::WholeSeconds
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let record = read(line, &mut self.text)?;
        Ok(Some(Moment {
            at: Time::from_nanos(record.at),
            whole_second: true,
            mark: 0,
        }))
    }

    fn fill(&mut self, line: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        let record = read(line, &mut self.text)?;
        *event = Event::Access(Access {
            at: Time::from_nanos(record.at),
            operation: record.operation,
            key: match record.key {
                RecordKey::Number(number) => AccessKey::Number(number),
                RecordKey::Text(text) => AccessKey::Text(text.to_owned()),
            },
            bytes: (record.bytes != UNKNOWN_BYTES).then_some(record.bytes),
            ttl: record.ttl,
            cost: None,
        });
        Ok(true)
    }
}

impl KeyRecords for Twitter {
    fn give<T: Take>(&mut self, input: &mut Input<'_>, to: &mut T) -> Result<Next, Trouble> {
        for _ in 0..LINES {
            let framed = input.next_line()?;
            let number = input.number();
            match framed {
                Framed::End => return Ok(Next::End),
                Framed::TooLong => to.take(number, Err(too_long()))?,
                Framed::Record | Framed::Cut => {
                    let line = input.record();
                    if line.trim_ascii().is_empty() {
                        to.skip();
                    } else {
                        to.take(number, read(line, &mut self.text))?;
                    }
                }
            }
        }
        Ok(Next::More)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, format, read};
    use crate::{MaxErrors, ReadOptions, Unpacked};
    use proptest::prelude::*;

    fn accesses(text: &str) -> Vec<Access> {
        let (events, stats) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(stats.format.map(|format| format.name()), Some("twitter"));
        assert!(stats.spread);
        let accesses = events.into_iter().map(|event| match event {
            Event::Access(access) => access,
            other => panic!("{other:?}"),
        });
        accesses.collect()
    }

    fn text(key: &str) -> AccessKey {
        AccessKey::Text(key.to_owned())
    }

    #[test]
    fn the_columns_of_a_line() {
        let [get, set] =
            accesses("7,nz:u:eeW511W3dcH3de3d15ec,22,304,19,get,0\n8,x,1,12,19,set,86400\n")
                .try_into()
                .unwrap();
        assert_eq!(get.at.nanos().div_euclid(1_000_000_000), 7);
        assert_eq!(get.key, text("nz:u:eeW511W3dcH3de3d15ec"));
        assert_eq!(
            (get.operation, get.bytes, get.ttl),
            (AccessOperation::Get, Some(304), None)
        );
        assert_eq!(
            (set.operation, set.bytes, set.ttl),
            (
                AccessOperation::Set,
                Some(12),
                Some(Duration::from_secs(86_400))
            )
        );
    }

    #[test]
    fn operations_and_the_sizes_that_they_tell() {
        use AccessOperation::{Delete, Get, Set};
        let of = |operation: &str, size: u64| {
            let access = accesses(&format!("0,k,1,{size},1,{operation},0\n"));
            (access[0].operation, access[0].bytes)
        };
        for (operation, expected, with, without) in [
            ("get", Get, Some(9), None),
            ("gets", Get, Some(9), None),
            ("set", Set, Some(9), Some(0)),
            ("add", Set, Some(9), Some(0)),
            ("replace", Set, Some(9), Some(0)),
            ("cas", Set, Some(9), Some(0)),
            ("append", Set, None, None),
            ("prepend", Set, None, None),
            ("incr", Set, Some(9), None),
            ("decr", Set, Some(9), None),
            ("delete", Delete, None, None),
        ] {
            assert_eq!(of(operation, 9), (expected, with), "{operation}");
            assert_eq!(of(operation, 0), (expected, without), "{operation}");
        }
    }

    #[test]
    fn keys_may_hold_commas_and_quotes() {
        let key = |column: &str| {
            accesses(&format!("0,{column},1,1,1,get,0\n"))[0]
                .key
                .clone()
        };
        assert_eq!(key("a,b,,c"), text("a,b,,c"));
        assert_eq!(key("\"a,b\""), text("a,b"));
        assert_eq!(key("\"a\"\"b\""), text("a\"b"));
        assert_eq!(key("a\"b"), text("a\"b"));
        assert_eq!(key("17"), AccessKey::Number(17));
        assert_eq!(key("017"), text("017"));
    }

    #[test]
    fn mistakes_are_named() {
        let reason = |line: &str| {
            let text = error(line.as_bytes(), &format("twitter"));
            let text = text.strip_prefix("`trace`, line 1: ").unwrap();
            text.split(" (1 of 1").next().map(str::to_owned).unwrap()
        };
        assert_eq!(
            reason("1,2,3"),
            "expected seven columns (time, key, key size, value size, client, operation, ttl), not `1,2,3`"
        );
        assert_eq!(
            reason("1.5,k,1,1,1,get,0"),
            "the time `1.5` is no number of seconds"
        );
        assert_eq!(reason("1,,1,1,1,get,0"), "the key is missing");
        assert_eq!(
            reason("1,k,1,x,1,get,0"),
            "the value's size `x` is no whole number"
        );
        assert_eq!(
            reason("1,k,1,1,1,scan,0"),
            "the operation `scan` is none of get, gets, set, add, replace, cas, append, prepend, incr, decr, delete"
        );
        assert_eq!(
            reason("1,k,1,1,1,get,-1"),
            "the ttl `-1` is no number of seconds"
        );
    }

    fn in_blocks(bytes: &[u8], options: &ReadOptions) -> Result<Vec<Event>, String> {
        let blocks = crate::open_blocks(Box::new(bytes), "trace", options);
        let mut source = Unpacked::new(blocks.map_err(|error| error.to_string())?);
        let (mut events, mut event) = (Vec::new(), Event::default());
        while source.next(&mut event).map_err(|error| error.to_string())? {
            events.push(event.clone());
        }
        Ok(events)
    }

    proptest! {
        #[test]
        fn blocks_are_as_event_by_event(rows in proptest::collection::vec((0_u32..3, "[ab,1-3]{1,3}", 0_u32..3, "get|set|delete|incr", 0_u32..2), 1..40)) {
            let mut second = 0;
            let mut text = String::new();
            for (step, key, size, operation, ttl) in rows {
                second += step;
                text.push_str(&format!("{second},{key},1,{size},3,{operation},{ttl}\n\n"));
            }
            let options = format("twitter");
            prop_assert_eq!(in_blocks(text.as_bytes(), &options).unwrap(), read(text.as_bytes(), &options).unwrap().0);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), rows in "[0-9a,\"\n]{0,80}") {
            let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("twitter") };
            for bytes in [bytes, format!("0,k,1,1,1,get,0\n{rows}").into_bytes()] {
                if !bytes.trim_ascii().is_empty() {
                    read(&bytes, &options).unwrap();
                    in_blocks(&bytes, &options).unwrap();
                }
            }
        }
    }
}
