//! For people: what differs, in words, and a table of the levels.

use super::Names;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{text, units};
use crate::report::page::{Layout, Mark, Page, join};
use cachepolicy_sim::drift::{Drift, Finding, LevelDrift, Pair};

pub(super) fn render(drift: &Drift, names: Names<'_>, terminal: Terminal) -> String {
    let page = Page {
        terminal,
        layout: Layout::Lines,
    };
    join(
        Layout::Lines,
        [
            headline(drift, names, page),
            differences(drift, page),
            table(drift, page),
            routes(drift, page),
            notes(drift, page),
        ],
    )
}

fn headline(drift: &Drift, names: Names<'_>, page: Page) -> String {
    let Names { trace, metrics } = names;
    let title = format!("{}: {trace} beside {metrics}", drift.policy.name);
    let mut written = page.title(&text::tame(&title));
    let requests = units::plural(drift.trace.requests, "request", "requests");
    let lasted = units::seconds(drift.trace.duration);
    let drifted = drift.levels.values().filter(|it| !it.findings.is_empty());
    let (drifted, all) = (drifted.count(), drift.levels.len());
    let outcome = match (drifted, all) {
        (_, 0) => "The metrics have none of the policy's levels.".to_owned(),
        (0, 1) => "The level does what was predicted.".to_owned(),
        (0, all) => format!("All {all} levels do what was predicted."),
        (drifted, all) => {
            format!("{drifted} of {all} levels do something else than was predicted.")
        }
    };
    let sentence = format!("{requests} over {lasted}. {outcome}");
    written.push_str(&page.paragraph("  ", &sentence, Meaning::Plain));
    written
}

fn differences(drift: &Drift, page: Page) -> String {
    let mut points = String::new();
    for (name, level) in &drift.levels {
        for finding in &level.findings {
            points.push_str(&page.point(Mark::Look, &words(name, level, *finding)));
        }
    }
    for (route, staleness) in &drift.routes {
        if staleness.differs {
            points.push_str(&page.point(Mark::Look, &out_of_date(route, staleness)));
        }
    }
    for name in &drift.missing {
        let sentence = format!(
            "the trace asks level `{name}`, and the metrics do not have it: are they of this policy?"
        );
        points.push_str(&page.point(Mark::Look, &sentence));
    }
    if points.is_empty() {
        return points;
    }
    format!("{}{points}", page.heading("What differs", "beyond chance"))
}

/// What differs and what that may come of.
fn words(name: &str, level: &LevelDrift, finding: Finding) -> String {
    let share = |pair: &Pair| {
        let (actual, predicted) = both(pair, units::ratio);
        (actual, predicted, points(pair.tolerance))
    };
    let sentence = |pair: &Pair, what: &str, why: &str| {
        let (actual, predicted, tolerance) = share(pair);
        format!(
            "`{name}`: {actual} of its look-ups {what}, {predicted} ±{tolerance} were predicted: {why}"
        )
    };
    match finding {
        Finding::Lookups => {
            let (actual, predicted) = both(&level.lookups, |value| units::count(value as u64));
            format!(
                "`{name}` was asked {actual} times, {predicted} by the trace: the two are not of the same time, or \
                 something of it was not recorded; `--since` takes what was counted before the trace began"
            )
        }
        Finding::MoreHits => sentence(
            &level.hit_ratio,
            "were hits",
            "copies live longer than the policy says, or there were some before the trace began (`--warmup`)",
        ),
        Finding::FewerHits => sentence(
            &level.hit_ratio,
            "were hits",
            "copies leave earlier than the policy says: a store that evicts or was down, a restart, \
             invalidations that the trace does not have",
        ),
        Finding::Stale => sentence(
            &level.stale,
            "were served past the ttl",
            "refreshes in the background take another time than the policy's `cost`",
        ),
        Finding::Negative => sentence(
            &level.negative,
            "were served as absences",
            "what is absent is asked for otherwise than in the trace",
        ),
        Finding::Bypass => sentence(
            &level.bypass,
            "went past it",
            "a backend did not answer, or requests carry something that the trace does not tell",
        ),
        Finding::Waited => sentence(
            &level.waited,
            "waited for somebody else's fill",
            "fills take another time than the policy's `cost`",
        ),
        Finding::MoreFills | Finding::FewerFills => {
            let (actual, predicted, tolerance) = share(&level.fills);
            let why = if finding == Finding::MoreFills {
                "what was filled was not kept, or not for as long"
            } else {
                "fewer copies had to be made"
            };
            format!(
                "`{name}`: fills come to {actual} of its look-ups, to {predicted} ±{tolerance} as predicted: {why}"
            )
        }
        Finding::Stampede => {
            let (actual, predicted) =
                both(&level.stampede_peak, |value| units::count(value as u64));
            format!(
                "`{name}`: up to {actual} fills of one key at once, {predicted} were predicted: its `stampede` protection does otherwise, or fills take longer"
            )
        }
        Finding::Staleness => out_of_date(name, &level.staleness_p99),
    }
}

