//! `cachepolicy simulate POLICY`

mod events;

use super::{Outcome, ReportFormat, trace, workload};
use crate::args::Session;
use crate::diagnostics::LintArgs;
use crate::figures::{self, Extent};
use crate::input;
use crate::output::Terminal;
use crate::output::file::Destination;
use crate::output::progress::Progress;
use crate::policy;
use crate::report;
use anyhow::{Context as _, Result, bail};
use cachepolicy_core::{Duration, LevelId, Policy, WorkloadId};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Operations, Options, Simulation};
use cachepolicy_trace::{Event, Needs, Source};
use events::EventsFile;
use std::path::{Path, PathBuf};

/// Replay traffic through a policy and report what would happen
///
/// On a trace (an access log, JSON lines, CSV, a key-value trace, compressed or not), or on a
/// workload of the policy. The same policy, trace and seed give the same report.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy simulate shop.cachepolicy
  cachepolicy simulate shop.cachepolicy --trace access.log.gz --warmup 10%
  zcat access.log*.gz | cachepolicy simulate shop.cachepolicy --trace - --format json
  cachepolicy simulate shop.cachepolicy --set article.ttl=5m --set shared.capacity=1GiB --check")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// The trace to replay
    #[arg(long, value_name = "FILE", conflicts_with = "workload")]
    trace: Option<PathBuf>,
    /// The workload to replay; without it and without a trace: the first
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// Seed of all that is drawn by chance
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Replay so much at the beginning without counting it: a duration or a share of the trace
    #[arg(long, value_name = "DURATION|SHARE", value_parser = figures::extent)]
    warmup: Option<Extent>,
    /// From one point of the timeline to the next; left out: what suits the length of the trace
    #[arg(long, value_name = "DURATION", value_parser = figures::duration)]
    timeline: Option<Duration>,
    /// Write everything that happens into this file, as CSV
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Exit with 1 if a measured expectation is missed
    #[arg(long)]
    check: bool,
    /// Where to write the report
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// How to say it; left out: JSON where the output's name ends so, else for people
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    read: trace::ReadArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// How the accesses of a key-value trace are taken.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Key-value traces")]
struct KeyArgs {
    /// The object level that the keys belong to; left out: the only one with one parameter
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// What a `set` is: the fill of the `get` that missed before it, a write to the data, or told by the trace
    #[arg(long, value_enum, default_value_t)]
    ops: Ops,
}

/// What a `set` of a key-value trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Ops {
    /// The fill of the `get` before it
    Fill,
    /// A write to the data
    Write,
    /// A fill where it follows a `get` that missed, else a write
    #[default]
    Auto,
}

/// Simulates and reports.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    if let Some(trace) = &arguments.trace {
        input::only_one_stdin(&[(&arguments.policy, "the policy"), (trace, "the trace")])?;
    }
    let Some(policy) = policy::compile(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let destination = Destination::open(Some(&arguments.output))?;
    let mut traffic = Traffic::open(arguments, &policy)?;
    let options = options(arguments, &policy, &traffic)?;
    let events = arguments
        .events
        .as_deref()
        .map(EventsFile::open)
        .transpose()?;
    let mut report = replay(&policy, options, &mut traffic, events, session)?;
    report.notes.extend(trace::notes(traffic.source.stats()));
    let missed = report
        .expectations
        .iter()
        .any(|result| result.held == Some(false));
    let text = render(
        arguments,
        &report,
        &policy,
        &traffic.name,
        &destination,
        session,
    );
    destination.write_text(&text)?;
    Ok(Outcome::failed_if(arguments.check && missed))
}

fn render(
    arguments: &Args,
    report: &Report,
    policy: &Policy,
    input: &str,
    destination: &Destination,
    session: Session,
) -> String {
    let by_name = arguments
        .output
        .extension()
        .is_some_and(|ending| ending == "json");
    let by_name = if by_name {
        ReportFormat::Json
    } else {
        ReportFormat::Human
    };
    match arguments.format.unwrap_or(by_name) {
        ReportFormat::Json => report::json::render(report),
        ReportFormat::Human => {
            let terminal = if destination.is_stdout() {
                session.stdout
            } else {
                Terminal::PLAIN
            };
            report::human::render(&report::human::View {
                report,
                policy,
                input,
                terminal,
            })
        }
    }
}

