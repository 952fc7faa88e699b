//! The order of the events of a block.

use cachepolicy_core::units::Time;
use cachepolicy_trace::Block;
use cachepolicy_trace::block::Kind;

/// What is known of the event after some accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It is later, or an access too, or there is none.
    Later,
    /// It is at the instant of the last of them, and comes before these.
    SameInstant,
    /// Nothing.
    Unknown,
}

impl After {
    /// Of a block that goes on after accesses of which the last is at that instant. Where all that
    /// it has are further accesses of that instant, no more is known than before.
    pub(crate) fn of(block: &Block, last: Time) -> Self {
        let mut runs = Runs::new(block);
        while let Some((kind, first)) = runs.step() {
            // Of accesses the last one tells, of anything else the first.
            let index = match kind {
                Kind::Access => runs.next[kind as usize].saturating_sub(1),
                Kind::Request | Kind::Write | Kind::Fault => first,
            };
            match block.at(kind, index) {
                Some(at) if at > last => return Self::Later,
                _ if kind == Kind::Access => {}
                _ => return Self::SameInstant,
            }
        }
        Self::SameInstant
    }
}

/// A place between two runs of events of one kind.
pub(crate) struct Runs<'b> {
    block: &'b Block,
    /// The run that comes next.
    run: usize,
    /// The event of each kind that comes next.
    pub(crate) next: [usize; 4],
}

impl<'b> Runs<'b> {
    /// Before the first one.
    pub(crate) fn new(block: &'b Block) -> Self {
        Self {
            block,
            run: 0,
            next: [0; 4],
        }
    }

    /// Passes a run: its kind, and its first event.
    pub(crate) fn step(&mut self) -> Option<(Kind, usize)> {
        let &(kind, count) = self.block.runs.get(self.run)?;
        self.run += 1;
        let first = self.next[kind as usize];
        self.next[kind as usize] = first + count as usize;
        Some((kind, first))
    }

    /// After accesses: goes on behind the last access, in the order of time, up to which nothing else
    /// comes but accesses and plain writes.
    pub(crate) fn go_on(&mut self, is_plain: impl Fn(usize) -> bool) {
        let accesses = self.next[Kind::Access as usize].checked_sub(1);
        let mut last = accesses.and_then(|last| self.block.at(Kind::Access, last));
        let mut ahead = Self { ..*self };
        while let Some((kind, first)) = ahead.step() {
            let indices = first..ahead.next[kind as usize];
            let mut at = indices.clone().map(|index| self.block.at(kind, index));
            match kind {
                Kind::Access if at.next() >= Some(last) => {
                    last = indices.last().and_then(|last| self.block.at(kind, last));
                    *self = Self { ..ahead };
                }
                Kind::Write if indices.clone().all(&is_plain) => {
                    for at in at {
                        if at < last {
                            return;
                        }
                        last = at;
                    }
                }
                _ => return,
            }
        }
    }

    /// What is known of the event after accesses of which the last is at that instant.
    pub(crate) fn after(&self, last: Option<Time>) -> After {
        match self.next_at() {
            None => After::Unknown,
            Some(at) if at > last => After::Later,
            Some(_) => After::SameInstant,
        }
    }

    /// When the next event happens; the outer `None`: there is none.
    pub(crate) fn next_at(&self) -> Option<Option<Time>> {
        let &(kind, _) = self.block.runs.get(self.run)?;
        Some(self.block.at(kind, self.next[kind as usize]))
    }
}
