//! A chart: lines over time, with what went wrong marked.

use crate::output::html::escaped;
use crate::output::units;
use std::fmt::Write as _;

/// Of the whole drawing.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 168.0;
/// Of the plot in it.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;

/// More points than anybody sees.
const POINTS_MAX: usize = 280;

/// One line.
pub(super) struct Line<'a> {
    /// In the legend.
    pub(super) name: &'a str,
    /// Its points.
    pub(super) values: &'a [Option<f64>],
}

/// What a chart shows.
pub(super) struct Chart<'a> {
    /// Above it.
    pub(super) title: &'a str,
    /// What it says, in a few words.
    pub(super) remark: &'a str,
    /// The lines; the first is drawn last.
    pub(super) lines: Vec<Line<'a>>,
    /// When the first point begins, and seconds from one to the next.
    pub(super) time: (f64, f64),
    /// The least top of the scale; ratios have 1.
    pub(super) top: f64,
    /// A figure in words.
    pub(super) said: fn(f64) -> String,
    /// When something went wrong, and what.
    pub(super) faults: &'a [(f64, String)],
}

impl Chart<'_> {
    /// As HTML; empty where there is no figure.
    pub(super) fn render(&self) -> String {
        let values = || self.lines.iter().flat_map(|line| line.values).flatten();
        let Some(most) = values().copied().reduce(f64::max) else {
            return String::new();
        };
        let top = round_up(most.max(self.top));
        let points = self.lines.iter().map(|line| line.values.len()).max();
        let points = points.unwrap_or_default();
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(&self.in_words())
        );
        self.axes(top, points, &mut svg);
        self.marks(points, &mut svg);
        for (index, line) in self.lines.iter().enumerate().rev() {
            let _ = writeln!(
                svg,
                "<path class=\"line line-{index}\" d=\"{}\"/>",
                path(line.values, top)
            );
        }
        svg.push_str("</svg>\n");
        format!(
            "<figure class=\"chart\">\n<figcaption><b>{}</b> <span class=\"faint\">{}</span></figcaption>\n{svg}{}</figure>\n",
            escaped(self.title),
            escaped(self.remark),
            self.legend()
        )
    }

    /// What somebody who does not see it is told.
    fn in_words(&self) -> String {
        let mut words = self.title.to_owned();
        for line in &self.lines {
            let values = || line.values.iter().flatten().copied();
            let (Some(least), Some(most)) = (values().reduce(f64::min), values().reduce(f64::max))
            else {
                continue;
            };
            let (least, most) = ((self.said)(least), (self.said)(most));
            let name = if self.lines.len() > 1 {
                line.name
            } else {
                "it"
            };
            let _ = match least == most {
                true => write!(words, "; {name} stays at {least}"),
                false => write!(words, "; {name} is between {least} and {most}"),
            };
        }
        words
    }

    fn axes(&self, top: f64, points: usize, svg: &mut String) {
        for part in 0..=2_u8 {
            let share = f64::from(part) / 2.0;
            let y = height_of(share);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"tick right\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 3.5,
                escaped(&(self.said)(top * share))
            );
            let anchor = ["left", "middle", "right"][usize::from(part)];
            let (from, step) = self.time;
            let at = from + step * points as f64 * share;
            let _ = writeln!(
                svg,
                "<text class=\"tick {anchor}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT + share * (WIDTH - LEFT - RIGHT),
                HEIGHT - 7.0,
                escaped(&units::seconds(at))
            );
        }
    }

    fn marks(&self, points: usize, svg: &mut String) {
        let (from, step) = self.time;
        let length = step * points as f64;
        let seen = self.faults.iter().filter(|(at, _)| {
            let since = at - from;
            since >= 0.0 && since <= length && length > 0.0
        });
        for (at, what) in seen {
            let x = LEFT + (at - from) / length * (WIDTH - LEFT - RIGHT);
            let _ = writeln!(
                svg,
                "<g class=\"fault\"><path d=\"M{x:.1} {TOP}V{:.1}\"/><circle cx=\"{x:.1}\" cy=\"{TOP}\" r=\"3.5\"/><title>{} at {}</title></g>",
                HEIGHT - BOTTOM,
                escaped(what),
                escaped(&units::seconds(*at))
            );
        }
    }

    fn legend(&self) -> String {
        if self.lines.len() < 2 {
            return String::new();
        }
        let entries = self.lines.iter().enumerate().map(|(index, line)| {
            format!(
                "<li><svg class=\"swatch\" viewBox=\"0 0 18 8\" aria-hidden=\"true\"><path class=\"line line-{index}\" d=\"M0 4H18\"/></svg>{}</li>",
                escaped(line.name)
            )
        });
        format!(
            "<ul class=\"legend\">{}</ul>\n",
            entries.collect::<String>()
        )
    }
}

/// Where a share of the scale is, from the top of the drawing.
fn height_of(share: f64) -> f64 {
    TOP + (1.0 - share) * (HEIGHT - TOP - BOTTOM)
}

/// A line through the means of as many spans as anybody sees; it breaks where there is nothing.
fn path(values: &[Option<f64>], top: f64) -> String {
    let spans = values.len().min(POINTS_MAX);
    let mut path = String::new();
    let mut is_drawn = false;
    for span in 0..spans {
        let range = span * values.len() / spans..(span + 1) * values.len() / spans;
        let inside = values.get(range).unwrap_or_default().iter().flatten();
        let (sum, count) =
            inside.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        if count == 0 {
            is_drawn = false;
            continue;
        }
        let share = (sum / f64::from(count) / top).clamp(0.0, 1.0);
        let x = LEFT + (span as f64 + 0.5) / spans as f64 * (WIDTH - LEFT - RIGHT);
        let _ = write!(
            path,
            "{}{x:.1} {:.1}",
            if is_drawn { "L" } else { "M" },
            height_of(share)
        );
        if !is_drawn {
            // A point alone is seen too.
            path.push_str("h.01");
        }
        is_drawn = true;
    }
    path
}

/// The next of 1, 2, 5, 10, 20 …
fn round_up(most: f64) -> f64 {
    let mut step = 1e-9;
    while step < 1e18 {
        for factor in [1.0, 2.0, 5.0] {
            if most <= step * factor * (1.0 + 1e-9) {
                return step * factor;
            }
        }
        step *= 10.0;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_figures() {
        for (most, top) in [
            (1.0, 1.0),
            (1.1, 2.0),
            (0.03, 0.05),
            (731.0, 1000.0),
            (0.0, 1e-9),
        ] {
            assert!((round_up(most) - top).abs() < top * 1e-6, "{most}");
        }
    }

    #[test]
    fn lines_break_where_nothing_was_measured() {
        let path = path(&[Some(1.0), Some(0.0), None, Some(0.5)], 1.0);
        assert_eq!(path.matches('M').count(), 2);
        assert_eq!(path.matches('L').count(), 1);
    }
}
