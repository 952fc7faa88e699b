//! How often each distance occurred, in little memory, and exactly at some capacities.

/// Distances below this are counted one by one.
const SINGLE: u64 = 1 << (STEPS_BITS + 1);

/// From there on each power of two has so many steps.
const STEPS: u64 = 1 << STEPS_BITS;
const STEPS_BITS: u32 = 7;

/// A histogram of stack distances: one by one up to 255, then 128 steps for each power of two, so
/// that a step is less than 1% wide. At the end of a step the count is exact, and at capacities
/// that were named before.
#[derive(Debug)]
pub(super) struct Distances {
    steps: Vec<u64>,
    /// In order.
    named: Vec<u64>,
    /// Distances up to each of them, and beyond the one before.
    up_to: Vec<u64>,
    /// Look-ups without a distance included.
    lookups: u64,
}

impl Distances {
    /// None yet; these capacities will be asked for.
    pub(super) fn new(named: &[u64]) -> Self {
        let mut named = named.to_vec();
        named.sort_unstable();
        named.dedup();
        Self {
            steps: Vec::new(),
            up_to: vec![0; named.len()],
            named,
            lookups: 0,
        }
    }

    /// A look-up hits from this capacity on; `None`: at none.
    pub(super) fn count(&mut self, distance: Option<u64>) {
        self.lookups += 1;
        let Some(distance) = distance else {
            return;
        };
        let step = step(distance);
        if step >= self.steps.len() {
            self.steps.resize(step + 1, 0);
        }
        self.steps[step] += 1;
        let place = self.named.partition_point(|named| *named < distance);
        if let Some(up_to) = self.up_to.get_mut(place) {
            *up_to += 1;
        }
    }

    /// All that were counted.
    pub(super) const fn lookups(&self) -> u64 {
        self.lookups
    }

    /// Hits with a capacity; `None` where it is not known exactly.
    pub(super) fn hits(&self, capacity: u64) -> Option<u64> {
        if let Ok(place) = self.named.binary_search(&capacity) {
            return Some(self.up_to.iter().take(place + 1).sum());
        }
        let step = step(capacity);
        (end(step) == capacity).then(|| self.steps.iter().take(step + 1).sum())
    }
}

/// The greatest capacity up to this one at which every histogram is exact.
pub(super) fn rounded(capacity: u64) -> u64 {
    let step = step(capacity);
    if end(step) == capacity {
        capacity
    } else {
        step.checked_sub(1).map_or(0, end)
    }
}

fn step(distance: u64) -> usize {
    if distance < SINGLE {
        return distance as usize;
    }
    let exponent = 63 - distance.leading_zeros();
    let within = (distance >> (exponent - STEPS_BITS)) & (STEPS - 1);
    (SINGLE + u64::from(exponent - STEPS_BITS - 1) * STEPS + within) as usize
}

/// The greatest distance of a step.
fn end(step: usize) -> u64 {
    let step = step as u64;
    if step < SINGLE {
        return step;
    }
    let (power, within) = ((step - SINGLE) / STEPS, (step - SINGLE) % STEPS);
    let shift = power as u32 + 1;
    ((STEPS + within + 1) << shift).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_where_the_next_begin() {
        for distance in (0..100_000).chain([u64::MAX - 1, u64::MAX, 1 << 40, (1 << 40) - 1]) {
            let step = step(distance);
            assert!(distance <= end(step), "{distance}");
            assert!(step == 0 || end(step - 1) < distance, "{distance}");
            assert!(rounded(distance) <= distance);
            assert!(
                rounded(distance) as f64 >= distance as f64 * 0.99,
                "{distance}"
            );
        }
    }

    #[test]
    fn hits_at_named_capacities_and_at_ends() {
        let mut distances = Distances::new(&[1000, 3]);
        for distance in [Some(1), Some(3), Some(1000), Some(1001), None] {
            distances.count(distance);
        }
        assert_eq!(distances.lookups(), 5);
        let hits = [0, 1, 2, 3, 999, 1000, 1_003, 2000].map(|capacity| distances.hits(capacity));
        // 1003 is the end of a step, 999 and 2000 are not.
        let expected = [0, 1, 1, 2].map(Some);
        assert_eq!(hits[..4], expected);
        assert_eq!(hits[4..], [Some(2), Some(3), Some(4), None]);
    }
}
