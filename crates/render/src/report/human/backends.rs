//! How full the backends got, and what had to leave them; the most pressed first.

use super::View;
use super::requests::alarm;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::units;
use crate::report::page::Mark;
use cachepolicy_core::policy::Capacity;
use cachepolicy_core::sorting;
use cachepolicy_sim::report::{BackendFigures, Yardstick, Yardsticks};

const COLUMNS: [Column; 10] = [
    Column::name("backend"),
    Column::figure("hit ratio", 1),
    Column::figure("instances", 6),
    Column::figure("copies peak", 2),
    Column::figure("bytes peak", 3),
    Column::figure("full", 0),
    Column::figure("evictions", 4),
    Column::figure("still fresh", 1),
    Column::figure("too large", 4),
    Column::words("variants of one copy", 5),
];

pub(super) fn render(view: &View<'_>) -> String {
    let mut backends: Vec<_> = view
        .report
        .backends
        .iter()
        .filter(|(_, figures)| figures.entries_peak > 0)
        .collect();
    if backends.is_empty() {
        return String::new();
    }
    sorting::by_key(&mut backends, |(_, figures)| {
        std::cmp::Reverse(figures.evicted_fresh)
    });
    let rows: Vec<_> = backends
        .into_iter()
        .map(|(name, figures)| row(view, name, figures))
        .collect();

    let evicted = view
        .report
        .backends
        .values()
        .any(|figures| figures.evictions > 0);
    let remark = if evicted {
        "still fresh: copies that left for want of room before their time"
    } else {
        "nothing had to leave for want of room"
    };
    let mut section = view.heading("Backends", remark);
    section.push_str(&view.table(&COLUMNS, &rows));
    for (name, figures) in &view.report.backends {
        if let Some(yardsticks) = &figures.yardsticks {
            section.push_str(&yardstick(view, name, figures.hit_ratio, yardsticks));
        }
    }
    section
}

fn row(view: &View<'_>, name: &str, figures: &BackendFigures) -> Vec<Field> {
    let some = |count: u64| {
        plain(if count == 0 {
            String::new()
        } else {
            units::count(count)
        })
    };
    let full = fullness(view, name, figures);
    let pressed = figures.evicted_fresh > 0;
    vec![
        plain(name),
        plain(view.ratio(figures.hit_ratio, &["backends", name, "hit_ratio"])),
        plain(if figures.instances == 1 {
            String::new()
        } else {
            units::count(figures.instances)
        }),
        plain(units::count(figures.entries_peak)),
        plain(units::bytes(figures.bytes_peak as f64)),
        plain(full.map_or_else(String::new, units::ratio)),
        some(figures.evictions),
        (
            if figures.evictions == 0 {
                String::new()
            } else {
                units::count(figures.evicted_fresh)
            },
            if pressed {
                Meaning::Warning
            } else {
                Meaning::Plain
            },
        ),
        alarm(figures.too_large),
        plain(variants(figures)),
    ]
}

/// How far the backend is from what is possible.
fn yardstick(view: &View<'_>, name: &str, own: Option<f64>, yardsticks: &Yardsticks) -> String {
    let of = |yardstick: &Yardstick| units::or_nothing(yardstick.hit_ratio, units::ratio);
    let sentence = format!(
        "`{name}` hits {}; with room for everything it would hit {}, and with its capacity, \
         knowing the future, {} (worked out in {})",
        units::or_nothing(own, units::ratio),
        of(&yardsticks.unbounded),
        of(&yardsticks.clairvoyant),
        units::bytes(yardsticks.memory as f64)
    );
    view.point(Mark::Open, &sentence)
}

/// The peak's share of what all instances hold together.
fn fullness(view: &View<'_>, name: &str, figures: &BackendFigures) -> Option<f64> {
    let backend = view
        .policy
        .backends
        .iter()
        .find(|backend| backend.name == name)?;
    let (peak, capacity) = match backend.capacity? {
        Capacity::Bytes(bytes) => (figures.bytes_peak, bytes.0),
        Capacity::Entries(entries) => (figures.entries_peak, entries),
    };
    let sampled = view.report.sampled.as_ref();
    let share = sampled.map_or(1.0, |sampled| sampled.rate);
    let capacity = capacity as f64 * share * figures.instances.max(1) as f64;
    (capacity > 0.0).then(|| peak as f64 / capacity)
}

/// `homepage 3, article_page 4.2`: levels with more than one variant, the most first.
fn variants(figures: &BackendFigures) -> String {
    let mut families: Vec<_> = figures
        .families
        .iter()
        .filter_map(|(level, family)| family.variants.map(|variants| (level, variants)))
        .filter(|(_, variants)| *variants > 1.0)
        .collect();
    sorting::by(&mut families, |(_, a), (_, b)| b.total_cmp(a));
    let shown: Vec<_> = families
        .iter()
        .take(3)
        .map(|(level, variants)| format!("{level} {}", units::number(*variants)))
        .collect();
    shown.join(", ")
}
