//! From blocks of a trace to blocks of a sample of it.

use super::Rate;
use crate::paths::written_row;
use crate::tables::Tables;
use cachepolicy_core::url::{decode, split_target};
use cachepolicy_trace::block::{
    Accesses, Block, Carried, Data, Kind, NONE, News, Requests, UNKNOWN_BYTES, Writes, Written,
};
use cachepolicy_trace::event::{AccessKey, AccessOperation};
use cachepolicy_trace::sample;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Which keys and paths are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Of all.
    pub(crate) rate: Rate,
    /// Of those, the ones of this group of so many; they are spread over the groups evenly, and
    /// independently of the rate. A power of two.
    pub(crate) group: Option<(u32, u32)>,
    /// Another seed is another sample.
    pub(crate) seed: u64,
}

impl Part {
    /// Is a key or path of this part?
    fn keeps(&self, unit: &str) -> bool {
        if self.rate.is_all() && self.group.is_none() {
            return true;
        }
        let hash = sample::hash(self.seed, unit);
        // The rate goes by the high bits, the group by the low ones.
        let is_in_group = |(group, of): (u32, u32)| hash % u64::from(of.max(1)) == u64::from(group);
        self.rate.keeps(hash) && self.group.is_none_or(is_in_group)
    }

    pub(super) fn keeps_key(&self, key: &AccessKey) -> bool {
        match key {
            AccessKey::Text(text) => self.keeps(text),
            AccessKey::Number(number) => self.keeps(&number.to_string()),
        }
    }
}

/// Thins one stream of blocks. Keys and targets that are kept are numbered anew, in the order of
/// their first appearance; 4 bytes for each of the whole stream.
#[derive(Debug)]
pub(crate) struct Thinner {
    part: Part,
    tables: Arc<Tables>,
    keys: Renumbered,
    targets: Renumbered,
    /// What requests write whose targets are not kept, by the number of the target in the stream.
    writing: FxHashMap<u32, Vec<Written>>,
}

/// By number in the stream: the number in the sample, [`NONE`] for what is not kept.
#[derive(Debug, Default)]
struct Renumbered {
    numbers: Vec<u32>,
    kept: u32,
}

impl Renumbered {
    fn add(&mut self, keep: bool) {
        self.numbers.push(if keep { self.kept } else { NONE });
        self.kept += u32::from(keep);
    }

    fn get(&self, number: u32) -> Option<u32> {
        let number = self.numbers.get(number as usize).copied();
        number.filter(|number| *number != NONE)
    }

    /// What of this is kept by a second pass over what was kept.
    fn then(&mut self, second: &Self) {
        for number in &mut self.numbers {
            *number = second.get(*number).unwrap_or(NONE);
        }
        self.kept = second.kept;
    }
}

impl Thinner {
    pub(crate) fn new(t: &Arc<Tables>, part: Part) -> Self {
        Self {
            part,
            tables: Arc::clone(t),
            keys: Renumbered::default(),
            targets: Renumbered::default(),
            writing: FxHashMap::default(),
        }
    }

    /// Keys that are kept.
    pub(crate) fn keys(&self) -> u32 {
        self.keys.kept
    }

    /// Request targets that are kept.
    pub(crate) fn targets(&self) -> u32 {
        self.targets.kept
    }

    /// Is this one of the stream's targets kept?
    pub(super) fn keeps_target(&self, number: u32) -> bool {
        self.targets.get(number).is_some()
    }

    /// The other one has thinned what this one kept: from here on this one keeps what the other
    /// keeps.
    pub(crate) fn then(&mut self, second: Self) {
        let mut writing = second.writing;
        for (stream, kept) in (0..).zip(&self.targets.numbers) {
            if let Some(written) = writing.remove(kept) {
                self.writing.insert(stream, written);
            }
        }
        self.part = second.part;
        self.keys.then(&second.keys);
        self.targets.then(&second.targets);
    }

