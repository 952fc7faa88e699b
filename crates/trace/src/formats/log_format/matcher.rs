//! Finds the values of a layout's variables in a line. Nothing is allocated for a line.
//!
//! A value ends where the text behind it comes for the first time. Where the rest of the line does
//! not fit then, it may end where that text comes again; how often that is tried is bounded.

use super::syntax::{Escaping, LogFormatError, Piece, at};
use crate::formats::access_log::is_escaped;
use crate::text::quote;
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};
use std::ops::Range;

/// How often in a line a value is taken to be longer.
const LONGER_MAX: u32 = 256;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Any,
    /// No `"` that is not escaped: the value stands between two.
    Quoted,
    /// `10/Oct/2000:13:55:36 -0700`
    Local,
    /// `2000-10-10T13:55:36-07:00`
    Iso,
    /// Digits and points, `-`, or nothing.
    Number,
    /// Several of them, divided by commas and colons.
    Numbers,
    /// No space.
    Word,
}

impl Check {
    fn of(name: &str) -> Self {
        match name {
            "time_local" => Self::Local,
            "time_iso8601" => Self::Iso,
            "msec"
            | "status"
            | "body_bytes_sent"
            | "bytes_sent"
            | "request_time"
            | "request_length"
            | "connection"
            | "connection_requests"
            | "pid"
            | "remote_port"
            | "server_port" => Self::Number,
            "upstream_response_time"
            | "upstream_connect_time"
            | "upstream_header_time"
            | "upstream_status"
            | "upstream_response_length"
            | "upstream_bytes_received"
            | "upstream_bytes_sent" => Self::Numbers,
            "remote_addr"
            | "server_addr"
            | "host"
            | "http_host"
            | "server_name"
            | "scheme"
            | "request_method"
            | "request_id"
            | "server_protocol"
            | "upstream_cache_status" => Self::Word,
            _ => Self::Any,
        }
    }

    fn accepts(self, value: &[u8]) -> bool {
        let number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-');
        match self {
            Self::Any => true,
            Self::Quoted => memchr_iter(b'"', value)
                .all(|quote| is_escaped(value.get(..quote).unwrap_or_default())),
            Self::Local => (20..40).contains(&value.len()) && value.get(2) == Some(&b'/'),
            Self::Iso => (19..40).contains(&value.len()) && value.get(4) == Some(&b'-'),
            Self::Number => value.iter().all(number),
            Self::Numbers => {
                let between = |byte: &u8| number(byte) || matches!(byte, b',' | b':' | b' ');
                value.iter().all(between)
            }
            Self::Word => memchr(b' ', value).is_none(),
        }
    }
}

/// Is it a variable of nginx's whose values have a form?
pub(super) fn is_known(name: &str) -> bool {
    Check::of(name) != Check::Any
}

/// Variables with nothing between them, and the text behind them.
#[derive(Debug, Clone)]
struct Step {
    variables: Vec<String>,
    /// Between each of them and the next one.
    borders: Vec<Border>,
    check: Check,
    literal: Finder<'static>,
}

/// A layout, ready to be compared with lines.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    begin: Vec<u8>,
    steps: Vec<Step>,
}

/// What does not fit, for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Misfit {
    step: usize,
    column: usize,
}

/// How a variable's end is found that another one follows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Border {
    /// In front of this byte, or at the end of both.
    Before(u8),
    /// Behind it, or at once where it is not there.
    Behind(u8),
}

fn border(name: &str, next: &str) -> Option<Border> {
    match (name, next) {
        ("host" | "http_host" | "server_name", "request_uri" | "uri" | "document_uri") => {
            Some(Border::Before(b'/'))
        }
        ("uri" | "document_uri", "is_args") => Some(Border::Before(b'?')),
        ("is_args", "args" | "query_string") => Some(Border::Behind(b'?')),
        _ => None,
    }
}

impl Matcher {
    pub(super) fn new(
        text: &str,
        pieces: &[Piece],
        escaping: Escaping,
    ) -> Result<Self, LogFormatError> {
        let mut begin = Vec::new();
        let mut steps: Vec<(Vec<String>, Vec<Border>, Vec<u8>)> = Vec::new();
        for piece in pieces {
            match (piece, steps.last_mut()) {
                (Piece::Literal(literal), None) => begin.clone_from(literal),
                (Piece::Literal(literal), Some((.., behind))) => behind.clone_from(literal),
                (Piece::Variable(name, place), Some((names, borders, behind)))
                    if behind.is_empty() =>
                {
                    let last = names.last().map_or("", String::as_str);
                    let border = border(last, name).ok_or_else(|| {
                        let reason = format!(
                            "nothing says where `${last}` ends and `${name}` begins: there is no text between them"
                        );
                        at(text, *place, &reason)
                    })?;
                    borders.push(border);
                    names.push(name.clone());
                }
                (Piece::Variable(name, _), _) => {
                    steps.push((vec![name.clone()], Vec::new(), Vec::new()));
                }
            }
        }
        let mut before = begin.clone();
        let steps = steps.into_iter().map(|(variables, borders, literal)| {
            let check = match variables.as_slice() {
                [name] => Check::of(name),
                _ => Check::Any,
            };
            let is_quoted = before.ends_with(b"\"") && literal.starts_with(b"\"");
            let check = match check {
                Check::Any if is_quoted && escaping != Escaping::None => Check::Quoted,
                check => check,
            };
            let step = Step {
                variables,
                borders,
                check,
                literal: Finder::new(&literal).into_owned(),
            };
            before = literal;
            step
        });
        Ok(Self {
            steps: steps.collect(),
            begin,
        })
    }

