//! One block from bytes.

use super::bytes::Decoder;
use super::codec::{Known, SIGN};
use super::columns;
use crate::block::{
    Accesses, BLOCK_EVENTS_MAX, Block, Carried, Kind, News, Requests, Target, Writes, Written,
};
use crate::event::{AccessKey, AccessOperation, CacheStatus, FaultEvent, NamedFault, Row, Value};
use crate::json::NESTING_MAX;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};

const KINDS: [Kind; 4] = [Kind::Request, Kind::Access, Kind::Write, Kind::Fault];

/// Reads a block of that version into one that is empty, but for rows whose memory is used again.
/// `known`: what was numbered before it.
pub(super) fn decode(bytes: &[u8], version: u32, known: Known, block: &mut Block) -> Option<()> {
    let mut spare = core::mem::take(&mut block.news.written);
    let mut from = Decoder::new(bytes, version);
    let mut counts = [0_usize; 4];
    for _ in 0..from.count()? {
        let kind = *KINDS.get(usize::from(from.byte()?))?;
        let count = u32::try_from(from.number()?).ok()?;
        block.runs.push((kind, count));
        counts[kind as usize] += count as usize;
        if counts.iter().sum::<usize>() > BLOCK_EVENTS_MAX {
            return None;
        }
    }
    decode_news(&mut from, &mut spare, &mut block.news)?;
    let [requests, accesses, writes, faults] = counts;
    let known = known.with(&block.news);
    decode_requests(
        &mut from,
        requests,
        &known,
        &block.news,
        &mut block.requests,
    )?;
    decode_accesses(&mut from, accesses, &known, &mut block.accesses)?;
    decode_writes(&mut from, writes, &block.news, &mut block.writes)?;
    for _ in 0..faults {
        block.faults.push(decode_fault(&mut from)?);
    }
    from.is_at_end().then_some(())
}

fn decode_requests(
    from: &mut Decoder<'_>,
    count: usize,
    known: &Known,
    news: &News,
    into: &mut Requests,
) -> Option<()> {
    full(decode_times(from, count, &mut into.at)?, count)?;
    full(numbers(from, count, &mut into.target)?, count)?;
    full(numbers(from, count, &mut into.carried)?, count)?;
    numbers(from, count, &mut into.user)?;
    numbers(from, count, &mut into.data)?;
    numbers(from, count, &mut into.process)?;
    all_below(&into.target, known.targets)?;
    all_below(&into.carried, news.carried.len())?;
    columns::decode(from, count, &mut into.status, |status| status as u16)?;
    columns::decode(from, count, &mut into.bytes, |bytes| bytes)?;
    decode_durations(from, count, &mut into.cost)?;
    decode_durations(from, count, &mut into.ttl)?;
    if from.version < 2 {
        return Some(());
    }
    columns::decode(from, count, &mut into.cache_status, |code| {
        let place = usize::try_from(code).ok()?.checked_sub(1)?;
        CacheStatus::ALL.get(place).copied()
    })
}

fn decode_accesses(
    from: &mut Decoder<'_>,
    count: usize,
    known: &Known,
    into: &mut Accesses,
) -> Option<()> {
    full(decode_times(from, count, &mut into.at)?, count)?;
    full(numbers(from, count, &mut into.key)?, count)?;
    all_below(&into.key, known.keys)?;
    columns::decode(from, count, &mut into.operation, |code| match code {
        1 => AccessOperation::Set,
        2 => AccessOperation::Delete,
        _ => AccessOperation::Get,
    })?;
    let each = into.bytes.each_mut();
    if let Some(all) = columns::decode_each(from, count, each, |bytes| bytes)? {
        into.bytes.set_all(all);
    }
    decode_durations(from, count, &mut into.ttl)?;
    decode_durations(from, count, &mut into.cost)
}

fn decode_writes(
    from: &mut Decoder<'_>,
    count: usize,
    news: &News,
    into: &mut Writes,
) -> Option<()> {
    full(decode_times(from, count, &mut into.at)?, count)?;
    full(numbers(from, count, &mut into.written)?, count)?;
    all_below(&into.written, news.written.len())?;
    numbers(from, count, &mut into.process)?;
    decode_durations(from, count, &mut into.delay)
}

/// A column that every event is in.
fn full(length: usize, count: usize) -> Option<()> {
    (length == count).then_some(())
}

fn all_below(numbers: &[u32], limit: usize) -> Option<()> {
    let Ok(limit) = u32::try_from(limit) else {
        return Some(());
    };
    // All are looked at, some at a time.
    let any = numbers.iter().fold(false, |any, it| any | (*it >= limit));
    (!any).then_some(())
}

fn numbers(from: &mut Decoder<'_>, count: usize, into: &mut Vec<u32>) -> Option<usize> {
    columns::decode(from, count, into, |number| number as u32)?;
    Some(into.len())
}

fn decode_times(from: &mut Decoder<'_>, count: usize, into: &mut Vec<Time>) -> Option<usize> {
    columns::decode(from, count, into, |code| {
        Time::from_nanos((code ^ SIGN) as i64)
    })?;
    Some(into.len())
}

fn decode_durations(
    from: &mut Decoder<'_>,
    count: usize,
    into: &mut Vec<Option<Duration>>,
) -> Option<()> {
    columns::decode(from, count, into, |code| duration(code.checked_sub(1)?))
}

