//! Accesses of a key-value trace: they go to one object level, in the order of the trace.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::options::{Operations, Options, SimError};
use crate::state::{State, TaskKind};
use crate::tables::{Tables, key_level};
use cachepolicy_core::LevelId;
use cachepolicy_trace::event::AccessOperation;

/// The last access to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Last {
    /// None, or no `get`.
    #[default]
    Other,
    /// A `get` that found something, as the trace says.
    Hit,
    /// A `get` of which the trace does not say so.
    Get,
}

/// The last access of every key. As long as all keys were only read, and all found something or none
/// did, this is known without a table.
#[derive(Debug, Default)]
pub(crate) struct LastAccesses {
    /// By key, unless `only` says it.
    by_key: Vec<Last>,
    /// Of the keys below this number, which were all accessed.
    only: Option<(Last, usize)>,
    /// The number of keys.
    keys: usize,
    is_apart: bool,
}

impl LastAccesses {
    /// There is one more key.
    pub(crate) fn learn(&mut self) {
        self.keys += 1;
        if self.is_apart {
            self.by_key.push(Last::Other);
        }
    }

    /// These keys are all accessed in the same way. Is nothing else to be known of that?
    #[inline]
    pub(crate) fn all_are(&mut self, last: Last, keys: &[u32]) -> bool {
        if self.is_apart {
            for &key in keys {
                if let Some(known) = self.by_key.get_mut(key as usize) {
                    *known = last;
                }
            }
            return true;
        }
        let (known, accessed) = self.only.unwrap_or((last, 0));
        if known != last {
            return false;
        }
        // Keys are numbered in the order in which they are first accessed.
        let greatest = keys.iter().copied().max().unwrap_or(0) as usize;
        self.only = Some((last, accessed.max(greatest + 1)));
        true
    }

    /// See [`Last::take`].
    #[inline]
    pub(crate) fn take(
        &mut self,
        key: u32,
        operation: AccessOperation,
        bytes: Option<u64>,
        operations: Operations,
    ) -> Operation {
        if !self.is_apart {
            let mut last = Last::Other;
            let done = last.take(operation, bytes, operations);
            if done == Operation::Get && self.all_are(last, &[key]) {
                return done;
            }
            self.set_apart();
        }
        match self.by_key.get_mut(key as usize) {
            Some(last) => last.take(operation, bytes, operations),
            None => Operation::Get,
        }
    }

    #[cold]
    fn set_apart(&mut self) {
        if let Some((last, accessed)) = self.only.take() {
            self.by_key.resize(accessed.min(self.keys), last);
        }
        self.by_key.resize(self.keys, Last::Other);
        self.is_apart = true;
    }
}

/// How accesses are replayed.
#[derive(Debug)]
pub(crate) struct Accesses {
    wanted: Option<LevelId>,
    pub(crate) operations: Operations,
    /// Known since the first access.
    level: Option<LevelId>,
}

/// What is done to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    /// The value that a `get`'s miss loaded.
    Fill,
    Write,
    Delete,
}

impl Last {
    /// What an access does to its key, given the one before it. `bytes`: what the trace says of the
    /// value.
    #[inline]
    pub(crate) fn take(
        &mut self,
        operation: AccessOperation,
        bytes: Option<u64>,
        operations: Operations,
    ) -> Operation {
        let last = *self;
        let is_fill = match operations {
            Operations::Write => false,
            Operations::Fill => last != Self::Other,
            Operations::Auto => last == Self::Get,
        };
        *self = match operation {
            AccessOperation::Get if bytes.is_some_and(|bytes| bytes > 0) => Self::Hit,
            AccessOperation::Get => Self::Get,
            AccessOperation::Set | AccessOperation::Delete => Self::Other,
        };
        match operation {
            AccessOperation::Get => Operation::Get,
            AccessOperation::Set if is_fill => Operation::Fill,
            AccessOperation::Set => Operation::Write,
            AccessOperation::Delete => Operation::Delete,
        }
    }
}

impl Accesses {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            wanted: options.level,
            operations: options.operations,
            level: None,
        }
    }

    fn level(&mut self, t: &Tables) -> Result<LevelId, SimError> {
        if let Some(level) = self.level {
            return Ok(level);
        }
        let found = key_level(&t.policy, self.wanted);
        let level = found.map_err(|reason| SimError::NoKeyLevel { reason })?;
        self.level = Some(level);
        Ok(level)
    }
}

impl Engine {
    /// An access of a block.
    pub(crate) fn take_access(
        &mut self,
        t: &Tables,
        accesses: &cachepolicy_trace::block::Accesses,
        index: usize,
    ) -> Result<(), SimError> {
        let level = self.ingest.accesses.level(t)?;
        let key = accesses.key.get(index).copied().unwrap_or(NONE);
        self.admit_keys(t, level);
        let at = self.given_at(&accesses.at, index);
        let operation = accesses.operation.get(index).copied();
        let operation = operation.unwrap_or(AccessOperation::Get);
        let slot = self.tasks.take();
        let task = &mut self.tasks[slot];
        task.begin(TaskKind::Access(operation), at);
        task.number = self.ingest.count_request();
        task.process = self.processes.assign(None);
        task.pop = self.ingest.pop();
        task.route = u32::from(level.0);
        task.bytes = accesses.bytes.said(index);
        task.cost = accesses.cost.get(index).copied().flatten();
        task.ttl = accesses.ttl.get(index).copied().flatten();
        task.dims.resize(t.policy.dimensions.len(), NONE);
        task.data_values.push(key);
        self.arrivals.push_back((at, slot));
        Ok(())
    }

    /// An access is due.
    pub(crate) fn access(&mut self, t: &Tables, task: u32, operation: AccessOperation) {
        let level = LevelId(self.tasks[task].route as u16);
        self.tasks[task].route = NONE;
        let key = self.tasks[task].data_values.pop().unwrap_or(NONE);
        let inst = self.key_of_trace(t, task, level, key);
        let operations = self.ingest.accesses.operations;
        let bytes = self.tasks[task].bytes;
        let last = &mut self.last_accesses;
        let operation = last.take(key, operation, bytes, operations);
        if operation == Operation::Get {
            if let Some(frame) = self.look_up_key(t, task, NONE, (level, inst), NONE) {
                self.drive(t, frame);
            }
            return;
        }
        let frame = self.new_frame_of(t, task, NONE, (level, inst), NONE);
        self.frames[frame].state = State::Done;
        self.operate(t, frame, operation);
        self.free_frame(frame);
        self.tasks.give_back(task);
    }
}