    /// The names of the variables, in their order.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let names = self.steps.iter().flat_map(|step| &step.variables);
        names.map(String::as_str)
    }

    /// Through how many steps a line must be followed to find that variable.
    pub(super) fn steps_to(&self, name: &str) -> Option<usize> {
        let has = |step: &Step| step.variables.iter().any(|variable| variable == name);
        self.steps.iter().position(has).map(|step| step + 1)
    }

    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Something for each variable of each step.
    pub(super) fn slots<T>(&self, mut slot: impl FnMut(&str) -> T) -> Vec<Vec<T>> {
        let steps = self.steps.iter();
        steps
            .map(|step| step.variables.iter().map(|name| slot(name)).collect())
            .collect()
    }

    /// Finds the values of the first so many steps; `values` gets one range for each step.
    pub(super) fn find(
        &self,
        line: &[u8],
        steps: usize,
        values: &mut Vec<Range<usize>>,
    ) -> Result<(), String> {
        values.clear();
        if !line.starts_with(&self.begin) {
            return Err(format!(
                "the line does not begin with {} as the format does, but with {}",
                quote(&self.begin),
                quote(line)
            ));
        }
        let mut start = self.begin.len();
        let mut from = start;
        let mut longer = 0;
        let mut misfit = Misfit { step: 0, column: 0 };
        while values.len() < steps {
            let place = values.len();
            if let Some(end) = self.end(line, place, start, from) {
                values.push(start..end);
                let step = self.steps.get(place);
                start = end + step.map_or(0, |step| step.literal.needle().len());
                from = start;
                continue;
            }
            if start >= misfit.column {
                misfit = Misfit {
                    step: place,
                    column: start,
                };
            }
            longer += 1;
            match values.pop() {
                Some(before) if longer <= LONGER_MAX => {
                    start = before.start;
                    from = before.end + 1;
                }
                _ => return Err(self.explain(line, misfit)),
            }
        }
        Ok(())
    }

    /// Where the value of a step ends that begins at `start` and does not end before `from`.
    fn end(&self, line: &[u8], place: usize, start: usize, mut from: usize) -> Option<usize> {
        let step = self.steps.get(place)?;
        let accepts = |end: usize| {
            let value = line.get(start..end);
            value.is_some_and(|value| step.check.accepts(value))
        };
        if place + 1 == self.steps.len() {
            let end = line.strip_suffix(step.literal.needle())?.len();
            return (end >= from && accepts(end)).then_some(end);
        }
        loop {
            let end = from + step.literal.find(line.get(from..)?)?;
            let value = line.get(start..end)?;
            // A quote that belongs to the value.
            if step.check == Check::Quoted && is_escaped(value) {
                from = end + 1;
                continue;
            }
            return accepts(end).then_some(end);
        }
    }

    /// Gives each variable of a step its part of what was found for the step.
    #[inline]
    pub(super) fn split(
        &self,
        line: &[u8],
        place: usize,
        value: &Range<usize>,
        mut take: impl FnMut(usize, Range<usize>),
    ) {
        let Some(step) = self.steps.get(place) else {
            return;
        };
        let mut start = value.start;
        for (index, border) in step.borders.iter().enumerate() {
            let rest = line.get(start..value.end).unwrap_or_default();
            let length = match border {
                Border::Before(byte) => memchr(*byte, rest).unwrap_or(rest.len()),
                Border::Behind(byte) => usize::from(rest.first() == Some(byte)),
            };
            take(index, start..start + length);
            start += length;
        }
        take(step.borders.len(), start..value.end);
    }

    fn explain(&self, line: &[u8], misfit: Misfit) -> String {
        let Misfit {
            step: place,
            column,
        } = misfit;
        let Some(step) = self.steps.get(place) else {
            return "the line does not fit the format".to_owned();
        };
        let name = step.variables.join("$");
        let rest = line.get(column..).unwrap_or_default();
        let behind = step.literal.needle();
        let reason = match step.literal.find(rest) {
            _ if rest.is_empty() && place > 0 => format!("it ends where `${name}` should stand"),
            None => format!(
                "no {} behind `${name}`, which would begin with {}",
                quote(behind),
                quote(rest)
            ),
            Some(end) => {
                let value = rest.get(..end).unwrap_or_default();
                if place + 1 == self.steps.len() && step.check.accepts(value) {
                    let more = rest.get(end + behind.len()..).unwrap_or_default();
                    format!("it goes on with {} behind `${name}`", quote(more))
                } else {
                    format!("`${name}` would be {}", quote(value))
                }
            }
        };
        format!(
            "the line does not fit the format in column {}: {reason}",
            column + 1
        )
    }
}
