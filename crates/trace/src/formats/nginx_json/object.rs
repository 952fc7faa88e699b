//! JSON as servers write it into their logs, which is not always JSON: a variable without a value
//! leaves nothing or a bare `-` where a number should be, and `escape=default` escapes bytes as
//! `\xHH`. So values are found here and not parsed.

use memchr::memchr2;
use std::ops::Range;

/// Objects inside of each other at most; what is deeper is left alone.
const DEPTH_MAX: u32 = 4;
/// Objects of a line at most.
const OBJECTS_MAX: usize = 64;

/// What the members of an object are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Anything.
    Fields,
    /// What a response was; headers and cookies in it are not those of the request.
    Response,
    /// Headers of the request.
    Headers,
    /// Cookies of the request.
    Cookies,
    /// Nothing of the request.
    Other,
}

impl Group {
    /// Of an object that stands in another one under that name.
    fn of(self, name: &[u8]) -> Self {
        let lower = name.to_ascii_lowercase();
        match (self, lower.as_slice()) {
            (Self::Fields, b"headers" | b"request_headers" | b"http_headers") => Self::Headers,
            (Self::Fields, b"cookies") => Self::Cookies,
            (Self::Fields, b"response") => Self::Response,
            (Self::Fields, b"response_headers") => Self::Other,
            (Self::Response, b"headers" | b"cookies") => Self::Other,
            (group, _) => group,
        }
    }
}

/// An object that was met and not looked into yet.
#[derive(Debug)]
pub(super) struct Object {
    at: usize,
    depth: u32,
    group: Group,
}

/// Gives each member of the object that a line is, and of the objects in it: those of an outer one
/// first. Values are without quotes; null is nothing. `waiting` is memory to be used again.
pub(super) fn members(
    line: &[u8],
    waiting: &mut Vec<Object>,
    mut take: impl FnMut(Group, &[u8], Range<usize>),
) -> Result<(), String> {
    waiting.clear();
    waiting.push(Object {
        at: 0,
        depth: 1,
        group: Group::Fields,
    });
    let mut next = 0;
    while let Some(&Object { at, depth, group }) = waiting.get(next) {
        next += 1;
        let mut cursor = Cursor { line, at };
        cursor.expect(b'{')?;
        cursor.space();
        if cursor.peek() == Some(b'}') {
            continue;
        }
        loop {
            let name = cursor.string()?;
            let name = line.get(name).unwrap_or_default();
            cursor.expect(b':')?;
            cursor.space();
            let value = cursor.value()?;
            if line.get(value.start) == Some(&b'{') && !is_quoted(line, value.start) {
                if depth < DEPTH_MAX && waiting.len() < OBJECTS_MAX {
                    waiting.push(Object {
                        at: value.start,
                        depth: depth + 1,
                        group: group.of(name),
                    });
                }
            } else {
                take(group, name, value);
            }
            cursor.space();
            match cursor.peek() {
                Some(b',') => cursor.at += 1,
                _ => {
                    cursor.expect(b'}')?;
                    break;
                }
            }
        }
    }
    Ok(())
}

fn is_quoted(line: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| line.get(before)) == Some(&b'"')
}

struct Cursor<'l> {
    line: &'l [u8],
    at: usize,
}

impl<'l> Cursor<'l> {
    fn rest(&self) -> &'l [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn cut(&self) -> String {
        "the JSON is cut off".to_owned()
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        self.expect_behind_space(byte)
    }

    fn expect_behind_space(&mut self, byte: u8) -> Result<(), String> {
        self.space();
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(format!(
                "no JSON: `{}` expected in column {}",
                char::from(byte),
                self.at + 1
            )),
            None => Err(self.cut()),
        }
    }

    /// What stands between quotes.
    fn string(&mut self) -> Result<Range<usize>, String> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            let stop = memchr2(b'"', b'\\', self.rest()).ok_or_else(|| self.cut())?;
            self.at += stop;
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(start..self.at - 1);
            }
            self.at += 2;
        }
    }

    /// A value; of a list or an object all of it.
    fn value(&mut self) -> Result<Range<usize>, String> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => {
                self.nested()?;
                Ok(start..self.at)
            }
            _ => {
                let end = memchr2(b',', b'}', self.rest()).ok_or_else(|| self.cut())?;
                self.at += end;
                let bare = self.line.get(start..self.at).unwrap_or_default();
                Ok(match bare.trim_ascii_end() {
                    b"null" => start..start,
                    bare => start..start + bare.len(),
                })
            }
        }
    }

    /// Moves on behind a list or an object.
    fn nested(&mut self) -> Result<(), String> {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                None => return Err(self.cut()),
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open = open.saturating_sub(1),
                Some(_) => {}
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
    }
}
