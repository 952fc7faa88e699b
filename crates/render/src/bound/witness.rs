//! A trace that comes near to a bound or shows a leak, and what happens in it.

use super::Wanted;
use crate::Refused;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::{text, units};
use crate::report::page::{Layout, Page};
use cachepolicy_analysis::{Bound, Bounds, Short, Shows, Witness, Words};
use cachepolicy_compiler::codes::CodeDoc;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_sim::events::{Happening, Names, Observer, What, describe};
use cachepolicy_sim::report::Report;
use cachepolicy_sim::witness::{events, of_bound};
use cachepolicy_sim::{Options, SimError, Simulation};
use cachepolicy_trace::Event;
use std::sync::{Arc, Mutex};

/// Nothing is shown of which nothing can be.
const NOTHING: &str = "there is nothing to show: no copy of these levels is served to somebody for whom it was not \
    made, no answer of theirs gets out of date or there is no limit to it, or no request reaches them";

/// Findings that can be seen in answers: somebody else's, or old ones.
pub(super) const SEEN: [&str; 12] = [
    "leak",
    "variant-missing",
    "child-outlived",
    "fill-race",
    "lost-message",
    "no-invalidation-plan",
    "old-key-missed",
    "other-processes-missed",
    "partial-binding",
    "purge-before-commit",
    "refill-order",
    "replica-refill",
];

/// What a witness is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The worst bound of those that are asked for.
    Bound,
    /// A leak of the levels that are asked for if there is one, else the worst bound.
    Anything,
}

/// A witness of a policy, ready to be shown.
#[derive(Debug)]
pub struct Shown<'p> {
    policy: &'p Policy,
    bounds: Bounds,
    witness: Witness,
    trace: Vec<Event>,
}

impl<'p> Shown<'p> {
    /// The witness of what is asked for.
    ///
    /// # Errors
    /// Nothing can be shown of it.
    pub fn of(policy: &'p Policy, wanted: Wanted, of: Of) -> Result<Self, Refused> {
        let graph = Graph::new(policy);
        let bounds = Bounds::new(policy, &graph);
        let leak = wanted
            .levels(policy)
            .find_map(|level| Witness::of_leak(policy, &graph, level))
            .filter(|_| of == Of::Anything && wanted.model.is_none());
        let worst = || {
            let of = |(level, bound): &(LevelId, &Bound)| {
                of_bound(policy, &graph, &bounds, *level, bound.model).map(|shown| shown.witness)
            };
            wanted.rows(policy, &bounds).iter().find_map(of)
        };
        let Some(witness) = leak.or_else(worst) else {
            return Err(Refused(NOTHING.to_owned()));
        };
        Ok(Self {
            trace: events(policy, &witness),
            policy,
            bounds,
            witness,
        })
    }

    /// What is shown: a level, and a model or what leaks.
    #[must_use]
    pub fn title(&self) -> String {
        what(self.policy, &self.witness)
    }

    /// The requests and writes that show it.
    #[must_use]
    pub fn trace(&self) -> &[Event] {
        &self.trace
    }

    /// What happens in it, in words; `name`: of the trace's file, where it was written.
    ///
    /// # Errors
    /// The trace cannot be replayed.
    pub fn for_people(&self, name: &str, terminal: Terminal) -> Result<String, Refused> {
        let page = Page {
            terminal,
            layout: Layout::Lines,
        };
        let title = page.title(&format!("{name}{}", self.title()));
        Ok(title + &self.told(page)?)
    }

    /// The path that causes the bound; empty for a leak.
    #[must_use]
    pub fn path(&self) -> String {
        let words = Words {
            policy: self.policy,
            bounds: &self.bounds,
        };
        match self.witness.shows {
            Shows::Bound(model, _) => self
                .bounds
                .of(self.witness.level, model)
                .map_or_else(String::new, |bound| words.path(self.witness.level, bound)),
            Shows::Leak(_) => String::new(),
        }
    }

    /// Replays it under an observer.
    ///
    /// # Errors
    /// The trace cannot be replayed.
    pub fn replay(&self, observer: Box<dyn Observer>) -> Result<Report, Refused> {
        replay(self.policy, &self.trace, observer).map_err(|error| Refused(error.to_string()))
    }

    /// What the replay came to.
    #[must_use]
    pub fn came_to(&self, report: &Report) -> String {
        came_to(self.policy, report, &self.witness)
    }

    fn told(&self, page: Page) -> Result<String, Refused> {
        let lines = Lines::default();
        let report = self.replay(Box::new(lines.clone()))?;
        let mut told = String::new();
        let path = self.path();
        if !path.is_empty() {
            told.push_str(&page.paragraph("  ", &path, Meaning::Plain));
        }
        told.push('\n');
        for line in lines.taken() {
            told.push_str(&step(page, &line));
        }
        told.push('\n');
        told.push_str(&page.paragraph("  ", &self.came_to(&report), Meaning::Strong));
        Ok(told)
    }
}

/// What a finding's example lets happen and its mended form does not, step by step; `None`: nothing
/// that gets out of date, or to somebody else.
///
/// # Errors
/// The trace cannot be replayed.
pub fn of_code(doc: &CodeDoc, terminal: Terminal) -> Result<Option<String>, Refused> {
    if !SEEN.contains(&doc.code) {
        return Ok(None);
    }
    let (Some(failing), Some(mended)) = (reachable(doc.failing), reachable(doc.mended)) else {
        return Ok(None);
    };
    let bounds = Bounds::new(&failing, &Graph::new(&failing));
    let Some(witness) = avoided(&failing, &bounds, &mended) else {
        return Ok(None);
    };
    let page = Page {
        terminal,
        layout: Layout::Lines,
    };
    let title = page.heading(
        &format!("What can happen: {}", what(&failing, &witness)),
        "",
    );
    let shown = Shown {
        trace: events(&failing, &witness),
        policy: &failing,
        bounds,
        witness,
    };
    Ok(Some(title + &shown.told(page)?))
}

