//! Several policies under the same traffic, in steps.

use crate::replay::{Replay, policy};
use crate::types::{Progress, SimulationOptions};
use crate::{given, said};
use cachepolicy_core::Policy;
use cachepolicy_render::output::Terminal;
use cachepolicy_render::report::compare;
use cachepolicy_render::report::page::Layout;
use cachepolicy_sim::compare::{Comparison as Compared, Declared, Entry, on_common_ground};
use cachepolicy_sim::report::Report;
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Several policies under the same traffic.
#[wasm_bindgen]
pub struct Comparison {
    policies: Vec<Policy>,
    names: Vec<String>,
    declared: Vec<Declared>,
    replay: Replay,
    running: Vec<cachepolicy_sim::Simulation>,
    compared: Option<Compared>,
}

#[wasm_bindgen]
impl Comparison {
    /// Of policies without mistakes; `set` of the options applies to all.
    ///
    /// # Errors
    /// A text has mistakes, the options name what is not there, or the trace cannot be read.
    #[wasm_bindgen(constructor)]
    pub fn new(
        texts: Vec<String>,
        names: Vec<String>,
        options: Ts<SimulationOptions>,
    ) -> Result<Self, JsError> {
        let mut options = options.to_rust().map_err(said)?;
        let written: Result<Vec<Policy>, JsError> =
            texts.iter().map(|text| policy(text, &options)).collect();
        let written = written?;
        let ground = on_common_ground(&written.iter().collect::<Vec<_>>());
        let (replayed, declared): (Vec<Policy>, Vec<Declared>) = ground.into_iter().unzip();
        let (replay, run) = Replay::open(&replayed.iter().collect::<Vec<_>>(), &mut options)?;
        let simulations = replayed
            .iter()
            .map(|policy| cachepolicy_sim::Simulation::new(policy, run.clone()).map_err(said));
        Ok(Self {
            running: simulations.collect::<Result<_, _>>()?,
            policies: written,
            names,
            declared,
            replay,
            compared: None,
        })
    }

    /// Replays about so many events more; `false`: everything is done.
    ///
    /// # Errors
    /// The trace cannot be read on, or does not go with a policy.
    pub fn step(&mut self, events: u32) -> Result<bool, JsError> {
        if self.replay.step(&mut self.running, events)? {
            return Ok(true);
        }
        let simulations = core::mem::take(&mut self.running);
        if simulations.is_empty() {
            return Ok(false);
        }
        let notes = self.replay.notes();
        let reports = simulations.into_iter().zip(&self.declared);
        let reports = reports.map(|(simulation, declared)| {
            let mut report = simulation.finish();
            report.notes.extend(notes.iter().cloned());
            declared.leave_out(&mut report);
            vec![report]
        });
        let reports: Vec<Vec<Report>> = reports.collect();
        let entries = self.policies.iter().zip(&reports).enumerate();
        let entries = entries.map(|(index, (policy, reports))| {
            let name = self.names.get(index).map_or("", String::as_str);
            Entry {
                label: name,
                file: name,
                set: &[],
                policy,
                reports,
            }
        });
        self.compared = Compared::new(&entries.collect::<Vec<_>>(), false);
        Ok(false)
    }

    /// How far it is.
    ///
    /// # Errors
    /// None.
    pub fn progress(&self) -> Result<Ts<Progress>, JsError> {
        given(&self.replay.progress())
    }

    /// As `cachepolicy compare --format json` says it.
    ///
    /// # Errors
    /// It is not done.
    pub fn report(&self) -> Result<String, JsError> {
        Ok(self.done()?.to_json() + "\n")
    }

    /// What differs first, as HTML for a page that has a style of its own.
    ///
    /// # Errors
    /// It is not done.
    pub fn html(&self) -> Result<String, JsError> {
        let input = &self.replay.input;
        let terminal = Terminal::PLAIN;
        Ok(compare::render(
            self.done()?,
            input,
            &[],
            terminal,
            Layout::Html,
        ))
    }

    fn done(&self) -> Result<&Compared, JsError> {
        let compared = self.compared.as_ref();
        compared.ok_or_else(|| said("the comparison is not done"))
    }
}
