//! How invalidations travel to other processes: over Redis, by publish/subscribe (at most once) or by a
//! stream (at least once).
//!
//! A delivery to the shared stores is made once: by whoever writes, or by one of the processes that read
//! the stream. Each process delivers to its own memory. Whoever begins to listen, or has been cut off and
//! may have missed something, forgets what it keeps in memory.

mod pubsub;
mod stream;

use crate::cache::{Cache, Inner};
use crate::meant::Meant;
use crate::store::redis::{Link, Message, Names, Redis};
use cachepolicy_core::policy::{Bus as Declared, Delivery, Reaches};
use cachepolicy_core::units::{Duration, Time};
use std::sync::{Arc, Weak};

/// How long a listener waits for something to come before it looks whether anybody is there.
const QUIET: std::time::Duration = std::time::Duration::from_secs(2);

/// How long whoever was cut off waits before trying again: at first, and at most.
const AGAIN: core::ops::RangeInclusive<std::time::Duration> =
    std::time::Duration::from_millis(20)..=std::time::Duration::from_secs(1);

/// A bus of the policy that goes over a Redis.
#[derive(Debug)]
pub(crate) struct Bus {
    redis: Redis,
    link: Link,
    /// Of the channel, or of the stream.
    name: String,
    names: Names,
    delivery: Delivery,
    /// The memory of every process is told too.
    is_wide: bool,
    /// Nothing is delivered earlier after the write.
    delay: Duration,
}

/// It did not take a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotSent;

impl Bus {
    pub(crate) fn new(policy: &str, declared: &Declared, redis: &Redis, names: Names) -> Self {
        let least = declared.delay.limits().0;
        Self {
            link: Link::new(redis, None),
            redis: redis.clone(),
            name: format!("{policy}:{{bus:{}}}", declared.name),
            names,
            delivery: declared.delivery,
            is_wide: declared.reaches == Reaches::AllProcesses,
            delay: Duration::from_nanos(least as i64),
        }
    }

    /// Sends a delivery on its way. How many of it are lost?
    pub(crate) async fn send(
        &self,
        cache: &Cache,
        delivery: Vec<Arc<Meant>>,
    ) -> Result<u64, NotSent> {
        let inner = &cache.inner;
        let message = Message::new(&self.names, inner.clock.now(), &delivery);
        if self.delivery == Delivery::AtLeastOnce {
            return self.append(&message).await.map(|()| 0);
        }
        let mut lost = 0;
        if self.is_wide {
            lost += u64::from(self.publish(&message).await.is_err());
        }
        if self.delay == Duration::ZERO {
            return Ok(lost + inner.apply_far(&delivery).await);
        }
        let due = message.due(self.delay, inner.clock.now());
        let inner = Arc::clone(inner);
        tokio::spawn(async move {
            inner.sleep_until(due).await;
            inner.apply_far(&delivery).await;
        });
        Ok(lost)
    }

    /// Begins to listen, for as long as there is the cache.
    pub(crate) fn listen(self: &Arc<Self>, inner: &Arc<Inner>) {
        let is_heard = self.is_wide && inner.has_memory();
        match self.delivery {
            Delivery::InProcess => {}
            Delivery::AtMostOnce { .. } => {
                if is_heard {
                    tokio::spawn(pubsub::listen(Arc::clone(self), Arc::downgrade(inner)));
                }
            }
            Delivery::AtLeastOnce => {
                if is_heard {
                    tokio::spawn(stream::follow(Arc::clone(self), Arc::downgrade(inner)));
                }
                if inner.has_shared() {
                    tokio::spawn(stream::share(Arc::clone(self), Arc::downgrade(inner)));
                }
            }
        }
    }

    /// What a message says reaches this process's memory, when it is time.
    async fn tell(&self, inner: &Weak<Inner>, message: &[u8]) -> Option<()> {
        let Some(message) = Message::read(message) else {
            // Nobody knows what it means.
            inner.upgrade()?.forget_memory();
            return Some(());
        };
        let due = message.due(self.delay, inner.upgrade()?.clock.now());
        let delivery = message.delivery(&self.names);
        inner.upgrade()?.sleep_until(due).await;
        inner.upgrade()?.apply_near(&delivery);
        Some(())
    }
}

impl Message {
    /// When it is delivered at the earliest. It was told of before now, whatever the clock of its writer says.
    fn due(&self, delay: Duration, now: Time) -> Time {
        Time::from_nanos(self.at).min(now) + delay
    }
}

impl Inner {
    async fn sleep_until(&self, time: Time) {
        if self.clock.now() < time
            && let Some(instant) = self.clock.instant(time)
        {
            tokio::time::sleep_until(instant).await;
        }
    }
}

/// Pauses that get longer.
struct Pauses {
    next: std::time::Duration,
}

impl Pauses {
    const fn new() -> Self {
        Self {
            next: *AGAIN.start(),
        }
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(*AGAIN.end());
    }
}
