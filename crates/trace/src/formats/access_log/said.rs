//! From the values of nginx's variables to a request, wherever they stand in a line.

use super::line::number;
use super::target::{push_url, read_request, read_target, set_host, unescape};
use super::variables::{Named, VARIABLES, Variable, Wanted, is_missing};
use crate::decimal::{parse_nanos, parse_scaled};
use crate::event::{CacheStatus, Request};
use crate::order::Moment;
use crate::text::quote;
use crate::timestamp::Clock;
use cachepolicy_core::units::{Duration, Time};
use memchr::memchr;
use std::ops::Range;

/// What a line says, and what must be remembered from line to line to read it.
#[derive(Debug)]
pub(in crate::formats) struct Said {
    pub(in crate::formats) wanted: Wanted,
    /// Where in the line each value stands; `None`: the line does not tell of it.
    values: Vec<Option<(u32, u32)>>,
    /// Does the server escape bytes in values?
    is_escaped: bool,
    clock: Clock,
    /// A user was named: from then on nothing is somebody who is not logged in.
    users: bool,
    scratch: Vec<u8>,
}

impl Said {
    pub(in crate::formats) fn new(wanted: Wanted, is_escaped: bool) -> Self {
        Self {
            wanted,
            values: Vec::new(),
            is_escaped,
            clock: Clock::default(),
            users: false,
            scratch: Vec::new(),
        }
    }

    /// Before the first value of a line.
    pub(in crate::formats) fn clear(&mut self) {
        self.values.clear();
        self.values
            .resize(VARIABLES + self.wanted.named.len(), None);
    }

    /// A value of the line. Of several of one variable the first counts that is one.
    pub(in crate::formats) fn put(&mut self, slot: usize, line: &[u8], at: Range<usize>) {
        if slot >= self.values.len() {
            self.values.resize(slot + 1, None);
        }
        let is_said = self
            .slot(line, slot)
            .is_some_and(|value| !is_missing(value));
        if let Some(value) = self.values.get_mut(slot).filter(|_| !is_said) {
            *value = Some((at.start as u32, at.end as u32));
        }
    }

