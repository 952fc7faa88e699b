//! Columns of whole numbers: nothing, one value for all, or each value's distance from the least in
//! as few bytes as they need (frame of reference; Goldstein, Ramakrishnan, Shaft, ICDE 1998). They
//! decode without a branch for each value.

use super::bytes::{Decoder, Encoder};

const EMPTY: u8 = 0;
const CONSTANT: u8 = 1;
/// And the number of bytes of a distance: 1, 2, 4 or 8.
const DISTANCES: u8 = 0x10;

/// Writes a column.
pub(super) fn encode(values: impl ExactSizeIterator<Item = u64> + Clone, to: &mut Encoder) {
    let (Some(least), Some(greatest)) = (values.clone().min(), values.clone().max()) else {
        to.byte(EMPTY);
        return;
    };
    if least == greatest {
        to.byte(CONSTANT);
        to.number(least);
        return;
    }
    // Times in whole milliseconds, sizes in whole pages: what all distances are multiples of.
    let unit = values.clone().fold(0, |unit, value| match unit {
        1 => 1,
        unit => gcd(value - least, unit),
    });
    let unit = unit.max(1);
    let width = match (greatest - least) / unit {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    to.byte(DISTANCES | width);
    to.number(least);
    to.number(unit);
    for value in values {
        let distance = ((value - least) / unit).to_le_bytes();
        let distance = distance.get(..usize::from(width));
        to.bytes.extend_from_slice(distance.unwrap_or_default());
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Reads a column that has `count` values, or none, to the end of `into`, which is empty.
pub(super) fn decode<T: Clone>(
    from: &mut Decoder<'_>,
    count: usize,
    into: &mut Vec<T>,
    value: impl Fn(u64) -> T,
) -> Option<()> {
    if let Some(constant) = decode_each(from, count, into, value)? {
        into.resize(count, constant);
    }
    Some(())
}

/// The same, unless the column has one value for all, which is returned.
pub(super) fn decode_each<T: Clone>(
    from: &mut Decoder<'_>,
    count: usize,
    into: &mut Vec<T>,
    value: impl Fn(u64) -> T,
) -> Option<Option<T>> {
    match from.byte()? {
        EMPTY => {}
        CONSTANT => return Some(Some(value(from.number()?))),
        0x11 => distances(from, count, into, value, |[a]: [u8; 1]| u64::from(a))?,
        0x12 => distances(from, count, into, value, |bytes| {
            u64::from(u16::from_le_bytes(bytes))
        })?,
        0x14 => distances(from, count, into, value, |bytes| {
            u64::from(u32::from_le_bytes(bytes))
        })?,
        0x18 => distances(from, count, into, value, u64::from_le_bytes)?,
        _ => return None,
    }
    Some(None)
}

fn distances<T, const WIDTH: usize>(
    from: &mut Decoder<'_>,
    count: usize,
    into: &mut Vec<T>,
    value: impl Fn(u64) -> T,
    distance: impl Fn([u8; WIDTH]) -> u64,
) -> Option<()> {
    let (least, unit) = (from.number()?, from.number()?);
    let (chunks, _) = from.take(count.checked_mul(WIDTH)?)?.as_chunks::<WIDTH>();
    if unit == 1 {
        into.extend(
            chunks
                .iter()
                .map(|bytes| value(least.wrapping_add(distance(*bytes)))),
        );
    } else {
        let of = |bytes| least.wrapping_add(distance(bytes).wrapping_mul(unit));
        into.extend(chunks.iter().map(|bytes| value(of(*bytes))));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back(values: &[u64]) -> (usize, Vec<u64>) {
        let mut encoder = Encoder::default();
        encode(values.iter().copied(), &mut encoder);
        let mut decoder = Decoder::new(&encoder.bytes, 1);
        let mut read = Vec::new();
        decode(&mut decoder, values.len(), &mut read, |value| value).unwrap();
        assert!(decoder.is_at_end());
        (encoder.bytes.len(), read)
    }

    #[test]
    fn columns_are_as_small_as_they_can_be() {
        assert_eq!(there_and_back(&[]).0, 1);
        assert_eq!(there_and_back(&[7; 1_000]).0, 2);
        // Whole seconds in nanoseconds, for four minutes.
        let seconds: Vec<u64> = (0..240).map(|second| second * 1_000_000_000).collect();
        assert_eq!(there_and_back(&seconds).0, 240 + 1 + 1 + 5);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in proptest::collection::vec(any::<u64>(), 0..50), shift in 0..64_u32) {
            let values: Vec<u64> = values.iter().map(|value| value >> shift).collect();
            prop_assert_eq!(there_and_back(&values).1, values);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40), count in 0..50_usize) {
            let mut read = Vec::new();
            let _ = decode(&mut Decoder::new(&bytes, 1), count, &mut read, |value| value);
            prop_assert!(read.len() <= count);
        }
    }
}
