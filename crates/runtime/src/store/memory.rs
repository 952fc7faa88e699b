//! The process's memory: foyer's cache keeps the copies and evicts them; an index beside it knows
//! which copies an invalidation means.
//!
//! # Invariant
//! A copy gets into the cache only under the index's lock, and an invalidation looks and removes
//! under the same lock. So a fill that an invalidation has overtaken sees that before it stores, or
//! is stored before and removed; see [`Memory::store`].

use crate::entry::{Entry, Mark};
use crate::size::Sizes;
use crate::start_error::StartError;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::{Backend, Capacity, Evict};
use cachepolicy_core::units::{Bytes, Time};
use foldhash::fast::RandomState;
use foyer_common::event::{Event, EventListener};
use foyer_memory::{
    Cache, CacheBuilder, CacheProperties, EvictionConfig, FifoConfig, LfuConfig, LruConfig,
    S3FifoConfig, SieveConfig,
};
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// Entries that one shard has at least: with fewer of them, a shard's share of the capacity would
/// differ noticeably from what the policy says.
const ENTRIES_A_SHARD: usize = 4_096;

/// Shards at most.
const SHARDS: usize = 16;

/// Bytes that one shard has at least: what is larger than a shard is not kept.
const BYTES_A_SHARD: usize = 64 << 20;

/// A copy's key is shared by the cache and the index.
type KeyText = Arc<str>;

/// A backend in memory.
pub(crate) struct Memory {
    cache: Cache<KeyText, Arc<Entry>, RandomState>,
    index: Mutex<Index>,
    left: Arc<Left>,
    /// `None`: the capacity is in entries, or there is none.
    sizes: Option<Sizes>,
    /// What is larger is not kept.
    largest: usize,
}

/// Which copies there are. Looking here is no use of a copy, as an eviction policy counts it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// When lives end, at the earliest, and whose.
    ends: BinaryHeap<Reverse<(Time, KeyText)>>,
    copies: FxHashMap<KeyText, Arc<Entry>>,
    by_level: FxHashMap<LevelId, FxHashSet<KeyText>>,
    by_mark: FxHashMap<Mark, FxHashSet<KeyText>>,
}

/// Copies that left the cache and are still in the index.
#[derive(Debug, Default)]
struct Left {
    copies: Mutex<Vec<(KeyText, Arc<Entry>)>>,
}

impl EventListener for Left {
    type Key = KeyText;
    type Value = Arc<Entry>;

    fn on_leave(&self, _: Event, key: &KeyText, entry: &Arc<Entry>) {
        // The index is locked by whoever stores or removes.
        let mut copies = self.copies.lock();
        copies.push((Arc::clone(key), Arc::clone(entry)));
    }
}

