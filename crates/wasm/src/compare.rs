//! Several policies under the same traffic, in steps.

use crate::replay::policy;
use crate::runs::Runs;
use crate::types::{Progress, SimulationOptions};
use crate::{given, said};
use cachepolicy_core::Policy;
use cachepolicy_render::output::Terminal;
use cachepolicy_render::report::compare;
use cachepolicy_render::report::page::Layout;
use cachepolicy_sim::compare::{Comparison as Compared, Declared, Entry, on_common_ground};
use tsify::Ts;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Several policies under the same traffic.
#[wasm_bindgen]
pub struct Comparison {
    /// As they are written, and as they are replayed.
    policies: Vec<(Policy, Policy)>,
    names: Vec<String>,
    declared: Vec<Declared>,
    runs: Runs,
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
        let options = options.to_rust().map_err(said)?;
        let written: Result<Vec<Policy>, JsError> =
            texts.iter().map(|text| policy(text, &options)).collect();
        let written = written?;
        let ground = on_common_ground(&written.iter().collect::<Vec<_>>());
        let (replayed, declared): (Vec<Policy>, Vec<Declared>) = ground.into_iter().unzip();
        let runs = Runs::open(&replayed.iter().collect::<Vec<_>>(), options)?;
        Ok(Self {
            policies: written.into_iter().zip(replayed).collect(),
            names,
            declared,
            runs,
            compared: None,
        })
    }

    /// Replays about so many events more; `false`: everything is done.
    ///
    /// # Errors
    /// The trace cannot be read on, or does not go with a policy.
    pub fn step(&mut self, events: u32) -> Result<bool, JsError> {
        let replayed: Vec<&Policy> = self.policies.iter().map(|(_, of)| of).collect();
        if self.runs.step(&replayed, events)? {
            return Ok(true);
        }
        if self.compared.is_some() {
            return Ok(false);
        }
        let mut reports = self.runs.reports();
        for (of, declared) in reports.iter_mut().zip(&self.declared) {
            of.iter_mut().for_each(|report| declared.leave_out(report));
        }
        let entries = self.policies.iter().zip(&reports).enumerate();
        let entries = entries.map(|(index, ((policy, _), reports))| {
            let name = self.names.get(index).map_or("", String::as_str);
            Entry {
                label: name,
                file: name,
                set: &[],
                policy,
                reports,
            }
        });
        let entries: Vec<_> = entries.collect();
        self.compared = Compared::new(&entries, self.runs.averages());
        Ok(false)
    }

    /// How far it is.
    ///
    /// # Errors
    /// None.
    pub fn progress(&self) -> Result<Ts<Progress>, JsError> {
        given(&self.runs.progress())
    }

    /// As `cachepolicy compare --format json` says it: the JSON of a `ComparisonReport`.
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
        let input = self.runs.input();
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
