//! A chart of characters: capacities to the right, by their logarithm, miss ratios upwards.

use crate::output::colour::{Meaning, Paint};
use crate::output::text;
use cachepolicy_sim::curve::{Curve, EvictionCurve};

/// Lines of the plot.
const ROWS: usize = 11;

/// Before each line: the ratio and the axis.
const MARGIN: usize = 8;

/// Wider than this nothing becomes clearer.
const COLUMNS_MAX: usize = 80;

/// Of curves in their order; further ones begin anew.
const SIGNS: [char; 8] = ['●', '○', '◆', '◇', '▲', '△', '■', '□'];

const CLAIRVOYANT: char = '·';
const UNBOUNDED: char = '╌';
const PRESENT: char = '│';

/// The most that there is to hold, in the unit of the curve.
pub(super) fn extent(curve: &Curve) -> u64 {
    if curve.unit == "bytes" {
        curve.footprint.bytes
    } else {
        curve.footprint.entries
    }
}

/// A curve's sign.
pub(super) fn sign(curve: &EvictionCurve, index: usize) -> char {
    if curve.evict == "clairvoyant" {
        return CLAIRVOYANT;
    }
    SIGNS.get(index % SIGNS.len()).copied().unwrap_or('●')
}

struct Plot {
    columns: usize,
    /// Logarithms of the least and the greatest capacity.
    low: f64,
    high: f64,
    greatest: u64,
    /// Ratios at the bottom and the top.
    bottom: f64,
    top: f64,
    cells: Vec<(char, Meaning)>,
}

/// The chart, its axes and its legend; empty where there is nothing to draw.
pub(super) fn render(
    curve: &Curve,
    width: usize,
    paint: Paint,
    unit: &dyn Fn(u64) -> String,
) -> String {
    // Beyond what there is to hold nothing changes.
    let is_of_use = |at: &u64| *at <= extent(curve).max(1);
    let points = || curve.curves.iter().flat_map(|curve| &curve.points);
    let capacities = || {
        points()
            .filter_map(|point| point.capacity)
            .filter(is_of_use)
    };
    let (Some(least), Some(greatest)) = (capacities().min(), capacities().max()) else {
        return String::new();
    };
    let ratios = || {
        let all = points().chain([&curve.unbounded]);
        all.filter_map(|point| point.miss_ratio)
    };
    if least == greatest || ratios().next().is_none() {
        return String::new();
    }
    let columns = width.saturating_sub(MARGIN).clamp(10, COLUMNS_MAX);
    let (bottom, top) = bounds(ratios());
    let mut plot = Plot {
        columns,
        low: libm::log10(least as f64),
        high: libm::log10(greatest as f64),
        greatest,
        bottom,
        top,
        cells: vec![(' ', Meaning::Plain); columns * ROWS],
    };
    if let Some(ratio) = curve.unbounded.miss_ratio {
        for column in (0..columns).step_by(2) {
            plot.set(column, plot.row(ratio), UNBOUNDED, Meaning::Faint);
        }
    }
    let present = curve.capacity.filter(|at| (least..=greatest).contains(at));
    if let Some(present) = present {
        let column = plot.column(present);
        for row in 0..ROWS {
            plot.set(column, row, PRESENT, Meaning::Faint);
        }
    }
    for (index, one) in curve.curves.iter().enumerate().rev() {
        plot.draw(one, sign(one, index));
    }
    let mut text = plot.lines(paint);
    text.push_str(&plot.axis(paint, (least, greatest), present, unit));
    text.push_str(&legend(curve, present.is_some(), width, paint));
    text
}

/// Ratios at the bottom and the top: whole tens of percent.
fn bounds(ratios: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let least = ratios.clone().fold(1.0, f64::min);
    let greatest = ratios.fold(0.0, f64::max);
    let bottom = ((least * 10.0).floor() / 10.0).clamp(0.0, 0.9);
    let top = ((greatest * 10.0).ceil() / 10.0).clamp(bottom + 0.1, 1.0);
    (bottom, top)
}

impl Plot {
    fn row(&self, ratio: f64) -> usize {
        let share = (ratio - self.bottom) / (self.top - self.bottom);
        let row = (share * (ROWS - 1) as f64).round().max(0.0) as usize;
        ROWS - 1 - row.min(ROWS - 1)
    }

    fn column(&self, capacity: u64) -> usize {
        let share = (libm::log10(capacity as f64) - self.low) / (self.high - self.low);
        let column = (share * (self.columns - 1) as f64).round().max(0.0) as usize;
        column.min(self.columns - 1)
    }

    fn set(&mut self, column: usize, row: usize, sign: char, meaning: Meaning) {
        if let Some(cell) = self.cells.get_mut(row * self.columns + column) {
            *cell = (sign, meaning);
        }
    }

