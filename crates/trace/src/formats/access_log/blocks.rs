//! Lines straight into blocks, for policies that ask for no header: no event is made for each, and
//! targets are looked up many at once, so that the waits for the memory overlap.
//!
//! What comes out is what [`crate::reader`] and [`crate::pack`] make of the same lines, to the last
//! drawn nanosecond and the last message: see the tests.

use super::AccessLog;
use super::plain::Plain;
use crate::block::{Block, BlockSource, Carried, Kind, NONE, UNKNOWN_BYTES};
use crate::dictionary::{Numbered, TextNumbers};
use crate::event::Event;
use crate::format::Opening;
use crate::input::{Framed, Input};
use crate::order::{Entry, Moment, Order};
use crate::pack::{Packed, enough, has_room, put};
use crate::reader::{Records as _, too_long};
use crate::tally::Tally;
use crate::{ReadStats, TooManyDistinct, TraceError};
use memchr::memchr;
use std::collections::{BTreeMap, VecDeque};
use std::io;

/// Lines that are looked at together.
const LINES: usize = 64;

/// The blocks of an access log.
pub(in crate::formats) fn open<'a>(
    opening: Opening<'a, '_>,
) -> Result<Box<dyn BlockSource + 'a>, TraceError> {
    let log = AccessLog::new(&opening.options.needs);
    if log.referer || log.user_agent {
        let name = opening.name.to_owned();
        return Ok(Box::new(Packed::new(opening.source(log), &name)));
    }
    let Opening {
        input,
        format,
        name,
        options,
    } = opening;
    let window = options.reorder_window.unwrap_or(format.reorder_window());
    Ok(Box::new(Blocks {
        input,
        ended: false,
        lines: Lines::new(log),
        order: Order::new(window, options.seed),
        targets: Leaving::default(),
        said: 0,
        users: Leaving::default(),
        named: false,
        carried: [NONE; 2],
        tally: Tally::new(format, name, options),
    }))
}

/// What is kept of a line until it leaves.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Its target in the order of the file; [`NONE`]: it cannot be read.
    target: u32,
    /// Its user in the order of the file; [`NONE`]: nobody.
    user: u32,
    /// 0: none.
    status: u16,
    bytes: u64,
}

/// A line that was looked at.
#[derive(Debug)]
struct Line {
    number: u64,
    length: usize,
    /// `None`: it is blank.
    read: Result<Option<(Moment, Row)>, String>,
}

/// Looks at lines.
struct Lines {
    log: AccessLog,
    event: Event,
    targets: TextNumbers,
    users: TextNumbers,
    /// Those that were looked at and not taken.
    ahead: VecDeque<Line>,
    /// Why lines that are held back cannot be read.
    reasons: BTreeMap<u64, String>,
}

/// The order in which numbers leave first.
#[derive(Debug, Default)]
struct Leaving {
    /// Empty as long as they leave in the order in which they came.
    by_number: Vec<u32>,
    next: u32,
}

impl Leaving {
    /// The number in the order of leaving.
    fn number(&mut self, number: u32) -> Numbered {
        if self.by_number.is_empty() {
            if number <= self.next {
                let is_new = number == self.next;
                self.next += u32::from(is_new);
                return Numbered { number, is_new };
            }
            self.by_number.extend(0..self.next);
        }
        let index = number as usize;
        if index >= self.by_number.len() {
            self.by_number.resize(index + 1, NONE);
        }
        match self.by_number.get_mut(index) {
            Some(known @ &mut NONE) => {
                *known = self.next;
                self.next += 1;
                Numbered {
                    number: *known,
                    is_new: true,
                }
            }
            known => Numbered {
                number: known.map_or(NONE, |known| *known),
                is_new: false,
            },
        }
    }
}

impl Lines {
    fn new(log: AccessLog) -> Self {
        Self {
            log,
            event: Event::default(),
            targets: TextNumbers::default(),
            users: TextNumbers::default(),
            ahead: VecDeque::with_capacity(LINES),
            reasons: BTreeMap::new(),
        }
    }

