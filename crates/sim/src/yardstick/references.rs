//! What is asked for and stored in a backend that has room for everything.

use super::clairvoyant;
use cachepolicy_core::policy::Capacity;
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// A reference is a hit; the other 31 bits are its copy's number.
const HIT: u32 = 1 << 31;

/// References in a record at most, and copies.
const REFERENCES_MAX: usize = (u32::MAX - 1) as usize;
const COPIES_MAX: u32 = HIT - 1;

/// Hits and stores in the order in which they happened. With what is needed to look into the
/// future, 24 bytes each (16 where sizes do not matter), and 33 for each copy.
#[derive(Debug, Clone)]
pub struct References {
    by_bytes: bool,
    /// The number of the copy, and whether it was hit.
    items: Vec<u32>,
    /// By item; empty unless `by_bytes`.
    sizes: Vec<u64>,
    /// By number: instance and key.
    copies: Vec<(u32, u32)>,
    numbers: HashTable<u32>,
    /// The first item that counts.
    counted_from: usize,
    /// There was more than can be recorded.
    is_full: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    /// The number of the copy.
    pub(super) copy: u32,
    /// It was hit, and not stored.
    pub(super) is_hit: bool,
    /// What it weighs.
    pub(super) weight: u64,
}

impl References {
    /// None yet. Do sizes matter?
    #[must_use]
    pub fn new(by_bytes: bool) -> Self {
        Self {
            by_bytes,
            items: Vec::new(),
            sizes: Vec::new(),
            copies: Vec::new(),
            numbers: HashTable::new(),
            counted_from: 0,
            is_full: false,
        }
    }

    /// A look-up hits.
    pub(crate) fn hit(&mut self, instance: u32, key: u32, bytes: u64) {
        self.add(instance, key, bytes, HIT);
    }

    /// A copy is stored.
    pub(crate) fn stored(&mut self, instance: u32, key: u32, bytes: u64) {
        self.add(instance, key, bytes, 0);
    }

    /// What came so far is not counted.
    pub(crate) fn warmed_up(&mut self) {
        self.counted_from = self.items.len();
    }

    fn add(&mut self, instance: u32, key: u32, bytes: u64, hit: u32) {
        let copy = self.number(instance, key);
        if self.items.len() >= REFERENCES_MAX || copy >= COPIES_MAX {
            self.is_full = true;
            return;
        }
        self.items.push(copy | hit);
        if self.by_bytes {
            self.sizes.push(bytes);
        }
    }

    fn number(&mut self, instance: u32, key: u32) -> u32 {
        let (copies, copy) = (&self.copies, (instance, key));
        let is_it = |&number: &u32| copies.get(number as usize) == Some(&copy);
        let hash_of = |copy: &(u32, u32)| {
            let mut hasher = FxHasher::default();
            hasher.write_u32(copy.0);
            hasher.write_u32(copy.1);
            hasher.finish()
        };
        if let Some(&number) = self.numbers.find(hash_of(&copy), is_it) {
            return number;
        }
        let number = copies.len() as u32;
        let hash = |&number: &u32| copies.get(number as usize).map_or(0, hash_of);
        self.numbers.insert_unique(hash_of(&copy), number, hash);
        self.copies.push(copy);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn get(&self, index: usize) -> Reference {
        let item = self.items.get(index).copied().unwrap_or(0);
        Reference {
            copy: item & !HIT,
            is_hit: item & HIT != 0,
            weight: self.sizes.get(index).copied().unwrap_or(1),
        }
    }

    /// How many different copies there are.
    pub(super) fn copies(&self) -> usize {
        self.copies.len()
    }

    /// The instance of a copy, from 0 on.
    pub(super) fn instance(&self, copy: u32) -> usize {
        let of = self.copies.get(copy as usize);
        of.map_or(0, |(instance, _)| *instance as usize)
    }

    /// Does what happened count?
    pub(super) fn counts(&self, index: usize) -> bool {
        index >= self.counted_from
    }

    /// There was more than a record holds, which is 4 billion references to 2 billion copies.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The memory that the record takes, with what is needed to look into the future.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let each = if self.by_bytes { 24 } else { 16 };
        self.items.len() as u64 * each + self.copies.len() as u64 * 33
    }

    /// Of the hits that count, how many a store of this capacity in each instance would have, if it
    /// always removed the copy that is needed again last.
    #[must_use]
    pub fn clairvoyant_hits(&self, capacity: Capacity) -> u64 {
        let capacity = match capacity {
            Capacity::Bytes(bytes) => bytes.0,
            Capacity::Entries(entries) => entries,
        };
        clairvoyant::hits(self, capacity)
    }
}
