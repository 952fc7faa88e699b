//! A simulation in steps, of one seed or of several.

use crate::happenings::Kept;
use crate::replay::policy;
use crate::runs::Runs;
use crate::types::{Happenings, Progress, SimulationOptions};
use crate::{given, said};
use cachepolicy_core::Policy;
use cachepolicy_render::output::Terminal;
use cachepolicy_render::report::human::View;
use cachepolicy_render::report::page::Layout;
use cachepolicy_render::report::{html, json};
use cachepolicy_sim::aggregate::Aggregate;
use cachepolicy_sim::report::Report;
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A simulation that somebody drives in steps, so that it can be stopped and looked at.
#[wasm_bindgen]
pub struct Simulation {
    policy: Policy,
    runs: Runs,
    done: Option<Done>,
    kept: Option<Kept>,
}

/// What it came to.
enum Done {
    Once(Box<Report>),
    Seeds(Box<Aggregate>),
}

#[wasm_bindgen]
impl Simulation {
    /// Of a policy without mistakes.
    ///
    /// # Errors
    /// The text has mistakes, the options name what is not there, or the trace cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str, options: Ts<SimulationOptions>) -> Result<Self, JsError> {
        let options = options.to_rust().map_err(said)?;
        let policy = policy(text, &options)?;
        let kept = options.window.map(Kept::of);
        let mut runs = Runs::open(&[&policy], options)?;
        if let Some(kept) = &kept {
            runs.observe(kept);
        }
        Ok(Self {
            policy,
            runs,
            done: None,
            kept,
        })
    }

    /// Replays about so many events more; `false`: everything is done.
    ///
    /// # Errors
    /// The trace cannot be read on, or does not go with the policy.
    pub fn step(&mut self, events: u32) -> Result<bool, JsError> {
        if self.runs.step(&[&self.policy], events)? {
            return Ok(true);
        }
        if self.done.is_none() {
            let mut reports = self.runs.reports().into_iter().flatten();
            self.done = if self.runs.averages() {
                let reports: Vec<Report> = reports.collect();
                let all = Aggregate::new(&self.policy, &reports);
                all.map(|all| Done::Seeds(Box::new(all)))
            } else {
                let report = reports.next();
                report.map(|report| Done::Once(Box::new(report)))
            };
        }
        Ok(false)
    }

    /// How far it is.
    ///
    /// # Errors
    /// None.
    pub fn progress(&self) -> Result<Ts<Progress>, JsError> {
        given(&self.runs.progress())
    }

    /// The report, as `cachepolicy simulate --format json` says it: the JSON of a `Report`; of several seeds of
    /// their means, with `seeds` and `intervals` beside.
    ///
    /// # Errors
    /// It is not done.
    pub fn report(&self) -> Result<String, JsError> {
        Ok(match self.done()? {
            Done::Once(report) => json::render(report),
            Done::Seeds(seeds) => json::of_seeds(seeds),
        })
    }

    /// The report's charts and tables, for a page that has a style of its own.
    ///
    /// # Errors
    /// It is not done.
    pub fn html(&self) -> Result<String, JsError> {
        Ok(html::fragment(&self.view()?))
    }

    /// The report as a page that needs nothing else, as `--format html` says it.
    ///
    /// # Errors
    /// It is not done.
    pub fn page(&self) -> Result<String, JsError> {
        Ok(html::page(&self.view()?))
    }

    /// The report in words, for a terminal of so many columns.
    ///
    /// # Errors
    /// It is not done.
    pub fn text(&self, columns: u32) -> Result<String, JsError> {
        let view = View {
            terminal: Terminal {
                width: (columns as usize).clamp(40, 200),
                ..Terminal::PLAIN
            },
            layout: Layout::Lines,
            ..self.view()?
        };
        Ok(cachepolicy_render::report::human::render(&view))
    }

    /// What happened in the window that was asked for.
    ///
    /// # Errors
    /// None.
    pub fn happenings(&self) -> Result<Ts<Happenings>, JsError> {
        given(&Happenings(
            self.kept.as_ref().map(Kept::taken).unwrap_or_default(),
        ))
    }

    fn done(&self) -> Result<&Done, JsError> {
        let done = self.done.as_ref();
        done.ok_or_else(|| said("the simulation is not done"))
    }

    fn view(&self) -> Result<View<'_>, JsError> {
        let (report, seeds) = match self.done()? {
            Done::Once(report) => (&**report, None),
            Done::Seeds(seeds) => (&seeds.report, Some(&**seeds)),
        };
        Ok(View {
            report,
            seeds,
            policy: &self.policy,
            input: self.runs.input(),
            terminal: Terminal::PLAIN,
            layout: Layout::Html,
        })
    }
}
