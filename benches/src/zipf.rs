//! The trace that speeds are measured on: independent requests for objects by Zipf's law.

use cachepolicy_core::edge::Operation;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::random::mix;
use cachepolicy_trace::{
    Access, AccessKey, AccessOperation, CompactWriter, Event, EventWriter as _, Value,
    Write as Row, WriteError,
};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Which requests there are.
#[derive(Debug, Clone, Copy)]
pub struct Zipf {
    /// How many.
    pub requests: usize,
    /// Of so many objects.
    pub objects: usize,
    /// The k-th most popular one is asked for in proportion to k^−alpha.
    pub alpha: f64,
    /// So many a second, in whole seconds.
    pub rate: usize,
}

impl Zipf {
    /// A million objects, alpha 1, 20,000 requests a second.
    #[must_use]
    pub const fn standard(requests: usize) -> Self {
        Self {
            requests,
            objects: 1_000_000,
            alpha: 1.0,
            rate: 20_000,
        }
    }

    /// The object of each request, by its popularity from 0.
    #[must_use]
    pub fn ranks(&self) -> Vec<u32> {
        let mut shares = Vec::with_capacity(self.objects);
        let mut sum = 0.0;
        for object in 0..self.objects {
            sum += 1.0 / libm::pow((object + 1) as f64, self.alpha);
            shares.push(sum);
        }
        let mut state = 42_u64;
        (0..self.requests)
            .map(|_| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let draw = (mix(state) >> 11) as f64 / (1_u64 << 53) as f64 * sum;
                let rank = shares.partition_point(|&share| share < draw);
                rank.min(self.objects - 1) as u32
            })
            .collect()
    }

    /// Writes them as libCacheSim's binary records and as CSV.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, binary: &Path, csv: &Path) -> io::Result<()> {
        let ranks = self.ranks();
        let mut last = vec![-1_i64; self.objects];
        let mut next = vec![-1_i64; ranks.len()];
        for (index, &rank) in ranks.iter().enumerate().rev() {
            next[index] = last[rank as usize];
            last[rank as usize] = index as i64 + 1;
        }
        let mut binary = BufWriter::with_capacity(1 << 20, File::create(binary)?);
        let mut csv = BufWriter::with_capacity(1 << 20, File::create(csv)?);
        writeln!(csv, "time,id,size")?;
        for (index, (&rank, next)) in ranks.iter().zip(next).enumerate() {
            let key = mix(u64::from(rank) ^ 0x00ab_cdef) >> 1;
            let second = (1_600_000_000 + index / self.rate) as u32;
            binary.write_all(&second.to_le_bytes())?;
            binary.write_all(&key.to_le_bytes())?;
            binary.write_all(&1_u32.to_le_bytes())?;
            binary.write_all(&next.to_le_bytes())?;
            writeln!(csv, "{second},{key},1")?;
        }
        binary.flush()?;
        csv.flush()
    }

    /// Writes them in the compact form, evenly over each second, with writes in between: one for so
    /// many requests, for an object that is drawn by the same law.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_with_writes(
        &self,
        compact: &Path,
        each: usize,
        what: Written,
    ) -> Result<(), WriteError> {
        /// So far away that the draws have nothing to do with each other.
        const APART: usize = 1_000_003;
        let ranks = self.ranks();
        let file = BufWriter::with_capacity(1 << 20, File::create(compact)?);
        let mut writer = CompactWriter::new(Box::new(file));
        let key = |rank: u32| mix(u64::from(rank) ^ 0x00ab_cdef) >> 1;
        let step = Duration::SECOND.nanos() / self.rate as i64;
        for (index, &rank) in ranks.iter().enumerate() {
            let at = |more: i64| Time::from_nanos(index as i64 * step + more);
            let access = |at, operation, rank| {
                Event::Access(Access {
                    at,
                    operation,
                    key: AccessKey::Number(key(rank)),
                    bytes: Some(1),
                    ttl: None,
                    cost: None,
                })
            };
            writer.write(&access(at(0), AccessOperation::Get, rank))?;
            if index % each != 0 {
                continue;
            }
            let rank = ranks[(index + APART) % ranks.len()];
            writer.write(&match what {
                Written::Keys => access(at(step / 2), AccessOperation::Set, rank),
                Written::Rows => Event::Write(Row {
                    at: at(step / 2),
                    model: "Item".to_owned(),
                    operation: Operation::Update,
                    old: None,
                    new: Some(vec![("id".to_owned(), Value::Text(key(rank).to_string()))]),
                    process: None,
                    delay: None,
                }),
            })?;
        }
        writer.finish()
    }
}

/// What writes are in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// `set` of a key.
    Keys,
    /// A row of the model `Item`, whose `id` is the key.
    Rows,
}
