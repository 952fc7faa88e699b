//! `cachepolicy trace info FILE`

use super::super::{Outcome, ReportFormat};
use super::{ReadArgs, notes};
use crate::args::Session;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::progress::Progress;
use crate::output::table::{self, Column, plain};
use crate::output::{self, text, units};
use anyhow::{Context as _, Result};
use cachepolicy_trace::summary::{Figures, Frequent, Summary};
use cachepolicy_trace::{Event, Needs, ReadStats};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Say what is in a trace
///
/// How much, how fast, which requests are the most frequent, and what each event tells: cookies,
/// users, costs. That says how far a simulation on it can be trusted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy trace info access.log.gz
  cachepolicy trace info access.log --log-format '[$time_iso8601] $host $request $status'
  cachepolicy trace info cluster052.oracleGeneral.zst --top 20
  cachepolicy trace info - --format json < requests.jsonl")]
pub(crate) struct Args {
    /// The trace
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// How many of the most frequent paths and keys are named
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    top: usize,
    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    #[command(flatten)]
    read: ReadArgs,
}

/// The schema of the JSON.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    name: &'a str,
    format: Option<&'static str>,
    #[serde(flatten)]
    figures: &'a Figures,
    others: &'a BTreeMap<String, u64>,
    notes: &'a [String],
}

/// Looks into it.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let mut trace = arguments
        .read
        .open(&arguments.input, Needs::everything(), 0)?;
    let mut progress = Progress::new(session.stderr, "events", trace.size);
    let mut summary = Summary::new();
    let mut event = Event::default();
    let mut count = 0;
    while trace
        .source
        .next(&mut event)
        .context("cannot read the trace")?
    {
        summary.add(&event);
        count += 1;
        progress.advance(count, || trace.source.stats().input_bytes);
    }
    progress.finish();
    let figures = summary.figures(arguments.top);
    let stats = trace.source.stats();
    let text = match arguments.format {
        ReportFormat::Human => human(&figures, stats, &trace.name, session.stdout),
        ReportFormat::Json => json(&figures, stats, &trace.name)?,
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}

fn json(figures: &Figures, stats: &ReadStats, name: &str) -> Result<String> {
    let format = stats.format.map(cachepolicy_trace::Format::name);
    let notes = notes(stats);
    let document = Document {
        schema: SCHEMA,
        name,
        format,
        figures,
        others: &stats.others,
        notes: &notes,
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn human(figures: &Figures, stats: &ReadStats, name: &str, terminal: Terminal) -> String {
    let paint = terminal.paint;
    let format = stats.format.map_or_else(String::new, |format| {
        format!("{}: {}", format.name(), format.about())
    });
    let room = terminal.width.saturating_sub(text::width(name) + 2);
    let format = paint.text(Meaning::Faint, &text::shorten(&format, room));
    let mut page = format!("{}  {format}\n", paint.text(Meaning::Strong, name));
    for line in text::wrap(&sentence(figures), terminal.width.saturating_sub(2)) {
        page.push_str(&format!("  {line}\n"));
    }
    let events = figures.counts.requests + figures.counts.accesses;
    for (title, kinds) in [
        ("Methods", &figures.methods),
        ("Statuses", &figures.statuses),
        ("Hosts", &figures.hosts),
        ("Operations", &figures.operations),
    ] {
        page.push_str(&shares(title, kinds, events, terminal));
    }
    page.push_str(&shares(
        "Writes",
        &figures.models,
        figures.counts.writes,
        terminal,
    ));
    page.push_str(&shares(
        "Faults",
        &figures.faults_by_kind,
        figures.counts.faults,
        terminal,
    ));
    let all = events + figures.counts.writes;
    page.push_str(&shares(
        "What the events tell",
        &figures.present,
        all,
        terminal,
    ));
    page.push_str(&frequent(
        "Most frequent requests",
        &figures.paths,
        figures.counts.requests,
        terminal,
    ));
    page.push_str(&frequent(
        "Most frequent keys",
        &figures.keys,
        figures.counts.accesses,
        terminal,
    ));
    let notes = notes(stats);
    if !notes.is_empty() {
        page.push('\n');
    }
    for note in notes {
        let lines = text::wrap(&text::tame(&note), terminal.width.saturating_sub(2));
        page.push_str(&format!(
            "{} {}\n",
            paint.text(Meaning::Warning, "!"),
            lines.join("\n  ")
        ));
    }
    page
}

fn sentence(figures: &Figures) -> String {
    let counts = &figures.counts;
    let named = [
        (counts.requests, "request", "requests"),
        (counts.accesses, "access", "accesses"),
        (counts.writes, "write", "writes"),
        (counts.faults, "fault", "faults"),
    ];
    let named = named.into_iter().filter(|(count, _, _)| *count > 0);
    let listed: Vec<_> = named
        .map(|(count, one, many)| units::plural(count, one, many))
        .collect();
    if listed.is_empty() {
        return "no events".to_owned();
    }
    let mut sentence = format!(
        "{} over {}",
        listed.join(", "),
        units::seconds(figures.duration)
    );
    if figures.rate.peak_1s > 0 {
        sentence.push_str(&format!(
            "; {} in the mean, {} in the busiest second",
            units::rate(figures.rate.mean),
            units::count(figures.rate.peak_1s)
        ));
    }
    if figures.bytes > 0 {
        sentence.push_str(&format!("; {} in all", units::bytes(figures.bytes as f64)));
    }
    sentence
}

/// Kinds in a list; the JSON has all of them.
const KINDS_MAX: usize = 12;

fn shares(title: &str, kinds: &BTreeMap<String, u64>, total: u64, terminal: Terminal) -> String {
    let mut kinds: Vec<_> = kinds
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kinds.truncate(KINDS_MAX);
    list(title, "", &kinds, total, terminal)
}

fn frequent(title: &str, names: &Frequent, total: u64, terminal: Terminal) -> String {
    let distinct = units::count(names.distinct);
    let at_least = if names.left_out > 0 { "at least " } else { "" };
    let remark = format!("of {at_least}{distinct} different ones");
    let top: Vec<_> = names
        .top
        .iter()
        .map(|named| (named.name.as_str(), named.count))
        .collect();
    list(title, &remark, &top, total, terminal)
}

fn list(
    title: &str,
    remark: &str,
    kinds: &[(&str, u64)],
    total: u64,
    terminal: Terminal,
) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let columns = [
        Column::figure("", 0),
        Column::figure("", 0),
        Column::words("", 0),
    ];
    let share = |count: u64| units::ratio(count as f64 / total.max(1) as f64);
    let room = terminal.width.saturating_sub(24);
    let rows: Vec<_> = kinds
        .iter()
        .map(|(name, count)| {
            let name = text::shorten_middle(&text::tame(name), room);
            vec![
                plain(units::count(*count)),
                plain(share(*count)),
                plain(name),
            ]
        })
        .collect();
    let paint = terminal.paint;
    let remark = if remark.is_empty() {
        String::new()
    } else {
        format!("  {}", paint.text(Meaning::Faint, remark))
    };
    format!(
        "\n{}{remark}\n{}",
        paint.text(Meaning::Heading, title),
        table::render(&columns, &rows, terminal.width, paint)
    )
}
