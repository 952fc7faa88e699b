//! A hash table that is in order.

use prefetch_index::prefetch_index;

/// Lines at the beginning, before the first home and from there on.
const LINES: usize = 4;

/// Lines of a segment.
const SEGMENT: usize = 1 << 9;

/// Words, evenly spread over all numbers of 64 bits, each with a value: an ordered hash table (Amble
/// and Knuth, The Computer Journal 17, 1974) in lines of `W` words, as many as a cache line holds.
///
/// The words ascend. Each stands in its home, the line in proportion to its upper half, or, where
/// larger ones fill that, in a line below it with nothing free in between. So a search mostly looks
/// at one line, where it counts without a branch how many words are larger, and ends at the first
/// that is not. At most three quarters are full; the table grows by a third, from its end on,
/// segment by segment, so that the old one and the new one are never there both.
#[derive(Debug)]
pub(super) struct Ordered<V, const W: usize> {
    segments: Vec<Segment<V, W>>,
    /// Of the last segment, not all are needed.
    lines: usize,
    /// The lowest home; what finds no place from there on is below.
    first: usize,
    used: usize,
}

type Segment<V, const W: usize> = Box<[Line<V, W>; SEGMENT]>;

/// A segment without words, which are not put onto the stack on their way.
fn empty<V: Copy + Default, const W: usize>() -> Segment<V, W> {
    let lines = vec![Line::default(); SEGMENT].into_boxed_slice();
    lines
        .try_into()
        .unwrap_or_else(|_| Box::new([Line::default(); SEGMENT]))
}

/// The highest word is the last.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line<V, const W: usize> {
    /// 0: free.
    words: [u64; W],
    values: [V; W],
}

impl<V: Copy + Default, const W: usize> Default for Line<V, W> {
    fn default() -> Self {
        Self {
            words: [0; W],
            values: [V::default(); W],
        }
    }
}

impl<V: Copy + Default, const W: usize> Line<V, W> {
    /// Puts a word where it belongs, and those that are there and below it one place down. What is left
    /// over then: the lowest one, which is 0 where a place was free; or the word, where all are larger.
    #[inline]
    fn put(&mut self, word: u64, value: V) -> (u64, V) {
        let Some(place) = self.slot(word) else {
            return (word, value);
        };
        let lowest = (self.words[0], self.values[0]);
        // Without a branch that depends on the place.
        for here in 0..W - 1 {
            let moves = here < place;
            let (above, own) = (self.words[here + 1], self.words[here]);
            self.words[here] = if moves { above } else { own };
            let (above, own) = (self.values[here + 1], self.values[here]);
            self.values[here] = if moves { above } else { own };
        }
        self.words[place] = word;
        self.values[place] = value;
        lowest
    }

    /// The highest place whose word is not larger.
    #[inline]
    fn slot(&self, word: u64) -> Option<usize> {
        let above: usize = self.words.iter().map(|own| usize::from(*own > word)).sum();
        (W - 1).checked_sub(above)
    }
}

impl<V: Copy + Default, const W: usize> Default for Ordered<V, W> {
    fn default() -> Self {
        Self {
            segments: vec![empty()],
            lines: 2 * LINES,
            first: LINES,
            used: 0,
        }
    }
}

impl<V: Copy + Default, const W: usize> Ordered<V, W> {
    #[inline]
    fn home(&self, word: u64) -> usize {
        let homes = (self.lines - self.first) as u64;
        self.first + (((word >> 32) * homes) >> 32) as usize
    }

    #[inline]
    fn line(&self, line: usize) -> Option<&Line<V, W>> {
        let segment = self.segments.get(line / SEGMENT)?;
        Some(&segment[line % SEGMENT])
    }

    /// The value of a word.
    #[inline]
    pub(super) fn get(&self, word: u64) -> Option<V> {
        let mut number = self.home(word);
        loop {
            let line = self.line(number)?;
            if let Some(slot) = line.slot(word) {
                let is_it = line.words.get(slot) == Some(&word);
                return is_it.then(|| line.values.get(slot).copied()).flatten();
            }
            number = number.checked_sub(1)?;
        }
    }

    /// Where a word is or would be: what is there is the largest word that is not larger, or nothing.
    /// `None`: it would be before the first place.
    #[inline]
    pub(super) fn search(&self, word: u64) -> Option<usize> {
        let mut number = self.home(word);
        loop {
            if let Some(slot) = self.line(number)?.slot(word) {
                return Some(number * W + slot);
            }
            number = number.checked_sub(1)?;
        }
    }

    /// The word at a place; 0: none.
    #[inline]
    pub(super) fn word(&self, place: usize) -> u64 {
        self.at(place).map_or(0, |(word, _)| word)
    }

    #[inline]
    fn at(&self, place: usize) -> Option<(u64, V)> {
        let line = self.line(place / W)?;
        let word = line.words.get(place % W)?;
        Some((*word, *line.values.get(place % W)?))
    }

