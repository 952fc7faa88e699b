//! The request line, and what a URL is made of.

use super::line::word;
use crate::event::Request;
use crate::text::quote;
use memchr::{memchr, memrchr};

/// A method of this length or more is garbage.
const METHOD_BYTES_MAX: usize = 24;

/// Lower case, without the ports that a URL leaves out.
pub(super) fn set_host(host: &[u8], request: &mut Request) {
    let host = [b":80".as_slice(), b":443"]
        .iter()
        .find_map(|port| host.strip_suffix(*port))
        .unwrap_or(host);
    request.host.clear();
    request.host.push_str(&String::from_utf8_lossy(host));
    request.host.make_ascii_lowercase();
}

/// Fills in method, path and host from a request line, in which the server escaped some bytes or
/// did not.
pub(super) fn read_request(
    line: &[u8],
    is_escaped: bool,
    scratch: &mut Vec<u8>,
    request: &mut Request,
) -> Result<(), String> {
    let (method, target) = split_request(line)?;
    let method = std::str::from_utf8(method);
    let method = method.map_err(|_| format!("the request {} is no HTTP", quote(line)))?;
    request.method.push_str(method);
    request.method.make_ascii_uppercase();
    read_target(target, is_escaped, scratch, request)
        .map_err(|reason| format!("the request {} has no path: {reason}", quote(line)))
}

/// Fills in path and host from a target.
pub(super) fn read_target(
    target: &[u8],
    is_escaped: bool,
    scratch: &mut Vec<u8>,
    request: &mut Request,
) -> Result<(), String> {
    let target = if is_escaped && target.contains(&b'\\') {
        unescape(target, scratch);
        scratch
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
        Some(_) => return Err(format!("{} does not begin with `/`", quote(path))),
    }
    push_url(path, &mut request.path);
    Ok(())
}

/// Method and target of a request line; spaces may stand in the target, the protocol may be
/// missing.
pub(super) fn split_request(line: &[u8]) -> Result<(&[u8], &[u8]), String> {
    if line.is_empty() || line == b"-" {
        return Err("no request: the client sent none".to_owned());
    }
    let (method, rest) = word(line);
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    if method.len() >= METHOD_BYTES_MAX || method.is_empty() || !method.iter().all(letters) {
        let tls = line.starts_with(b"\\x16\\x03") || line.starts_with(b"\\u0016\\u0003");
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
pub(super) fn absolute(target: &[u8]) -> Option<(&[u8], &[u8])> {
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
pub(super) fn push_url(bytes: &[u8], out: &mut String) {
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

/// Replaces the escapes of Apache, nginx and JSON by what they stand for; unknown ones stay.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some(slash) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(slash);
        out.extend_from_slice(plain);
        if let Some((c, length)) = unicode(escape) {
            let mut bytes = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
            rest = escape.get(length..).unwrap_or_default();
            continue;
        }
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
            [_, byte @ (b'"' | b'\\' | b'/'), ..] => (*byte, 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// A `\uXXXX` of JSON, or two for a character outside the basic plane; half of such a pair alone
/// stands for no character.
fn unicode(escape: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = escape.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = digits.iter().map(|digit| hex(*digit));
        digits
            .into_iter()
            .try_fold(0, |unit, digit| Some(unit << 4 | u32::from(digit?)))
    };
    let first = unit(0)?;
    if let 0xd800..0xdc00 = first
        && let Some(second @ 0xdc00..0xe000) = unit(6)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return Some((char::from_u32(code)?, 12));
    }
    Some((
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
        6,
    ))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}
