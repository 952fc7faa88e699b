use super::*;
use crate::testing::{error, format, read};
use crate::{MaxErrors, ReadOptions};
use proptest::prelude::*;

fn everything() -> ReadOptions {
    ReadOptions {
        needs: Needs {
            headers: vec!["user-agent".to_owned(), "referer".to_owned()],
            user: true,
            ..Needs::default()
        },
        max_errors: Some(MaxErrors::Share(1.0)),
        ..format("combined")
    }
}

fn request(line: &str) -> Request {
    let (events, stats) = read(line.as_bytes(), &everything()).unwrap();
    match events.as_slice() {
        [Event::Request(request)] => request.clone(),
        _ => panic!("{line}: {:?}", stats.samples),
    }
}

fn reason(line: &str) -> String {
    let (events, stats) = read(line.as_bytes(), &everything()).unwrap();
    assert_eq!(events, [], "{line}");
    stats.samples[0].reason.clone()
}

fn with_request(request: &str) -> String {
    format!(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "{request}" 400 226"#)
}

fn path(line: &str) -> String {
    request(&with_request(line)).path
}

#[test]
fn the_fields_of_a_combined_line() {
    // The example of Apache's documentation.
    let request = request(
        r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)""#,
    );
    assert_eq!(request.at.nanos().div_euclid(1_000_000_000), 971_211_336);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("GET", "/apache_pb.gif")
    );
    assert_eq!((request.status, request.bytes), (Some(200), Some(2326)));
    assert_eq!(
        (request.user.as_deref(), request.user_known),
        (Some("frank"), true)
    );
    assert_eq!(
        request.headers,
        [
            (
                "referer".to_owned(),
                "http://www.example.com/start.html".to_owned()
            ),
            (
                "user-agent".to_owned(),
                "Mozilla/4.08 [en] (Win98; I ;Nav)".to_owned()
            )
        ]
    );
    assert!(request.host.is_empty() && !request.headers_known && !request.cookies_known);
}

#[test]
fn what_nobody_needs_is_left_out() {
    let line = r#"::1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "a" "b""#;
    let (events, _) = read(line.as_bytes(), &format("combined")).unwrap();
    let [Event::Request(request)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&request.user, request.user_known, request.headers.len()),
        (&None, false, 0)
    );
}

#[test]
fn clients_users_and_virtual_hosts() {
    let client = |client: &str| {
        let request = request(&format!(
            r#"{client} [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 -"#
        ));
        assert_eq!(request.bytes, Some(0));
        (request.host, request.user.unwrap_or_default())
    };
    let of = |host: &str, user: &str| (host.to_owned(), user.to_owned());
    assert_eq!(client("2001:db8::1 - -"), of("", ""));
    assert_eq!(client("192.0.2.7 - Ann Lee"), of("", "Ann Lee"));
    assert_eq!(client(r"192.0.2.7 - a\x22b\xc3\xa9"), of("", "a\"bé"));
    assert_eq!(client("192.0.2.7 - a[b]"), of("", "a[b]"));
    assert_eq!(client("192.0.2.7 ident ann"), of("", "ann"));
    assert_eq!(client("192.0.2.7 - \"\""), of("", ""));
    assert_eq!(
        client("Example.com:443 192.0.2.7 - ann"),
        of("example.com", "ann")
    );
    assert_eq!(
        client("example.com:8080 host.example.net - -"),
        of("example.com:8080", "")
    );
    assert_eq!(client("example.com 2001:db8::1 - -"), of("example.com", ""));
    assert_eq!(
        client("[2001:db8::2]:80 192.0.2.7 - Ann Lee"),
        of("[2001:db8::2]", "Ann Lee")
    );
    assert_eq!(client("192.0.2.7"), of("", ""));
}

#[test]
fn a_dash_is_nobody_once_somebody_was_named() {
    let line = |user: &str| {
        format!("192.0.2.7 - {user} [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1\n")
    };
    let log = [line("-"), line("ann"), line("-")].concat();
    let (events, _) = read(log.as_bytes(), &everything()).unwrap();
    let known: Vec<bool> = events
        .iter()
        .map(|event| matches!(event, Event::Request(request) if request.user_known))
        .collect();
    assert_eq!(known, [false, true, true]);
}