    /// Adds what is kept of a block to another one, and tells how many events that is.
    pub(crate) fn thin(&mut self, block: &Block, into: &mut Block) -> usize {
        self.learn(&block.news, &mut into.news);
        let mut local = Local {
            carried: vec![NONE; block.news.carried.len()],
            data: vec![NONE; block.news.data.len()],
            written: vec![NONE; block.news.written.len()],
        };
        let before = into.len();
        let mut next = [0; 4];
        for &(kind, count) in &block.runs {
            let first = next[kind as usize];
            let end = first + count as usize;
            next[kind as usize] = end;
            for index in first..end {
                let kept = match kind {
                    Kind::Access => self.access(&block.accesses, index, into),
                    Kind::Request => {
                        self.writes_of(&block.requests, index, into);
                        self.request(block, index, &mut local, into)
                    }
                    Kind::Write => write(block, index, &mut local.written, into),
                    Kind::Fault => {
                        into.faults.extend(block.faults.get(index).cloned());
                        true
                    }
                };
                if kept {
                    into.count(kind);
                }
            }
        }
        into.len() - before
    }

    fn learn(&mut self, news: &News, into: &mut News) {
        for key in &news.keys {
            let keep = self.part.keeps_key(key);
            self.keys.add(keep);
            if keep {
                into.keys.push(key.clone());
            }
        }
        for index in 0..news.targets.len() {
            let target = news.targets.get(index);
            let (path, _) = split_target(target.path);
            let keep = self.part.keeps(&decode(path));
            if keep {
                into.targets.push(target);
            } else if self.tables.has_write_rules {
                let written = self.written(target.method, path);
                if !written.is_empty() {
                    let number = self.targets.numbers.len() as u32;
                    self.writing.insert(number, written);
                }
            }
            self.targets.add(keep);
        }
        for user in news.users.iter() {
            into.users.push(user);
        }
    }

    /// What requests for a target write, by the workload's rules.
    fn written(&self, method: &str, path: &str) -> Vec<Written> {
        let policy = &self.tables.policy;
        let workload = self
            .tables
            .workload
            .and_then(|id| policy.workloads.get(id.index()));
        let rules = workload.iter().flat_map(|workload| &workload.write_rules);
        let written = rules.filter_map(|rule| {
            let row = written_row(policy, rule, method, path)?;
            Some(Written {
                model: policy.models.get(rule.model.index())?.name.clone(),
                operation: rule.operation,
                old: Some(row.clone()),
                new: Some(row),
            })
        });
        written.collect()
    }

    /// A request whose target is not kept may write what keys of other paths depend on: it becomes
    /// a write.
    fn writes_of(&self, from: &Requests, index: usize, into: &mut Block) {
        if self.writing.is_empty() {
            return;
        }
        let number = from.target.get(index).copied().unwrap_or(NONE);
        let refused = from.status.get(index).is_some_and(|status| *status >= 400);
        let (Some(written), Some(&at)) = (self.writing.get(&number), from.at.get(index)) else {
            return;
        };
        for written in written.iter().filter(|_| !refused) {
            let to = &mut into.writes;
            let place = to.at.len();
            to.at.push(at);
            to.written.push(into.news.written.len() as u32);
            into.news.written.push(written.clone());
            copy(&from.process, index, &mut to.process, place, &NONE);
            put(None, &mut to.delay, place, &None);
            into.count(Kind::Write);
        }
    }

    fn access(&self, from: &Accesses, index: usize, into: &mut Block) -> bool {
        let number = from.key.get(index).copied().unwrap_or(NONE);
        let (Some(key), Some(&at)) = (self.keys.get(number), from.at.get(index)) else {
            return false;
        };
        let to = &mut into.accesses;
        let place = to.at.len();
        to.at.push(at);
        to.key.push(key);
        copy(
            &from.operation,
            index,
            &mut to.operation,
            place,
            &AccessOperation::Get,
        );
        to.bytes.push(place, from.bytes.get(index));
        copy(&from.ttl, index, &mut to.ttl, place, &None);
        copy(&from.cost, index, &mut to.cost, place, &None);
        true
    }

