//! Lines of access logs, as Apache and nginx really write them:
//! `[vhost:port] client ident user [time] "request" status bytes ["referer" "user-agent"] …`.
//!
//! What stands behind the fields that are known is left alone. Escapes are those of Apache (`\"`,
//! `\\`, `\xhh`, `\n` and the like) and of nginx (`\xHH`). A path is kept as sent, except that
//! bytes that no URL may hold are percent-encoded.

use crate::Needs;
use crate::event::{Event, Request};
use crate::format::Sample;
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::text::quote;
use crate::timestamp::{Clock, Stamp};
use cachepolicy_core::units::{Duration, Time};
use memchr::{memchr, memchr_iter, memrchr};

/// Longer than any time in brackets.
const TIME_BYTES_MAX: usize = 48;
/// A method of this length or more is garbage.
const METHOD_BYTES_MAX: usize = 24;

/// Does any line have the form of one?
pub(super) fn sniff(sample: &Sample<'_>) -> bool {
    let mut clock = Clock::default();
    sample.lines().any(|line| {
        find_time(line, &mut clock)
            .is_ok_and(|(_, _, behind)| behind.trim_ascii_start().starts_with(b"\""))
    })
}

/// Does the line go on with a quoted field behind the size?
pub(super) fn has_referer(line: &[u8]) -> bool {
    let parts = find_time(line, &mut Clock::default())
        .map_err(drop)
        .and_then(|(_, _, behind)| Fields::split(behind).map_err(drop));
    parts.is_ok_and(|fields| fields.behind.trim_ascii_start().starts_with(b"\""))
}

/// Reads lines of access logs.
pub(super) struct AccessLog {
    clock: Clock,
    user: bool,
    referer: bool,
    user_agent: bool,
    /// A user was named: from then on `-` is somebody who is not logged in.
    users: bool,
    scratch: Vec<u8>,
}

impl AccessLog {
    pub(super) fn new(needs: &Needs) -> Self {
        let header = |name: &str| needs.headers.iter().any(|header| header == name);
        Self {
            clock: Clock::default(),
            user: needs.user,
            referer: header("referer"),
            user_agent: header("user-agent"),
            users: false,
            scratch: Vec::new(),
        }
    }

    /// Fills in what stands before the time.
    fn read_client(&mut self, text: &[u8], request: &mut Request) {
        let client = Client::split(text.trim_ascii());
        if let Some(host) = client.host {
            set_host(host, request);
        }
        if self.user {
            let user = client.user;
            if !user.is_empty() && user != b"-" && user != b"\"\"" {
                self.users = true;
                unescape(user, &mut self.scratch);
                request.user = Some(String::from_utf8_lossy(&self.scratch).into_owned());
            }
            request.user_known = self.users;
        }
    }

    /// Fills in method, path and host from a request line.
    fn read_request(&mut self, line: &[u8], request: &mut Request) -> Result<(), String> {
        let (method, target) = split_request(line)?;
        let broken = || format!("the request {} is no HTTP", quote(line));
        let method = std::str::from_utf8(method).map_err(|_| broken())?;
        request.method.push_str(method);
        request.method.make_ascii_uppercase();
        let target = if target.contains(&b'\\') {
            unescape(target, &mut self.scratch);
            &self.scratch
        } else {
            target
        };
        let path = match absolute(target) {
            Some((host, path)) => {
                set_host(host, request);
                path
            }
            None => target,
        };
        match path.first() {
            Some(b'/') => {}
            Some(b'?') | None => request.path.push('/'),
            Some(b'*') if path == b"*" => {}
            Some(_) => {
                return Err(format!(
                    "the request {} has no path: {} does not begin with `/`",
                    quote(line),
                    quote(path)
                ));
            }
        }
        push_url(path, &mut request.path);
        Ok(())
    }

    fn read_headers(&mut self, behind: &[u8], request: &mut Request) {
        if !self.referer && !self.user_agent {
            return;
        }
        let Some((referer, rest)) = quoted(behind.trim_ascii_start()) else {
            return;
        };
        if self.referer {
            self.push_header("referer", referer, request);
        }
        if self.user_agent
            && let Some((agent, _)) = quoted(rest.trim_ascii_start())
        {
            self.push_header("user-agent", agent, request);
        }
    }

    fn push_header(&mut self, name: &str, value: &[u8], request: &mut Request) {
        if value.is_empty() || value == b"-" {
            return;
        }
        unescape(value, &mut self.scratch);
        let value = String::from_utf8_lossy(&self.scratch).into_owned();
        request.headers.push((name.to_owned(), value));
    }
}

impl Records for AccessLog {
    fn times(&self) -> Times {
        Times::WholeSeconds
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        let (before, stamp, _) = match find_time(line, &mut self.clock) {
            Ok(found) => found,
            Err(_) if line.trim_ascii().is_empty() => return Ok(None),
            Err(no_time) => return Err(no_time.reason(line)),
        };
        let fraction = Duration::from_nanos(i64::from(stamp.fraction.unwrap_or(0)));
        let second = Time::from_nanos(stamp.second.saturating_mul(1_000_000_000));
        Ok(Some(Moment {
            at: second + fraction,
            whole_second: stamp.fraction.is_none(),
            mark: before.len() as u32,
        }))
    }

