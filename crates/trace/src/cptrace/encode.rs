//! One block to bytes.

use super::bytes::Encoder;
use super::codec::SIGN;
use super::columns;
use crate::block::{Block, KnownSizes, News, UNKNOWN_BYTES};
use crate::event::{AccessKey, CacheStatus, FaultEvent, NamedFault, Row, Value};
use crate::json::NESTING_MAX;
use cachepolicy_core::units::{Duration, Time};

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
    match accesses.bytes.known() {
        KnownSizes::All(UNKNOWN_BYTES) => columns::encode([].into_iter(), to),
        KnownSizes::All(all) => columns::encode([all].into_iter(), to),
        KnownSizes::Each(each) => columns::encode(each.iter().copied(), to),
    }
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
