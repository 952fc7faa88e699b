//! What the proxy records.

use crate::figures;
use crate::output;
use crate::output::units;
use cachepolicy_runtime::{Cache, Recorder};
use cachepolicy_sim::sample::Rate;
use std::path::PathBuf;

/// The trace that the proxy writes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Recording")]
pub(crate) struct RecordArgs {
    /// Write the trace of what is asked, for `simulate`: `trace.jsonl` becomes `trace.000001.jsonl` and so
    /// on, complete when it has that name
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write keys and users as they are, and not as hashes by the secret in `FILE.key`
    #[arg(long, requires = "record")]
    record_plain: bool,
    /// Record only this share of the paths, each with all of its requests, as `simulate --sample` takes
    /// them: `1%`, `0.01`
    #[arg(long, value_name = "RATE", value_parser = figures::rate, requires = "record")]
    record_sample: Option<Rate>,
    /// A file is complete when it has so many bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = clap::value_parser!(u64).range(1..))]
    record_rotate: u64,
    /// Keep so many complete files, and remove older ones
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    record_keep: u32,
}

impl RecordArgs {
    /// What records, if something is to be recorded.
    pub(crate) fn recorder(&self) -> Option<Recorder> {
        let recorder = Recorder::to(self.record.as_ref()?)
            .rotate_at(self.record_rotate)
            .keep(self.record_keep as usize)
            .sample(self.record_sample.unwrap_or(Rate::ALL).share());
        Some(if self.record_plain {
            recorder.plain()
        } else {
            recorder
        })
    }
}

/// The last file is complete.
pub(crate) fn stop(cache: &Cache) {
    let Some(recorded) = cache.stop_recording() else {
        return;
    };
    let mut said = format!("recorded {} requests", units::grouped(recorded.requests));
    if recorded.dropped > 0 {
        said += &format!(", dropped {}", units::grouped(recorded.dropped));
    }
    output::say(&format!("{said}\n"));
}
