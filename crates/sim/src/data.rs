//! Data values: what fills find. The trace's, else drawn from the workload once for each level and
//! its parameters, so that the same page finds the same rows, else none.

use crate::engine::Engine;
use crate::intern::{NONE, Texts, Tuples};
use crate::metrics::Known;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::units::Duration;
use cachepolicy_trace::generate::DataValues as Drawn;

/// The values of a data name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Among the task's own values, else among those that were drawn.
    is_tasks: bool,
    known: Known,
}

/// What was drawn.
#[derive(Debug, Default)]
pub(crate) struct DataValues {
    /// Parameters, level, data name.
    numbers: Tuples,
    lists: Vec<List>,
    values: Vec<u32>,
    /// Data names of all levels.
    names: Texts,
    draws: Vec<Option<Drawn>>,
    /// A request of the trace fixes something of a fill.
    pub(crate) has_fixed: bool,
}

/// What a trace can fix of the fills of one request, as if it were a data value: `cost(LEVEL)`, how
/// long the level's own work takes, and `lag(LEVEL)`, how old the data is that it reads, in seconds;
/// `jitter(LEVEL)`, which part of its jitter shortens the ttl, 0..1; `absent(LEVEL)` and
/// `error(LEVEL)`, if they are greater than zero: it finds nothing, or its own work fails, as work
/// at an origin and of whatever answers requests can; `error(LEVEL)` of zero: it does not, whatever
/// the origin's `failure-rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FixedName {
    Cost,
    Lag,
    Jitter,
    Absent,
    Error,
}

impl FixedName {
    /// As a data name's number, far above all others.
    const fn number(self, level: u16) -> u32 {
        1 << 31 | (level as u32) << 3 | self as u32
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Lag => "lag",
            Self::Jitter => "jitter",
            Self::Absent => "absent",
            Self::Error => "error",
        }
    }

    /// The name for a level.
    pub(crate) fn of(self, level: &str) -> String {
        format!("{}({level})", self.word())
    }

    /// The number of `cost(LEVEL)` and the others.
    fn named(t: &Tables, name: &str) -> Option<u32> {
        let (what, rest) = name.split_once('(')?;
        let level = rest.strip_suffix(')')?;
        let all = [
            Self::Cost,
            Self::Lag,
            Self::Jitter,
            Self::Absent,
            Self::Error,
        ];
        let fixed = all.into_iter().find(|fixed| fixed.word() == what)?;
        let level = t
            .policy
            .levels
            .iter()
            .position(|known| known.name == level)?;
        Some(fixed.number(level as u16))
    }
}

impl DataValues {
    pub(crate) fn new(t: &Tables, seed: u64) -> Self {
        let mut data = Self::default();
        for level in &t.policy.levels {
            for declared in &level.data {
                data.names.intern(&declared.name);
            }
        }
        let workload = t.workload.and_then(|id| t.policy.workloads.get(id.index()));
        data.draws = (0..data.names.len() as u32)
            .map(|name| {
                let draws = workload.map(|workload| workload.data.as_slice());
                let found = draws?
                    .iter()
                    .find(|draw| draw.name == data.names.get(name))?;
                Some(Drawn::new(seed, found))
            })
            .collect();
        data
    }

    /// The number of a data name in a trace; [`NONE`] if it means nothing.
    pub(crate) fn given_name(&mut self, t: &Tables, name: &str) -> u32 {
        if let Some(fixed) = FixedName::named(t, name) {
            self.has_fixed = true;
            return fixed;
        }
        self.name(name)
    }

    /// The number of a data name; [`NONE`] if no level has it.
    fn name(&self, name: &str) -> u32 {
        let names = 0..self.names.len() as u32;
        names
            .into_iter()
            .find(|&n| self.names.get(n) == name)
            .unwrap_or(NONE)
    }
}

