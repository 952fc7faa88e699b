//! Real traces, with counts that were taken from them by other means.
#![expect(clippy::unwrap_used, reason = "a test may fail that way")]
#![expect(clippy::panic, reason = "tests fail by panicking")]

use cachepolicy_core::units::Duration;
use cachepolicy_trace::{
    AccessKey, AccessOperation, CacheStatus, Event, Needs, ReadOptions, ReadStats, Request,
    Summary, open,
};
use std::collections::BTreeMap;

const NASA: &[u8] = include_bytes!("../../../tests/data/http/nasa_19950701.log.gz");
const ELASTIC: &[u8] = include_bytes!("../../../tests/data/http/elastic_apache_logs.gz");
const NGINX_JSON: &[u8] = include_bytes!("../../../tests/data/http/nginx_json.log.gz");
const NGINX_JSON_DEFAULT: &[u8] =
    include_bytes!("../../../tests/data/http/nginx_json_default_escape.log.gz");
const NGINX_CUSTOM: &[u8] = include_bytes!("../../../tests/data/http/nginx_custom.log.gz");
const NGINX_NONE: &[u8] = include_bytes!("../../../tests/data/http/nginx_escape_none.log.gz");
const CLOUD_PHYSICS: &[u8] =
    include_bytes!("../../../tests/data/kv/cloudPhysicsIO.oracleGeneral.bin.gz");
const CLOUD_PHYSICS_CSV: &[u8] = include_bytes!("../../../tests/data/traces/cloudPhysicsIO.csv.gz");
const MULTI1: &[u8] = include_bytes!("../../../tests/data/kv/multi1.trace.gz");
const TWO_POOLS: &[u8] = include_bytes!("../../../tests/data/kv/2_pools.trace.gz");
const REDIS_MONITOR: &[u8] = include_bytes!("../../../tests/data/kv/redis_monitor.txt.gz");
const TWITTER: &[u8] = include_bytes!("../../../tests/data/kv/twitter_cluster52.csv.gz");
const P3: &[u8] = include_bytes!("../../../tests/data/kv/P3.lis.zst");

fn read(bytes: &[u8], options: &ReadOptions) -> (Vec<Event>, ReadStats) {
    let mut source = open(Box::new(bytes), "trace", options).unwrap();
    let mut events = Vec::new();
    let mut event = Event::default();
    while source.next(&mut event).unwrap() {
        events.push(event.clone());
    }
    let stats = source.stats().clone();
    (events, stats)
}

fn span(events: &[Event]) -> Duration {
    let times = events.first().zip(events.last());
    times.map_or(Duration::ZERO, |(first, last)| last.at().since(first.at()))
}

/// Bytes, and responses with a status of 200.
fn sums(events: &[Event]) -> (u64, usize) {
    let requests: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Request(request) => Some(request),
            Event::Access(_) | Event::Write(_) | Event::Fault(_) => None,
        })
        .collect();
    let bytes = requests.iter().filter_map(|request| request.bytes).sum();
    let good = requests
        .iter()
        .filter(|request| request.status == Some(200));
    (bytes, good.count())
}

#[test]
fn nasa() {
    let (events, stats) = read(NASA, &ReadOptions::default());
    assert_eq!(stats.format.map(|format| format.name()), Some("common"));
    assert_eq!((stats.lines, stats.events, stats.errors), (9_999, 9_999, 0));
    assert_eq!(stats.input_bytes, NASA.len() as u64);
    assert!(stats.spread);
    assert!(events.is_sorted_by_key(Event::at));
    assert_eq!(sums(&events), (246_472_942, 9_012));
    let seconds = span(&events).as_secs_f64();
    assert!((seconds - 13_183.0).abs() < 1.0, "{seconds}");
}

