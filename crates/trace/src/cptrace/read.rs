//! Reading.

use super::codec::Known;
use super::decode::decode;
use super::{
    BLOCK_HEADER_BYTES, COMPACT_VERSION, CompactSummary, HEADER_BYTES, MAGIC, MAGIC_END,
    PAYLOAD_BYTES_MAX, TAIL_BYTES,
};
use crate::block::{Block, BlockSource, Kind};
use crate::json;
use crate::{Format, ReadStats, TraceError};
use cachepolicy_core::units::{Duration, Time};

/// A compact trace in memory, mostly a mapped file. Blocks are checked as they are reached: a
/// damaged one ends the reading with a message.
#[derive(Debug)]
pub struct CompactReader<B> {
    bytes: B,
    name: String,
    version: u32,
    summary: CompactSummary,
    /// Where the next block begins, and where the last one ends.
    next: usize,
    end: usize,
    number: u64,
    known: Known,
    /// Requests, accesses, writes and faults so far.
    counts: [u64; 4],
    /// When the last event so far happens.
    last: Time,
    stats: ReadStats,
}

impl CompactReader<()> {
    /// Do these bytes begin as a compact trace does?
    #[must_use]
    pub fn is_compact(beginning: &[u8]) -> bool {
        beginning.starts_with(&MAGIC)
    }
}

impl<B: AsRef<[u8]>> CompactReader<B> {
    /// Of all bytes of a file that messages call `name`.
    ///
    /// # Errors
    /// When it is no compact trace, or of a later version, or cut off.
    pub fn new(bytes: B, name: &str) -> Result<Self, TraceError> {
        let (version, summary, end) =
            summary(bytes.as_ref()).map_err(|reason| TraceError::Format {
                name: name.to_owned(),
                reason,
            })?;
        let stats = ReadStats {
            format: Format::named("cptrace"),
            lines: summary.lines,
            errors: summary.errors.min(summary.lines),
            reordered: summary.reordered,
            lateness_max: Duration::from_nanos(summary.lateness_max.max(0)),
            spread: summary.spread,
            others: summary.others.clone(),
            ..ReadStats::default()
        };
        Ok(Self {
            bytes,
            name: name.to_owned(),
            version,
            summary,
            next: HEADER_BYTES,
            end,
            number: 0,
            known: Known::default(),
            counts: [0; 4],
            last: Time::DISTANT_PAST,
            stats,
        })
    }

    /// What the trace says of itself.
    #[must_use]
    pub fn summary(&self) -> &CompactSummary {
        &self.summary
    }