    fn fill(&mut self, line: &[u8], mark: u32, event: &mut Event) -> Result<bool, String> {
        let (before, rest) = line
            .split_at_checked(mark as usize)
            .ok_or("the line has no time")?;
        let close = memchr(b']', rest).ok_or("the line has no time")?;
        let behind = rest.get(close + 1..).unwrap_or_default();
        let fields = Fields::split(behind)?;
        let request = event.make_request();
        self.read_client(before, request);
        self.read_request(fields.request, request)?;
        request.status = fields.status()?;
        request.bytes = fields.bytes()?;
        self.read_headers(fields.behind, request);
        Ok(true)
    }
}

enum NoTime<'a> {
    Missing,
    Unreadable(&'a [u8]),
}

impl NoTime<'_> {
    fn reason(&self, line: &[u8]) -> String {
        match self {
            Self::Missing => format!(
                "no time in brackets, as in `[10/Oct/2000:13:55:36 -0700]`: the line begins with {}",
                quote(line)
            ),
            Self::Unreadable(text) => format!(
                "the time {} is not as in `10/Oct/2000:13:55:36 -0700`",
                quote(text)
            ),
        }
    }
}

/// What stands before the time in brackets, the time, and what stands behind it.
fn find_time<'a>(
    line: &'a [u8],
    clock: &mut Clock,
) -> Result<(&'a [u8], Stamp, &'a [u8]), NoTime<'a>> {
    let mut unreadable = None;
    // A bracket may belong to an IPv6 address or to a user's name.
    for open in memchr_iter(b'[', line).take(8) {
        let rest = line.get(open + 1..).unwrap_or_default();
        let near = rest.get(..TIME_BYTES_MAX).unwrap_or(rest);
        let Some((text, _)) = memchr(b']', near).and_then(|close| rest.split_at_checked(close))
        else {
            continue;
        };
        if let Some(stamp) = clock.read(text) {
            let before = line.get(..open).unwrap_or_default();
            let behind = rest.get(text.len() + 1..).unwrap_or_default();
            return Ok((before, stamp, behind));
        }
        unreadable = unreadable.or(Some(text));
    }
    Err(unreadable.map_or(NoTime::Missing, NoTime::Unreadable))
}

/// What stands before the time.
struct Client<'a> {
    host: Option<&'a [u8]>,
    user: &'a [u8],
}

impl<'a> Client<'a> {
    /// `client ident user`, where the user may contain spaces; before it perhaps the virtual host
    /// (Apache's `vhost_combined`).
    fn split(text: &'a [u8]) -> Self {
        let (first, rest) = word(text);
        let (second, rest) = word(rest);
        if memchr(b' ', rest).is_some() && is_virtual_host(first, second) {
            let (_ident, user) = word(rest);
            return Self {
                host: Some(first),
                user,
            };
        }
        Self {
            host: None,
            user: rest,
        }
    }
}

/// The first word, and what stands behind the space.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b' ', text) {
        Some(space) => {
            let (word, rest) = text.split_at(space);
            (word, rest.get(1..).unwrap_or_default())
        }
        None => (text, &[]),
    }
}

/// Is the line's first word a virtual host, so that its second is the client? Otherwise the
/// second is the ident, which hardly anybody has.
fn is_virtual_host(first: &[u8], second: &[u8]) -> bool {
    if second == b"-" {
        return false;
    }
    let port = memrchr(b':', first).and_then(|colon| first.get(colon + 1..));
    let has_port = port.is_some_and(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit));
    let plain = first.iter().filter(|byte| **byte == b':').count() <= 1 || first.contains(&b']');
    (has_port && plain) || is_address(second)
}

/// An IP address of either version?
fn is_address(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}

/// Lower case, without the ports that a URL leaves out.
fn set_host(host: &[u8], request: &mut Request) {
    let host = [b":80".as_slice(), b":443"]
        .iter()
        .find_map(|port| host.strip_suffix(*port))
        .unwrap_or(host);
    request.host.clear();
    request.host.push_str(&String::from_utf8_lossy(host));
    request.host.make_ascii_lowercase();
}