impl Engine {
    /// Does the trace say so?
    pub(crate) fn is_fixed(&self, frame: u32, what: FixedName) -> bool {
        self.fixed(frame, what).is_some_and(|value| value > 0.0)
    }

    /// What the trace fixes of a frame's fill, of a length of time.
    pub(crate) fn fixed_time(&self, frame: u32, what: FixedName) -> Option<Duration> {
        self.fixed(frame, what).map(Duration::from_secs_f64)
    }

    /// What the trace fixes of a frame's fill.
    pub(crate) fn fixed(&self, frame: u32, what: FixedName) -> Option<f64> {
        if !self.ingest.data.has_fixed {
            return None;
        }
        let f = &self.frames[frame];
        let task = &self.tasks[f.task];
        let number = what.number(f.level);
        let &(_, first, _) = task.data.iter().find(|(known, ..)| *known == number)?;
        let value = self.values.get(*task.data_values.get(first as usize)?);
        let value: f64 = value.parse().ok()?;
        (value >= 0.0).then_some(value)
    }

    /// Counts where a frame's data values come from.
    pub(crate) fn count_data(&mut self, t: &Tables, frame: u32, index: u16) {
        let list = self.data_of(t, frame, index);
        let level = LevelId(self.frames[frame].level);
        self.metrics.data_coverage(level, index, list.known);
    }

    /// The values of one of a level's data names.
    pub(crate) fn data_of(&mut self, t: &Tables, frame: u32, index: u16) -> List {
        let f = &self.frames[frame];
        let level = f.level as usize;
        let declared = &t.policy.levels[level].data[index as usize];
        let name = self.ingest.data.name(&declared.name);
        let max = match declared.list {
            Some(bound) => bound.max.unwrap_or(u32::MAX),
            None => 1,
        };
        let task = &self.tasks[f.task];
        if let Some(&(_, first, end)) = task.data.iter().find(|(known, ..)| *known == name) {
            return List {
                first,
                count: (end - first).min(max),
                is_tasks: true,
                known: Known::Observed,
            };
        }
        let mut key = core::mem::take(&mut self.ingest.key);
        key.clear();
        key.extend_from_slice(self.params_of(t, f.inst));
        key.push(level as u32);
        key.push(name);
        let (number, is_new) = self.ingest.data.numbers.intern(&key);
        if is_new {
            let is_list = declared.list.is_some();
            self.draw_data(&t.policy.levels[level].name, &key, name, max, is_list);
        }
        self.ingest.key = key;
        self.ingest.data.lists[number as usize]
    }

    fn draw_data(&mut self, level: &str, key: &[u32], name: u32, max: u32, is_list: bool) {
        let data = &mut self.ingest.data;
        let first = data.values.len() as u32;
        let params = key.get(..key.len().saturating_sub(2)).unwrap_or_default();
        let known = match data.draws.get(name as usize).and_then(Option::as_ref) {
            Some(draw) => {
                let params: Vec<&str> = params
                    .iter()
                    .map(|&param| self.values.value(param).unwrap_or(""))
                    .collect();
                let found = draw.of(level, &params);
                for value in found.iter().take(max as usize) {
                    data.values.push(self.values.intern(value));
                }
                Known::Sampled
            }
            // Without anything known of a row, its fields have its id's value; a page's one row is
            // known by the page's first parameter.
            None if !is_list => {
                data.values.extend(params.first());
                Known::Defaulted
            }
            None => Known::Defaulted,
        };
        data.lists.push(List {
            first,
            count: data.values.len() as u32 - first,
            is_tasks: false,
            known,
        });
    }

    /// The `nth` value of a list.
    pub(crate) fn data_value(&self, frame: u32, list: &List, nth: u32) -> u32 {
        let values = if list.is_tasks {
            &self.tasks[self.frames[frame].task].data_values
        } else {
            &self.ingest.data.values
        };
        values
            .get((list.first + nth) as usize)
            .copied()
            .unwrap_or(NONE)
    }
}
