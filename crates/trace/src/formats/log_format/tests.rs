use super::*;
use crate::event::{CacheStatus, Request};
use crate::testing::{error, read};
use crate::{Format, MaxErrors, Needs, ReadOptions};
use cachepolicy_core::units::Duration;
use proptest::prelude::*;

const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

fn layout(text: &str) -> LogFormat {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn options(text: &str) -> ReadOptions {
    ReadOptions {
        log_format: Some(layout(text)),
        needs: Needs::everything(),
        max_errors: Some(MaxErrors::Share(1.0)),
        ..ReadOptions::default()
    }
}

fn request(text: &str, line: &str) -> Request {
    let (events, stats) = read(line.as_bytes(), &options(text)).unwrap();
    assert_eq!(stats.format.map(Format::name), Some("log-format"));
    match events.as_slice() {
        [Event::Request(request)] => request.clone(),
        _ => panic!("{line}: {:?}", stats.samples),
    }
}

fn reason(text: &str, line: &str) -> String {
    let (events, stats) = read(line.as_bytes(), &options(text)).unwrap();
    assert_eq!(events, [], "{line}");
    stats.samples[0].reason.clone()
}

fn refusal(text: &str) -> String {
    text.parse::<LogFormat>().unwrap_err().to_string()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_layout_with_everything() {
    let text = concat!(
        r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent "#,
        r#""$http_referer" "$http_user_agent" $request_time "$upstream_response_time" "#,
        r#"${upstream_cache_status} "$http_accept_language" "$cookie_currency" $msec"#
    );
    let line = r#"127.0.0.1 - ann [x lee [25/Nov/2026:03:58:06 +0000] shop.example "GET /a\x22 b HTTP/1.1" 200 24 "-" "caf\xC3\xA9/1.0 \x5C" 0.004 "0.001, 0.002" MISS "fr" "-" 1795579086.395"#;
    let request = request(text, line);
    assert_eq!(request.at.nanos(), 1_795_579_086_395_000_000);
    assert_eq!(
        (request.user.as_deref(), request.host.as_str()),
        (Some("ann [x lee"), "shop.example")
    );
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("GET", "/a\"%20b")
    );
    assert_eq!((request.status, request.bytes), (Some(200), Some(24)));
    assert_eq!(
        request.headers,
        [
            pair("user-agent", "café/1.0 \\"),
            pair("accept-language", "fr")
        ]
    );
    assert_eq!(request.absent_headers, ["referer"]);
    assert_eq!(request.absent_cookies, ["currency"]);
    assert_eq!(request.cost, Some(Duration::from_millis(3)));
    assert_eq!(request.cache_status, Some(CacheStatus::Miss));
}

#[test]
fn combined_lines_as_the_format_of_that_name() {
    let log = include_bytes!("../../../../../tests/data/http/elastic_apache_logs.gz");
    let by_layout = ReadOptions {
        max_errors: None,
        ..options(COMBINED)
    };
    let by_name = ReadOptions {
        needs: Needs::everything(),
        ..ReadOptions::default()
    };
    let (one, stats) = read(log, &by_layout).unwrap();
    let (mut other, known) = read(log, &by_name).unwrap();
    assert_eq!(stats.reordered, known.reordered);
    // One line has lost its end, which only the layout asks for.
    assert_eq!((one.len(), other.len()), (9_999, 10_000));
    assert_eq!((stats.errors, stats.samples[0].line), (1, 8_899));
    other.retain(|event| match event {
        Event::Request(request) => request.headers.len() + request.absent_headers.len() == 2,
        _ => true,
    });
    let differing = one.iter().zip(&other).filter(|(one, other)| one != other);
    assert_eq!((other.len(), differing.count()), (9_999, 0));
}

#[test]
fn directives_and_quotes() {
    let line = r#"25/Nov/2026:03:58:06 +0000|GET /a HTTP/1.1|"x"	'y'"#;
    for text in [
        "$time_local|$request|\"$http_user_agent\"\t'$http_referer'",
        "escape=default $time_local|$request|\"$http_user_agent\"\t'$http_referer'",
        "log_format main '$time_local|' # the time\n  '$request|\"$http_user_agent\"\\t\\'$http_referer\\'';\n",
        "log_format main escape=default \"$time_local|$request|\\\"$http_user_agent\\\"\\t'$http_referer'\";",
        "'$time_local|'\n'$request|\"$http_user_agent\"' \"\\t'$http_referer'\"",
        "escape=default '$time_local|$request|\"$http_user_agent\"\\t\\'$http_referer\\''",
    ] {
        let request = request(text, line);
        assert_eq!(request.path, "/a");
        let expected = [pair("user-agent", "x"), pair("referer", "y")];
        assert_eq!(request.headers, expected, "{text}");
    }
}

#[test]
fn escaping() {
    let of = |how: &str, agent: &str| {
        let text = format!("escape={how} $msec $request_uri \"$http_user_agent\" $status");
        let line = format!("1.5 /a\\x20b \"{agent}\" 200");
        let request = request(&text, &line);
        (request.headers[0].1.clone(), request.path)
    };
    let path = |path: &str| path.to_owned();
    assert_eq!(
        of("default", r"x\x22y"),
        ("x\"y".to_owned(), path("/a%20b"))
    );
    assert_eq!(
        of("json", r#"x\"y \u00e9"#),
        ("x\"y é".to_owned(), path("/a%20b"))
    );
    assert_eq!(
        of("none", r#"x"y\x22"#),
        ("x\"y\\x22".to_owned(), path("/a\\x20b"))
    );
}

#[test]
fn variables_side_by_side() {
    let text = "$msec $scheme://$host$request_uri $uri$is_args$args $request_method $status";
    let of = |line: &str| {
        let request = request(text, line);
        (request.method, request.host, request.path)
    };
    let expected = |path: &str| ("PUT".to_owned(), "a.example".to_owned(), path.to_owned());
    assert_eq!(
        of("1.5 http://a.example/x?y=1 /x?y=1 PUT 200"),
        expected("/x?y=1")
    );
    let text = "$msec $host$uri$is_args$args $request_method";
    let of = |line: &str| {
        let request = request(text, line);
        (request.method, request.host, request.path)
    };
    assert_eq!(of("1.5 a.example/x?y=1 PUT"), expected("/x?y=1"));
    assert_eq!(of("1.5 a.example/x PUT"), expected("/x"));
}

#[test]
fn mistakes_in_a_layout_are_named_with_their_place() {
    assert_eq!(
        refusal("$time_local $ $request"),
        "column 13, at `$ $request`: `$` begins the name of a variable, as in `$request`"
    );
    assert_eq!(
        refusal("$time_local ${request"),
        "column 13, at `${request`: `${` without `}` behind the name"
    );
    assert_eq!(
        refusal("$time_local $request$status"),
        "column 21, at `$status`: nothing says where `$request` ends and `$status` begins: there is no text between them"
    );
    assert_eq!(
        refusal("escape=yaml $time_local $request"),
        "column 1, at `escape=yaml $time_local $request`: `escape` is one of `default`, `json`, `none`"
    );
    assert_eq!(
        refusal("log_format main '$time_local'\n  '$request;"),
        "line 2, column 3, at `'$request;`: this quote is not closed"
    );
    assert_eq!(
        refusal("log_format a '$msec $uri'; log_format b '$uri';"),
        "column 28, at `log_format b '$uri';`: more than one directive"
    );
    assert_eq!(
        refusal("log_format "),
        "it has no time: none of `$time_local`, `$time_iso8601`, `$msec`; it has no request: none of `$request`, `$request_uri`, `$uri`, `$document_uri`"
    );
    assert_eq!(
        refusal("[$time_locl] \"$request\""),
        "it has no time: none of `$time_local`, `$time_iso8601`, `$msec`; did you mean `$time_local` by `$time_locl`?"
    );
    assert_eq!(
        refusal("$msec $request_id"),
        "it has no request: none of `$request`, `$request_uri`, `$uri`, `$document_uri`"
    );
    assert!(refusal("").starts_with("it has no time"));
}

#[test]
fn lines_that_do_not_fit_are_explained() {
    let good = r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1 "-" "x""#;
    assert_eq!(request(COMBINED, good).path, "/");
    assert_eq!(
        reason(COMBINED, &format!("{good} \"192.0.2.8\"")),
        r#"the line does not fit the format in column 72: it goes on with ` "192.0.2.8"` behind `$http_user_agent`"#
    );
    assert_eq!(
        reason(COMBINED, &good.replace("200 1", "200 x")),
        "the line does not fit the format in column 65: `$body_bytes_sent` would be `x`"
    );
    assert_eq!(
        reason(COMBINED, "worker died"),
        "the line does not fit the format in column 1: no ` - ` behind `$remote_addr`, which would begin with `worker died`"
    );
    assert_eq!(
        reason(COMBINED, &good[..64]),
        "the line does not fit the format in column 65: it ends where `$body_bytes_sent` should stand"
    );
    assert_eq!(
        reason("<$msec> $uri", "1.5 /a"),
        "the line does not begin with `<` as the format does, but with `1.5 /a`"
    );
    let (events, stats) = read(b"\n  \n", &options(COMBINED)).unwrap_or_default();
    assert_eq!((events.len(), stats.errors), (0, 0));
}

#[test]
fn the_name_alone_is_not_enough() {
    let by_name = crate::testing::format("log-format");
    let text = error(b"x\n", &by_name);
    assert!(text.contains("give it with `--log-format"), "{text}");
}

/// The line fits in very many ways, none of them right.
#[test]
fn looking_for_longer_values_is_bounded() {
    let line = "x ".repeat(50_000);
    let text = "$a $b $c $d $e [$msec] $request";
    assert!(reason(text, &line).starts_with("the line does not fit the format"));
}

proptest! {
    #[test]
    fn any_layout_is_taken_or_refused(pieces in proptest::collection::vec(
        prop_oneof![
            Just("$msec"), Just("$request"), Just("${uri}"), Just("$"), Just("{"), Just("}"), Just("'"),
            Just("\""), Just("\\"), Just(" "), Just("log_format x "), Just(";"), Just("escape=json "),
            Just("é"), Just("#"), Just("\n"),
        ],
        0..12,
    ), line in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(format) = pieces.concat().parse::<LogFormat>() {
            let options = ReadOptions { log_format: Some(format), max_errors: Some(MaxErrors::Share(1.0)), ..ReadOptions::default() };
            let _ = read(&line, &options);
        }
    }

    /// Values that nginx escaped, in a layout with text around them.
    #[test]
    fn what_is_written_is_read(
        agent in "[ -~é]{1,20}",
        path in "/[a-z?=&%]{0,20}",
        between in "[ |;:,\\[\\]<>]{1,3}",
        status in 100_u16..600,
        msec in 0_u32..1_000,
    ) {
        prop_assume!(agent.trim() == agent && agent != "-");
        let escaped: String = agent.bytes().map(|byte| match byte {
            b'"' | b'\\' | 0x7f.. => format!("\\x{byte:02X}"),
            _ => char::from(byte).to_string(),
        }).collect();
        let text = format!("$msec \"$http_user_agent\"{between}\"$request\"{between}$status");
        let line = format!("1700000000.{msec:03} \"{escaped}\"{between}\"GET {path} HTTP/1.1\"{between}{status}");
        let request = request(&text, &line);
        prop_assert_eq!(request.headers, [pair("user-agent", &agent)]);
        prop_assert_eq!((request.path, request.status), (path, Some(status)));
        prop_assert_eq!(request.at.nanos(), 1_700_000_000_000_000_000 + i64::from(msec) * 1_000_000);
    }

    #[test]
    fn any_line_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), pieces in proptest::collection::vec(
        prop_oneof![
            Just("\n"), Just("\""), Just("\\"), Just(" "), Just("["), Just("]"), Just(" - "), Just("\" "),
            Just("[10/Oct/2000:13:55:36 -0700] \""), Just("GET / "), Just("200"), Just("é"), Just("-"),
        ],
        0..30,
    )) {
        for bytes in [bytes, pieces.concat().into_bytes()] {
            if !bytes.trim_ascii().is_empty() {
                let (events, stats) = read(&bytes, &options(COMBINED)).unwrap();
                prop_assert!(events.len() as u64 + stats.errors <= stats.lines);
            }
        }
    }
}
