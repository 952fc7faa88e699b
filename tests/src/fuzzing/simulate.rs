//! A policy, as text or as an artefact, a trace of any format, and settings: three sections. Without
//! a trace, the policy's workload is replayed.

use super::json::policy_in;
use super::sections;
use crate::accounting;
use cachepolicy_compiler::compile_text;
use cachepolicy_core::units::Duration;
use cachepolicy_core::{LevelId, Policy, WorkloadId, artefact};
use cachepolicy_sim::events::{Happening, Names};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Operations, Options, Simulation};
use cachepolicy_syntax::decode;
use cachepolicy_trace::{
    Block, BlockSource, Event, Format, MaxErrors, Needs, Packed, ReadOptions, ReadStats, Source,
    TraceError, open, open_blocks,
};

/// Enough for every state that a run of this length can reach, and quick.
const EVENTS_MAX: u64 = 1_000;

/// Whatever is accepted is replayed to a report, in which everything adds up.
pub(super) fn check(bytes: &[u8]) {
    let [policy, trace, settings] = sections::split(bytes);
    let Some(policy) = accepted(policy) else {
        return;
    };
    let settings = Settings::read(&String::from_utf8_lossy(settings), &policy);
    let Some(mut source) = events(&policy, trace, &settings) else {
        return;
    };
    let by_events = replay_events(&policy, &settings, &mut source);
    let by_blocks = if trace.is_empty() {
        let again = events(&policy, trace, &settings).map(|source| Box::new(source) as Box<_>);
        again.and_then(|again| replay_blocks(&policy, &settings, &mut Packed::new(again, "again")))
    } else if source.left == 0 {
        return;
    } else {
        let blocks = open_blocks(Box::new(trace), "trace", &settings.reading(&policy)).ok();
        blocks.and_then(|mut blocks| replay_blocks(&policy, &settings, &mut blocks))
    };
    assert!(
        by_events == by_blocks,
        "event by event:\n{}\nin blocks:\n{}",
        by_events.as_deref().unwrap_or("no report"),
        by_blocks.as_deref().unwrap_or("no report")
    );
}

/// A policy that is accepted is one that can be replayed.
pub(super) fn replay_nothing(policy: &Policy) {
    let mut source = Limited::new(Box::new(Empty(ReadStats::default())));
    replay_events(policy, &Settings::default(), &mut source);
}

/// As a service would load it: the artefact of the text, or the one that is given.
fn accepted(bytes: &[u8]) -> Option<Policy> {
    let policy = match policy_in(bytes) {
        Some(policy) => policy,
        None => compile_text("policy", decode(bytes).ok()?).policy?,
    };
    artefact::decode(artefact::encode(&policy).ok()?.as_bytes()).ok()
}

/// How it is replayed: `seed=1 warmup=5 step=1 ops=fill level=0 workload=1 format=csv`.
#[derive(Debug, Default)]
struct Settings {
    options: Options,
    workload: usize,
    format: Option<Format>,
}

impl Settings {
    /// What makes no sense is left out.
    fn read(text: &str, policy: &Policy) -> Self {
        let mut settings = Self::default();
        for (name, value) in text
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
        {
            let number = value.parse::<u64>().unwrap_or_default();
            let seconds = Duration::from_secs(number.min(1 << 32) as i64);
            let options = &mut settings.options;
            match name {
                "seed" => options.seed = number,
                "warmup" => options.warmup = seconds,
                "step" => options.timeline_step = Some(seconds),
                "ops" => {
                    options.operations = match value {
                        "fill" => Operations::Fill,
                        "write" => Operations::Write,
                        _ => Operations::Auto,
                    }
                }
                "level" => {
                    let level = number as usize % policy.levels.len().max(1);
                    options.level = Some(LevelId(level as u16));
                }
                "workload" => settings.workload = number as usize % policy.workloads.len().max(1),
                "format" => settings.format = Format::named(value),
                _ => {}
            }
        }
        if settings.workload < policy.workloads.len() {
            settings.options.workload = Some(WorkloadId(settings.workload as u16));
        }
        settings
    }

    fn reading(&self, policy: &Policy) -> ReadOptions {
        ReadOptions {
            format: self.format,
            needs: Needs::of(policy),
            max_errors: Some(MaxErrors::Share(1.0)),
            seed: self.options.seed,
            ..ReadOptions::default()
        }
    }
}

/// What is replayed; `None` where it is no trace, or there is no workload.
fn events<'a>(policy: &'a Policy, trace: &'a [u8], settings: &Settings) -> Option<Limited<'a>> {
    if trace.is_empty() {
        let workload = policy.workloads.get(settings.workload)?;
        let made = cachepolicy_trace::generate(policy, workload, settings.options.seed);
        return Some(Limited::new(Box::new(made)));
    }
    let source = open(Box::new(trace), "trace", &settings.reading(policy)).ok()?;
    Some(Limited::new(source))
}

/// The report's text; `None` where the events and the policy do not go together.
fn replay_events(policy: &Policy, settings: &Settings, source: &mut Limited<'_>) -> Option<String> {
    let mut simulation = Simulation::new(policy, settings.options.clone()).ok()?;
    // Whoever watches is shown every event, so that nothing is done in stretches.
    simulation.observe(Box::new(|_: &Happening, _: &Names<'_>| {}));
    let mut event = Event::default();
    while source.next(&mut event).ok()? {
        simulation.push(&event).ok()?;
    }
    Some(checked(&simulation.finish()))
}

fn replay_blocks(
    policy: &Policy,
    settings: &Settings,
    source: &mut dyn BlockSource,
) -> Option<String> {
    let mut simulation = Simulation::new(policy, settings.options.clone()).ok()?;
    let mut block = Block::default();
    while source.next_block(&mut block).ok()? {
        simulation.push_block(&block).ok()?;
    }
    Some(checked(&simulation.finish()))
}

/// The report as JSON, which says all of it.
fn checked(report: &Report) -> String {
    let text = report.to_json();
    accounting::closes(report, &text);
    let read: Result<Report, _> = serde_json::from_str(&text);
    assert!(
        read.is_ok_and(|read| read == *report),
        "a number that is none, in\n{text}"
    );
    text
}

/// The first events of a source.
struct Limited<'a> {
    source: Box<dyn Source + 'a>,
    left: u64,
}

impl<'a> Limited<'a> {
    fn new(source: Box<dyn Source + 'a>) -> Self {
        Self {
            source,
            left: EVENTS_MAX,
        }
    }
}

impl Source for Limited<'_> {
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        self.source.next(event)
    }

    fn stats(&self) -> &ReadStats {
        self.source.stats()
    }
}

/// No events.
struct Empty(ReadStats);

impl Source for Empty {
    fn next(&mut self, _: &mut Event) -> Result<bool, TraceError> {
        Ok(false)
    }

    fn stats(&self) -> &ReadStats {
        &self.0
    }
}
