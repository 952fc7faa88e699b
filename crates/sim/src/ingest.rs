//! From events of a trace to tasks, writes and faults of the engine.

use crate::access::Accesses;
use crate::ahead::{Ahead, Following};
use crate::data::DataValues;
use crate::dimensions::{Carrying, Dimensions};
use crate::engine::Engine;
use crate::faults::DueFault;
use crate::intern::NONE;
use crate::metrics::Fault;
use crate::options::{Options, SimError};
use crate::paths::Paths;
use crate::random::Stream;
use crate::rows::{self, WrittenImages};
use crate::state::{Task, TaskKind};
use crate::tables::Tables;
use crate::variants::Digits;
use cachepolicy_core::ids::{BackendId, ModelId, OriginId};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::CacheStatus;
use cachepolicy_trace::block::{News, Requests, UNKNOWN_BYTES, Writes, Written};
use cachepolicy_trace::event::{FaultEvent, NamedFault};
use std::sync::Arc;

/// What the trace is read into.
#[derive(Debug)]
pub(crate) struct Ingest {
    pub(crate) paths: Paths,
    pub(crate) data: DataValues,
    pub(crate) dimensions: Dimensions,
    digits: Digits,
    pub(crate) accesses: Accesses,
    pub(crate) faults: Vec<DueFault>,
    pub(crate) key: Vec<u32>,
    /// By data of the block: where its lists begin and end.
    given_of: Vec<(u32, u32)>,
    /// Lists of the block: data name, first value, one behind the last.
    given: Vec<(u32, u32, u32)>,
    given_values: Vec<u32>,
    /// Rows of the block.
    pub(crate) written: Vec<rows::Written>,
    /// Their numbers, where no more is said of them than their ids; empty but for its memory.
    rows: Vec<u32>,
    /// The first event's instant.
    pub(crate) zero: Time,
    pops: u32,
    pop: Stream,
    requests: u64,
}

/// A request of a block that comes now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coming<'b> {
    pub(crate) requests: &'b Requests,
    /// Its place in the block.
    pub(crate) index: usize,
    pub(crate) path: u32,
    pub(crate) at: Time,
    pub(crate) process: u32,
    pub(crate) pop: u32,
    /// See [`crate::state::Task::number`].
    pub(crate) number: u64,
}

impl Coming<'_> {
    /// Bytes of the response, where the trace says them. What is not modified has no body, but the
    /// response has.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<u64> {
        let bytes = self.requests.bytes.get(self.index).copied();
        let bytes = bytes.filter(|bytes| *bytes != UNKNOWN_BYTES);
        bytes.filter(|_| self.requests.status.get(self.index) != Some(&304))
    }

    /// What the cache did that was there when the trace was recorded.
    #[inline]
    pub(crate) fn cache_status(&self) -> Option<CacheStatus> {
        let of = self.requests.cache_status.get(self.index);
        of.copied().flatten()
    }
}

impl Ingest {
    pub(crate) fn new(t: &Tables, options: &Options) -> Self {
        Self {
            paths: Paths::default(),
            data: DataValues::new(t, options.seed),
            dimensions: Dimensions::new(t, options.seed),
            digits: Digits::default(),
            accesses: Accesses::new(options),
            faults: Vec::new(),
            key: Vec::new(),
            given_of: Vec::new(),
            given: Vec::new(),
            given_values: Vec::new(),
            written: Vec::new(),
            rows: Vec::new(),
            zero: Time::ZERO,
            pops: t.pops(),
            pop: Stream::new(options.seed, &["pop"]),
            requests: 0,
        }
    }

    /// The data that the trace has for a request.
    #[inline]
    fn give(&self, number: Option<u32>, task: &mut Task) {
        let of = number.and_then(|number| self.given_of.get(number as usize));
        let lists = of.and_then(|&(first, end)| self.given.get(first as usize..end as usize));
        for &(name, from, end) in lists.unwrap_or_default() {
            let first = task.data_values.len() as u32;
            let values = self.given_values.get(from as usize..end as usize);
            task.data_values
                .extend_from_slice(values.unwrap_or_default());
            task.data.push((name, first, task.data_values.len() as u32));
        }
    }

    /// The number of the next request.
    pub(crate) fn count_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// So many more requests.
    pub(crate) fn count_requests(&mut self, count: u64) {
        self.requests += count;
    }

    /// The point of presence that a request meets.
    pub(crate) fn pop(&mut self) -> u32 {
        if self.pops <= 1 {
            return 0;
        }
        self.pop.below(u64::from(self.pops)) as u32
    }
}

