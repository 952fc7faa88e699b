//! The formats by name, and how a trace's format is told by its content.

use crate::block::BlockSource;
use crate::decompress::{decompress, unread_container};
use crate::formats;
use crate::input::{Counted, Framed, Input};
use crate::pack::Packed;
use crate::unknown::describe;
use crate::written::EventWriter;
use crate::{Advice, MaxErrors, ReadOptions, Source, TraceError};
use cachepolicy_core::units::Duration;
use std::io::{Read, Write};

/// A format. There is one file for each in `formats`, and a line in [`Format::all`].
#[derive(Clone, Copy)]
pub struct Format(&'static Spec);

/// What a format says of itself.
pub(crate) struct Spec {
    /// As the user names it.
    pub(crate) name: &'static str,
    /// In one line.
    pub(crate) about: &'static str,
    /// Do its lines stand out of order, as those of servers that write when a request ends?
    pub(crate) is_unordered: bool,
    /// Do robots and crashes write garbage into it?
    pub(crate) has_garbage: bool,
    /// Does this look like it?
    pub(crate) sniff: fn(&Sample<'_>) -> bool,
    /// Reads it.
    pub(crate) open: for<'a> fn(Opening<'a, '_>) -> Result<Box<dyn Source + 'a>, TraceError>,
    /// Reads it in blocks, where that is faster than event by event.
    pub(crate) open_blocks: Option<OpenBlocks>,
    /// Are all its events accesses of keys?
    pub(crate) accesses_only: bool,
}

/// Reads a format in blocks.
type OpenBlocks = for<'a> fn(Opening<'a, '_>) -> Result<Box<dyn BlockSource + 'a>, TraceError>;

/// Makes what writes a format.
pub(crate) type MakeWriter = for<'a> fn(Box<dyn Write + 'a>) -> Box<dyn EventWriter + 'a>;

/// What a format's reader is made from.
pub(crate) struct Opening<'a, 'o> {
    pub(crate) input: Input<'a>,
    pub(crate) format: Format,
    pub(crate) name: &'o str,
    pub(crate) options: &'o ReadOptions,
}

impl<'a> Opening<'a, '_> {
    /// Takes the first line that is not blank.
    pub(crate) fn header(&mut self) -> Result<Vec<u8>, TraceError> {
        loop {
            let framed = self.input.next_line().map_err(|error| TraceError::Io {
                name: self.name.to_owned(),
                error,
            })?;
            match framed {
                Framed::Record if self.input.record().trim_ascii().is_empty() => {}
                Framed::Record => return Ok(self.input.record().to_vec()),
                _ => return Err(self.refuse("its first line is no header".to_owned())),
            }
        }
    }

    /// Not of this format, for that reason.
    pub(crate) fn refuse(&self, reason: String) -> TraceError {
        TraceError::Format {
            name: self.name.to_owned(),
            reason,
        }
    }

    /// The source of these records.
    pub(crate) fn source<R: crate::reader::Records + 'a>(self, records: R) -> Box<dyn Source + 'a> {
        let Self {
            input,
            format,
            name,
            options,
        } = self;
        Box::new(crate::reader::Reader::new(
            input, records, format, name, options,
        ))
    }
}

impl Format {
    /// All formats; where a content would suit several, the first counts.
    pub fn all() -> impl Iterator<Item = Self> {
        formats::ALL.iter().map(|spec| Self(spec))
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|format| format.name() == name)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it is, in one line.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.0.about
    }

    /// Are all its events accesses of keys?
    #[must_use]
    pub fn accesses_only(self) -> bool {
        self.0.accesses_only
    }

    /// Writes events in it; `None` where it can only be read.
    #[must_use]
    pub fn writer<'a>(self, out: Box<dyn Write + 'a>) -> Option<Box<dyn EventWriter + 'a>> {
        let mut written = formats::WRITTEN.iter();
        let (_, writer) = written.find(|(spec, _)| spec.name == self.name())?;
        Some(writer(out))
    }

    /// How far out of order its events are usually put in order: 60 s in access logs, whose
    /// lines are written when a request ends (Apache stamps them with its beginning); else none.
    #[must_use]
    pub fn reorder_window(self) -> Duration {
        if self.0.is_unordered {
            Duration::from_secs(60)
        } else {
            Duration::ZERO
        }
    }

    /// How many of its lines are usually allowed to be unreadable: 1% in what servers write, where
    /// robots bring garbage and the last line is cut off; else none.
    #[must_use]
    pub fn max_errors(self) -> MaxErrors {
        if self.0.has_garbage {
            MaxErrors::Share(0.01)
        } else {
            MaxErrors::Count(0)
        }
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Format {}

/// The beginning of an input, decompressed.
pub(crate) struct Sample<'a> {
    pub(crate) bytes: &'a [u8],
    /// That is all of it.
    pub(crate) whole: bool,
}

impl<'a> Sample<'a> {
    /// So many lines are looked at.
    const LINES: usize = 40;

    /// Its first lines that are not blank; not the last one, where that is cut off.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        let end = if self.whole {
            self.bytes.len()
        } else {
            memchr::memrchr(b'\n', self.bytes).unwrap_or(self.bytes.len())
        };
        let complete = self.bytes.get(..end).unwrap_or_default();
        complete
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .take(Self::LINES)
    }

    /// Text, as far as one can see.
    pub(crate) fn is_text(&self) -> bool {
        let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
        let controls = self.bytes.iter().filter(|byte| control(byte)).count();
        controls * 100 <= self.bytes.len() && !self.bytes.contains(&0)
    }
}

