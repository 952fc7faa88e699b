//! A line of `MONITOR`'s output.

use crate::decimal::parse_nanos;
use crate::text::quote;
use cachepolicy_core::units::Time;
use memchr::{memchr, memchr2, memmem};
use std::ops::Range;

/// What stands in front of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) at: Time,
    /// The number of the database.
    pub(super) database: u32,
    /// The command and its arguments, as Redis writes them.
    pub(super) command: &'a [u8],
}

/// Splits `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`. In front of it stands a `+` where
/// the protocol itself was written down.
pub(super) fn head(line: &[u8]) -> Result<Head<'_>, String> {
    let line = line.strip_prefix(b"+").unwrap_or(line);
    let no_head = || {
        format!(
            "no time and client in front, as in `1339518083.107412 [0 127.0.0.1:60866] \"get\" \"key\"`: the line begins with {}",
            quote(line)
        )
    };
    let space = memchr(b' ', line).ok_or_else(no_head)?;
    let (time, rest) = line.split_at(space);
    let at = std::str::from_utf8(time).ok().and_then(parse_nanos);
    let client = rest.strip_prefix(b" [").ok_or_else(no_head)?;
    // An IPv6 address has brackets of its own.
    let close = memmem::find(client, b"] \"").ok_or_else(no_head)?;
    let (client, command) = client.split_at(close);
    let digits = memchr(b' ', client).and_then(|space| client.get(..space));
    let database = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok(Head {
        at: at.map(Time::from_nanos).ok_or_else(no_head)?,
        database: database.ok_or_else(no_head)?,
        command: command.get(2..).unwrap_or_default(),
    })
}

/// A command and its arguments, decoded.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    decoded: Vec<u8>,
    each: Vec<Argument>,
}

#[derive(Debug)]
struct Argument {
    decoded: Range<usize>,
    /// In the line, with its quotes.
    written: Range<usize>,
}

impl Arguments {
    /// Takes quoted texts with a space between them, with the escapes of Redis: `\xNN`, `\n`, `\r`,
    /// `\t`, `\a`, `\b`, `\"`, `\\`.
    pub(super) fn read(&mut self, command: &[u8]) -> Result<(), String> {
        self.decoded.clear();
        self.each.clear();
        let mut at = 0;
        loop {
            let end = self.argument(command, at)?;
            match command.get(end) {
                None => return Ok(()),
                Some(b' ') => at = end + 1,
                Some(_) => {
                    let rest = command.get(end..).unwrap_or_default();
                    return Err(format!(
                        "behind an argument stands {} and no space",
                        quote(rest)
                    ));
                }
            }
        }
    }

    /// One of them, from its quote on; gives where it ends.
    fn argument(&mut self, command: &[u8], at: usize) -> Result<usize, String> {
        let cut = || "the command is cut off: a quote is not closed".to_owned();
        let first = self.decoded.len();
        let rest = command.get(at..).unwrap_or_default();
        let mut rest = match rest.strip_prefix(b"\"") {
            Some(rest) => rest,
            None if rest.is_empty() => return Err(cut()),
            None => return Err(format!("an argument without quotes: {}", quote(rest))),
        };
        loop {
            let stop = memchr2(b'"', b'\\', rest).ok_or_else(cut)?;
            let (plain, special) = rest.split_at(stop);
            self.decoded.extend_from_slice(plain);
            if special.starts_with(b"\"") {
                let end = command.len() - special.len() + 1;
                self.each.push(Argument {
                    decoded: first..self.decoded.len(),
                    written: at..end,
                });
                return Ok(end);
            }
            let (byte, length) = escape(special).ok_or_else(cut)?;
            self.decoded.push(byte);
            rest = special.get(length..).unwrap_or_default();
        }
    }

    /// How many there are, the command included.
    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    /// The decoded one of that number; the command is number 0. Empty where there is none.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        let argument = self.each.get(index);
        let bytes = argument.and_then(|argument| self.decoded.get(argument.decoded.clone()));
        bytes.unwrap_or_default()
    }

    /// As it stands in the command, with quotes and escapes.
    pub(super) fn written<'c>(&self, index: usize, command: &'c [u8]) -> &'c [u8] {
        let argument = self.each.get(index);
        let bytes = argument.and_then(|argument| command.get(argument.written.clone()));
        bytes.unwrap_or_default()
    }

    /// As a whole number.
    pub(super) fn number(&self, index: usize) -> Option<i64> {
        std::str::from_utf8(self.get(index)).ok()?.parse().ok()
    }
}

/// What an escape stands for, and how long it is.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    Some(match text {
        [_, b'x', high, low, ..] => match (hex(*high), hex(*low)) {
            (Some(high), Some(low)) => (high << 4 | low, 4),
            _ => (b'x', 2),
        },
        [_, b'n', ..] => (b'\n', 2),
        [_, b'r', ..] => (b'\r', 2),
        [_, b't', ..] => (b'\t', 2),
        [_, b'a', ..] => (0x07, 2),
        [_, b'b', ..] => (0x08, 2),
        [_, byte, ..] => (*byte, 2),
        _ => return None,
    })
}
