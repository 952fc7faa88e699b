//! libCacheSim's `oracleGeneral`: packed records of 24 bytes, little-endian: u32 time in seconds,
//! u64 key, u32 size, i64 record of the key's next use (-1 or the greatest number: none).

use crate::event::{Access, AccessKey, AccessOperation, Event};
use crate::format::{Sample, Spec};
use crate::input::{Framed, Input};
use crate::key_blocks::{KeyBlocks, KeyRecords, Next, Take, Trouble};
use crate::order::Moment;
use crate::pack::Packed;
use crate::reader::cut_off;
use crate::reader::{Records, Times};
use cachepolicy_core::units::{Duration, Time};
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "oracle-general",
    about: "libCacheSim's binary records",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open: |opening| Ok(opening.source(OracleGeneral)),
    open_blocks: Some(|opening| match opening.options.reorder_window {
        None | Some(Duration::ZERO) => Ok(KeyBlocks::open(opening, OracleGeneral)),
        Some(_) => {
            let name = opening.name.to_owned();
            Ok(Box::new(Packed::new(opening.source(OracleGeneral), &name)))
        }
    }),
    accesses_only: true,
};

const RECORD_BYTES: usize = 24;

struct Record {
    second: u32,
    key: u64,
    bytes: u32,
    next: i64,
}

impl Record {
    fn read(record: &[u8]) -> Option<Self> {
        let (second, rest) = record.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (bytes, rest) = rest.split_first_chunk()?;
        let (next, _) = rest.split_first_chunk()?;
        Some(Self {
            second: u32::from_le_bytes(*second),
            key: u64::from_le_bytes(*key),
            bytes: u32::from_le_bytes(*bytes),
            next: i64::from_le_bytes(*next),
        })
    }
}

fn second_of(record: &[u8; RECORD_BYTES]) -> u32 {
    let [a, b, c, d, ..] = *record;
    u32::from_le_bytes([a, b, c, d])
}

fn key_and_bytes(record: &[u8; RECORD_BYTES]) -> (u64, u64) {
    let [_, _, _, _, a, b, c, d, e, f, g, h, i, j, k, l, ..] = *record;
    let bytes = u32::from_le_bytes([i, j, k, l]);
    (
        u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        u64::from(bytes),
    )
}

/// Times that never fall, and next uses that lie ahead.
fn sniff(sample: &Sample<'_>) -> bool {
    if sample.whole && !sample.bytes.len().is_multiple_of(RECORD_BYTES) {
        return false;
    }
    let records = sample.bytes.chunks_exact(RECORD_BYTES);
    let mut before = 0;
    let mut count = 0;
    for (index, record) in records.filter_map(Record::read).enumerate() {
        let ahead = record.next == -1 || record.next > index as i64;
        if record.second < before || !ahead {
            return false;
        }
        before = record.second;
        count += 1;
    }
    // Text has no byte 0, which is in every record of a trace of sane sizes.
    count > 0 && sample.bytes.contains(&0)
}

struct OracleGeneral;

fn damaged() -> String {
    format!("a record has {RECORD_BYTES} bytes")
}

impl Records for OracleGeneral {
    fn times(&self) -> Times {
        Times::WholeSeconds
    }

    fn advance(&mut self, input: &mut Input<'_>) -> io::Result<Framed> {
        input.next_block(RECORD_BYTES)
    }

    fn moment(&mut self, record: &[u8]) -> Result<Option<Moment>, String> {
        let record = Record::read(record).ok_or_else(damaged)?;
        Ok(Some(Moment {
            at: Time::ZERO + Duration::from_secs(i64::from(record.second)),
            whole_second: true,
            mark: 0,
        }))
    }

    fn fill(&mut self, record: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        let record = Record::read(record).ok_or_else(damaged)?;
        *event = Event::Access(Access {
            at: Time::ZERO + Duration::from_secs(i64::from(record.second)),
            operation: AccessOperation::Get,
            key: AccessKey::Number(record.key),
            bytes: Some(u64::from(record.bytes)),
            ttl: None,
            cost: None,
        });
        Ok(true)
    }
}

impl KeyRecords for OracleGeneral {
    fn give<T: Take>(&mut self, input: &mut Input<'_>, to: &mut T) -> Result<Next, Trouble> {
        let first = input.number();
        let records = input.records(RECORD_BYTES)?;
        let count = records.len() / RECORD_BYTES;
        if count == 0 {
            let cut = input.next_block(RECORD_BYTES)?;
            if cut == Framed::Cut {
                to.take(input.number(), Err(cut_off(input.record().len())))?;
            }
            return Ok(Next::End);
        }
        let (mut rest, _) = records.as_chunks::<RECORD_BYTES>();
        let mut number = first + 1;
        while let Some(first) = rest.first() {
            let second = second_of(first);
            let same = rest.iter().take_while(|record| second_of(record) == second);
            let (records, behind) = rest.split_at(same.count());
            to.take_second(number, i64::from(second), records.iter().map(key_and_bytes))?;
            number += records.len() as u64;
            rest = behind;
        }
        input.consume(count, RECORD_BYTES);
        Ok(Next::More)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, format, read};
    use crate::{Format, MaxErrors, ReadOptions};
    use proptest::prelude::*;

    fn record(second: u32, key: u64, bytes: u32, next: i64) -> Vec<u8> {
        let mut record = second.to_le_bytes().to_vec();
        record.extend(key.to_le_bytes());
        record.extend(bytes.to_le_bytes());
        record.extend(next.to_le_bytes());
        record
    }

    #[test]
    fn records_are_known_by_their_content() {
        let trace = [
            record(5, 7, 100, 3),
            record(5, 8, 200, -1),
            record(6, 7, 100, i64::MAX),
        ];
        let (events, stats) = read(&trace.concat(), &ReadOptions::default()).unwrap();
        assert_eq!(stats.format.map(Format::name), Some("oracle-general"));
        assert!(stats.spread);
        let [first, _, last] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert!((5_000_000_000..6_000_000_000).contains(&first.at().nanos()));
        let Event::Access(last) = last else {
            panic!("{last:?}");
        };
        assert_eq!((&last.key, last.bytes), (&AccessKey::Number(7), Some(100)));
        let backwards = [record(6, 7, 100, -1), record(5, 8, 200, -1)].concat();
        assert!(error(&backwards, &ReadOptions::default()).contains("this is binary data"));
    }

    #[test]
    fn the_end_is_missing() {
        let mut trace = [record(5, 7, 100, -1), record(5, 8, 200, -1)].concat();
        trace.truncate(40);
        assert_eq!(
            error(&trace, &format("oracle-general")),
            "`trace`, line 2: the last record is cut off: only 16 bytes of it are there (1 of 2 lines cannot be read, none may be: see `--max-errors`)"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let options = ReadOptions { max_errors: Some(MaxErrors::Share(1.0)), ..format("oracle-general") };
            if !bytes.is_empty() {
                let (_, stats) = read(&bytes, &options).unwrap();
                prop_assert_eq!(stats.lines, bytes.len().div_ceil(RECORD_BYTES) as u64);
            }
        }
    }
}
