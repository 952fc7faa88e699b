//! A trace that comes near to a bound, and what happens in it.

use super::Wanted;
use crate::args::Session;
use crate::commands::Outcome;
use crate::output;
use crate::output::colour::Meaning;
use crate::output::file::Destination;
use crate::output::units;
use crate::report::page::{Layout, Page};
use anyhow::{Context as _, Result, bail};
use cachepolicy_analysis::{Bound, Bounds, Short, Witness, Words};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_sim::events::{Happening, Names, Observer, What, describe};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::witness::events;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Event, Format};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Nothing is shown of which nothing can be.
const NOTHING: &str = "there is nothing to show: no answer of these levels gets out of date, or there \
    is no limit to it, or no request reaches them";

/// Writes the witness of the worst bound of those that are asked for, and shows its replay.
pub(crate) fn write(
    policy: &Policy,
    wanted: Wanted,
    file: &Path,
    session: Session,
) -> Result<Outcome> {
    let graph = Graph::new(policy);
    let bounds = Bounds::new(policy, &graph);
    let rows = wanted.rows(policy, &bounds);
    let shown = rows.iter().find_map(|(level, bound)| {
        let witness = Witness::of_bound(policy, &graph, &bounds, *level, bound.model)?;
        Some((witness, *level, *bound))
    });
    let Some((witness, level, bound)) = shown else {
        bail!(NOTHING);
    };
    let trace = events(policy, &witness);
    let destination = Destination::open(Some(file))?;
    let is_stdout = destination.is_stdout();
    let name = destination.name();
    save(&trace, destination)?;
    if is_stdout {
        return Ok(Outcome::Fine);
    }
    let (report, lines) = replay(policy, &trace)?;
    let words = Words {
        policy,
        bounds: &bounds,
    };
    let page = Page {
        terminal: session.stdout,
        layout: Layout::Lines,
    };
    let mut text = page.title(&format!("{name}: {}", what(policy, level, bound)));
    text.push_str(&page.paragraph("  ", &words.path(level, bound), Meaning::Plain));
    text.push('\n');
    for line in lines {
        text.push_str(&page.paragraph("", &line, Meaning::Plain));
    }
    text.push('\n');
    let end = attained(policy, &report, &witness, level);
    text.push_str(&page.paragraph("  ", &end, Meaning::Strong));
    output::print(&text).context("cannot write to standard output")?;
    Ok(Outcome::Fine)
}

fn save(trace: &[Event], mut destination: Destination) -> Result<()> {
    let format = Format::named("jsonl").context("JSON lines are a format of traces")?;
    {
        let writer = format.writer(Box::new(&mut destination));
        let mut writer = writer.context("JSON lines can be written")?;
        for event in trace {
            writer.write(event)?;
        }
        writer.finish()?;
    }
    destination.finish()
}

fn what(policy: &Policy, level: LevelId, bound: &Bound) -> String {
    let name = policy
        .levels
        .get(level.index())
        .map_or("", |level| &level.name);
    let model = policy
        .models
        .get(bound.model.index())
        .map_or("", |model| &model.name);
    format!("`{name}` after a write of {model}")
}

/// The lines of a replay.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Observer for Lines {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        // What the origin does is between the lines about fills.
        if matches!(
            happening.what,
            What::WorkBegan { .. } | What::WorkEnded { .. } | What::Removed { .. }
        ) {
            return;
        }
        if let Ok(mut lines) = self.0.lock() {
            lines.push(describe(happening, names));
        }
    }
}

fn replay(policy: &Policy, trace: &[Event]) -> Result<(Report, Vec<String>)> {
    let mut simulation = Simulation::new(policy, Options::default())?;
    let lines = Lines::default();
    simulation.observe(Box::new(lines.clone()));
    for event in trace {
        simulation.push(event)?;
    }
    let report = simulation.finish();
    let lines = lines
        .0
        .lock()
        .map(|lines| lines.clone())
        .unwrap_or_default();
    Ok((report, lines))
}

/// How near the replay came.
fn attained(policy: &Policy, report: &Report, witness: &Witness, level: LevelId) -> String {
    let name = policy
        .levels
        .get(level.index())
        .map_or("", |level| &level.name);
    let observed = report.levels.get(name);
    let observed = observed
        .and_then(|level| level.out_of_date.staleness.max)
        .unwrap_or(0.0);
    let bound = witness.bound.as_secs_f64();
    let mut text = format!(
        "`{name}` was {} out of date, {} of the {} that are possible at most",
        units::seconds(observed),
        units::ratio(observed / bound),
        units::seconds(bound)
    );
    match witness.short {
        Some(Short::StaleIfError) => {
            text.push_str(
                "; a trace cannot make its fills fail, so that `stale-if-error` does not show",
            );
        }
        Some(Short::Absence) => {
            text.push_str(
                "; a trace cannot make it an absence, which `negative ttl` keeps for longer",
            );
        }
        Some(Short::Hidden) => text.push_str("; copies before it cannot be kept from answering"),
        None => {}
    }
    text
}
