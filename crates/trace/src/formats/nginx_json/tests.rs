use super::*;
use crate::event::{CacheStatus, Request};
use crate::testing::{error, format, read};
use crate::{MaxErrors, ReadOptions};
use cachepolicy_core::units::Duration;
use proptest::prelude::*;

fn needs(headers: &[&str], cookies: &[&str]) -> ReadOptions {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ReadOptions {
        needs: Needs {
            headers: texts(headers),
            cookies: texts(cookies),
            user: true,
            all: false,
        },
        max_errors: Some(MaxErrors::Share(1.0)),
        ..ReadOptions::default()
    }
}

fn everything() -> ReadOptions {
    ReadOptions {
        needs: Needs::everything(),
        max_errors: Some(MaxErrors::Share(1.0)),
        ..ReadOptions::default()
    }
}

fn request_with(line: &str, options: &ReadOptions) -> Request {
    let (events, stats) = read(line.as_bytes(), options).unwrap();
    let known = stats.format.map(|format| format.name());
    assert_eq!(known, Some("nginx-json"), "{line}");
    match events.as_slice() {
        [Event::Request(request)] => request.clone(),
        _ => panic!("{line}: {:?}", stats.samples),
    }
}

fn request(line: &str) -> Request {
    request_with(line, &everything())
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn nginx_own_names() {
    let line = r#"{"time_iso8601":"2026-11-25T03:58:12+00:00","msec":"1795579092.893","remote_user":"ann","request":"GET /p/3?page=2 HTTP/1.1","status":"200","body_bytes_sent":13,"http_host":"Shop.example:80","http_user_agent":"x\"y\u00e9\ud83d\ude00","http_referer":"","upstream_response_time":"0.010, 0.020 : 0.5","request_time":0.7,"upstream_cache_status":"EXPIRED","cookie_currency":"EUR","upstream_http_cache_control":"public, max-age=2, S-MaxAge=60"}"#;
    let request = request(line);
    assert_eq!(request.at.nanos(), 1_795_579_092_893_000_000);
    assert_eq!(
        (request.method.as_str(), request.host.as_str()),
        ("GET", "shop.example")
    );
    assert_eq!(request.path, "/p/3?page=2");
    assert_eq!(
        (request.user.as_deref(), request.user_known),
        (Some("ann"), true)
    );
    assert_eq!((request.status, request.bytes), (Some(200), Some(13)));
    assert_eq!(request.headers, [pair("user-agent", "x\"yé😀")]);
    assert_eq!(request.absent_headers, ["referer"]);
    assert_eq!(request.cookies, [pair("currency", "EUR")]);
    assert!(!request.headers_known && !request.cookies_known);
    assert_eq!(request.cost, Some(Duration::from_millis(530)));
    assert_eq!(request.cache_status, Some(CacheStatus::Expired));
    assert_eq!(request.ttl, Some(Duration::from_secs(60)));
}

#[test]
fn other_names_and_objects_of_their_own() {
    let line = r#" {"@timestamp":"2026-11-25T03:58:12.5Z", "http": {"method": "post", "response": {"status_code": 201, "headers": {"Accept-Language": "xx"}}, "request_headers": {"Accept-Language": "de"}, "cookies": {"a-b": "c"}}, "url": "https://a.example/x?y=1", "list": ["}", {"status": 500}], "ok": true, "userAgent": null, "bytes": 7 } "#;
    let request = request(line);
    assert_eq!(request.at.nanos(), 1_795_579_092_500_000_000);
    assert_eq!(
        (request.method.as_str(), request.host.as_str()),
        ("POST", "a.example")
    );
    assert_eq!(request.path, "/x?y=1");
    assert_eq!((request.status, request.bytes), (Some(201), Some(7)));
    assert_eq!(request.headers, [pair("accept-language", "de")]);
    assert_eq!(request.cookies, [pair("a-b", "c")]);
    assert_eq!(request.absent_headers, ["user-agent"]);
    assert_eq!(
        (request.cost, request.ttl, request.cache_status),
        (None, None, None)
    );
}

#[test]
fn targets_and_times_in_parts() {
    let path = |fields: &str| request(&format!(r#"{{"ts":1795579092.25,{fields}}}"#)).path;
    assert_eq!(path(r#""uri":"/a","args":"b=c""#), "/a?b=c");
    assert_eq!(path(r#""uri":"/a","args":"""#), "/a");
    assert_eq!(path(r#""path":"/a?b","query":"b""#), "/a?b");
    assert_eq!(path(r#""request_uri":"/a b\"","uri":"/x""#), "/a%20b\"");
    assert_eq!(path(r#""request":"-","uri":"/x""#), "/x");
    let at = |time: &str| {
        request(&format!(r#"{{"time":{time},"uri":"/"}}"#))
            .at
            .nanos()
    };
    for time in [
        "1795579092.893",
        "\"1795579092.893\"",
        "1795579092893",
        "1795579092893000",
        "1795579092893000000",
        "\"2026-11-25T03:58:12.893Z\"",
    ] {
        assert_eq!(at(time), 1_795_579_092_893_000_000, "{time}");
    }
    for second in ["1795579092", "\"25/Nov/2026:03:58:12 +0000\""] {
        assert_eq!(at(second) / 1_000_000_000, 1_795_579_092);
        assert_ne!(at(second) % 1_000_000_000, 0);
    }
}

#[test]
fn what_is_not_quite_json() {
    // Of `escape=default`, and of numbers that are none.
    let line = r#"{"time":"2026-11-25T03:58:12+00:00","request":"GET /p/a\x22b\x5Cc HTTP/1.1","upstream_response_time":-,"status":200,"bytes":,"user_agent":"caf\xC3\xA9 \x22","http_cookie":"currency=EUR; a; b=c=d"}"#;
    let request = request(line);
    assert_eq!(request.path, "/p/a\"b\\c");
    assert_eq!(
        (request.status, request.bytes, request.cost),
        (Some(200), None, None)
    );
    assert_eq!(request.headers, [pair("user-agent", "café \"")]);
    let cookies = [pair("currency", "EUR"), pair("a", ""), pair("b", "c=d")];
    assert_eq!(request.cookies, cookies);
    assert!(request.cookies_known);
}

#[test]
fn what_the_log_tells_is_known() {
    let line =
        r#"{"ts":1,"uri":"/","http_accept_language":"","cookie_currency":"EUR","host":"a.b"}"#;
    let all = request_with(line, &needs(&["accept-language", "host"], &["currency"]));
    assert!(all.headers_known && all.cookies_known && all.absent_headers.is_empty());
    let some = request_with(
        line,
        &needs(&["accept-language", "x-plan"], &["currency", "session"]),
    );
    assert!(!some.headers_known && !some.cookies_known);
    assert_eq!(some.absent_headers, ["accept-language"]);
    assert_eq!(some.cookies, [pair("currency", "EUR")]);
    let none = request_with(line, &needs(&["x-plan"], &["session"]));
    assert_eq!((none.headers.len(), none.absent_headers.len()), (0, 0));
    assert!(!none.headers_known && !none.cookies_known);
    // A cookie that stands in the header that has all of them.
    let header = r#"{"ts":1,"uri":"/","http_cookie":"","headers":{}}"#;
    let nothing = request_with(header, &needs(&[], &["currency"]));
    assert!(nothing.cookies_known && nothing.cookies.is_empty());
}

#[test]
fn nobody_is_known_once_somebody_was_named() {
    let line = |user: &str| format!("{{\"ts\":1.5,\"uri\":\"/\",\"remote_user\":\"{user}\"}}\n");
    let log = [line("-"), line("ann"), line("")].concat();
    let (events, _) = read(log.as_bytes(), &everything()).unwrap();
    let known: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Request(request) => (request.user.as_deref(), request.user_known),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(known, [(None, false), (Some("ann"), true), (None, true)]);
}

#[test]
fn costs_and_lifetimes() {
    let of = |fields: &str| {
        let request = request(&format!(r#"{{"ts":1,"uri":"/",{fields}}}"#));
        (request.cost, request.ttl)
    };
    let ms = Duration::from_millis;
    assert_eq!(of(r#""request_time":0.25"#), (Some(ms(250)), None));
    assert_eq!(
        of(r#""request_time":0.25,"upstream_cache_status":"HIT""#),
        (None, None)
    );
    assert_eq!(
        of(r#""request_time":0.25,"upstream_response_time":"-""#),
        (None, None)
    );
    assert_eq!(
        of(r#""upstream_response_time":"0.1, -""#),
        (Some(ms(100)), None)
    );
    let ttl = |control: &str| of(&format!(r#""sent_http_cache_control":"{control}""#)).1;
    assert_eq!(ttl("max-age=\\\"5\\\""), None);
    assert_eq!(ttl("Max-Age=5"), Some(ms(5_000)));
    assert_eq!(ttl("private, max-age=5"), Some(Duration::ZERO));
    assert_eq!(ttl("immutable"), None);
    assert_eq!(
        of(r#""upstream_http_x_accel_expires":"7","sent_http_cache_control":"no-store""#).1,
        Some(ms(7_000))
    );
}

#[test]
fn other_json_is_no_log() {
    for line in [
        r#"{"timestamp":"2026-11-25T03:58:12Z","message":"started"}"#,
        r#"{"request":"GET / HTTP/1.1"}"#,
        r#"{"time":"soon","uri":"/"}"#,
        r#"{"time":1"#,
    ] {
        let text = error(line.as_bytes(), &ReadOptions::default());
        assert!(text.contains("this is JSON, but neither"), "{text}");
    }
    let own = r#"{"at":1,"path":"/"}"#;
    let (_, stats) = read(own.as_bytes(), &ReadOptions::default()).unwrap();
    assert_eq!(stats.format.map(|format| format.name()), Some("jsonl"));
}

#[test]
fn mistakes_are_named() {
    let reason = |line: &str| {
        let options = ReadOptions {
            format: format("nginx-json").format,
            ..everything()
        };
        let (events, stats) = read(line.as_bytes(), &options).unwrap();
        assert_eq!(events, [], "{line}");
        stats.samples[0].reason.clone()
    };
    assert_eq!(reason("worker died"), "no JSON: `{` expected in column 1");
    assert_eq!(reason(r#"{"ts":1,"uri":"/a"#), "the JSON is cut off");
    assert_eq!(reason(r#"{"ts":1 "#), "the JSON is cut off");
    assert_eq!(
        reason(r#"{"ts":"1" "uri":"/"}"#),
        "no JSON: `}` expected in column 11"
    );
    assert_eq!(reason(r#"{"uri":"/"}"#), "the line has no time");
    assert_eq!(
        reason(r#"{"ts":"soon","uri":"/"}"#),
        "the time `soon` is neither as in `10/Oct/2000:13:55:36 -0700` or `2000-10-10T13:55:36-07:00` nor a number of seconds"
    );
    assert_eq!(
        reason(r#"{"ts":1,"request":"","uri":"-"}"#),
        "no request: the client sent none"
    );
    assert_eq!(
        reason(r#"{"ts":1,"request":"\u0016\u0003"}"#),
        r"the request `\u0016\u0003` is no HTTP: TLS sent to a port without it"
    );
    assert_eq!(
        reason(r#"{"ts":1,"uri":"index"}"#),
        "the path `index` does not begin with `/`"
    );
    assert_eq!(
        reason(r#"{"ts":1,"uri":"/","status":"2000"}"#),
        "`2000` is no status"
    );
    assert_eq!(
        reason(r#"{"ts":1,"uri":"/","bytes":"1.5"}"#),
        "`1.5` is no size in bytes"
    );
    assert_eq!(
        reason(r#"{"ts":1,"uri":"/","request_time":"fast"}"#),
        "`fast` is no number of seconds"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), pieces in proptest::collection::vec(
        prop_oneof![
            Just("{"), Just("}"), Just("\""), Just("\\"), Just(","), Just(":"), Just("["), Just("]"),
            Just("\"ts\":1,"), Just("\"uri\":\"/a\""), Just("\"headers\":{\"a\":\"b\"}"), Just("\n"),
            Just("\"request\":\"GET /\\ud83d HTTP/1.1\""), Just("-"), Just(" "), Just("\\u00"),
            Just("\"http_cookie\":\"a=b;;=\""), Just("null"),
        ],
        0..30,
    )) {
        let options = ReadOptions { format: format("nginx-json").format, ..everything() };
        for bytes in [bytes, pieces.concat().into_bytes()] {
            if !bytes.trim_ascii().is_empty() {
                let (events, stats) = read(&bytes, &options).unwrap();
                prop_assert!(events.len() as u64 + stats.errors <= stats.lines);
            }
        }
    }
}
