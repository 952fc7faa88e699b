//! Traces that the benchmarks make up, written while they are read.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::io::{self, Write};

/// Key-value accesses in libCacheSim's binary records (`oracleGeneral`): all keys once, then keys
/// at random, 1,000 a second.
///
/// # Errors
/// When they cannot be written.
pub fn accesses(out: &mut dyn Write, requests: u64, keys: u64) -> io::Result<()> {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    for index in 0..requests {
        let key = if index < keys {
            index
        } else {
            random.random_range(0..keys)
        };
        let mut record = [0; 24];
        let seconds = (index / 1_000) as u32;
        record[..4].copy_from_slice(&seconds.to_le_bytes());
        record[4..12].copy_from_slice(&key.to_le_bytes());
        record[12..16].copy_from_slice(&1_000_u32.to_le_bytes());
        record[16..].copy_from_slice(&(-1_i64).to_le_bytes());
        out.write_all(&record)?;
    }
    Ok(())
}

/// JSON lines, one event every hundredth of a second.
#[derive(Debug)]
pub struct Lines<'w, W: Write + ?Sized> {
    out: &'w mut W,
    centiseconds: u64,
}

impl<'w, W: Write + ?Sized> Lines<'w, W> {
    /// From time zero on.
    pub fn new(out: &'w mut W) -> Self {
        Self {
            out,
            centiseconds: 0,
        }
    }

    fn at(&mut self) -> String {
        self.centiseconds += 1;
        format!("{}.{:02}", self.centiseconds / 100, self.centiseconds % 100)
    }

    /// A request for a path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn request(&mut self, path: &str) -> io::Result<()> {
        let at = self.at();
        writeln!(self.out, r#"{{"at":{at},"path":"{path}"}}"#)
    }

    /// An update of the row of that id, of the model `Row`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn update(&mut self, id: u64) -> io::Result<()> {
        let at = self.at();
        writeln!(
            self.out,
            r#"{{"at":{at},"type":"write","model":"Row","op":"update","new":{{"id":"{id}"}}}}"#
        )
    }

    /// Nothing happens for so many seconds.
    pub const fn pause(&mut self, seconds: u64) {
        self.centiseconds += 100 * seconds;
    }
}
