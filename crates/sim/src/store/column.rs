//! What is known of each copy, in as little room as it needs.

use prefetch_index::prefetch_index;

/// A column grows by this share of it …
const GROWTH_SHARE: usize = 8;

/// … as if it had so many slots at least.
const GROWTH_MIN: usize = 64;

/// By slot: one value for all, or, from the first different one on, one for each.
#[derive(Debug, Clone)]
pub(super) struct Column<V> {
    /// The value of all, or those of each.
    values: Vec<V>,
    apart: bool,
}

impl<V: Copy + PartialEq> Column<V> {
    /// Of no slots yet.
    pub(super) const fn new() -> Self {
        Self {
            values: Vec::new(),
            apart: false,
        }
    }

    /// Of a slot that has one.
    #[inline]
    pub(super) fn get(&self, slot: u32) -> &V {
        &self.values[if self.apart { slot as usize } else { 0 }]
    }

    /// Soon somebody will look at this slot.
    #[inline]
    pub(super) fn prefetch(&self, slot: u32) {
        if self.apart {
            prefetch_index(&self.values, slot as usize);
        }
    }

    /// The same as [`Column::get`], of any slot.
    #[inline]
    pub(super) fn peek(&self, slot: u32) -> Option<&V> {
        self.values.get(if self.apart { slot as usize } else { 0 })
    }

    /// `slots`: how many have been in use, this one included.
    #[inline]
    pub(super) fn set(&mut self, slot: u32, value: V, slots: usize) {
        if !self.apart {
            match self.values.first() {
                None => return self.values.push(value),
                Some(same) if *same == value => return,
                Some(_) => {}
            }
        }
        *self.get_mut(slot, slots) = value;
    }

    /// Do all slots have this value? It is that of all if there are none yet.
    #[inline]
    pub(super) fn unify(&mut self, value: V) -> bool {
        if self.values.is_empty() {
            self.values.push(value);
        }
        self.only() == Some(value)
    }

    /// The value that all slots have, if it is known to be one.
    #[inline]
    pub(super) fn only(&self) -> Option<V> {
        self.values.first().copied().filter(|_| !self.apart)
    }

    /// The value of a slot, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32, slots: usize) -> &mut V {
        if !self.apart || self.values.len() < slots {
            self.grow(slots);
        }
        &mut self.values[slot as usize]
    }

    #[cold]
    fn grow(&mut self, slots: usize) {
        self.apart = true;
        if let Some(&first) = self.values.first() {
            // By a share, so that slots that come one after the other are cheap.
            let more = slots.max(GROWTH_MIN).div_ceil(GROWTH_SHARE);
            let missing = (slots + more).saturating_sub(self.values.len());
            self.values.reserve_exact(missing);
            self.values.resize(self.values.len() + missing, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_value_takes_no_room() {
        let mut column = Column::new();
        for slot in 0..100 {
            column.set(slot, 7, slot as usize + 1);
        }
        assert_eq!((*column.get(0), *column.get(99)), (7, 7));
        assert!(column.values.len() == 1);
    }

    proptest! {
        #[test]
        fn what_is_set_is_told(sets in proptest::collection::vec((0..20_u32, 0..3_u8), 0..60)) {
            let mut column = Column::new();
            let mut plain = Vec::new();
            for (slot, value) in sets {
                // Slots are taken into use one after the other.
                let slot = slot.min(plain.len() as u32);
                if slot as usize == plain.len() {
                    plain.push(value);
                }
                plain[slot as usize] = value;
                column.set(slot, value, plain.len());
                for (slot, value) in plain.iter().enumerate() {
                    prop_assert_eq!(column.get(slot as u32), value);
                }
            }
        }
    }
}