/// What stands behind the time.
struct Fields<'a> {
    request: &'a [u8],
    status: &'a [u8],
    bytes: &'a [u8],
    behind: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `"request" status bytes …`
    fn split(text: &'a [u8]) -> Result<Self, String> {
        let text = text.trim_ascii_start();
        let open = text.strip_prefix(b"\"");
        let inside =
            open.ok_or_else(|| format!("no request in quotes behind the time: {}", quote(text)))?;
        // A quote inside a request is escaped, or was not by old servers: the last one is
        // followed by the status.
        for close in memchr_iter(b'"', inside) {
            let (request, rest) = inside.split_at(close);
            let Some(behind) = rest.get(1..) else {
                continue;
            };
            if let [b' ', b'0'..=b'9' | b'-', ..] = behind
                && !is_escaped(request)
            {
                let (status, rest) = word(behind.trim_ascii_start());
                let (bytes, behind) = word(rest);
                return Ok(Self {
                    request,
                    status,
                    bytes,
                    behind,
                });
            }
        }
        Err(if inside.contains(&b'"') {
            "no status behind the request".to_owned()
        } else {
            "the request's quote is not closed: the line is cut off".to_owned()
        })
    }

    /// `-` is none.
    fn status(&self) -> Result<Option<u16>, String> {
        match number(self.status) {
            _ if self.status == b"-" => Ok(None),
            Some(status @ 0..=999) => Ok((status > 0).then_some(status as u16)),
            _ => Err(format!("{} is no status", quote(self.status))),
        }
    }

    /// `-` is nothing sent; a line may end before it.
    fn bytes(&self) -> Result<Option<u64>, String> {
        match number(self.bytes) {
            Some(bytes) => Ok(Some(bytes)),
            None if self.bytes == b"-" => Ok(Some(0)),
            None if self.bytes.is_empty() => Ok(None),
            None => Err(format!("{} is no size in bytes", quote(self.bytes))),
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (!digits.is_empty()).then_some(value)
}

/// Does an odd number of backslashes stand at the end?
fn is_escaped(text: &[u8]) -> bool {
    let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    slashes % 2 == 1
}

/// A quoted field, and what stands behind it.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let close = memchr_iter(b'"', inside).find(|close| {
        let value = inside.get(..*close).unwrap_or_default();
        matches!(inside.get(close + 1), None | Some(b' ')) && !is_escaped(value)
    })?;
    let (value, rest) = inside.split_at(close);
    Some((value, rest.get(1..).unwrap_or_default()))
}

/// Method and target of a request line; spaces may stand in the target, the protocol may be
/// missing.
fn split_request(line: &[u8]) -> Result<(&[u8], &[u8]), String> {
    if line.is_empty() || line == b"-" {
        return Err("no request: the client sent none".to_owned());
    }
    let (method, rest) = word(line);
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    if method.len() >= METHOD_BYTES_MAX || method.is_empty() || !method.iter().all(letters) {
        let tls = line.starts_with(b"\\x16\\x03");
        let why = if tls {
            ": TLS sent to a port without it"
        } else {
            ""
        };
        return Err(format!("the request {} is no HTTP{why}", quote(line)));
    }
    let target = match memrchr(b' ', rest).and_then(|space| rest.split_at_checked(space)) {
        Some((target, protocol)) if is_protocol(protocol.trim_ascii_start()) => target,
        _ => rest,
    };
    let target = target.trim_ascii();
    if target.is_empty() || is_protocol(target) {
        return Err(format!("the request {} has no path", quote(line)));
    }
    Ok((method, target))
}

fn is_protocol(text: &[u8]) -> bool {
    text.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
}

/// Host and path of a target like `http://host/path`.
fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if matches!(target.first(), Some(b'/')) {
        return None;
    }
    let scheme = [b"http://".as_slice(), b"https://"]
        .into_iter()
        .find(|scheme| {
            target
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })?;
    let rest = target.get(scheme.len()..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = memrchr(b'@', authority)
        .map_or(authority, |at| authority.get(at + 1..).unwrap_or_default());
    Some((host, path))
}

/// Appends a piece of a URL; bytes that no URL may hold become percent-encoded.
fn push_url(bytes: &[u8], out: &mut String) {
    let plain = |byte: &u8| (0x21..0x7f).contains(byte);
    if bytes.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        out.push_str(text);
        return;
    }
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in bytes {
        if plain(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.extend(
                [byte >> 4, byte & 15]
                    .map(|digit| HEX.get(usize::from(digit)).copied())
                    .into_iter()
                    .flatten(),
            );
        }
    }
}

/// Replaces escapes by what they stand for; unknown ones stay.
fn unescape(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some(slash) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(slash);
        out.extend_from_slice(plain);
        let (byte, length) = match escape {
            [_, b'x', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'\\', 1),
            },
            [_, b'n', ..] => (b'\n', 2),
            [_, b't', ..] => (b'\t', 2),
            [_, b'r', ..] => (b'\r', 2),
            [_, b'b', ..] => (0x08, 2),
            [_, b'v', ..] => (0x0b, 2),
            [_, b'f', ..] => (0x0c, 2),
            [_, byte @ (b'"' | b'\\'), ..] => (*byte, 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, format, read};
    use crate::{MaxErrors, ReadOptions};
    use proptest::prelude::*;

    fn everything() -> ReadOptions {
        ReadOptions {
            needs: Needs {
                headers: vec!["user-agent".to_owned(), "referer".to_owned()],
                cookies: Vec::new(),
                user: true,
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
            format!(
                "192.0.2.7 - - [10/Oct/2000:13:{minute:02}:00 -0700] \"GET / HTTP/1.1\" 200 1\n"
            )
        };
        let log = [line(10), line(9), line(12), line(10)].concat();
        assert_eq!(
            error(log.as_bytes(), &ReadOptions::default()),
            "`trace`, line 4: out of order by 2m, more than the reorder window of 1m: sort the trace by time, or widen the window (1 of 4 lines cannot be read, 1% may be: see `--max-errors`)"
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
}
