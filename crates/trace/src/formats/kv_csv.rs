//! CSV of key-value and block traces, by a header with columns of these names, in any order and
//! case; other columns are left alone:
//!
//! | what | names |
//! |---|---|
//! | time | `time`, `timestamp`, `ts` (seconds); `time_ms`, `timestamp_ms`; `time_us`, `timestamp_us`; none: an event every millisecond |
//! | key | `key`, `id`, `anonymized_key`, `object`, `obj`, `object_id`, `obj_id`, `lbn`, `lba`, `block` |
//! | size in bytes | `size`, `bytes`, `object_size`, `obj_size`, `value_size` |
//! | operation | `op`, `operation`: `get`, `gets`, `read`; `set`, `add`, `replace`, `cas`, `write`, `put`; `delete`, `remove`; SCSI codes in hexadecimal (`28`, `2a`) all count as reads, as in other cache simulators |
//! | lifetime in seconds | `ttl`; 0: none |

mod plain;

use super::keys::{Steps, key};
use crate::block::{BlockSource, UNKNOWN_BYTES};
use crate::decimal::{parse_nanos, parse_scaled};
use crate::event::{Access, AccessKey, AccessOperation, Event};
use crate::format::{Opening, Sample, Spec};
use crate::input::{Framed, Input};
use crate::key_blocks::{KeyBlocks, KeyRecord, KeyRecords, Next, RecordKey, Take, Trouble};
use crate::order::Moment;
use crate::pack::Packed;
use crate::reader::{Records, Times, too_long};
use crate::table::{Cells, Table, delimiter};
use crate::text::quote;
use crate::{Source, TraceError};
use cachepolicy_core::units::{Duration, Time};
use plain::Plain;
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "kv-csv",
    about: "CSV with columns like time, key, size and op",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open,
    open_blocks: Some(open_blocks),
    accesses_only: true,
};

/// With how many decimals of it make a nanosecond.
const TIMES: [(&str, i32); 7] = [
    ("time", 9),
    ("timestamp", 9),
    ("ts", 9),
    ("time_ms", 6),
    ("timestamp_ms", 6),
    ("time_us", 3),
    ("timestamp_us", 3),
];
const KEYS: &[&str] = &[
    "key",
    "id",
    "anonymized_key",
    "object",
    "obj",
    "object_id",
    "obj_id",
    "lbn",
    "lba",
    "block",
];
const SIZES: &[&str] = &["size", "bytes", "object_size", "obj_size", "value_size"];
const OPERATIONS: &[&str] = &["op", "operation"];
const TTLS: &[&str] = &["ttl"];

/// Which column holds what.
#[derive(Debug, Default)]
struct Columns {
    time: Option<usize>,
    /// How many decimals of the time make a nanosecond.
    decimals: i32,
    key: usize,
    size: Option<usize>,
    operation: Option<usize>,
    ttl: Option<usize>,
}

impl Columns {
    /// `None` where no column is a key.
    fn of(header: Cells<'_>) -> Option<Self> {
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                name.trim_matches(['#', ' '])
                    .to_ascii_lowercase()
                    .replace(' ', "_")
            })
            .collect();
        let find = |known: &[&str]| {
            known
                .iter()
                .find_map(|known| names.iter().position(|name| name == known))
        };
        let time = TIMES.iter().find_map(|(known, decimals)| {
            let column = names.iter().position(|name| name == known)?;
            Some((column, *decimals))
        });
        Some(Self {
            time: time.map(|(column, _)| column),
            decimals: time.map_or(9, |(_, decimals)| decimals),
            key: find(KEYS)?,
            size: find(SIZES),
            operation: find(OPERATIONS),
            ttl: find(TTLS),
        })
    }
}

fn sniff(sample: &Sample<'_>) -> bool {
    let Some(header) = sample.lines().next() else {
        return false;
    };
    let mut table = Table::new(delimiter(header));
    table
        .split(header)
        .is_ok_and(|cells| cells.len() > 1 && Columns::of(cells).is_some())
}

fn open<'a>(mut opening: Opening<'a, '_>) -> Result<Box<dyn Source + 'a>, TraceError> {
    let rows = rows(&mut opening)?;
    Ok(opening.source(rows))
}

