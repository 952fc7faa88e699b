//! Redis's clock. Times in Redis are by it, so that all processes mean the same, whatever their own clocks say.
//!
//! How far it is ahead is asked for when a connection is made and each minute from then on, and what is
//! read and written is shifted by that: a hit asks for nothing more.

use super::link::Wire;
use crate::time::Clock;
use cachepolicy_core::units::{Duration, Time};
use redis::{Cmd, RedisError, RedisResult, Value};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};

/// Redis is asked again after this time: clocks that go evenly are some milliseconds apart by then.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(60);

/// How long it may take to answer then.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(5);

/// So often it is asked at a time, and the quickest answer counts: it is off by half of what it took at most.
const SAMPLES: usize = 3;

/// An answer this quick is good enough.
const QUICK: Duration = Duration::from_nanos(2_000_000);

/// See the module's description.
#[derive(Debug)]
pub(crate) struct RedisClock {
    clock: Clock,
    /// In a cluster the node that has this key is asked: all processes ask the same one.
    key: String,
    /// By how many nanoseconds it is ahead of the process's own.
    ahead: AtomicI64,
}

/// By how many nanoseconds Redis's clock is ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead(i64);

impl RedisClock {
    /// Not asked yet: it is taken to be the process's own.
    pub(super) fn new(clock: Clock, key: String) -> Self {
        Self {
            clock,
            key,
            ahead: AtomicI64::new(0),
        }
    }

    /// As it was found last.
    pub(super) fn ahead(&self) -> Ahead {
        Ahead(self.ahead.load(Ordering::Relaxed))
    }

    /// Asks what time it is there. Where Redis refuses to say it, things stay as they are.
    pub(super) async fn ask(&self, wire: &dyn Wire) -> RedisResult<()> {
        let mut command = redis::cmd("EVAL");
        command.arg("return redis.call('TIME')").arg(1);
        command.arg(&self.key);
        let mut best: Option<(Duration, i64)> = None;
        for _ in 0..SAMPLES {
            let Some((took, ahead)) = self.ask_once(wire, &command).await? else {
                return Ok(());
            };
            if best.is_none_or(|(least, _)| took < least) {
                best = Some((took, ahead));
            }
            if took < QUICK {
                break;
            }
        }
        if let Some((_, ahead)) = best {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How long the answer took, and how far the clock was ahead in the middle of that.
    async fn ask_once(
        &self,
        wire: &dyn Wire,
        command: &Cmd,
    ) -> Result<Option<(Duration, i64)>, RedisError> {
        let before = self.clock.now();
        let answer = wire.send(command).await?;
        let took = self.clock.now().since(before);
        let there = answer.extract_error().ok().and_then(time);
        Ok(there.map(|there| {
            let here = before.nanos().saturating_add(took.nanos() / 2);
            (took, there.saturating_sub(here))
        }))
    }

    /// Asks again and again, for as long as there is the connection.
    pub(super) async fn follow(self: Arc<Self>, wire: Weak<dyn Wire>) {
        loop {
            tokio::time::sleep(AGAIN).await;
            let Some(wire) = wire.upgrade() else {
                return;
            };
            // Whoever asks for a copy finds out what is wrong with the connection.
            let _ = tokio::time::timeout(ANSWER, self.ask(&*wire)).await;
        }
    }
}

impl Ahead {
    /// An instant of the process's clock, by Redis's.
    pub(crate) fn there(self, here: Time) -> Time {
        shifted(here, self.0)
    }

    /// An instant of Redis's clock, by the process's.
    pub(crate) fn here(self, there: Time) -> Time {
        shifted(there, self.0.saturating_neg())
    }
}

/// What is never, or was always, is so by every clock.
fn shifted(time: Time, by: i64) -> Time {
    if time == Time::NEVER || time == Time::DISTANT_PAST {
        return time;
    }
    Time::from_nanos(time.nanos().saturating_add(by))
}

/// Nanoseconds since 1970, of the seconds and microseconds of `TIME`.
fn time(answer: Value) -> Option<i64> {
    let (seconds, micros): (i64, i64) = redis::from_redis_value(answer).ok()?;
    let micros = seconds.checked_mul(1_000_000)?.checked_add(micros)?;
    micros.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::super::link::Sent;
    use super::*;
    use parking_lot::Mutex;

    /// By then it has answered.
    const QUIET: std::time::Duration = std::time::Duration::from_secs(1);

    #[test]
    fn there_and_back() {
        let ahead = Ahead(-5);
        let here = Time::from_nanos(1_000);
        assert_eq!(ahead.there(here), Time::from_nanos(995));
        assert_eq!(ahead.here(ahead.there(here)), here);
        for always in [Time::NEVER, Time::DISTANT_PAST] {
            assert_eq!(ahead.there(always), always);
            assert_eq!(Ahead(i64::MIN).here(always), always);
        }
    }

    /// A Redis whose clock is so far ahead, and whose answers take a while.
    #[derive(Default)]
    struct Fake {
        clock: Option<Clock>,
        /// Milliseconds: how long it takes, and how far it is ahead.
        answers: Mutex<Vec<(u64, i64)>>,
    }

    impl Wire for Fake {
        fn send<'a>(&'a self, _: &'a Cmd) -> Sent<'a> {
            Box::pin(async {
                let (takes, ahead) = self.answers.lock().pop().unwrap_or_default();
                let half = std::time::Duration::from_millis(takes / 2);
                tokio::time::sleep(half).await;
                let now = self.clock.map_or(0, |clock| clock.now().nanos()) / 1_000;
                let there = now + ahead * 1_000;
                tokio::time::sleep(half).await;
                let number = |number: i64| Value::BulkString(number.to_string().into());
                let (seconds, micros) = (there / 1_000_000, there % 1_000_000);
                Ok(Value::Array(vec![number(seconds), number(micros)]))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_quickest_answer_counts_and_it_is_asked_again() {
        let millis = |ahead: Ahead| ahead.there(Time::from_nanos(0)).nanos() / 1_000_000;
        let clock = Clock::at(Time::from_nanos(1_700_000_000_000_000_000));
        let fake = Fake {
            clock: Some(clock),
            ..Fake::default()
        };
        // The last one comes first.
        *fake.answers.lock() = vec![(0, -70), (60, 9), (20, 30_000), (40, 8)];
        let wire: Arc<dyn Wire> = Arc::new(fake);
        let times = Arc::new(RedisClock::new(clock, "key".to_owned()));
        assert!(times.ask(&*wire).await.is_ok());
        assert_eq!(millis(times.ahead()), 30_000);
        let following = tokio::spawn(Arc::clone(&times).follow(Arc::downgrade(&wire)));
        tokio::time::sleep(AGAIN + QUIET).await;
        assert_eq!(millis(times.ahead()), -70);
        drop(wire);
        tokio::time::sleep(AGAIN).await;
        assert!(following.is_finished());
    }

    #[test]
    fn the_time_of_an_answer() {
        let text = |text: &str| Value::BulkString(text.into());
        let answer = Value::Array(vec![text("1700000000"), text("25")]);
        assert_eq!(time(answer), Some(1_700_000_000_000_025_000));
        assert_eq!(
            time(Value::Array(vec![text("9223372036854775807"), text("0")])),
            None
        );
        assert_eq!(time(Value::Nil), None);
    }
}
