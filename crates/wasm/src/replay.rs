//! Traffic for one or several simulations, in steps.

use crate::types::{Progress, SimulationOptions};
use crate::{mistakes, said};
use cachepolicy_compiler::quantity::{Quantity, quantity};
use cachepolicy_compiler::{NoImports, Options as CompileOptions, Override, compile};
use cachepolicy_core::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_render::choose_workload;
use cachepolicy_render::report::reading::notes;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Advice, Block, BlockSource, Format, Needs, Packed, ReadOptions};
use std::io::Cursor;
use wasm_bindgen::JsError;

/// Of runs that name none.
const SEED: u64 = 0;

/// As messages call a trace that has no name.
const TRACE: &str = "the trace";

/// Events on their way into simulations.
pub(crate) struct Replay {
    blocks: Box<dyn BlockSource>,
    block: Block,
    /// As the report calls the traffic.
    pub(crate) input: String,
    /// Nanoseconds of a workload, or bytes of a trace.
    size: u64,
    is_made: bool,
    first: Option<Time>,
    last: Time,
    events: u64,
    has_ended: bool,
}

impl Replay {
    /// What the options name, with all that the policies ask of it; a workload is the first policy's.
    pub(crate) fn open(
        policies: &[&Policy],
        options: &mut SimulationOptions,
    ) -> Result<(Self, Options), JsError> {
        let Some(policy) = policies.first() else {
            return Err(said("there is no policy"));
        };
        let seed = options.seed.map_or(SEED, u64::from);
        let warmup = warmup(options)?;
        let mut run = Options {
            seed,
            warmup,
            ..Options::default()
        };
        let trace = options.trace.take().filter(|_| options.workload.is_none());
        if let Some(trace) = trace {
            let size = trace.len() as u64;
            let name = options.trace_name.clone();
            let name = name.unwrap_or_else(|| TRACE.to_owned());
            let read = read_options(policies, options, seed)?;
            let bytes = Box::new(Cursor::new(trace));
            let blocks = cachepolicy_trace::open_blocks(bytes, &name, &read);
            return Ok((Self::new(blocks.map_err(said)?, name, size, false), run));
        }
        let name = options.workload.as_deref();
        let (id, workload) = choose_workload(policy, name, "drop a log").map_err(said)?;
        run.workload = Some(id);
        let events = cachepolicy_trace::generate(policy, workload, seed);
        let size = workload.duration.nanos().unsigned_abs();
        let blocks = Packed::new(Box::new(events), &workload.name);
        let input = format!("workload {}", workload.name);
        Ok((Self::new(Box::new(blocks), input, size, true), run))
    }

    fn new(blocks: Box<dyn BlockSource>, input: String, size: u64, is_made: bool) -> Self {
        Self {
            blocks,
            block: Block::default(),
            input,
            size,
            is_made,
            first: None,
            last: Time::ZERO,
            events: 0,
            has_ended: false,
        }
    }

    /// About so many events more through all of them; `false`: there are no more.
    pub(crate) fn step(
        &mut self,
        simulations: &mut [Simulation],
        events: u32,
    ) -> Result<bool, JsError> {
        let end = self.events + u64::from(events.max(1));
        while !self.has_ended && self.events < end {
            self.has_ended = !self.blocks.next_block(&mut self.block).map_err(said)?;
            if self.has_ended {
                break;
            }
            for simulation in &mut *simulations {
                simulation.push_block(&self.block).map_err(said)?;
            }
            self.events += self.block.len() as u64;
            if let Some(last) = self.block.ends() {
                self.first.get_or_insert(last);
                self.last = last;
            }
        }
        Ok(!self.has_ended)
    }

    /// Whether it is made of a workload, and by the seed.
    pub(crate) fn is_made(&self) -> bool {
        self.is_made
    }

    pub(crate) fn progress(&self) -> Progress {
        let first = if self.is_made {
            Time::ZERO
        } else {
            self.first.unwrap_or(self.last)
        };
        let simulated = self.last.since(first);
        let done = if self.has_ended {
            1.0
        } else if self.is_made {
            simulated.nanos().max(0) as f64 / self.size.max(1) as f64
        } else {
            self.blocks.stats().input_bytes as f64 / self.size.max(1) as f64
        };
        Progress {
            events: self.events as f64,
            done: done.min(1.0),
            simulated: simulated.as_secs_f64(),
        }
    }

    /// What must be known of how the traffic was read.
    pub(crate) fn notes(&self) -> Vec<String> {
        notes(self.blocks.stats())
    }
}

/// The policy of a text that has no mistake.
pub(crate) fn policy(text: &str, options: &SimulationOptions) -> Result<Policy, JsError> {
    let given = CompileOptions {
        overrides: options.set.iter().map(Override::new).collect(),
    };
    let name = options.name.as_deref().unwrap_or(crate::NAME);
    let compiled = compile(name, text, &mut NoImports, &given);
    compiled
        .policy
        .ok_or_else(|| mistakes(&compiled.sources, &compiled.diagnostics))
}

fn warmup(options: &SimulationOptions) -> Result<Duration, JsError> {
    let Some(text) = &options.warmup else {
        return Ok(Duration::ZERO);
    };
    match quantity(text) {
        Ok(Quantity::Duration(duration)) => Ok(duration),
        _ => Err(said(format!(
            "`{text}` is no warm-up: expected a duration with its unit: `90s`, `10m`"
        ))),
    }
}

fn read_options(
    policies: &[&Policy],
    options: &SimulationOptions,
    seed: u64,
) -> Result<ReadOptions, JsError> {
    let format = options.trace_format.as_deref().map(|name| {
        Format::named(name).ok_or_else(|| said(format!("there is no trace format `{name}`")))
    });
    let layout = options.log_format.as_deref().map(str::parse);
    Ok(ReadOptions {
        format: format.transpose()?,
        log_format: layout.transpose().map_err(said)?,
        needs: Needs::of_all(policies),
        seed,
        advice: Advice::Log,
        ..ReadOptions::default()
    })
}
