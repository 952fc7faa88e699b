//! For people: one line a claim, missed ones first, each with where to look.

use super::{Against, Case, Group, On, Suite, Tested, Trial};
use crate::output::colour::Meaning;
use crate::output::table::{Column, Field, plain};
use crate::output::{Terminal, text, units};
use crate::report::page::{Layout, Mark, Page, join};
use cachepolicy_sim::baseline::Before;

/// Columns that a property takes at most.
const PROPERTY_MAX: usize = 36;

/// Names of figures in a sentence, at most; the JSON has all.
const NAMES_MAX: usize = 3;

pub(super) fn render(trial: &Trial, terminal: Terminal) -> String {
    let page = Page {
        terminal,
        layout: Layout::Lines,
    };
    let mut sections: Vec<String> = Vec::new();
    for suite in &trial.suites {
        let Some(tested) = &suite.tested else {
            let sentence = format!("`{}` has errors: its claims were not tested", suite.file);
            sections.push(page.point(Mark::Fails, &sentence));
            continue;
        };
        if tested.groups.is_empty() {
            sections.push(page.point(Mark::Open, &no_claims(suite, tested)));
        }
        let columns = Columns::of(page, tested);
        let groups = tested.groups.iter();
        sections.extend(groups.map(|group| of_group(page, columns, tested, group)));
        let baselines = tested.baselines.iter();
        sections.extend(baselines.map(|it| of_baseline(page, trial, tested, it)));
    }
    sections.push(summary(page, trial));
    join(Layout::Lines, sections)
}

fn no_claims(suite: &Suite, tested: &Tested) -> String {
    format!(
        "`{}` ({}) claims nothing: write what must hold into an `expect` block, such as \
         `hit_ratio(requests) >= 80%`",
        tested.name, suite.file
    )
}

fn of_group(page: Page, columns: Columns, tested: &Tested, group: &Group) -> String {
    let (title, mut remark) = match &group.on {
        On::Proof => ("proved".to_owned(), "whatever the traffic".to_owned()),
        On::Workload(name) => (format!("on workload `{name}`"), String::new()),
        On::Trace(name) => (format!("on {}", text::tame(name)), String::new()),
        On::Nothing => ("left out".to_owned(), String::new()),
    };
    let seeds = group.seeds.len();
    if seeds > 1 {
        remark = format!("the worst of {seeds} seeds (held in how many)");
    }
    let mut text = page.heading(&format!("{} {title}", tested.name), &remark);
    let of = |held: Option<bool>| group.cases.iter().filter(move |it| it.result.held == held);
    for case in of(Some(false)) {
        text.push_str(&line(page, case, Mark::Fails, columns));
        let below = columns.below(case);
        if !below.is_empty() {
            text.push_str(&page.paragraph("    ", &below, Meaning::Faint));
        }
        if let Some(hint) = &case.hint {
            let sentence = text::tame(&hint.sentence);
            text.push_str(&page.paragraph("    → ", &sentence, Meaning::Plain));
        }
    }
    for case in of(Some(true)) {
        text.push_str(&line(page, case, Mark::Holds, columns));
    }
    for case in of(None) {
        text.push_str(&line(page, case, Mark::Open, columns));
        let reason = case.open.as_deref().unwrap_or_default();
        text.push_str(&page.paragraph("    → ", reason, Meaning::Faint));
    }
    text
}

/// Widths of what stands in a line, the same for all lines of a policy.
#[derive(Clone, Copy)]
struct Columns {
    claim: usize,
    figure: usize,
    /// 0: there is no room.
    property: usize,
    place: bool,
}

impl Columns {
    fn of(page: Page, tested: &Tested) -> Self {
        let widest = |of: &dyn Fn(&Case) -> String| {
            let widths = tested.cases().map(|case| text::width(&of(case)));
            widths.max().unwrap_or(0)
        };
        let figure = widest(&|case| case.figure.clone());
        let claim = widest(&|case| text::tame(&case.result.claim));
        let property = widest(&property).min(PROPERTY_MAX);
        let place = widest(&place);
        let room = page.terminal.width.saturating_sub(4 + figure + 2);
        let has_property = claim + 2 + property <= room;
        Self {
            claim: claim.min(room),
            figure,
            property: if has_property { property } else { 0 },
            place: has_property && claim + 2 + property + 2 + place <= room,
        }
    }

    /// What has no room in the line.
    fn below(self, case: &Case) -> String {
        let property = Some(property(case)).filter(|it| self.property == 0 && !it.is_empty());
        let place = Some(place(case)).filter(|_| !self.place);
        let both: Vec<String> = property.into_iter().chain(place).collect();
        both.join(" · ")
    }
}

fn property(case: &Case) -> String {
    let hint = case.hint.as_ref();
    hint.map(|hint| text::tame(&hint.property))
        .unwrap_or_default()
}

fn place(case: &Case) -> String {
    format!("{}:{}", text::tame(&case.result.file), case.result.line)
}

