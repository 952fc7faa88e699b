//! Simulations, in a thread of their own: the interpreter goes on, and whoever waits can stop it.

use crate::policy::Policy;
use crate::said;
use crate::waiting::{SLICE, checked};
use cachepolicy_compiler::quantity::{Quantity, quantity};
use cachepolicy_core::Policy as Core;
use cachepolicy_core::WorkloadId;
use cachepolicy_core::units::Duration;
use cachepolicy_render::did_you_mean;
use cachepolicy_render::output::Terminal;
use cachepolicy_render::report::human::View;
use cachepolicy_render::report::page::Layout;
use cachepolicy_render::report::reading::notes;
use cachepolicy_render::report::{html, human, json};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Block, BlockSource, Format, Needs, Packed, ReadOptions};
use pyo3::prelude::*;
use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};

/// What a simulation came to.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct Simulated {
    policy: Arc<Core>,
    pub(crate) report: Report,
    input: String,
}

/// What is simulated.
struct Wanted {
    trace: Option<Trace>,
    workload: Option<String>,
    format: Option<String>,
    log_format: Option<String>,
    warmup: Option<String>,
    seed: u64,
}

#[derive(FromPyObject)]
pub(crate) enum Trace {
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// Replays a trace, or the policy's workload.
#[pyfunction]
#[pyo3(signature = (policy, trace=None, workload=None, trace_format=None, log_format=None, warmup=None, seed=0))]
#[expect(
    clippy::too_many_arguments,
    reason = "they have names where they are said"
)]
pub(crate) fn simulate(
    py: Python<'_>,
    policy: &Policy,
    trace: Option<Trace>,
    workload: Option<String>,
    trace_format: Option<String>,
    log_format: Option<String>,
    warmup: Option<String>,
    seed: u64,
) -> PyResult<Simulated> {
    let wanted = Wanted {
        trace,
        workload,
        format: trace_format,
        log_format,
        warmup,
        seed,
    };
    let core = Arc::clone(&policy.core);
    let is_stopped = Arc::new(AtomicBool::new(false));
    let (sender, mut receiver) = channel();
    let (of_thread, stop) = (Arc::clone(&core), Arc::clone(&is_stopped));
    std::thread::spawn(move || {
        // Who waits may have been interrupted.
        let _ = sender.send(run(&of_thread, wanted, &stop));
    });
    let result = loop {
        let next = &mut receiver;
        match py.detach(move || next.recv_timeout(SLICE)) {
            Ok(result) => break result,
            Err(RecvTimeoutError::Timeout) => {
                checked(py).inspect_err(|_| is_stopped.store(true, Ordering::Relaxed))?;
            }
            Err(RecvTimeoutError::Disconnected) => {
                break Err("the simulation was broken off".to_owned());
            }
        }
    };
    let (report, input) = result.map_err(|error| said(py, error))?;
    Ok(Simulated {
        policy: core,
        report,
        input,
    })
}

#[pymethods]
impl Simulated {
    /// As `cachepolicy simulate --format json` says it.
    fn json(&self) -> String {
        json::render(&self.report)
    }

    /// In words.
    #[pyo3(signature = (columns=100))]
    fn text(&self, columns: usize) -> String {
        human::render(&self.view(columns, Layout::Lines))
    }

    /// As a page that needs nothing else.
    fn html(&self) -> String {
        html::page(&self.view(100, Layout::Html))
    }
}

impl Simulated {
    fn view(&self, columns: usize, layout: Layout) -> View<'_> {
        View {
            report: &self.report,
            seeds: None,
            policy: &self.policy,
            input: &self.input,
            terminal: Terminal {
                width: columns.clamp(40, 400),
                ..Terminal::PLAIN
            },
            layout,
        }
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn run(policy: &Core, wanted: Wanted, stop: &AtomicBool) -> Result<(Report, String), String> {
    let mut options = Options {
        seed: wanted.seed,
        warmup: warmup(wanted.warmup.as_deref())?,
        ..Options::default()
    };
    let (mut blocks, input) = match &wanted.trace {
        Some(trace) => opened(policy, trace, &wanted)?,
        None => {
            let id = chosen(policy, wanted.workload.as_deref())?;
            options.workload = Some(id);
            let workload = policy.workloads.get(id.index());
            let workload = workload.ok_or("there is no workload")?;
            let events = cachepolicy_trace::generate(policy, workload, wanted.seed);
            let blocks: Box<dyn BlockSource> =
                Box::new(Packed::new(Box::new(events), &workload.name));
            (blocks, format!("workload {}", workload.name))
        }
    };
    let mut simulation = Simulation::new(policy, options).map_err(text)?;
    let mut block = Block::default();
    while blocks.next_block(&mut block).map_err(text)? {
        if stop.load(Ordering::Relaxed) {
            return Err("the simulation was stopped".to_owned());
        }
        simulation.push_block(&block).map_err(text)?;
    }
    let mut report = simulation.finish();
    report.notes.extend(notes(blocks.stats()));
    Ok((report, input))
}

type Opened = (Box<dyn BlockSource>, String);

fn opened(policy: &Core, trace: &Trace, wanted: &Wanted) -> Result<Opened, String> {
    let (input, name): (Box<dyn Read>, String) = match trace {
        Trace::Bytes(bytes) => (Box::new(Cursor::new(bytes.clone())), "the trace".to_owned()),
        Trace::File(path) => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| format!("`{name}`: {error}"))?;
            (Box::new(file), name)
        }
    };
    let named = |name: &str| {
        Format::named(name).ok_or_else(|| format!("there is no trace format `{name}`"))
    };
    let layout = wanted.log_format.as_deref().map(str::parse);
    let read = ReadOptions {
        format: wanted.format.as_deref().map(named).transpose()?,
        log_format: layout.transpose().map_err(text)?,
        needs: Needs::of_all(&[policy]),
        seed: wanted.seed,
        ..ReadOptions::default()
    };
    let blocks = cachepolicy_trace::open_blocks(input, &name, &read);
    Ok((blocks.map_err(text)?, name))
}

fn warmup(said: Option<&str>) -> Result<Duration, String> {
    let Some(said) = said else {
        return Ok(Duration::ZERO);
    };
    match quantity(said) {
        Ok(Quantity::Duration(duration)) => Ok(duration),
        _ => Err(format!(
            "`{said}` is no warm-up: expected a duration with its unit: `90s`, `10m`"
        )),
    }
}

fn chosen(policy: &Core, name: Option<&str>) -> Result<WorkloadId, String> {
    let mut workloads = (0..).map(WorkloadId).zip(&policy.workloads);
    let found = match name {
        Some(name) => workloads.find(|(_, workload)| workload.name == name),
        None => workloads.next(),
    };
    found.map(|(id, _)| id).ok_or_else(|| match name {
        Some(name) => {
            let names = policy.workloads.iter().map(|it| it.name.as_str());
            let advice = did_you_mean(name, names);
            format!("there is no workload `{name}`; {advice}")
        }
        None => "the policy has no workload: name a trace, or write a `workload` block".to_owned(),
    })
}
