//! Where in their second the events of a second lie.

use crate::random::Stream;

/// Draws uniform numbers in ascending order; keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    drawn: Vec<u32>,
    /// By bucket: where the next number of it goes.
    ends: Vec<u32>,
    sorted: Vec<u32>,
}

/// So few are sorted by comparing them.
const FEW: usize = 64;

impl Draws {
    /// So many uniform draws below `limit`, in ascending order: those that [`Stream::below`] gives next.
    pub(crate) fn sorted(&mut self, stream: &mut Stream, count: usize, limit: u32) -> &[u32] {
        self.drawn.resize(count, 0);
        stream.fill_below(limit, &mut self.drawn);
        if count < FEW {
            self.drawn.sort_unstable();
            return &self.drawn;
        }
        self.distribute(limit);
        sort_nearly(&mut self.sorted);
        &self.sorted
    }

    /// Numbers that are drawn from all, each as likely as another, go into half as many buckets, which
    /// leaves next to nothing to do (Knuth, TAOCP 3, 5.2.1, multiple list insertion).
    fn distribute(&mut self, limit: u32) {
        let count = self.drawn.len();
        let buckets = count / 2;
        // Rounded down: the last number is in the last bucket, or in one before.
        let buckets_per_number = ((buckets as u64) << 32) / u64::from(limit.max(1));
        let bucket_of = |number: u32| ((u64::from(number) * buckets_per_number) >> 32) as usize;
        self.ends.clear();
        self.ends.resize(buckets, 0);
        let ends = self.ends.as_mut_slice();
        for &number in &self.drawn {
            if let Some(end) = ends.get_mut(bucket_of(number)) {
                *end += 1;
            }
        }
        let mut before = 0;
        for end in &mut *ends {
            before += std::mem::replace(end, before);
        }
        self.sorted.resize(count, 0);
        let sorted = self.sorted.as_mut_slice();
        for &number in &self.drawn {
            if let Some(end) = ends.get_mut(bucket_of(number)) {
                if let Some(place) = sorted.get_mut(*end as usize) {
                    *place = number;
                }
                *end += 1;
            }
        }
    }
}

/// Sorts numbers of which each is at most a few places from its own.
fn sort_nearly(numbers: &mut [u32]) {
    // Neighbours that do not wait for each other, in pairs and in those between: that puts most in order,
    // without a branch.
    for first in [0, 1, 0, 1] {
        let (pairs, _) = numbers.get_mut(first..).unwrap_or_default().as_chunks_mut();
        for [one, other] in pairs {
            (*one, *other) = ((*one).min(*other), (*one).max(*other));
        }
    }
    for place in 1..numbers.len() {
        let mut place = place;
        while place > 0 && numbers[place - 1] > numbers[place] {
            numbers.swap(place - 1, place);
            place -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_in_order_and_the_ones_drawn() {
        let mut draws = Draws::default();
        let mut alike = [(); 2].map(|()| Stream::new(3, &["spread"]));
        for limit in [1_000_000_000, u32::MAX, 500, 1, 0] {
            for count in [0, 1, 63, 64, 65, 1_000, 20_001, 0, 70] {
                let [stream, other] = &mut alike;
                let mut expected: Vec<u32> = (0..count)
                    .map(|_| stream.below(u64::from(limit)) as u32)
                    .collect();
                expected.sort_unstable();
                assert_eq!(draws.sorted(other, count, limit), expected);
            }
        }
    }
}
