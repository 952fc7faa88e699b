//! From hashes to dense numbers.

use super::ordered::Ordered;

/// Numbers by the 32-bit hashes of what they stand for, eight bytes each; whoever asks compares what
/// they stand for.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Words of a hash, and a number plus one.
    words: Ordered<(), 8>,
}

/// The number in a word.
#[inline]
fn number_of(word: u64) -> u32 {
    (word as u32).wrapping_sub(1)
}

impl Index {
    /// The number with this hash of which `is` is true, or `next`, which belongs to it from now on
    /// and must be greater than all numbers so far.
    #[inline]
    pub(super) fn number(&mut self, hash: u32, next: u32, is: impl Fn(u32) -> bool) -> u32 {
        self.find(hash, is).unwrap_or_else(|| {
            let word = u64::from(hash) << 32 | u64::from(next.saturating_add(1));
            self.words.insert(word, ());
            next
        })
    }

    /// The number with this hash of which `is` is true.
    #[inline]
    pub(super) fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = self.words.search(last_of(hash));
        while let Some(here) = place {
            let word = self.words.word(here);
            if word >> 32 != u64::from(hash) || word == 0 {
                break;
            }
            if is(number_of(word)) {
                return Some(number_of(word));
            }
            place = here.checked_sub(1);
        }
        None
    }

    /// A number with this hash, if there is one: most likely the one that is looked for.
    #[inline]
    pub(super) fn likely(&self, hash: u32) -> Option<u32> {
        let place = self.words.search(last_of(hash))?;
        let word = self.words.word(place);
        (word >> 32 == u64::from(hash) && word != 0).then(|| number_of(word))
    }

    /// See [`Ordered::touch`].
    #[inline]
    pub(super) fn touch<const N: usize>(&self, hashes: impl Iterator<Item = u32>) {
        self.words.touch::<N>(hashes.map(last_of));
    }

    /// Forgets all numbers and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.words.clear();
    }
}

/// The largest word with this hash.
#[inline]
fn last_of(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_one_hash() {
        for hash in [0, 1 << 31, u32::MAX] {
            let mut index = Index::default();
            for number in 0..500 {
                assert_eq!(index.number(hash, number, |known| known == number), number);
            }
            for number in 0..500 {
                assert_eq!(index.number(hash, 500, |known| known == number), number);
            }
            assert_eq!(index.likely(hash ^ 1), None);
            index.clear();
            assert_eq!(index.likely(hash), None);
            assert_eq!(index.number(hash, 0, |_| true), 0);
        }
    }
}
