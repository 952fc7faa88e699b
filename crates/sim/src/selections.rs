//! Which cells a written row belongs to.

use crate::rows::Values;
use crate::tables::Tables;
use cachepolicy_core::effects::{Image, WrittenRow, concerns};

/// What a write concerns: for each cell the values of its fields, then its shape, as
/// [`crate::staleness::Cells::cell`] takes them.
#[derive(Debug, Default)]
pub(crate) struct Selections {
    words: Vec<u32>,
    /// Where each one ends.
    ends: Vec<usize>,
}

impl Selections {
    /// Of a written row, in place of what was there.
    pub(crate) fn set(&mut self, t: &Tables, row: &impl Row) {
        self.words.clear();
        self.ends.clear();
        for (index, shape) in t.shapes.iter().enumerate() {
            if shape.model != row.model() || !concerns(&shape.read, row) {
                continue;
            }
            for image in [Image::Old, Image::New] {
                if let [field] = shape.fields.as_slice() {
                    for value in row.ids(image, *field) {
                        self.add(&[value], index as u32);
                    }
                    continue;
                }
                let fields = shape.fields.iter();
                let lists: Vec<Values> = fields.map(|&field| row.ids(image, field)).collect();
                combine(&lists, &mut Vec::new(), &mut |values| {
                    self.add(values, index as u32);
                });
            }
        }
    }

    /// One more, unless it is the last one again.
    fn add(&mut self, values: &[u32], shape: u32) {
        let last = self.iter().last().and_then(<[u32]>::split_last);
        if last != Some((&shape, values)) {
            self.words.extend_from_slice(values);
            self.words.push(shape);
            self.ends.push(self.words.len());
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        (0..self.ends.len()).map(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.words[start..self.ends[index]]
        })
    }
}

/// A written row that also knows its values' numbers.
pub(crate) trait Row: WrittenRow {
    /// The values of a field on an image; none where there is no such image.
    fn ids(&self, image: Image, field: cachepolicy_core::FieldId) -> Values;
}

/// Calls `visit` with each choice of one value from each list.
fn combine(lists: &[Values], chosen: &mut Vec<u32>, visit: &mut impl FnMut(&[u32])) {
    let Some(list) = lists.get(chosen.len()) else {
        visit(chosen);
        return;
    };
    for &value in list {
        chosen.push(value);
        combine(lists, chosen, visit);
        chosen.pop();
    }
}