impl Engine {
    /// Learns what is new in a block: from then on its events are numbers.
    ///
    /// # Errors
    /// When a row is of a model that the policy does not declare.
    pub(crate) fn learn(&mut self, t: &Tables, news: &News) -> Result<(), SimError> {
        self.add_coverage();
        for key in &news.keys {
            self.trace_keys.learn(key);
            self.last_accesses.learn();
        }
        self.learn_targets(t, &news.targets)?;
        let ingest = &mut self.ingest;
        let (digits, skips) = (&mut ingest.digits, &ingest.paths.skips);
        let values = &mut self.values;
        ingest.dimensions.learn(t, values, digits, skips, news);
        self.ingest.given.clear();
        self.ingest.given_values.clear();
        self.ingest.given_of.clear();
        for data in &news.data {
            let first = self.ingest.given.len() as u32;
            for (name, values) in data {
                let name = self.ingest.data.given_name(t, name);
                let from = self.ingest.given_values.len() as u32;
                for value in values {
                    self.ingest.given_values.push(self.values.intern(value));
                }
                if name != NONE {
                    let end = self.ingest.given_values.len() as u32;
                    self.ingest.given.push((name, from, end));
                }
            }
            self.ingest
                .given_of
                .push((first, self.ingest.given.len() as u32));
        }
        self.ingest.written.clear();
        let mut rows = core::mem::take(&mut self.ingest.rows);
        rows.clear();
        if let Some(plain) = self.plain.as_mut().filter(|_| cfg!(feature = "lanes")) {
            let known = (&mut self.values, &mut self.trace_keys);
            plain.number_rows(&t.policy, known, &news.written, &mut rows);
        }
        for (index, written) in news.written.iter().enumerate() {
            let row = rows.get(index).copied().filter(|&row| row != NONE);
            let written = match row {
                Some(row) => rows::Written::Plain(row),
                None => rows::Written::Images(Arc::new(self.images(t, written)?)),
            };
            self.ingest.written.push(written);
        }
        self.ingest.rows = rows;
        Ok(())
    }

    /// Adds to the figures what was counted for the requests of the block.
    pub(crate) fn add_coverage(&mut self) {
        self.ingest.dimensions.add_coverage(&mut self.metrics);
    }

    fn images(&mut self, t: &Tables, written: &Written) -> Result<WrittenImages, SimError> {
        let models = &t.policy.models;
        let Some(model) = models.iter().position(|model| model.name == written.model) else {
            let known = models.iter().map(|model| model.name.as_str());
            return Err(unknown("model", &written.model, "models", known));
        };
        Ok(WrittenImages::new(
            &t.policy,
            &mut self.values,
            ModelId(model as u16),
            written.operation,
            (written.old.as_ref(), written.new.as_ref()),
        ))
    }

    /// A request of a block.
    pub(crate) fn take_request(
        &mut self,
        t: &Tables,
        requests: &Requests,
        index: usize,
        until: Time,
    ) {
        self.name_keys();
        let path = requests.target.get(index).copied().unwrap_or(NONE);
        if path as usize >= self.ingest.paths.len() {
            return;
        }
        let at = self.given_at(&requests.at, index);
        let process = requests.process.get(index).copied();
        let process = process.filter(|process| *process != NONE);
        let status = requests.status.get(index).copied();
        let status = status.filter(|status| *status != 0);
        self.take_written(t, path, at, process, status);
        let coming = Coming {
            requests,
            index,
            path,
            at,
            process: self.processes.assign(process),
            pop: self.ingest.pop(),
            number: self.ingest.count_request(),
        };
        let following = Following {
            requests: requests.at.get(index + 1..).unwrap_or_default(),
            until,
        };
        let ahead = self.answer_ahead(t, &coming, &following);
        if ahead == Ahead::Answered {
            return;
        }
        let task = self.begin_request(t, &coming, status);
        if ahead == Ahead::Unknown && self.answer_task_ahead(t, &coming, &following, task) {
            self.tasks.give_back(task);
            return;
        }
        let data = requests.data.get(index).copied();
        self.ingest.give(data, &mut self.tasks[task]);
        self.arrivals.push_back((at, task));
    }

    /// A request becomes a task, whose data is not read yet.
    fn begin_request(&mut self, t: &Tables, coming: &Coming<'_>, status: Option<u16>) -> u32 {
        let &Coming {
            requests,
            index,
            path,
            ..
        } = coming;
        let link = self.ingest.paths.first_link(path);
        let slot = self.tasks.take();
        let task = &mut self.tasks[slot];
        task.begin(TaskKind::Request, coming.at);
        task.number = coming.number;
        task.process = coming.process;
        task.pop = coming.pop;
        task.path = path;
        task.route = self.ingest.paths.route(link);
        task.status = status;
        task.bytes = coming.bytes();
        task.cost = requests.cost.get(index).copied().flatten();
        task.ttl = requests.ttl.get(index).copied().flatten();
        task.cache_status = coming.cache_status();
        if !t.policy.dimensions.is_empty() {
            self.read_dimensions(t, requests, index, slot);
        }
        slot
    }

