//! Logs of servers: layouts that the user says, and what a log tells of the cache that was there.

use crate::run::{data, run, run_with, write};

const LAYOUT: &str = r#"[$time_iso8601] $remote_user "$request" $status $upstream_cache_status"#;
const LOG: &str = "[2026-11-25T03:58:06+00:00] - \"GET /p/cup HTTP/1.1\" 200 MISS\n\
    [2026-11-25T03:58:07+00:00] - \"GET /p/cup HTTP/1.1\" 200 EXPIRED\n\
    [2026-11-25T03:58:08+00:00] - \"GET /p/cup HTTP/1.1\" 200 HIT\n\
    [2026-11-25T03:58:09+00:00] - \"GET /favicon.ico HTTP/1.1\" 200 -\n";

#[test]
fn a_layout_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, log) = (
        data("shop.cachepolicy"),
        write(folder.path(), "access.log", LOG.as_bytes()),
    );
    let simulate = ["simulate", &shop, "--trace", &log, "--log-format", LAYOUT];
    let json = run(&[&simulate[..], &["--format", "json"]].concat())
        .fine()
        .json();
    assert_eq!(json["trace"]["requests"], 4);
    let observed = &json["observed"];
    assert_eq!(
        (&observed["count"], &observed["hit"], &observed["miss"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(observed["simulated_hit_ratio"], 2.0 / 3.0);
    let report = run(&simulate).fine().flowing();
    let beside = "observed: 33.3% of the 3 requests with a cache status in the trace needed no origin \
        (hit 1, expired 1, miss 1); simulated: 66.7% of the same";
    assert!(report.contains(beside), "{report}");
    let converted = run(&["trace", "convert", &log, "--log-format", LAYOUT]).fine();
    let lines = converted.stdout.lines();
    let statuses = lines.filter(|line| line.contains("\"cache_status\":\"expired\""));
    assert_eq!(statuses.count(), 1);
    // A log without it says nothing.
    let common = run(&[
        "simulate",
        &shop,
        "--trace",
        &data("access.log"),
        "--format",
        "json",
    ]);
    assert!(common.fine().json()["observed"].is_null());
}

#[test]
fn a_layout_with_a_mistake() {
    let log = data("access.log");
    let info = |layout: &str| run(&["trace", "info", &log, "--log-format", layout]).ended(2);
    info("$time_local ${request")
        .says("--log-format")
        .says("column 13, at `${request`");
    info("[$time_locl] $request").says("did you mean `$time_local` by `$time_locl`?");
    // Most lines do not fit.
    info("[$time_local] $request").says("the line does not begin with `[`");
    run(&[
        "trace",
        "info",
        &log,
        "--log-format",
        LAYOUT,
        "--trace-format",
        "combined",
    ])
    .ended(2)
    .says("cannot be used with");
    run(&["trace", "info", &log, "--trace-format", "log-format"])
        .ended(2)
        .says("give it with `--log-format");
}

#[test]
fn json_of_nginx_is_known_by_its_content() {
    let line = r#"{"@timestamp":"2026-11-25T03:58:06.5Z","request":"GET /p/cup HTTP/1.1","status":"200","cookie_currency":"EUR","cache":"HIT"}"#;
    let info = run_with(&["trace", "info", "-", "--format", "json"], line.as_bytes())
        .fine()
        .json();
    assert_eq!(info["format"], "nginx-json");
    assert_eq!(info["present"]["cookie currency"], 1);
    assert_eq!(info["present"]["cache status"], 1);
}

#[test]
fn commands_of_redis_that_are_no_accesses_are_counted() {
    let monitor = b"OK\n1700000000.000001 [0 127.0.0.1:1] \"PING\"\n\
        1700000000.000002 [0 127.0.0.1:1] \"MGET\" \"a\" \"b\"\n";
    let info = ["trace", "info", "-"];
    let json = run_with(&[&info[..], &["--format", "json"]].concat(), monitor)
        .fine()
        .json();
    assert_eq!(json["format"], "redis-monitor");
    assert_eq!(
        (&json["accesses"], &json["others"]["PING"]),
        (&2.into(), &1.into())
    );
    let text = run_with(&info, monitor).fine().stdout;
    let said = "1 command is nothing to a cache and was left out: PING 1";
    assert!(text.contains(said), "{text}");
}

#[test]
fn a_workload_fills_in_what_a_trace_lacks() {
    let (shop, log) = (data("shop.cachepolicy"), data("access.log"));
    let currency = |more: &[&str]| {
        let simulate = ["simulate", &shop, "--trace", &log, "--format", "json"];
        let report = run(&[&simulate[..], more].concat()).fine().json();
        let of = |how: &str| report["dimensions"]["currency"][how].as_u64().unwrap();
        (of("observed"), of("sampled"), of("defaulted"))
    };
    assert_eq!(currency(&[]), (0, 5, 0));
    assert_eq!(currency(&["--workload", "day"]), (0, 5, 0));
    assert_eq!(currency(&["--workload", "night"]), (0, 0, 5));
    run(&["simulate", &shop, "--trace", &log, "--workload", "nigt"])
        .ended(2)
        .says("did you mean `night`?");
}
