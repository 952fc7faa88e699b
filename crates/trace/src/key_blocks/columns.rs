//! Accesses on their way into a block, in columns.

use super::{KeyRecord, RecordKey};
use crate::block::Sizes;
use crate::event::AccessOperation;
use cachepolicy_core::units::Duration;

#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) at: Vec<i64>,
    pub(super) whole_second: Vec<bool>,
    /// Numeric keys; for a text, its place among `texts`.
    pub(super) key: Vec<u64>,
    /// Which keys are texts.
    pub(super) is_text: Vec<bool>,
    pub(super) texts: Vec<String>,
    pub(super) operation: Vec<AccessOperation>,
    pub(super) bytes: Sizes,
    pub(super) ttl: Vec<Option<Duration>>,
}

impl Columns {
    pub(super) fn clear(&mut self) {
        self.at.clear();
        self.whole_second.clear();
        self.key.clear();
        self.is_text.clear();
        self.texts.clear();
        self.operation.clear();
        self.bytes.clear();
        self.ttl.clear();
    }

    /// Columns that may be empty get their values when the first one differs from `nothing`.
    #[inline]
    pub(super) fn put<T: Clone + PartialEq>(
        column: &mut Vec<T>,
        before: usize,
        value: T,
        nothing: T,
    ) {
        if column.is_empty() && value == nothing {
            return;
        }
        if column.len() < before {
            column.resize(before, nothing);
        }
        column.push(value);
    }

    #[inline]
    pub(super) fn push(&mut self, record: &KeyRecord<'_>) {
        let before = self.at.len();
        self.at.push(record.at);
        Self::put(&mut self.whole_second, before, record.whole_second, true);
        let (key, is_text) = match record.key {
            RecordKey::Number(number) => (number, false),
            RecordKey::Text(text) => {
                self.texts.push(text.to_owned());
                (self.texts.len() as u64 - 1, true)
            }
        };
        self.key.push(key);
        Self::put(&mut self.is_text, before, is_text, false);
        let get = AccessOperation::Get;
        Self::put(&mut self.operation, before, record.operation, get);
        self.bytes.push(before, record.bytes);
        Self::put(&mut self.ttl, before, record.ttl, None);
    }

    /// Records of one second with numeric keys, each with its bytes.
    pub(super) fn push_whole(
        &mut self,
        at: i64,
        records: impl ExactSizeIterator<Item = (u64, u64)> + Clone,
    ) {
        fn more<T: Clone>(column: &mut Vec<T>, length: usize, nothing: T) {
            if !column.is_empty() {
                column.resize(length, nothing);
            }
        }
        let before = self.at.len();
        let length = before + records.len();
        self.at.resize(length, at);
        more(&mut self.whole_second, length, true);
        self.key.extend(records.clone().map(|(key, _)| key));
        more(&mut self.is_text, length, false);
        more(&mut self.operation, length, AccessOperation::Get);
        self.bytes.extend(before, records.map(|(_, bytes)| bytes));
        more(&mut self.ttl, length, None);
    }

    /// From a place on in the order of time; what is of one instant stays in its order.
    pub(super) fn sort_from(&mut self, first: usize) {
        fn permute<T: Clone>(column: &mut [T], first: usize, order: &[usize]) {
            let before = column.to_vec();
            let places = column.iter_mut().skip(first);
            for (place, &index) in places.zip(order) {
                if let Some(value) = before.get(index) {
                    place.clone_from(value);
                }
            }
        }
        let mut order: Vec<usize> = (first..self.at.len()).collect();
        order.sort_by_key(|&index| self.at.get(index).copied());
        permute(&mut self.at, first, &order);
        permute(&mut self.whole_second, first, &order);
        permute(&mut self.key, first, &order);
        permute(&mut self.is_text, first, &order);
        permute(&mut self.operation, first, &order);
        permute(self.bytes.each_mut(), first, &order);
        permute(&mut self.ttl, first, &order);
    }

    /// Forgets the first so many.
    pub(super) fn drain(&mut self, count: usize) {
        fn drain<T>(column: &mut Vec<T>, count: usize) {
            column.drain(..count.min(column.len()));
        }
        if count == self.at.len() {
            self.clear();
            return;
        }
        drain(&mut self.at, count);
        drain(&mut self.whole_second, count);
        drain(&mut self.key, count);
        drain(&mut self.is_text, count);
        drain(&mut self.operation, count);
        drain(self.bytes.each_mut(), count);
        drain(&mut self.ttl, count);
        self.keep_texts();
    }

    /// Forgets the texts of rows that are gone. Every row has a text of its own.
    fn keep_texts(&mut self) {
        let mut kept = Vec::new();
        let rows = self.key.iter_mut().zip(&self.is_text);
        for (key, _) in rows.filter(|(_, is_text)| **is_text) {
            if let Some(text) = self.texts.get_mut(*key as usize) {
                *key = kept.len() as u64;
                kept.push(std::mem::take(text));
            }
        }
        self.texts = kept;
    }
}

/// Copies a range of a column that may be empty to one that may be empty and stands for `before`
/// values so far.
pub(super) fn copy<T: Clone>(
    from: &[T],
    range: &std::ops::Range<usize>,
    before: usize,
    nothing: T,
    to: &mut Vec<T>,
) {
    let Some(values) = from.get(range.start..range.end.min(from.len())) else {
        if !to.is_empty() {
            to.resize(before + range.len(), nothing);
        }
        return;
    };
    if values.is_empty() && to.is_empty() {
        return;
    }
    to.resize(before, nothing.clone());
    to.extend_from_slice(values);
    to.resize(before + range.len(), nothing);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::UNKNOWN_BYTES;

    #[test]
    fn texts_leave_with_their_rows() {
        let mut columns = Columns::default();
        for index in 0..10 {
            let text = format!("k{index}");
            let key = if index % 3 == 0 {
                RecordKey::Number(index as u64)
            } else {
                RecordKey::Text(&text)
            };
            columns.push(&KeyRecord {
                // The last rows stand in the opposite order of time.
                at: if index < 5 { index } else { 20 - index },
                whole_second: true,
                key,
                operation: AccessOperation::Get,
                bytes: UNKNOWN_BYTES,
                ttl: None,
            });
        }
        columns.sort_from(5);
        columns.drain(4);
        let is_text = |row: usize| columns.is_text.get(row).copied().unwrap_or(false);
        let keys: Vec<String> = (0..columns.at.len())
            .map(|row| match columns.key[row] {
                place if is_text(row) => columns.texts[place as usize].clone(),
                number => number.to_string(),
            })
            .collect();
        assert_eq!(keys, ["k4", "9", "k8", "k7", "6", "k5"]);
        assert_eq!(columns.texts.len(), 4);
    }
}
