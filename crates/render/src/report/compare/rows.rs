//! The figures that differ, a row each, the most important first.

use super::{View, change};
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, INDENT, plain};
use crate::output::{text, units};
use crate::report::page::Layout;
use cachepolicy_sim::compare::{Difference, Group};
use cachepolicy_sim::report::RecoveryOutcome;

/// Figures that are less far apart are told in a sentence.
const APART_LEAST: f64 = 0.01;

/// Rows of the first table, and of each of the others; the JSON has all.
const ROWS_MAX: [usize; 2] = [16, 24];

/// Rows about one route, level or backend.
const ROWS_EACH: usize = 5;

/// Least columns for the name of a route or level.
const NAME_LEAST: usize = 8;

/// In which table a difference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Everybody,
    Routes,
    Levels,
    Backends,
}

pub(super) fn render(view: &View<'_>) -> String {
    let shown = || {
        let differences = view.comparison.differences.iter();
        differences.filter(|it| standing(view, it) == Standing::Differs)
    };
    let of = |table: Table| shown().filter(move |it| table_of(it) == table);
    let first: Vec<_> = of(Table::Everybody).collect();
    let mut section = String::new();
    if !first.is_empty() {
        let remark = match view.comparison.seeds {
            Some(_) => "change: against the first; pp: percentage points; ~: may be chance",
            None => "change: against the first; pp: percentage points",
        };
        section.push_str(&view.page.heading("What differs", remark));
        section.push_str(&tables(view, &first, ROWS_MAX[0]));
    }
    let tables_of_parts = [
        (Table::Routes, "Routes"),
        (Table::Levels, "Levels"),
        (Table::Backends, "Backends and invalidations"),
    ];
    for (table, title) in tables_of_parts {
        let rows = by_subject(of(table).collect());
        if rows.is_empty() {
            continue;
        }
        if !section.is_empty() {
            section.push('\n');
        }
        let content = tables(view, &rows, ROWS_MAX[1]);
        section.push_str(&view.page.folded(title, "", &content));
    }
    section
}

/// What a reader wants to know first stands together; the rest by what it is about.
fn table_of(difference: &Difference) -> Table {
    let place = &difference.place;
    match place.group {
        Group::Requests | Group::Origins | Group::Recovery => Table::Everybody,
        Group::Levels if matches!(place.figure.as_str(), "stampede.peak" | "leaks") => {
            Table::Everybody
        }
        Group::Levels => Table::Levels,
        Group::Routes => Table::Routes,
        Group::Backends | Group::Invalidation | Group::Dimensions => Table::Backends,
    }
}

/// How a difference is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In a table.
    Differs,
    /// In a sentence: it may be chance.
    Chance,
    /// In a sentence: hardly anything.
    Hardly,
    /// Not here: people have no name for it, or what it is about is not in all policies.
    Elsewhere,
}

/// Is a difference worth a row?
pub(super) fn standing(view: &View<'_>, difference: &Difference) -> Standing {
    let only_route = difference.place.group == Group::Routes && routes(view) < 2;
    if difference.known.words.is_none() || only_route || !view.is_everywhere(&difference.place) {
        return Standing::Elsewhere;
    }
    let by_chance = |index: usize| {
        let change = difference.changes.get(index);
        change.is_some_and(|change| change.beyond_chance == Some(false))
    };
    let others = 0..difference.changes.len();
    let far = |index: usize| {
        let change = difference.changes.get(index);
        let apart = change.is_some_and(|change| change.apart >= APART_LEAST);
        difference.known.always || (apart && looks_different(view, difference, index + 1))
    };
    let changed = |index: &usize| {
        let values = &difference.values;
        values.get(*index + 1) != values.first()
    };
    let mut moved = others.clone().filter(changed).peekable();
    if moved.peek().is_none() {
        return Standing::Hardly;
    }
    if moved.clone().any(|index| !by_chance(index) && far(index)) {
        Standing::Differs
    } else if moved.any(by_chance) {
        Standing::Chance
    } else {
        Standing::Hardly
    }
}

fn routes(view: &View<'_>) -> usize {
    let reports = view.comparison.policies.iter().map(|it| it.did.report());
    let counts = reports.map(|report| report.routes.values().filter(|it| it.count > 0).count());
    counts.max().unwrap_or(0)
}

/// Figures that read the same would make a strange row.
fn looks_different(view: &View<'_>, difference: &Difference, index: usize) -> bool {
    value(view, difference, index) != value(view, difference, 0)
}

/// Rows about the same stand together, in the order of the first of them.
fn by_subject(differences: Vec<&Difference>) -> Vec<&Difference> {
    let mut subjects: Vec<(&Option<String>, Vec<&Difference>)> = Vec::new();
    for difference in differences {
        let subject = &difference.place.subject;
        match subjects.iter_mut().find(|(it, _)| *it == subject) {
            Some((_, rows)) if rows.len() < ROWS_EACH => rows.push(difference),
            Some(_) => {}
            None => subjects.push((subject, vec![difference])),
        }
    }
    subjects.into_iter().flat_map(|(_, rows)| rows).collect()
}

