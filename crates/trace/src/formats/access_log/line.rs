//! The fields of a line.

use crate::block::UNKNOWN_BYTES;
use crate::text::quote;
use memchr::{memchr, memchr_iter, memrchr};

/// What stands before the time.
pub(super) struct Client<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) user: &'a [u8],
}

impl<'a> Client<'a> {
    /// `client ident user`, where the user may contain spaces; before it perhaps the virtual host
    /// (Apache's `vhost_combined`).
    pub(super) fn split(text: &'a [u8]) -> Self {
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
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
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

/// What stands behind the time.
pub(super) struct Fields<'a> {
    pub(super) request: &'a [u8],
    status: &'a [u8],
    bytes: &'a [u8],
    pub(super) behind: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `"request" status bytes …`
    pub(super) fn split(text: &'a [u8]) -> Result<Self, String> {
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
    pub(super) fn status(&self) -> Result<Option<u16>, String> {
        match number(self.status) {
            _ if self.status == b"-" => Ok(None),
            Some(status @ 0..=999) => Ok((status > 0).then_some(status as u16)),
            _ => Err(format!("{} is no status", quote(self.status))),
        }
    }

    /// `-` is nothing sent; a line may end before it.
    pub(super) fn bytes(&self) -> Result<Option<u64>, String> {
        match number(self.bytes) {
            Some(bytes) => Ok(Some(bytes)),
            None if self.bytes == b"-" => Ok(Some(0)),
            None if self.bytes.is_empty() => Ok(None),
            None => Err(format!("{} is no size in bytes", quote(self.bytes))),
        }
    }
}

/// Of digits and nothing else. The greatest number is none: in blocks it stands for none.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    (!digits.is_empty() && value != UNKNOWN_BYTES).then_some(value)
}

/// Does an odd number of backslashes stand at the end?
pub(in crate::formats) fn is_escaped(text: &[u8]) -> bool {
    let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    slashes % 2 == 1
}

/// A quoted field, and what stands behind it.
pub(super) fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let close = memchr_iter(b'"', inside).find(|close| {
        let value = inside.get(..*close).unwrap_or_default();
        matches!(inside.get(close + 1), None | Some(b' ')) && !is_escaped(value)
    })?;
    let (value, rest) = inside.split_at(close);
    Some((value, rest.get(1..).unwrap_or_default()))
}
