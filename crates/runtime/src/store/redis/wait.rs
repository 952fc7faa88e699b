//! Waiting for a lock that another process holds: one of this process looks after it, for all.

use super::clock::RedisClock;
use super::holds_until;
use super::link::Link;
use super::text;
use crate::time::Clock;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it is looked after: at first, and the longer it takes the less.
const EVERY: core::ops::RangeInclusive<Duration> =
    Duration::from_millis(2)..=Duration::from_millis(25);

/// Locks that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Landings {
    watched: Arc<Mutex<FxHashMap<String, watch::Receiver<()>>>>,
}

/// What is looked after.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) link: Arc<Link>,
    pub(super) clock: Clock,
    pub(super) times: Arc<RedisClock>,
    pub(super) key: String,
}

impl Landings {
    /// Comes back when nobody holds the lock.
    pub(super) fn of(&self, watch: Watch) -> impl Future<Output = ()> + Send + use<> {
        let mut watched = self.watched.lock();
        let mut landed = match watched.get(&watch.key) {
            Some(landed) => landed.clone(),
            None => {
                let (waiting, landed) = watch::channel(());
                watched.insert(watch.key.clone(), landed.clone());
                tokio::spawn(look_after(watch, waiting, Arc::clone(&self.watched)));
                landed
            }
        };
        async move {
            // It ends by closing.
            while landed.changed().await.is_ok() {}
        }
    }
}

async fn look_after(
    watch: Watch,
    waiting: watch::Sender<()>,
    watched: Arc<Mutex<FxHashMap<String, watch::Receiver<()>>>>,
) {
    let mut pause = *EVERY.start();
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(*EVERY.end());
        let mut command = redis::cmd("GET");
        command.arg(&watch.key);
        // Where Redis does not answer, whoever waits has to look again.
        let lock = watch.link.call(command).await.ok().and_then(text);
        let until = lock.and_then(|lock| holds_until(&lock, None));
        let until = until.map(|until| watch.times.ahead().here(until));
        let is_held = until.is_some_and(|until| watch.clock.now() < until);
        let mut watched = watched.lock();
        // The one in the list is nobody who waits.
        if !is_held || waiting.receiver_count() <= 1 {
            watched.remove(&watch.key);
            return;
        }
    }
}
