//! From hashes to dense numbers.

/// Places at the beginning.
const PLACES: usize = 16;

/// Numbers by the 32-bit hashes of what they stand for; whoever asks compares what they stand for.
///
/// An ordered hash table (Amble and Knuth, The Computer Journal 17, 1974): the entries stand in the
/// order of their hashes, each at its hash's place or, where that is taken, below it with nothing
/// free in between; so a search ends at the first smaller one. Eight bytes an entry, at most three
/// quarters full; it grows by half where it is, since entries that move keep their order.
#[derive(Debug)]
pub(crate) struct Index {
    /// The hash, and the number plus one; 0: free.
    entries: Vec<u64>,
    /// The first place of hashes: what finds none above it is below.
    first: usize,
    used: usize,
}

/// What comes of a search.
enum Search {
    Found(u32),
    /// It would stand here.
    Missing(usize),
    /// It would stand before the first entry.
    NoRoom,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            entries: vec![0; 2 * PLACES],
            first: PLACES,
            used: 0,
        }
    }
}

impl Index {
    /// Where the entry of a hash is looked for first: in proportion to the hash.
    #[inline]
    fn place(&self, hash: u32) -> usize {
        let places = self.entries.len() - self.first;
        self.first + ((u64::from(hash) * places as u64) >> 32) as usize
    }

    #[inline]
    fn search(&self, hash: u32, is: impl Fn(u32) -> bool) -> Search {
        let mut place = self.place(hash);
        loop {
            let entry = self.entries.get(place).copied().unwrap_or(0);
            let own = (entry >> 32) as u32;
            if own < hash || entry == 0 {
                return Search::Missing(place);
            }
            if own == hash {
                let number = (entry as u32).wrapping_sub(1);
                if is(number) {
                    return Search::Found(number);
                }
            }
            match place.checked_sub(1) {
                Some(below) => place = below,
                None => return Search::NoRoom,
            }
        }
    }

    /// The number with this hash of which `is` is true, or `next`, which belongs to it from now on.
    #[inline]
    pub(crate) fn number(&mut self, hash: u32, next: u32, is: impl Fn(u32) -> bool) -> u32 {
        match self.search(hash, is) {
            Search::Found(number) => number,
            Search::Missing(place) => {
                self.insert(hash, next, Some(place));
                next
            }
            Search::NoRoom => {
                self.insert(hash, next, None);
                next
            }
        }
    }

    /// A number with this hash, if there is one: most likely the one that is looked for.
    #[inline]
    pub(crate) fn likely(&self, hash: u32) -> Option<u32> {
        match self.search(hash, |_| true) {
            Search::Found(number) => Some(number),
            Search::Missing(_) | Search::NoRoom => None,
        }
    }

    /// Reads where the entries of these hashes are, so that their cache lines come all at once and
    /// are there when each is looked for.
    #[inline]
    pub(crate) fn touch(&self, hashes: impl Iterator<Item = u32>) {
        let read = |hash| self.entries.get(self.place(hash)).copied();
        let sum = hashes.fold(0, |sum, hash| sum ^ read(hash).unwrap_or(0));
        std::hint::black_box(sum);
    }

    #[cold]
    fn insert(&mut self, hash: u32, number: u32, place: Option<usize>) {
        let entry = u64::from(hash) << 32 | (u64::from(number) + 1);
        if (self.used + 1) * 4 > (self.entries.len() - self.first) * 3 {
            self.grow();
            self.put(entry);
        } else if !place.is_some_and(|place| self.push_down(place, entry)) {
            self.put(entry);
        }
        self.used += 1;
    }

    /// Puts an entry where it belongs.
    fn put(&mut self, entry: u64) {
        loop {
            if let Search::Missing(place) = self.search((entry >> 32) as u32, |_| false)
                && self.push_down(place, entry)
            {
                return;
            }
            self.make_room();
        }
    }

    /// Puts an entry at a place, and what is there below it; `false`, and nothing is changed, where
    /// no place is free below.
    fn push_down(&mut self, place: usize, entry: u64) -> bool {
        let below = self.entries.get(..=place).unwrap_or_default();
        let Some(free) = below.iter().rposition(|entry| *entry == 0) else {
            return false;
        };
        self.entries.copy_within(free + 1..=place, free);
        if let Some(here) = self.entries.get_mut(place) {
            *here = entry;
        }
        true
    }

    /// More places below the first.
    fn make_room(&mut self) {
        let length = self.entries.len();
        self.entries.resize(length + self.first, 0);
        self.entries.copy_within(..length, self.first);
        if let Some(free) = self.entries.get_mut(..self.first) {
            free.fill(0);
        }
        self.first *= 2;
    }

    /// Half as many places more. From the last entry on, each moves up or stays.
    fn grow(&mut self) {
        let length = self.entries.len();
        let more = (length - self.first) / 2;
        self.entries.reserve_exact(more);
        self.entries.resize(length + more, 0);
        let mut before = self.entries.len();
        for from in (0..length).rev() {
            let entry = self.entries.get_mut(from).map_or(0, std::mem::take);
            if entry == 0 {
                continue;
            }
            before = self.place((entry >> 32) as u32).min(before - 1);
            if let Some(to) = self.entries.get_mut(before) {
                *to = entry;
            }
        }
    }

    /// Forgets all numbers and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.entries.fill(0);
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Index {
        fn check(&self) {
            let numbered = self.entries.iter().enumerate();
            let used: Vec<(usize, u64)> = numbered
                .filter(|(_, entry)| **entry != 0)
                .map(|(place, entry)| (place, *entry))
                .collect();
            assert_eq!(used.len(), self.used);
            assert!(used.is_sorted_by_key(|(_, entry)| entry >> 32));
            for (place, entry) in used {
                let home = self.place((entry >> 32) as u32);
                assert!(place <= home);
                assert!(self.entries[place..=home].iter().all(|entry| *entry != 0));
            }
        }
    }

    fn number_all(hashes: &[u32]) {
        let (mut index, mut known) = (Index::default(), Vec::new());
        for &hash in hashes {
            let next = known.len() as u32;
            let expected = known.iter().position(|known| *known == hash);
            let given = index.number(hash, next, |number| known[number as usize] == hash);
            assert_eq!(given as usize, expected.unwrap_or(known.len()));
            if given == next {
                known.push(hash);
            }
            index.check();
            assert_eq!(index.likely(hash), Some(given));
        }
    }

    proptest! {
        #[test]
        fn hashes_of_any_kind(
            hashes in proptest::collection::vec(any::<u32>(), 0..200),
            near in proptest::collection::vec(0_u32..64, 0..200),
            above in proptest::collection::vec(u32::MAX - 64..=u32::MAX, 0..200),
        ) {
            number_all(&hashes);
            number_all(&near);
            number_all(&above);
            number_all(&[near, hashes, above].concat());
        }
    }

    #[test]
    fn all_of_one_hash() {
        for hash in [0, 1 << 31, u32::MAX] {
            let mut index = Index::default();
            for number in 0..500 {
                assert_eq!(index.number(hash, number, |known| known == number), number);
            }
            index.check();
            for number in 0..500 {
                assert_eq!(index.number(hash, 500, |known| known == number), number);
            }
            index.clear();
            assert_eq!(index.number(hash, 0, |_| true), 0);
            index.check();
        }
    }
}
