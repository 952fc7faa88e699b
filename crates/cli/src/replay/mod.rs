//! Replaying: streams of events, each through one or many simulations, on several threads.
//!
//! A stream is read once for all simulations that take it ([`fan_out`]). Streams of their own (a
//! workload is made afresh for each seed) go to the threads one by one, and only the last ones,
//! fewer than there are threads, are shared out in themselves.

mod args;
mod events;
mod fan_out;
mod jobs;
mod progress;
mod run;
mod simulated;
mod traffic;

pub(crate) use args::{ReplayArgs, RunArgs, Settings, TrafficArgs};
pub(crate) use events::EventsFile;
pub(crate) use jobs::on_threads;
pub(crate) use run::Run;
pub(crate) use simulated::{Simulated, simulate};
pub(crate) use traffic::Traffic;

use crate::commands::trace;
use crate::output::Terminal;
use anyhow::Result;
use cachepolicy_sim::report::Report;
use cachepolicy_trace::Block;
use progress::Tally;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A stream of events and the simulations that it goes through.
pub(crate) struct Stream<'a> {
    /// Of what is drawn while it is read or made.
    pub(crate) seed: u64,
    /// What it goes through.
    pub(crate) runs: Vec<Run<'a>>,
}

/// The threads to use unless told otherwise.
pub(crate) fn threads_of_machine() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Replays all streams of the traffic; for each of them the reports of its runs, in their order.
///
/// # Errors
/// The first of what goes wrong, in the order of the streams.
pub(crate) fn replay(
    traffic: Traffic<'_>,
    streams: Vec<Stream<'_>>,
    threads: usize,
    stderr: Terminal,
) -> Result<Vec<Vec<Report>>> {
    let threads = threads.max(1);
    let count = streams.len();
    let tally = Tally::new(stderr, count, traffic.size());
    let whole = count - count % threads;
    let mut streams: Vec<_> = streams.into_iter().enumerate().collect();
    let shared_out = streams.split_off(whole);
    let mut reports = side_by_side(traffic, streams, threads, &tally)?;
    for (index, stream) in shared_out {
        reports.push(one(traffic, stream, threads, &tally, index)?);
    }
    tally.finish();
    Ok(reports)
}

/// Gives all events of the traffic to somebody, and returns what must be known of how they were
/// read.
pub(crate) fn read(
    traffic: Traffic<'_>,
    seed: u64,
    stderr: Terminal,
    mut take: impl FnMut(&Block),
) -> Result<Vec<String>> {
    let tally = Tally::new(stderr, 1, traffic.size());
    let mut opened = traffic.open(seed)?;
    let mut block = Block::default();
    while opened.next(&mut block)? {
        take(&block);
        tally.advance(0, block.len() as u64, || opened.done(&block));
    }
    tally.finish();
    Ok(trace::notes(opened.stats()))
}

/// Each stream on one thread, as many at once as there are threads.
fn side_by_side(
    traffic: Traffic<'_>,
    streams: Vec<(usize, Stream<'_>)>,
    threads: usize,
    tally: &Tally,
) -> Result<Vec<Vec<Report>>> {
    let waiting: Vec<_> = streams
        .into_iter()
        .map(|stream| Mutex::new(Some(stream)))
        .collect();
    let done: Vec<_> = waiting.iter().map(|_| Mutex::new(None)).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (Some(stream), Some(slot)) = (waiting.get(number), done.get(number)) else {
                return;
            };
            if let Some((index, stream)) = take(stream) {
                let outcome = one(traffic, stream, 1, tally, index);
                failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(waiting.len()) {
            scope.spawn(work);
        }
        work();
    });
    // Streams are taken in order: before the first that failed none was left out.
    done.iter().filter_map(take).collect()
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// One stream.
fn one(
    traffic: Traffic<'_>,
    stream: Stream<'_>,
    threads: usize,
    tally: &Tally,
    index: usize,
) -> Result<Vec<Report>> {
    let mut opened = traffic.open(stream.seed)?;
    let mut reports = fan_out::replay(&mut opened, stream.runs, threads, tally, index)?;
    let notes = trace::notes(opened.stats());
    for report in &mut reports {
        report.notes.extend(notes.iter().cloned());
    }
    Ok(reports)
}