    /// A sign in each column, straight lines between the points.
    fn draw(&mut self, curve: &EvictionCurve, sign: char) {
        let meaning = match sign {
            CLAIRVOYANT => Meaning::Faint,
            sign if Some(&sign) == SIGNS.first() => Meaning::Curve,
            _ => Meaning::Plain,
        };
        let known: Vec<(usize, f64)> = curve
            .points
            .iter()
            .filter(|point| point.capacity.is_some_and(|at| at <= self.greatest))
            .filter_map(|point| Some((self.column(point.capacity?), point.miss_ratio?)))
            .collect();
        for pair in known.windows(2) {
            let [(from, before), (to, after)] = *pair else {
                continue;
            };
            for column in from..=to {
                let share = (column - from) as f64 / (to - from).max(1) as f64;
                let ratio = before + (after - before) * share;
                self.set(column, self.row(ratio), sign, meaning);
            }
        }
    }

    fn lines(&self, paint: Paint) -> String {
        let mut text = String::new();
        for row in 0..ROWS {
            let share = (ROWS - 1 - row) as f64 / (ROWS - 1) as f64;
            let ratio = self.bottom + (self.top - self.bottom) * share;
            let is_named = row == 0 || row == ROWS - 1 || row == (ROWS - 1) / 2;
            let label = if is_named {
                format!("{:>5.0}% ┤", ratio * 100.0)
            } else {
                "       │".to_owned()
            };
            text.push_str(&paint.text(Meaning::Faint, &label));
            let cells = self.cells.get(row * self.columns..(row + 1) * self.columns);
            text.push_str(&painted(cells.unwrap_or_default(), paint));
            text.push('\n');
        }
        text
    }

    /// The line below, with the least and the greatest capacity and the present one.
    fn axis(
        &self,
        paint: Paint,
        (least, greatest): (u64, u64),
        present: Option<u64>,
        unit: &dyn Fn(u64) -> String,
    ) -> String {
        let line = format!("{}└{}", " ".repeat(MARGIN - 1), "─".repeat(self.columns));
        let (left, right) = (unit(least), unit(greatest));
        let mut labels = format!("{}{left}", " ".repeat(MARGIN));
        let end = MARGIN + self.columns;
        let right_from = end.saturating_sub(text::width(&right));
        if let Some(present) = present {
            let label = unit(present);
            let from = (MARGIN + self.column(present)).saturating_sub(text::width(&label) / 2);
            let fits = from > text::width(&labels) && from + text::width(&label) < right_from;
            if fits {
                labels.push_str(&" ".repeat(from - text::width(&labels)));
                labels.push_str(&label);
            }
        }
        labels.push_str(&" ".repeat(right_from.saturating_sub(text::width(&labels)).max(1)));
        labels.push_str(&right);
        format!(
            "{}\n{}\n",
            paint.text(Meaning::Faint, &line),
            paint.text(Meaning::Faint, &labels)
        )
    }
}

/// Cells of one meaning together.
fn painted(cells: &[(char, Meaning)], paint: Paint) -> String {
    let used = cells.iter().rposition(|(sign, _)| *sign != ' ');
    let cells = cells.get(..used.map_or(0, |last| last + 1));
    let mut text = String::new();
    for run in cells.unwrap_or_default().chunk_by(|a, b| a.1 == b.1) {
        let signs: String = run.iter().map(|(sign, _)| *sign).collect();
        let meaning = run.first().map_or(Meaning::Plain, |(_, meaning)| *meaning);
        text.push_str(&paint.text(meaning, &signs));
    }
    text
}

fn legend(curve: &Curve, has_present: bool, width: usize, paint: Paint) -> String {
    let curves = curve.curves.iter().enumerate();
    let mut words: Vec<String> = curves
        .map(|(index, one)| format!("{}\u{a0}{}", sign(one, index), one.evict))
        .collect();
    words.push(format!("{UNBOUNDED}\u{a0}room\u{a0}for\u{a0}everything"));
    if has_present {
        words.push(format!("{PRESENT}\u{a0}the\u{a0}policy's"));
    }
    let mut lines = String::new();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && text::width(&line) + 3 + text::width(&word) > width - MARGIN {
            lines.push_str(&legend_line(&line, paint));
            line.clear();
        }
        if !line.is_empty() {
            line.push_str("   ");
        }
        line.push_str(&word);
    }
    lines.push_str(&legend_line(&line, paint));
    lines
}

fn legend_line(line: &str, paint: Paint) -> String {
    let line = line.replace('\u{a0}', " ");
    format!(
        "{}{}\n",
        " ".repeat(MARGIN),
        paint.text(Meaning::Faint, &line)
    )
}
