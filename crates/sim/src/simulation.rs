//! A run, as its driver sees it.

use crate::engine::Engine;
use crate::events::Observer;
use crate::ingest::seconds;
use crate::metrics::RunEnd;
use crate::options::{Options, SimError};
use crate::report::{Report, TraceSummary};
use crate::tables::{Tables, key_level};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::{Accesses, Kind};
use cachepolicy_trace::{Block, Event, Packer};
use core::ops::Range;
use std::sync::Arc;

/// The replay of one trace through one policy. It does nothing by itself: the driver pushes the
/// events in the order of time, as many at once as it likes, and takes the report at the end, or
/// drops the simulation to cancel it. Same policy, options and events: same report, to the byte.
#[derive(Debug)]
pub struct Simulation {
    tables: Arc<Tables>,
    engine: Engine,
    options: Options,
    trace: TraceSummary,
    first: Option<Time>,
    last: Time,
    /// The warm-up is over then; `None`: it is over.
    warm_from: Option<Time>,
    /// Of events that are pushed one by one.
    packer: Packer,
    block: Block,
}

impl Simulation {
    /// Of a policy.
    ///
    /// # Errors
    /// When the options name a workload or level that the policy does not have, or the policy is
    /// larger than a simulation's limits.
    pub fn new(policy: &Policy, options: Options) -> Result<Self, SimError> {
        if let Some(workload) = options.workload
            && policy.workloads.get(workload.index()).is_none()
        {
            let count = policy.workloads.len();
            return Err(SimError::Option(format!(
                "the policy declares {count} workloads; there is no number {}",
                workload.0
            )));
        }
        if options.level.is_some() {
            key_level(policy, options.level).map_err(|reason| SimError::NoKeyLevel { reason })?;
        }
        let tables = Arc::new(Tables::new(policy, options.workload)?);
        Ok(Self {
            engine: Engine::new(&tables, &options),
            tables,
            options,
            trace: TraceSummary::default(),
            first: None,
            last: Time::DISTANT_PAST,
            warm_from: None,
            packer: Packer::default(),
            block: Block::default(),
        })
    }

