//! What is going to happen: events in the order of time, of their class at one instant, and of
//! their scheduling within a class.

use cachepolicy_core::units::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// Something goes wrong.
    Fault(u32),
}

const CLASS_SHIFT: u32 = 62;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: Time,
    /// The class in the highest bits, the sequence number in the others.
    order: u64,
}

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

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl Queue {
    /// Adds an event. What is scheduled for [`Time::NEVER`] never happens.
    pub(crate) fn push(&mut self, at: Time, class: Class, todo: Todo) {
        if at == Time::NEVER {
            return;
        }
        let order = (class as u64) << CLASS_SHIFT | self.sequence;
        self.sequence += 1;
        self.heap.push(Reverse(Entry {
            key: Key { at, order },
            todo,
        }));
    }

    /// When and in which class the next event happens.
    #[inline]
    pub(crate) fn next(&self) -> Option<(Time, Class)> {
        self.heap
            .peek()
            .map(|Reverse(entry)| (entry.key.at, class_of(entry.key.order)))
    }

    /// Takes the next event out.
    pub(crate) fn pop(&mut self) -> Option<(Time, Todo)> {
        self.heap
            .pop()
            .map(|Reverse(entry)| (entry.key.at, entry.todo))
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

    #[test]
    fn time_then_class_then_scheduling() {
        let mut queue = Queue::default();
        let at = |second| Time::ZERO + cachepolicy_core::Duration::from_secs(second);
        queue.push(at(2), Class::LookUp, Todo::Fault(0));
        queue.push(at(1), Class::LookUp, Todo::Fault(1));
        queue.push(at(1), Class::Store, Todo::Fault(2));
        queue.push(at(1), Class::LookUp, Todo::Fault(3));
        queue.push(at(1), Class::Commit, Todo::Fault(4));
        queue.push(Time::NEVER, Class::Commit, Todo::Fault(5));
        assert!(queue.has_before(at(1), Class::Commit));
        assert!(!queue.has_before(at(0), Class::LookUp));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|(_, todo)| todo)
            .collect();
        assert_eq!(order, [4, 2, 1, 3, 0].map(Todo::Fault));
        assert_eq!(queue.next(), None);
    }
}
