//! Writing.

use super::bytes::Encoder;
use super::codec::Known;
use super::encode::encode;
use super::{COMPACT_VERSION, CompactSummary, MAGIC, MAGIC_END};
use crate::block::{Block, Kind};
use crate::event::Event;
use crate::pack::{Packer, has_room};
use crate::written::{EventWriter, WriteError};
use crate::{Format, ReadStats};
use std::io::{self, Write};

/// Writes a compact trace, block by block or event by event.
pub struct CompactWriter<W> {
    out: W,
    written: u64,
    encoder: Encoder,
    summary: CompactSummary,
    known: Known,
    packer: Packer,
    /// Events that came one by one and are not written yet.
    block: Block,
    started: bool,
}

impl<W: Write> CompactWriter<W> {
    /// Into an output that is empty.
    pub fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            encoder: Encoder::default(),
            summary: CompactSummary::default(),
            known: Known::default(),
            packer: Packer::default(),
            block: Block::default(),
            started: false,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn start(&mut self) -> io::Result<()> {
        if !self.started {
            self.started = true;
            self.put(&MAGIC)?;
            self.put(&COMPACT_VERSION.to_le_bytes())?;
            self.put(&[0; 4])?;
        }
        Ok(())
    }

    /// Writes a block. All blocks are of one stream, each after the one before; they do not mix
    /// with single events.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write_block(&mut self, block: &Block) -> Result<(), WriteError> {
        self.start()?;
        let mut encoder = std::mem::take(&mut self.encoder);
        encoder.bytes.clear();
        encode(block, &mut encoder);
        let length = encoder.bytes.len();
        if length > super::PAYLOAD_BYTES_MAX {
            return Err(WriteError::Unsupported {
                format: "cptrace",
                what: format!("{length} bytes of new texts among a few thousand events"),
            });
        }
        self.put(&(length as u32).to_le_bytes())?;
        self.put(&crc32fast::hash(&encoder.bytes).to_le_bytes())?;
        self.put(&encoder.bytes)?;
        self.encoder = encoder;
        self.known = self.known.with(&block.news);
        let summary = &mut self.summary;
        summary.blocks += 1;
        summary.requests += block.requests.at.len() as u64;
        summary.accesses += block.accesses.at.len() as u64;
        summary.writes += block.writes.at.len() as u64;
        summary.faults += block.faults.len() as u64;
        summary.first = summary.first.or(begins(block));
        summary.last = block.ends().map(|at| at.nanos()).or(summary.last);
        Ok(())
    }

    fn write_events(&mut self) -> Result<(), WriteError> {
        let mut block = std::mem::take(&mut self.block);
        if !block.is_empty() {
            self.write_block(&block)?;
            block.clear();
        }
        self.block = block;
        Ok(())
    }

    /// Writes the summary, without which the file is not whole.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(&mut self) -> Result<(), WriteError> {
        self.start()?;
        self.write_events()?;
        let summary = serde_json::to_vec(&self.summary).map_err(io::Error::from)?;
        let begins = self.written;
        self.put(&summary)?;
        self.put(&begins.to_le_bytes())?;
        self.put(&(summary.len() as u32).to_le_bytes())?;
        self.put(&crc32fast::hash(&summary).to_le_bytes())?;
        self.put(&MAGIC_END)?;
        self.out.flush()?;
        Ok(())
    }
}

fn begins(block: &Block) -> Option<i64> {
    let first = match block.runs.first()?.0 {
        Kind::Request => block.requests.at.first().copied(),
        Kind::Access => block.accesses.at.first().copied(),
        Kind::Write => block.writes.at.first().copied(),
        Kind::Fault => block.faults.first().map(|fault| fault.at),
    };
    first.map(|at| at.nanos())
}

impl<W: Write> EventWriter for CompactWriter<W> {
    fn write(&mut self, event: &Event) -> Result<(), WriteError> {
        if !has_room(&self.block) {
            self.write_events()?;
        }
        let packed = self.packer.push(event, &mut self.block);
        packed.map_err(|error| WriteError::Unsupported {
            format: "cptrace",
            what: error.to_string(),
        })
    }

    fn write_block(&mut self, block: &Block) -> Option<Result<(), WriteError>> {
        Some(Self::write_block(self, block))
    }

    fn made_from(&mut self, stats: &ReadStats) {
        let summary = &mut self.summary;
        summary.format = stats.format.map(Format::name).map(str::to_owned);
        summary.lines = stats.lines;
        summary.errors = stats.errors;
        summary.reordered = stats.reordered;
        summary.lateness_max = stats.lateness_max.nanos();
        summary.spread = stats.spread;
        summary.others.clone_from(&stats.others);
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        Self::finish(self)
    }
}

impl<W> std::fmt::Debug for CompactWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompactWriter")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
