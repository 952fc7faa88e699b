//! One stream of events through many simulations, on as many threads as one likes.
//!
//! The events are read once, on the thread that was there before, into blocks that everybody
//! shares. Whoever is free replays the next block of the simulation that it had before, which its
//! processor's caches still know, or of the one that is furthest behind, should that be far behind;
//! a block that all have replayed is filled again. So reading is bounded by the slowest
//! simulation, every simulation gets every event in order, and what comes out does not depend on
//! the number of threads, nor on which of them was faster.

use super::progress::Tally;
use super::run::{Run, Seat};
use super::traffic::Opened;
use anyhow::{Error, Result, anyhow};
use cachepolicy_sim::report::Report;
use cachepolicy_trace::{Block, Recorded};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Blocks that are read ahead of the slowest simulation.
const AHEAD: usize = 8;

/// Once there are so many, no more are read until there are only so few: whoever reads is not woken
/// for each of them.
const AHEAD_AGAIN: usize = 4;

/// A simulation that is so many blocks behind goes first. With fewer, the tables of one simulation
/// would push those of another out of the caches all the time; with more, the last simulation would
/// be alone for too long at the end.
const BEHIND: u64 = 4;

/// A run, and how far it is.
struct Place {
    doing: Doing,
    /// The number of its next block.
    next: u64,
}

enum Doing {
    /// Nobody works on it.
    Idle(Box<Seat>),
    /// Somebody does.
    Busy,
    /// It is over.
    Over(Box<Report>),
    /// It failed.
    Gone,
}

struct State {
    /// Blocks that somebody has not replayed yet.
    window: VecDeque<Arc<Block>>,
    /// The number of the first of them.
    first: u64,
    /// Blocks to be filled again.
    spare: Vec<Block>,
    /// Everything was read.
    ended: bool,
    /// So many blocks were read ahead that it is enough for a while.
    is_enough: bool,
    /// So many threads wait for something to be done.
    waiting: usize,
    /// What the trace lacks, by its recorder; known when it has ended.
    recorded: Option<Recorded>,
    places: Vec<Place>,
    /// What went wrong: in which block, for which run. Which of several is told does not depend on
    /// who was faster: what comes before it is finished.
    failed: Option<(u64, usize, Error)>,
}

/// What somebody who is free does next.
enum Step {
    /// The next block of a run.
    Replay(usize, Box<Seat>, Arc<Block>),
    /// There are no more blocks for it.
    Finish(usize, Box<Seat>),
    /// Nothing now.
    Wait,
    /// Nothing any more.
    Over,
}

/// The board on which everybody sees what is to be done.
struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

/// Replays the stream through all runs; a report for each, in their order.
pub(super) fn replay(
    traffic: &mut Opened<'_>,
    runs: Vec<Run<'_>>,
    threads: usize,
    tally: &Tally,
    stream: usize,
) -> Result<Vec<Report>> {
    let places = runs.into_iter().map(|run| {
        Ok(Place {
            doing: Doing::Idle(Box::new(run.begin()?)),
            next: 0,
        })
    });
    let board = Board {
        state: Mutex::new(State {
            window: VecDeque::new(),
            first: 0,
            spare: Vec::new(),
            ended: false,
            is_enough: false,
            waiting: 0,
            recorded: None,
            places: places.collect::<Result<_>>()?,
            failed: None,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads.max(1) {
            scope.spawn(|| board.help());
        }
        board.lead(traffic, tally, stream);
    });
    let state = board.state.into_inner();
    let state = state.unwrap_or_else(PoisonError::into_inner);
    if let Some((_, _, error)) = state.failed {
        return Err(error);
    }
    let reports = state.places.into_iter().map(|place| match place.doing {
        Doing::Over(report) => Ok(*report),
        Doing::Idle(_) | Doing::Busy | Doing::Gone => Err(anyhow!("a simulation broke off")),
    });
    reports.collect()
}

impl Board {
    /// Reads, and helps while there is nothing to be read.
    fn lead(&self, traffic: &mut Opened<'_>, tally: &Tally, stream: usize) {
        let mut state = self.lock();
        let mut last = None;
        loop {
            if state.wants_more() {
                let mut block = state.spare.pop().unwrap_or_default();
                drop(state);
                let filled = traffic.next(&mut block);
                if matches!(filled, Ok(true)) {
                    tally.advance(stream, block.len() as u64, || traffic.done(&block));
                }
                state = self.lock();
                state.recorded = traffic.stats().recorded;
                state.filled(block, filled);
                self.tell(&state);
                continue;
            }
            state = match self.step(state, &mut last) {
                Some(state) => state,
                None => return,
            };
        }
    }

    /// Replays until nothing is left.
    fn help(&self) {
        let mut state = self.lock();
        let mut last = None;
        while let Some(after) = self.step(state, &mut last) {
            state = after;
        }
    }

    /// Does what is next, or waits; `None`: there is nothing left. `last`: the run that this thread
    /// had before.
    fn step<'b>(
        &'b self,
        mut state: MutexGuard<'b, State>,
        last: &mut Option<usize>,
    ) -> Option<MutexGuard<'b, State>> {
        match state.next(*last) {
            Step::Over => {
                self.changed.notify_all();
                None
            }
            Step::Wait => {
                state.waiting += 1;
                let waited = self.changed.wait(state);
                let mut state = waited.unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
                Some(state)
            }
            Step::Replay(index, mut seat, block) => {
                drop(state);
                *last = Some(index);
                let broken = BrokenOff(self, index);
                let outcome = seat.replay(&block);
                std::mem::forget(broken);
                // Before the lock: whoever is the last to let go of a block recycles it.
                drop(block);
                let mut state = self.lock();
                state.replayed(index, seat, outcome);
                // The only run goes on here: what is new is at most that there is something to read.
                if state.places.len() > 1 || state.wants_more() {
                    self.tell(&state);
                }
                Some(state)
            }
            Step::Finish(index, seat) => {
                let recorded = state.recorded;
                drop(state);
                let broken = BrokenOff(self, index);
                let report = seat.finish(recorded);
                std::mem::forget(broken);
                let mut state = self.lock();
                state.finished(index, report);
                self.changed.notify_all();
                Some(state)
            }
        }
    }

    /// Something is to be done, should somebody wait for that.
    fn tell(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the others that a simulation will never come back, should it panic: they would wait for it.
struct BrokenOff<'b>(&'b Board, usize);

