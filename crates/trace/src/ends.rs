//! Where things that lie one behind the other end.

/// Places that never go back, four bytes each.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// The lower half of each.
    halves: Vec<u32>,
    /// The numbers of those at which the upper half rises, once for each time that it does.
    rises: Vec<usize>,
}

impl Ends {
    /// One more thing ends at this place, which is not before the last one's.
    pub fn push(&mut self, end: usize) {
        // In a browser places have no upper half.
        let upper = (end as u64 >> 32) as usize;
        while self.rises.len() < upper {
            self.rises.push(self.halves.len());
        }
        self.halves.push(end as u32);
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.halves.len()
    }

    /// Are there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.halves.is_empty()
    }

    /// Where the thing of a number ends, if there is one.
    #[must_use]
    #[inline]
    pub fn get(&self, number: usize) -> Option<usize> {
        let half = *self.halves.get(number)? as usize;
        if self.rises.is_empty() {
            return Some(half);
        }
        let upper = self.rises.partition_point(|&rise| rise <= number);
        Some(((upper as u64) << 32 | half as u64) as usize)
    }

    /// From where to where the thing of a number goes; nothing where there is none.
    #[must_use]
    #[inline]
    pub fn range(&self, number: usize) -> core::ops::Range<usize> {
        let end = self.get(number).unwrap_or(0);
        let start = match number.checked_sub(1) {
            Some(before) => self.get(before).unwrap_or(end),
            None => 0,
        };
        start.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_told_again(steps in proptest::collection::vec(0_usize..6 << 30, 0..40)) {
            let (mut ends, mut plain, mut end) = (Ends::default(), Vec::new(), 0);
            for step in steps {
                end += step;
                plain.push(end);
                ends.push(end);
            }
            for number in 0..plain.len() {
                let start = number.checked_sub(1).map_or(0, |before| plain[before]);
                prop_assert_eq!(ends.range(number), start..plain[number]);
            }
            prop_assert_eq!(ends.range(plain.len()), 0..0);
            prop_assert_eq!(ends.len(), plain.len());
        }
    }
}
