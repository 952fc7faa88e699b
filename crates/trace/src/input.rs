//! Bytes in, lines and records out: one buffer, no allocation per line.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A longer line is no line of a trace; it is reported and left out.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What is read at once: what it takes of the processor's cache, tables of keys and of copies do not have.
const CHUNK_BYTES: usize = 128 * 1024;

/// A smaller rest of the buffer is not worth a call.
const READ_BYTES_MIN: usize = CHUNK_BYTES / 2;

/// How much of an input is looked at to tell its format.
pub(crate) const SAMPLE_BYTES: usize = 64 * 1024;

/// Counts what is read through it, so that progress is known on compressed input too.
pub(crate) struct Counted<'a> {
    inner: Box<dyn Read + 'a>,
    count: Arc<AtomicU64>,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(inner: Box<dyn Read + 'a>) -> (Self, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        let counted = Self {
            inner,
            count: Arc::clone(&count),
        };
        (counted, count)
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What [`Input::next_line`] and its like found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framed {
    /// A record: see [`Input::record`].
    Record,
    /// A line longer than [`Input::line_bytes_max`], or a quote that never ends: left out.
    TooLong,
    /// The input ends inside a record of fixed length.
    Cut,
    /// There is no more.
    End,
}

/// A decompressed input and the record in it that is being read.
pub(crate) struct Input<'a> {
    source: Box<dyn Read + 'a>,
    count: Arc<AtomicU64>,
    buffer: Vec<u8>,
    /// What of the buffer is not consumed yet.
    pending: Range<usize>,
    record: Range<usize>,
    ended: bool,
    number: u64,
    /// Lines that the record spans beyond its first.
    further_lines: u64,
    line_bytes_max: usize,
}

impl<'a> Input<'a> {
    /// Reads from `source`; `count` is how many bytes were taken from the file below it.
    pub(crate) fn new(source: Box<dyn Read + 'a>, count: Arc<AtomicU64>) -> Self {
        Self {
            source,
            count,
            buffer: vec![0; CHUNK_BYTES],
            pending: 0..0,
            record: 0..0,
            ended: false,
            number: 0,
            further_lines: 0,
            line_bytes_max: LINE_BYTES_MAX,
        }
    }

    /// Lines may be so long, instead of [`LINE_BYTES_MAX`].
    pub(crate) fn allow_lines_of(&mut self, bytes: usize) {
        self.line_bytes_max = bytes;
    }

    /// How long a line may be.
    pub(crate) fn line_bytes_max(&self) -> usize {
        self.line_bytes_max
    }

    /// Bytes of the file taken so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The number of the record that is being read, from 1: the line it begins on.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The bytes of the record that is being read, without its line break.
    pub(crate) fn record(&self) -> &[u8] {
        self.buffer.get(self.record.clone()).unwrap_or_default()
    }

    /// The beginning of what is not consumed, and whether that is all there is.
    pub(crate) fn peek(&mut self) -> io::Result<(&[u8], bool)> {
        while !self.ended && self.pending.len() < SAMPLE_BYTES {
            self.fill()?;
        }
        let end = self.pending.end.min(self.pending.start + SAMPLE_BYTES);
        let whole = self.ended && end == self.pending.end;
        let sample = self.buffer.get(self.pending.start..end).unwrap_or_default();
        Ok((sample, whole))
    }

