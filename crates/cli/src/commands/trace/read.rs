//! How traces are read, by every command that reads one.

use crate::figures;
use crate::input::{self, Opened};
use crate::output::units;
use anyhow::{Context as _, Result};
use cachepolicy_core::Duration;
use cachepolicy_trace::{
    BlockSource, CompactReader, Format, LogFormat, MaxErrors, Needs, ReadOptions, ReadStats,
    Recorded, Source, Unpacked,
};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::collections::BTreeMap;
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
        }
    }
}

fn compact(path: &Path) -> Result<CompactReader<memmap2::Mmap>> {
    let name = path.display().to_string();
    CompactReader::new(input::map(path)?, &name).context("cannot read the trace")
}

/// What must be known of how a trace was read, one sentence each.
pub(crate) fn notes(stats: &ReadStats) -> Vec<String> {
    let mut notes = Vec::new();
    if stats.errors > 0 {
        let first = stats.samples.first().map_or_else(String::new, |sample| {
            format!(
                "; the first: line {}, {}",
                units::grouped(sample.line),
                sample.reason
            )
        });
        notes.push(format!(
            "{} of {} lines could not be read and {} left out{first}",
            units::grouped(stats.errors),
            units::grouped(stats.lines),
            if stats.errors == 1 { "was" } else { "were" }
        ));
    }
    if let Some(others) = others(&stats.others) {
        notes.push(others);
    }
    if stats.reordered > 0 {
        notes.push(format!(
            "{} events stood out of order, by up to {}, and were put in order",
            units::grouped(stats.reordered),
            units::seconds(stats.lateness_max.as_secs_f64())
        ));
    }
    if stats.spread {
        notes.push("the trace has times in whole seconds: they were spread inside their second, by the seed".to_owned());
    }
    notes.extend(stats.recorded.iter().flat_map(recorded));
    notes
}

/// What a recorder left out.
fn recorded(recorded: &Recorded) -> Vec<String> {
    let mut notes = Vec::new();
    if !recorded.sample.is_all() {
        let share = recorded.sample.share();
        notes.push(format!(
            "the trace was recorded as a sample of {share} of the paths or keys, without {} requests: `--sample {share}` \
             takes all that is there, and the same share of each capacity",
            units::grouped(recorded.left_out)
        ));
    }
    if recorded.dropped > 0 {
        notes.push(format!(
            "{} events are missing, since the recorder could not follow: `levels` see fewer look-ups than there were",
            units::grouped(recorded.dropped)
        ));
    }
    if recorded.late > 0 {
        notes.push(format!(
            "{} events took longer than a minute, and bear a later time than that of their beginning",
            units::grouped(recorded.late)
        ));
    }
    notes
}

/// How many kinds of records that are no events are named.
const OTHERS_MAX: usize = 5;

/// What was no event, most frequent first.
fn others(others: &BTreeMap<String, u64>) -> Option<String> {
    let all: u64 = others.values().sum();
    let mut kinds: Vec<_> = others.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let named: Vec<_> = kinds
        .iter()
        .take(OTHERS_MAX)
        .map(|(name, count)| format!("{name} {}", units::grouped(**count)))
        .collect();
    let more = match kinds.len().saturating_sub(OTHERS_MAX) {
        0 => String::new(),
        more => format!(" and {}", units::plural(more as u64, "other", "others")),
    };
    (all > 0).then(|| {
        format!(
            "{} {} nothing to a cache and {} left out: {}{more}",
            units::plural(all, "command", "commands"),
            if all == 1 { "is" } else { "are" },
            if all == 1 { "was" } else { "were" },
            named.join(", ")
        )
    })
}
