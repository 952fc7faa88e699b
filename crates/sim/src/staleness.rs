//! Which copies miss which writes, exactly.
//!
//! A *cell* is what a read selects: the rows of a model with certain values, of which certain fields
//! count. Each cell has a log of the writes that concern it. Whatever was read from a cell remembers
//! a position in its log; it is out of date when the log goes further, since the write at that
//! position. Logs are cut below the least position that anybody remembers, and by then everything is
//! known about the writes that are cut: when the last copy that missed them was served, and died.

use crate::intern::{NONE, Tuples};
use crate::state::Slab;
use crate::tables::Tables;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::{Duration, Time};
use prefetch_index::prefetch_index;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// All cells.
#[derive(Debug)]
pub(crate) struct Cells {
    /// The shape, then the values of its fields.
    numbers: Tuples,
    heads: Vec<Head>,
    logs: Slab<Log>,
    writes: Slab<WriteRecord>,
    /// Rises with every write that concerns a cell.
    pub(crate) epoch: u64,
    /// For each shape: how long a write stays in a log although nobody remembers it, because a
    /// replica may still give what was before it.
    lags: Vec<Duration>,
    has_lags: bool,
    /// Writes about which everything is known.
    pub(crate) settled: Vec<Settled>,
    /// The same, that no log has any more; empty but for its memory.
    over: Vec<u32>,
}

/// What every fill and every serve asks of a cell. Most cells are nothing but this: no copy misses
/// a write of theirs.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// The position behind the last write.
    end: u32,
    /// How many remember that one.
    current: u32,
    /// Where its log is; [`NONE`]: it is empty.
    log: u32,
}

impl Head {
    const EMPTY: Self = Self {
        end: 0,
        current: 0,
        log: NONE,
    };
}

/// Writes that somebody misses, or may still miss.
#[derive(Debug, Default)]
struct Log {
    shape: u32,
    /// The position of the first write.
    start: u32,
    writes: VecDeque<Logged>,
    /// What died while it missed the write at a position: by position and level, when it was last
    /// served and when it died.
    dead: Few<((u32, u16), Ends)>,
    /// The same for all positions before `start`, by level.
    carried: Few<(u16, Ends)>,
}

/// A list that mostly has one thing, which is where the list is.
type Few<T> = SmallVec<[T; 1]>;

/// A write in a log.
#[derive(Debug, Clone, Copy)]
struct Logged {
    at: Time,
    write: u32,
    /// How many remember its position.
    count: u32,
}

impl Log {
    /// The first write leaves; what died while it missed it is carried on.
    fn cut_first(&mut self) {
        self.writes.pop_front();
        let position = self.start;
        self.start += 1;
        let past = self
            .dead
            .partition_point(|((died_at, _), _)| *died_at <= position);
        for ((_, level), ends) in self.dead.drain(..past) {
            ends_of(&mut self.carried, level).join(ends);
        }
    }

    /// What died while it missed the write at a position.
    fn died(&mut self, position: u32, level: u16, ends: Ends) {
        let key = (position, level);
        let place = self.dead.partition_point(|(known, _)| *known < key);
        match self.dead.get_mut(place) {
            Some((known, of)) if *known == key => of.join(ends),
            _ => self.dead.insert(place, (key, ends)),
        }
    }

    /// What is known about a write of that instant, which leaves.
    fn tell(&self, at: Time, record: &mut WriteRecord) {
        for &(level, ends) in &self.carried {
            if ends.died < at && ends.served < at {
                continue;
            }
            ends_of(&mut record.levels, level).join(ends);
        }
    }
}

/// Those of a level, in a list that has few.
fn ends_of(list: &mut Few<(u16, Ends)>, level: u16) -> &mut Ends {
    let place = list.iter().position(|(known, _)| *known == level);
    let place = place.unwrap_or_else(|| {
        list.push((level, Ends::NONE));
        list.len() - 1
    });
    &mut list[place].1
}

/// The last of several ends.
#[derive(Debug, Clone, Copy)]
struct Ends {
    served: Time,
    died: Time,
}