    /// What the line tells; empty or `-` where it says that there is nothing.
    fn slot<'l>(&self, line: &'l [u8], slot: usize) -> Option<&'l [u8]> {
        let (start, end) = self.values.get(slot).copied()??;
        line.get(start as usize..end as usize)
    }

    /// A value, if there is one.
    fn get<'l>(&self, line: &'l [u8], variable: Variable) -> Option<&'l [u8]> {
        let value = self.slot(line, variable.slot());
        value.filter(|value| !is_missing(value))
    }

    fn tells(&self, variable: Variable) -> bool {
        self.values
            .get(variable.slot())
            .is_some_and(Option::is_some)
    }

    /// Does it say when, and what was asked for?
    pub(in crate::formats) fn is_request(&mut self, line: &[u8]) -> bool {
        let target = [Variable::Request, Variable::RequestUri, Variable::Uri];
        target.iter().any(|variable| self.tells(*variable)) && self.moment(line).is_ok()
    }

    pub(in crate::formats) fn moment(&mut self, line: &[u8]) -> Result<Moment, String> {
        let value = self.get(line, Variable::Msec);
        let value = value.or_else(|| self.get(line, Variable::Time));
        let value = value.ok_or("the line has no time")?;
        let (nanos, whole_second) = since_epoch(value)
            .or_else(|| {
                let stamp = self.clock.read(value)?;
                let fraction = i64::from(stamp.fraction.unwrap_or(0));
                let second = stamp.second.saturating_mul(Duration::SECOND.nanos());
                Some((second + fraction, stamp.fraction.is_none()))
            })
            .ok_or_else(|| {
                format!(
                    "the time {} is neither as in `10/Oct/2000:13:55:36 -0700` or `2000-10-10T13:55:36-07:00` nor a number of seconds",
                    quote(value)
                )
            })?;
        Ok(Moment {
            at: Time::from_nanos(nanos),
            whole_second,
            mark: 0,
        })
    }

    /// Fills in all but the time.
    pub(in crate::formats) fn fill(
        &mut self,
        line: &[u8],
        request: &mut Request,
    ) -> Result<(), String> {
        self.target(line, request)?;
        let hosts = [Variable::HttpHost, Variable::Host, Variable::ServerName];
        let hosts = hosts.iter().filter_map(|host| self.get(line, *host));
        // A server's name that matches every host.
        if let Some(host) = hosts.into_iter().find(|host| *host != b"_") {
            set_host(host, request);
        }
        if let Some(status) = self.get(line, Variable::Status) {
            let status = number(status)
                .filter(|status| *status <= 999)
                .ok_or_else(|| format!("{} is no status", quote(status)))?;
            request.status = (status > 0).then_some(status as u16);
        }
        request.bytes = self.bytes(line)?;
        let status = self.get(line, Variable::CacheStatus);
        request.cache_status = status.and_then(CacheStatus::named);
        request.cost = self.cost(line, request.cache_status)?;
        let accel = self.get(line, Variable::AccelExpires).and_then(number);
        let control = self.get(line, Variable::CacheControl);
        request.ttl = accel
            .and_then(|seconds| i64::try_from(seconds).ok())
            .or_else(|| control.and_then(lifetime))
            .map(Duration::from_secs);
        self.user(line, request);
        self.headers(line, request);
        self.cookies(line, request);
        Ok(())
    }

    /// `-` is nothing sent, as Apache writes it.
    fn bytes(&self, line: &[u8]) -> Result<Option<u64>, String> {
        let body = self.slot(line, Variable::BodyBytes.slot());
        if body == Some(b"-") {
            return Ok(Some(0));
        }
        let bytes = self.get(line, Variable::BodyBytes);
        match bytes.or_else(|| self.get(line, Variable::Bytes)) {
            Some(bytes) => match number(bytes) {
                Some(bytes) => Ok(Some(bytes)),
                None => Err(format!("{} is no size in bytes", quote(bytes))),
            },
            None => Ok(None),
        }
    }

    fn target(&mut self, line: &[u8], request: &mut Request) -> Result<(), String> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let escaped = self.is_escaped;
        let uri = self.get(line, Variable::RequestUri);
        let whole = self.get(line, Variable::Request);
        let path = self.get(line, Variable::Uri);
        let filled = match (uri, whole, path) {
            (Some(target), _, _) => {
                self.method(line, request);
                read_target(target, escaped, &mut scratch, request)
                    .map_err(|reason| format!("the target {reason}"))
            }
            (None, Some(whole), _) => read_request(whole, escaped, &mut scratch, request),
            (None, None, Some(path)) => {
                self.method(line, request);
                let read = read_target(path, escaped, &mut scratch, request);
                if let Some(args) = self.get(line, Variable::Args)
                    && !request.path.contains('?')
                {
                    let args = if escaped {
                        unescape(args, &mut scratch);
                        &scratch
                    } else {
                        args
                    };
                    request.path.push('?');
                    push_url(args, &mut request.path);
                }
                read.map_err(|reason| format!("the path {reason}"))
            }
            (None, None, None) => Err("no request: the client sent none".to_owned()),
        };
        self.scratch = scratch;
        filled
    }

    /// The method; `GET` where the line does not say.
    fn method(&self, line: &[u8], request: &mut Request) {
        let method = self.get(line, Variable::Method).or_else(|| {
            let whole = self.get(line, Variable::Request)?;
            memchr(b' ', whole).and_then(|space| whole.get(..space))
        });
        let method = method.map_or("GET".into(), String::from_utf8_lossy);
        request.method.push_str(&method);
        request.method.make_ascii_uppercase();
    }

    /// How long the origin worked: all servers together that were asked. Where the log never says
    /// so, how long the request took, unless the cache answered it.
    fn cost(&self, line: &[u8], status: Option<CacheStatus>) -> Result<Option<Duration>, String> {
        let seconds = |text: &[u8]| std::str::from_utf8(text).ok().and_then(parse_nanos);
        let wrong = |text: &[u8]| format!("{} is no number of seconds", quote(text));
        if self.tells(Variable::UpstreamTime) {
            let Some(times) = self.get(line, Variable::UpstreamTime) else {
                return Ok(None);
            };
            let each = times.split(|byte| matches!(byte, b',' | b':'));
            let each = each
                .map(<[u8]>::trim_ascii)
                .filter(|time| !is_missing(time));
            let mut all = None;
            for time in each {
                let nanos = seconds(time).ok_or_else(|| wrong(times))?;
                all = Some(all.unwrap_or(Duration::ZERO) + Duration::from_nanos(nanos));
            }
            return Ok(all);
        }
        match self.get(line, Variable::RequestTime) {
            Some(time) if !status.is_some_and(CacheStatus::is_hit) => {
                let nanos = seconds(time).ok_or_else(|| wrong(time))?;
                Ok(Some(Duration::from_nanos(nanos)))
            }
            _ => Ok(None),
        }
    }

    fn user(&mut self, line: &[u8], request: &mut Request) {
        let needs = self.wanted.needs();
        if !needs.user || !self.tells(Variable::User) {
            return;
        }
        if let Some(user) = self.get(line, Variable::User) {
            self.users = true;
            request.user = Some(self.text(user));
        }
        request.user_known = self.users;
    }

    fn text(&mut self, value: &[u8]) -> String {
        if !self.is_escaped {
            return String::from_utf8_lossy(value).into_owned();
        }
        unescape(value, &mut self.scratch);
        String::from_utf8_lossy(&self.scratch).into_owned()
    }

    /// Does the line tell of all headers, or all cookies, that are needed?
    fn tells_all(&self, are_cookies: bool) -> bool {
        let needs = self.wanted.needs();
        let needed = if are_cookies {
            &needs.cookies
        } else {
            &needs.headers
        };
        let host = [Variable::HttpHost, Variable::Host, Variable::ServerName];
        let is_host = |name: &String| !are_cookies && name == "host";
        let named = self.wanted.named.iter().enumerate();
        !needs.all
            && !needed.is_empty()
            && (!needed.iter().any(is_host) || host.iter().any(|host| self.tells(*host)))
            && named
                .filter(|(_, named)| named.is_cookie == are_cookies)
                .all(|(place, _)| self.tells_place(place))
    }

    /// Does it tell of that header or cookie?
    fn tells_place(&self, place: usize) -> bool {
        self.values
            .get(VARIABLES + place)
            .is_some_and(Option::is_some)
    }

    fn headers(&mut self, line: &[u8], request: &mut Request) {
        request.headers_known = self.tells_all(false);
        for place in 0..self.wanted.named.len() {
            if self.is_header(place) {
                self.named(line, place, request);
            }
        }
    }

    fn is_header(&self, place: usize) -> bool {
        let named = self.wanted.named.get(place);
        named.is_some_and(|named| !named.is_cookie)
    }

    /// A header or a cookie that has a value of its own.
    fn named(&mut self, line: &[u8], place: usize, request: &mut Request) {
        let Some(value) = self.slot(line, VARIABLES + place) else {
            return;
        };
        let value = (!is_missing(value)).then(|| self.text(value));
        let Some(Named { is_cookie, name }) = self.wanted.named.get(place) else {
            return;
        };
        let (there, absent, is_known) = if *is_cookie {
            let known = request.cookies_known;
            (&mut request.cookies, &mut request.absent_cookies, known)
        } else {
            let known = request.headers_known;
            (&mut request.headers, &mut request.absent_headers, known)
        };
        match value {
            Some(value) => there.push((name.clone(), value)),
            None if !is_known => absent.push(name.clone()),
            None => {}
        }
    }

    fn cookies(&mut self, line: &[u8], request: &mut Request) {
        let has_header = self.tells(Variable::Cookies);
        request.cookies_known = has_header || self.tells_all(true);
        for place in 0..self.wanted.named.len() {
            if !self.is_header(place) {
                self.named(line, place, request);
            }
        }
        let Some(header) = self.get(line, Variable::Cookies) else {
            return;
        };
        let header = self.text(header);
        let needs = self.wanted.needs();
        for pair in header.split(';') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (name.trim(), value.trim());
            let is_needed = needs.all || needs.cookies.iter().any(|needed| needed == name);
            let is_there = request.cookies.iter().any(|(known, _)| known == name);
            if is_needed && !is_there && !name.is_empty() {
                request.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// Nanoseconds since the Unix epoch of a number of seconds, milliseconds, microseconds or
/// nanoseconds, told by how large it is; and whether it is in whole seconds.
fn since_epoch(text: &[u8]) -> Option<(i64, bool)> {
    let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if !text.iter().all(plain) {
        return None;
    }
    let whole = memchr(b'.', text);
    let (digits, decimals) = match whole.unwrap_or(text.len()) {
        // Seconds until the year 5138, milliseconds from 1973 on.
        0..=11 => (text, 9),
        12..=14 => (text, 6),
        15..=17 => (text, 3),
        _ => (text, 0),
    };
    let nanos = parse_scaled(std::str::from_utf8(digits).ok()?, decimals)?;
    Some((nanos, whole.is_none() && decimals == 9))
}

/// The seconds for which a shared cache may keep a response with this `Cache-Control`.
fn lifetime(control: &[u8]) -> Option<i64> {
    let seconds = |name: &[u8]| {
        let directives = control.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let mut values = directives.filter_map(|directive| {
            let (start, value) = directive.split_at_checked(name.len())?;
            let value = value.strip_prefix(b"=")?.trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            start.eq_ignore_ascii_case(name).then_some(value)
        });
        i64::try_from(number(values.next()?)?).ok()
    };
    let has = |name: &[u8]| {
        let mut directives = control.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        directives.any(|directive| directive.eq_ignore_ascii_case(name))
    };
    if [&b"no-store"[..], b"no-cache", b"private"]
        .iter()
        .any(|name| has(name))
    {
        return Some(0);
    }
    seconds(b"s-maxage").or_else(|| seconds(b"max-age"))
}
