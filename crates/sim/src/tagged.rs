//! Numbers by the hashes of what they stand for: each is kept beside a part of its hash, so that a table
//! grows without looking at anything else, and in the order of the hashes.

use crate::intern::NONE;
use prefetch_index::prefetch_index;

/// A hash, as far as it is kept, and a number; [`NONE`]: nothing is here.
type Entry = (u32, u32);

/// Whoever asks compares what the numbers stand for.
#[derive(Debug, Default)]
pub(crate) struct Tagged {
    /// A power of two, of which a quarter is empty.
    entries: Vec<Entry>,
    len: usize,
    /// What is left of a hash is a place.
    shift: u32,
}

/// As much of a hash as is kept.
const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Tagged {
    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The number with this hash that is the one.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let after = self.entries.get((tag >> self.shift) as usize..)?;
        for &(known, number) in after.iter().chain(&self.entries) {
            if number == NONE {
                break;
            }
            if known == tag && is_it(number) {
                return Some(number);
            }
        }
        None
    }

    /// Soon somebody will ask for this hash.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        prefetch_index(&self.entries, (tag(hash) >> self.shift) as usize);
    }

    /// A number that is probably the one with this hash.
    #[inline]
    pub(crate) fn candidate(&self, hash: u64) -> Option<u32> {
        let &(known, number) = self.entries.get((tag(hash) >> self.shift) as usize)?;
        (known == tag(hash) && number != NONE).then_some(number)
    }

    /// One more, which is not there.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u64, number: u32) {
        if (self.len + 1) * 4 > self.entries.len() * 3 {
            self.grow();
        }
        self.len += 1;
        self.put((tag(hash), number));
    }

    #[inline]
    fn put(&mut self, entry: Entry) {
        let last = self.entries.len() - 1;
        let mut place = (entry.0 >> self.shift) as usize;
        while self.entries[place].1 != NONE {
            place = (place + 1) & last;
        }
        self.entries[place] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        const LEAST: usize = 16;
        let size = (self.entries.len() * 2).max(LEAST);
        self.shift = u32::BITS - size.trailing_zeros().min(u32::BITS - 1);
        let before = core::mem::replace(&mut self.entries, vec![(0, NONE); size]);
        for entry in before.into_iter().filter(|entry| entry.1 != NONE) {
            self.put(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_trace::random::mix;
    use proptest::prelude::*;

    proptest! {
        /// Also where hashes are the same, and where all places are near the end.
        #[test]
        fn what_was_inserted_is_found(
            numbers in prop::collection::hash_set(0u32..400, 0..200),
            spread in prop::sample::select(vec![u64::MAX, 7 << 32, 0]),
            more in prop::sample::select(vec![0, u64::MAX << 40]),
        ) {
            let hash = |number: u32| mix(u64::from(number)) & spread | more;
            let mut tagged = Tagged::default();
            for &number in &numbers {
                tagged.insert(hash(number), number);
            }
            prop_assert_eq!(tagged.len(), numbers.len());
            for number in 0..400 {
                let found = tagged.find(hash(number), |known| known == number);
                prop_assert_eq!(found, numbers.contains(&number).then_some(number));
            }
        }
    }
}