/// Without detours where there are times and they are in order.
fn open_blocks<'a>(mut opening: Opening<'a, '_>) -> Result<Box<dyn BlockSource + 'a>, TraceError> {
    let rows = rows(&mut opening)?;
    let is_ordered = matches!(opening.options.reorder_window, None | Some(Duration::ZERO));
    if is_ordered && rows.columns.time.is_some() {
        return Ok(KeyBlocks::open(opening, rows));
    }
    let name = opening.name.to_owned();
    Ok(Box::new(Packed::new(opening.source(rows), &name)))
}

fn rows(opening: &mut Opening<'_, '_>) -> Result<KvCsv, TraceError> {
    let header = opening.header()?;
    let delimiter = delimiter(&header);
    let mut table = Table::new(delimiter);
    let columns = table
        .split(&header)
        .and_then(|cells| {
            Columns::of(cells).ok_or_else(|| {
                format!(
                    "the header {} names no column of keys: {}",
                    quote(&header),
                    KEYS.join(", ")
                )
            })
        })
        .map_err(|reason| opening.refuse(reason))?;
    Ok(KvCsv {
        table,
        plain: Plain::of(&columns, delimiter),
        columns,
        alike: Alike::default(),
        steps: Steps::default(),
    })
}

struct KvCsv {
    table: Table,
    columns: Columns,
    plain: Option<Plain>,
    alike: Alike,
    steps: Steps,
}

/// Reads of numeric keys in one whole second, one after the other: they are taken together.
#[derive(Debug, Default)]
struct Alike {
    /// The first one's line.
    number: u64,
    /// When that second begins.
    at: i64,
    /// The key and the bytes of each.
    records: Vec<(u64, u64)>,
}

impl Alike {
    /// Is this record one of them?
    #[inline]
    fn join(&mut self, number: u64, record: &KeyRecord<'_>) -> bool {
        let RecordKey::Number(key) = record.key else {
            return false;
        };
        let is_plain = record.whole_second
            && record.operation == AccessOperation::Get
            && record.bytes != UNKNOWN_BYTES
            && record.ttl.is_none();
        if self.records.is_empty() {
            (self.number, self.at) = (number, record.at);
        }
        let is_alike = is_plain && record.at == self.at;
        if is_alike {
            self.records.push((key, record.bytes));
        }
        is_alike
    }

    /// All that are there so far are taken.
    fn leave<T: Take>(&mut self, to: &mut T) -> Result<(), TraceError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let second = self.at.div_euclid(Duration::SECOND.nanos());
        let taken = to.take_second(self.number, second, self.records.iter().copied());
        self.records.clear();
        taken
    }
}

impl Columns {
    /// The time, and whether it is in whole seconds.
    fn moment(&self, cells: Cells<'_>) -> Result<Moment, String> {
        let text = cells.get(self.time.unwrap_or(usize::MAX)).trim();
        let nanos = parse_scaled(text, self.decimals)
            .ok_or_else(|| format!("the time {} is no number", quote(text.as_bytes())))?;
        let second = Duration::SECOND.nanos();
        Ok(Moment {
            at: Time::from_nanos(nanos),
            whole_second: self.decimals == 9 && nanos % second == 0,
            mark: 0,
        })
    }

    fn operation(&self, cells: Cells<'_>) -> Result<AccessOperation, String> {
        let Some(column) = self.operation else {
            return Ok(AccessOperation::Get);
        };
        let word = cells.get(column).trim();
        operation_named(&word.to_ascii_lowercase()).ok_or_else(|| {
            format!(
                "the operation {} is none of get, set, delete and their like",
                quote(word.as_bytes())
            )
        })
    }

    fn access(&self, cells: Cells<'_>, at: Time) -> Result<Access, String> {
        let name = cells.get(self.key).trim();
        if name.is_empty() {
            return Err("the key is missing".to_owned());
        }
        let number = |column: Option<usize>| match column.map(|column| cells.get(column).trim()) {
            None | Some("") => Ok(None),
            // In blocks the greatest number is none.
            Some(text) => match text.parse() {
                Ok(size) if size != UNKNOWN_BYTES => Ok(Some(size)),
                Ok(_) => Err(format!("the size {text} is too large")),
                Err(_) => Err(format!(
                    "the size {} is no whole number",
                    quote(text.as_bytes())
                )),
            },
        };
        let ttl = match self.ttl.map(|column| cells.get(column).trim()) {
            None | Some("" | "0") => None,
            Some(text) => {
                let nanos = parse_nanos(text).filter(|nanos| *nanos >= 0);
                let nanos = nanos.ok_or_else(|| {
                    format!("the ttl {} is no number of seconds", quote(text.as_bytes()))
                })?;
                Some(Duration::from_nanos(nanos))
            }
        };
        Ok(Access {
            at,
            operation: self.operation(cells)?,
            key: key(name),
            bytes: number(self.size)?,
            ttl,
            cost: None,
        })
    }
}

