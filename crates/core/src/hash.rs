//! A hash that is the same on every platform and in every release: FNV-1a with 128 bits
//! (Fowler, Noll, Vo). It finds accidents, not attacks: whoever can change a text can make
//! its hash fit. Every change of a single byte changes it, since each of its steps can be undone.

use std::io;

/// Hashes what is written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StableHasher {
    state: u128,
}

impl Default for StableHasher {
    fn default() -> Self {
        Self {
            state: 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d,
        }
    }
}

impl StableHasher {
    const PRIME: u128 = (1 << 88) + 0x13b;

    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes. How they are divided into calls makes no difference.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = (self.state ^ u128::from(byte)).wrapping_mul(Self::PRIME);
        }
    }

    /// Adds a text and where it ends: `ab`, `c` is not `a`, `bc`.
    pub fn write_text(&mut self, text: &str) {
        self.write(&(text.len() as u64).to_le_bytes());
        self.write(text.as_bytes());
    }

    /// The hash.
    #[must_use]
    pub const fn finish(&self) -> u128 {
        self.state
    }

    /// The hash as 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        format!("{:032x}", self.state)
    }
}

impl io::Write for StableHasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The hash of a policy's sources, for [`crate::Policy::hash`]: names and texts, in the order in
/// which they were read.
#[must_use]
pub fn of_sources<'s>(sources: impl IntoIterator<Item = (&'s str, &'s str)>) -> String {
    let mut hasher = StableHasher::new();
    for (name, text) in sources {
        hasher.write_text(name);
        hasher.write_text(text);
    }
    hasher.to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(bytes: &[u8]) -> String {
        let mut hasher = StableHasher::new();
        hasher.write(bytes);
        hasher.to_hex()
    }

    /// From the test vectors that the authors publish.
    #[test]
    fn known_answers() {
        assert_eq!(hex(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hex(b"a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(hex(b"foobar"), "343e1662793c64bf6f0d3597ba446f18");
    }

    #[test]
    fn sources_do_not_run_together() {
        assert_ne!(of_sources([("ab", "c")]), of_sources([("a", "bc")]));
        assert_ne!(of_sources([("a", "b"), ("", "")]), of_sources([("a", "b")]));
    }

    proptest! {
        #[test]
        fn a_changed_byte_changes_it(mut bytes in prop::collection::vec(any::<u8>(), 1..64), at in any::<prop::sample::Index>(), flip in 1u8..) {
            let before = hex(&bytes);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_ne!(before, hex(&bytes));
        }
    }
}
