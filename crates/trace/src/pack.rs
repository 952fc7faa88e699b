//! From events to blocks.

use crate::block::{
    BLOCK_EVENTS_MAX, Block, BlockSource, Carried, Data, Kind, NONE, Requests, UNKNOWN_BYTES,
    Written,
};
use crate::dictionary::{ItemNumbers, KeyNumbers, Numbered, TextNumbers};
use crate::event::{Access, AccessOperation, Event, Request, Value, Write};
use crate::{ReadStats, Source, TraceError};
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Bytes of new texts in a block, from which on the block is full.
const NEWS_BYTES_MAX: usize = 64 << 20;

/// Different keys, targets or users in a trace at most.
pub const DISTINCT_MAX: usize = u32::MAX as usize - 1;

/// A trace has more different things of a kind than [`DISTINCT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trace has more than {DISTINCT_MAX} different {0}: that is the limit")]
pub struct TooManyDistinct(pub &'static str);

/// Puts events into blocks. Keys, targets and users keep their numbers from block to block; what
/// requests carry, data and rows are numbered in each block anew, because there may be as many
/// different ones as there are events.
#[derive(Debug, Default)]
pub struct Packer {
    keys: KeyNumbers,
    targets: TextNumbers,
    carried: ItemNumbers<Carried>,
    users: TextNumbers,
    data: ItemNumbers<Data>,
    written: ItemNumbers<Written>,
    /// What the request before carried: mostly, the next one carries the same.
    last_carried: u32,
    scratch: String,
    /// Blocks have the texts of targets in common with the packer, see [`Self::share`].
    shares: bool,
    /// So many pieces of these were said in blocks.
    said: usize,
}

impl Packer {
    /// Adds an event to a block that has room, see [`has_room`].
    ///
    /// # Errors
    /// Where the numbers are used up.
    pub fn push(&mut self, event: &Event, block: &mut Block) -> Result<(), TooManyDistinct> {
        if block.is_empty() {
            self.carried.clear();
            self.data.clear();
            self.written.clear();
        }
        match event {
            Event::Request(request) => {
                self.request(request, block)?;
                block.count(Kind::Request);
            }
            Event::Access(access) => {
                self.access(access, block)?;
                block.count(Kind::Access);
            }
            Event::Write(write) => {
                self.write(write, block);
                block.count(Kind::Write);
            }
            Event::Fault(fault) => {
                block.faults.push(fault.clone());
                block.count(Kind::Fault);
            }
        }
        Ok(())
    }

    fn request(&mut self, request: &Request, block: &mut Block) -> Result<(), TooManyDistinct> {
        let target = self.target(request, block)?;
        let carried = self.carried(request, block);
        let user = match &request.user {
            None => NONE,
            Some(user) => {
                let Numbered { number, is_new } = self.users.number(user);
                if is_new {
                    block.news.users.push(user);
                    enough(self.users.len(), "users")?;
                }
                number
            }
        };
        let data = self.data(request, block);
        let requests = &mut block.requests;
        let before = requests.at.len();
        requests.at.push(request.at);
        requests.target.push(target);
        requests.carried.push(carried);
        put(&mut requests.user, before, user, NONE);
        put(&mut requests.data, before, data, NONE);
        Self::response(request, requests, before);
        Ok(())
    }

    fn response(request: &Request, requests: &mut Requests, before: usize) {
        let process = request.process.unwrap_or(NONE);
        let bytes = request.bytes.unwrap_or(UNKNOWN_BYTES);
        put(&mut requests.process, before, process, NONE);
        put(&mut requests.status, before, request.status.unwrap_or(0), 0);
        put(&mut requests.bytes, before, bytes, UNKNOWN_BYTES);
        put(&mut requests.cost, before, request.cost, None);
        put(&mut requests.ttl, before, request.ttl, None);
        let status = request.cache_status;
        put(&mut requests.cache_status, before, status, None);
    }

    fn target(&mut self, request: &Request, block: &mut Block) -> Result<u32, TooManyDistinct> {
        self.scratch.clear();
        request.target().spell(&mut self.scratch);
        let Numbered { number, is_new } = self.targets.number(&self.scratch);
        if is_new {
            let targets = &mut block.news.targets;
            if self.shares {
                targets.push_shared(number, self.scratch.len());
            } else {
                targets.push_spelled(&self.scratch);
            }
            enough(self.targets.len(), "targets")?;
        }
        Ok(number)
    }

    /// The block is over: it gets the texts of its targets.
    fn share(&mut self, block: &mut Block) {
        let texts = self.targets.texts();
        block.news.targets.share(texts, &mut self.said);
    }

    fn carried(&mut self, request: &Request, block: &mut Block) -> u32 {
        let is = |carried: &Carried| {
            carried.headers == request.headers
                && carried.cookies == request.cookies
                && carried.attrs == request.attrs
                && carried.headers_known == request.headers_known
                && carried.cookies_known == request.cookies_known
                && carried.user_known == request.user_known
                && carried.absent_headers == request.absent_headers
                && carried.absent_cookies == request.absent_cookies
        };
        if self.carried.get(self.last_carried).is_some_and(is) {
            return self.last_carried;
        }
        let hash = |hasher: &mut FxHasher| {
            for list in [&request.headers, &request.cookies, &request.attrs] {
                hasher.write_usize(list.len());
                for (name, value) in list {
                    write_text(hasher, name);
                    write_text(hasher, value);
                }
            }
            for names in [&request.absent_headers, &request.absent_cookies] {
                hasher.write_usize(names.len());
                names.iter().for_each(|name| write_text(hasher, name));
            }
            for known in [
                request.headers_known,
                request.cookies_known,
                request.user_known,
            ] {
                hasher.write_u8(u8::from(known));
            }
        };
        let make = || Carried {
            headers: request.headers.clone(),
            cookies: request.cookies.clone(),
            attrs: request.attrs.clone(),
            headers_known: request.headers_known,
            cookies_known: request.cookies_known,
            user_known: request.user_known,
            absent_headers: request.absent_headers.clone(),
            absent_cookies: request.absent_cookies.clone(),
        };
        let Numbered { number, is_new } = self.carried.number(hash, is, make);
        if is_new {
            block.news.carried.push(make());
        }
        self.last_carried = number;
        number
    }

    fn data(&mut self, request: &Request, block: &mut Block) -> u32 {
        if request.data.is_empty() {
            return NONE;
        }
        let hash = |hasher: &mut FxHasher| {
            for (name, values) in &request.data {
                write_text(hasher, name);
                hasher.write_usize(values.len());
                for value in values {
                    write_text(hasher, value);
                }
            }
        };
        let is = |data: &Data| *data == request.data;
        let Numbered { number, is_new } = self.data.number(hash, is, || request.data.clone());
        if is_new {
            block.news.data.push(request.data.clone());
        }
        number
    }

    fn access(&mut self, access: &Access, block: &mut Block) -> Result<(), TooManyDistinct> {
        let Numbered { number, is_new } = self.keys.number(&access.key);
        if is_new {
            block.news.keys.push(access.key.clone());
            enough(self.keys.len(), "keys")?;
        }
        let accesses = &mut block.accesses;
        let before = accesses.at.len();
        accesses.at.push(access.at);
        accesses.key.push(number);
        let get = AccessOperation::Get;
        put(&mut accesses.operation, before, access.operation, get);
        let bytes = access.bytes.unwrap_or(UNKNOWN_BYTES);
        accesses.bytes.push(before, bytes);
        put(&mut accesses.ttl, before, access.ttl, None);
        put(&mut accesses.cost, before, access.cost, None);
        Ok(())
    }

    fn write(&mut self, write: &Write, block: &mut Block) {
        let hash = |hasher: &mut FxHasher| {
            write_text(hasher, &write.model);
            hasher.write_u8(write.operation as u8);
            for row in [&write.old, &write.new] {
                hasher.write_u8(u8::from(row.is_some()));
                write_row(hasher, row.as_deref().unwrap_or_default());
            }
        };
        let is = |known: &Written| {
            known.model == write.model
                && known.operation == write.operation
                && known.old == write.old
                && known.new == write.new
        };
        let make = || Written {
            model: write.model.clone(),
            operation: write.operation,
            old: write.old.clone(),
            new: write.new.clone(),
        };
        let Numbered { number, is_new } = self.written.number(hash, is, make);
        if is_new {
            block.news.written.push(make());
        }
        let writes = &mut block.writes;
        let before = writes.at.len();
        writes.at.push(write.at);
        writes.written.push(number);
        let process = write.process.unwrap_or(NONE);
        put(&mut writes.process, before, process, NONE);
        put(&mut writes.delay, before, write.delay, None);
    }
}

/// May another event come into this block?
#[must_use]
pub fn has_room(block: &Block) -> bool {
    let news = &block.news;
    let texts = news.targets.bytes() + news.users.bytes();
    block.len() < BLOCK_EVENTS_MAX && texts < NEWS_BYTES_MAX
}

pub(crate) fn enough(count: usize, what: &'static str) -> Result<(), TooManyDistinct> {
    if count > DISTINCT_MAX {
        return Err(TooManyDistinct(what));
    }
    Ok(())
}

/// Puts a value into a column that is empty as long as all that is in it is `nothing`; the column
/// stands for `before` values before this one.
pub(crate) fn put<T: Clone + PartialEq>(column: &mut Vec<T>, before: usize, value: T, nothing: T) {
    if column.is_empty() && value == nothing {
        return;
    }
    if column.len() < before {
        column.resize(before, nothing);
    }
    column.push(value);
}

fn write_text(hasher: &mut FxHasher, text: &str) {
    hasher.write(text.as_bytes());
    hasher.write_usize(text.len());
}

fn write_row(hasher: &mut FxHasher, row: &[(String, Value)]) {
    hasher.write_usize(row.len());
    for (name, value) in row {
        write_text(hasher, name);
        write_value(hasher, value);
    }
}

fn write_value(hasher: &mut FxHasher, value: &Value) {
    match value {
        Value::Null => hasher.write_u8(0),
        Value::Text(text) => write_text(hasher, text),
        Value::List(values) => {
            hasher.write_usize(values.len());
            values.iter().for_each(|value| write_value(hasher, value));
        }
        Value::Row(row) => write_row(hasher, row),
    }
}

/// The events of a source as blocks.
pub struct Packed<'a> {
    source: Box<dyn Source + 'a>,
    packer: Packer,
    event: Event,
    name: String,
}

impl<'a> Packed<'a> {
    /// Of a source that messages call `name`.
    #[must_use]
    pub fn new(source: Box<dyn Source + 'a>, name: &str) -> Self {
        Self {
            source,
            packer: Packer {
                shares: true,
                ..Packer::default()
            },
            event: Event::default(),
            name: name.to_owned(),
        }
    }
}

impl BlockSource for Packed<'_> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, TraceError> {
        block.clear();
        while has_room(block) && self.source.next(&mut self.event)? {
            self.packer
                .push(&self.event, block)
                .map_err(|error| TraceError::Format {
                    name: self.name.clone(),
                    reason: error.to_string(),
                })?;
        }
        self.packer.share(block);
        Ok(!block.is_empty())
    }

    fn stats(&self) -> &ReadStats {
        self.source.stats()
    }
}

impl std::fmt::Debug for Packed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