/// `✗ hit_ratio(GET "/") >= 80%   74.2%  homepage.ttl  news.cachepolicy:139`
fn line(page: Page, case: &Case, mark: Mark, columns: Columns) -> String {
    let paint = page.terminal.paint;
    let (claim_meaning, figure_meaning) = match mark {
        Mark::Open => (Meaning::Faint, Meaning::Faint),
        Mark::Fails | Mark::Look | Mark::Holds => (Meaning::Plain, mark.meaning()),
    };
    let claim = text::shorten(&text::tame(&case.result.claim), columns.claim);
    let figure = &case.figure;
    let gap = columns.claim + columns.figure + 2 - text::width(&claim) - text::width(figure);
    let mut line = format!(
        "  {} {}{}{}",
        paint.text(mark.meaning(), mark.sign()),
        paint.text(claim_meaning, &claim),
        " ".repeat(gap),
        paint.text(figure_meaning, figure)
    );
    if columns.property > 0 {
        let property = text::shorten_middle(&property(case), columns.property);
        let gap = columns.property - text::width(&property);
        line.push_str(&format!("  {property}{}", " ".repeat(gap)));
    }
    if columns.place {
        line.push_str(&format!("  {}", paint.text(Meaning::Faint, &place(case))));
    }
    format!("{}\n", line.trim_end())
}

const COLUMNS: [Column<'_>; 4] = [
    Column::name("figure"),
    Column::figure("before", 1),
    Column::figure("now", 0),
    Column::figure("worse by", 0),
];

fn of_baseline(page: Page, trial: &Trial, tested: &Tested, against: &Against) -> String {
    let tolerance = units::ratio(trial.tolerance);
    let title = format!("{} beside {}", tested.name, text::tame(&against.file));
    let remark = format!("what is worse by more than {tolerance} fails");
    let mut section = page.heading(&title, &remark);
    let baseline = &against.baseline;
    let is_worse = |figure: &&Before| figure.worse_by() > trial.tolerance;
    let mut worse: Vec<&Before> = baseline.figures.iter().filter(is_worse).collect();
    worse.sort_by(|a, b| b.worse_by().total_cmp(&a.worse_by()));
    if !worse.is_empty() {
        let rows: Vec<_> = worse.iter().map(|figure| row(figure)).collect();
        section.push_str(&page.table(&COLUMNS, &rows));
    }
    let other = if worse.is_empty() { "" } else { "other " };
    let kept = match baseline.figures.len() - worse.len() {
        1 => format!("1 {other}figure is"),
        kept => format!("{kept} {other}figures are"),
    };
    let sentence = format!(
        "{kept} no worse: of those that claims name, of the hit ratios and latencies (p99) of all \
         requests and of each route, and of the rates of work at origins"
    );
    section.push_str(&page.point(Mark::Holds, &sentence));
    if !baseline.lacking.is_empty() {
        section.push_str(&page.point(Mark::Open, &lacking(&baseline.lacking)));
    }
    for note in &baseline.notes {
        section.push_str(&page.point(Mark::Look, note));
    }
    section
}

fn lacking(figures: &[String]) -> String {
    let names = figures.iter().take(NAMES_MAX);
    let names: Vec<_> = names
        .map(|name| format!("`{}`", text::tame(name)))
        .collect();
    let rest = match figures.len().saturating_sub(NAMES_MAX) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!(
        "not compared, since only one of the reports has a figure: {}{rest}",
        names.join(", ")
    )
}

fn row(figure: &Before) -> Vec<Field> {
    let shown = |value| units::figure(value, figure.unit);
    let by = figure.worse_by();
    let by = if by.is_finite() {
        units::ratio(by)
    } else {
        "from nothing".to_owned()
    };
    vec![
        plain(text::tame(&figure.figure)),
        plain(shown(figure.before)),
        (shown(figure.after), Meaning::Bad),
        (by, Meaning::Bad),
    ]
}

/// `✗ 2 of 9 claims missed · 1 not decided`
fn summary(page: Page, trial: &Trial) -> String {
    let counts = trial.counts();
    let claims = units::plural(counts.claims(), "claim", "claims");
    let mut parts = vec![match (counts.claims(), counts.missed, counts.open) {
        (0, ..) => "no claims".to_owned(),
        (_, 0, 0) => format!("{claims} held"),
        (_, 0, _) => format!("{} of {claims} held", counts.held),
        (_, missed, _) => format!("{missed} of {claims} missed"),
    }];
    if counts.open > 0 {
        parts.push(format!("{} not decided", counts.open));
    }
    if counts.worse > 0 {
        let figures = units::plural(counts.worse, "figure", "figures");
        parts.push(format!("{figures} worse than before"));
    }
    if counts.broken > 0 {
        let policies = units::plural(counts.broken, "policy", "policies");
        parts.push(format!("{policies} with errors"));
    }
    let mark = if counts.fails() {
        Mark::Fails
    } else if counts.held == 0 || counts.open > 0 {
        Mark::Look
    } else {
        Mark::Holds
    };
    let paint = page.terminal.paint;
    let mut written = String::new();
    let room = page.terminal.width.saturating_sub(2);
    for (index, line) in text::wrap(&parts.join(" · "), room).iter().enumerate() {
        let before = if index == 0 { mark.sign() } else { " " };
        let before = paint.text(mark.meaning(), before);
        let line = paint.text(Meaning::Strong, line);
        written.push_str(&format!("{before} {line}\n"));
    }
    written
}