impl Drop for BrokenOff<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.fail(0, self.1, anyhow!("a simulation broke off"));
        self.0.changed.notify_all();
    }
}

impl State {
    /// The number of the block that is read next.
    fn end(&self) -> u64 {
        self.first + self.window.len() as u64
    }

    fn wants_more(&mut self) -> bool {
        let ahead = self.window.len();
        self.is_enough = ahead >= AHEAD || self.is_enough && ahead > AHEAD_AGAIN;
        !self.ended && self.failed.is_none() && !self.is_enough
    }

    fn filled(&mut self, block: Block, outcome: Result<bool>) {
        match outcome {
            Ok(true) => self.window.push_back(Arc::new(block)),
            Ok(false) => self.ended = true,
            Err(error) => {
                self.ended = true;
                let end = self.end();
                self.note(end, 0, error);
            }
        }
    }

    /// What somebody who is free does now; `last`: the run that was theirs before.
    fn next(&mut self, last: Option<usize>) -> Step {
        let (end, failed) = (self.end(), self.failed.is_some());
        // What comes before the failure is finished, so that the first failure is the one told.
        let limit = self.failed.as_ref().map(|(block, run, _)| (*block, *run));
        let mut over = self.ended || failed;
        let mut furthest_behind = None;
        let mut own = None;
        for (index, place) in self.places.iter().enumerate() {
            match place.doing {
                Doing::Idle(_) => {}
                Doing::Busy => {
                    over = false;
                    continue;
                }
                Doing::Over(_) | Doing::Gone => continue,
            }
            let wanted = limit.is_none_or(|limit| (place.next, index) < limit);
            let ready = place.next < end || (self.ended && !failed);
            if wanted && ready {
                over = false;
                let this = (place.next, index);
                furthest_behind = Some(furthest_behind.map_or(this, |other| this.min(other)));
                own = own.or((last == Some(index)).then_some(this));
            }
        }
        match furthest_behind {
            Some(behind) => {
                let (next, index) = own
                    .filter(|own| own.0 < behind.0 + BEHIND)
                    .unwrap_or(behind);
                self.take(index, next)
            }
            None if over => Step::Over,
            None => Step::Wait,
        }
    }

    fn take(&mut self, index: usize, next: u64) -> Step {
        let block = usize::try_from(next - self.first).ok();
        let block = block.and_then(|block| self.window.get(block)).cloned();
        let Some(place) = self.places.get_mut(index) else {
            return Step::Wait;
        };
        match (std::mem::replace(&mut place.doing, Doing::Busy), block) {
            (Doing::Idle(seat), Some(block)) => Step::Replay(index, seat, block),
            (Doing::Idle(seat), None) => Step::Finish(index, seat),
            (other, _) => {
                place.doing = other;
                Step::Wait
            }
        }
    }

    /// Somebody came back from a block.
    fn replayed(&mut self, index: usize, seat: Box<Seat>, outcome: Result<()>) {
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        match outcome {
            Ok(()) => {
                place.next += 1;
                place.doing = Doing::Idle(seat);
            }
            Err(error) => {
                let block = place.next;
                self.fail(block, index, error);
            }
        }
        self.recycle();
    }

    fn finished(&mut self, index: usize, report: Result<Report>) {
        let end = self.end();
        match (report, self.places.get_mut(index)) {
            (Ok(report), Some(place)) => place.doing = Doing::Over(Box::new(report)),
            (Ok(_), None) => {}
            (Err(error), _) => self.fail(end, index, error),
        }
    }

    /// The first thing that goes wrong counts.
    fn fail(&mut self, block: u64, run: usize, error: Error) {
        if let Some(place) = self.places.get_mut(run) {
            place.doing = Doing::Gone;
        }
        self.note(block, run, error);
    }

    fn note(&mut self, block: u64, run: usize, error: Error) {
        let before = self.failed.as_ref().map(|(block, run, _)| (*block, *run));
        if before.is_none_or(|before| (block, run) < before) {
            self.failed = Some((block, run, error));
        }
    }

    /// Blocks that all have replayed are filled again.
    fn recycle(&mut self) {
        let under_way = self
            .places
            .iter()
            .filter(|place| matches!(place.doing, Doing::Idle(_) | Doing::Busy));
        let slowest = under_way.map(|place| place.next).min();
        while slowest.is_some_and(|slowest| slowest > self.first) {
            let Some(block) = self.window.pop_front() else {
                break;
            };
            self.first += 1;
            self.spare.extend(Arc::into_inner(block));
        }
    }
}