    /// Shows everything that happens to an observer.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.engine.observer = Some(observer);
    }

    /// The next event of the trace. Whoever has many is served faster by
    /// [`Simulation::push_block`]; the two do not mix.
    ///
    /// # Errors
    /// When the event is earlier than the one before it, or names what the policy does not declare.
    pub fn push(&mut self, event: &Event) -> Result<(), SimError> {
        let mut block = core::mem::take(&mut self.block);
        block.clear();
        let pushed = self.packer.push(event, &mut block);
        let pushed = pushed.map_err(|error| SimError::Option(error.to_string()));
        let replayed = pushed.and_then(|()| self.push_block(&block));
        self.block = block;
        replayed
    }

    /// The next events of the trace.
    ///
    /// # Errors
    /// As [`Simulation::push`]; the events before the one in question are replayed.
    pub fn push_block(&mut self, block: &Block) -> Result<(), SimError> {
        self.engine.learn(&self.tables, &block.news)?;
        let mut next = [0; 4];
        for &(kind, count) in &block.runs {
            let first = next[kind as usize];
            let end = first + count as usize;
            next[kind as usize] = end;
            if kind == Kind::Access {
                self.take_accesses(block, first..end)?;
                continue;
            }
            for index in first..end {
                self.take(block, kind, index)?;
            }
        }
        Ok(())
    }

    /// Accesses without anything in between: in stretches as far as possible, else one by one.
    fn take_accesses(&mut self, block: &Block, range: Range<usize>) -> Result<(), SimError> {
        let accesses = &block.accesses;
        let at = |index: usize| accesses.at.get(index).copied();
        // The last ones of one instant wait: a write at that instant, which comes before them, may
        // follow.
        let final_instant = range.end.checked_sub(1).and_then(at);
        let is_final = |index: &usize| at(*index) == final_instant;
        let ties = range.clone().rev().take_while(is_final).count();
        let stretches_end = range.end - ties;
        let mut index = range.start;
        while index < range.end {
            if let Some(at) = at(index).filter(|&at| index < stretches_end && at >= self.last) {
                let replayed = self.stretch(accesses, index..stretches_end, at);
                if replayed > 0 {
                    index += replayed;
                    continue;
                }
            }
            self.take(block, Kind::Access, index)?;
            index += 1;
        }
        Ok(())
    }

    /// How many accesses of the range, of which the first is due at `at`, went on the spot?
    fn stretch(&mut self, accesses: &Accesses, range: Range<usize>, at: Time) -> usize {
        if self.engine.lane.is_none() || self.tables.lookahead > Duration::ZERO {
            return 0;
        }
        if at > self.last {
            self.advance(at);
        }
        self.engine.metrics.tick_at(at);
        let until = self.warm_from.unwrap_or(Time::NEVER);
        let replayed = self
            .engine
            .replay_stretch(&self.tables, accesses, range.clone(), until);
        self.trace.requests += replayed as u64;
        let last = replayed.checked_sub(1).map(|last| range.start + last);
        if let Some(&last) = last.and_then(|last| accesses.at.get(last)) {
            self.last = last;
        }
        replayed
    }

    #[inline]
    fn take(&mut self, block: &Block, kind: Kind, index: usize) -> Result<(), SimError> {
        let at = match kind {
            Kind::Request => block.requests.at.get(index).copied(),
            Kind::Access => block.accesses.at.get(index).copied(),
            Kind::Write => block.writes.at.get(index).copied(),
            Kind::Fault => block.faults.get(index).map(|fault| fault.at),
        };
        let Some(at) = at else {
            return Ok(());
        };
        if at > self.last {
            self.advance(at);
        } else if at < self.last {
            return Err(SimError::Order {
                at: seconds(at),
                before: seconds(self.last),
            });
        }
        match kind {
            Kind::Request => {
                self.trace.requests += 1;
                self.engine
                    .take_request(&self.tables, &block.requests, index);
            }
            Kind::Access => {
                self.engine
                    .take_access(&self.tables, &block.accesses, index)?;
                self.trace.requests += 1;
            }
            Kind::Write => {
                self.engine
                    .take_write_of(&self.tables, &block.writes, index);
                self.trace.writes += 1;
            }
            Kind::Fault => {
                if let Some(fault) = block.faults.get(index) {
                    self.engine.take_fault_event(&self.tables, fault)?;
                }
                self.trace.faults += 1;
            }
        }
        Ok(())
    }

    /// Everything before `at` is known.
    fn advance(&mut self, at: Time) {
        if self.first.is_none() {
            self.first = Some(at);
            self.engine.metrics.begin(at);
            self.engine.ingest.zero = at;
            if self.options.warmup > Duration::ZERO {
                self.warm_from = Some(at + self.options.warmup);
            }
        }
        self.last = at;
        self.run_until(at.before(self.tables.lookahead));
    }

    fn run_until(&mut self, horizon: Time) {
        if let Some(warm) = self.warm_from.filter(|&warm| warm <= horizon) {
            self.engine.run_until(&self.tables, warm);
            self.engine.metrics.warmed_up(warm);
            self.warm_from = None;
        }
        self.engine.run_until(&self.tables, horizon);
    }

    /// The trace is over: what is under way ends, and the report is made.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.run_until(Time::NEVER);
        self.engine.end();
        let first = self.first.unwrap_or(Time::ZERO);
        self.trace.duration = if self.first.is_some() {
            self.last.since(first).as_secs_f64()
        } else {
            0.0
        };
        let Self {
            tables,
            mut engine,
            options,
            trace,
            ..
        } = self;
        let ended = if self.first.is_some() {
            engine.metrics.busy_until().max(self.last)
        } else {
            first
        };
        let empty = crate::metrics::Metrics::new(&tables.policy, Vec::new(), None);
        let metrics = core::mem::replace(&mut engine.metrics, empty);
        metrics.finish(&RunEnd {
            policy: &tables.policy,
            trace,
            seed: options.seed,
            workload: options.workload,
            ended,
            lookups: &|key| engine.lookups_of(key.0),
            key_name: &|_, key| engine.key_name(&tables, key.0),
        })
    }
}
