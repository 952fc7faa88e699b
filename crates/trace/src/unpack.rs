//! From blocks back to events, for whoever wants to see one after the other.

use crate::block::{Block, BlockSource, Kind, NONE, UNKNOWN_BYTES};
use crate::event::{Access, AccessKey, AccessOperation, Event, Write};
use crate::{ReadStats, Source, TraceError};
use cachepolicy_core::units::Duration;

/// The events of a stream of blocks.
pub struct Unpacked<B> {
    blocks: B,
    block: Block,
    known: Known,
    /// The run, and how many of it are done.
    run: (usize, u32),
    /// The next event of each kind.
    next: [usize; 4],
}

/// What numbers stand for that are given for the whole trace.
#[derive(Debug, Default)]
struct Known {
    keys: Vec<AccessKey>,
    targets: Vec<[String; 3]>,
    users: Vec<String>,
}

impl<B: BlockSource> Unpacked<B> {
    /// Of a stream that is at its beginning.
    #[must_use]
    pub fn new(blocks: B) -> Self {
        Self {
            blocks,
            block: Block::default(),
            known: Known::default(),
            run: (0, 0),
            next: [0; 4],
        }
    }

    /// The kind of the next event of this block, and its place in the block's columns.
    fn step(&mut self) -> Option<(Kind, usize)> {
        let &(kind, count) = self.block.runs.get(self.run.0)?;
        self.run.1 += 1;
        if self.run.1 >= count {
            self.run = (self.run.0 + 1, 0);
        }
        let next = &mut self.next[kind as usize];
        *next += 1;
        Some((kind, *next - 1))
    }
}

impl Known {
    fn learn(&mut self, block: &Block) {
        let news = &block.news;
        self.keys.extend_from_slice(&news.keys);
        for index in 0..news.targets.len() {
            let target = news.targets.get(index);
            let texts = [target.method, target.host, target.path];
            self.targets.push(texts.map(str::to_owned));
        }
        self.users.extend(news.users.iter().map(str::to_owned));
    }

    fn request(&self, block: &Block, index: usize, event: &mut Event) {
        let requests = &block.requests;
        let request = event.make_request();
        request.at = of(&requests.at, index).unwrap_or_default();
        if let Some([method, host, path]) = named(&self.targets, &requests.target, index) {
            request.method.push_str(method);
            request.host.push_str(host);
            request.path.push_str(path);
        }
        if let Some(carried) = named(&block.news.carried, &requests.carried, index) {
            request.headers.clone_from(&carried.headers);
            request.cookies.clone_from(&carried.cookies);
            request.attrs.clone_from(&carried.attrs);
            request.headers_known = carried.headers_known;
            request.cookies_known = carried.cookies_known;
            request.user_known = carried.user_known;
            request.absent_headers.clone_from(&carried.absent_headers);
            request.absent_cookies.clone_from(&carried.absent_cookies);
        }
        request.user = named(&self.users, &requests.user, index).cloned();
        if let Some(data) = named(&block.news.data, &requests.data, index) {
            request.data.clone_from(data);
        }
        request.process = of(&requests.process, index).filter(|process| *process != NONE);
        request.status = of(&requests.status, index).filter(|status| *status != 0);
        request.bytes = of(&requests.bytes, index).filter(|bytes| *bytes != UNKNOWN_BYTES);
        request.cost = of(&requests.cost, index).flatten();
        request.ttl = of(&requests.ttl, index).flatten();
        request.cache_status = of(&requests.cache_status, index).flatten();
    }

    fn access(&self, block: &Block, index: usize) -> Event {
        let accesses = &block.accesses;
        let key = named(&self.keys, &accesses.key, index).cloned();
        Event::Access(Access {
            at: of(&accesses.at, index).unwrap_or_default(),
            operation: of(&accesses.operation, index).unwrap_or(AccessOperation::Get),
            key: key.unwrap_or(AccessKey::Number(0)),
            bytes: accesses.bytes.said(index),
            ttl: duration(&accesses.ttl, index),
            cost: duration(&accesses.cost, index),
        })
    }

    fn write(block: &Block, index: usize) -> Option<Event> {
        let writes = &block.writes;
        let written = named(&block.news.written, &writes.written, index)?;
        Some(Event::Write(Write {
            at: of(&writes.at, index)?,
            model: written.model.clone(),
            operation: written.operation,
            old: written.old.clone(),
            new: written.new.clone(),
            process: of(&writes.process, index).filter(|process| *process != NONE),
            delay: duration(&writes.delay, index),
        }))
    }
}

fn of<T: Copy>(column: &[T], index: usize) -> Option<T> {
    column.get(index).copied()
}

fn duration(column: &[Option<Duration>], index: usize) -> Option<Duration> {
    of(column, index).flatten()
}

fn named<'k, T>(known: &'k [T], numbers: &[u32], index: usize) -> Option<&'k T> {
    known.get(of(numbers, index)? as usize)
}

impl<B: BlockSource> Source for Unpacked<B> {
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        let (kind, index) = loop {
            if let Some(step) = self.step() {
                break step;
            }
            if !self.blocks.next_block(&mut self.block)? {
                return Ok(false);
            }
            self.known.learn(&self.block);
            self.run = (0, 0);
            self.next = [0; 4];
        };
        match kind {
            Kind::Request => self.known.request(&self.block, index, event),
            Kind::Access => *event = self.known.access(&self.block, index),
            Kind::Write => {
                if let Some(write) = Known::write(&self.block, index) {
                    *event = write;
                }
            }
            Kind::Fault => {
                if let Some(fault) = self.block.faults.get(index) {
                    *event = Event::Fault(fault.clone());
                }
            }
        }
        Ok(true)
    }

    fn stats(&self) -> &ReadStats {
        self.blocks.stats()
    }
}

impl<B> std::fmt::Debug for Unpacked<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").finish_non_exhaustive()
    }
}
