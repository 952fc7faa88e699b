//! How often keys were used lately, estimated in 8 bytes for each copy that fits.

use crate::store::KeyId;

/// Four counters of 4 bits count a key.
const ROWS: u32 = 4;

/// A counter's greatest value.
const COUNT_MAX: u64 = 15;

/// All counts are halved after so many uses for each copy that fits.
const USES_PER_COPY: u64 = 10;

/// Eight words are one cache line, which holds all counters of a key.
const BLOCK: usize = 8;

/// A table is not made for more copies than this.
const COPIES_MAX: u64 = 1 << 30;

/// A count-min sketch (Cormode, Muthukrishnan, J. Algorithms 55(1), 2005) that ages as TinyLFU
/// does (Einziger, Friedman, Manes, ACM TOS 13(4), 2017). Laid out as Caffeine 3 does it
/// (`FrequencySketch`): one line of the processor's cache for each key, of which each row has two
/// words; a use increments those of its four counters that are not saturated, and counts towards
/// the next halving only if there was one. There is no doorkeeper.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    /// Sixteen counters each; as many words as a power of two, or none yet.
    words: Vec<u64>,
    uses: u64,
    uses_max: u64,
}

impl Sketch {
    /// Makes a table for so many copies, unless the one that is there does. A new one is empty.
    pub(super) fn fit(&mut self, copies: u64) {
        let copies = copies.clamp(1, COPIES_MAX);
        if self.words.len() as u64 >= copies {
            return;
        }
        let words = (copies as usize).next_power_of_two().max(BLOCK);
        self.words = vec![0; words];
        self.uses_max = USES_PER_COPY * copies;
        self.uses = 0;
    }

    /// Is there no table yet?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// After so many uses the counts are halved.
    #[inline]
    pub(super) fn uses_max(&self) -> u64 {
        self.uses_max
    }

    /// At most 15; 0 without a table.
    #[inline]
    pub(super) fn estimate(&self, key: KeyId) -> u64 {
        let (block, counters) = self.place(key);
        let Some(words) = self.words.get(block..block + BLOCK) else {
            return 0;
        };
        let mut least = COUNT_MAX;
        for row in 0..ROWS {
            let (word, shift) = counter(counters, row);
            least = least.min((words[word] >> shift) & COUNT_MAX);
        }
        least
    }

    /// Counts a use; nothing without a table.
    #[inline]
    pub(super) fn count(&mut self, key: KeyId) {
        let (block, counters) = self.place(key);
        let Some(words) = self.words.get_mut(block..block + BLOCK) else {
            return;
        };
        let mut added = false;
        for row in 0..ROWS {
            let (word, shift) = counter(counters, row);
            let grows = (words[word] >> shift) & COUNT_MAX < COUNT_MAX;
            words[word] += u64::from(grows) << shift;
            added |= grows;
        }
        if added {
            self.uses += 1;
            if self.uses >= self.uses_max {
                self.age();
            }
        }
    }

    /// Halves all counts. What rounding loses is taken off the uses as well.
    fn age(&mut self) {
        let mut odd = 0;
        for word in &mut self.words {
            odd += u64::from((*word & 0x1111_1111_1111_1111).count_ones());
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
        self.uses = self.uses.saturating_sub(odd / u64::from(ROWS)) / 2;
    }

    /// The first word of a key's line, and the bits that say which counters of the line are its.
    #[inline]
    fn place(&self, key: KeyId) -> (usize, u32) {
        let hash = mix(key.0);
        let blocks = self.words.len() / BLOCK;
        let block = hash as usize & blocks.wrapping_sub(1);
        let again = hash.wrapping_mul(0x3184_8bab);
        (block.wrapping_mul(BLOCK), again ^ (again >> 14))
    }
}

/// The word of a row's counter in its line, and the counter's place in it.
#[inline]
fn counter(counters: u32, row: u32) -> (usize, u32) {
    let bits = counters >> (row * 8);
    let word = (bits & 1) + row * 2;
    (word as usize, ((bits >> 1) & 15) * 4)
}

/// A mixing function of two rounds found by search (Wellons, "hash-prospector", 2018), with the
/// constants that Caffeine uses.
#[inline]
fn mix(number: u32) -> u32 {
    let mut hash = number ^ (number >> 17);
    hash = hash.wrapping_mul(0xed5a_d4bb);
    hash = (hash ^ (hash >> 11)).wrapping_mul(0xac4c_1b51);
    hash ^ (hash >> 15)
}
