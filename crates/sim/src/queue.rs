//! What is going to happen: events in the order of time, of their class at one instant, and of
//! their scheduling within a class.

use cachepolicy_core::LevelId;
use cachepolicy_core::units::Time;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What happens first at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Writes become readable; faults begin and end.
    Commit,
    /// Invalidations are applied.
    Delivery,
    /// Fills end.
    Store,
    /// Requests arrive, look up and begin their work.
    LookUp,
}

/// What is to be done. Numbers are indices into the engine's slabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Todo {
    /// A frame goes on, unless it went on for another reason since (`serial` differs).
    Resume {
        /// The frame.
        frame: u32,
        /// Its serial when this was scheduled.
        serial: u32,
    },
    /// A fill has run for its `timeout`: those who wait for its result see that.
    FillTimeout {
        /// The fill.
        fill: u32,
        /// Its serial when this was scheduled.
        serial: u32,
    },
    /// A token may be there for work that waits at an origin.
    OriginToken(u16),
    /// A write commits.
    Commit(u32),
    /// An invalidation arrives.
    Delivery(u32),
    /// The same, at one key, the one that a row's id names: see [`crate::lane`].
    Act {
        /// Which of the edges that act so.
        edge: u16,
        /// The row.
        row: u32,
        /// The key, if it was known when this was scheduled; else [`crate::intern::NONE`].
        key: u32,
    },
    /// A tracked backend's message arrives.
    Message(u32),
    /// The life of a key's copy in a tracked backend may be over.
    LooksDead(u32),
    /// Something goes wrong.
    Fault(u32),
}

/// A look-up of a task at a level, of which nothing but its answer is needed: see
/// [`crate::plain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// The frame that it becomes if there is more to it.
    pub(crate) frame: u32,
    pub(crate) task: u32,
    pub(crate) parent: u32,
    pub(crate) inst: u32,
    pub(crate) link: u32,
    pub(crate) principal: u32,
    pub(crate) level: LevelId,
    pub(crate) began: Time,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Something to be done.
    Todo(Todo),
    /// The store answers a look-up.
    Answer(Look),
}

const CLASS_SHIFT: u32 = 62;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Time,
    /// The class in the highest bits, the sequence number in the others.
    order: u64,
}

/// Nothing is due.
const NOTHING: Key = Key {
    at: Time::NEVER,
    order: u64::MAX,
};

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    todo: Todo,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

/// The queue. Look-ups that all take the same time wait in a line for themselves, as they are
/// answered in the order in which they began; everything else is in a heap.
#[derive(Debug)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    lines: Vec<VecDeque<(Key, Look)>>,
    /// The first of all.
    first: Key,
    /// The line that it is in; `None`: the heap.
    line: Option<usize>,
    sequence: u64,
}

impl Queue {
    /// With so many lines.
    pub(crate) fn new(lines: usize) -> Self {
        Self {
            heap: BinaryHeap::new(),
            lines: (0..lines).map(|_| VecDeque::new()).collect(),
            first: NOTHING,
            line: None,
            sequence: 0,
        }
    }

    #[inline]
    fn key(&mut self, at: Time, class: Class) -> Key {
        let order = (class as u64) << CLASS_SHIFT | self.sequence;
        self.sequence += 1;
        Key { at, order }
    }

    /// Adds an event. What is scheduled for [`Time::NEVER`] never happens.
    #[inline]
    pub(crate) fn push(&mut self, at: Time, class: Class, todo: Todo) {
        if at == Time::NEVER {
            return;
        }
        let key = self.key(at, class);
        self.insert(Entry { key, todo });
    }

    #[inline]
    fn insert(&mut self, entry: Entry) {
        self.heap.push(Reverse(entry));
        if entry.key < self.first {
            self.first = entry.key;
            self.line = None;
        }
    }

    /// Adds a look-up that is answered then, of class [`Class::LookUp`], to a line: not before the
    /// last one there.
    #[inline]
    pub(crate) fn push_look(&mut self, line: usize, at: Time, look: Look) {
        if at == Time::NEVER {
            return;
        }
        let key = self.key(at, Class::LookUp);
        let looks = &mut self.lines[line];
        debug_assert!(looks.back().is_none_or(|(last, _)| *last < key));
        looks.push_back((key, look));
        if key < self.first {
            self.first = key;
            self.line = Some(line);
        }
    }

    /// When the next event happens; [`Time::NEVER`]: there is none.
    #[inline]
    pub(crate) fn first_at(&self) -> Time {
        self.first.at
    }

    /// When and in which class the next event happens.
    #[inline]
    pub(crate) fn next(&self) -> Option<(Time, Class)> {
        (self.first != NOTHING).then(|| (self.first.at, class_of(self.first.order)))
    }