impl Ends {
    const NONE: Self = Self {
        served: Time::DISTANT_PAST,
        died: Time::DISTANT_PAST,
    };

    fn join(&mut self, other: Self) {
        self.served = self.served.max(other.served);
        self.died = self.died.max(other.died);
    }
}

/// A write that logs have.
#[derive(Debug, Default)]
struct WriteRecord {
    at: Time,
    /// See [`Cells::epoch`].
    epoch: u64,
    /// Logs that have it.
    logs: u32,
    levels: Few<(u16, Ends)>,
}

/// A write that no copy of a level misses any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) level: LevelId,
    pub(crate) committed: Time,
    pub(crate) window: Option<Duration>,
    pub(crate) exposure: Duration,
}

impl Cells {
    pub(crate) fn new(t: &Tables) -> Self {
        let lags: Vec<_> = t.shapes.iter().map(|shape| shape.lag).collect();
        Self {
            has_lags: lags.iter().any(|lag| *lag > Duration::ZERO),
            lags,
            numbers: Tuples::default(),
            heads: Vec::new(),
            logs: Slab::default(),
            writes: Slab::default(),
            epoch: 0,
            settled: Vec::new(),
            over: Vec::new(),
        }
    }

    /// The cell of a shape (the last number) with these values.
    pub(crate) fn cell(&mut self, key: &[u32]) -> u32 {
        let (cell, is_new) = self.numbers.intern(key);
        if is_new {
            self.heads.push(Head::EMPTY);
        }
        cell
    }

    /// A new cell of a shape, which nobody finds by its values.
    pub(crate) fn unnamed(&mut self, shape: u32) -> u32 {
        self.heads.push(Head::EMPTY);
        self.numbers.add_unfound(&[shape])
    }

    /// The position of a cell's log that data read as of that instant has, remembered.
    pub(crate) fn remember_as_of(&mut self, cell: u32, as_of: Time) -> u32 {
        let head = self.heads[cell as usize];
        let later = match head.log {
            NONE => 0,
            log => {
                let writes = self.logs[log].writes.iter().rev();
                writes.take_while(|logged| logged.at > as_of).count()
            }
        };
        let position = head.end - later as u32;
        self.remember(cell, position);
        position
    }

    /// Soon somebody will look at this cell, if it is one.
    #[inline]
    pub(crate) fn prefetch(&self, cell: u32) {
        prefetch_index(&self.heads, cell as usize);
    }

    /// One more remembers a position.
    #[inline]
    pub(crate) fn remember(&mut self, cell: u32, position: u32) {
        let head = &mut self.heads[cell as usize];
        if position == head.end {
            head.current += 1;
            return;
        }
        let log = &mut self.logs[head.log];
        debug_assert!(position >= log.start, "what is remembered is in the log");
        log.writes[(position - log.start) as usize].count += 1;
    }

    /// One less remembers a position. `served`: when it was last served although out of date;
    /// `died`: if it was a copy, when it died.
    #[inline]
    pub(crate) fn forget(
        &mut self,
        cell: u32,
        position: u32,
        level: u16,
        served: Time,
        died: Time,
        now: Time,
    ) {
        let head = &mut self.heads[cell as usize];
        if position == head.end {
            head.current -= 1;
            if head.log == NONE {
                return;
            }
        } else {
            let log = &mut self.logs[head.log];
            log.writes[(position - log.start) as usize].count -= 1;
            if served > Time::DISTANT_PAST || died > Time::DISTANT_PAST {
                log.died(position, level, Ends { served, died });
            }
        }
        self.cut(cell, now);
    }

    /// Does the log go further than a position? Then since when.
    #[inline]
    pub(crate) fn missed_since(&self, cell: u32, position: u32) -> Option<Time> {
        let head = &self.heads[cell as usize];
        if position == head.end {
            return None;
        }
        let log = &self.logs[head.log];
        let index = position.checked_sub(log.start)?;
        log.writes.get(index as usize).map(|logged| logged.at)
    }

    /// How many writes are missed from a position on.
    pub(crate) fn missed_count(&self, cell: u32, position: u32) -> u32 {
        self.heads[cell as usize].end - position
    }

