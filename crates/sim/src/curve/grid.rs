//! Which capacities are tried.

use super::distances;

/// Points of a curve at most.
pub const POINTS_MAX: usize = 1_000;

/// The least of the default range, as a share of the footprint.
const SHARE_LEAST: f64 = 0.001;

/// A capacity of each instance, in the unit of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum At {
    /// So much.
    Absolute(u64),
    /// This share of the footprint: of what an instance holds at most when there is room for
    /// everything.
    Footprint(f64),
}

/// The capacities of a curve.
#[derive(Debug, Clone, PartialEq)]
pub enum Capacities {
    /// These.
    Listed(Vec<At>),
    /// So many from one to the other, each the same factor above the one before; and the backend's
    /// present one.
    Range {
        /// The least.
        from: At,
        /// The greatest.
        to: At,
        /// How many, at least 2.
        steps: usize,
    },
}

impl Capacities {
    /// From 0.1% to 100% of the footprint.
    #[must_use]
    pub const fn of_footprint(steps: usize) -> Self {
        Self::Range {
            from: At::Footprint(SHARE_LEAST),
            to: At::Footprint(1.0),
            steps,
        }
    }

    /// How many there are, at most.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Listed(list) => list.len(),
            Self::Range { steps, .. } => steps + 1,
        }
    }

    /// Those that are known before the footprint is.
    pub(super) fn named(&self, present: Option<u64>) -> Vec<u64> {
        let (list, present) = match self {
            Self::Listed(list) => (list.clone(), None),
            Self::Range { from, to, .. } => (vec![*from, *to], present),
        };
        let absolute = list.iter().filter_map(|at| match at {
            At::Absolute(capacity) => Some(*capacity),
            At::Footprint(_) => None,
        });
        absolute.chain(present).collect()
    }

    /// In rising order, each once. What is worked out is rounded down to a capacity at which LRU's
    /// curve is exact, by less than 1%.
    pub(super) fn resolve(&self, footprint: u64, present: Option<u64>) -> Vec<u64> {
        let of = |at: At| match at {
            At::Absolute(capacity) => capacity,
            At::Footprint(share) => {
                distances::rounded(libm::round(footprint as f64 * share) as u64)
            }
        };
        let mut all: Vec<u64> = match self {
            Self::Listed(list) => list.iter().map(|&at| of(at)).collect(),
            Self::Range { from, to, steps } => {
                let (from, to) = (of(*from).max(1), of(*to).max(1));
                let inner = spread(from.min(to), from.max(to), *steps);
                inner.chain(present).collect()
            }
        };
        all.retain(|&capacity| capacity > 0);
        all.sort_unstable();
        all.dedup();
        all.truncate(POINTS_MAX);
        all
    }
}

/// Capacities from one to another, evenly by their logarithm.
fn spread(from: u64, to: u64, steps: usize) -> impl Iterator<Item = u64> {
    let last = steps.saturating_sub(1).max(1);
    let (low, high) = (libm::log(from as f64), libm::log(to as f64));
    (0..=last).map(move |step| {
        if step == 0 {
            return from;
        }
        if step == last {
            return to;
        }
        let at = low + (high - low) * step as f64 / last as f64;
        distances::rounded(libm::round(libm::exp(at)) as u64).clamp(from, to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_ends_and_the_present_capacity() {
        let range = Capacities::of_footprint(4);
        assert_eq!(range.resolve(100_000, None), [100, 999, 9983, 99_839]);
        assert_eq!(
            range.resolve(100_000, Some(5_000)),
            [100, 999, 5_000, 9983, 99_839]
        );
        assert_eq!(range.resolve(1, None), [1]);
        assert_eq!(range.named(Some(7)), [7]);
    }

    #[test]
    fn a_list_is_taken_at_its_word() {
        let list = Capacities::Listed(vec![
            At::Absolute(1_001),
            At::Absolute(0),
            At::Footprint(0.5),
            At::Absolute(1_001),
        ]);
        assert_eq!(list.resolve(1_000, Some(3)), [499, 1_001]);
        assert_eq!(list.named(Some(3)), [1_001, 0, 1_001]);
    }
}
