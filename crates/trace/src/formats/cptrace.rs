//! The compact form that other formats are converted to: see [`crate::cptrace`].

use crate::TraceError;
use crate::cptrace::{CompactReader, CompactWriter, MAGIC};
use crate::format::{Opening, Spec};
use crate::unpack::Unpacked;
use crate::written::EventWriter;
use std::io;

pub(crate) const SPEC: Spec = Spec {
    name: "cptrace",
    about: "the compact form, which `trace convert` makes",
    is_unordered: false,
    has_garbage: false,
    sniff: |sample| sample.bytes.starts_with(&MAGIC),
    open: |opening| Ok(Box::new(Unpacked::new(open(opening)?))),
    open_blocks: Some(|opening| Ok(Box::new(open(opening)?))),
    accesses_only: false,
};

pub(super) fn writer<'a>(out: Box<dyn io::Write + 'a>) -> Box<dyn EventWriter + 'a> {
    Box::new(CompactWriter::new(out))
}

/// All of it in memory. Whoever has a file rather maps it and makes a [`CompactReader`] of that.
fn open(opening: Opening<'_, '_>) -> Result<CompactReader<Vec<u8>>, TraceError> {
    let Opening { input, name, .. } = opening;
    let bytes = input.rest().map_err(|error| TraceError::Io {
        name: name.to_owned(),
        error,
    })?;
    CompactReader::new(bytes, name)
}