    /// Reads where words are looked for, so that their lines come all at once and are there when each
    /// is looked for. So many at most.
    #[inline]
    pub(super) fn touch<const N: usize>(&self, words: impl Iterator<Item = u64>) {
        // The shorter the second loop, the more reads are under way at a time.
        let mut homes = [0; N];
        for (home, word) in homes.iter_mut().zip(words) {
            *home = self.home(word);
        }
        let first = |home: &usize| self.line(*home).map_or(0, |line| line.words[0]);
        let sum = homes.iter().map(first).fold(0, |sum, word| sum ^ word);
        std::hint::black_box(sum);
    }

    /// Asks the processor for where a word is looked for, and does not wait for it.
    #[inline]
    pub(super) fn prefetch(&self, word: u64) {
        let home = self.home(word);
        if let Some(segment) = self.segments.get(home / SEGMENT) {
            prefetch_index(segment.as_slice(), home % SEGMENT);
        }
    }

    /// Adds a word that is not 0 and not there.
    #[cold]
    pub(super) fn insert(&mut self, word: u64, value: V) {
        self.used += 1;
        let homes = self.lines - self.first;
        if self.used * 4 > homes * W * 3 {
            self.rebuild(self.first, homes + homes.div_ceil(3));
        }
        let mut left = self.put(word, value);
        while left.0 != 0 {
            self.rebuild(2 * self.first, self.lines - self.first);
            left = self.put(left.0, left.1);
        }
    }

    /// Puts a word where it belongs, and what is there below it. What is left over then: 0, or the lowest
    /// of all where nothing below is free.
    fn put(&mut self, word: u64, value: V) -> (u64, V) {
        let mut left = (word, value);
        for line in (0..=self.home(word)).rev() {
            if let Some(segment) = self.segments.get_mut(line / SEGMENT) {
                left = segment[line % SEGMENT].put(left.0, left.1);
            }
            if left.0 == 0 {
                break;
            }
        }
        left
    }

    /// The same words in as many lines. From the last word on, each moves up or stays.
    fn rebuild(&mut self, first: usize, homes: usize) {
        self.first = first;
        self.lines = first + homes;
        let mut old = std::mem::take(&mut self.segments);
        // The last one comes first.
        let mut new: Vec<Segment<V, W>> = Vec::with_capacity(self.lines.div_ceil(SEGMENT));
        let last = (self.lines - 1) / SEGMENT;
        let mut before = self.lines * W;
        while let Some(segment) = old.pop() {
            for line in segment.iter().rev() {
                for (&word, &value) in line.words.iter().zip(&line.values).rev() {
                    if word == 0 {
                        continue;
                    }
                    before = (self.home(word) * W + W - 1).min(before - 1);
                    let to = before / W;
                    while new.len() <= last - to / SEGMENT {
                        new.push(empty());
                    }
                    let to = &mut new[last - to / SEGMENT][to % SEGMENT];
                    to.words[before % W] = word;
                    to.values[before % W] = value;
                }
            }
        }
        new.resize_with(last + 1, empty);
        new.reverse();
        self.segments = new;
    }

    /// Forgets all words and keeps the memory.
    pub(super) fn clear(&mut self) {
        for segment in &mut self.segments {
            segment.fill(Line::default());
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn check(words: &[u64]) {
        let (mut ordered, mut known) = (Ordered::<u32, 5>::default(), BTreeMap::new());
        for &word in words.iter().filter(|word| **word != 0) {
            let value = ordered.get(word);
            assert_eq!(value, known.get(&word).copied());
            if value.is_none() {
                ordered.insert(word, known.len() as u32);
                known.insert(word, known.len() as u32);
            }
            let place = ordered.search(word).unwrap();
            assert_eq!(ordered.word(place), word);
        }
        let places = (0..ordered.lines * 5).filter_map(|place| ordered.at(place));
        let all = places.filter(|(word, _)| *word != 0);
        assert!(all.eq(known.iter().map(|(word, value)| (*word, *value))));
        assert_eq!(ordered.used, known.len());
    }

    proptest! {
        #[test]
        fn words_of_any_kind(
            words in proptest::collection::vec(any::<u64>(), 0..300),
            near in proptest::collection::vec(1_u64..64, 0..200),
            above in proptest::collection::vec(u64::MAX - 64..=u64::MAX, 0..200),
        ) {
            check(&words);
            check(&near);
            check(&above);
            check(&[near, words, above].concat());
        }
    }

    #[test]
    fn many_segments() {
        let words = (1..60_000).map(crate::random::mix);
        check(&words.collect::<Vec<_>>());
    }

    #[test]
    fn a_line_is_a_cache_line() {
        assert_eq!(size_of::<Line<(), 8>>(), 64);
        assert_eq!(size_of::<Line<u32, 5>>(), 64);
    }
}
