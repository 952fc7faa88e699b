//! Arguments of every command that replays traffic.

use super::{Stream, Traffic, threads_of_machine};
use crate::commands::{trace, workload};
use crate::figures::{self, Extent};
use crate::input;
use anyhow::{Context as _, Result, bail};
use cachepolicy_core::{Duration, LevelId, Policy, WorkloadId};
use cachepolicy_sim::sample::Rate;
use cachepolicy_sim::{Operations, Options};
use cachepolicy_trace::{Event, Needs};
use std::path::{Path, PathBuf};

/// What is replayed and how, where a report comes of it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    runs: RunArgs,
    /// From one point of the timeline to the next; left out: what suits the length of the trace
    #[arg(long, value_name = "DURATION", value_parser = figures::duration)]
    timeline: Option<Duration>,
}

/// What is replayed and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) traffic: TrafficArgs,
    /// Replay with so many seeds, from `--seed` on, and report means with their 95% confidence
    /// intervals; an expectation holds if it holds in every one
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=SEEDS_MAX))]
    seeds: Option<u32>,
    /// Replay only this share of the keys, or of the paths of requests, each with all of its
    /// history, and with the same share of each capacity: `1%`, `0.01`
    #[arg(long, value_name = "RATE", value_parser = figures::rate)]
    sample: Option<Rate>,
}

/// What is replayed, and how it is read.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TrafficArgs {
    /// The trace to replay
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// The workload to replay, or with a trace: the one whose distributions fill in what the trace
    /// does not tell; left out: the first
    #[arg(long, value_name = "NAME")]
    pub(crate) workload: Option<String>,
    /// Seed of all that is drawn by chance
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Replay so much at the beginning without counting it: a duration or a share of the trace
    #[arg(long, value_name = "DURATION|SHARE", value_parser = figures::extent)]
    warmup: Option<Extent>,
    /// Use so many threads; left out: as many as the machine has cores. The figures are the same
    /// with any number
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=THREADS_MAX))]
    threads: Option<u32>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    read: trace::ReadArgs,
}

/// More seeds than anybody waits for.
const SEEDS_MAX: i64 = 10_000;

/// More threads than any machine has cores.
const THREADS_MAX: i64 = 1_024;

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

/// What the arguments say, once for all runs.
pub(crate) struct Settings<'a> {
    arguments: &'a TrafficArgs,
    seeds: Option<u32>,
    timeline: Option<Duration>,
    sample: Option<Rate>,
    /// What is replayed.
    pub(crate) traffic: Traffic<'a>,
    /// For the report's title.
    pub(crate) name: String,
    /// What a message calls what is replayed.
    pub(crate) what: String,
    warmup: Duration,
    threads: usize,
}

impl ReplayArgs {
    /// Only one of what is read can be standard input.
    pub(crate) fn only_one_stdin(&self, policies: &[PathBuf]) -> Result<()> {
        self.runs.traffic.only_one_stdin(policies)
    }

    /// What is replayed through these policies. A workload is that of the first policy that has it.
    pub(crate) fn settings<'a>(&'a self, policies: &'a [&'a Policy]) -> Result<Settings<'a>> {
        Ok(Settings {
            timeline: self.timeline,
            ..self.runs.of(self.runs.traffic.settings(policies)?)
        })
    }
}

impl RunArgs {
    /// What is replayed through these policies: the trace, the workload that was asked for, or the
    /// first.
    pub(crate) fn settings<'a>(&'a self, policies: &'a [&'a Policy]) -> Result<Settings<'a>> {
        Ok(self.of(self.traffic.settings(policies)?))
    }

    /// The same of a workload of a policy, whatever else was asked for.
    pub(crate) fn settings_for<'a>(
        &'a self,
        policy: &'a Policy,
        workload: WorkloadId,
    ) -> Result<Settings<'a>> {
        let name = format!("workload `{}`", workload::get(policy, workload)?.name);
        Ok(self.of(self.traffic.made(policy, workload, name)?))
    }

    fn of<'a>(&self, settings: Settings<'a>) -> Settings<'a> {
        Settings {
            seeds: self.seeds,
            sample: self.sample,
            ..settings
        }
    }
}

impl TrafficArgs {
    /// Only one of what is read can be standard input.
    pub(crate) fn only_one_stdin(&self, policies: &[PathBuf]) -> Result<()> {
        let policies = policies.iter().map(|path| (path.as_path(), "the policy"));
        let trace = self.trace.iter().map(|path| (path.as_path(), "the trace"));
        input::only_one_stdin(&policies.chain(trace).collect::<Vec<_>>())
    }

