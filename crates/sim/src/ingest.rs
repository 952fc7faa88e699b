//! From events of a trace to tasks, writes and faults of the engine.

use crate::access::Accesses;
use crate::data::DataValues;
use crate::dimensions::Dimensions;
use crate::engine::Engine;
use crate::faults::DueFault;
use crate::intern::NONE;
use crate::metrics::Fault;
use crate::options::{Options, SimError};
use crate::paths::Paths;
use crate::random::Stream;
use crate::rows::WrittenImages;
use crate::state::{Gathered, Task, TaskKind};
use crate::tables::Tables;
use cachepolicy_core::ids::{BackendId, ModelId, OriginId};
use cachepolicy_core::route::Captures;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_core::url::{decode, split_target};
use cachepolicy_core::workload::Workload;
use cachepolicy_trace::event::{FaultEvent, NamedFault, Request, Row, Value, Write};

/// What the trace is read into.
#[derive(Debug)]
pub(crate) struct Ingest {
    pub(crate) paths: Paths,
    pub(crate) data: DataValues,
    pub(crate) dimensions: Dimensions,
    pub(crate) accesses: Accesses,
    pub(crate) faults: Vec<DueFault>,
    pub(crate) key: Vec<u32>,
    /// The first event's instant.
    pub(crate) zero: Time,
    pops: u32,
    pop: Stream,
    requests: u64,
}

impl Ingest {
    pub(crate) fn new(t: &Tables, options: &Options) -> Self {
        Self {
            paths: Paths::default(),
            data: DataValues::new(t, options.seed),
            dimensions: Dimensions::new(t, options.seed),
            accesses: Accesses::new(options),
            faults: Vec::new(),
            key: Vec::new(),
            zero: Time::ZERO,
            pops: t.pops(),
            pop: Stream::new(options.seed, &["pop"]),
            requests: 0,
        }
    }

    /// The number of the next request.
    pub(crate) fn count_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
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
    /// A request of the trace.
    pub(crate) fn take_request(&mut self, t: &Tables, request: &Request) {
        self.take_written(t, request);
        let path = self.ingest.paths.find(
            t,
            &mut self.values,
            &request.method,
            &request.host,
            &request.path,
        );
        let entry = self.ingest.paths.entry(path);
        let route = self.ingest.paths.chains[entry.chain as usize].route;
        let process = self.processes.assign(request.process);
        let slot = self.tasks.take();
        let mut task = core::mem::take(&mut self.tasks[slot]);
        task.dims.clear();
        task.dims.resize(t.policy.dimensions.len(), NONE);
        let mut outside = 0;
        if !task.dims.is_empty() {
            outside = self.ingest.paths.query_dims(t, path, &mut task.dims);
            outside |= self.ingest.dimensions.read(
                t,
                &mut self.values,
                &mut self.metrics,
                request,
                &mut task.dims,
            );
        }
        task.data.clear();
        task.data_values.clear();
        for (name, values) in &request.data {
            let name = self.ingest.data.name(name);
            let first = task.data_values.len() as u32;
            for value in values {
                task.data_values.push(self.values.intern(value));
            }
            if name != NONE {
                task.data.push((name, first, task.data_values.len() as u32));
            }
        }
        self.tasks[slot] = Task {
            kind: TaskKind::Request,
            number: self.ingest.count_request(),
            arrived: request.at,
            process,
            pop: self.ingest.pop(),
            path,
            route,
            outside,
            status: request.status,
            // What is not modified has no body, but the response has.
            bytes: request.bytes.filter(|_| request.status != Some(304)),
            cost: request.cost,
            ttl: request.ttl,
            has_thread: false,
            next: NONE,
            current: NONE,
            gathered: Gathered::default(),
            dims: task.dims,
            data: task.data,
            data_values: task.data_values,
        };
        self.arrivals.push_back((request.at, slot));
    }

    /// Requests of a log that are writes, by the workload's rules.
    fn take_written(&mut self, t: &Tables, request: &Request) {
        let workload: Option<&Workload> =
            t.workload.and_then(|id| t.policy.workloads.get(id.index()));
        let Some(workload) = workload.filter(|workload| !workload.write_rules.is_empty()) else {
            return;
        };
        let (path, _) = split_target(&request.path);
        // What was refused or failed wrote nothing.
        if request.status.is_some_and(|status| status >= 400) {
            return;
        }
        for rule in &workload.write_rules {
            let mut captures = Captures::new();
            if rule.method != request.method || !rule.pattern.matches(path, &mut captures) {
                continue;
            }
            let model = &t.policy.models[rule.model.index()];
            let fields = rule.fields.iter().zip(0..).filter_map(|(field, param)| {
                let value = decode(captures.get(param)?).into_owned();
                let name = model.fields.get(field.index())?.name.clone();
                Some((name, Value::Text(value)))
            });
            let row: Row = fields.collect();
            let rows = (Some(&row), Some(&row));
            let images = WrittenImages::new(
                &t.policy,
                &mut self.values,
                rule.model,
                rule.operation,
                rows,
            );
            self.take_write(t, request.at, images, request.process, None);
        }
    }

    /// A write of the trace.
    pub(crate) fn take_write_event(&mut self, t: &Tables, write: &Write) -> Result<(), SimError> {
        let models = &t.policy.models;
        let Some(model) = models.iter().position(|model| model.name == write.model) else {
            let known = models.iter().map(|model| model.name.as_str());
            return Err(unknown("model", &write.model, "models", known));
        };
        let images = WrittenImages::new(
            &t.policy,
            &mut self.values,
            ModelId(model as u16),
            write.operation,
            (write.old.as_ref(), write.new.as_ref()),
        );
        self.take_write(t, write.at, images, write.process, write.delay);
        Ok(())
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
                        name: (u64::from(*process) + 1).to_string(),
                        known: format!("it has {count}, counted from 1"),
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