    /// Leaves out that many bytes at the beginning: a byte order mark.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.pending.start = (self.pending.start + bytes).min(self.pending.end);
    }

    /// Moves on to the next line. A last line without a line break counts.
    pub(crate) fn next_line(&mut self) -> io::Result<Framed> {
        self.number += 1 + std::mem::take(&mut self.further_lines);
        self.line(0)
    }

    /// Appends the next line to the record, with the line break between them.
    pub(crate) fn extend_line(&mut self) -> io::Result<Framed> {
        self.further_lines += 1;
        let kept = self.pending.start - self.record.start;
        self.pending.start = self.record.start;
        self.line(kept)
    }

    /// A line whose first `known` bytes are part of it; at the end of the input there is more of
    /// it only if there is more than those.
    fn line(&mut self, known: usize) -> io::Result<Framed> {
        let mut searched = known;
        loop {
            let window = self.pending.start + searched..self.pending.end;
            let found = memchr::memchr(b'\n', self.buffer.get(window).unwrap_or_default());
            if let Some(at) = found {
                let end = self.pending.start + searched + at;
                return Ok(self.take_line(end, end + 1));
            }
            searched = self.pending.len();
            if self.ended {
                if searched <= known {
                    self.pending.start = self.pending.end;
                    return Ok(Framed::End);
                }
                let end = self.pending.end;
                return Ok(self.take_line(end, end));
            }
            if searched > self.line_bytes_max {
                return self.skip_line();
            }
            self.fill()?;
        }
    }

    fn take_line(&mut self, end: usize, next: usize) -> Framed {
        let start = self.pending.start;
        self.pending.start = next;
        let carriage_return = end > start && self.buffer.get(end - 1) == Some(&b'\r');
        self.record = start..end - usize::from(carriage_return);
        if self.record.len() > self.line_bytes_max {
            Framed::TooLong
        } else {
            Framed::Record
        }
    }

    fn skip_line(&mut self) -> io::Result<Framed> {
        loop {
            let pending = self.buffer.get(self.pending.clone()).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', pending) {
                self.pending.start += at + 1;
                break;
            }
            self.pending = 0..0;
            if self.ended {
                break;
            }
            self.fill()?;
        }
        self.record = 0..0;
        Ok(Framed::TooLong)
    }

    /// Moves on to the next `length` bytes.
    pub(crate) fn next_block(&mut self, length: usize) -> io::Result<Framed> {
        while self.pending.len() < length {
            if self.ended {
                let cut = !self.pending.is_empty();
                self.record = self.pending.clone();
                self.pending = 0..0;
                self.number += u64::from(cut);
                return Ok(if cut { Framed::Cut } else { Framed::End });
            }
            self.fill()?;
        }
        self.record = self.pending.start..self.pending.start + length;
        self.pending.start += length;
        self.number += 1;
        Ok(Framed::Record)
    }

    /// All that was not consumed, to the end.
    pub(crate) fn rest(mut self) -> io::Result<Vec<u8>> {
        let mut rest = self
            .buffer
            .get(self.pending.clone())
            .unwrap_or_default()
            .to_vec();
        self.source.read_to_end(&mut rest)?;
        Ok(rest)
    }

    /// Whole records of that length, as many as are in memory; none at the end of the input or
    /// where it is cut off inside a record. To be consumed with [`Input::consume`].
    pub(crate) fn records(&mut self, length: usize) -> io::Result<&[u8]> {
        while self.pending.len() < length && !self.ended {
            self.fill()?;
        }
        let whole = self.pending.len() / length * length;
        let records = self.pending.start..self.pending.start + whole;
        Ok(self.buffer.get(records).unwrap_or_default())
    }

    /// Moves on behind that many records of [`Input::records`].
    pub(crate) fn consume(&mut self, records: usize, length: usize) {
        self.pending.start = (self.pending.start + records * length).min(self.pending.end);
        self.number += records as u64;
    }

    /// Whole lines with their line breaks, as many as are in memory; none where the next line has no
    /// break, or is too long. To be consumed with [`Input::consume_lines`].
    pub(crate) fn lines(&mut self) -> io::Result<&[u8]> {
        let mut searched = 0;
        loop {
            let pending = self.buffer.get(self.pending.clone()).unwrap_or_default();
            let fresh = pending.get(searched..).unwrap_or_default();
            if let Some(last) = memchr::memrchr(b'\n', fresh) {
                let lines = self.pending.start..self.pending.start + searched + last + 1;
                return Ok(self.buffer.get(lines).unwrap_or_default());
            }
            searched = pending.len();
            if self.ended || searched > self.line_bytes_max {
                return Ok(&[]);
            }
            self.fill()?;
        }
    }

    /// The number that the next line will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.number + self.further_lines + 1
    }

    /// Moves on behind that many bytes of [`Input::lines`], which are so many lines.
    pub(crate) fn consume_lines(&mut self, bytes: usize, lines: u64) {
        self.pending.start = (self.pending.start + bytes).min(self.pending.end);
        if lines > 0 {
            self.number += lines + std::mem::take(&mut self.further_lines);
        }
    }

    /// Reads once. What is pending moves to the front; a line that fills the buffer makes it grow.
    fn fill(&mut self) -> io::Result<()> {
        if self.pending.start > 0 {
            self.buffer.copy_within(self.pending.clone(), 0);
            self.pending = 0..self.pending.len();
        }
        if self.buffer.len() - self.pending.end < READ_BYTES_MIN {
            self.buffer.resize(self.buffer.len() + CHUNK_BYTES, 0);
        }
        let free = self.buffer.get_mut(self.pending.end..).unwrap_or_default();
        loop {
            match self.source.read(free) {
                Ok(0) => self.ended = true,
                Ok(read) => self.pending.end += read.min(free.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives `step` bytes at a time.
    struct Slowly<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let take = self.step.min(buffer.len());
            (&mut self.bytes).take(take as u64).read(buffer)
        }
    }

    fn input(bytes: &[u8], step: usize) -> Input<'_> {
        let (counted, count) = Counted::new(Box::new(Slowly { bytes, step }));
        Input::new(Box::new(counted), count)
    }

    fn lines(bytes: &[u8], step: usize) -> Vec<String> {
        let mut input = input(bytes, step);
        let mut lines = Vec::new();
        loop {
            match input.next_line().unwrap() {
                Framed::Record => lines.push(String::from_utf8_lossy(input.record()).into_owned()),
                Framed::TooLong => lines.push("too long".to_owned()),
                Framed::Cut | Framed::End => return lines,
            }
        }
    }

    #[test]
    fn lines_of_every_ending() {
        assert_eq!(lines(b"", 1), Vec::<String>::new());
        assert_eq!(lines(b"a\nb\r\n\nlast", 3), ["a", "b", "", "last"]);
        assert_eq!(lines(b"a\n", 1), ["a"]);
    }

    #[test]
    fn a_long_line_is_left_out() {
        let mut text = vec![b'x'; LINE_BYTES_MAX + 1];
        text.extend_from_slice(b"\nnext\n");
        assert_eq!(lines(&text, 100_000), ["too long", "next"]);
        let mut text = vec![b'x'; 3 * LINE_BYTES_MAX];
        text.extend_from_slice(b"\nnext");
        assert_eq!(lines(&text, 100_000), ["too long", "next"]);
        let text = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(
            lines(&text, 100_000).first().map(String::len),
            Some(LINE_BYTES_MAX)
        );
    }

    #[test]
    fn blocks_and_a_cut_one() {
        let mut input = input(b"aaabbbc", 2);
        assert_eq!(input.next_block(3).unwrap(), Framed::Record);
        assert_eq!(input.record(), b"aaa");
        assert_eq!(input.next_block(3).unwrap(), Framed::Record);
        assert_eq!(input.next_block(3).unwrap(), Framed::Cut);
        assert_eq!((input.record(), input.number()), (&b"c"[..], 3));
        assert_eq!(input.next_block(3).unwrap(), Framed::End);
        assert_eq!(input.bytes_read(), 7);
    }

    #[test]
    fn a_peek_consumes_nothing() {
        let mut input = input(b"a\nb", 1);
        assert_eq!(input.peek().unwrap(), (&b"a\nb"[..], true));
        assert_eq!(input.next_line().unwrap(), Framed::Record);
        assert_eq!(input.record(), b"a");
        assert_eq!(input.extend_line().unwrap(), Framed::Record);
        assert_eq!(input.record(), b"a\nb");
        assert_eq!(input.extend_line().unwrap(), Framed::End);
        assert_eq!(input.next_line().unwrap(), Framed::End);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(text in "[ab\r\n]{0,40}", step in 1usize..9) {
            let mut expected: Vec<&str> = text.split('\n').collect();
            if expected.last() == Some(&"") {
                expected.pop();
            }
            let expected: Vec<&str> =
                expected.iter().map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
            prop_assert_eq!(lines(text.as_bytes(), step), expected);
        }
    }
}