/// Reads a trace: decompresses gzip and Zstandard, tells the format by the content unless the
/// options name it, and gives the events in the order of time. `name` is what messages call it.
///
/// # Errors
/// When it cannot be read, or is no trace: then it is said what it seems to be and what is read.
pub fn open<'a>(
    input: Box<dyn Read + 'a>,
    name: &str,
    options: &ReadOptions,
) -> Result<Box<dyn Source + 'a>, TraceError> {
    let opening = opening(input, name, options)?;
    (opening.format.0.open)(opening)
}

/// As [`open`], in blocks.
///
/// # Errors
/// As [`open`].
pub fn open_blocks<'a>(
    input: Box<dyn Read + 'a>,
    name: &str,
    options: &ReadOptions,
) -> Result<Box<dyn BlockSource + 'a>, TraceError> {
    let opening = opening(input, name, options)?;
    match opening.format.0.open_blocks {
        Some(open) => open(opening),
        None => Ok(Box::new(Packed::new(
            (opening.format.0.open)(opening)?,
            name,
        ))),
    }
}

fn opening<'a, 'o>(
    input: Box<dyn Read + 'a>,
    name: &'o str,
    options: &'o ReadOptions,
) -> Result<Opening<'a, 'o>, TraceError> {
    let (counted, count) = Counted::new(input);
    let io = |error| TraceError::Io {
        name: name.to_owned(),
        error,
    };
    let mut input = Input::new(decompress(counted).map_err(io)?, count);
    let (bytes, whole) = input.peek().map_err(io)?;
    let mark = bytes.starts_with(b"\xef\xbb\xbf");
    let sample = Sample { bytes, whole };
    let by_layout = options.log_format.as_ref();
    let by_layout = by_layout.and_then(|_| Format::named(formats::BY_LAYOUT));
    let format = match options.format.or(by_layout) {
        Some(format) if !bytes.is_empty() => named(format, &sample),
        _ => tell(&sample, options.advice),
    };
    let format = format.map_err(|reason| TraceError::Format {
        name: name.to_owned(),
        reason,
    })?;
    if mark {
        input.skip(3);
    }
    Ok(Opening {
        input,
        format,
        name,
        options,
    })
}

/// The format that the user names, unless the content is certainly none.
fn named(format: Format, sample: &Sample<'_>) -> Result<Format, String> {
    match unread_container(sample.bytes) {
        Some(what) if !(format.0.sniff)(sample) => Err(format!("this is {what}")),
        _ => Ok(format),
    }
}

/// The format of the content, or what is wrong with it.
fn tell(sample: &Sample<'_>, advice: Advice) -> Result<Format, String> {
    if let Some(what) = unread_container(sample.bytes) {
        return Err(format!("this is {what}"));
    }
    if sample.bytes.trim_ascii().is_empty() {
        let what = if sample.bytes.is_empty() {
            "empty"
        } else {
            "nothing but blank lines"
        };
        return Err(format!("the file is {what}: there is no event in it"));
    }
    if sample.bytes.starts_with(b"\xff\xfe") || sample.bytes.starts_with(b"\xfe\xff") {
        return Err("this is UTF-16 text: save it as UTF-8".to_owned());
    }
    let text = Sample {
        bytes: sample
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(sample.bytes),
        whole: sample.whole,
    };
    Format::all()
        .find(|format| (format.0.sniff)(&text))
        .ok_or_else(|| describe(&text, advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, read};

    fn refusal(bytes: &[u8]) -> String {
        let text = error(bytes, &ReadOptions::default());
        let (what, _) = text.split_once("; a trace is,").unwrap_or((&text, ""));
        what.to_owned()
    }

    #[test]
    fn what_is_no_trace_is_named() {
        assert_eq!(
            refusal(b""),
            "`trace`: the file is empty: there is no event in it"
        );
        assert_eq!(
            refusal(b"\n \r\n"),
            "`trace`: the file is nothing but blank lines: there is no event in it"
        );
        assert_eq!(
            refusal(b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
            "`trace`: this is binary data, and no trace that is known"
        );
        assert_eq!(
            refusal(b"# A shop.\npolicy shop {\n  edition 1\n}\n"),
            "`trace`: this is a policy, not a trace"
        );
        assert_eq!(
            refusal(b"<!doctype html>\n"),
            "`trace`: this is HTML or XML, not a trace: it begins with `<!doctype html>`"
        );
        assert_eq!(
            refusal(b"\xff\xfea\0b\0"),
            "`trace`: this is UTF-16 text: save it as UTF-8"
        );
        assert_eq!(
            refusal(b"when,where\n1,/\n"),
            "`trace`: this is CSV, but its header has neither `at` and the fields of an event nor a column like `key` or `id`: it begins with `when,where`"
        );
        assert_eq!(
            refusal(b"Dear Ann,\nhow are you?\n"),
            "`trace`: this is no trace that is known: it begins with `Dear Ann,`"
        );
        assert_eq!(
            refusal(b"PK\x03\x04aaaa"),
            "`trace`: this is a zip archive: unpack it first (`unzip -p FILE | … -`)"
        );
    }

    #[test]
    fn a_named_format_does_not_hide_what_it_is() {
        let text = error(b"BZh91AY", &crate::testing::format("combined"));
        assert!(
            text.starts_with("`trace`: this is bzip2 data: decompress it first"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_file_is_none_of_any_format() {
        for format in Format::all() {
            let options = ReadOptions {
                format: Some(format),
                ..ReadOptions::default()
            };
            assert!(error(b"", &options).contains("the file is empty"));
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out() {
        let (events, _) = read(b"\xef\xbb\xbf1\n2\n", &ReadOptions::default()).unwrap();
        assert_eq!(events.len(), 2);
    }
}