/// What is replayed.
struct Traffic<'p> {
    source: Box<dyn Source + 'p>,
    /// For the report's title.
    name: String,
    /// How much there is of it, in bytes of input or nanoseconds of the workload.
    total: Option<u64>,
    /// How long it lasts, where that is known beforehand.
    duration: Option<Duration>,
    workload: Option<WorkloadId>,
}

impl<'p> Traffic<'p> {
    fn open(arguments: &Args, policy: &'p Policy) -> Result<Self> {
        if let Some(path) = &arguments.trace {
            let trace = arguments
                .read
                .open(path, Needs::of(policy), arguments.seed)?;
            let duration = match arguments.warmup {
                Some(Extent::Share(_)) => Some(duration_of(arguments, path)?),
                _ => None,
            };
            return Ok(Self {
                source: trace.source,
                name: trace.name,
                total: trace.size,
                duration,
                workload: None,
            });
        }
        let (id, workload) = workload::choose(policy, arguments.workload.as_deref())?;
        let source = Box::new(cachepolicy_trace::generate(
            policy,
            workload,
            arguments.seed,
        ));
        let others = policy.workloads.len() - 1;
        let first = if arguments.workload.is_none() && others > 0 {
            ", the first"
        } else {
            ""
        };
        Ok(Self {
            source,
            name: format!("workload `{}`{first}", workload.name),
            total: Some(workload::extent(workload)),
            duration: Some(workload.duration),
            workload: Some(id),
        })
    }

    fn done(&self, event: &Event) -> u64 {
        if self.workload.is_some() {
            workload::done(event)
        } else {
            self.source.stats().input_bytes
        }
    }
}

/// How long a trace lasts: it is read to its end, once more than to replay it.
fn duration_of(arguments: &Args, path: &Path) -> Result<Duration> {
    if path == Path::new(input::STDIN) {
        bail!(
            "the length of a trace on standard input is not known beforehand: give `--warmup` a duration"
        );
    }
    let mut source = arguments
        .read
        .open(path, Needs::default(), arguments.seed)?
        .source;
    let mut event = Event::default();
    let mut first = None;
    let mut last = None;
    while source.next(&mut event).context("cannot read the trace")? {
        first.get_or_insert(event.at());
        last = Some(event.at());
    }
    Ok(first
        .zip(last)
        .map_or(Duration::ZERO, |(first, last)| last.since(first)))
}

fn options(arguments: &Args, policy: &Policy, traffic: &Traffic<'_>) -> Result<Options> {
    let warmup = match arguments.warmup {
        None => Duration::ZERO,
        Some(Extent::Time(duration)) => duration,
        Some(Extent::Share(share)) => traffic.duration.unwrap_or_default().scaled(share),
    };
    let level = arguments
        .keys
        .level
        .as_deref()
        .map(|name| level(policy, name))
        .transpose()?;
    let operations = match arguments.keys.ops {
        Ops::Fill => Operations::Fill,
        Ops::Write => Operations::Write,
        Ops::Auto => Operations::Auto,
    };
    Ok(Options {
        seed: arguments.seed,
        warmup,
        timeline_step: arguments.timeline,
        level,
        operations,
        workload: traffic.workload,
    })
}

fn level(policy: &Policy, name: &str) -> Result<LevelId> {
    match policy.levels.iter().position(|level| level.name == name) {
        Some(index) => Ok(LevelId(index as u16)),
        None => {
            let names = policy.levels.iter().map(|level| level.name.as_str());
            bail!(
                "`{}` has no level `{name}`; {}",
                policy.name,
                policy::did_you_mean(name, names)
            )
        }
    }
}

/// The loop: one event after the other, nothing copied.
fn replay(
    policy: &Policy,
    options: Options,
    traffic: &mut Traffic<'_>,
    events: Option<EventsFile>,
    session: Session,
) -> Result<Report> {
    let mut simulation = Simulation::new(policy, options)?;
    if let Some(events) = &events {
        simulation.observe(events.observer());
    }
    let mut progress = Progress::new(session.stderr, "events", traffic.total);
    let mut event = Event::default();
    let mut count = 0;
    while traffic
        .source
        .next(&mut event)
        .context("cannot read the trace")?
    {
        simulation
            .push(&event)
            .with_context(|| format!("cannot replay {}", traffic.name))?;
        count += 1;
        progress.advance(count, || traffic.done(&event));
        if let Some(events) = &events {
            events.check()?;
        }
    }
    let report = simulation.finish();
    progress.finish();
    if let Some(events) = events {
        events.finish()?;
    }
    Ok(report)
}