/// One table where all policies fit side by side, else several, each with the first policy.
fn tables(view: &View<'_>, differences: &[&Difference], most: usize) -> String {
    let rows = differences.get(..most).unwrap_or(differences);
    let others: Vec<usize> = (1..view.policies()).collect();
    let mut section = String::new();
    for (index, (some, changes)) in side_by_side(view, rows, &others).into_iter().enumerate() {
        if index > 0 {
            section.push('\n');
        }
        section.push_str(&table(view, rows, &some, changes));
    }
    if differences.len() > most {
        let more = format!(
            "and {} more, which matter less: `--format json` has all",
            differences.len() - most
        );
        section.push_str(&view.page.paragraph("  ", &more, Meaning::Faint));
    }
    section
}

/// Which policies stand in which table, and whether there is room for the changes.
fn side_by_side(
    view: &View<'_>,
    rows: &[&Difference],
    others: &[usize],
) -> Vec<(Vec<usize>, bool)> {
    let fits = |some: &[usize], changes: bool| {
        view.page.layout != Layout::Lines
            || width(view, rows, some, changes) <= view.page.terminal.width
    };
    if let Some(changes) = [true, false].into_iter().find(|it| fits(others, *it)) {
        return vec![(others.to_vec(), changes)];
    }
    let mut tables: Vec<Vec<usize>> = Vec::new();
    for &other in others {
        let longer = tables
            .last()
            .map(|some| [some.as_slice(), &[other]].concat());
        match (
            longer.filter(|longer| fits(longer, false)),
            tables.last_mut(),
        ) {
            (Some(longer), Some(last)) => *last = longer,
            _ => tables.push(vec![other]),
        }
    }
    tables.into_iter().map(|some| (some, false)).collect()
}

/// Columns that a table takes at least.
fn width(view: &View<'_>, rows: &[&Difference], others: &[usize], changes: bool) -> usize {
    let fields = fields(view, rows, others, changes);
    let columns = columns(view, others, changes);
    let of = |index: usize, column: &Column<'_>| {
        let cells = fields.iter().filter_map(|row| row.get(index));
        let widest = cells.map(|(cell, _)| text::width(cell)).max().unwrap_or(0);
        match index {
            0 => widest.min(NAME_LEAST.max(view.page.terminal.width / 6)),
            _ => widest.max(text::width(column.title)),
        }
    };
    let all = columns.iter().enumerate();
    INDENT
        + all
            .map(|(index, column)| of(index, column) + 2)
            .sum::<usize>()
        - 2
}

fn columns<'v>(view: &'v View<'_>, others: &[usize], changes: bool) -> Vec<Column<'v>> {
    let mut columns = vec![Column::name(""), Column::words("", 0)];
    let title = |index: usize| view.titles.get(index).map_or("", String::as_str);
    columns.push(Column::figure(title(0), 0));
    for &other in others {
        columns.push(Column::figure(title(other), 0));
        if changes {
            columns.push(Column::figure("change", 0));
        }
    }
    columns
}

fn table(view: &View<'_>, rows: &[&Difference], others: &[usize], changes: bool) -> String {
    let fields = fields(view, rows, others, changes);
    view.page.table(&columns(view, others, changes), &fields)
}

fn fields(
    view: &View<'_>,
    rows: &[&Difference],
    others: &[usize],
    changes: bool,
) -> Vec<Vec<Field>> {
    let mut before = None;
    let row = |difference: &&Difference| {
        let name = subject(difference);
        let again = before.as_ref() == Some(&name) && view.page.layout == Layout::Lines;
        before = Some(name.clone());
        let mut row = vec![
            plain(if again { String::new() } else { name }),
            plain(difference.known.words.unwrap_or_default()),
            plain(value(view, difference, 0)),
        ];
        for &other in others {
            let (change, meaning) = change::shown(difference, other - 1);
            let value = value(view, difference, other);
            if changes {
                row.push((value, Meaning::Strong));
                row.push((change, meaning));
            } else {
                let mark = if change.starts_with('~') { "~" } else { "" };
                row.push((format!("{mark}{value}"), meaning));
            }
        }
        row
    };
    rows.iter().map(row).collect()
}

/// What a row is about.
pub(super) fn subject(difference: &Difference) -> String {
    named(&difference.place)
}

/// What a place is about, in words.
pub(super) fn named(place: &cachepolicy_sim::compare::Place) -> String {
    let name = place.subject.as_deref().map(text::tame).unwrap_or_default();
    match place.group {
        Group::Requests => "requests".to_owned(),
        _ => name,
    }
}

/// A figure of a policy as people read it.
fn value(view: &View<'_>, difference: &Difference, index: usize) -> String {
    match difference.values.get(index).copied().flatten() {
        Some(value) => units::figure(value, difference.known.unit),
        None if difference.place.group == Group::Recovery => unmeasured(view, difference, index),
        None => units::NOTHING.to_owned(),
    }
}

/// Why there is no time until a fault was over.
fn unmeasured(view: &View<'_>, difference: &Difference, index: usize) -> String {
    let policy = view.comparison.policies.get(index);
    let mut faults = policy.iter().flat_map(|it| &it.did.report().recovery);
    let about = difference.place.subject.as_deref().unwrap_or_default();
    // Of several faults of a name the later ones are numbered.
    let to_the_end = faults
        .any(|it| about.starts_with(&it.fault) && it.outcome == RecoveryOutcome::NotWithinTrace);
    let words = if to_the_end {
        "to the end"
    } else {
        units::NOTHING
    };
    words.to_owned()
}
