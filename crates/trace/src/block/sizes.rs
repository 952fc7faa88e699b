//! How large values are.

use super::UNKNOWN_BYTES;
use core::ops::Range;

/// The bytes of each access's value: one number for all, or, from the first different one on, one for
/// each. Many traces of keys have only one, which then takes no memory and no time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    each: Vec<u64>,
    /// Of all, as long as `each` is empty.
    all: u64,
}

/// What [`Sizes`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownSizes<'s> {
    /// One size for all accesses, [`UNKNOWN_BYTES`]: not said.
    All(u64),
    /// One for each, the same.
    Each(&'s [u64]),
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            each: Vec::new(),
            all: UNKNOWN_BYTES,
        }
    }
}

impl Sizes {
    /// The size of the access of this index, [`UNKNOWN_BYTES`]: not said.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> u64 {
        self.each.get(index).copied().unwrap_or(self.all)
    }

    /// The same; `None`: not said.
    #[must_use]
    #[inline]
    pub fn said(&self, index: usize) -> Option<u64> {
        Some(self.get(index)).filter(|bytes| *bytes != UNKNOWN_BYTES)
    }

    /// The one of all of them, or that of each.
    #[must_use]
    #[inline]
    pub fn known(&self) -> KnownSizes<'_> {
        if self.each.is_empty() {
            return KnownSizes::All(self.all);
        }
        KnownSizes::Each(&self.each)
    }

    /// One more comes behind so many.
    #[inline]
    pub fn push(&mut self, before: usize, bytes: u64) {
        if self.each.is_empty() {
            if before == 0 {
                self.all = bytes;
            }
            if bytes == self.all {
                return;
            }
            self.each.resize(before, self.all);
        }
        self.each.push(bytes);
    }

    /// Those of more accesses come behind so many.
    pub fn extend(&mut self, before: usize, more: impl ExactSizeIterator<Item = u64> + Clone) {
        let Some(first) = more.clone().next() else {
            return;
        };
        if self.each.is_empty() {
            if before == 0 {
                self.all = first;
            }
            let all = self.all;
            // Looked at to the end, many go together.
            if more.clone().fold(0, |any, bytes| any | (bytes ^ all)) == 0 {
                return;
            }
            self.each.resize(before, all);
        }
        self.each.extend(more);
    }

    /// Those of a range of others come behind so many.
    pub fn extend_from(&mut self, before: usize, others: &Self, range: Range<usize>) {
        match others.known() {
            KnownSizes::All(all) => self.extend(before, core::iter::repeat_n(all, range.len())),
            KnownSizes::Each(each) => {
                let each = each.get(range).unwrap_or_default();
                self.extend(before, each.iter().copied());
            }
        }
    }

    /// All have this one.
    pub(crate) fn set_all(&mut self, bytes: u64) {
        self.each.clear();
        self.all = bytes;
    }

    /// Those of each; empty: one for all.
    pub(crate) fn each_mut(&mut self) -> &mut Vec<u64> {
        &mut self.each
    }

    /// So many numbers are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.each.len()
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.set_all(UNKNOWN_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_is_told(
            parts in prop::collection::vec(prop::collection::vec(0_u64..3, 0..5), 0..5),
            way in 0_u8..3,
        ) {
            let (mut sizes, mut plain) = (Sizes::default(), Vec::new());
            for part in &parts {
                match way {
                    0 => {
                        for (index, &bytes) in part.iter().enumerate() {
                            sizes.push(plain.len() + index, bytes);
                        }
                    }
                    1 => sizes.extend(plain.len(), part.iter().copied()),
                    _ => {
                        let mut others = Sizes::default();
                        others.extend(0, part.iter().copied());
                        sizes.extend_from(plain.len(), &others, 0..part.len());
                    }
                }
                plain.extend_from_slice(part);
            }
            for (index, bytes) in plain.iter().enumerate() {
                prop_assert_eq!(sizes.get(index), *bytes);
            }
            let one = plain.iter().all(|bytes| Some(bytes) == plain.first());
            prop_assert_eq!(matches!(sizes.known(), KnownSizes::All(_)), one);
        }
    }
}
