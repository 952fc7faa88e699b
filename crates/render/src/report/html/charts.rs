//! The report over time.

use super::chart::{Chart, Line};
use crate::output::units;
use crate::report::human::View;

/// Lines that can be told apart in one chart.
const LINES_MAX: usize = 6;

pub(super) fn render(view: &View<'_>) -> String {
    let timeline = &view.report.timeline;
    let series = |name: &str| timeline.series.get(name).map_or(&[][..], Vec::as_slice);
    let faults: Vec<(f64, String)> = view
        .report
        .recovery
        .iter()
        .map(|fault| (fault.at, fault.fault.clone()))
        .collect();
    let time = (timeline.from, timeline.step);
    let one = |title, remark, name: &'static str, top, said| Chart {
        title,
        remark,
        lines: vec![Line {
            name,
            values: series(name),
        }],
        time,
        top,
        said,
        faults: &faults,
    };
    let of_each = |title, remark, before: &str, after: &str, top, said| {
        let mut lines: Vec<Line<'_>> = timeline
            .series
            .iter()
            .filter_map(|(name, values)| {
                let name = name.strip_prefix(before)?.strip_suffix(after)?;
                Some(Line { name, values })
            })
            .collect();
        lines.retain(|line| line.values.iter().flatten().next().is_some());
        lines.truncate(LINES_MAX);
        Chart {
            title,
            remark,
            lines,
            time,
            top,
            said,
            faults: &faults,
        }
    };
    let per_second: fn(f64) -> String = |rate| format!("{}/s", units::number(rate));
    let charts = [
        of_each(
            "Hit ratio of each level",
            "share of its look-ups",
            "levels.",
            ".hit_ratio",
            1.0,
            units::ratio,
        ),
        one(
            "Requests without origin work",
            "share of all",
            "hit_ratio",
            1.0,
            units::ratio,
        ),
        of_each(
            "Work of the origins",
            "begun in a second",
            "origins.",
            ".rate",
            0.0,
            per_second,
        ),
        one("Requests", "in a second", "requests", 0.0, per_second),
        one(
            "Latency",
            "of 99 in 100 requests, at most",
            "latency.p99",
            0.0,
            units::seconds,
        ),
        one(
            "Stampede",
            "most fills of one key at once",
            "stampede.peak",
            2.0,
            units::number,
        ),
        one(
            "Out of date",
            "share of the requests",
            "out_of_date",
            0.0,
            units::ratio,
        ),
        one(
            "Errors",
            "share of the requests",
            "errors",
            0.0,
            units::ratio,
        ),
    ];
    let drawn: String = charts
        .iter()
        .filter(|chart| !is_nothing(chart))
        .map(Chart::render)
        .collect();
    if drawn.is_empty() {
        return String::new();
    }
    let remark = if faults.is_empty() {
        ""
    } else {
        "the marks are what went wrong"
    };
    let page = view.page();
    format!(
        "{}<div class=\"charts\">\n{drawn}</div>\n",
        page.heading("Over time", remark)
    )
}

/// What never happened has no chart.
fn is_nothing(chart: &Chart<'_>) -> bool {
    let may_be = matches!(chart.title, "Errors" | "Out of date" | "Stampede");
    let mut values = chart.lines.iter().flat_map(|line| line.values).flatten();
    may_be && !values.any(|value| *value > 0.0)
}
