//! Sets of small numbers.

/// A set of small numbers, a bit for each up to the greatest.
#[derive(Debug, Clone, Default)]
pub(crate) struct BitSet {
    words: Vec<u64>,
    len: u64,
}

/// The word of a number, and its bit in it.
#[inline]
const fn place(number: u32) -> (usize, u64) {
    (number as usize / 64, 1 << (number % 64))
}

impl BitSet {
    /// Was it not in it yet?
    #[inline]
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = place(number);
        if self.words.len() <= word {
            // Doubled, so that numbers that come one after the other are cheap.
            self.words.resize((word + 1).next_power_of_two(), 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += u64::from(new);
        new
    }

    /// Is it in it?
    #[inline]
    pub(crate) fn has(&self, number: u32) -> bool {
        let (word, bit) = place(number);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }
}

/// Numbers that came in ascending order, each with its place among them: a bit and a half for each
/// number up to the greatest.
#[derive(Debug, Default)]
pub(crate) struct Ascending {
    words: Vec<u64>,
    /// How many are in the words before each.
    before: Vec<u32>,
    len: u32,
}

impl Ascending {
    /// One more, greater than all before.
    pub(crate) fn push(&mut self, number: u32) {
        let (word, bit) = place(number);
        self.before.resize(word + 1, self.len);
        self.words.resize(word + 1, 0);
        self.words[word] |= bit;
        self.len += 1;
    }

    /// How many came before a number; `None`: it did not come.
    #[inline]
    pub(crate) fn place(&self, number: u32) -> Option<u32> {
        let (word, bit) = place(number);
        let bits = self.words.get(word).filter(|bits| **bits & bit != 0)?;
        Some(self.before.get(word)? + (bits & (bit - 1)).count_ones())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_was_inserted_is_in_it(numbers in prop::collection::vec(0_u32..300, 0..60)) {
            let (mut bits, mut known) = (BitSet::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(bits.insert(number), known.insert(number));
            }
            prop_assert_eq!(bits.len(), known.len() as u64);
            prop_assert!((0..400).all(|number| bits.has(number) == known.contains(&number)));
        }

        #[test]
        fn places_are_those_of_a_list(numbers in prop::collection::btree_set(0_u32..600, 0..90)) {
            let mut ascending = Ascending::default();
            let list: Vec<u32> = numbers.into_iter().collect();
            list.iter().for_each(|number| ascending.push(*number));
            for number in 0..700 {
                let place = list.binary_search(&number).ok().map(|place| place as u32);
                prop_assert_eq!(ascending.place(number), place);
            }
        }
    }
}
