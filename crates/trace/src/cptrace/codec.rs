//! One block as bytes.

use super::bytes::{Decoder, Encoder};
use super::columns;
use crate::block::{
    Accesses, BLOCK_EVENTS_MAX, Block, Carried, Kind, News, Requests, Target, Writes, Written,
};
use crate::event::{AccessKey, AccessOperation, CacheStatus, FaultEvent, NamedFault, Row, Value};
use crate::json::NESTING_MAX;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};

const KINDS: [Kind; 4] = [Kind::Request, Kind::Access, Kind::Write, Kind::Fault];

/// How many there are of what is numbered throughout the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    pub(super) keys: usize,
    pub(super) targets: usize,
    pub(super) users: usize,
}

impl Known {
    /// With those that are new in a block.
    pub(super) fn with(self, news: &News) -> Self {
        Self {
            keys: self.keys + news.keys.len(),
            targets: self.targets + news.targets.len(),
            users: self.users + news.users.len(),
        }
    }
}

/// Writes a block.
pub(super) fn encode(block: &Block, to: &mut Encoder) {
    to.number(block.runs.len() as u64);
    for (kind, count) in &block.runs {
        to.byte(*kind as u8);
        to.number(u64::from(*count));
    }
    encode_news(&block.news, to);
    let requests = &block.requests;
    times(&requests.at, to);
    for numbers in [
        &requests.target,
        &requests.carried,
        &requests.user,
        &requests.data,
        &requests.process,
    ] {
        columns::encode(numbers.iter().map(|number| u64::from(*number)), to);
    }
    columns::encode(requests.status.iter().map(|status| u64::from(*status)), to);
    columns::encode(requests.bytes.iter().copied(), to);
    durations(&requests.cost, to);
    durations(&requests.ttl, to);
    let statuses = requests.cache_status.iter();
    columns::encode(statuses.map(|status| cache_status_code(*status)), to);
    let accesses = &block.accesses;
    times(&accesses.at, to);
    columns::encode(accesses.key.iter().map(|key| u64::from(*key)), to);
    let operations = accesses.operation.iter();
    columns::encode(operations.map(|operation| *operation as u64), to);
    columns::encode(accesses.bytes.iter().copied(), to);
    durations(&accesses.ttl, to);
    durations(&accesses.cost, to);
    let writes = &block.writes;
    times(&writes.at, to);
    for numbers in [&writes.written, &writes.process] {
        columns::encode(numbers.iter().map(|number| u64::from(*number)), to);
    }
    durations(&writes.delay, to);
    for fault in &block.faults {
        encode_fault(fault, to);
    }
}

/// 0: the trace does not say.
fn cache_status_code(status: Option<CacheStatus>) -> u64 {
    let place = CacheStatus::ALL.iter().position(|one| Some(*one) == status);
    place.map_or(0, |place| place as u64 + 1)
}

/// In an order-preserving code without signs.
fn times(times: &[Time], to: &mut Encoder) {
    columns::encode(times.iter().map(|at| (at.nanos() as u64) ^ SIGN), to);
}

const SIGN: u64 = 1 << 63;

fn durations(durations: &[Option<Duration>], to: &mut Encoder) {
    let code = |duration: &Option<Duration>| duration.map_or(0, |d| d.nanos() as u64 + 1);
    columns::encode(durations.iter().map(code), to);
}

