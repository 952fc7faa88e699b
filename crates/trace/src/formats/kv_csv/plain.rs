//! Rows of digits, and of `get` and `set`, as most are: nothing to be unquoted, trimmed or rounded.
//! They are read where they stand in memory; of whatever else there is, nothing is said here.

use super::{Columns, operation_named};
use crate::block::UNKNOWN_BYTES;
use crate::event::AccessOperation;
use crate::key_blocks::{KeyRecord, RecordKey};
use cachepolicy_core::units::Duration;
use memchr::memchr;

/// Columns up to the last one that is used, at most.
const COLUMNS_MAX: usize = 12;

/// What stands in a column.
#[derive(Debug, Clone, Copy)]
enum Role {
    Time,
    Key,
    Size,
    Operation,
    Ttl,
    Other,
}

/// What the columns of a plain row are.
#[derive(Debug)]
pub(super) struct Plain {
    /// Up to the last one that is used.
    roles: Vec<Role>,
    delimiter: u8,
    /// Nanoseconds of the time's unit.
    unit: i64,
    whole_second: bool,
    last: LastTime,
}

/// The time of the row before: mostly, the next one has the same.
#[derive(Debug, Default)]
struct LastTime {
    /// With the byte behind it, the first in the lowest bits; and which bits are theirs, 0: none is known.
    text: u128,
    mask: u128,
    length: usize,
    at: i64,
}

impl LastTime {
    const BYTES: usize = size_of::<u128>();

    /// Does this time stand here, and nothing more?
    #[inline]
    fn is_at(&self, rest: &[u8]) -> bool {
        let text = rest.first_chunk::<{ Self::BYTES }>();
        self.mask != 0
            && text.is_some_and(|text| u128::from_le_bytes(*text) & self.mask == self.text)
    }

    /// The time is so many bytes of these.
    fn remember(&mut self, row: &[u8], length: usize, at: i64) {
        self.mask = 0;
        if let Some(text) = row.first_chunk::<{ Self::BYTES }>()
            && length < Self::BYTES
        {
            self.mask = u128::MAX >> (8 * (Self::BYTES - length - 1));
            self.text = u128::from_le_bytes(*text) & self.mask;
            self.length = length;
        }
        self.at = at;
    }
}

impl Plain {
    /// `None`: there are no times, or too many columns.
    pub(super) fn of(columns: &Columns, delimiter: u8) -> Option<Self> {
        let used = [
            (columns.time, Role::Time),
            (Some(columns.key), Role::Key),
            (columns.size, Role::Size),
            (columns.operation, Role::Operation),
            (columns.ttl, Role::Ttl),
        ];
        columns.time?;
        let mut roles = Vec::new();
        for (column, role) in used {
            let Some(column) = column else { continue };
            if column >= COLUMNS_MAX {
                return None;
            }
            if roles.len() <= column {
                roles.resize(column + 1, Role::Other);
            }
            *roles.get_mut(column)? = role;
        }
        Some(Self {
            roles,
            delimiter,
            unit: 10_i64.pow(columns.decimals.unsigned_abs()),
            whole_second: columns.decimals == 9,
            last: LastTime::default(),
        })
    }

