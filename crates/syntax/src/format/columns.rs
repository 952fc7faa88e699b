//! What stands below what: property words and their values, the parts of one-line items.

use super::MAX_WIDTH;
use super::build::{Layout, Shape};

/// A column further to the right than this is not begun for a part inside of values.
const MAX_ANCHOR: usize = 64;

/// Where the parts of one statement begin, counted from its indentation. Zero where they just
/// follow; a part that is already further to the right follows too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stops {
    pub(super) units: Vec<usize>,
    pub(super) brace: usize,
}

impl Stops {
    pub(super) fn unit(&self, index: usize) -> usize {
        self.units.get(index).copied().unwrap_or_default()
    }

    fn set(&mut self, index: usize, column: usize) {
        if let Some(unit) = self.units.get_mut(index) {
            *unit = column;
        }
    }

    /// Where the unit before `index` ends.
    fn end(&self, widths: &[usize], index: usize) -> usize {
        widths
            .iter()
            .take(index)
            .enumerate()
            .fold(0, |column, (index, width)| match index {
                0 => *width,
                _ => (column + 1).max(self.unit(index)) + width,
            })
    }
}

/// The widths of a statement's parts.
struct Row {
    widths: Vec<usize>,
    shape: Shape,
    /// Of its block, if that stands on the same line.
    block: Option<usize>,
    /// Whether other phrases follow the first.
    goes_on: bool,
    stops: Stops,
}

impl Row {
    /// Nothing for a statement with a comment inside of its first phrase.
    fn of(layout: &Layout, indent: usize) -> Option<Self> {
        let flat = layout
            .first
            .iter()
            .map(|unit| Some(width(&unit.doc.flat()?)));
        let widths = flat.collect::<Option<Vec<usize>>>()?;
        let stops = Stops {
            units: vec![0; widths.len()],
            brace: 0,
        };
        let block = layout.one_line_block(indent).map(|block| width(&block));
        Some(Self {
            widths,
            shape: layout.shape,
            block,
            goes_on: !layout.others.is_empty(),
            stops,
        })
    }

    /// Where what stands before the value ends; nothing if there is no value.
    fn subject_end(&self) -> Option<usize> {
        let has_value = self.widths.len() > self.shape.subject || self.block.is_some();
        has_value.then(|| self.stops.end(&self.widths, self.shape.subject))
    }

    /// The columns of an item, or less of them where the line would become too long.
    fn fitting(mut self, brace: usize) -> Stops {
        for brace in [brace, 0] {
            self.stops.brace = brace;
            if self.end() <= MAX_WIDTH {
                return self.stops;
            }
        }
        Stops::default()
    }

    /// Where the whole row ends.
    fn end(&self) -> usize {
        let end = self.stops.end(&self.widths, self.widths.len());
        self.block
            .map_or(end, |block| (end + 1).max(self.stops.brace) + block)
    }
}

/// The columns of one-line items below each other: part below part, brace below brace.
pub(super) fn of_items(layouts: &[&Layout]) -> Vec<Stops> {
    let plain = vec![Stops::default(); layouts.len()];
    let rows: Option<Vec<Row>> = layouts.iter().map(|layout| Row::of(layout, 0)).collect();
    let Some(mut rows) =
        rows.filter(|rows| rows.iter().all(|row| row.block.is_some() && !row.goes_on))
    else {
        return plain;
    };
    let units = rows
        .iter()
        .map(|row| row.widths.len())
        .max()
        .unwrap_or_default();
    for index in 1..units {
        let reaching = rows.iter().filter(|row| row.widths.len() >= index);
        let column = reaching
            .map(|row| row.stops.end(&row.widths, index) + 1)
            .max()
            .unwrap_or_default();
        rows.iter_mut().for_each(|row| row.stops.set(index, column));
    }
    let brace = rows
        .iter()
        .map(|row| row.stops.end(&row.widths, row.widths.len()) + 1)
        .max()
        .unwrap_or_default();
    rows.into_iter().map(|row| row.fitting(brace)).collect()
}

/// The columns of the statements of a block below each other.
pub(super) fn of_statements(layouts: &[&Layout], indent: usize) -> Vec<Stops> {
    let mut rows: Vec<Option<Row>> = layouts
        .iter()
        .map(|layout| Row::of(layout, indent))
        .collect();
    let mut families: Vec<u8> = rows.iter().flatten().map(|row| row.shape.family).collect();
    families.sort_unstable();
    families.dedup();
    for family in families {
        let mut rows: Vec<&mut Row> = rows
            .iter_mut()
            .flatten()
            .filter(|row| row.shape.family == family)
            .collect();
        align_cells(&mut rows);
        align_values(&mut rows);
        align_anchors(&mut rows);
    }
    rows.into_iter()
        .map(|row| match row {
            Some(row) if row.block.is_none() || indent + row.end() <= MAX_WIDTH => row.stops,
            _ => Stops::default(),
        })
        .collect()
}

/// Columns inside of the subjects.
fn align_cells(rows: &mut [&mut Row]) {
    let cells = rows
        .iter()
        .map(|row| row.shape.cells)
        .max()
        .unwrap_or_default();
    for index in 1..cells {
        let reaching = rows
            .iter()
            .filter(|row| row.shape.cells > index && row.widths.len() > index);
        let column = reaching
            .map(|row| row.stops.end(&row.widths, index) + 1)
            .max()
            .unwrap_or_default();
        rows.iter_mut()
            .filter(|row| row.shape.cells > index)
            .for_each(|row| row.stops.set(index, column));
    }
}

/// The column of the values.
fn align_values(rows: &mut [&mut Row]) {
    let ends = rows
        .iter()
        .filter_map(|row| row.subject_end().filter(|&end| end <= row.shape.widest));
    let narrowest = rows.iter().map(|row| row.shape.narrowest);
    let column = ends.chain(narrowest).max().unwrap_or_default() + 1;
    for row in rows {
        row.stops.set(row.shape.subject, column);
        if row.widths.len() <= row.shape.subject {
            row.stops.brace = column;
        }
    }
}

/// The column of what stands below each other inside of values.
fn align_anchors(rows: &mut [&mut Row]) {
    let ends = rows.iter().filter_map(|row| {
        let anchor = row.shape.anchor?;
        Some(row.stops.end(&row.widths, anchor)).filter(|&end| end <= MAX_ANCHOR)
    });
    let column = ends.max().map_or(0, |end| end + 1);
    for row in rows {
        if let Some(anchor) = row.shape.anchor {
            row.stops.set(anchor, column);
        }
    }
}

/// Characters of a piece of a line.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}