/// The operation of a name in lower case.
fn operation_named(word: &str) -> Option<AccessOperation> {
    match word {
        "" | "get" | "gets" | "read" | "r" => Some(AccessOperation::Get),
        "set" | "add" | "replace" | "cas" | "append" | "prepend" | "incr" | "decr" | "write"
        | "w" | "put" => Some(AccessOperation::Set),
        "delete" | "del" | "remove" => Some(AccessOperation::Delete),
        code if code.len() == 2 && u8::from_str_radix(code, 16).is_ok() => {
            Some(AccessOperation::Get)
        }
        _ => None,
    }
}

/// Blank lines and comments.
fn is_none(row: &[u8]) -> bool {
    let row = row.trim_ascii();
    row.is_empty() || row.starts_with(b"#")
}

impl Records for KvCsv {
    fn times(&self) -> Times {
        if self.columns.time.is_some() {
            Times::WholeSeconds
        } else {
            Times::Made
        }
    }

    fn advance(&mut self, input: &mut Input<'_>) -> io::Result<Framed> {
        Table::advance(input)
    }

    fn moment(&mut self, row: &[u8]) -> Result<Option<Moment>, String> {
        if is_none(row) {
            return Ok(None);
        }
        let cells = self.table.split(row)?;
        self.columns.moment(cells).map(Some)
    }

    fn fill(&mut self, row: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        if is_none(row) {
            return Ok(false);
        }
        let cells = self.table.split(row)?;
        // Times that the row has come from the reader, who put the rows in order.
        let access = self.columns.access(cells, self.steps.now())?;
        self.steps.advance();
        *event = Event::Access(access);
        Ok(true)
    }
}

impl KeyRecords for KvCsv {
    fn give<T: Take>(&mut self, input: &mut Input<'_>, to: &mut T) -> Result<Next, Trouble> {
        if let Some(plain) = &mut self.plain {
            let longest = input.line_bytes_max();
            let mut number = input.next_number();
            let first = number;
            let lines = input.lines()?;
            let mut rest = lines;
            let alike = &mut self.alike;
            while let Some((record, bytes)) = plain.row(rest).filter(|(_, bytes)| *bytes <= longest)
            {
                if !alike.join(number, &record) {
                    alike.leave(to)?;
                    if !alike.join(number, &record) {
                        to.take(number, Ok(record))?;
                    }
                }
                number += 1;
                rest = rest.get(bytes..).unwrap_or_default();
            }
            alike.leave(to)?;
            let consumed = lines.len() - rest.len();
            let is_all = rest.is_empty() && consumed > 0;
            input.consume_lines(consumed, number - first);
            if is_all {
                return Ok(Next::More);
            }
        }
        let framed = Table::advance(input)?;
        let number = input.number();
        match framed {
            Framed::End => return Ok(Next::End),
            Framed::TooLong => to.take(number, Err(too_long()))?,
            Framed::Record | Framed::Cut => {
                let row = input.record();
                if is_none(row) {
                    to.skip();
                } else {
                    self.give_any(row, number, to)?;
                }
            }
        }
        Ok(Next::More)
    }
}

impl KvCsv {
    /// A row with quotes, fractions, texts, or mistakes.
    fn give_any<T: Take>(&mut self, row: &[u8], number: u64, to: &mut T) -> Result<(), TraceError> {
        let columns = &self.columns;
        let read = self.table.split(row).and_then(|cells| {
            let moment = columns.moment(cells)?;
            Ok((moment, columns.access(cells, moment.at)?))
        });
        let (moment, access) = match read {
            Ok(read) => read,
            Err(reason) => return to.take(number, Err(reason)),
        };
        let record = KeyRecord {
            at: moment.at.nanos(),
            whole_second: moment.whole_second,
            key: match &access.key {
                AccessKey::Number(number) => RecordKey::Number(*number),
                AccessKey::Text(text) => RecordKey::Text(text),
            },
            operation: access.operation,
            bytes: access.bytes.unwrap_or(UNKNOWN_BYTES),
            ttl: access.ttl,
        };
        to.take(number, Ok(record))
    }
}

#[cfg(test)]
mod tests;