    /// Adds the writes that are missed from a position on and were logged after that epoch.
    pub(crate) fn missed_writes(&self, cell: u32, position: u32, after: u64, into: &mut Vec<u32>) {
        let head = &self.heads[cell as usize];
        if position < head.end {
            let log = &self.logs[head.log];
            let missed = log.writes.iter().rev().take((head.end - position) as usize);
            let new = missed.take_while(|logged| self.writes[logged.write].epoch > after);
            into.extend(new.map(|logged| logged.write));
        }
    }

    /// The cell of a shape (the last number) with these values, if anybody ever asked for it.
    pub(crate) fn find(&self, key: &[u32]) -> Option<u32> {
        self.numbers.find(key)
    }

    /// A write that concerns these cells, each named once.
    pub(crate) fn log(&mut self, concerned: &[u32], now: Time) {
        if concerned.is_empty() {
            return;
        }
        self.epoch += 1;
        if !self.has_lags && concerned.iter().all(|&cell| self.is_forgotten(cell)) {
            // Nothing is to be learnt of this write.
            for &cell in concerned {
                self.heads[cell as usize].end += 1;
            }
            return;
        }
        let write = self.writes.take();
        let record = &mut self.writes[write];
        record.at = now;
        record.epoch = self.epoch;
        record.logs = concerned.len() as u32;
        record.levels.clear();
        for &cell in concerned {
            let log = self.log_of(cell);
            let head = &mut self.heads[cell as usize];
            self.logs[log].writes.push_back(Logged {
                at: now,
                write,
                count: head.current,
            });
            head.current = 0;
            head.end += 1;
            self.cut(cell, now);
        }
    }

    /// Does nobody remember anything of this cell?
    fn is_forgotten(&self, cell: u32) -> bool {
        let head = &self.heads[cell as usize];
        head.log == NONE && head.current == 0
    }

    /// A cell's log, a new one if it has none.
    fn log_of(&mut self, cell: u32) -> u32 {
        let known = self.heads[cell as usize];
        if known.log != NONE {
            return known.log;
        }
        let log = self.logs.take();
        self.heads[cell as usize].log = log;
        let new = &mut self.logs[log];
        new.shape = self.numbers.get(cell).last().copied().unwrap_or(NONE);
        new.start = known.end;
        log
    }

    /// Cuts what nobody remembers off a log.
    fn cut(&mut self, cell: u32, now: Time) {
        let number = self.heads[cell as usize].log;
        if number == NONE {
            return;
        }
        let of = &mut self.logs[number];
        let lag = self.lags.get(of.shape as usize).copied();
        let lag = lag.unwrap_or(Duration::ZERO);
        let mut settled = core::mem::take(&mut self.over);
        while let Some(&Logged { at, write, count }) = of.writes.front() {
            let is_needed = count > 0 || (lag > Duration::ZERO && at > now.before(lag));
            if is_needed {
                break;
            }
            of.cut_first();
            let record = &mut self.writes[write];
            of.tell(at, record);
            record.logs -= 1;
            if record.logs == 0 {
                settled.push(write);
            }
        }
        if of.writes.is_empty() {
            of.carried.clear();
            self.heads[cell as usize].log = NONE;
            self.logs.give_back(number);
        }
        for write in settled.drain(..) {
            self.settle(write);
        }
        self.over = settled;
    }

    fn settle(&mut self, write: u32) {
        let record = &self.writes[write];
        for &(level, ends) in &record.levels {
            self.settled.push(Settled {
                level: LevelId(level),
                committed: record.at,
                window: (ends.served >= record.at).then(|| ends.served.since(record.at)),
                exposure: ends.died.since(record.at),
            });
        }
        self.writes.give_back(write);
    }

    /// The trace is over: what a replica may still give does not matter any more.
    pub(crate) fn end(&mut self, now: Time) {
        self.lags.fill(Duration::ZERO);
        for cell in 0..self.heads.len() as u32 {
            self.cut(cell, now);
        }
    }

    /// No write is left about which something is to be learnt.
    pub(crate) fn is_settled(&self) -> bool {
        self.writes.live() == 0
    }
}