    fn payload(&self) -> Option<(&[u8], usize)> {
        let header = self.bytes.as_ref().get(self.next..self.end)?;
        let (length, rest) = header.split_first_chunk::<4>()?;
        let (checksum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > PAYLOAD_BYTES_MAX {
            return None;
        }
        let payload = rest.get(..length)?;
        let is_whole = crc32fast::hash(payload) == u32::from_le_bytes(*checksum);
        is_whole.then_some((payload, self.next + BLOCK_HEADER_BYTES + length))
    }

    /// Counts a block; `false` where there is more in it than the summary has.
    fn count(&mut self, block: &Block) -> bool {
        let found = [
            block.requests.at.len(),
            block.accesses.at.len(),
            block.writes.at.len(),
            block.faults.len(),
        ];
        let summary = &self.summary;
        let said = [
            summary.requests,
            summary.accesses,
            summary.writes,
            summary.faults,
        ];
        let mut counts = self.counts.iter_mut().zip(found).zip(said);
        counts.all(|((count, found), said)| {
            *count += found as u64;
            *count <= said
        })
    }

    /// Moves on to the end of a block; `false` where its events are not in the order of time.
    fn pass(&mut self, block: &Block) -> bool {
        let mut next = [0; 4];
        block.runs.iter().all(|&(kind, count)| {
            let first = next[kind as usize];
            let end = first + count as usize;
            next[kind as usize] = end;
            let at = match kind {
                Kind::Request => &block.requests.at,
                Kind::Access => &block.accesses.at,
                Kind::Write => &block.writes.at,
                Kind::Fault => {
                    return (first..end).all(|index| {
                        let before = self.last;
                        self.last = block.at(kind, index).unwrap_or(before);
                        self.last >= before
                    });
                }
            };
            let before = self.last;
            let at = at.get(first..end).unwrap_or_default();
            self.last = at.last().copied().unwrap_or(before);
            at.is_sorted() && at.first().is_none_or(|&first| first >= before)
        })
    }

    fn damaged(&self) -> TraceError {
        TraceError::Format {
            name: self.name.clone(),
            reason: format!(
                "block {} of {} is damaged: make the compact trace again with `trace convert`",
                self.number + 1,
                self.summary.blocks
            ),
        }
    }
}

/// The version, the summary, and where the blocks end.
fn summary(bytes: &[u8]) -> Result<(u32, CompactSummary, usize), String> {
    let header = bytes
        .strip_prefix(&MAGIC)
        .and_then(|rest| rest.first_chunk());
    let version = u32::from_le_bytes(*header.ok_or("this is no compact trace")?);
    if version > COMPACT_VERSION {
        return Err(format!(
            "this is version {version} of the compact form, and {COMPACT_VERSION} is the latest that is known here: use a newer release, or make it again with `trace convert`"
        ));
    }
    let cut =
        "the compact trace is cut off: its end is missing; make it again with `trace convert`";
    let blocks_and_summary = bytes.len().checked_sub(TAIL_BYTES).ok_or(cut)?;
    let tail = bytes.get(blocks_and_summary..).ok_or(cut)?;
    let tail = tail.strip_suffix(&MAGIC_END).ok_or(cut)?;
    let (begins, tail) = tail.split_first_chunk().ok_or(cut)?;
    let (length, tail) = tail.split_first_chunk().ok_or(cut)?;
    let checksum = tail.first_chunk().ok_or(cut)?;
    let damaged = "the summary of the compact trace is damaged: make it again with `trace convert`";
    let begins = usize::try_from(u64::from_le_bytes(*begins)).map_err(|_| damaged)?;
    let ends = begins.checked_add(u32::from_le_bytes(*length) as usize);
    if ends != Some(blocks_and_summary) || begins < HEADER_BYTES {
        return Err(damaged.to_owned());
    }
    let json = bytes.get(begins..blocks_and_summary).ok_or(damaged)?;
    if crc32fast::hash(json) != u32::from_le_bytes(*checksum) {
        return Err(damaged.to_owned());
    }
    let json = core::str::from_utf8(json).map_err(|_| damaged)?;
    let summary = read_summary(json).ok_or(damaged)?;
    Ok((version, summary, begins))
}

/// What is not there is as in a summary of nothing; what nobody knows is for later versions.
fn read_summary(json: &str) -> Option<CompactSummary> {
    let mut summary = CompactSummary::default();
    for (name, json) in json::object(json).ok()?.0 {
        let time = || match json {
            "null" => Some(None),
            _ => json.parse().ok().map(Some),
        };
        match name.as_ref() {
            "requests" => summary.requests = json.parse().ok()?,
            "accesses" => summary.accesses = json.parse().ok()?,
            "writes" => summary.writes = json.parse().ok()?,
            "faults" => summary.faults = json.parse().ok()?,
            "blocks" => summary.blocks = json.parse().ok()?,
            "first" => summary.first = time()?,
            "last" => summary.last = time()?,
            "format" if json == "null" => summary.format = None,
            "format" => summary.format = Some(json::scalar(json)?.into_owned()),
            "lines" => summary.lines = json.parse().ok()?,
            "errors" => summary.errors = json.parse().ok()?,
            "reordered" => summary.reordered = json.parse().ok()?,
            "lateness_max" => summary.lateness_max = json.parse().ok()?,
            "spread" => summary.spread = json.parse().ok()?,
            "others" => {
                let others = json::object(json).ok()?.0.into_iter();
                let others = others.map(|(name, count)| Some((name.into(), count.parse().ok()?)));
                summary.others = others.collect::<Option<_>>()?;
            }
            _ => {}
        }
    }
    Some(summary)
}

impl<B: AsRef<[u8]>> BlockSource for CompactReader<B> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, TraceError> {
        let spare = core::mem::take(&mut block.news.written);
        block.clear();
        if self.next == self.end {
            return Ok(false);
        }
        let Some((payload, next)) = self.payload() else {
            return Err(self.damaged());
        };
        block.news.written = spare;
        let is_read = decode(payload, self.version, self.known, block).is_some();
        if !is_read || block.is_empty() || !self.count(block) || !self.pass(block) {
            return Err(self.damaged());
        }
        self.known = self.known.with(&block.news);
        self.next = next;
        self.number += 1;
        self.stats.events += block.len() as u64;
        self.stats.input_bytes = next as u64;
        Ok(true)
    }

    fn stats(&self) -> &ReadStats {
        &self.stats
    }

    fn accesses_only(&self) -> bool {
        let summary = &self.summary;
        summary.requests == 0 && summary.writes == 0 && summary.faults == 0
    }
}
