//! Where in their second the events of a second lie.

use crate::random::Stream;

/// Draws uniform numbers in ascending order; keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    drawn: Vec<u64>,
    /// By bucket: where the next number of it goes.
    ends: Vec<u32>,
    sorted: Vec<u64>,
}

/// So few are sorted by comparing them.
const FEW: usize = 64;

impl Draws {
    /// So many uniform draws below `limit`, in ascending order.
    pub(crate) fn sorted(
        &mut self,
        stream: &mut Stream,
        count: usize,
        limit: u64,
    ) -> impl Iterator<Item = u64> + '_ {
        self.drawn.clear();
        if count < FEW {
            self.drawn.extend((0..count).map(|_| stream.bits()));
            self.drawn.sort_unstable();
            std::mem::swap(&mut self.drawn, &mut self.sorted);
        } else {
            self.draw_many(stream, count);
        }
        // As `Stream::below`, which keeps the order.
        let below = move |&drawn: &u64| ((u128::from(drawn) * u128::from(limit)) >> 64) as u64;
        self.sorted.iter().map(below)
    }

    /// Numbers that are drawn from all, each as likely as another, are sorted into as many buckets as
    /// there are numbers, which leaves next to nothing to do (Knuth, TAOCP 3, 5.2.1, multiple list
    /// insertion).
    fn draw_many(&mut self, stream: &mut Stream, count: usize) {
        let bucket_of = |number: u64| ((u128::from(number) * count as u128) >> 64) as usize;
        self.ends.clear();
        self.ends.resize(count, 0);
        let ends = self.ends.as_mut_slice();
        self.drawn.extend((0..count).map(|_| {
            let number = stream.bits();
            if let Some(end) = ends.get_mut(bucket_of(number)) {
                *end += 1;
            }
            number
        }));
        let mut before = 0;
        for end in &mut *ends {
            before += std::mem::replace(end, before);
        }
        self.sorted.clear();
        self.sorted.resize(count, 0);
        for &number in &self.drawn {
            if let Some(end) = ends.get_mut(bucket_of(number)) {
                if let Some(place) = self.sorted.get_mut(*end as usize) {
                    *place = number;
                }
                *end += 1;
            }
        }
        sort_nearly(&mut self.sorted);
    }
}

/// Sorts numbers of which each is at most a few places from its own.
fn sort_nearly(numbers: &mut [u64]) {
    // The greater one of two goes on: that puts most in order, without a branch.
    let Some(mut greater) = numbers.first().copied() else {
        return;
    };
    for place in 1..numbers.len() {
        let here = numbers[place];
        numbers[place - 1] = greater.min(here);
        greater = greater.max(here);
    }
    if let Some(last) = numbers.last_mut() {
        *last = greater;
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
        for count in [0, 1, 63, 64, 1_000, 20_000, 0, 70] {
            let mut stream = Stream::new(3, &["spread"]);
            let given = draws.sorted(&mut stream, count, 1_000_000_007);
            let given: Vec<u64> = given.collect();
            let mut stream = Stream::new(3, &["spread"]);
            let mut expected: Vec<u64> = (0..count).map(|_| stream.below(1_000_000_007)).collect();
            expected.sort_unstable();
            assert_eq!(given, expected);
        }
    }
}