/// The policy of an example, with a view for each level that no request would reach.
fn reachable(example: &str) -> Option<Policy> {
    let compile =
        |text: &str| cachepolicy_compiler::compile_text("example.cachepolicy", text).policy;
    let mut text = CodeDoc::policy_of(example);
    let policy = compile(&text)?;
    let graph = Graph::new(&policy);
    for (index, level) in policy.levels.iter().enumerate() {
        let is_inside = graph.containers(LevelId(index as u16)).next().is_some();
        if level.route.is_some() || is_inside {
            continue;
        }
        let (name, params) = (&level.name, level.params.join(", "));
        let holes: String = level
            .params
            .iter()
            .map(|param| format!("/{{{param}}}"))
            .collect();
        let of = if params.is_empty() {
            String::new()
        } else {
            format!("({params})")
        };
        text.push_str(&format!(
            "\nview {name}_page{of} {{ route GET \"/{name}{holes}\"; contains {name}{of} }}\n"
        ));
    }
    compile(&text)
}

/// The worst that a policy allows and another form of it does not.
fn avoided(failing: &Policy, bounds: &Bounds, mended: &Policy) -> Option<Witness> {
    let graph = Graph::new(failing);
    let (whole, known) = (Graph::new(mended), Bounds::new(mended, &Graph::new(mended)));
    let all = Wanted::default();
    let same = |level: LevelId| {
        let name = name_of(failing, level);
        let mut levels = mended.levels.iter();
        let index = levels.position(|level| level.name == name)?;
        Some(LevelId(index as u16))
    };
    let leaks = |level: &LevelId| {
        same(*level).is_some_and(|level| Witness::of_leak(mended, &whole, level).is_none())
    };
    let mut leak = all.levels(failing).filter(leaks);
    let leak = leak.find_map(|level| Witness::of_leak(failing, &graph, level));
    leak.or_else(|| {
        let rows = all.rows(failing, bounds);
        let is_avoided = |(level, bound): &&(LevelId, &Bound)| {
            same(*level).is_some_and(|level| {
                let there = known.of(level, bound.model);
                there.is_none_or(|there| there.staleness < bound.staleness)
            })
        };
        let mut rows = rows.iter().filter(is_avoided);
        rows.find_map(|(level, bound)| {
            of_bound(failing, &graph, bounds, *level, bound.model).map(|shown| shown.witness)
        })
    })
}

/// One line of a replay; what has no room in it goes on below, farther in.
fn step(page: Page, line: &str) -> String {
    const FARTHER: &str = "    ";
    let room = page.terminal.width.saturating_sub(FARTHER.len());
    let lines = text::wrap(line, room);
    lines.join(&format!("\n{FARTHER}")) + "\n"
}

fn name_of(policy: &Policy, level: LevelId) -> &str {
    let level = policy.levels.get(level.index());
    level.map_or("", |level| &level.name)
}

/// What a leak is about.
fn leaked(policy: &Policy, of: Option<DimensionId>) -> String {
    let dimension = of.and_then(|id| policy.dimensions.get(id.index()));
    dimension.map_or_else(
        || "the session's token".to_owned(),
        |dimension| format!("`{}`", dimension.name),
    )
}

fn what(policy: &Policy, witness: &Witness) -> String {
    let name = name_of(policy, witness.level);
    match witness.shows {
        Shows::Bound(model, _) => {
            let model = policy.models.get(model.index());
            let model = model.map_or("", |model| &model.name);
            format!("`{name}` after a write of {model}")
        }
        Shows::Leak(of) => format!(
            "`{name}` depends on {}, which its copies do not tell apart",
            leaked(policy, of)
        ),
    }
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

impl Lines {
    fn taken(&self) -> Vec<String> {
        let lines = self.0.lock();
        lines.map(|lines| lines.clone()).unwrap_or_default()
    }
}

fn replay(
    policy: &Policy,
    trace: &[Event],
    observer: Box<dyn Observer>,
) -> Result<Report, SimError> {
    let mut simulation = Simulation::new(policy, Options::default())?;
    simulation.observe(observer);
    for event in trace {
        simulation.push(event)?;
    }
    Ok(simulation.finish())
}

/// What the replay came to.
fn came_to(policy: &Policy, report: &Report, witness: &Witness) -> String {
    let name = name_of(policy, witness.level);
    let level = report.levels.get(name);
    let mut text = match witness.shows {
        Shows::Bound(_, bound) => {
            let observed = level.and_then(|level| level.out_of_date.staleness.max);
            let (observed, bound) = (observed.unwrap_or(0.0), bound.as_secs_f64());
            if observed <= 0.0 {
                format!(
                    "`{name}` was not out of date here: this does not show the {} that are possible at most",
                    units::at_most(bound)
                )
            } else {
                format!(
                    "`{name}` was {} out of date, {} of the {} that are possible at most",
                    units::seconds(observed),
                    units::ratio(observed / bound),
                    units::at_most(bound)
                )
            }
        }
        Shows::Leak(of) => format!(
            "the second request gets the copy of `{name}` that was made for the first, of another {}",
            leaked(policy, of)
        ),
    };
    match witness.short {
        Some(Short::StaleIfError) => {
            text.push_str(
                "; a trace cannot make its fills fail, so that `stale-if-error` does not show",
            );
        }
        Some(Short::Hidden) => text.push_str("; copies before it cannot be kept from answering"),
        Some(Short::Overtaken) => text.push_str(
            "; whatever their delays, an invalidation comes while a copy is to be used or made",
        ),
        None => {}
    }
    text
}