#[test]
fn targets() {
    assert_eq!(path("GET /a?b=c#d HTTP/1.1"), "/a?b=c#d");
    assert_eq!(path("GET /no/protocol"), "/no/protocol");
    assert_eq!(path("GET /a b  c HTTP/1.1"), "/a%20b%20%20c");
    assert_eq!(path("get / http/1.0"), "/");
    assert_eq!(path(r#"GET /a\"b\\c HTTP/1.1"#), r#"/a"b\c"#);
    assert_eq!(path(r"GET /caf\xC3\xA9\x0a HTTP/1.1"), "/caf%C3%A9%0A");
    assert_eq!(path("GET /café HTTP/1.1"), "/caf%C3%A9");
    assert_eq!(path(r#"GET /a"b HTTP/1.1"#), r#"/a"b"#);
    assert_eq!(path("OPTIONS * HTTP/1.0"), "*");
    let absolute = request(&with_request("GET HTTP://Ann@Example.com:80/p?q HTTP/1.1"));
    assert_eq!(
        (absolute.host.as_str(), absolute.path.as_str()),
        ("example.com", "/p?q")
    );
    assert_eq!(path("GET https://example.com HTTP/1.1"), "/");
    assert_eq!(path("GET http://example.com?q=1 HTTP/1.1"), "/?q=1");
    assert_eq!(request(&with_request("get /x HTTP/1.1")).method, "GET");
    assert_eq!(
        request(&with_request("M-SEARCH /x HTTP/1.1")).method,
        "M-SEARCH"
    );
}

#[test]
fn broken_requests_are_named() {
    for nothing in ["", "-"] {
        assert_eq!(
            reason(&with_request(nothing)),
            "no request: the client sent none"
        );
    }
    assert_eq!(
        reason(&with_request(r"\x16\x03\x01\x02\x00\x01\x00")),
        r"the request `\x16\x03\x01\x02\x00\x01\x00` is no HTTP: TLS sent to a port without it"
    );
    assert_eq!(
        reason(&with_request("SSH-2.0-Go")),
        "the request `SSH-2.0-Go` is no HTTP"
    );
    assert_eq!(
        reason(&with_request("GET")),
        "the request `GET` has no path"
    );
    assert_eq!(
        reason(&with_request("GET HTTP/1.1")),
        "the request `GET HTTP/1.1` has no path"
    );
    assert_eq!(
        reason(&with_request("CONNECT example.com:443 HTTP/1.1")),
        "the request `CONNECT example.com:443 HTTP/1.1` has no path: `example.com:443` does not begin with `/`"
    );
}

#[test]
fn lines_that_are_none() {
    assert_eq!(
        reason("[error] worker died"),
        "the time `error` is not as in `10/Oct/2000:13:55:36 -0700`"
    );
    assert_eq!(
        reason("worker died"),
        "no time in brackets, as in `[10/Oct/2000:13:55:36 -0700]`: the line begins with `worker died`"
    );
    let cut = r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a HT"#;
    assert_eq!(
        reason(cut),
        "the request's quote is not closed: the line is cut off"
    );
    assert_eq!(reason(&format!("{cut}\"")), "no status behind the request");
    assert_eq!(reason(&format!("{cut}\" 20x 5")), "`20x` is no status");
    assert_eq!(
        reason(&format!("{cut}\" 200 5x")),
        "`5x` is no size in bytes"
    );
    assert_eq!(
        reason("192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] GET"),
        "no request in quotes behind the time: `GET`"
    );
    let (events, stats) = read(b"\n  \n", &everything()).unwrap();
    assert_eq!((events.len(), stats.lines, stats.errors), (0, 2, 0));
}

#[test]
fn further_fields_and_line_ends_are_left_alone() {
    let line = format!(
        "{} \"-\" \"agent\" 0.005 \"0.004\" cache=HIT\r\n",
        with_request("GET /a HTTP/2.0")
    );
    let request = request(&line);
    assert_eq!((request.status, request.bytes), (Some(400), Some(226)));
    assert_eq!(
        request.headers,
        [("user-agent".to_owned(), "agent".to_owned())]
    );
    let dashes = r#"192.0.2.7 - - [10/Oct/2000:13:55:36.250 +0000] "GET / HTTP/1.1" - -"#;
    let request = self::request(dashes);
    assert_eq!((request.status, request.bytes), (None, Some(0)));
    assert_eq!(request.at.nanos().rem_euclid(1_000_000_000), 250_000_000);
}

#[test]
fn lines_in_disorder_and_errors_beyond_the_limit() {
    let line = |minute: u32| {
        format!("192.0.2.7 - - [10/Oct/2000:13:{minute:02}:00 -0700] \"GET / HTTP/1.1\" 200 1\n")
    };
    let log = [line(10), line(9), line(12), line(10)].concat();
    assert_eq!(
        error(log.as_bytes(), &ReadOptions::default()),
        "`trace`, line 4: out of order by 2m, more than the reorder window of 1m: sort the trace by time, or widen the window with `--reorder` (1 of 4 lines cannot be read, 1% may be: see `--max-errors`)"
    );
    let wide = ReadOptions {
        reorder_window: Some(Duration::from_secs(120)),
        ..ReadOptions::default()
    };
    let (events, stats) = read(log.as_bytes(), &wide).unwrap();
    assert_eq!((events.len(), stats.reordered, stats.spread), (4, 2, true));
    assert_eq!(stats.lateness_max, Duration::from_secs(120));
    assert!(events.is_sorted_by_key(Event::at));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, &everything());
    }

    #[test]
    fn any_mixture_of_pieces_is_read_or_refused(pieces in proptest::collection::vec(
        prop_oneof![
            Just("\n"), Just("\""), Just("\\"), Just(" "), Just("["), Just("]"), Just("-"),
            Just("192.0.2.7 - - "), Just("[10/Oct/2000:13:55:36 -0700]"), Just("GET "),
            Just("http://"), Just("\\x1"), Just("200"), Just("é"), Just("HTTP/1.1"), Just("/"),
            Just("192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] \""),
        ],
        0..30,
    )) {
        let (events, stats) = read(pieces.concat().as_bytes(), &everything()).unwrap_or_default();
        prop_assert!(events.len() as u64 + stats.errors <= stats.lines);
    }
}
