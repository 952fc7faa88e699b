//! Routes: which requests a site or view answers, and which one answers first.
//!
//! A path is split at its slashes, and each segment is compared after percent-decoding: the route
//! `/über` matches `/%C3%BCber`. An escaped slash (`%2F`) is never a separator; it is a character
//! of its segment. What a hole captures is the raw text of the path; [`crate::url::decode`] gives
//! the value that the application sees, in which `%2F` is a slash.
//!
//! A trailing slash is an empty last segment: `/a` and `/a/` are different paths, and a hole never
//! matches an empty segment. `**` matches any rest, also an empty one: `/a/**` matches `/a/`, and
//! `/a` too, so that `skip when path("/admin/**")` covers `/admin`. A rest with a name
//! (`/a/{path:**}`) needs the slash, so that its value and the route together say which path it
//! was. Nothing else is normalised: `/a//b` and `/a/./b` have the segments that they show.

use crate::url::{DecodedBytes, decoded_bytes};
use serde::{Deserialize, Serialize};

mod parse;
mod relation;

pub use parse::{PatternError, PatternProblem};

/// Parameters of one route at most.
pub const MAX_PARAMS: usize = 16;
/// Segments of one pattern at most.
pub const MAX_SEGMENTS: usize = 64;

/// `GET|HEAD "/articles/{slug}"`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Upper case. A route for GET answers HEAD too.
    pub methods: Vec<String>,
    /// The path.
    pub pattern: Pattern,
}

impl Route {
    /// Does it answer requests of this method?
    #[must_use]
    pub fn answers(&self, method: &str) -> bool {
        answers(&self.methods, method)
    }
}

/// Does a route with these methods answer that one? GET's routes answer HEAD.
pub(crate) fn answers(methods: &[String], method: &str) -> bool {
    methods
        .iter()
        .any(|own| own == method || (own == "GET" && method == "HEAD"))
}

/// A path pattern, split at slashes: what stands behind the first slash, so that `/` is one empty
/// text and `/a/` is `a` and an empty text. [`Pattern::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// As written: `/articles/{slug}`.
    pub text: String,
    /// In order. `Rest` only at the end.
    pub segments: Vec<Segment>,
}

/// What stands between two slashes. Texts are percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// This text.
    Text(String),
    /// `{x}` or `{x:int}`, perhaps with text before and behind: `page-{n:int}.html`.
    Hole {
        /// Before it.
        before: String,
        /// Parameter, by index into the level's; `None` where nobody asks for it (`*`).
        param: Option<u16>,
        /// Digits only?
        int: bool,
        /// Behind it.
        behind: String,
    },
    /// `**` or `{path:**}`: any rest, also an empty one.
    Rest {
        /// Parameter, by index into the level's.
        param: Option<u16>,
    },
}

/// What the holes of a pattern matched: pieces of the path, as they stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Captures<'p> {
    values: [Option<&'p str>; MAX_PARAMS],
}

impl<'p> Captures<'p> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the hole of this parameter matched, raw; [`crate::url::decode`] gives its value.
    #[must_use]
    pub fn get(&self, param: u16) -> Option<&'p str> {
        self.values.get(usize::from(param)).copied().flatten()
    }

    fn set(&mut self, param: Option<u16>, value: &'p str) {
        if let Some(slot) = param.and_then(|param| self.values.get_mut(usize::from(param))) {
            *slot = Some(value);
        }
    }
}

