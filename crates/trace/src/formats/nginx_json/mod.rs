//! Access logs with a JSON object a line, whose fields are named as the variables of nginx or as
//! people name the same: see `access_log/variables.rs`. Fields may stand in objects of their own.

mod object;
#[cfg(test)]
mod tests;

use super::access_log::{Said, Wanted};
use crate::Needs;
use crate::event::Event;
use crate::format::{Sample, Spec};
use crate::order::Moment;
use crate::reader::{Records, Times};
use object::{Group, Object, members};
use rustc_hash::FxHashMap;

pub(crate) const SPEC: Spec = Spec {
    name: "nginx-json",
    about: "access logs in JSON, with fields like time_iso8601, request, status",
    is_unordered: true,
    has_garbage: true,
    sniff,
    open: |opening| {
        let records = Lines::new(&opening.options.needs);
        Ok(opening.source(records))
    },
    open_blocks: None,
    accesses_only: false,
};

/// Different names of fields that are remembered.
const NAMES_MAX: usize = 4_096;

/// Does any line say when, and what was asked for?
fn sniff(sample: &Sample<'_>) -> bool {
    let mut lines = Lines::new(&Needs::default());
    let mut objects = sample.lines().filter(|line| line.starts_with(b"{"));
    objects.any(|line| lines.read(line).is_ok() && lines.said.is_request(line))
}

struct Lines {
    said: Said,
    /// Where the values of fields go that were met; `None`: nobody asks for them.
    slots: [FxHashMap<Box<[u8]>, Option<usize>>; 3],
    waiting: Vec<Object>,
}

impl Lines {
    fn new(needs: &Needs) -> Self {
        Self {
            said: Said::new(Wanted::new(needs), true),
            slots: Default::default(),
            waiting: Vec::new(),
        }
    }

    /// Finds the values of a line.
    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        let Self {
            said,
            slots: [fields, headers, cookies],
            waiting,
        } = self;
        said.clear();
        members(line, waiting, |group, name, value| {
            let slots = match group {
                Group::Fields | Group::Response => &mut *fields,
                Group::Headers => headers,
                Group::Cookies => cookies,
                Group::Other => return,
            };
            let slot = slots.get(name).copied().unwrap_or_else(|| {
                let text = String::from_utf8_lossy(name);
                let slot = match group {
                    Group::Headers => said.wanted.slot_of_header(&text),
                    Group::Cookies => said.wanted.slot_of_cookie(&text),
                    _ => said.wanted.slot_of_field(&text),
                };
                if slots.len() < NAMES_MAX {
                    slots.insert(name.into(), slot);
                }
                slot
            });
            if let Some(slot) = slot {
                said.put(slot, line, value);
            }
        })
    }
}

impl Records for Lines {
    fn times(&self) -> Times {
        Times::WholeSeconds
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        self.read(line)?;
        self.said.moment(line).map(Some)
    }

    fn fill(&mut self, line: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        self.read(line)?;
        self.said.fill(line, event.make_request())?;
        Ok(true)
    }
}
