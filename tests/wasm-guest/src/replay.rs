//! Everything whose bytes must not depend on the machine: reports, artefacts and traces.

use cachepolicy_compiler::{NoImports, Options as CompileOptions, Override, compile};
use cachepolicy_core::{Policy, WorkloadId, artefact};
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Block, BlockSource, Event, Format, Needs, Packed, ReadOptions, Source};
use serde::{Deserialize, Serialize};

/// What is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What is made of it.
    pub make: Make,
    /// The policy's text.
    pub policy: String,
    /// As `--set` takes them.
    pub overrides: Vec<String>,
    /// Is the traffic a trace, or this workload of the policy?
    pub workload: Option<u16>,
    /// The trace's format, where it is not told by its content.
    pub format: Option<String>,
    /// The layout of an access log, as `--log-format` takes it.
    pub log_format: Option<String>,
    /// Of the first run.
    pub seed: u64,
    /// About so many events are made for a workload, by lowering its rates; of a trace no more than
    /// so many are read.
    pub events: u64,
}

/// What is made of a policy and traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Make {
    /// The artefact.
    Artefact,
    /// The trace in this format.
    Trace(String),
    /// The report.
    Report,
    /// The reports of so many seeds in one.
    Mean(u64),
}

/// The bytes that are made, or a message that says why there are none.
#[must_use]
pub fn run(case: &Case, trace: &[u8]) -> Vec<u8> {
    made(case, trace).unwrap_or_else(|message| format!("error: {message}").into_bytes())
}

fn made(case: &Case, trace: &[u8]) -> Result<Vec<u8>, String> {
    let policy = policy(case)?;
    let report = |seed| report(case, &policy, trace, seed);
    match &case.make {
        Make::Artefact => artefact::encode(&policy)
            .map(String::into_bytes)
            .map_err(said),
        Make::Trace(format) => written(case, &policy, trace, format),
        Make::Report => Ok(report(case.seed)?.to_json().into_bytes()),
        Make::Mean(seeds) => {
            let seeds = (0..*seeds).map(|number| case.seed.wrapping_add(number));
            let reports: Result<Vec<_>, _> = seeds.map(report).collect();
            let mean = Aggregate::new(&policy, &reports?).ok_or("no seed")?;
            Ok(mean.to_json().into_bytes())
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Compiled, with the rates of its workloads lowered.
fn policy(case: &Case) -> Result<Policy, String> {
    let options = CompileOptions {
        overrides: case.overrides.iter().map(Override::new).collect(),
    };
    let compiled = compile("policy", &case.policy, &mut NoImports, &options);
    let mut policy = compiled
        .policy
        .ok_or_else(|| format!("{:?}", compiled.diagnostics))?;
    for workload in &mut policy.workloads {
        let rates = || {
            let requests = workload.requests.iter().map(|mix| mix.arrivals.per_second);
            requests.chain(workload.writes.iter().map(|mix| mix.arrivals.per_second))
        };
        let all = rates().sum::<f64>() * workload.duration.as_secs_f64();
        let share = (case.events as f64 / all).min(1.0);
        for mix in &mut workload.requests {
            mix.arrivals.per_second *= share;
        }
        for mix in &mut workload.writes {
            mix.arrivals.per_second *= share;
        }
    }
    Ok(policy)
}

/// The events of the workload, or those at the beginning of the trace.
fn traffic<'a>(
    case: &Case,
    policy: &Policy,
    trace: &'a [u8],
    seed: u64,
) -> Result<Box<dyn Source + 'a>, String> {
    if let Some(number) = case.workload {
        let workload = policy.workloads.get(usize::from(number));
        let workload = workload.ok_or("no such workload")?;
        return Ok(Box::new(cachepolicy_trace::generate(
            policy, workload, seed,
        )));
    }
    let layout = case.log_format.as_deref().map(str::parse);
    let options = ReadOptions {
        log_format: layout.transpose().map_err(said)?,
        format: case.format.as_deref().and_then(Format::named),
        needs: match case.make {
            Make::Trace(_) => Needs::everything(),
            _ => Needs::of(policy),
        },
        seed: case.seed,
        ..ReadOptions::default()
    };
    cachepolicy_trace::open(Box::new(trace), "trace", &options).map_err(said)
}

fn report(case: &Case, policy: &Policy, trace: &[u8], seed: u64) -> Result<Report, String> {
    let options = Options {
        seed,
        workload: case.workload.map(WorkloadId),
        ..Options::default()
    };
    let mut simulation = Simulation::new(policy, options).map_err(said)?;
    let mut blocks = Packed::new(traffic(case, policy, trace, seed)?, "trace");
    let mut block = Block::default();
    let mut events = 0;
    while events < case.events && blocks.next_block(&mut block).map_err(said)? {
        simulation.push_block(&block).map_err(said)?;
        events += block.len() as u64;
    }
    Ok(simulation.finish())
}

fn written(case: &Case, policy: &Policy, trace: &[u8], format: &str) -> Result<Vec<u8>, String> {
    let mut source = traffic(case, policy, trace, case.seed)?;
    let mut bytes = Vec::new();
    let format = Format::named(format).ok_or("no such format")?;
    let mut writer = format
        .writer(Box::new(&mut bytes))
        .ok_or("a format that is only read")?;
    let mut event = Event::default();
    for _ in 0..case.events {
        if !source.next(&mut event).map_err(said)? {
            break;
        }
        writer.write(&event).map_err(said)?;
    }
    writer.made_from(source.stats());
    writer.finish().map_err(said)?;
    drop(writer);
    Ok(bytes)
}