#[test]
fn elastic_is_put_in_order() {
    let (events, stats) = read(ELASTIC, &ReadOptions::default());
    assert_eq!(stats.format.map(|format| format.name()), Some("combined"));
    assert_eq!(
        (stats.lines, stats.events, stats.errors),
        (10_000, 10_000, 0)
    );
    // Lines whose time is before that of the line above them.
    assert_eq!(stats.reordered, 4_915);
    assert_eq!(stats.lateness_max, Duration::from_secs(59));
    assert!(events.is_sorted_by_key(Event::at));
    assert_eq!(sums(&events), (2_747_282_740, 9_126));
}

#[test]
fn one_seed_gives_one_order() {
    let of = |seed| {
        read(
            ELASTIC,
            &ReadOptions {
                seed,
                ..ReadOptions::default()
            },
        )
        .0
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

/// Reads and distinct keys.
fn reads_and_keys(bytes: &[u8], format: &str) -> (u64, u64) {
    let mut source = open(Box::new(bytes), "trace", &ReadOptions::default()).unwrap();
    let mut summary = Summary::new();
    let mut event = Event::default();
    while source.next(&mut event).unwrap() {
        summary.add(&event);
    }
    let known = source.stats().format.map(|format| format.name());
    assert_eq!(known, Some(format));
    let figures = summary.figures(0);
    (figures.counts.accesses, figures.keys.distinct)
}

#[test]
fn key_value_traces() {
    assert_eq!(reads_and_keys(MULTI1, "keys"), (15_858, 2_606));
    assert_eq!(reads_and_keys(TWO_POOLS, "keys"), (100_000, 9_939));
    assert_eq!(
        reads_and_keys(CLOUD_PHYSICS, "oracle-general"),
        (113_872, 48_974)
    );
    assert_eq!(reads_and_keys(P3, "arc"), (3_912_296, 762_543));
}

#[test]
fn csv_and_binary_records_of_one_trace_agree() {
    // But for the size: the binary trace gives each key its first one for good.
    let accesses = |bytes| {
        let (events, stats) = read(bytes, &ReadOptions::default());
        assert!(stats.spread);
        let accesses = events.into_iter().map(|event| match event {
            Event::Access(access) => (access.at, access.operation, access.key),
            other => panic!("{other:?}"),
        });
        accesses.collect::<Vec<_>>()
    };
    let binary = accesses(CLOUD_PHYSICS);
    let csv = accesses(CLOUD_PHYSICS_CSV);
    assert_eq!(csv.len(), 113_872);
    assert!(binary == csv);
    assert!(matches!(
        csv.first(),
        Some((_, _, AccessKey::Number(42_932_745)))
    ));
}

/// Accesses by operation.
fn operations(events: &[Event]) -> [usize; 3] {
    let of = |wanted: AccessOperation| {
        let is =
            |event: &&Event| matches!(event, Event::Access(access) if access.operation == wanted);
        events.iter().filter(is).count()
    };
    [
        of(AccessOperation::Get),
        of(AccessOperation::Set),
        of(AccessOperation::Delete),
    ]
}

#[test]
fn redis_monitor() {
    let (events, stats) = read(REDIS_MONITOR, &ReadOptions::default());
    let format = stats.format.map(|format| format.name());
    assert_eq!(format, Some("redis-monitor"));
    assert_eq!((stats.lines, stats.errors), (135, 0));
    assert!(events.is_sorted_by_key(Event::at) && !stats.spread);
    // Counted in the file command by command.
    assert_eq!(operations(&events), [84, 36, 17]);
    let others = [
        ("COMMAND", 2),
        ("ECHO", 1),
        ("EVAL", 1),
        ("INFO", 1),
        ("PING", 1),
        ("SCAN", 1),
        ("SELECT", 2),
        ("TTL", 1),
    ];
    let others = others.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(stats.others, BTreeMap::from(others));
    let ttls = events
        .iter()
        .filter(|event| matches!(event, Event::Access(access) if access.ttl.is_some()));
    assert_eq!(ttls.count(), 32);
}

#[test]
fn the_short_form_of_a_twitter_trace() {
    let (events, stats) = read(TWITTER, &ReadOptions::default());
    assert_eq!(stats.format.map(|format| format.name()), Some("kv-csv"));
    assert_eq!((events.len(), stats.errors), (4_000, 0));
    let bytes = events.iter().map(|event| match event {
        Event::Access(access) => access.bytes.unwrap_or(0),
        other => panic!("{other:?}"),
    });
    assert_eq!(bytes.sum::<u64>(), 782_988);
}

/// Five lines as they stand in the samples of Twitter's traces.
#[test]
fn twitter() {
    let text = "0,q:q:1:8WTfjZU14ee,17,213,4,get,0\n\
        0,yDqF:3q:1AJrrJ1nnCJKKrnGx1A,27,27,5,get,0\n\
        0,q:q:1:8WTw2gCuJe8,17,720,6,get,0\n\
        0,yDqF:vS:1AJr9JnArxCJGxn919K,27,27,7,get,0\n\
        0,yDqF:vS:1AJrrKG1CAnr1C19KxC,27,27,8,get,0\n";
    let (events, stats) = read(text.as_bytes(), &ReadOptions::default());
    assert_eq!(stats.format.map(|format| format.name()), Some("twitter"));
    assert_eq!(operations(&events), [5, 0, 0]);
}

/// Layouts of the logs that nginx wrote of the same requests.
const CUSTOM: &str = r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time "$upstream_response_time" $upstream_cache_status "$http_accept_language" "$cookie_currency" $msec"#;
const NONE: &str = "escape=none $msec $scheme://$host$request_uri $request_method $status [$http_user_agent] $upstream_cache_status";

fn nginx(bytes: &[u8], layout: Option<&str>) -> (Vec<Request>, ReadStats) {
    let options = ReadOptions {
        log_format: layout.map(|layout| layout.parse().unwrap()),
        needs: Needs::everything(),
        ..ReadOptions::default()
    };
    let (events, stats) = read(bytes, &options);
    let requests = events.into_iter().map(|event| match event {
        Event::Request(request) => request,
        other => panic!("{other:?}"),
    });
    (requests.collect(), stats)
}

#[test]
fn logs_of_nginx_in_four_layouts() {
    let (json, stats) = nginx(NGINX_JSON, None);
    assert_eq!(stats.format.map(|format| format.name()), Some("nginx-json"));
    // The one that cannot be read is TLS.
    assert_eq!((stats.lines, stats.errors, stats.spread), (245, 1, false));
    // Counted in the custom log, column by column.
    let of = |status| {
        let is = |request: &&Request| request.cache_status == Some(status);
        json.iter().filter(is).count()
    };
    let counts = [
        CacheStatus::Hit,
        CacheStatus::Miss,
        CacheStatus::Bypass,
        CacheStatus::Revalidated,
    ]
    .map(of);
    assert_eq!(counts, [79, 98, 18, 3]);

    let what = |request: &Request| {
        let Request {
            method,
            path,
            status,
            bytes,
            cost,
            cache_status,
            ..
        } = request.clone();
        (method, path, status, bytes, cost, cache_status)
    };
    let (default, stats) = nginx(NGINX_JSON_DEFAULT, None);
    assert_eq!(stats.errors, 1);
    assert!(json.iter().map(what).eq(default.iter().map(what)));
    let (custom, stats) = nginx(NGINX_CUSTOM, Some(CUSTOM));
    assert_eq!(stats.errors, 1);
    assert!(json.iter().map(what).eq(custom.iter().map(what)));
    let more = |request: &Request| {
        let user = request.user.clone();
        (
            request.at,
            user,
            request.headers.clone(),
            request.absent_cookies.clone(),
        )
    };
    let sorted = |requests: &[Request]| {
        let mut all: Vec<_> = requests.iter().map(more).collect();
        for (_, _, headers, _) in &mut all {
            headers.sort();
        }
        all
    };
    assert_eq!(sorted(&json), sorted(&custom));

    let (none, stats) = nginx(NGINX_NONE, Some(NONE));
    // Broken requests have no target.
    assert_eq!((none.len(), stats.errors), (243, 2));
    let hits = none
        .iter()
        .filter(|request| request.cache_status == Some(CacheStatus::Hit));
    assert_eq!(hits.count(), 79);
}
