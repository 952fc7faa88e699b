//! The compact form of a trace, `.cptrace`: columnar, interned, checksummed, and made to be mapped
//! into memory. Replaying it parses nothing.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `0x89 CPTRACE` |
//! | 4 | version, little-endian as all numbers |
//! | 4 | zero |
//! | … | blocks, each: length of the payload (4), its CRC-32 (4), the payload: see `encode.rs` |
//! | … | summary as JSON |
//! | 8 | where the summary begins |
//! | 4 | its length |
//! | 4 | its CRC-32 |
//! | 8 | `ECARTPC 0x89` |
//!
//! A file is whole or it is refused: the summary is written last.

mod bytes;
mod codec;
mod columns;
mod decode;
mod encode;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::CompactReader;
pub use write::CompactWriter;

use serde::Serialize;
use std::collections::BTreeMap;

/// The version that is written, and the greatest that is read; all before it are read too.
///
/// 2: what the cache did that was there, and headers and cookies that are known to be absent.
pub const COMPACT_VERSION: u32 = 2;

/// What every file begins with.
pub(crate) const MAGIC: [u8; 8] = *b"\x89CPTRACE";
const MAGIC_END: [u8; 8] = *b"ECARTPC\x89";
const HEADER_BYTES: usize = 16;
const BLOCK_HEADER_BYTES: usize = 8;
const TAIL_BYTES: usize = 24;

/// Bytes of a block's payload at most.
const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// What a compact trace says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CompactSummary {
    /// How many requests.
    pub requests: u64,
    /// How many accesses of keys.
    pub accesses: u64,
    /// How many writes.
    pub writes: u64,
    /// How many faults.
    pub faults: u64,
    /// How many blocks.
    pub blocks: u64,
    /// The first event, in nanoseconds.
    pub first: Option<i64>,
    /// The last event, in nanoseconds.
    pub last: Option<i64>,
    /// The format that it was made from.
    pub format: Option<String>,
    /// Its lines or records.
    pub lines: u64,
    /// Those of them that could not be read.
    pub errors: u64,
    /// Its events that stood out of order.
    pub reordered: u64,
    /// The furthest that one of them was late, in nanoseconds.
    pub lateness_max: i64,
    /// Its times were whole seconds and were spread inside their second.
    pub spread: bool,
    /// Its records that were no events, by what they were.
    pub others: BTreeMap<String, u64>,
}
