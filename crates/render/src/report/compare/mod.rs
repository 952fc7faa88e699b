//! Several policies side by side, for people: what differs first, then what does not.

mod alike;
mod change;
mod claims;
mod headline;
mod only;
mod rows;

use super::page::{Layout, Mark, Page, join};
use crate::output::Terminal;
use crate::output::text;
use cachepolicy_sim::compare::{Comparison, Group, Place, edge_name};

/// The whole report. `input`: on what, as the user named it; `notes`: what is to be known of it.
/// Sections that have nothing to say are left out.
pub fn render(
    comparison: &Comparison,
    input: &str,
    notes: &[String],
    terminal: Terminal,
    layout: Layout,
) -> String {
    let page = Page { terminal, layout };
    let view = View {
        comparison,
        input,
        titles: titles(comparison, page),
        page,
    };
    let sections = [
        headline::render(&view),
        claims::render(&view),
        rows::render(&view),
        only::render(&view),
        alike::render(&view),
        to_be_known(&view, notes),
    ];
    join(layout, sections)
}

/// A comparison and how it is shown.
struct View<'a> {
    comparison: &'a Comparison,
    input: &'a str,
    /// Above the columns, one for each policy.
    titles: Vec<String>,
    page: Page,
}

impl View<'_> {
    /// How many policies there are.
    fn policies(&self) -> usize {
        self.comparison.policies.len()
    }

    /// A mark, its title or name, of the policies for which something is so: `a`, `b` and `c`.
    fn named(&self, which: impl Fn(usize) -> bool) -> String {
        let names: Vec<_> = (0..self.policies())
            .filter(|index| which(*index))
            .filter_map(|index| self.titles.get(index))
            .map(|title| format!("`{title}`"))
            .collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => String::new(),
        }
    }

    /// Do all policies have what a figure is about?
    fn is_everywhere(&self, place: &Place) -> bool {
        let Some(subject) = &place.subject else {
            return true;
        };
        self.comparison.policies.iter().all(|policy| {
            let report = policy.did.report();
            match place.group {
                Group::Routes => report.routes.contains_key(subject),
                Group::Levels => report.levels.contains_key(subject),
                Group::Backends => report.backends.contains_key(subject),
                Group::Origins => report.origins.contains_key(subject),
                Group::Dimensions => report.dimensions.contains_key(subject),
                // The other rows of that name are numbered.
                Group::Invalidation => report
                    .invalidation
                    .iter()
                    .any(|it| subject.starts_with(&edge_name(it))),
                Group::Requests | Group::Recovery => true,
            }
        })
    }
}

/// Columns that a figure's name takes, and room for the figures of each policy.
const NAMES: usize = 40;

/// Wider titles are no titles.
const TITLE_MAX: usize = 30;

/// The policies' labels where there is room for all of them, else letters.
fn titles(comparison: &Comparison, page: Page) -> Vec<String> {
    let labels = || {
        comparison
            .policies
            .iter()
            .map(|policy| text::tame(&policy.label))
    };
    let count = comparison.policies.len().max(1);
    let room = match page.layout {
        Layout::Markdown | Layout::Html => TITLE_MAX,
        Layout::Lines => page.terminal.width.saturating_sub(NAMES) / (2 * count),
    };
    if labels().all(|label| text::width(&label) <= room) {
        return labels().collect();
    }
    let letters = ('A'..='Z').map(|letter| letter.to_string());
    letters.take(comparison.policies.len()).collect()
}

/// How far the figures can be trusted: what all reports note, and what only some do.
fn to_be_known(view: &View<'_>, notes: &[String]) -> String {
    let mut points = String::new();
    for note in notes {
        points.push_str(&view.page.point(Mark::Look, &text::tame(note)));
    }
    let mut told: Vec<&String> = Vec::new();
    let reports = || view.comparison.policies.iter().map(|it| it.did.report());
    for note in reports().flat_map(|report| &report.notes) {
        if told.contains(&note) {
            continue;
        }
        told.push(note);
        let has: Vec<bool> = reports()
            .map(|report| report.notes.contains(note))
            .collect();
        let of = |index: usize| has.get(index) == Some(&true);
        let sentence = if has.contains(&false) {
            format!("{}: {}", view.named(of), text::tame(note))
        } else {
            text::tame(note)
        };
        points.push_str(&view.page.point(Mark::Open, &sentence));
    }
    if points.is_empty() {
        return String::new();
    }
    format!("{}{points}", view.page.heading("To be known", ""))
}
