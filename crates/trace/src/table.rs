//! Rows of CSV (RFC 4180): what CSV formats have in common.

use crate::input::{Framed, Input};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io;

/// So many columns at most.
pub const COLUMNS_MAX: usize = 1_024;

/// Splits rows into cells.
#[derive(Debug)]
pub(crate) struct Table {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// The delimiter of a file with this header: the one of comma, semicolon and tab that is there
/// most often.
pub(crate) fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

impl Table {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            text: vec![0; 1_024],
            ends: vec![0; COLUMNS_MAX],
        }
    }

    /// Moves on to the next row: lines until all quotes are closed.
    pub(crate) fn advance(input: &mut Input<'_>) -> io::Result<Framed> {
        let mut framed = input.next_line()?;
        while framed == Framed::Record && has_open_quote(input.record()) {
            match input.extend_line()? {
                Framed::End => break,
                more => framed = more,
            }
        }
        Ok(framed)
    }

    /// The cells of a row.
    ///
    /// # Errors
    /// When it is no UTF-8 text or has too many columns.
    pub(crate) fn split(&mut self, row: &[u8]) -> Result<Cells<'_>, String> {
        self.reader.reset();
        if self.text.len() <= row.len() {
            self.text.resize(row.len() + 1, 0);
        }
        let (mut input, mut written, mut columns) = (row, 0, 0);
        loop {
            let text = self.text.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(columns..).unwrap_or_default();
            let (result, read, out, ended) = self.reader.read_record(input, text, ends);
            input = input.get(read..).unwrap_or_default();
            written += out;
            columns += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => {
                    return Err(format!("more than {COLUMNS_MAX} columns"));
                }
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        let text = self.text.get(..written).unwrap_or_default();
        Ok(Cells {
            text: std::str::from_utf8(text).map_err(|_| "the line is no UTF-8 text".to_owned())?,
            ends: self.ends.get(..columns).unwrap_or_default(),
        })
    }
}

/// An odd number of quotes: a quoted cell goes on in the next line.
fn has_open_quote(row: &[u8]) -> bool {
    memchr::memchr_iter(b'"', row).count() % 2 == 1
}

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    pub(crate) fn len(self) -> usize {
        self.ends.len()
    }

    /// The cell in that column; empty where there is none.
    pub(crate) fn get(self, column: usize) -> &'a str {
        let start = match column.checked_sub(1) {
            Some(before) => self.ends.get(before),
            None => Some(&0),
        };
        let range = start.zip(self.ends.get(column));
        range
            .and_then(|(start, end)| self.text.get(*start..*end))
            .unwrap_or_default()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |column| self.get(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(row: &str) -> Vec<String> {
        let mut table = Table::new(b',');
        let cells = table.split(row.as_bytes()).unwrap();
        cells.iter().map(str::to_owned).collect()
    }

    #[test]
    fn cells_and_quotes() {
        assert_eq!(split("a,,\"b,\"\"c\"\"\",é"), ["a", "", "b,\"c\"", "é"]);
        assert_eq!(split("a\nb"), ["a"]);
        assert_eq!(split("\"a\nb\",c"), ["a\nb", "c"]);
        let mut table = Table::new(b',');
        assert!(table.split(b"\xff").is_err());
        assert!(table.split(&[b','; COLUMNS_MAX]).is_err());
        assert_eq!(
            table.split(&[b','; COLUMNS_MAX - 1]).unwrap().len(),
            COLUMNS_MAX
        );
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter(b"at,path"), b',');
        assert_eq!(delimiter(b"at;path"), b';');
        assert_eq!(delimiter(b"at\tpath"), b'\t');
        assert_eq!(delimiter(b"key"), b',');
    }

    proptest! {
        #[test]
        fn any_row_is_split(row in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut table = Table::new(b',');
            if let Ok(cells) = table.split(&row) {
                prop_assert_eq!(cells.iter().count(), cells.len());
            }
        }
    }
}
