//! What Redis writes under `MONITOR`: a line a command, with its time, its database and client, and
//! its arguments in quotes. What each command is to a cache is a table: `commands.rs`.
//!
//! A command of several keys is an access of each. Databases are apart: the key `a` of database 1 is
//! `[1] a`. A key that is no UTF-8 text is named as Redis writes it, in quotes and with its escapes.
//!
//! Many programs store a value first and say how long it is kept in a second command. So accesses
//! are held back for a few commands, and an `EXPIRE` that follows one of them becomes its ttl.
//! `MONITOR` does not tell replies: whether a `GET` found something, or a `SET … NX` stored it.

mod commands;
mod line;
#[cfg(test)]
mod tests;

use super::keys::key;
use crate::event::{Access, AccessKey, AccessOperation, Event};
use crate::format::{Sample, Spec};
use crate::order::Moment;
use crate::reader::{Records, Times};
use cachepolicy_core::units::{Duration, Time};
use commands::{Does, Keys, Unit, does};
use line::{Arguments, Head, head};
use std::collections::{BTreeMap, VecDeque};

pub(crate) const SPEC: Spec = Spec {
    name: "redis-monitor",
    about: "what Redis writes under MONITOR",
    is_unordered: false,
    has_garbage: true,
    sniff,
    open: |mut opening| {
        opening.input.allow_lines_of(LINE_BYTES_MAX);
        Ok(opening.source(Monitor::default()))
    },
    open_blocks: None,
    accesses_only: true,
};

/// A line holds a whole value, and four bytes for one that is not printable.
const LINE_BYTES_MAX: usize = 64 << 20;

/// So many accesses are held back for what may say their ttl.
const HELD: usize = 64;

/// So many different commands that are no accesses are told apart.
const OTHERS_MAX: usize = 1_000;

fn sniff(sample: &Sample<'_>) -> bool {
    let mut lines = sample.lines().filter(|line| !is_none(line));
    lines.next().is_some_and(|line| head(line).is_ok())
}

/// Blank lines, and the reply to `MONITOR` itself.
fn is_none(line: &[u8]) -> bool {
    matches!(line.trim_ascii(), b"" | b"OK" | b"+OK")
}

#[derive(Debug, Default)]
struct Monitor {
    arguments: Arguments,
    /// In the order of time.
    held: VecDeque<Access>,
    /// Commands that are no accesses.
    others: BTreeMap<String, u64>,
}

/// A command and where it ran.
struct Command<'a> {
    head: Head<'a>,
    arguments: &'a Arguments,
}

/// How long a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// The command does not say.
    NotSaid,
    For(Duration),
    /// Until an instant that has passed.
    NotAtAll,
}

impl Kept {
    const fn ttl(self) -> Option<Duration> {
        match self {
            Self::For(ttl) => Some(ttl),
            Self::NotSaid | Self::NotAtAll => None,
        }
    }
}

impl Unit {
    /// From `now` on.
    fn kept(self, number: i64, now: Time) -> Kept {
        let nanos = match self {
            Self::Seconds | Self::UntilSeconds => number.saturating_mul(1_000_000_000),
            Self::Millis | Self::UntilMillis => number.saturating_mul(1_000_000),
        };
        let nanos = match self {
            Self::Seconds | Self::Millis => nanos,
            Self::UntilSeconds | Self::UntilMillis => nanos.saturating_sub(now.nanos()),
        };
        if nanos > 0 {
            Kept::For(Duration::from_nanos(nanos))
        } else {
            Kept::NotAtAll
        }
    }
}

