//! The keys of a key-value trace, and the engine's keys that they are.
//!
//! A trace of nothing but accesses can have hundreds of millions of keys, of which the engine needs
//! no more than that they differ. As long as that is so, a key of the trace and the engine's key
//! have the same number, and nobody makes a text of it.

use crate::access::LastAccesses;
use crate::engine::Engine;
use crate::intern::{NONE, Texts};
use crate::metrics::Cause;
use crate::state::Inst;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_trace::event::AccessKey;

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct TraceKeys {
    /// A numeric key; for a text, the number of its value.
    raw: Vec<u64>,
    /// Which keys are texts; shorter where the others are numbers.
    is_text: Vec<bool>,
    /// The last access to each.
    pub(crate) last: LastAccesses,
    /// The first so many are keys of the engine.
    admitted: usize,
    /// The first so many are known to the engine by their values.
    named: usize,
    /// The engine's keys, once they have other numbers.
    apart: Option<Vec<u32>>,
}

impl TraceKeys {
    /// The next key of the trace.
    pub(crate) fn learn(&mut self, values: &mut Texts, key: &AccessKey) {
        match key {
            AccessKey::Number(number) => self.raw.push(*number),
            AccessKey::Text(text) => {
                self.is_text.resize(self.raw.len(), false);
                self.is_text.push(true);
                self.raw.push(u64::from(values.intern(text)));
            }
        }
        self.last.learn();
    }

    fn is_text(&self, key: usize) -> bool {
        self.is_text.get(key).copied().unwrap_or(false)
    }

    /// The number of a key's value.
    fn value(&self, values: &mut Texts, key: usize) -> u32 {
        match self.raw.get(key) {
            Some(&raw) if self.is_text(key) => raw as u32,
            Some(&number) => values.intern_number(number),
            None => NONE,
        }
    }

    /// The text of a key that the engine does not know by its value.
    pub(crate) fn unnamed(&self, inst: u32, values: &Texts) -> Option<String> {
        let key = inst as usize;
        if key < self.named || key >= self.admitted {
            return None;
        }
        let raw = *self.raw.get(key)?;
        Some(if self.is_text(key) {
            values.get(raw as u32).to_owned()
        } else {
            raw.to_string()
        })
    }

    /// Are the numbers of the trace's keys those of the engine's?
    pub(crate) fn are_direct(&self) -> bool {
        self.apart.is_none()
    }

    /// From now on a key of the trace may be another one of the engine's than before.
    pub(crate) fn set_apart(&mut self) {
        let admitted = self.admitted as u32;
        self.apart.get_or_insert_with(|| (0..admitted).collect());
    }
}

impl Engine {
    /// What the trace has brought so far become keys of a level.
    pub(crate) fn admit_keys(&mut self, t: &Tables, level: LevelId) {
        let known = self.trace_keys.admitted;
        if self.trace_keys.are_direct() && known != self.insts.len() {
            self.trace_keys.set_apart();
        }
        if !self.trace_keys.are_direct() || known == self.trace_keys.raw.len() {
            return;
        }
        let all = self.trace_keys.raw.len();
        for key in known..all {
            self.insts.push(Inst {
                level: level.0,
                fills: NONE,
                running: 0,
                parameters: key as u32,
                next_variant: NONE,
                is_unreachable: false,
            });
        }
        self.causes.resize(all, Cause::ColdStart);
        self.trace_keys.admitted = all;
        if t.needs_values(level) {
            self.name_keys();
        }
    }

    /// Something comes that knows keys by their values.
    pub(crate) fn name_keys(&mut self) {
        for key in self.trace_keys.named..self.trace_keys.admitted {
            let value = self.trace_keys.value(&mut self.values, key);
            let level = u32::from(self.insts[key].level);
            let (inst, _) = self.keys.intern(&[value, level]);
            debug_assert_eq!(inst as usize, key, "keys are named in their order");
        }
        self.trace_keys.named = self.trace_keys.admitted;
    }

    /// The engine's key of a key of the trace, which has been admitted.
    pub(crate) fn key_of_trace(&mut self, t: &Tables, level: LevelId, key: u32) -> u32 {
        let known = match &self.trace_keys.apart {
            None => return key,
            Some(insts) => insts.get(key as usize).copied().unwrap_or(NONE),
        };
        if known != NONE && self.is_current(known) {
            return known;
        }
        let value = self.trace_keys.value(&mut self.values, key as usize);
        self.tuple.clear();
        self.tuple.push(value);
        let inst = self.intern_key(t, level);
        if let Some(insts) = &mut self.trace_keys.apart {
            if insts.len() <= key as usize {
                insts.resize(key as usize + 1, NONE);
            }
            insts[key as usize] = inst;
        }
        inst
    }
}