fn duration(nanos: u64) -> Option<Duration> {
    i64::try_from(nanos).ok().map(Duration::from_nanos)
}

fn decode_news(from: &mut Decoder<'_>, spare: &mut Vec<Written>, news: &mut News) -> Option<()> {
    decode_keys(from, &mut news.keys)?;
    for _ in 0..from.count()? {
        let target = Target {
            method: from.text()?,
            host: from.text()?,
            path: from.text()?,
        };
        news.targets.push(target).then_some(())?;
    }
    for _ in 0..from.count()? {
        let texts =
            |from: &mut Decoder<'_>| decode_list(from, |from| Some(from.text()?.to_owned()));
        news.carried.push(Carried {
            headers: texts(from)?,
            cookies: texts(from)?,
            attrs: texts(from)?,
            headers_known: from.flag()?,
            cookies_known: from.flag()?,
            user_known: from.flag()?,
            absent_headers: names(from)?,
            absent_cookies: names(from)?,
        });
    }
    for _ in 0..from.count()? {
        news.users.push(from.text()?).then_some(())?;
    }
    for _ in 0..from.count()? {
        news.data.push(decode_list(from, |from| {
            let count = from.count()?;
            (0..count).map(|_| Some(from.text()?.to_owned())).collect()
        })?);
    }
    for _ in 0..from.count()? {
        let mut written = spare.pop().unwrap_or_else(|| Written {
            model: String::new(),
            operation: Operation::Update,
            old: None,
            new: None,
        });
        set_text(&mut written.model, from.text()?);
        written.operation = match from.byte()? {
            code if code == Operation::Create as u8 => Operation::Create,
            code if code == Operation::Update as u8 => Operation::Update,
            code if code == Operation::Delete as u8 => Operation::Delete,
            _ => return None,
        };
        for row in [&mut written.old, &mut written.new] {
            if from.flag()? {
                decode_row_into(from, row.get_or_insert_default())?;
            } else {
                *row = None;
            }
        }
        news.written.push(written);
    }
    Some(())
}

fn set_text(text: &mut String, new: &str) {
    text.clear();
    text.push_str(new);
}

/// Reads a row in place of another one, whose memory is used again.
fn decode_row_into(from: &mut Decoder<'_>, row: &mut Row) -> Option<()> {
    let count = from.count()?;
    row.truncate(count);
    for (name, value) in &mut *row {
        set_text(name, from.text()?);
        let new = decode_value(from, 1, core::mem::replace(value, Value::Null))?;
        *value = new;
    }
    for _ in row.len()..count {
        let name = from.text()?.to_owned();
        row.push((name, decode_value(from, 1, Value::Null)?));
    }
    Some(())
}

/// Names that are known to be absent, which came with the second version.
fn names(from: &mut Decoder<'_>) -> Option<Vec<String>> {
    if from.version < 2 {
        return Some(Vec::new());
    }
    let count = from.count()?;
    (0..count).map(|_| Some(from.text()?.to_owned())).collect()
}

fn decode_keys(from: &mut Decoder<'_>, keys: &mut Vec<AccessKey>) -> Option<()> {
    let count = usize::try_from(from.number()?).ok()?;
    if count > BLOCK_EVENTS_MAX {
        return None;
    }
    if from.flag()? {
        columns::decode(from, count, keys, AccessKey::Number)?;
        return full(keys.len(), count);
    }
    for _ in 0..count {
        keys.push(if from.flag()? {
            AccessKey::Text(from.text()?.to_owned())
        } else {
            AccessKey::Number(from.number()?)
        });
    }
    Some(())
}

fn decode_list<'a, T>(
    from: &mut Decoder<'a>,
    value: impl Fn(&mut Decoder<'a>) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let count = from.count()?;
    (0..count)
        .map(|_| Some((from.text()?.to_owned(), value(from)?)))
        .collect()
}

fn decode_row(from: &mut Decoder<'_>, depth: usize) -> Option<Row> {
    decode_list(from, |from| decode_value(from, depth + 1, Value::Null))
}

/// `before`: a value whose memory is used again.
fn decode_value(from: &mut Decoder<'_>, depth: usize, before: Value) -> Option<Value> {
    if depth > NESTING_MAX + 1 {
        return None;
    }
    match from.byte()? {
        0 => Some(Value::Null),
        1 => {
            let mut text = match before {
                Value::Text(text) => text,
                Value::Null | Value::List(_) | Value::Row(_) => String::new(),
            };
            set_text(&mut text, from.text()?);
            Some(Value::Text(text))
        }
        2 => {
            let count = from.count()?;
            let values = (0..count).map(|_| decode_value(from, depth + 1, Value::Null));
            values.collect::<Option<_>>().map(Value::List)
        }
        3 => decode_row(from, depth).map(Value::Row),
        _ => None,
    }
}

fn decode_fault(from: &mut Decoder<'_>) -> Option<FaultEvent> {
    let at = Time::from_nanos((from.number()? ^ SIGN) as i64);
    let fault = match from.byte()? {
        0 => NamedFault::Flush {
            backend: from.text()?.to_owned(),
        },
        1 => NamedFault::Outage {
            target: from.text()?.to_owned(),
            duration: duration(from.number()?)?,
        },
        2 => NamedFault::Restart {
            process: u32::try_from(from.number()?).ok()?,
        },
        3 => NamedFault::Deploy,
        _ => return None,
    };
    Some(FaultEvent { at, fault })
}
