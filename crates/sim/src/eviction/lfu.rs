//! `lfu`: the copy that was used least often leaves.

use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

/// Least frequently used, with counts that begin at 1 when a copy is stored and are lost when it
/// leaves. Among copies with the same count the one that has had it for the longest time leaves.
///
/// O(1) after Shah, Mitra, Matani, "An O(1) algorithm for implementing the LFU cache eviction
/// scheme", 2010, with one list of all copies in the order in which they would leave, instead of
/// one for each count.
#[derive(Debug, Clone)]
pub(crate) struct Lfu {
    order: Lists,
    /// The bucket of each slot.
    bucket_of: Vec<u32>,
    buckets: Vec<Bucket>,
    free: Vec<u32>,
}

/// Copies with the same count, one after the other in the order of all.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    count: u64,
    /// The last of them.
    newest: u32,
}

impl Lfu {
    /// The bucket of this copy, if it is of this count.
    #[inline]
    fn bucket_with(&self, count: u64, slot: Option<u32>) -> Option<u32> {
        let bucket = self.bucket_of[slot? as usize];
        (self.buckets[bucket as usize].count == count).then_some(bucket)
    }

    /// Puts the copy behind all others of this bucket.
    #[inline]
    fn join(&mut self, bucket: u32, slot: u32) {
        let newest = &mut self.buckets[bucket as usize].newest;
        self.order.insert(0, slot, Some(*newest));
        *newest = slot;
        super::put(&mut self.bucket_of, slot, bucket);
    }

    /// The copy, which stands where it belongs, is the only one with its count.
    #[inline]
    fn begin(&mut self, count: u64, slot: u32) {
        let bucket = self.free.pop().unwrap_or(self.buckets.len() as u32);
        let newest = slot;
        super::put(&mut self.buckets, bucket, Bucket { count, newest });
        super::put(&mut self.bucket_of, slot, bucket);
    }

    /// The copy, which still stands where it was, is no longer of its bucket.
    #[inline]
    fn leave(&mut self, slot: u32) {
        let bucket = self.bucket_of[slot as usize];
        if self.buckets[bucket as usize].newest != slot {
            return;
        }
        let older = self.order.older(slot);
        match older.filter(|&older| self.bucket_of[older as usize] == bucket) {
            Some(older) => self.buckets[bucket as usize].newest = older,
            None => self.free.push(bucket),
        }
    }
}

impl Eviction for Lfu {
    fn new(_setting: Setting) -> Self {
        Self {
            order: Lists::new(1),
            bucket_of: Vec::new(),
            buckets: Vec::new(),
            free: Vec::new(),
        }
    }

    #[inline]
    fn inserted(&mut self, slot: u32, _view: View<'_>) {
        match self.bucket_with(1, self.order.oldest(0)) {
            Some(bucket) => self.join(bucket, slot),
            None => {
                self.order.insert(0, slot, None);
                self.begin(1, slot);
            }
        }
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        let Bucket { count, newest } = self.buckets[self.bucket_of[slot as usize] as usize];
        let count = count.saturating_add(1);
        let next = self.bucket_with(count, self.order.newer(newest));
        self.leave(slot);
        match next {
            Some(bucket) => {
                self.order.unlink(slot);
                self.join(bucket, slot);
            }
            None => {
                if newest != slot {
                    self.order.unlink(slot);
                    self.order.insert(0, slot, Some(newest));
                }
                self.begin(count, slot);
            }
        }
    }

    #[inline]
    fn prefetch(&self, slot: u32) {
        self.order.prefetch(slot);
    }

    #[inline]
    fn peek(&self, slot: u32) -> u32 {
        let bucket = self.bucket_of.get(slot as usize).copied();
        self.order.peek(slot) ^ bucket.unwrap_or_default()
    }

    #[inline]
    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.leave(slot);
        self.order.unlink(slot);
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        match self.order.oldest(0) {
            Some(slot) => {
                self.removed(slot, view);
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }
}
