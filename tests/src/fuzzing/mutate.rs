//! Changes to bytes, for the tests, which have no fuzzer: the same seed makes the same changes.

use super::json::mutate_sections;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::path::Path;

/// Inputs do not grow beyond this.
const BYTES_MAX: usize = 64 << 10;

/// Words of the inputs of a target.
#[derive(Debug, Clone, Default)]
pub struct Dictionary(Vec<Vec<u8>>);

impl Dictionary {
    /// From a file in the form of libFuzzer: a word in quotes on each line, perhaps behind a name.
    ///
    /// # Errors
    /// When it cannot be read, or a line is no such word.
    pub fn read(path: &Path) -> Result<Self, String> {
        let of_file = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| of_file(&error))?;
        let mut words = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            words.push(word(line).ok_or_else(|| of_file(&format!("`{line}` is no word")))?);
        }
        Ok(Self(words))
    }
}

/// `name="a\x00b\"c\\"`
fn word(line: &str) -> Option<Vec<u8>> {
    let (_, quoted) = line.split_once('"')?;
    let mut rest = quoted.strip_suffix('"')?.bytes();
    let mut word = Vec::new();
    while let Some(byte) = rest.next() {
        word.push(match byte {
            b'\\' => match rest.next()? {
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                byte @ (b'\\' | b'"') => byte,
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(word)
}

/// Makes inputs from examples.
#[derive(Debug)]
pub struct Mutator<'a> {
    examples: &'a [Vec<u8>],
    dictionary: &'a Dictionary,
    random: Pcg64,
}

impl<'a> Mutator<'a> {
    /// From these examples and words.
    #[must_use]
    pub fn new(examples: &'a [Vec<u8>], dictionary: &'a Dictionary, seed: u64) -> Self {
        Self {
            examples,
            dictionary,
            random: Pcg64::seed_from_u64(seed),
        }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut bytes = self.example();
        for _ in 0..=self.random.random_range(0..4) {
            bytes = self.mutated(bytes);
        }
        bytes.truncate(BYTES_MAX);
        bytes
    }

    fn example(&mut self) -> Vec<u8> {
        let index = self.below(self.examples.len());
        self.examples.get(index).cloned().unwrap_or_default()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit.max(1))
    }

    fn mutated(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let begin = self.below(bytes.len() + 1);
        let end = bytes.len().min(begin + self.length());
        match self.below(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(begin) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                bytes.drain(begin..end);
            }
            2 => {
                let part = bytes.get(begin..end).unwrap_or_default().to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            3 => {
                let other = self.example();
                let from = self.below(other.len() + 1);
                let to = other.len().min(from + self.length());
                bytes.splice(begin..end, other.get(from..to).unwrap_or_default().to_vec());
            }
            4 => self.change_number(&mut bytes, begin),
            5 => {
                if let Some(changed) = mutate_sections(&bytes, &mut self.random) {
                    return changed;
                }
                bytes.truncate(begin);
            }
            _ => {
                let index = self.below(self.dictionary.0.len());
                let word = self.dictionary.0.get(index).cloned().unwrap_or_default();
                let end = if self.below(2) == 0 { begin } else { end };
                bytes.splice(begin..end, word);
            }
        }
        bytes
    }

    /// Mostly short.
    fn length(&mut self) -> usize {
        let longest = 1 << self.below(10);
        1 + self.below(longest)
    }

    /// Puts another number in the place of the first one from here on.
    fn change_number(&mut self, bytes: &mut Vec<u8>, from: usize) {
        let digits = |bytes: &[u8]| {
            bytes
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(u8::is_ascii_digit) else {
            return;
        };
        let begin = from + skipped;
        let end = begin + digits(bytes.get(begin..).unwrap_or_default());
        let bits = self.random.next_u64() >> self.below(64);
        bytes.splice(begin..end, bits.to_string().into_bytes());
    }
}