    /// What is replayed through these policies. A workload is that of the first policy that has it.
    pub(crate) fn settings<'a>(&'a self, policies: &'a [&'a Policy]) -> Result<Settings<'a>> {
        let Some(path) = &self.trace else {
            let (policy, id) = self.workload_of(policies)?;
            let first = self.workload.is_none() && policy.workloads.len() > 1;
            let which = if first { ", the first" } else { "" };
            let name = format!("workload `{}`{which}", workload::get(policy, id)?.name);
            return self.made(policy, id, name);
        };
        if self.workload.is_some() {
            // At least one of the policies must have it.
            self.workload_of(policies)?;
        }
        let duration = match self.warmup {
            Some(Extent::Share(_)) => self.duration_of(path)?,
            _ => Duration::ZERO,
        };
        let traffic = Traffic::Trace {
            path,
            read: &self.read,
            policies,
        };
        let name = if path == Path::new(input::STDIN) {
            input::STDIN_NAME.to_owned()
        } else {
            path.display().to_string()
        };
        Ok(self.all(traffic, (name.clone(), name), duration))
    }

    /// A workload of a policy, which the report calls by this name.
    fn made<'a>(
        &'a self,
        policy: &'a Policy,
        id: WorkloadId,
        name: String,
    ) -> Result<Settings<'a>> {
        let workload = workload::get(policy, id)?;
        let what = format!("workload `{}`", workload.name);
        let traffic = Traffic::Workload { policy, id };
        Ok(self.all(traffic, (name, what), workload.duration))
    }

    /// `duration`: how long the traffic lasts, where that matters.
    fn all<'a>(
        &'a self,
        traffic: Traffic<'a>,
        (name, what): (String, String),
        duration: Duration,
    ) -> Settings<'a> {
        let warmup = match self.warmup {
            None => Duration::ZERO,
            Some(Extent::Time(duration)) => duration,
            Some(Extent::Share(share)) => duration.scaled(share),
        };
        let threads = self.threads.map(|threads| threads as usize);
        Settings {
            arguments: self,
            seeds: None,
            timeline: None,
            sample: None,
            traffic,
            name,
            what,
            warmup,
            threads: threads.unwrap_or_else(threads_of_machine),
        }
    }

    /// The first policy that has the workload, and which of its workloads that is.
    fn workload_of<'a>(&self, policies: &[&'a Policy]) -> Result<(&'a Policy, WorkloadId)> {
        let name = self.workload.as_deref();
        let mut failed = None;
        for policy in policies {
            match workload::choose(policy, name) {
                Ok((id, _)) => return Ok((policy, id)),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => bail!("there is no policy"),
        }
    }

    /// How long a trace lasts: it is read to its end, once more than to replay it.
    fn duration_of(&self, path: &Path) -> Result<Duration> {
        if path == Path::new(input::STDIN) {
            bail!(
                "the length of a trace on standard input is not known beforehand: give `--warmup` a duration"
            );
        }
        let mut source = self.read.open(path, Needs::default(), self.seed)?.source;
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
}

impl Settings<'_> {
    /// The seeds, in order.
    pub(crate) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        let first = self.arguments.seed;
        let count = u64::from(self.seeds.unwrap_or(1));
        (0..count).map(move |number| first.wrapping_add(number))
    }

    /// Were means asked for, of however many?
    pub(crate) const fn averages(&self) -> bool {
        self.seeds.is_some()
    }

    /// Threads to use.
    pub(crate) const fn threads(&self) -> usize {
        self.threads
    }

    /// How a policy is simulated.
    pub(crate) fn options(&self, policy: &Policy, seed: u64) -> Result<Options> {
        let keys = &self.arguments.keys;
        let level = keys.level.as_deref().map(|name| level(policy, name));
        Ok(Options {
            seed,
            warmup: self.warmup,
            timeline_step: self.timeline,
            sample: self.sample,
            level: level.transpose()?,
            operations: match keys.ops {
                Ops::Fill => Operations::Fill,
                Ops::Write => Operations::Write,
                Ops::Auto => Operations::Auto,
            },
            workload: self.workload_in(policy)?,
            ..Options::default()
        })
    }

    /// The workload of that name in a policy, if it has one.
    pub(crate) fn workload_in(&self, policy: &Policy) -> Result<Option<WorkloadId>> {
        let name = match (self.traffic, &self.arguments.workload) {
            (Traffic::Workload { policy: from, id }, _) => &workload::get(from, id)?.name,
            (Traffic::Trace { .. }, Some(name)) => name,
            (Traffic::Trace { .. }, None) => return Ok(None),
        };
        let mut named = (0..).map(WorkloadId).zip(&policy.workloads);
        Ok(named
            .find(|(_, workload)| workload.name == *name)
            .map(|(id, _)| id))
    }

    /// The streams of all seeds through all policies. A trace is one stream, read with the first
    /// seed; a workload is made afresh for each. `run` makes one run of the policy of that number.
    pub(crate) fn streams<'p>(
        &self,
        policies: usize,
        mut run: impl FnMut(usize, u64) -> Result<super::Run<'p>>,
    ) -> Result<Vec<Stream<'p>>> {
        let mut of = |seed: u64| -> Result<Vec<_>> {
            (0..policies).map(|number| run(number, seed)).collect()
        };
        match self.traffic {
            Traffic::Workload { .. } => self
                .seeds()
                .map(|seed| {
                    Ok(Stream {
                        seed,
                        runs: of(seed)?,
                    })
                })
                .collect(),
            Traffic::Trace { .. } => {
                let runs: Result<Vec<_>> = self.seeds().map(of).collect();
                Ok(vec![Stream {
                    seed: self.arguments.seed,
                    runs: runs?.into_iter().flatten().collect(),
                }])
            }
        }
    }
}

fn level(policy: &Policy, name: &str) -> Result<LevelId> {
    match policy.levels.iter().position(|level| level.name == name) {
        Some(index) => Ok(LevelId(index as u16)),
        None => {
            let names = policy.levels.iter().map(|level| level.name.as_str());
            bail!(
                "`{}` has no level `{name}`; {}",
                policy.name,
                cachepolicy_render::did_you_mean(name, names)
            )
        }
    }
}
