//! Writing traces.

use super::read::formats;
use crate::output::ending;
use crate::output::file::Destination;
use anyhow::{Context as _, Result, bail};
use cachepolicy_trace::{Event, EventWriter, Format, WriteError};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Arguments of the commands that write a trace.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct OutputArgs {
    /// Where to write it; a name that ends in `.gz` is compressed
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// The format to write; left out: by the ending of the output's name, else `jsonl`
    #[arg(long, value_name = "FORMAT", value_parser = formats(is_writable))]
    to: Option<Format>,
}

/// What is written where nothing is said: it can express everything.
const FORMAT_DEFAULT: &str = "jsonl";

fn is_writable(format: Format) -> bool {
    format.writer(Box::new(io::sink())).is_some()
}

impl OutputArgs {
    /// Writes a trace: `events` gets what writes it.
    pub(super) fn write(
        &self,
        events: impl FnOnce(&mut TraceWriter<'_>) -> Result<()>,
    ) -> Result<()> {
        let (format, compressed) = self.format()?;
        let mut destination = Destination::open(Some(&self.output))?;
        let name = destination.name();
        if compressed {
            let mut encoder = GzEncoder::new(&mut destination, Compression::default());
            write_into(format, &mut encoder, name.clone(), events)?;
            encoder
                .finish()
                .with_context(|| format!("cannot write {name}"))?;
        } else {
            write_into(format, &mut destination, name, events)?;
        }
        destination.finish()
    }

    fn format(&self) -> Result<(Format, bool)> {
        let compressed = ending_of(&self.output) == Some("gz");
        let bare = if compressed {
            self.output.with_extension("")
        } else {
            self.output.clone()
        };
        if ending_of(&bare) == Some("zst") {
            bail!("`.zst` is read but not written: write `.gz`, or pipe the output through `zstd`");
        }
        let default = Format::named(FORMAT_DEFAULT).context("no format can be written")?;
        let mut endings = vec![("json", default), ("ndjson", default)];
        let writable = Format::all().filter(|format| is_writable(*format));
        endings.extend(writable.map(|format| (format.name(), format)));
        let format = ending::format_or(self.to, "--to", &bare, &endings, default)?;
        Ok((format, compressed))
    }
}

fn ending_of(path: &Path) -> Option<&str> {
    path.extension()?.to_str()
}

fn write_into(
    format: Format,
    out: &mut impl Write,
    name: String,
    events: impl FnOnce(&mut TraceWriter<'_>) -> Result<()>,
) -> Result<()> {
    let Some(inner) = format.writer(Box::new(out)) else {
        bail!("`{}` can only be read", format.name());
    };
    let mut writer = TraceWriter { inner, name };
    events(&mut writer)?;
    let TraceWriter { mut inner, name } = writer;
    inner.finish().map_err(|error| written(error, &name))
}

/// Writes events, and knows what its output is called.
pub(super) struct TraceWriter<'a> {
    inner: Box<dyn EventWriter + 'a>,
    name: String,
}

impl TraceWriter<'_> {
    /// Writes one event.
    pub(super) fn write(&mut self, event: &Event) -> Result<()> {
        self.inner
            .write(event)
            .map_err(|error| written(error, &self.name))
    }
}

/// An error of writing; that of a reader that went away stays recognisable.
fn written(error: WriteError, name: &str) -> anyhow::Error {
    match error {
        WriteError::Io(error) => anyhow::Error::new(error).context(format!("cannot write {name}")),
        other => other.into(),
    }
}