    fn request(&self, block: &Block, index: usize, local: &mut Local, into: &mut Block) -> bool {
        let from = &block.requests;
        let number = from.target.get(index).copied().unwrap_or(NONE);
        let (Some(target), Some(&at)) = (self.targets.get(number), from.at.get(index)) else {
            return false;
        };
        let carried = from.carried.get(index).copied().unwrap_or(NONE);
        let carried = local.carried(carried, &block.news.carried, &mut into.news.carried);
        let data = from.data.get(index).copied().unwrap_or(NONE);
        let data = local.data(data, &block.news.data, &mut into.news.data);
        let to = &mut into.requests;
        let place = to.at.len();
        to.at.push(at);
        to.target.push(target);
        to.carried.push(carried);
        put(data, &mut to.data, place, &NONE);
        response(from, index, to, place);
        true
    }
}

/// A new column has to be named here, or nothing compiles.
fn response(from: &Requests, index: usize, to: &mut Requests, place: usize) {
    let Requests {
        at: _,
        target: _,
        carried: _,
        data: _,
        user,
        process,
        status,
        bytes,
        cost,
        ttl,
        cache_status,
    } = from;
    copy(user, index, &mut to.user, place, &NONE);
    copy(process, index, &mut to.process, place, &NONE);
    copy(status, index, &mut to.status, place, &0);
    copy(bytes, index, &mut to.bytes, place, &UNKNOWN_BYTES);
    copy(cost, index, &mut to.cost, place, &None);
    copy(ttl, index, &mut to.ttl, place, &None);
    copy(cache_status, index, &mut to.cache_status, place, &None);
}

fn write(block: &Block, index: usize, numbers: &mut [u32], into: &mut Block) -> bool {
    let from: &Writes = &block.writes;
    let Some(&at) = from.at.get(index) else {
        return false;
    };
    let written = from.written.get(index).copied().unwrap_or(NONE);
    let written = renumber(
        written,
        numbers,
        &block.news.written,
        &mut into.news.written,
    );
    let to = &mut into.writes;
    let place = to.at.len();
    to.at.push(at);
    to.written.push(written);
    copy(&from.process, index, &mut to.process, place, &NONE);
    copy(&from.delay, index, &mut to.delay, place, &None);
    true
}

/// What is numbered in each block anew: by number in the block, the number in the block that it is
/// added to.
struct Local {
    carried: Vec<u32>,
    data: Vec<u32>,
    written: Vec<u32>,
}

impl Local {
    fn carried(&mut self, number: u32, from: &[Carried], into: &mut Vec<Carried>) -> u32 {
        renumber(number, &mut self.carried, from, into)
    }

    fn data(&mut self, number: u32, from: &[Data], into: &mut Vec<Data>) -> u32 {
        renumber(number, &mut self.data, from, into)
    }
}

/// The new number of something, which is brought along the first time.
fn renumber<T: Clone>(number: u32, numbers: &mut [u32], from: &[T], into: &mut Vec<T>) -> u32 {
    let (Some(known), Some(item)) = (numbers.get_mut(number as usize), from.get(number as usize))
    else {
        return NONE;
    };
    if *known == NONE {
        *known = into.len() as u32;
        into.push(item.clone());
    }
    *known
}

/// Copies a value of a column that may be empty to the place of another one.
fn copy<T: Clone + PartialEq>(
    from: &[T],
    index: usize,
    into: &mut Vec<T>,
    place: usize,
    absent: &T,
) {
    let value = from.get(index).unwrap_or(absent);
    put(value.clone(), into, place, absent);
}

/// Puts a value into a column that is empty as long as all of its values are absent.
fn put<T: Clone + PartialEq>(value: T, into: &mut Vec<T>, place: usize, absent: &T) {
    if value != *absent || !into.is_empty() {
        into.resize(place, absent.clone());
        into.push(value);
    }
}
