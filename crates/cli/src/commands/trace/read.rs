//! How traces are read, by every command that reads one.

use crate::figures;
use crate::input::{self, Opened};
use anyhow::{Context as _, Result};
use cachepolicy_core::Duration;
use cachepolicy_trace::{
    Advice, BlockSource, CompactReader, Format, LogFormat, MaxErrors, Needs, ReadOptions, Source,
    Unpacked,
};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::Path;

/// Arguments of every command that reads a trace.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Reading the trace")]
pub(crate) struct ReadArgs {
    /// Its format; left out: told by its content
    #[arg(long, value_name = "FORMAT", value_parser = formats(|_| true))]
    trace_format: Option<Format>,
    /// The layout of an access log, as in nginx's `log_format`: `$remote_addr [$time_local] "$request" …`
    #[arg(long, value_name = "LAYOUT", conflicts_with = "trace_format")]
    log_format: Option<LogFormat>,
    /// How far out of order an event may be and still be put in order; left out: 1m in access logs, else none
    #[arg(long, value_name = "DURATION", value_parser = figures::duration)]
    reorder: Option<Duration>,
    /// How many lines may be unreadable and are left out: a number or a share; left out: 1% in access logs, else none
    #[arg(long, value_name = "COUNT|SHARE", value_parser = figures::max_errors)]
    max_errors: Option<MaxErrors>,
}

/// Reads the name of a format.
pub(super) fn formats(wanted: impl Fn(Format) -> bool) -> impl TypedValueParser<Value = Format> {
    let names = Format::all().filter(|format| wanted(*format));
    let names = names.map(|format| PossibleValue::new(format.name()).help(format.about()));
    PossibleValuesParser::new(names).try_map(|name| Format::named(&name).ok_or("no such format"))
}

/// A trace that was opened.
pub(crate) struct Trace {
    /// Its events.
    pub(crate) source: Box<dyn Source>,
    /// As messages call it.
    pub(crate) name: String,
    /// Its size in bytes, compressed where it is.
    pub(crate) size: Option<u64>,
}

impl ReadArgs {
    /// Opens a trace.
    pub(crate) fn open(&self, path: &Path, needs: Needs, seed: u64) -> Result<Trace> {
        if self.is_compact(path) {
            let reader = compact(path)?;
            return Ok(Trace {
                source: Box::new(Unpacked::new(reader)),
                name: path.display().to_string(),
                size: input::size(path),
            });
        }
        let Opened { reader, name, size } = input::open(path, "the trace")?;
        let options = self.options(needs, seed);
        let source =
            cachepolicy_trace::open(reader, &name, &options).context("cannot read the trace")?;
        Ok(Trace { source, name, size })
    }

    /// Opens a trace to be replayed.
    pub(crate) fn open_blocks(
        &self,
        path: &Path,
        needs: Needs,
        seed: u64,
    ) -> Result<Box<dyn BlockSource>> {
        if self.is_compact(path) {
            return Ok(Box::new(compact(path)?));
        }
        let Opened { reader, name, .. } = input::open(path, "the trace")?;
        cachepolicy_trace::open_blocks(reader, &name, &self.options(needs, seed))
            .context("cannot read the trace")
    }

    /// Can the trace be mapped into memory? Another format may be asked for, which then refuses it.
    fn is_compact(&self, path: &Path) -> bool {
        let wanted = self
            .trace_format
            .is_none_or(|format| format.name() == "cptrace");
        wanted && self.log_format.is_none() && input::begins(path, CompactReader::is_compact)
    }

    fn options(&self, needs: Needs, seed: u64) -> ReadOptions {
        ReadOptions {
            format: self.trace_format,
            log_format: self.log_format.clone(),
            needs,
            reorder_window: self.reorder,
            max_errors: self.max_errors,
            seed,
            advice: Advice::Options,
        }
    }
}

fn compact(path: &Path) -> Result<CompactReader<memmap2::Mmap>> {
    let name = path.display().to_string();
    CompactReader::new(input::map(path)?, &name).context("cannot read the trace")
}
