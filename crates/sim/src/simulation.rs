//! A run, as its driver sees it.

use crate::engine::Engine;
use crate::events::Observer;
use crate::ingest::seconds;
use crate::lane::Span;
use crate::metrics::RunEnd;
use crate::options::{Options, SimError};
use crate::report::{Report, TraceSummary};
use crate::runs::{After, Runs};
use crate::sample::{Sampling, begins, scaled};
use crate::tables::{Tables, key_level};
use crate::yardstick::{Companions, References};
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::{Accesses, Kind, Requests, Writes};
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
    /// The last accesses of one instant: a write at that instant, which comes before them, may
    /// follow.
    tail: Accesses,
    /// Of events that are pushed one by one.
    packer: Packer,
    block: Block,
    /// The part of the trace that is replayed, where that is not the whole.
    pub(crate) sampling: Option<Sampling>,
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
            tail: Accesses::default(),
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
            if Some(end) > self.tail.at.last().copied() {
                self.take_tail(After::Later)?;
            }
            if self.tail.at.is_empty() {
                self.advance(end);
            }
        }
        replayed
    }

    fn replay(&mut self, block: &Block) -> Result<(), SimError> {
        if let Some(&last) = self.tail.at.last() {
            self.take_tail(After::of(block, last))?;
        }
        self.engine.learn(&self.tables, &block.news)?;
        self.engine.fetch_anew();
        let mut runs = Runs::new(block);
        while let Some((kind, first)) = runs.step() {
            let commits = runs.next[Kind::Write as usize];
            if kind == Kind::Access && self.can_stretch() && self.engine.plain().is_some() {
                runs.go_on(|index| self.engine.is_plain(&block.writes, index));
            }
            let end = runs.next[kind as usize];
            match kind {
                Kind::Access => {
                    let last = end.checked_sub(1);
                    let last = last.and_then(|last| block.at(kind, last));
                    let next = runs.after(last);
                    let span = Span {
                        accesses: &block.accesses,
                        range: first..end,
                        writes: &block.writes,
                        commits: commits..runs.next[Kind::Write as usize],
                    };
                    self.take_span(span, next)?;
                }
                Kind::Request => {
                    let last = || block.at(kind, end.saturating_sub(1));
                    let until = runs.next_at().unwrap_or_else(last);
                    self.take_requests(&block.requests, first..end, until)?;
                }
                Kind::Write | Kind::Fault => {
                    for index in first..end {
                        self.take_other(block, kind, index)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Requests without anything in between. `until`: nothing but them comes before.
    fn take_requests(
        &mut self,
        requests: &Requests,
        range: Range<usize>,
        until: Option<Time>,
    ) -> Result<(), SimError> {
        let until = until.unwrap_or(Time::DISTANT_PAST);
        for index in range {
            self.engine.fetch(&self.tables, requests, index);
            let Some(&at) = requests.at.get(index) else {
                break;
            };
            self.move_on(at)?;
            self.trace.requests += 1;
            let until = self.warm_from.map_or(until, |warm| warm.min(until));
            self.engine
                .take_request(&self.tables, requests, index, until);
        }
        Ok(())
    }

    /// Can accesses go on the spot at all?
    fn can_stretch(&self) -> bool {
        self.tables.lookahead == Duration::ZERO
            && self.engine.observer.is_none()
            && self.engine.lane.is_some()
    }

    /// Accesses, and writes among them: in stretches as far as possible, else one by one. `next`: what
    /// comes after the last access, as far as that is known.
    fn take_span(&mut self, span: Span<'_>, next: After) -> Result<(), SimError> {
        let Span {
            accesses,
            range,
            writes,
            mut commits,
        } = span;
        let at = |index: usize| accesses.at.get(index).copied();
        // What belongs before the last ones of one instant may follow them.
        let final_instant = range.end.checked_sub(1).and_then(at);
        let is_final = |index: &usize| at(*index) == final_instant;
        let first_final = range.end - range.clone().rev().take_while(is_final).count();
        let stretches_end = match next {
            After::Later => range.end,
            After::SameInstant | After::Unknown => first_final,
        };
        let can_stretch = self.can_stretch();
        let mut index = range.start;
        while index < range.end {
            let write = writes.at.get(commits.start).filter(|_| !commits.is_empty());
            if write.copied().is_some_and(|write| Some(write) <= at(index)) {
                self.take_write(writes, commits.start)?;
                commits.start += 1;
                continue;
            }
            let is_in_order = at(index).filter(|&at| at >= self.last);
            let Some(now) = is_in_order.filter(|_| can_stretch) else {
                self.take_access(accesses, index)?;
                index += 1;
                continue;
            };
            if index >= first_final && next == After::Unknown {
                self.tail.extend(accesses, index..range.end);
                return Ok(());
            }
            if index < stretches_end {
                let (replayed, written) = self.stretch(
                    &Span {
                        accesses,
                        range: index..stretches_end,
                        writes,
                        commits: commits.clone(),
                    },
                    now,
                );
                index += replayed;
                commits.start += written;
                if replayed > 0 {
                    continue;
                }
            }
            self.take_access(accesses, index)?;
            index += 1;
        }
        Ok(())
    }

    /// The accesses that were held back, now that it is known what comes after them.
    fn take_tail(&mut self, next: After) -> Result<(), SimError> {
        if self.tail.at.is_empty() {
            return Ok(());
        }
        let mut tail = core::mem::take(&mut self.tail);
        self.engine.fetched = 0;
        let span = Span {
            accesses: &tail,
            range: 0..tail.at.len(),
            writes: &Writes::default(),
            commits: 0..0,
        };
        let taken = self.take_span(span, next);
        tail.clear();
        self.tail = tail;
        taken
    }

    /// How many accesses of the span, of which the first is due at `at`, went on the spot, and how many
    /// writes?
    fn stretch(&mut self, span: &Span<'_>, at: Time) -> (usize, usize) {
        if at > self.last {
            self.advance(at);
        }
        self.engine.metrics.tick_at(at);
        let until = self.warm_from.unwrap_or(Time::NEVER);
        let (replayed, written) = self.engine.replay_stretch(&self.tables, span, until);
        self.trace.requests += replayed as u64;
        self.trace.writes += written as u64;
        let last_of = |column: &[Time], first: usize, count: usize| {
            let last = count.checked_sub(1).map(|last| first + last);
            last.and_then(|last| column.get(last)).copied()
        };
        let accessed = last_of(&span.accesses.at, span.range.start, replayed);
        let committed = last_of(&span.writes.at, span.commits.start, written);
        self.last = accessed.max(committed).unwrap_or(self.last);
        (replayed, written)
    }

    fn take_write(&mut self, writes: &Writes, index: usize) -> Result<(), SimError> {
        if let Some(&at) = writes.at.get(index) {
            self.move_on(at)?;
            self.engine.take_write_of(&self.tables, writes, index);
            self.trace.writes += 1;
        }
        Ok(())
    }

    /// A write, or else a fault.
    fn take_other(&mut self, block: &Block, kind: Kind, index: usize) -> Result<(), SimError> {
        if kind == Kind::Write {
            return self.take_write(&block.writes, index);
        }
        let Some(at) = block.at(kind, index) else {
            return Ok(());
        };
        self.move_on(at)?;
        if let Some(fault) = block.faults.get(index) {
            self.engine.take_fault_event(&self.tables, fault)?;
        }
        self.trace.faults += 1;
        Ok(())
    }

    fn take_access(&mut self, accesses: &Accesses, index: usize) -> Result<(), SimError> {
        let Some(&at) = accesses.at.get(index) else {
            return Ok(());
        };
        self.move_on(at)?;
        self.engine.take_access(&self.tables, accesses, index)?;
        self.trace.requests += 1;
        Ok(())
    }

    /// The next event is at `at`.
    #[inline]
    fn move_on(&mut self, at: Time) -> Result<(), SimError> {
        if at > self.last {
            self.advance(at);
        } else if at < self.last {
            return Err(SimError::Order {
                at: seconds(at),
                before: seconds(self.last),
            });
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
            self.engine.add_coverage();
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
        // They are in order and have a level to go to, else they had not been held back.
        let taken = self.take_tail(After::Later);
        debug_assert!(taken.is_ok(), "nothing is wrong with what was held back");
        self.run_until(Time::NEVER);
        self.engine.end();
        self.engine.add_coverage();
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
        let has_writes = trace.writes > 0 || engine.cells.epoch > 0;
        let mut report = metrics.finish(&RunEnd {
            policy: &tables.policy,
            trace,
            seed: options.seed,
            workload: options.workload,
            sampled,
            ended,
            has_writes,
            beginning: &|number| engine.ingest.paths.unrouted.name(number).to_owned(),
            lookups: &|key| engine.lookups_of(key.0),
            key_name: &|_, key| engine.key_name(&tables, key.0),
        });
        companions.finish(&mut report);
        (report, references)
    }
}
