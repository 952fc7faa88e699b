//! A run, as its driver sees it.

use crate::engine::Engine;
use crate::events::Observer;
use crate::ingest::seconds;
use crate::metrics::RunEnd;
use crate::options::{Options, SimError};
use crate::report::{Report, TraceSummary};
use crate::sample::{Sampling, begins, scaled};
use crate::tables::{Tables, key_level};
use crate::yardstick::{Companions, References};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Time;
use cachepolicy_trace::block::Kind;
use cachepolicy_trace::{Block, Event, Packer};
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
    /// The part of the trace that is replayed, where that is not the whole.
    sampling: Option<Sampling>,
    companions: Companions,
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
        let companions = Companions::new(policy, &options)?;
        let scaled = options.sample.map(|rate| scaled(policy, rate));
        let policy = scaled.as_ref().unwrap_or(policy);
        let tables = Arc::new(Tables::new(policy, options.workload)?);
        let sample = options.sample.filter(|rate| !rate.is_all());
        Ok(Self {
            sampling: sample.map(|rate| Sampling::new(&tables, rate, &options)),
            companions,
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

    /// Records what is asked for and stored in a backend, for [`Simulation::finish_watched`]. Before
    /// the first event. Do the sizes of copies matter?
    pub fn watch(&mut self, backend: BackendId, by_bytes: bool) {
        self.engine.metrics.watch(backend, by_bytes);
    }

    /// The trace begins at this instant, although what is pushed of it may begin later.
    pub(crate) fn begin(&mut self, at: Time) {
        if self.first.is_none() {
            self.advance(at);
        }
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
        self.companions.push_block(block)?;
        let Some(mut sampling) = self.sampling.take() else {
            return self.replay(block);
        };
        if let Some(first) = begins(block) {
            self.begin(first);
        }
        let replayed = self.replay(sampling.thin(block));
        self.sampling = Some(sampling);
        if let Some(end) = block.ends().filter(|&end| end > self.last) {
            self.advance(end);
        }
        replayed
    }

    fn replay(&mut self, block: &Block) -> Result<(), SimError> {
        self.engine.learn(&self.tables, &block.news)?;
        let mut next = [0; 4];
        for &(kind, count) in &block.runs {
            let first = next[kind as usize];
            let end = first + count as usize;
            next[kind as usize] = end;
            for index in first..end {
                self.take(block, kind, index)?;
            }
        }
        Ok(())
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
            if self.options.warmup > cachepolicy_core::Duration::ZERO {
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
    pub fn finish(self) -> Report {
        self.finish_watched().0
    }

    /// The same, with what was recorded of the backend that was watched.
    #[must_use]
    pub fn finish_watched(mut self) -> (Report, Option<References>) {
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
            mut trace,
            sampling,
            companions,
            ..
        } = self;
        let ended = if self.first.is_some() {
            engine.metrics.busy_until().max(self.last)
        } else {
            first
        };
        let empty = crate::metrics::Metrics::new(&tables.policy, Vec::new(), None);
        let mut metrics = core::mem::replace(&mut engine.metrics, empty);
        let references = metrics.take_references();
        let sampled = sampling.map(|sampling| sampling.finish(&tables.policy, &mut trace));
        let mut report = metrics.finish(&RunEnd {
            policy: &tables.policy,
            trace,
            seed: options.seed,
            workload: options.workload,
            sampled,
            ended,
            key_name: &|_, key| engine.key_name(&tables, key.0),
        });
        companions.finish(&mut report);
        (report, references)
    }
}