fn encode_news(news: &News, to: &mut Encoder) {
    to.number(news.keys.len() as u64);
    let numbers: Vec<u64> = news
        .keys
        .iter()
        .filter_map(|key| match key {
            AccessKey::Number(number) => Some(*number),
            AccessKey::Text(_) => None,
        })
        .collect();
    let are_numbers = numbers.len() == news.keys.len();
    to.byte(u8::from(are_numbers));
    if are_numbers {
        columns::encode(numbers.iter().copied(), to);
    } else {
        for key in &news.keys {
            match key {
                AccessKey::Number(number) => {
                    to.byte(0);
                    to.number(*number);
                }
                AccessKey::Text(text) => {
                    to.byte(1);
                    to.text(text);
                }
            }
        }
    }
    to.number(news.targets.len() as u64);
    for index in 0..news.targets.len() {
        let target = news.targets.get(index);
        for text in [target.method, target.host, target.path] {
            to.text(text);
        }
    }
    to.number(news.carried.len() as u64);
    for carried in &news.carried {
        for list in [&carried.headers, &carried.cookies, &carried.attrs] {
            encode_list(list, to, |value, to| to.text(value));
        }
        for known in [
            carried.headers_known,
            carried.cookies_known,
            carried.user_known,
        ] {
            to.byte(u8::from(known));
        }
        for names in [&carried.absent_headers, &carried.absent_cookies] {
            to.number(names.len() as u64);
            names.iter().for_each(|name| to.text(name));
        }
    }
    to.number(news.users.len() as u64);
    news.users.iter().for_each(|user| to.text(user));
    to.number(news.data.len() as u64);
    for data in &news.data {
        encode_list(data, to, |values, to| {
            to.number(values.len() as u64);
            values.iter().for_each(|value| to.text(value));
        });
    }
    to.number(news.written.len() as u64);
    for written in &news.written {
        to.text(&written.model);
        to.byte(written.operation as u8);
        for row in [&written.old, &written.new] {
            to.byte(u8::from(row.is_some()));
            if let Some(row) = row {
                encode_row(row, to, 0);
            }
        }
    }
}

fn encode_list<T>(list: &[(String, T)], to: &mut Encoder, push: impl Fn(&T, &mut Encoder)) {
    to.number(list.len() as u64);
    for (name, value) in list {
        to.text(name);
        push(value, to);
    }
}

fn encode_row(row: &Row, to: &mut Encoder, depth: usize) {
    encode_list(row, to, |value, to| encode_value(value, to, depth + 1));
}

/// What is nested deeper than can be read is left out as null.
fn encode_value(value: &Value, to: &mut Encoder, depth: usize) {
    match value {
        _ if depth > NESTING_MAX => to.byte(0),
        Value::Null => to.byte(0),
        Value::Text(text) => {
            to.byte(1);
            to.text(text);
        }
        Value::List(values) => {
            to.byte(2);
            to.number(values.len() as u64);
            for value in values {
                encode_value(value, to, depth + 1);
            }
        }
        Value::Row(row) => {
            to.byte(3);
            encode_row(row, to, depth);
        }
    }
}

fn encode_fault(event: &FaultEvent, to: &mut Encoder) {
    to.number((event.at.nanos() as u64) ^ SIGN);
    match &event.fault {
        NamedFault::Flush { backend } => {
            to.byte(0);
            to.text(backend);
        }
        NamedFault::Outage { target, duration } => {
            to.byte(1);
            to.text(target);
            to.number(duration.nanos() as u64);
        }
        NamedFault::Restart { process } => {
            to.byte(2);
            to.number(u64::from(*process));
        }
        NamedFault::Deploy => to.byte(3),
    }
}

/// Reads a block of that version into one that is empty. `known`: what was numbered before it.
pub(super) fn decode(bytes: &[u8], version: u32, known: Known, block: &mut Block) -> Option<()> {
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
    decode_news(&mut from, &mut block.news)?;
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
    columns::decode(from, count, &mut into.bytes, |bytes| bytes)?;
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
    let greatest = numbers.iter().copied().max();
    greatest
        .is_none_or(|greatest| (greatest as usize) < limit)
        .then_some(())
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

fn decode_news(from: &mut Decoder<'_>, news: &mut News) -> Option<()> {
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
        let model = from.text()?.to_owned();
        let operation = match from.byte()? {
            code if code == Operation::Create as u8 => Operation::Create,
            code if code == Operation::Update as u8 => Operation::Update,
            code if code == Operation::Delete as u8 => Operation::Delete,
            _ => return None,
        };
        let row = |from: &mut Decoder<'_>| {
            let is_there = from.flag()?;
            Some(if is_there {
                Some(decode_row(from, 0)?)
            } else {
                None
            })
        };
        news.written.push(Written {
            model,
            operation,
            old: row(from)?,
            new: row(from)?,
        });
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
    decode_list(from, |from| decode_value(from, depth + 1))
}

fn decode_value(from: &mut Decoder<'_>, depth: usize) -> Option<Value> {
    if depth > NESTING_MAX + 1 {
        return None;
    }
    match from.byte()? {
        0 => Some(Value::Null),
        1 => Some(Value::Text(from.text()?.to_owned())),
        2 => {
            let count = from.count()?;
            let values = (0..count).map(|_| decode_value(from, depth + 1));
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