impl Memory {
    /// A backend of the policy; an error where the cache cannot be what the policy says.
    pub(crate) fn new(
        backend: &Backend,
        sizes: impl FnOnce() -> Result<Sizes, StartError>,
    ) -> Result<Self, StartError> {
        let eviction = eviction(backend)?;
        let all = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let (capacity, shard, sizes) = match backend.capacity {
            None => (usize::MAX, ENTRIES_A_SHARD, None),
            Some(Capacity::Entries(entries)) => (all(entries), ENTRIES_A_SHARD, None),
            Some(Capacity::Bytes(Bytes(bytes))) => (all(bytes), BYTES_A_SHARD, Some(sizes()?)),
        };
        let shards = (capacity / shard).clamp(1, SHARDS);
        let left = Arc::new(Left::default());
        let listener: Arc<dyn EventListener<Key = KeyText, Value = Arc<Entry>>> = left.clone();
        let cache = CacheBuilder::new(capacity)
            .with_shards(shards)
            .with_weighter(|_: &KeyText, entry: &Arc<Entry>| entry.weight())
            .with_eviction_config(eviction)
            .with_hash_builder(RandomState::default())
            .with_event_listener(listener)
            .build::<CacheProperties>();
        Ok(Self {
            cache,
            index: Mutex::new(Index::default()),
            left,
            sizes,
            largest: capacity / shards,
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.get_by(key, |entry| Some(Arc::clone(entry)))
    }

    /// What `take` makes of a copy, while it is in use.
    #[inline]
    pub(crate) fn get_by<R>(
        &self,
        key: &str,
        take: impl FnOnce(&Arc<Entry>) -> Option<R>,
    ) -> Option<R> {
        take(self.cache.get(key)?.value())
    }

    /// Nobody stores and nothing is invalidated until this is given back.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Index> {
        let mut index = self.index.lock();
        self.forget_left(&mut index);
        index
    }

    /// What a copy takes of the capacity. It may take some time, so ask before the lock.
    pub(crate) fn weight(&self, entry: &Entry) -> usize {
        self.sizes.as_ref().map_or(1, |sizes| sizes.size(entry))
    }

    /// Stores a copy of this weight, in place of the one that was there. One that is larger than there is
    /// room is not stored: `false`.
    pub(crate) fn store(
        &self,
        index: &mut Index,
        key: &str,
        (entry, weight): (Entry, usize),
        now: Time,
    ) -> bool {
        if weight > self.largest {
            self.remove(index, key);
            return false;
        }
        let entry = Arc::new(entry.weighing(weight));
        let key: KeyText = Arc::from(key);
        let end = entry.gone_from();
        if end != Time::NEVER {
            index.ends.push(Reverse((end, Arc::clone(&key))));
        }
        index.forget(&key);
        index.add(&key, &entry);
        drop(self.cache.insert(key, entry));
        self.bury(index, now);
        self.forget_left(index);
        true
    }

    /// Takes over the copies of another one, as they are to be kept from now on; `None`: not. How many? What
    /// is removed meanwhile in both is gone in both.
    pub(crate) fn take_over(
        &self,
        other: &Self,
        taken: impl Fn(&Entry) -> Option<Entry>,
        now: Time,
    ) -> usize {
        let mut index = self.lock();
        let copies = other.lock().copies.clone();
        let mut copies: Vec<_> = copies
            .into_iter()
            .filter_map(|(key, entry)| Some((key, taken(&entry)?)))
            .filter(|(_, entry)| now < entry.gone_from())
            .collect();
        // Where there is less room, the latest stay.
        copies.sort_by_key(|(_, entry)| entry.lifetimes().stored);
        let mut count = 0;
        for (key, entry) in copies {
            let weight = self.weight(&entry);
            count += usize::from(self.store(&mut index, &key, (entry, weight), now));
        }
        count
    }

    /// Removes what is dead: without a capacity nothing else would.
    fn bury(&self, index: &mut Index, now: Time) {
        while index
            .ends
            .peek()
            .is_some_and(|Reverse((end, _))| *end <= now)
        {
            let Some(Reverse((end, key))) = index.ends.pop() else {
                break;
            };
            // An invalidation or a hit may have moved it.
            let moved = index.copies.get(&key).map(|entry| entry.gone_from());
            match moved.filter(|moved| *moved > end) {
                Some(Time::NEVER) => {}
                Some(moved) => index.ends.push(Reverse((moved, key))),
                None => drop(self.cache.remove(&key)),
            }
        }
    }

    /// Removes a copy, if there is one.
    pub(crate) fn remove(&self, index: &mut Index, key: &str) {
        drop(self.cache.remove(key));
        self.forget_left(index);
    }

    /// No invalidation means a copy any more, which nobody will ask for. It stays, and takes room, until
    /// it is evicted or its life is over.
    pub(crate) fn hide(&self, index: &mut Index, key: &str) {
        index.forget(key);
    }

    /// How many copies there are.
    pub(crate) fn entries(&self) -> usize {
        self.cache.entries()
    }

    /// How many bytes they take; `None`: the capacity is not in bytes, and nobody knows.
    pub(crate) fn bytes(&self) -> Option<usize> {
        self.sizes.as_ref().map(|_| self.cache.usage())
    }

    fn forget_left(&self, index: &mut Index) {
        let left = core::mem::take(&mut *self.left.copies.lock());
        for (key, entry) in left {
            // Another copy of that key may be there by now.
            let is_it = |known: &Arc<Entry>| Arc::ptr_eq(known, &entry);
            if index.copies.get(&key).is_some_and(is_it) {
                index.forget(&key);
            }
        }
    }
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Memory")
            .field("entries", &self.entries())
            .finish_non_exhaustive()
    }
}

