//! Pieces of work that do not depend on each other, on several threads.

use crate::output::Terminal;
use crate::output::progress::Progress;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does so many pieces of work; what comes of them, in their order.
///
/// # Errors
/// The first of what goes wrong, in that order.
pub(crate) fn on_threads<T: Send>(
    count: usize,
    threads: usize,
    (stderr, what): (Terminal, &'static str),
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let done: Vec<_> = (0..count).map(|_| Mutex::new(None)).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let progress = Progress::new(stderr, what, Some(count as u64));
    let progress = Mutex::new((progress, 0));
    let help = || {
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = done.get(number) else {
                return;
            };
            let outcome = work(number);
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.1 += 1;
            let done = progress.1;
            progress.0.step(done);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(help);
        }
        help();
    });
    let (progress, _) = progress
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    progress.finish();
    // Work is taken in order: before the first that failed nothing was left out.
    let done = done
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    done.collect()
}