    /// What a request carries becomes its task's.
    #[inline]
    fn read_dimensions(&mut self, t: &Tables, requests: &Requests, index: usize, slot: u32) {
        let (ingest, task) = (&mut self.ingest, &mut self.tasks[slot]);
        let host = ingest.paths.hosts.get(task.path as usize);
        let carrying = Carrying {
            carried: requests.carried.get(index).copied().unwrap_or(NONE),
            user: requests.user.get(index).copied().unwrap_or(NONE),
            host: host.copied().unwrap_or(NONE),
        };
        let metrics = &mut self.metrics;
        let settled = ingest.dimensions.read_settled(&carrying, &mut task.dims);
        if let Some(settled) = settled {
            task.outside = settled.outside;
            task.digits = settled.digits;
            task.conditions = settled.conditions;
            return;
        }
        task.dims.resize(t.policy.dimensions.len(), NONE);
        task.outside = ingest.paths.query_dims(t, task.path, &mut task.dims);
        task.outside |=
            ingest
                .dimensions
                .read(t, &mut self.values, metrics, &carrying, &mut task.dims);
        task.digits = ingest.digits.of(&t.places, &task.dims);
    }

    /// Requests of a log that are writes, by the workload's rules.
    fn take_written(
        &mut self,
        t: &Tables,
        path: u32,
        at: Time,
        process: Option<u32>,
        status: Option<u16>,
    ) {
        // What was refused or failed wrote nothing.
        if !t.has_write_rules || status.is_some_and(|status| status >= 400) {
            return;
        }
        let written: Vec<_> = self.ingest.paths.written(path).cloned().collect();
        for images in written {
            self.take_write(t, at, images, process, None);
        }
    }

    /// A write of a block.
    pub(crate) fn take_write_of(&mut self, t: &Tables, writes: &Writes, index: usize) {
        self.name_keys_for_write(t);
        let number = writes.written.get(index).copied().unwrap_or(NONE);
        let images = match self.ingest.written.get(number as usize) {
            None => return,
            Some(rows::Written::Images(images)) => Arc::clone(images),
            Some(&rows::Written::Plain(row)) => {
                let plain = self.plain.as_mut().filter(|_| cfg!(feature = "lanes"));
                let Some(plain) = plain else {
                    return;
                };
                let id = plain.id_of(&mut self.values, row);
                Arc::new(WrittenImages::of_id(&t.policy, id))
            }
        };
        let at = self.given_at(&writes.at, index);
        let process = writes.process.get(index).copied();
        let process = process.filter(|process| *process != NONE);
        let delay = writes.delay.get(index).copied().flatten();
        self.take_write(t, at, images, process, delay);
    }

    /// A time of a column.
    pub(crate) fn given_at(&self, column: &[Time], index: usize) -> Time {
        column.get(index).copied().unwrap_or(self.now)
    }

    /// A fault of the trace.
    pub(crate) fn take_fault_event(
        &mut self,
        t: &Tables,
        event: &FaultEvent,
    ) -> Result<(), SimError> {
        let backend = |name: &str| {
            let found = t.policy.backends.iter().position(|b| b.name == name);
            found.map(|index| BackendId(index as u16))
        };
        let backends = || {
            t.policy
                .backends
                .iter()
                .map(|backend| backend.name.as_str())
        };
        let mut length = Duration::ZERO;
        let fault = match &event.fault {
            NamedFault::Flush { backend: name } => match backend(name) {
                Some(id) => Fault::Flush(id),
                None => return Err(unknown("backend", name, "backends", backends())),
            },
            NamedFault::Outage { target, duration } => {
                length = *duration;
                let origin = t.policy.origins.iter().position(|o| o.name == *target);
                match (backend(target), origin) {
                    (Some(id), _) => Fault::Outage(id),
                    (None, Some(index)) => Fault::OriginOutage(OriginId(index as u16)),
                    (None, None) => {
                        let origins = t.policy.origins.iter().map(|origin| origin.name.as_str());
                        let known = backends().chain(origins);
                        let kind = "backend or origin";
                        return Err(unknown(kind, target, "backends and origins", known));
                    }
                }
            }
            NamedFault::Restart { process } => {
                let count = self.processes.count();
                if *process >= count {
                    return Err(SimError::Unknown {
                        kind: "process",
                        name: process.to_string(),
                        known: format!("it has {count}, and traces count them from 0"),
                    });
                }
                Fault::Restart(*process)
            }
            NamedFault::Deploy => Fault::Deploy,
        };
        self.take_fault(
            event.at,
            DueFault {
                fault,
                duration: length,
            },
        );
        Ok(())
    }
}

fn unknown<'n>(
    kind: &'static str,
    name: &str,
    kinds: &str,
    known: impl Iterator<Item = &'n str>,
) -> SimError {
    let names: Vec<String> = known.map(|name| format!("`{name}`")).collect();
    SimError::Unknown {
        kind,
        name: name.to_owned(),
        known: if names.is_empty() {
            format!("it declares no {kinds}")
        } else {
            format!("it declares {}", names.join(", "))
        },
    }
}

/// An instant for a message, in seconds.
pub(crate) fn seconds(at: Time) -> String {
    format!("{}", at.as_secs_f64())
}