    /// Looks at the next lines; `false` at the end of the input.
    fn look(&mut self, input: &mut Input<'_>) -> io::Result<bool> {
        let longest = input.line_bytes_max();
        let first = input.next_number();
        let all = input.lines()?;
        let mut rest = all;
        let mut lines = [&all[..0]; LINES];
        let mut count = 0;
        for line in &mut lines {
            let Some(end) = memchr(b'\n', rest) else {
                break;
            };
            let (text, behind) = rest.split_at(end);
            *line = text.strip_suffix(b"\r").unwrap_or(text);
            rest = behind.get(1..).unwrap_or_default();
            count += 1;
        }
        if count == 0 {
            return self.look_at_one(input);
        }
        let lines = lines.get(..count).unwrap_or_default();
        let bytes = all.len() - rest.len();
        let mut plain = [None; LINES];
        for (plain, line) in plain.iter_mut().zip(lines) {
            let line = (line.len() <= longest).then_some(line);
            let read = line.and_then(|line| Plain::of(line, &mut self.log.clock));
            *plain = read.map(|plain| (plain, TextNumbers::hash(plain.target)));
        }
        self.targets
            .touch::<LINES>(plain.iter().flatten().map(|(_, hash)| *hash));
        for ((number, line), plain) in (first..).zip(lines).zip(plain) {
            let row = plain.and_then(|(plain, hash)| Some((plain.moment, self.row(plain, hash)?)));
            let read = match row {
                Some(row) => Ok(Some(row)),
                None if line.len() > longest => Err(too_long()),
                None => self.any(line, number),
            };
            self.ahead.push_back(Line {
                number,
                length: line.len(),
                read,
            });
        }
        input.consume_lines(bytes, count as u64);
        Ok(true)
    }

    /// Looks at a line that is not followed by others in memory.
    fn look_at_one(&mut self, input: &mut Input<'_>) -> io::Result<bool> {
        let framed = input.next_line()?;
        let number = input.number();
        let line = input.record();
        let read = match framed {
            Framed::End => return Ok(false),
            Framed::TooLong => Err(too_long()),
            Framed::Record | Framed::Cut => self.any(line, number),
        };
        self.ahead.push_back(Line {
            number,
            length: line.len(),
            read,
        });
        Ok(true)
    }

    /// The row of a plain line; `None` where its target is not plain, or its user no text.
    fn row(&mut self, plain: Plain<'_>, hash: u32) -> Option<Row> {
        let is_plain = |target: &[u8]| target.iter().all(|byte| matches!(byte, b' '..0x7f));
        let target = match self.targets.find(plain.target, hash) {
            Some(target) => target,
            None if is_plain(plain.target) => {
                let text = str::from_utf8(plain.target).ok()?;
                self.targets.number_hashed(text, hash).number
            }
            None => return None,
        };
        let is_somebody = self.log.user && !plain.user.is_empty();
        Some(Row {
            target,
            user: if is_somebody {
                self.users.number(str::from_utf8(plain.user).ok()?).number
            } else {
                NONE
            },
            status: plain.status,
            bytes: plain.bytes,
        })
    }

    /// What any line says.
    fn any(&mut self, line: &[u8], number: u64) -> Result<Option<(Moment, Row)>, String> {
        let Some(moment) = self.log.moment(line)? else {
            return Ok(None);
        };
        // What the line before said must not be taken for what this one says.
        self.event.make_request();
        let read = self.log.fill(line, moment.mark, &mut self.event);
        let mut row = Row {
            target: NONE,
            user: NONE,
            status: 0,
            bytes: UNKNOWN_BYTES,
        };
        if let Event::Request(request) = &self.event {
            if let Some(user) = &request.user {
                row.user = self.users.number(user).number;
            }
            match read {
                Ok(_) => {
                    let mut target = String::new();
                    request.target().spell(&mut target);
                    row.target = self.targets.number(&target).number;
                    row.status = request.status.unwrap_or(0);
                    row.bytes = request.bytes.unwrap_or(UNKNOWN_BYTES);
                }
                Err(reason) => {
                    self.reasons.insert(number, reason);
                }
            }
        }
        Ok(Some((moment, row)))
    }
}

