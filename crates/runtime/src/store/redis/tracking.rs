//! Client-side caching: Redis tells this process of each change of a key that it has read
//! (`CLIENT TRACKING`), and what came from there leaves the memory.
//!
//! Messages and answers come over one connection, in order. Whoever reads notes first for which copy it
//! asks; a message strikes that out; who then wants to keep the copy in memory finds no note, and does
//! not. A connection that is lost takes all notes with it, and all that is in memory.

use crate::cache::Inner;
use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// How often somebody looks whether Redis is there: a connection can be lost without a word.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Copies, by their keys in memory.
type Readers = FxHashSet<Box<str>>;

/// Who has read what.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    inner: OnceLock<Weak<Inner>>,
    /// For which copies each key in Redis was read.
    readers: Mutex<FxHashMap<Box<[u8]>, Readers>>,
}

impl Tracking {
    /// Messages mean this cache, and somebody looks after the connection.
    pub(super) fn begin(self: &Arc<Self>, inner: &Arc<Inner>, link: &Arc<super::Link>) {
        if self.inner.set(Arc::downgrade(inner)).is_ok() {
            let (inner, link) = (Arc::downgrade(inner), Arc::clone(link));
            tokio::spawn(async move {
                while inner.strong_count() > 0 {
                    // Where it fails too often, the link says that the connection is lost.
                    let _ = link.call(redis::cmd("PING")).await;
                    tokio::time::sleep(HEARTBEAT).await;
                }
            });
        }
    }

    /// These keys will be read for a copy.
    pub(super) fn reads<'k>(&self, keys: impl IntoIterator<Item = &'k str>, text: &str) {
        let mut readers = self.readers.lock();
        for key in keys {
            let readers = match readers.get_mut(key.as_bytes()) {
                Some(readers) => readers,
                None => readers.entry(key.as_bytes().into()).or_default(),
            };
            if !readers.contains(text) {
                readers.insert(text.into());
            }
        }
    }

    /// Has nothing changed that was read for a copy?
    pub(super) fn is_unchanged<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k str>,
        text: &str,
    ) -> bool {
        let readers = self.readers.lock();
        keys.into_iter().all(|key| {
            let readers = readers.get(key.as_bytes());
            readers.is_some_and(|readers| readers.contains(text))
        })
    }

    /// What Redis says beside its answers.
    pub(super) fn hear(&self, info: PushInfo) {
        match info.kind {
            PushKind::Disconnection => self.lost(),
            PushKind::Invalidate => match info.data.into_iter().next() {
                Some(Value::Array(keys)) => {
                    for key in keys.into_iter().filter_map(super::text) {
                        self.changed(&key);
                    }
                }
                // Everything, as after `FLUSHALL`.
                _ => self.lost(),
            },
            _ => {}
        }
    }

    fn changed(&self, key: &[u8]) {
        let readers = self.readers.lock().remove(key);
        let inner = self.inner.get().and_then(Weak::upgrade);
        if let (Some(readers), Some(inner)) = (readers, inner) {
            for text in readers {
                inner.remove_near(&text);
            }
        }
    }

    /// Nobody knows what has changed.
    pub(super) fn lost(&self) {
        self.readers.lock().clear();
        if let Some(inner) = self.inner.get().and_then(Weak::upgrade) {
            inner.forget_memory();
        }
    }
}
