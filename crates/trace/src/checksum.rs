//! The checksum of gzip and of compact traces: CRC-32 as of RFC 1952, section 8.
//!
//! Natively by the processor's instructions, as `crc32fast` finds them. In a browser that crate would bring 16 KiB of
//! tables, which nothing compresses; here they are made when they are first needed.

#[cfg(not(target_family = "wasm"))]
pub(crate) use crc32fast::Hasher as Checksum;

#[cfg(target_family = "wasm")]
pub(crate) use tables::Checksum;

/// Of all of them.
pub(crate) fn of(bytes: &[u8]) -> u32 {
    let mut sum = Checksum::new();
    sum.update(bytes);
    sum.finalize()
}

#[cfg(any(test, target_family = "wasm"))]
mod tables {
    use std::sync::LazyLock;

    /// The polynomial, its lowest power first.
    const POLYNOMIAL: u32 = 0xedb8_8320;

    /// Bytes that are taken at once, each by a table of its own.
    const AT_ONCE: usize = 8;

    /// What a byte comes to, with so many behind it.
    static TABLES: LazyLock<Vec<[u32; 256]>> = LazyLock::new(|| {
        let mut tables = vec![[0; 256]; AT_ONCE];
        for byte in 0..256 {
            let mut sum = byte as u32;
            for table in &mut tables {
                for _ in 0..u8::BITS {
                    sum = (sum >> 1) ^ (POLYNOMIAL * (sum & 1));
                }
                table[byte] = sum;
            }
        }
        tables
    });

    /// A sum that is not at its end.
    pub(crate) struct Checksum(u32);

    impl Checksum {
        pub(crate) const fn new() -> Self {
            Self(u32::MAX)
        }

        pub(crate) fn update(&mut self, bytes: &[u8]) {
            let tables = TABLES.as_slice();
            let after = |byte: u8, behind: usize| tables[behind][usize::from(byte)];
            let mut sum = self.0;
            let (together, rest) = bytes.as_chunks::<AT_ONCE>();
            for bytes in together {
                let [a, b, c, d, e, f, g, h] = *bytes;
                let [i, j, k, l] = (sum ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
                sum = after(i, 7) ^ after(j, 6) ^ after(k, 5) ^ after(l, 4);
                sum ^= after(e, 3) ^ after(f, 2) ^ after(g, 1) ^ after(h, 0);
            }
            for byte in rest {
                sum = (sum >> 8) ^ after(byte ^ sum as u8, 0);
            }
            self.0 = sum;
        }

        pub(crate) const fn finalize(self) -> u32 {
            !self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_value() {
        assert_eq!(of(b"123456789"), 0xcbf4_3926);
    }

    proptest! {
        #[test]
        fn tables_come_to_the_same(
            one in prop::collection::vec(any::<u8>(), 0..40),
            other in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut sum = tables::Checksum::new();
            sum.update(&one);
            sum.update(&other);
            prop_assert_eq!(sum.finalize(), of(&[one, other].concat()));
        }
    }
}
