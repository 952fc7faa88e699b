//! How often keys were used lately, estimated in 8 bytes for each copy in the store.

use crate::store::KeyId;

/// Four counters of 4 bits count a key.
const ROWS: u64 = 4;

/// A counter's greatest value.
const COUNT_MAX: u64 = 15;

/// All counts are halved after so many uses for each word of the table.
const USES_PER_WORD: u64 = 10;

const WORDS_MIN: usize = 16;

/// A count-min sketch (Cormode, Muthukrishnan, J. Algorithms 55(1), 2005) that ages as TinyLFU
/// does (Einziger, Friedman, Manes, ACM TOS 13(4), 2017): counts are halved from time to time. A
/// use increments those of its four counters that are not saturated.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    /// Sixteen counters each; as many words as a power of two.
    words: Vec<u64>,
    uses: u64,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            words: vec![0; WORDS_MIN],
            uses: 0,
        }
    }

    /// Grows so that it has a word for each of so many copies. What was counted stays: a doubled
    /// table holds each word twice.
    pub(super) fn fit(&mut self, copies: usize) {
        while self.words.len() < copies {
            self.words.extend_from_within(..);
        }
    }

    /// At most [`COUNT_MAX`].
    pub(super) fn estimate(&self, key: KeyId) -> u64 {
        (0..ROWS)
            .map(|row| {
                let (word, shift) = self.counter(key, row);
                (self.words[word] >> shift) & COUNT_MAX
            })
            .min()
            .unwrap_or(0)
    }

    /// Counts a use.
    pub(super) fn count(&mut self, key: KeyId) {
        for row in 0..ROWS {
            let (word, shift) = self.counter(key, row);
            if (self.words[word] >> shift) & COUNT_MAX < COUNT_MAX {
                self.words[word] += 1 << shift;
            }
        }
        self.uses += 1;
        if self.uses >= USES_PER_WORD * self.words.len() as u64 {
            self.age();
        }
    }

    fn age(&mut self) {
        for word in &mut self.words {
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
        self.uses /= 2;
    }

    /// The word of a counter, and the counter's place in it.
    fn counter(&self, key: KeyId, row: u64) -> (usize, u32) {
        let hash = mix(u64::from(key.0) * ROWS + row);
        let word = hash as usize & (self.words.len() - 1);
        (word, (hash >> 60) as u32 * 4)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn mix(number: u64) -> u64 {
    let mut hash = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
