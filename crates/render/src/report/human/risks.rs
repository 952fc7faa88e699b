//! The keys whose expiry would meet the most fills at the same time, worst first, and what to do.

use super::View;
use crate::coalesced;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use crate::report::page::Mark;
use cachepolicy_analysis::Lease;
use cachepolicy_core::Level;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;
use cachepolicy_sim::report::RiskFigures;
use std::collections::BTreeSet;

/// Columns for a key, more where they would look the same; the JSON has all of it.
const KEY_WIDTHS: [usize; 3] = [32, 44, 60];

/// More would be a list; the JSON has ten of each level.
const KEYS_MAX: usize = 8;

/// Levels for which it is said what to do.
const ADVICE_MAX: usize = 3;

/// Keys that are less likely to meet two fills, even without protection, are not worth a row.
const WORTH_A_ROW: f64 = 0.05;

/// What remains with the protection and is worth a sentence.
const WORTH_A_SENTENCE: f64 = 0.05;

const COLUMNS: [Column; 8] = [
    Column::name("key"),
    Column::figure("risk", 0),
    Column::figure("bare", 0),
    Column::figure("fills", 3),
    Column::figure("bare fills", 3),
    Column::figure("look-ups", 4),
    Column::figure("fill takes", 5),
    Column::words("worst seen", 2),
];

type Row<'a> = (&'a str, &'a RiskFigures);

pub(super) fn render(view: &View<'_>) -> String {
    let levels = view.report.levels.iter();
    let mut keys: Vec<Row<'_>> = levels
        .flat_map(|(name, figures)| figures.risk.iter().map(move |risk| (name.as_str(), risk)))
        .filter(|(_, risk)| risk.probability_unprotected >= WORTH_A_ROW)
        .collect();
    if keys.is_empty() {
        return String::new();
    }
    sorting::by(&mut keys, |(_, a), (_, b)| {
        let bare = b
            .concurrent_unprotected
            .total_cmp(&a.concurrent_unprotected);
        b.concurrent.total_cmp(&a.concurrent).then(bare)
    });
    keys.truncate(KEYS_MAX);
    let width = key_width(&keys);
    let rows: Vec<_> = keys.iter().map(|(_, risk)| row(risk, width)).collect();
    let mut section = view.heading(
        "Keys to look at first",
        "risk: of two fills at once; fills: until none runs; bare: without protection",
    );
    section.push_str(&view.table(&COLUMNS, &rows));
    for (name, risk) in worst_of_each_level(&keys) {
        if let Some(sentence) = view.level(name).and_then(|level| advice(view, level, risk)) {
            section.push_str(&view.point(Mark::Look, &sentence));
        }
    }
    section
}

/// The least width at which different keys look different, as far as there is one.
fn key_width(keys: &[Row<'_>]) -> usize {
    let mut names: Vec<String> = keys.iter().map(|(_, risk)| text::tame(&risk.key)).collect();
    names.sort();
    names.dedup();
    let tells = |width: usize| {
        let shown = names.iter().map(|name| text::shorten_middle(name, width));
        shown.collect::<BTreeSet<_>>().len() == names.len()
    };
    let [.., widest] = KEY_WIDTHS;
    let mut widths = KEY_WIDTHS.into_iter();
    widths.find(|width| tells(*width)).unwrap_or(widest)
}

fn row(risk: &RiskFigures, width: usize) -> Vec<Field> {
    let remains = if risk.probability >= WORTH_A_SENTENCE {
        Meaning::Warning
    } else {
        Meaning::Good
    };
    let worst = &risk.worst;
    let key = text::tame(&risk.key);
    vec![
        plain(text::shorten_middle(&key, width)),
        (units::ratio(risk.probability), remains),
        plain(units::ratio(risk.probability_unprotected)),
        plain(units::number(risk.concurrent)),
        plain(units::number(risk.concurrent_unprotected)),
        plain(units::rate(risk.arrival_rate)),
        plain(units::seconds(risk.fill_time)),
        plain(format!("{} after {}", worst.concurrent, worst.cause)),
    ]
}

/// The worst key of each level, where something is left to be done about it.
fn worst_of_each_level<'a>(keys: &[Row<'a>]) -> Vec<Row<'a>> {
    let mut worst: Vec<Row<'a>> = Vec::new();
    for &(name, risk) in keys {
        if risk.probability >= WORTH_A_SENTENCE && worst.iter().all(|(known, _)| *known != name) {
            worst.push((name, risk));
        }
    }
    worst.truncate(ADVICE_MAX);
    worst
}

fn advice(view: &View<'_>, level: &Level, risk: &RiskFigures) -> Option<String> {
    let fill = Duration::from_secs_f64(risk.fill_time);
    let took = units::seconds(risk.fill_time);
    let id = view.level_id(level);
    let advised = Lease::of(view.policy, id).source();
    let longer = Lease::of_measured(view.policy, id, risk.fill_time);
    let (lease, wait) = (units::literal(longer.expires), units::literal(longer.wait));
    let what = match level.rules.stampede {
        Stampede::None => format!(
            "`{}` has no protection: `{advised}` lets one fill through, which takes {took}",
            level.name
        ),
        Stampede::Coalesce if coalesced::has_lease_for_all(view.policy, level) => format!(
            "`{}` lets one fill in {} through: `{advised}` lets one in all",
            level.name,
            coalesced::places(view.policy, level)?
        ),
        Stampede::Lock { expires, .. } | Stampede::Lease { expires, .. } if expires < fill => {
            format!(
                "fills of `{}` take {took} and outlast its protection of {}: {lease} would do",
                level.name,
                units::literal(expires)
            )
        }
        Stampede::Lock { wait: patience, .. } | Stampede::Lease { wait: patience, .. }
            if patience < fill =>
        {
            format!(
                "fills of `{}` take {took}, others wait {} and fill too: `wait {wait}`, or `stale-if-error`, which gives them the old copy",
                level.name,
                units::literal(patience)
            )
        }
        Stampede::Lock { .. } | Stampede::Lease { .. } => format!(
            "some fills of `{}` outlast its protection, although {took} is what they take on average: look at what makes them slow",
            level.name
        ),
        Stampede::Coalesce => return None,
    };
    Some(format!("{what} ({})", view.policy.at(level.place)))
}