    /// The row at the beginning of these lines, and its bytes with the line break.
    #[inline]
    pub(super) fn row<'l>(&mut self, lines: &'l [u8]) -> Option<(KeyRecord<'l>, usize)> {
        // That may be a comment.
        if let [b'#', ..] | [b'\t'..=b' ', ..] = lines {
            return None;
        }
        let mut record = KeyRecord {
            at: 0,
            whole_second: self.whole_second,
            key: RecordKey::Number(0),
            operation: AccessOperation::Get,
            bytes: UNKNOWN_BYTES,
            ttl: None,
        };
        let mut rest = lines;
        let mut is_first = true;
        for role in &self.roles {
            if !std::mem::take(&mut is_first) {
                let (delimiter, behind) = rest.split_first()?;
                if *delimiter != self.delimiter {
                    return None;
                }
                rest = behind;
            }
            match role {
                Role::Time if self.last.is_at(rest) => {
                    record.at = self.last.at;
                    rest = rest.get(self.last.length..)?;
                }
                Role::Time => {
                    let before = rest;
                    let time = i64::try_from(number(&mut rest)?).ok()?;
                    record.at = time.checked_mul(self.unit)?;
                    let length = before.len() - rest.len();
                    self.last.remember(before, length, record.at);
                }
                Role::Key => {
                    // A leading zero makes it a text.
                    if let [b'0', b'0'..=b'9', ..] = rest {
                        return None;
                    }
                    record.key = RecordKey::Number(number(&mut rest)?);
                }
                Role::Size => {
                    record.bytes = number(&mut rest).filter(|it| *it != UNKNOWN_BYTES)?;
                }
                Role::Operation => record.operation = operation_named(self.cell(&mut rest)?)?,
                Role::Ttl => record.ttl = ttl(&mut rest)?,
                Role::Other => {
                    self.cell(&mut rest)?;
                }
            }
        }
        let behind = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [first, ..] if *first == self.delimiter => self.behind(rest)?,
            _ => return None,
        };
        Some((record, lines.len() - rest.len() + behind))
    }

    /// A cell of text that is as it stands there.
    fn cell<'l>(&self, rest: &mut &'l [u8]) -> Option<&'l str> {
        let is_end = |byte: &u8| matches!(*byte, b'\n' | b'\r') || *byte == self.delimiter;
        let (cell, behind) = rest.split_at(rest.iter().position(is_end)?);
        *rest = behind;
        let is_plain = cell.is_ascii() && !cell.contains(&b'"');
        is_plain.then(|| std::str::from_utf8(cell).ok()).flatten()
    }

    /// The bytes of the cells behind those that are used, with the line break.
    fn behind(&self, rest: &[u8]) -> Option<usize> {
        let end = memchr(b'\n', rest)?;
        let cells = rest.get(..end)?;
        let cells = cells.strip_suffix(b"\r").unwrap_or(cells);
        let is_plain = cells.is_ascii() && !cells.iter().any(|byte| matches!(byte, b'"' | b'\r'));
        is_plain.then_some(end + 1)
    }
}

/// A lifetime in whole seconds; 0: none.
fn ttl(rest: &mut &[u8]) -> Option<Option<Duration>> {
    let before = rest.len();
    let seconds = number(rest)?;
    if seconds == 0 {
        return (before - rest.len() == 1).then_some(None);
    }
    let nanos = i64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
    Some(Some(Duration::from_nanos(nanos)))
}

/// Takes a whole number of at most nineteen digits; the byte behind it is no digit.
#[inline]
fn number(rest: &mut &[u8]) -> Option<u64> {
    const POWERS: [u64; 9] = [
        1,
        10,
        100,
        1_000,
        10_000,
        100_000,
        1_000_000,
        10_000_000,
        100_000_000,
    ];
    let (mut value, mut total) = (0_u64, 0);
    loop {
        let (part, count) = eight_digits(rest);
        *rest = rest.get(count..)?;
        total += count;
        // Nineteen digits always fit.
        if total > 19 {
            return None;
        }
        value = value * POWERS.get(count)? + part;
        if count < 8 {
            return (total > 0).then_some(value);
        }
    }
}

/// The digits at the beginning, eight at most: what they say, and how many there are. All at once,
/// without a branch for each (Lemire and Mula, "Quickly parsing eight digits", 2018).
#[inline]
fn eight_digits(text: &[u8]) -> (u64, usize) {
    let chunk = match text.first_chunk::<8>() {
        Some(chunk) => *chunk,
        None => {
            let mut chunk = [0; 8];
            for (to, from) in chunk.iter_mut().zip(text) {
                *to = *from;
            }
            chunk
        }
    };
    let digits = u64::from_le_bytes(chunk) ^ 0x3030_3030_3030_3030;
    // The upper bit of each byte that is no digit; what a byte carries over reaches later ones alone.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() as usize / 8;
    // Zeros in front of them.
    let digits = digits.checked_shl(64 - 8 * count as u32).unwrap_or(0);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    const PAIR: u64 = 0x0000_00ff_0000_00ff;
    let even = (pairs & PAIR).wrapping_mul(100 + (1_000_000 << 32));
    let odd = (pairs >> 16 & PAIR).wrapping_mul(1 + (10_000 << 32));
    (even.wrapping_add(odd) >> 32, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_in_front(digits in "[0-9]{0,22}", behind in proptest::collection::vec(any::<u8>(), 0..12)) {
            let is_more = behind.first().is_some_and(u8::is_ascii_digit);
            let text = [digits.as_bytes(), &behind].concat();
            let mut rest = text.as_slice();
            let value = number(&mut rest);
            if !is_more && digits.len() < 20 {
                prop_assert_eq!(value, digits.parse().ok());
                if value.is_some() {
                    prop_assert_eq!(rest, behind.as_slice());
                }
            } else if digits.len() >= 20 {
                prop_assert_eq!(value, None);
            }
        }
    }
}