impl Command<'_> {
    fn access(&self, operation: AccessOperation, index: usize, bytes: Option<usize>) -> Access {
        Access {
            at: self.head.at,
            operation,
            key: self.key(index),
            bytes: bytes.map(|bytes| bytes as u64),
            ttl: None,
            cost: None,
        }
    }

    fn key(&self, index: usize) -> AccessKey {
        let written = || String::from_utf8_lossy(self.arguments.written(index, self.head.command));
        let text = std::str::from_utf8(self.arguments.get(index));
        match (self.head.database, text) {
            (0, Ok(text)) => key(text),
            (0, Err(_)) => AccessKey::Text(written().into_owned()),
            (database, Ok(text)) => AccessKey::Text(format!("[{database}] {text}")),
            (database, Err(_)) => AccessKey::Text(format!("[{database}] {}", written())),
        }
    }

    /// The arguments that are keys; none where there are fewer than the command says.
    fn indices(&self, keys: Keys) -> std::ops::Range<usize> {
        let end = self.arguments.len();
        match keys {
            Keys::At(index) => index..end.min(index + 1),
            Keys::From(first) => first..end,
            Keys::Two => 1..end.min(3),
            Keys::Counted(count) => {
                let first = count + 1;
                let keys = self.arguments.number(count);
                let keys = keys.and_then(|keys| usize::try_from(keys).ok());
                first..keys.map_or(first, |keys| first.saturating_add(keys).min(end))
            }
        }
    }

    /// Each key of these arguments.
    fn each(&self, operation: AccessOperation, keys: Keys) -> impl Iterator<Item = Access> {
        self.indices(keys)
            .map(move |index| self.access(operation, index, None))
    }

    fn size(&self, index: usize) -> Option<usize> {
        (index < self.arguments.len()).then(|| self.arguments.get(index).len())
    }

    /// What `SET` and `GETEX` say behind their value or key: how long it is kept. `None`: Redis
    /// refuses that.
    fn options(&self, first: usize) -> Option<Kept> {
        const UNITS: [(&[u8], Unit); 4] = [
            (b"EX", Unit::Seconds),
            (b"PX", Unit::Millis),
            (b"EXAT", Unit::UntilSeconds),
            (b"PXAT", Unit::UntilMillis),
        ];
        const FLAGS: [&[u8]; 5] = [b"NX", b"XX", b"GET", b"KEEPTTL", b"PERSIST"];
        const CONDITIONS: [&[u8]; 4] = [b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE"];
        let mut kept = Kept::NotSaid;
        let mut at = first;
        while at < self.arguments.len() {
            let option = self.arguments.get(at);
            let is = |name: &&[u8]| option.eq_ignore_ascii_case(name);
            at += 1;
            if FLAGS.iter().any(&is) {
                continue;
            }
            if let Some((_, unit)) = UNITS.iter().find(|(name, _)| is(name)) {
                // Not even an instant that has passed may be before the epoch.
                let number = self.arguments.number(at).filter(|number| *number > 0)?;
                kept = unit.kept(number, self.head.at);
            } else if !CONDITIONS.iter().any(is) {
                return None;
            }
            at += 1;
        }
        Some(kept)
    }

    /// A stored value, or a removed key where it is not kept at all.
    fn stored(&self, index: usize, value: usize, kept: Kept) -> Access {
        if kept == Kept::NotAtAll {
            return self.access(AccessOperation::Delete, index, None);
        }
        Access {
            ttl: kept.ttl(),
            ..self.access(AccessOperation::Set, index, self.size(value))
        }
    }

    /// Adds what a command does to keys; `None`: nothing.
    fn accesses(&self, does: Does, into: &mut VecDeque<Access>) -> Option<()> {
        use AccessOperation::{Delete, Get, Set};
        match does {
            Does::Read(keys) => into.extend(self.each(Get, keys)),
            Does::Change(keys) => into.extend(self.each(Set, keys)),
            Does::Delete(keys) => into.extend(self.each(Delete, keys)),
            Does::Store(value) => into.push_back(self.stored(1, value, Kept::NotSaid)),
            Does::StoreFor(unit) => {
                let number = self.arguments.number(2).filter(|number| *number > 0)?;
                into.push_back(self.stored(1, 3, unit.kept(number, self.head.at)));
            }
            Does::Restore => {
                let kept = match self.arguments.number(2)? {
                    0 => Kept::NotSaid,
                    number => Unit::Millis.kept(number, self.head.at),
                };
                into.push_back(self.stored(1, 3, kept));
            }
            Does::Set => {
                let kept = self.options(3)?;
                into.push_back(self.stored(1, 2, kept));
            }
            Does::StoreMany => {
                let pairs = (1..self.arguments.len()).step_by(2);
                into.extend(pairs.map(|index| self.stored(index, index + 1, Kept::NotSaid)));
            }
            Does::ReadFor => {
                let kept = self.options(2)?;
                let read = self.access(Get, 1, None);
                into.push_back(Access {
                    ttl: kept.ttl(),
                    ..read
                });
                if kept == Kept::NotAtAll {
                    into.push_back(self.access(Delete, 1, None));
                }
            }
            Does::ReadAndDelete => {
                into.push_back(self.access(Get, 1, None));
                into.push_back(self.access(Delete, 1, None));
            }
            Does::Combine(to, keys) => {
                into.extend(self.each(Get, keys));
                into.extend(self.each(Set, Keys::At(to)));
            }
            Does::Rename => {
                into.extend(self.each(Delete, Keys::At(1)));
                into.extend(self.each(Set, Keys::At(2)));
            }
            Does::Expire(unit) => {
                let kept = unit.kept(self.arguments.number(2)?, self.head.at);
                let key = self.key(1);
                match kept {
                    Kept::For(ttl) => {
                        // The access that it belongs to, if that was just now.
                        let last = into.iter_mut().rev().find(|access| access.key == key)?;
                        if last.operation == Delete {
                            return None;
                        }
                        last.ttl = Some(ttl);
                    }
                    _ => into.push_back(self.access(Delete, 1, None)),
                }
            }
        }
        Some(())
    }
}

impl Monitor {
    fn count_other(&mut self) {
        let name = String::from_utf8_lossy(self.arguments.get(0)).to_ascii_uppercase();
        let name: String = name.chars().take(40).collect();
        let name = if self.others.len() < OTHERS_MAX || self.others.contains_key(&name) {
            name
        } else {
            "(others)".to_owned()
        };
        *self.others.entry(name).or_default() += 1;
    }

    fn pop(&mut self, event: &mut Event) -> bool {
        let access = self.held.pop_front();
        access
            .map(|access| *event = Event::Access(access))
            .is_some()
    }
}

impl Records for Monitor {
    fn times(&self) -> Times {
        Times::Exact
    }

    fn moment(&mut self, line: &[u8]) -> Result<Option<Moment>, String> {
        if is_none(line) {
            return Ok(None);
        }
        Ok(Some(Moment {
            at: head(line)?.at,
            whole_second: false,
            mark: 0,
        }))
    }

    fn fill(&mut self, line: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        if is_none(line) {
            return Ok(false);
        }
        let head = head(line)?;
        self.arguments.read(head.command)?;
        let command = Command {
            head,
            arguments: &self.arguments,
        };
        let before = self.held.len();
        let does = does(self.arguments.get(0)).filter(|_| self.arguments.len() > 1);
        let done = does.and_then(|does| command.accesses(does, &mut self.held));
        if done.is_none() || self.held.len() == before && !matches!(does, Some(Does::Expire(_))) {
            self.count_other();
        }
        Ok(self.fill_further(event))
    }

    fn delays(&self) -> bool {
        true
    }

    fn fill_further(&mut self, event: &mut Event) -> bool {
        self.held.len() > HELD && self.pop(event)
    }

    fn fill_last(&mut self, event: &mut Event) -> bool {
        self.pop(event)
    }

    fn others(&self) -> BTreeMap<String, u64> {
        self.others.clone()
    }
}