/// See the module's description.
struct Blocks<'a> {
    input: Input<'a>,
    ended: bool,
    lines: Lines,
    order: Order<Row>,
    targets: Leaving,
    /// So many pieces of the targets' texts were said in blocks.
    said: usize,
    users: Leaving,
    /// A user was named: from then on nobody is somebody who is not logged in.
    named: bool,
    /// The numbers in the block of what requests carry, before and after a user was named.
    carried: [u32; 2],
    tally: Tally,
}

impl Blocks<'_> {
    /// Takes one line more.
    fn advance(&mut self) -> Result<(), TraceError> {
        let Some(line) = self.lines.ahead.pop_front() else {
            let looked = self.lines.look(&mut self.input);
            self.ended = !looked.map_err(|error| TraceError::Io {
                name: self.tally.name.clone(),
                error,
            })?;
            self.update();
            return Ok(());
        };
        self.tally.stats.lines += 1;
        let held = match line.read {
            Ok(None) => return Ok(()),
            Ok(Some((moment, row))) => self
                .order
                .hold(line.length, line.number, moment, |_| row)
                .map_err(|late| self.tally.too_late(late)),
            Err(reason) => Err(reason),
        };
        held.or_else(|reason| {
            self.lines.reasons.remove(&line.number);
            self.tally.unreadable(line.number, reason)
        })
    }

    fn leave(&mut self, entry: Entry<Row>, block: &mut Block) -> Result<(), TraceError> {
        let row = entry.record;
        self.named |= row.user != NONE;
        if row.target == NONE {
            let reason = self.lines.reasons.remove(&entry.number);
            return self
                .tally
                .unreadable(entry.number, reason.unwrap_or_default());
        }
        self.request(&entry, block)
            .map_err(|error| TraceError::Format {
                name: self.tally.name.clone(),
                reason: error.to_string(),
            })?;
        self.tally.stats.events += 1;
        Ok(())
    }

    fn request(&mut self, entry: &Entry<Row>, block: &mut Block) -> Result<(), TooManyDistinct> {
        let row = entry.record;
        let target = self.targets.number(row.target);
        if target.is_new {
            let bytes = self.lines.targets.get(row.target).len();
            block.news.targets.push_shared(row.target, bytes);
            enough(self.targets.next as usize, "targets")?;
        }
        let carried = self.carried(block);
        let mut user = NONE;
        if row.user != NONE {
            let Numbered { number, is_new } = self.users.number(row.user);
            if is_new {
                let text = self.lines.users.get(row.user);
                block.news.users.push(text);
                enough(self.users.next as usize, "users")?;
            }
            user = number;
        }
        let requests = &mut block.requests;
        let before = requests.at.len();
        requests.at.push(entry.at());
        requests.target.push(target.number);
        requests.carried.push(carried);
        put(&mut requests.user, before, user, NONE);
        put(&mut requests.status, before, row.status, 0);
        put(&mut requests.bytes, before, row.bytes, UNKNOWN_BYTES);
        block.count(Kind::Request);
        Ok(())
    }

    /// The number in the block of what a request carries: whether there are users at all.
    fn carried(&mut self, block: &mut Block) -> u32 {
        let Some(carried) = self.carried.get_mut(usize::from(self.named)) else {
            return NONE;
        };
        if *carried == NONE {
            *carried = block.news.carried.len() as u32;
            block.news.carried.push(Carried {
                user_known: self.named,
                ..Carried::default()
            });
        }
        *carried
    }

    fn update(&mut self) {
        self.tally.stats.reordered = self.order.reordered;
        self.tally.stats.lateness_max = self.order.lateness_max;
        self.tally.stats.spread = self.order.spread;
        self.tally.stats.input_bytes = self.input.bytes_read();
    }
}

impl BlockSource for Blocks<'_> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, TraceError> {
        block.clear();
        self.carried = [NONE; 2];
        while has_room(block) {
            if let Some(entry) = self.order.leave() {
                self.leave(entry, block)?;
            } else if self.order.ripen(self.ended) {
                self.update();
            } else if self.ended {
                self.update();
                self.tally.judge(true)?;
                break;
            } else {
                self.advance()?;
            }
        }
        let texts = self.lines.targets.texts();
        block.news.targets.share(texts, &mut self.said);
        Ok(!block.is_empty())
    }

    fn stats(&self) -> &ReadStats {
        &self.tally.stats
    }
}

#[cfg(test)]
mod tests;
