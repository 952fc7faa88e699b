//! A simulation in steps.

use crate::happenings::Kept;
use crate::replay::{Replay, policy};
use crate::types::{Happenings, Progress, SimulationOptions};
use crate::{given, said};
use cachepolicy_core::Policy;
use cachepolicy_render::output::Terminal;
use cachepolicy_render::report::human::View;
use cachepolicy_render::report::page::Layout;
use cachepolicy_render::report::{html, json};
use cachepolicy_sim::report::Report;
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A simulation that somebody drives in steps, so that it can be stopped and looked at.
#[wasm_bindgen]
pub struct Simulation {
    policy: Policy,
    replay: Replay,
    running: Vec<cachepolicy_sim::Simulation>,
    report: Option<Report>,
    kept: Option<Kept>,
}

#[wasm_bindgen]
impl Simulation {
    /// Of a policy without mistakes.
    ///
    /// # Errors
    /// The text has mistakes, the options name what is not there, or the trace cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str, options: Ts<SimulationOptions>) -> Result<Self, JsError> {
        let mut options = options.to_rust().map_err(said)?;
        let policy = policy(text, &options)?;
        let (replay, run) = Replay::open(&[&policy], &mut options)?;
        let mut simulation = cachepolicy_sim::Simulation::new(&policy, run).map_err(said)?;
        let kept = options.window.map(Kept::of);
        if let Some(kept) = &kept {
            simulation.observe(Box::new(kept.clone()));
        }
        Ok(Self {
            policy,
            replay,
            running: vec![simulation],
            report: None,
            kept,
        })
    }

    /// Replays about so many events more; `false`: everything is done.
    ///
    /// # Errors
    /// The trace cannot be read on, or does not go with the policy.
    pub fn step(&mut self, events: u32) -> Result<bool, JsError> {
        if self.replay.step(&mut self.running, events)? {
            return Ok(true);
        }
        if let Some(simulation) = self.running.pop() {
            let mut report = simulation.finish();
            report.notes.extend(self.replay.notes());
            self.report = Some(report);
        }
        Ok(false)
    }

    /// How far it is.
    ///
    /// # Errors
    /// None.
    pub fn progress(&self) -> Result<Ts<Progress>, JsError> {
        given(&self.replay.progress())
    }

    /// The report, as `cachepolicy simulate --format json` says it: the JSON of a `Report`.
    ///
    /// # Errors
    /// It is not done.
    pub fn report(&self) -> Result<String, JsError> {
        Ok(json::render(self.done()?))
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

    fn done(&self) -> Result<&Report, JsError> {
        let report = self.report.as_ref();
        report.ok_or_else(|| said("the simulation is not done"))
    }

    fn view(&self) -> Result<View<'_>, JsError> {
        Ok(View {
            report: self.done()?,
            seeds: None,
            policy: &self.policy,
            input: &self.replay.input,
            terminal: Terminal::PLAIN,
            layout: Layout::Html,
        })
    }
}