impl Index {
    fn add(&mut self, key: &KeyText, entry: &Arc<Entry>) {
        let level = self.by_level.entry(entry.name.level).or_default();
        level.insert(Arc::clone(key));
        for mark in marks(entry) {
            let marked = self.by_mark.entry(mark).or_default();
            marked.insert(Arc::clone(key));
        }
        self.copies.insert(Arc::clone(key), Arc::clone(entry));
    }

    fn forget(&mut self, key: &str) {
        let Some(entry) = self.copies.remove(key) else {
            return;
        };
        if let Some(level) = self.by_level.get_mut(&entry.name.level) {
            level.remove(key);
        }
        for mark in marks(&entry) {
            if let Some(marked) = self.by_mark.get_mut(&mark) {
                marked.remove(key);
                if marked.is_empty() {
                    self.by_mark.remove(&mark);
                }
            }
        }
    }

    /// A copy.
    pub(crate) fn copy(&self, key: &str) -> Option<Arc<Entry>> {
        self.copies.get(key).cloned()
    }

    /// The keys of a level's copies.
    pub(crate) fn of_level(&self, level: LevelId) -> Vec<KeyText> {
        self.by_level
            .get(&level)
            .map_or_else(Vec::new, |keys| keys.iter().cloned().collect())
    }

    /// The keys of all copies.
    #[cfg(feature = "redis")]
    pub(crate) fn all(&self) -> Vec<KeyText> {
        self.copies.keys().cloned().collect()
    }

    /// The keys of copies with a mark.
    pub(crate) fn of_mark(&self, mark: &Mark) -> Vec<KeyText> {
        self.by_mark
            .get(mark)
            .map_or_else(Vec::new, |keys| keys.iter().cloned().collect())
    }

    /// The keys of copies with a mark that `is_meant` takes.
    pub(crate) fn of_marks(&self, is_meant: impl Fn(&Mark) -> bool) -> Vec<KeyText> {
        let meant = self.by_mark.iter().filter(|(mark, _)| is_meant(mark));
        meant.flat_map(|(_, keys)| keys.iter().cloned()).collect()
    }
}

fn marks(entry: &Entry) -> impl Iterator<Item = Mark> + '_ {
    let is = Mark::Is(entry.name.clone());
    entry.marks.iter().cloned().chain([is])
}

/// The eviction that a backend declares, as foyer does it.
fn eviction(backend: &Backend) -> Result<EvictionConfig, StartError> {
    // Without a limit nothing is evicted.
    if backend.capacity.is_none() {
        return Ok(FifoConfig::default().into());
    }
    Ok(match backend.evict {
        Evict::Lru => LruConfig {
            high_priority_pool_ratio: 0.0,
        }
        .into(),
        Evict::Fifo => FifoConfig::default().into(),
        Evict::S3Fifo => S3FifoConfig::default().into(),
        Evict::Sieve => EvictionConfig::Sieve(SieveConfig),
        Evict::WTinyLfu => LfuConfig::default().into(),
        Evict::Clock
        | Evict::Lfu
        | Evict::Arc
        | Evict::Random
        | Evict::RedisLru
        | Evict::RedisLfu
        | Evict::DjangoLocmem
        | Evict::None => {
            return Err(StartError::Evict {
                backend: backend.name.clone(),
                evict: backend.evict.name(),
            });
        }
    })
}