fn out_of_date(name: &str, staleness: &Pair) -> String {
    let (actual, predicted) = both(staleness, units::seconds);
    format!(
        "`{name}`: 99 of 100 answers were no more than {actual} out of date, {predicted} were predicted: deliveries take another time than the bus's `delay`"
    )
}

fn both(pair: &Pair, shown: fn(f64) -> String) -> (String, String) {
    (
        units::or_nothing(pair.actual, shown),
        units::or_nothing(pair.predicted, shown),
    )
}

/// A tolerance, in points of a hundred.
fn points(tolerance: f64) -> String {
    format!("{:.1}", tolerance * 100.0)
}

fn table(drift: &Drift, page: Page) -> String {
    if drift.levels.is_empty() {
        return String::new();
    }
    let columns = [
        Column::name("level"),
        Column::words("kind", 9),
        Column::figure("look-ups", 8),
        Column::figure("hits", 0),
        Column::figure("predicted", 0),
        Column::figure("±", 1),
        Column::figure("fills", 3),
        Column::figure("peak", 5),
        Column::figure("stale p99", 6),
    ];
    let rows: Vec<Vec<Field>> = drift
        .levels
        .iter()
        .map(|(name, it)| row(name, it))
        .collect();
    format!(
        "{}{}",
        page.heading(
            "Levels",
            "in brackets: as predicted; fills: of the look-ups"
        ),
        page.table(&columns, &rows)
    )
}

fn routes(drift: &Drift, page: Page) -> String {
    if drift.routes.is_empty() {
        return String::new();
    }
    let columns = [Column::name("route"), Column::figure("stale p99", 0)];
    let rows: Vec<Vec<Field>> = drift
        .routes
        .iter()
        .map(|(route, it)| vec![plain(route.as_str()), pair(it, units::seconds)])
        .collect();
    format!(
        "{}{}",
        page.heading("Routes", "how far out of date the answers were"),
        page.table(&columns, &rows)
    )
}

fn row(name: &str, level: &LevelDrift) -> Vec<Field> {
    let count = |value: f64| units::count(value as u64);
    let (hits, predicted) = both(&level.hit_ratio, units::ratio);
    vec![
        plain(name),
        plain(level.kind.as_str()),
        pair(&level.lookups, count),
        (hits, meaning(&level.hit_ratio)),
        plain(predicted),
        (points(level.hit_ratio.tolerance), Meaning::Faint),
        pair(&level.fills, units::ratio),
        pair(&level.stampede_peak, count),
        match level.staleness_p99.actual {
            Some(_) => pair(&level.staleness_p99, units::seconds),
            None => plain(""),
        },
    ]
}

/// `actual (predicted)`
fn pair(pair: &Pair, shown: fn(f64) -> String) -> Field {
    let (actual, predicted) = both(pair, shown);
    (format!("{actual} ({predicted})"), meaning(pair))
}

const fn meaning(pair: &Pair) -> Meaning {
    if pair.differs {
        Meaning::Warning
    } else {
        Meaning::Plain
    }
}

fn notes(drift: &Drift, page: Page) -> String {
    if drift.notes.is_empty() {
        return String::new();
    }
    let notes = drift.notes.iter().map(|note| page.point(Mark::Open, note));
    format!("{}{}", page.heading("Notes", ""), notes.collect::<String>())
}
