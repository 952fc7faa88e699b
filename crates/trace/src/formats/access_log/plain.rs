//! Lines as nearly all are, cut where they stand in memory: a time of whole seconds in brackets, a
//! method in capitals, a path without escapes, a protocol, a status and a size. Of whatever else there
//! is, nothing is said here.

use super::line::{number, word};
use crate::order::Moment;
use crate::timestamp::Clock;
use cachepolicy_core::units::{Duration, Time};
use memchr::memchr;

/// What such a line says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain<'l> {
    pub(super) moment: Moment,
    /// Empty: nobody.
    pub(super) user: &'l [u8],
    /// Method and path with a space in between. Whether all bytes of it may stand in a path was not
    /// looked at.
    pub(super) target: &'l [u8],
    /// 0: none.
    pub(super) status: u16,
    pub(super) bytes: u64,
}

/// Bytes of `10/Oct/2000:13:55:36 -0700`.
const STAMP_BYTES: usize = 26;

/// Longer methods are looked at more closely.
const METHOD_BYTES_MAX: usize = 8;

impl<'l> Plain<'l> {
    pub(super) fn of(line: &'l [u8], clock: &mut Clock) -> Option<Self> {
        let (before, rest) = line.split_at_checked(memchr(b'[', line)?)?;
        let (stamp, rest) = rest.get(1..)?.split_at_checked(STAMP_BYTES)?;
        let request = rest.strip_prefix(b"] \"")?;
        let moment = moment(clock, stamp)?;
        let user = user(before)?;

        let near = request.get(..METHOD_BYTES_MAX)?;
        let method = near.iter().position(|byte| *byte == b' ')?;
        let (letters, path) = request.split_at_checked(method)?;
        let path = path.get(1..)?;
        if letters.is_empty() || !letters.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let (path, behind) = path.split_at_checked(memchr(b' ', path)?)?;
        if path.first() != Some(&b'/') || memchr(b'\\', path).is_some() {
            return None;
        }
        let (status, bytes) = response(behind)?;
        Some(Self {
            moment,
            user,
            target: request.get(..method + 1 + path.len())?,
            status,
            bytes,
        })
    }
}

fn moment(clock: &mut Clock, text: &[u8]) -> Option<Moment> {
    let stamp = clock.read(text)?;
    let fraction = Duration::from_nanos(i64::from(stamp.fraction.unwrap_or(0)));
    Some(Moment {
        at: Time::from_nanos(stamp.second.saturating_mul(1_000_000_000)) + fraction,
        whole_second: stamp.fraction.is_none(),
        mark: 0,
    })
}

/// Who is named in `client ident user `, where no virtual host stands before them.
fn user(before: &[u8]) -> Option<&[u8]> {
    if let Some(client) = before.strip_suffix(b" - - ")
        && memchr(b' ', client).is_none()
    {
        return Some(&[]);
    }
    let (_, rest) = word(before.trim_ascii());
    let (_, user) = word(rest);
    if user == b"-" || user == b"\"\"" {
        return Some(&[]);
    }
    let is_plain = |byte: &u8| matches!(byte, 0x21..0x7f) && *byte != b'\\';
    user.iter().all(is_plain).then_some(user)
}

/// Status and size in ` HTTP/1.1" 200 5043 …`; no status is 0.
fn response(behind: &[u8]) -> Option<(u16, u64)> {
    let rest = behind.strip_prefix(b" HTTP/")?;
    let [major, b'.', minor, b'"', b' ', a, b, c, b' ', rest @ ..] = rest else {
        return None;
    };
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    if ![major, minor, a, b, c].into_iter().all(is_digit) {
        return None;
    }
    let status = [a, b, c]
        .into_iter()
        .fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    let end = rest.iter().position(|byte| *byte == b' ');
    let bytes = rest.get(..end.unwrap_or(rest.len()))?;
    let bytes = if bytes == b"-" { 0 } else { number(bytes)? };
    Some((status, bytes))
}
