//! A sample of a whole trace in memory, whose rate falls as the trace turns out to be longer.

use super::{Part, Rate, Thinner};
use crate::tables::Tables;
use cachepolicy_core::units::Time;
use cachepolicy_trace::Block;
use cachepolicy_trace::block::BLOCK_EVENTS_MAX;
use std::sync::Arc;

/// Requests and accesses in memory at most, unless the rate is given: about 25 bytes each for
/// accesses, 40 for requests.
const EVENTS_MAX: u64 = 1 << 24;

/// What is known of the whole trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Whole {
    /// Requests and accesses.
    pub(crate) requests: u64,
    pub(crate) writes: u64,
    pub(crate) faults: u64,
    pub(crate) first: Option<Time>,
}

/// Collects a sample. As in the fixed-size form of SHARDS, the rate is halved
/// whenever there is too much, and what the lower rate does not keep is forgotten with all of its
/// past: what is there is always what that rate would have kept from the beginning.
#[derive(Debug)]
pub(crate) struct Collector {
    tables: Arc<Tables>,
    part: Part,
    thinner: Thinner,
    blocks: Vec<Block>,
    whole: Whole,
    /// Requests and accesses that were kept.
    kept: u64,
    limits: Option<Limits>,
}

/// When there is too much.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Requests and accesses, as long as …
    events: u64,
    /// … so many keys and targets are left.
    keys: u32,
}

/// What was collected.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) blocks: Vec<Block>,
    pub(crate) part: Part,
    pub(crate) whole: Whole,
    /// Requests and accesses.
    pub(crate) kept: u64,
    /// Keys and request targets.
    pub(crate) keys: u64,
    /// Are there accesses, and nothing else?
    pub(crate) is_accesses: bool,
}

impl Collector {
    /// At this rate.
    pub(crate) fn fixed(tables: &Arc<Tables>, rate: Rate, seed: u64) -> Self {
        Self::new(tables, rate, seed, None)
    }

    /// At a rate that leaves about `events` requests and accesses, or more where that would leave
    /// fewer than `keys` keys and targets.
    pub(crate) fn adaptive(tables: &Arc<Tables>, events: u64, keys: u32, seed: u64) -> Self {
        let limits = Limits {
            events: events.min(EVENTS_MAX),
            keys,
        };
        Self::new(tables, Rate::ALL, seed, Some(limits))
    }

    fn new(tables: &Arc<Tables>, rate: Rate, seed: u64, limits: Option<Limits>) -> Self {
        let part = Part {
            rate,
            group: None,
            seed,
        };
        Self {
            tables: Arc::clone(tables),
            part,
            thinner: Thinner::new(tables, part),
            blocks: Vec::new(),
            whole: Whole::default(),
            kept: 0,
            limits,
        }
    }

    /// The next events of the trace.
    pub(crate) fn push_block(&mut self, block: &Block) {
        self.whole.add(block);
        add(&mut self.thinner, block, &mut self.blocks, &mut self.kept);
        while self.is_too_much() {
            self.halve();
        }
    }

    fn is_too_much(&self) -> bool {
        let keys = self.thinner.keys() + self.thinner.targets();
        self.limits.is_some_and(|limits| {
            self.kept > EVENTS_MAX || (self.kept > limits.events && keys / 2 >= limits.keys)
        })
    }

    fn halve(&mut self) {
        self.part.rate = self.part.rate.halved();
        let mut second = Thinner::new(&self.tables, self.part);
        self.kept = 0;
        let mut blocks = Vec::new();
        for block in core::mem::take(&mut self.blocks) {
            add(&mut second, &block, &mut blocks, &mut self.kept);
        }
        self.blocks = blocks;
        self.thinner.then(second);
    }

    /// What there has been of the whole trace.
    pub(crate) fn whole(&self) -> &Whole {
        &self.whole
    }

    /// The trace is over.
    pub(crate) fn finish(self) -> Collected {
        let is_accesses = self.blocks.iter().all(|block| {
            block.requests.at.is_empty() && block.writes.at.is_empty() && block.faults.is_empty()
        });
        Collected {
            keys: u64::from(self.thinner.keys()) + u64::from(self.thinner.targets()),
            blocks: self.blocks,
            part: self.part,
            whole: self.whole,
            kept: self.kept,
            is_accesses,
        }
    }
}

/// Adds what is kept of a block at the end; what is left of small ones goes together into one.
fn add(thinner: &mut Thinner, block: &Block, blocks: &mut Vec<Block>, kept: &mut u64) {
    let has_room = |last: &Block| last.len() < BLOCK_EVENTS_MAX;
    if !blocks.last().is_some_and(has_room) {
        blocks.push(Block::default());
    }
    if let Some(last) = blocks.last_mut() {
        let requests = |block: &Block| block.requests.at.len() + block.accesses.at.len();
        let before = requests(last);
        thinner.thin(block, last);
        *kept += (requests(last) - before) as u64;
    }
}

impl Whole {
    pub(crate) fn add(&mut self, block: &Block) {
        self.requests += (block.requests.at.len() + block.accesses.at.len()) as u64;
        self.writes += block.writes.at.len() as u64;
        self.faults += block.faults.len() as u64;
        self.first = self.first.or_else(|| begins(block));
    }
}

/// When the first event of a block happens.
pub(crate) fn begins(block: &Block) -> Option<Time> {
    let fault = block.faults.first().map(|fault| fault.at);
    let columns = [&block.requests.at, &block.accesses.at, &block.writes.at];
    let firsts = columns.iter().filter_map(|column| column.first().copied());
    firsts.chain(fault).min()
}

/// About how much memory blocks take.
pub(crate) fn memory(blocks: &[Block]) -> u64 {
    let of = |block: &Block| {
        let (requests, accesses) = (&block.requests, &block.accesses);
        let lifetimes = requests.cost.len() + requests.ttl.len();
        let lifetimes = lifetimes + accesses.ttl.len() + accesses.cost.len();
        let eights = requests.at.len() + requests.bytes.len() + accesses.at.len();
        let fours = requests.target.len() + requests.carried.len() + requests.user.len();
        let fours = fours + requests.data.len() + requests.process.len() + accesses.key.len();
        let small = 2 * requests.status.len() + requests.cache_status.len();
        let small = small + accesses.operation.len();
        16 * lifetimes
            + 8 * (eights + accesses.bytes.kept())
            + 4 * fours
            + small
            + 16 * block.news.keys.len()
            + block.news.targets.bytes()
            + block.news.users.bytes()
    };
    blocks.iter().map(|block| of(block) as u64).sum()
}
