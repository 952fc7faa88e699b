//! The claims: missed first, each with its figure, its limit and where to look.

use super::{View, hints};
use crate::output::colour::Meaning;
use crate::output::table::{Column, plain};
use crate::output::{text, units};
use crate::report::page::{Layout, Mark};
use cachepolicy_core::expectation::{Claim, Comparison, Expectation};
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::ExpectationResult;

pub(super) fn render(view: &View<'_>) -> String {
    let results = &view.report.expectations;
    let of = |held: Option<bool>| results.iter().filter(move |result| result.held == held);
    let (missed, held, open) = (of(Some(false)), of(Some(true)), of(None));
    let counts = [
        (missed.clone().count(), "missed"),
        (held.clone().count(), "held"),
        (open.clone().count(), "not decided"),
    ];
    if results.is_empty() {
        return String::new();
    }
    let remark: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let mut remark = remark.join(" · ");
    if let Some(all) = view.seeds {
        let seeds = units::plural(all.seeds.len() as u64, "seed", "seeds");
        remark.push_str(&format!(": the worst of {seeds} (held in how many)"));
    }
    let mut text = view.heading("Expectations", &remark);
    if view.layout != Layout::Lines {
        let sorted = missed.chain(held).chain(open);
        text.push_str(&markdown(view, sorted));
        return text;
    }
    let columns = Columns::of(view, results);
    for result in missed {
        text.push_str(&line(view, result, Mark::Fails, columns));
        if !columns.place {
            text.push_str(&view.paragraph("    ", &place(result), Meaning::Faint));
        }
        if let Some(hint) = hints::of(view, result) {
            text.push_str(&view.paragraph("    → ", &hint.sentence, Meaning::Plain));
        }
    }
    for result in held {
        text.push_str(&line(view, result, Mark::Holds, columns));
    }
    for result in open {
        text.push_str(&line(view, result, Mark::Open, columns));
    }
    text
}

/// Widths of what stands in a line, the same for all lines.
#[derive(Clone, Copy)]
struct Columns {
    claim: usize,
    figure: usize,
    place: bool,
}

impl Columns {
    fn of(view: &View<'_>, results: &[ExpectationResult]) -> Self {
        let widest = |of: &dyn Fn(&ExpectationResult) -> String| {
            results
                .iter()
                .map(|result| text::width(&of(result)))
                .max()
                .unwrap_or(0)
        };
        let figure = widest(&|result| figure(view, result));
        let claim = widest(&|result| text::tame(&result.claim));
        let tail = widest(&place) + 2;
        let room = view.terminal.width.saturating_sub(4 + figure + 2);
        let place = claim + tail <= room;
        Self {
            claim: claim.min(if place { room - tail } else { room }),
            figure,
            place,
        }
    }
}

const COLUMNS: [Column; 5] = [
    Column::name("claim"),
    Column::words("", 0),
    Column::figure("figure", 0),
    Column::words("where", 0),
    Column::words("look at", 1),
];

/// As a table, since Markdown has no columns otherwise.
fn markdown<'a>(view: &View<'_>, results: impl Iterator<Item = &'a ExpectationResult>) -> String {
    let rows: Vec<_> = results
        .map(|result| {
            let (mark, hint) = match result.held {
                Some(false) => (Mark::Fails, hints::of(view, result)),
                Some(true) => (Mark::Holds, None),
                None => (Mark::Open, None),
            };
            vec![
                plain(result.claim.clone()),
                (mark.sign().to_owned(), mark.meaning()),
                plain(figure(view, result)),
                plain(place(result)),
                plain(hint.map(|hint| hint.sentence).unwrap_or_default()),
            ]
        })
        .collect();
    view.table(&COLUMNS, &rows)
}

fn place(result: &ExpectationResult) -> String {
    format!("{}:{}", result.file, result.line)
}

/// `✗ hit_ratio(GET "/") >= 80%   74.2%   news.cachepolicy:139`, the place if there is room.
fn line(view: &View<'_>, result: &ExpectationResult, mark: Mark, columns: Columns) -> String {
    let paint = view.paint();
    let (claim_meaning, figure_meaning) = match mark {
        Mark::Open => (Meaning::Faint, Meaning::Faint),
        Mark::Fails | Mark::Look | Mark::Holds => (Meaning::Plain, mark.meaning()),
    };
    let claim = text::shorten(&text::tame(&result.claim), columns.claim);
    let figure = figure(view, result);
    let gap = columns.claim + columns.figure + 2 - text::width(&claim) - text::width(&figure);
    let place = if columns.place {
        format!("  {}", paint.text(Meaning::Faint, &place(result)))
    } else {
        String::new()
    };
    format!(
        "  {} {}{}{}{place}\n",
        paint.text(mark.meaning(), mark.sign()),
        paint.text(claim_meaning, &claim),
        " ".repeat(gap),
        paint.text(figure_meaning, &figure)
    )
}

fn figure(view: &View<'_>, result: &ExpectationResult) -> String {
    let claim = expectation(view, result).map(|expectation| &expectation.claim);
    in_words(result, claim, held_in(view.seeds, result))
}

/// In how many of how many seeds a claim held, if there are several and it was decided.
pub fn held_in(seeds: Option<&Aggregate>, result: &ExpectationResult) -> Option<(u64, usize)> {
    let all = seeds.filter(|all| all.seeds.len() > 1)?;
    let mut claims = all.report.expectations.iter();
    let claim = all.claims.get(claims.position(|it| it.id == result.id)?)?;
    (claim.held + claim.missed > 0).then_some((claim.held, all.seeds.len()))
}

/// `74.2%`, `74.2% (3 of 10)`: a claim's figure in its unit.
pub fn in_words(
    result: &ExpectationResult,
    claim: Option<&Claim>,
    held_in: Option<(u64, usize)>,
) -> String {
    let figure = match (result.figure, result.held) {
        (Some(value), _) => shown(value, result, claim),
        // A bound that is infinite is no number.
        (None, Some(_)) if result.kind != "measure" => "no limit".to_owned(),
        (None, Some(_)) => units::NOTHING.to_owned(),
        (None, None) => "no data".to_owned(),
    };
    match held_in {
        Some((held, seeds)) => format!("{figure} ({held} of {seeds})"),
        None => figure,
    }
}

/// A figure in its unit; one more digit where it would look like the limit that it misses.
fn shown(value: f64, result: &ExpectationResult, claim: Option<&Claim>) -> String {
    let text = match result.kind.as_str() {
        "measure" => in_unit(value, &result.unit),
        _ if result.unit == "seconds" => units::at_most(value),
        _ => in_unit(value, &result.unit),
    };
    let same = result
        .limit
        .is_some_and(|limit| in_unit(limit, &result.unit) == text && limit != value);
    if !same || result.held == Some(true) {
        return text;
    }
    let above = match claim {
        Some(Claim::Figure {
            comparison: Comparison::AtLeast | Comparison::Greater,
            ..
        }) => "just below",
        _ => "just above",
    };
    format!("{above} {text}")
}

/// The claim as compiled.
pub(super) fn expectation<'a>(
    view: &View<'a>,
    result: &ExpectationResult,
) -> Option<&'a Expectation> {
    view.policy
        .expectations
        .iter()
        .find(|expectation| expectation.id == result.id)
}

/// A figure in the unit that the report names.
pub fn in_unit(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => units::ratio(value),
        "seconds" => units::seconds(value),
        "per-second" => units::rate(value),
        "bytes" => units::bytes(value),
        _ => units::number(value),
    }
}
