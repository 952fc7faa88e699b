//! The thread that writes: it takes what comes, puts it in the order of time, and fills files.

use crate::record::event::Maker;
use crate::record::files::{Current, Names};
use crate::record::open::Open;
use crate::record::order::Order;
use crate::record::{Counting, Raw};
use cachepolicy_core::units::Time;
use cachepolicy_trace::sample::Rate;
use cachepolicy_trace::{Event, Recorded};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// It looks so often whether there is something to do.
const TICK: Duration = Duration::from_millis(100);

/// What was written can be read after this time.
const FLUSH: Duration = Duration::from_secs(1);

/// A file that cannot be written is tried again after this time.
const PAUSE: Duration = Duration::from_secs(5);

/// What the thread works with.
pub(crate) struct Writing {
    pub(crate) receiver: Receiver<Raw>,
    /// The receiver's queue holds no more.
    pub(crate) queue: usize,
    pub(crate) maker: Maker,
    pub(crate) open: Arc<Open>,
    pub(crate) counting: Arc<Counting>,
    pub(crate) names: Names,
    pub(crate) rotate_at: u64,
    pub(crate) keep: usize,
    pub(crate) rate: Rate,
    pub(crate) order: Order,
    pub(crate) current: Option<Current>,
    /// What has been said in the files so far.
    pub(crate) said: Recorded,
    pub(crate) flushed: Instant,
    /// Until then nothing is written: it would fail.
    pub(crate) paused: Option<Instant>,
}

impl Writing {
    /// Until it is told to stop.
    pub(crate) fn run(mut self) {
        let open = Arc::clone(&self.open);
        loop {
            let is_stopped = self.counting.stopped.load(Ordering::Acquire);
            // Asked before it waits: who was under way then may end at any time, and be told of later.
            let was_idle = open.is_idle();
            match self.receiver.recv_timeout(TICK) {
                Ok(raw) => self.take(raw),
                // Nothing was under way, and nothing came since: nothing earlier can come.
                Err(RecvTimeoutError::Timeout) if was_idle => self.release(Time::NEVER),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let settled = gather(&open, self.queue, || {
                let raw = self.receiver.try_recv().ok()?;
                self.take(raw);
                Some(())
            });
            if is_stopped {
                break;
            }
            self.release(settled);
            self.flush();
        }
        while let Ok(raw) = self.receiver.try_recv() {
            self.take(raw);
        }
        self.release(Time::NEVER);
        self.finish();
    }

    fn take(&mut self, raw: Raw) {
        let event = self.maker.event(raw);
        self.order.push(event);
        self.counting.late.store(self.order.late, Ordering::Relaxed);
    }

    fn release(&mut self, settled: Time) {
        while let Some(event) = self.order.next(settled) {
            let written = self.write(&event);
            let counter = match (&written, &event) {
                (Err(_), _) => &self.counting.dropped,
                (Ok(()), Event::Write(_)) => &self.counting.writes,
                (Ok(()), _) => &self.counting.requests,
            };
            counter.fetch_add(1, Ordering::Relaxed);
            if written.is_err() && self.paused.is_none() {
                self.current = None;
                self.paused = Some(Instant::now() + PAUSE);
            }
        }
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        if self.paused.is_some_and(|until| Instant::now() < until) {
            return Err(io::Error::other("paused"));
        }
        self.paused = None;
        if self.current.is_none() {
            self.current = Some(Current::create(&self.names)?);
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        current.write(event)?;
        if current.bytes() >= self.rotate_at {
            self.finish();
        }
        Ok(())
    }

    fn flush(&mut self) {
        if self.flushed.elapsed() < FLUSH {
            return;
        }
        self.flushed = Instant::now();
        if let Some(current) = &mut self.current
            && current.flush().is_err()
        {
            // The next event says so, and is counted.
            self.paused = Some(Instant::now() + PAUSE);
            self.current = None;
        }
    }

    /// The file that is being written is complete.
    fn finish(&mut self) {
        let counted = self.counting.recorded(self.rate);
        let since = counted.since(self.said);
        let Some(current) = self.current.take().filter(|current| current.events > 0) else {
            return;
        };
        if current.finish(&since).is_ok() {
            self.said = counted;
            self.counting.files.fetch_add(1, Ordering::Relaxed);
            // Where old ones cannot be removed, there are more.
            let _ = self.names.prune(self.keep);
        }
    }
}

/// Takes what has come, no more than `queue` events, until there is none; nothing that comes later happened
/// before the time that this gives.
///
/// Whoever ends is told of first, and under way no more then. So it is looked for who is under way before the
/// queue is emptied: the other way round, one who ends in between would be neither, and what happened after it
/// would be written before it.
fn gather(open: &Open, queue: usize, take: impl FnMut() -> Option<()>) -> Time {
    let settled = open.settled();
    core::iter::repeat_with(take)
        .take(queue)
        .take_while(Option::is_some)
        .for_each(drop);
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_while_the_queue_is_emptied_is_waited_for() {
        let at = |seconds: i64| Time::from_nanos(seconds * 1_000_000_000);
        let open = Open::default();
        open.begin(at(10));
        open.begin(at(20));
        open.end(at(20));
        let mut came = vec![()];
        let settled = gather(&open, 100, || {
            let next = came.pop();
            if next.is_none() {
                // It was told of when there was nothing more in the queue.
                open.end(at(10));
            }
            next
        });
        assert!(settled <= at(10));
        assert!(gather(&open, 100, || None) > at(10));
    }
}
