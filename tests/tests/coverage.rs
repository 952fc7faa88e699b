//! What each format tells of a request, as the report says it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail that way"
)]

use cachepolicy_core::Policy;
use cachepolicy_sim::Options;
use cachepolicy_sim::report::Report;
use cachepolicy_tests::run::{compile, replay};
use cachepolicy_trace::{Event, Format, Needs, ReadOptions};
use std::fs;

/// Asks for one dimension of each kind.
const POLICY: &str = r#"policy coverage { edition 1; processes 1 }

request {
  user.id                personal
  cookie currency        in [EUR, USD] else EUR
  header accept-language in [de, fr] else de
  header host
  query page
}

backend copies proxy { capacity 64MiB }
backend cache  redis { capacity 64MiB }

object entry(key) { store cache; ttl 1m }

view page(path) {
  route GET "/{path:**}"
  store copies
  ttl   1m
  uses  currency, accept-language, host, page
  vary  currency, accept-language, host, page
  skip  when user.id
}
"#;

/// Fills two of them in.
const WORKLOAD: &str = r#"
workload day {
  duration 1m
  requests 1/s { GET "/{path}" path zipf(1.0, 10) }
  cookie currency        choice(EUR 50%, USD 50%)
  header accept-language choice(de 50%, fr 50%)
}
"#;

/// `$request_uri` for the target, since the log is of a reverse proxy.
const LAYOUT: &str = r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time "$upstream_response_time" $upstream_cache_status "$http_accept_language" "$cookie_currency" $msec"#;

fn file(name: &str) -> Vec<u8> {
    let path = format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn options(policy: &Policy, layout: Option<&str>) -> ReadOptions {
    ReadOptions {
        log_format: layout.map(|layout| layout.parse().unwrap()),
        needs: Needs::of(policy),
        ..ReadOptions::default()
    }
}

fn report(bytes: &[u8], layout: Option<&str>, with_workload: bool) -> (Report, &'static str) {
    let workload = if with_workload { WORKLOAD } else { "" };
    let policy = compile(&format!("{POLICY}{workload}"));
    let options = options(&policy, layout);
    let mut source = cachepolicy_trace::open(Box::new(bytes), "trace", &options).unwrap();
    let report = replay(&policy, Options::default(), source.as_mut());
    (report, source.stats().format.map_or("", Format::name))
}

/// Observed, sampled and defaulted of the user, the cookie, the header, the host and the query.
type Coverages = [[u64; 3]; 5];

fn coverages(report: &Report) -> Coverages {
    ["user.id", "currency", "accept-language", "host", "page"].map(|name| {
        let coverage = report.dimensions[name];
        [coverage.observed, coverage.sampled, coverage.defaulted]
    })
}

/// The dimensions that the report warns of.
fn warned(report: &Report) -> Vec<&str> {
    let dimensions = report.dimensions.keys();
    dimensions
        .filter(|name| {
            let quoted = format!("`{name}`");
            let mut notes = report.notes.iter();
            notes.any(|note| note.contains("rest on that") && note.contains(&quoted))
        })
        .map(String::as_str)
        .collect()
}

/// The same log in another format.
fn converted(bytes: &[u8], format: &str) -> Vec<u8> {
    let options = ReadOptions {
        needs: Needs::everything(),
        ..ReadOptions::default()
    };
    let mut source = cachepolicy_trace::open(Box::new(bytes), "trace", &options).unwrap();
    let mut out = Vec::new();
    let mut writer = Format::named(format)
        .unwrap()
        .writer(Box::new(&mut out))
        .unwrap();
    let mut event = Event::default();
    while source.next(&mut event).unwrap() {
        writer.write(&event).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out
}

const OBSERVED: fn(u64) -> [u64; 3] = |count| [count, 0, 0];
const SAMPLED: fn(u64) -> [u64; 3] = |count| [0, count, 0];
const DEFAULTED: fn(u64) -> [u64; 3] = |count| [0, 0, count];

#[test]
fn access_logs_without_cookies_and_languages() {
    for (name, format, count) in [
        ("http/nasa_19950701.log.gz", "common", 9_999),
        ("http/elastic_apache_logs.gz", "combined", 10_000),
    ] {
        let (report, known) = report(&file(name), None, false);
        assert_eq!(known, format);
        let not = DEFAULTED(count);
        assert_eq!(coverages(&report), [not, not, not, not, OBSERVED(count)]);
        let names = ["user.id", "currency", "accept-language", "host"];
        assert_eq!(warned(&report), names, "{name}");
        let (report, _) = self::report(&file(name), None, true);
        let drawn = SAMPLED(count);
        assert_eq!(
            coverages(&report),
            [not, drawn, drawn, not, OBSERVED(count)]
        );
        assert_eq!(warned(&report), ["user.id", "host"], "{name}");
    }
}

#[test]
fn logs_of_nginx_that_have_all_of_them() {
    // Users are known from the first line on that names one, which is the eighth.
    let all = 244;
    let expected = |unknown: u64| {
        let user = [all - unknown, 0, unknown];
        let known = OBSERVED(all);
        [user, known, known, known, known]
    };
    let json = file("http/nginx_json.log.gz");
    let (by_json, format) = report(&json, None, false);
    assert_eq!(format, "nginx-json");
    let unknown = by_json.dimensions["user.id"].defaulted;
    assert!((1..100).contains(&unknown), "{unknown}");
    assert_eq!(coverages(&by_json), expected(unknown));
    assert_eq!(warned(&by_json), ["user.id"]);
    let observed = by_json.observed.unwrap();
    assert_eq!((observed.count, observed.hit, observed.miss), (198, 79, 98));
    let (by_layout, format) = report(&file("http/nginx_custom.log.gz"), Some(LAYOUT), false);
    assert_eq!(format, "log-format");
    for format in ["jsonl", "csv", "cptrace"] {
        let (again, known) = report(&converted(&json, format), None, false);
        assert_eq!(known, format);
        assert_eq!(coverages(&again), expected(unknown), "{format}");
        assert_eq!(again.observed, Some(observed), "{format}");
    }
    assert_eq!(coverages(&by_layout), expected(unknown));
    assert_eq!(by_layout.observed, Some(observed));
    // The header with all cookies, and no language or user; one target names its host.
    let (default, _) = report(&file("http/nginx_json_default_escape.log.gz"), None, true);
    let expected = [
        DEFAULTED(all),
        OBSERVED(all),
        SAMPLED(all),
        [1, 0, all - 1],
        OBSERVED(all),
    ];
    assert_eq!(coverages(&default), expected);
}

#[test]
fn key_value_traces_have_no_requests() {
    for (name, format) in [
        ("kv/cloudPhysicsIO.oracleGeneral.bin.gz", "oracle-general"),
        ("kv/multi1.trace.gz", "keys"),
        ("kv/redis_monitor.txt.gz", "redis-monitor"),
        ("kv/twitter_cluster52.csv.gz", "kv-csv"),
    ] {
        let (report, known) = report(&file(name), None, false);
        assert_eq!(known, format);
        assert_eq!(coverages(&report), [[0; 3]; 5], "{name}");
        assert!(report.levels["entry"].lookups > 0, "{name}");
        assert_eq!(warned(&report), [""; 0]);
        assert_eq!(report.observed, None);
    }
}
