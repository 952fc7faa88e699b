//! A curve for people: what it comes to at the present capacity, a chart, a table.

use super::chart;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use crate::report::page::{Layout, Mark, Page, join};
use cachepolicy_core::policy::Evict;
use cachepolicy_sim::curve::{Curve, EvictionCurve, Point};

const CLAIRVOYANT: &str = "clairvoyant";

pub(super) fn render(curve: &Curve, input: &str, terminal: Terminal) -> String {
    let page = Page {
        terminal,
        layout: Layout::Lines,
    };
    let unit = |capacity: u64| amount(curve, capacity);
    let drawn = chart::render(curve, terminal.width, terminal.paint, &unit);
    let drawn = if drawn.is_empty() {
        drawn
    } else {
        format!("{}{drawn}", page.heading("Miss ratio against capacity", ""))
    };
    join(
        Layout::Lines,
        [
            headline(curve, input, page),
            drawn,
            table(curve, page),
            notes(curve, page),
        ],
    )
}

/// A capacity as people read it.
fn amount(curve: &Curve, capacity: u64) -> String {
    if curve.unit == "bytes" {
        units::bytes(capacity as f64)
    } else {
        units::count(capacity)
    }
}

fn headline(curve: &Curve, input: &str, page: Page) -> String {
    let title = format!("{} of {} on {input}", curve.backend, curve.policy.name);
    let mut text = page.title(&text::tame(&title));
    text.push_str(&page.paragraph("  ", &replayed(curve), Meaning::Faint));
    text.push_str(&page.paragraph("  ", &outcome(curve), Meaning::Plain));
    text
}

fn replayed(curve: &Curve) -> String {
    let mut sentence = units::plural(curve.trace.requests, "request", "requests");
    if curve.trace.writes > 0 {
        let writes = units::plural(curve.trace.writes, "write", "writes");
        sentence.push_str(&format!(" and {writes}"));
    }
    if let Some(sample) = &curve.sample {
        let (one, many) = match sample.unit.as_str() {
            "path" => ("path", "paths"),
            _ => ("key", "keys"),
        };
        sentence.push_str(&format!(
            ", of which {} of the {many} were replayed ({} of {})",
            percent(sample.rate),
            units::plural(sample.requests, "request", "requests"),
            units::plural(sample.keys, one, many),
        ));
    }
    let footprint = &curve.footprint;
    sentence.push_str(&format!(
        "; there are {} to hold, {}",
        units::plural(footprint.entries, "copy", "copies"),
        units::bytes(footprint.bytes as f64),
    ));
    if curve.instances > 1 {
        sentence.push_str(&format!(
            " in each of {} instances",
            units::count(curve.instances)
        ));
    }
    sentence
}

/// A share that can be small.
fn percent(share: f64) -> String {
    format!("{}%", units::number(share * 100.0))
}

fn outcome(curve: &Curve) -> String {
    let unbounded = curve
        .unbounded
        .miss_ratio
        .map(|ratio| format!("room for everything would miss {}", units::ratio(ratio)));
    let Some(present) = curve.capacity else {
        let sentence = unbounded.unwrap_or_default();
        return format!(
            "The policy gives it no limit in {}: {sentence}.",
            curve.unit
        );
    };
    let at = |one: &EvictionCurve| {
        let points = one.points.iter();
        let mut here = points.filter(|point| point.capacity == Some(present));
        here.next().and_then(|point| point.miss_ratio)
    };
    let named = |name: &str| curve.curves.iter().find(|one| one.evict == name);
    let own = named(&curve.evict).and_then(at);
    let known: Vec<String> = [
        named(CLAIRVOYANT).and_then(at).map(|ratio| {
            let misses = if own.is_some() { "" } else { "it would miss " };
            format!("knowing the future, {misses}{}", units::ratio(ratio))
        }),
        unbounded,
    ]
    .into_iter()
    .flatten()
    .collect();
    match own {
        Some(own) => format!(
            "At the policy's {}, `{}` misses {}; {}.",
            amount(curve, present),
            curve.evict,
            units::ratio(own),
            known.join(", and ")
        ),
        None => format!(
            "The policy's own capacity is {}; {}.",
            amount(curve, present),
            known.join(", and ")
        ),
    }
}