impl Pattern {
    /// Does `path` (without its query) match? If so `captures` holds what the holes matched; if
    /// not its content is unspecified. Parameters that the pattern does not have are left alone.
    #[must_use]
    pub fn matches<'p>(&self, path: &'p str, captures: &mut Captures<'p>) -> bool {
        self.walk(path, Some(captures))
    }

    /// Does `path` (without its query) match?
    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        self.walk(path, None)
    }

    fn walk<'p>(&self, path: &'p str, mut captures: Option<&mut Captures<'p>>) -> bool {
        let Some(mut rest) = Remainder::of(path) else {
            return false;
        };
        let mut capture = |param: Option<u16>, value| {
            if let Some(captures) = &mut captures {
                captures.set(param, value);
            }
        };
        for segment in &self.segments {
            if let Segment::Rest { param } = segment {
                return match rest.text {
                    Some(text) => {
                        capture(*param, text);
                        true
                    }
                    None => param.is_none(),
                };
            }
            let Some(text) = rest.next_segment() else {
                return false;
            };
            match segment.capture(text) {
                Some(Captured::Nothing) => {}
                Some(Captured::Hole(param, value)) => capture(param, value),
                None => return false,
            }
        }
        rest.text.is_none()
    }
}

/// What is left of a path while its segments are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remainder<'p> {
    /// Behind the last slash that was read; `None` when every segment was.
    pub(crate) text: Option<&'p str>,
}

impl<'p> Remainder<'p> {
    /// The whole path. An empty one counts as `/` (RFC 3986, 6.2.3); one that does not begin with
    /// a slash (`*` of an OPTIONS request, an authority) has no segments.
    pub(crate) fn of(path: &'p str) -> Option<Self> {
        let text = match path.strip_prefix('/') {
            Some(text) => text,
            None if path.is_empty() => path,
            None => return None,
        };
        Some(Self { text: Some(text) })
    }

    pub(crate) fn next_segment(&mut self) -> Option<&'p str> {
        let text = self.text?;
        match text.split_once('/') {
            Some((segment, rest)) => {
                self.text = Some(rest);
                Some(segment)
            }
            None => {
                self.text = None;
                Some(text)
            }
        }
    }
}

/// What a matching segment gives.
enum Captured<'p> {
    Nothing,
    Hole(Option<u16>, &'p str),
}

impl Segment {
    /// Does it match this piece of a path, which has no slash in it?
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.capture(text).is_some()
    }

    fn capture<'p>(&self, text: &'p str) -> Option<Captured<'p>> {
        match self {
            Self::Text(own) => text_matches(own, text).then_some(Captured::Nothing),
            Self::Hole {
                before,
                param,
                int,
                behind,
            } => {
                let value = if text.contains('%') {
                    between_decoded(text, before, behind)?
                } else {
                    between(text, before, behind)?
                };
                let fits = !value.is_empty()
                    && (!int || decoded_bytes(value).all(|byte| byte.is_ascii_digit()));
                fits.then_some(Captured::Hole(*param, value))
            }
            Self::Rest { .. } => None,
        }
    }
}

/// Is the decoded `text` equal to `own`?
pub(crate) fn text_matches(own: &str, text: &str) -> bool {
    if own.is_empty() || text.is_empty() {
        own.is_empty() && text.is_empty()
    } else if text.contains('%') {
        decoded_bytes(text).eq(own.bytes())
    } else {
        own == text
    }
}

/// What stands in `text` between `before` and `behind`. Most holes have neither, and comparing
/// with an empty `String`, whose address is no memory, takes some processors 100 ns.
fn between<'p>(text: &'p str, before: &str, behind: &str) -> Option<&'p str> {
    let text = if before.is_empty() {
        text
    } else {
        text.strip_prefix(before)?
    };
    if behind.is_empty() {
        Some(text)
    } else {
        text.strip_suffix(behind)
    }
}

/// What stands in `text` between `before` and `behind`, which are compared with the decoded text.
fn between_decoded<'p>(text: &'p str, before: &str, behind: &str) -> Option<&'p str> {
    let mut bytes = DecodedBytes {
        rest: text.as_bytes(),
    };
    if !before.bytes().all(|byte| bytes.next() == Some(byte)) {
        return None;
    }
    let start = text.len() - bytes.rest.len();
    if !behind
        .bytes()
        .rev()
        .all(|byte| bytes.next_back() == Some(byte))
    {
        return None;
    }
    text.get(start..start + bytes.rest.len())
}

#[cfg(test)]
mod tests;
