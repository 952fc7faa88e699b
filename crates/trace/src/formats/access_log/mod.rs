//! Lines of access logs, as Apache and nginx really write them:
//! `[vhost:port] client ident user [time] "request" status bytes ["referer" "user-agent"] …`.
//!
//! What stands behind the fields that are known is left alone. Escapes are those of Apache (`\"`,
//! `\\`, `\xhh`, `\n` and the like) and of nginx (`\xHH`). A path is kept as sent, except that
//! bytes that no URL may hold are percent-encoded.

mod blocks;
mod line;
mod plain;
mod said;
mod target;
#[cfg(test)]
mod tests;
mod variables;

pub(in crate::formats) use blocks::open as open_blocks;
pub(in crate::formats) use line::is_escaped;
pub(in crate::formats) use said::Said;
pub(in crate::formats) use variables::Wanted;

use crate::Needs;
use crate::event::{Event, Request};
use crate::format::Sample;
use crate::order::Moment;
use crate::reader::{Records, Times};
use crate::text::quote;
use crate::timestamp::{Clock, Stamp};
use cachepolicy_core::units::{Duration, Time};
use line::{Client, Fields, quoted};
use memchr::{memchr, memchr_iter};
use target::{read_request, set_host, unescape};
use variables::is_missing;

/// Longer than any time in brackets.
const TIME_BYTES_MAX: usize = 48;

/// Does any line have the form of one?
pub(in crate::formats) fn sniff(sample: &Sample<'_>) -> bool {
    let mut clock = Clock::default();
    sample.lines().any(|line| {
        find_time(line, &mut clock)
            .is_ok_and(|(_, _, behind)| behind.trim_ascii_start().starts_with(b"\""))
    })
}

/// Does the line go on with a quoted field behind the size?
pub(in crate::formats) fn has_referer(line: &[u8]) -> bool {
    let parts = find_time(line, &mut Clock::default())
        .map_err(drop)
        .and_then(|(_, _, behind)| Fields::split(behind).map_err(drop));
    parts.is_ok_and(|fields| fields.behind.trim_ascii_start().starts_with(b"\""))
}

/// Reads lines of access logs.
pub(in crate::formats) struct AccessLog {
    clock: Clock,
    user: bool,
    referer: bool,
    user_agent: bool,
    /// A user was named: from then on `-` is somebody who is not logged in.
    users: bool,
    scratch: Vec<u8>,
}

impl AccessLog {
    pub(in crate::formats) fn new(needs: &Needs) -> Self {
        let header = |name: &str| needs.all || needs.headers.iter().any(|header| header == name);
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
        if is_missing(value) {
            request.absent_headers.push(name.to_owned());
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
        read_request(fields.request, true, &mut self.scratch, request)?;
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