/// Curves in a table at most; the others are in the CSV and the JSON.
const CURVES_MAX: usize = 14;

fn table(curve: &Curve, page: Page) -> String {
    let mut columns = vec![Column::name("capacity"), Column::figure("of all", 100)];
    let shown: Vec<&EvictionCurve> = curve.curves.iter().take(CURVES_MAX).collect();
    for (index, one) in shown.iter().enumerate() {
        // The last ones leave first; the clairvoyant stays with the first.
        let leaves = if one.evict == CLAIRVOYANT {
            1
        } else {
            index as u8
        };
        columns.push(Column::figure(title(&one.evict), leaves));
    }
    columns.push(Column::figure("requests from copies", 50));
    columns.push(Column::words("", 0));
    let first = shown.first().map_or(&[][..], |one| one.points.as_slice());
    let mut rows: Vec<Vec<Field>> = Vec::new();
    for (place, point) in first.iter().enumerate() {
        let capacity = point.capacity.unwrap_or(0);
        let points = shown.iter().map(|one| one.points.get(place).copied());
        rows.push(row(
            curve,
            plain(amount(curve, capacity)),
            points.map(Option::unwrap_or_default),
            point,
        ));
    }
    let everything = shown.iter().map(|_| curve.unbounded);
    rows.push(row(
        curve,
        (EVERYTHING.to_owned(), Meaning::Faint),
        everything,
        &curve.unbounded,
    ));
    let remark = match &curve.sample {
        Some(sample) => format!(
            "share of the look-ups; ± is half of an interval of {:.0}% confidence{}",
            sample.confidence * 100.0,
            if is_rough(curve) { ", ~ is rough" } else { "" }
        ),
        None => "share of the look-ups".to_owned(),
    };
    format!(
        "{}{}",
        page.heading("Misses", &remark),
        page.table(&columns, &rows)
    )
}

const EVERYTHING: &str = "everything";

fn is_rough(curve: &Curve) -> bool {
    let mut points = curve.curves.iter().flat_map(|one| &one.points);
    points.any(|point| point.rough)
}

fn row(
    curve: &Curve,
    name: Field,
    points: impl Iterator<Item = Point>,
    first: &Point,
) -> Vec<Field> {
    let extent = chart::extent(curve);
    let share = first
        .capacity
        .map(|at| match at as f64 / extent.max(1) as f64 {
            share if share > 1.0 => ">100%".to_owned(),
            share => units::ratio(share),
        });
    let is_present = first.capacity.is_some() && first.capacity == curve.capacity;
    let mut fields = vec![name, plain(share.unwrap_or_default())];
    fields.extend(points.map(|point| {
        let meaning = if is_present {
            Meaning::Strong
        } else {
            Meaning::Plain
        };
        (ratio(&point), meaning)
    }));
    // Of several policies' requests it would not be clear whose they are.
    let requests = first.request_hit_ratio.filter(|_| curve.curves.len() <= 2);
    let requests = requests.map_or_else(String::new, units::ratio);
    fields.push(plain(requests));
    let mark = if is_present { "← the policy's" } else { "" };
    fields.push((mark.to_owned(), Meaning::Strong));
    fields
}

/// A miss ratio, with half of its interval where it has one.
fn ratio(point: &Point) -> String {
    let shown = units::or_nothing(point.miss_ratio, units::ratio);
    match (point.low, point.high) {
        (Some(low), Some(high)) => {
            let half = (high - low) * 50.0;
            let half = if half < 0.05 {
                "<0.1".to_owned()
            } else {
                format!("{half:.1}")
            };
            let sign = if point.rough { "~" } else { "" };
            format!("{sign}{shown} ±{half}")
        }
        _ => shown,
    }
}

/// A column's title is one of few.
fn title(name: &str) -> &'static str {
    let known = Evict::ALL.iter().find(|(own, _)| *own == name);
    known.map_or(CLAIRVOYANT, |(own, _)| own)
}

fn notes(curve: &Curve, page: Page) -> String {
    let memory = format!(
        "what was replayed and the look into the future took {} of memory",
        units::bytes(curve.memory as f64)
    );
    let notes = curve.notes.iter().chain([&memory]);
    let points: String = notes
        .map(|note| page.point(Mark::Open, &text::tame(note)))
        .collect();
    format!("{}{points}", page.heading("To be known", ""))
}
