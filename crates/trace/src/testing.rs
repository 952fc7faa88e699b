//! What the tests of all formats use.

use crate::event::{
    Access, AccessKey, AccessOperation, CacheStatus, FaultEvent, NamedFault, Request, Row, Value,
    Write,
};
use crate::{Event, Format, ReadOptions, ReadStats, TraceError, open};
use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

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

/// The events in that format.
pub(crate) fn written(format: &str, events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Format::named(format)
        .unwrap()
        .writer(Box::new(&mut out))
        .unwrap();
    for event in events {
        writer.write(event).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out
}

/// Text with everything in it that could need escaping; not empty, which CSV takes for absent.
fn text() -> impl Strategy<Value = String> {
    "[ -~\n\r\t\u{0}é\u{85}\u{1f600}|]{1,12}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,8}"
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map(name(), text(), 0..4).prop_map(|map| map.into_iter().collect())
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..=i64::MAX).prop_map(Duration::from_nanos)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), text().prop_map(Value::Text)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::List),
            btree_map(name(), inner, 0..3).prop_map(|map| Value::Row(map.into_iter().collect())),
        ]
    })
}

fn row() -> impl Strategy<Value = Option<Row>> {
    option::of(btree_map(name(), value(), 0..4).prop_map(|map| map.into_iter().collect()))
}

fn request() -> impl Strategy<Value = Request> {
    let target = (
        prop_oneof!["GET", "POST", "M-SEARCH"],
        "[a-z.:0-9]{0,8}",
        text(),
    );
    let data = btree_map(name(), vec(text(), 0..3), 0..3);
    let known = any::<[bool; 3]>();
    // Longer than the names of what is there.
    let absent = || {
        let names = btree_set("[a-z]{10,12}", 0..3);
        names.prop_map(|names| names.into_iter().collect::<Vec<_>>())
    };
    let figures = (
        option::of(any::<u32>()),
        option::of(1u16..=999),
        option::of(any::<u64>()),
        option::of(duration()),
        option::of(duration()),
        option::of(proptest::sample::select(CacheStatus::ALL.to_vec())),
    );
    (
        target,
        (pairs(), absent()),
        (pairs(), absent()),
        option::of(text()),
        pairs(),
        data,
        known,
        figures,
    )
        .prop_map(
            |(
                target,
                (headers, absent_headers),
                (cookies, absent_cookies),
                user,
                attrs,
                data,
                known,
                figures,
            )| Request {
                at: Time::ZERO,
                method: target.0,
                host: target.1,
                path: target.2,
                headers,
                cookies,
                user,
                user_known: known[0],
                cookies_known: known[1],
                headers_known: known[2],
                absent_headers,
                absent_cookies,
                attrs,
                data: data.into_iter().collect(),
                process: figures.0,
                status: figures.1,
                bytes: figures.2,
                cost: figures.3,
                ttl: figures.4,
                cache_status: figures.5,
            },
        )
}

fn access() -> impl Strategy<Value = Access> {
    let operation = proptest::sample::select(
        AccessOperation::NAMES
            .map(|(_, operation)| operation)
            .to_vec(),
    );
    let key = prop_oneof![
        any::<u64>().prop_map(AccessKey::Number),
        "[a-z: ,\"é]{0,5}[a-z]".prop_map(AccessKey::Text)
    ];
    let figures = (
        option::of(any::<u64>()),
        option::of(duration()),
        option::of(duration()),
    );
    (operation, key, figures).prop_map(|(operation, key, (bytes, ttl, cost))| Access {
        at: Time::ZERO,
        operation,
        key,
        bytes,
        ttl,
        cost,
    })
}

fn write() -> impl Strategy<Value = Write> {
    let operation = prop_oneof![
        Just(Operation::Create),
        Just(Operation::Update),
        Just(Operation::Delete)
    ];
    let figures = (option::of(any::<u32>()), option::of(duration()));
    (text(), operation, row(), row(), figures).prop_map(
        |(model, operation, old, new, (process, delay))| Write {
            at: Time::ZERO,
            model,
            operation,
            old,
            new,
            process,
            delay,
        },
    )
}

fn fault() -> impl Strategy<Value = NamedFault> {
    prop_oneof![
        text().prop_map(|backend| NamedFault::Flush { backend }),
        (text(), duration()).prop_map(|(target, duration)| NamedFault::Outage { target, duration }),
        any::<u32>().prop_map(|process| NamedFault::Restart { process }),
        Just(NamedFault::Deploy),
    ]
}

/// Any events, in the order of time.
pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        request().prop_map(Event::Request),
        access().prop_map(Event::Access),
        write().prop_map(Event::Write),
        fault().prop_map(|fault| Event::Fault(FaultEvent {
            at: Time::ZERO,
            fault
        })),
    ];
    vec((any::<i64>(), event), 1..8).prop_map(|mut events| {
        events.sort_by_key(|(at, _)| *at);
        events
            .into_iter()
            .map(|(at, mut event)| {
                event.set_at(Time::from_nanos(at));
                event
            })
            .collect()
    })
}