    /// What is done next, unless it is the answer to a look-up.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Todo> {
        let top = self.heap.peek().filter(|_| self.line.is_none());
        top.map(|Reverse(entry)| entry.todo)
    }

    /// Some of what is done soon.
    #[inline]
    pub(crate) fn soon(&self) -> impl Iterator<Item = Todo> + '_ {
        const FEW: usize = 3;
        let few = self.heap.as_slice().iter().take(FEW);
        few.map(|Reverse(entry)| entry.todo)
    }

    /// Are there no look-ups, and only so many events?
    #[inline]
    pub(crate) fn has_only(&self, events: usize) -> bool {
        self.heap.len() == events && self.lines.iter().all(VecDeque::is_empty)
    }

    /// Takes the next event out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Time, Due)> {
        let at = self.first.at;
        let due = match self.line {
            Some(line) => Due::Answer(self.lines[line].pop_front()?.1),
            None => Due::Todo(self.heap.pop()?.0.todo),
        };
        self.find_first();
        Some((at, due))
    }

    #[inline]
    fn find_first(&mut self) {
        let top = self.heap.peek();
        self.first = top.map_or(NOTHING, |Reverse(entry)| entry.key);
        self.line = None;
        for (number, line) in self.lines.iter().enumerate() {
            if let Some((key, _)) = line.front()
                && *key < self.first
            {
                self.first = *key;
                self.line = Some(number);
            }
        }
    }

    /// All look-ups that wait in lines become events of frames.
    pub(crate) fn disband(&mut self, mut serial: impl FnMut(&Look) -> u32) {
        for number in 0..self.lines.len() {
            while let Some((key, look)) = self.lines[number].pop_front() {
                let (frame, serial) = (look.frame, serial(&look));
                let todo = Todo::Resume { frame, serial };
                self.insert(Entry { key, todo });
            }
        }
        self.find_first();
    }

    /// Would something go before an event that is scheduled now for then?
    #[inline]
    pub(crate) fn has_before(&self, at: Time, class: Class) -> bool {
        self.next().is_some_and(|next| next <= (at, class))
    }
}

fn class_of(order: u64) -> Class {
    match order >> CLASS_SHIFT {
        0 => Class::Commit,
        1 => Class::Delivery,
        2 => Class::Store,
        _ => Class::LookUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Time {
        Time::ZERO + cachepolicy_core::Duration::from_secs(second)
    }

    fn look(frame: u32) -> Look {
        Look {
            frame,
            task: 0,
            parent: 0,
            inst: 0,
            link: 0,
            principal: 0,
            level: LevelId(0),
            began: Time::ZERO,
        }
    }

    #[test]
    fn time_then_class_then_scheduling() {
        let mut queue = Queue::new(0);
        queue.push(at(2), Class::LookUp, Todo::Fault(0));
        queue.push(at(1), Class::LookUp, Todo::Fault(1));
        queue.push(at(1), Class::Store, Todo::Fault(2));
        queue.push(at(1), Class::LookUp, Todo::Fault(3));
        queue.push(at(1), Class::Commit, Todo::Fault(4));
        queue.push(Time::NEVER, Class::Commit, Todo::Fault(5));
        assert!(queue.has_before(at(1), Class::Commit));
        assert!(!queue.has_before(at(0), Class::LookUp));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|(_, due)| due)
            .collect();
        assert_eq!(
            order,
            [4, 2, 1, 3, 0].map(|fault| Due::Todo(Todo::Fault(fault)))
        );
        assert_eq!(queue.next(), None);
    }

    proptest! {
        /// It makes no difference which line an event is in, nor when the lines are given up.
        #[test]
        fn lines_are_as_the_heap(
            steps in prop::collection::vec((0u8..8, 0i64..4, 0usize..2), 1..120),
        ) {
            let (mut lined, mut plain) = (Queue::new(2), Queue::new(0));
            let mut now = 0;
            let number = |due| match due {
                Due::Todo(Todo::Resume { frame, .. }) => frame,
                Due::Answer(look) => look.frame,
                Due::Todo(_) => u32::MAX,
            };
            for (frame, &(kind, wait, line)) in (0..).zip(&steps) {
                match kind {
                    0..=2 => {
                        // Each line has its own latency.
                        let then = at(now + 2 * line as i64 + 1);
                        lined.push_look(line, then, look(frame));
                        plain.push(then, Class::LookUp, Todo::Resume { frame, serial: 0 });
                    }
                    3..=4 => {
                        let class = if wait > 1 { Class::Store } else { Class::LookUp };
                        let todo = Todo::Resume { frame, serial: 0 };
                        lined.push(at(now + wait), class, todo);
                        plain.push(at(now + wait), class, todo);
                    }
                    5..=6 => {
                        prop_assert_eq!(lined.next(), plain.next());
                        let (one, two) = (lined.pop(), plain.pop());
                        prop_assert_eq!(
                            one.map(|(at, due)| (at, number(due))),
                            two.map(|(at, due)| (at, number(due)))
                        );
                        if let Some((at, _)) = one {
                            now = now.max(at.since(Time::ZERO).nanos() / 1_000_000_000);
                        }
                    }
                    _ => lined.disband(|_| 0),
                }
            }
            while let Some((then, due)) = lined.pop() {
                let other = plain.pop();
                prop_assert_eq!(Some((then, number(due))), other.map(|(at, due)| (at, number(due))));
            }
            prop_assert_eq!(plain.next(), None);
        }
    }
}
