//! `lfu`: the copy that was used least often leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Least frequently used, with counts that begin at 1 when a copy is stored and are lost when it
/// leaves. Among copies with the same count the one that has had it for the longest time leaves.
///
/// O(1) as in Shah, Mitra, Matani, "An O(1) algorithm for implementing the LFU cache eviction
/// scheme", 2010: one list of copies for each count that occurs, and a list of these counts.
#[derive(Debug, Clone)]
pub(crate) struct Lfu {
    /// The copies of each bucket.
    copies: Lists,
    /// The bucket of each slot.
    bucket_of: Vec<u32>,
    /// The buckets in use, the least count oldest.
    buckets: Lists,
    /// By bucket.
    counts: Vec<u64>,
    free: Vec<u32>,
}

impl Lfu {
    /// A bucket for this count, next to that one or first.
    #[inline]
    fn bucket(&mut self, count: u64, after: Option<u32>) -> u32 {
        let next = match after {
            Some(bucket) => self.buckets.newer(bucket),
            None => self.buckets.oldest(0),
        };
        if let Some(next) = next
            && self.counts[next as usize] == count
        {
            return next;
        }
        let bucket = self.free.pop().unwrap_or(self.counts.len() as u32);
        super::put(&mut self.counts, bucket, count);
        self.copies.ensure(bucket as usize);
        self.buckets.insert(0, bucket, after);
        bucket
    }

    #[inline]
    fn join(&mut self, bucket: u32, slot: u32) {
        super::put(&mut self.bucket_of, slot, bucket);
        self.copies.push(bucket as usize, slot);
    }

    #[inline]
    fn drop_if_empty(&mut self, bucket: u32) {
        if self.copies.oldest(bucket as usize).is_none() {
            self.buckets.unlink(0, bucket);
            self.free.push(bucket);
        }
    }
}

impl Eviction for Lfu {
    fn new(_setting: Setting) -> Self {
        Self {
            copies: Lists::new(0),
            bucket_of: Vec::new(),
            buckets: Lists::new(1),
            counts: Vec::new(),
            free: Vec::new(),
        }
    }

    #[inline]
    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        let bucket = self.bucket(1, None);
        self.join(bucket, slot);
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        let before = self.bucket_of[slot as usize];
        let count = self.counts[before as usize].saturating_add(1);
        let bucket = self.bucket(count, Some(before));
        self.copies.unlink(before as usize, slot);
        self.join(bucket, slot);
        self.drop_if_empty(before);
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        let bucket = self.bucket_of[slot as usize];
        self.copies.unlink(bucket as usize, slot);
        self.drop_if_empty(bucket);
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        let least = self.buckets.oldest(0);
        match least.and_then(|bucket| self.copies.oldest(bucket as usize)) {
            Some(slot) => {
                self.removed(slot, view);
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }
}
