//! Events in the order of time.

use cachepolicy_core::units::Time;
use cachepolicy_trace::Event;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// So many events are held back at most; with more, the earliest go.
const HELD_MAX: usize = 1 << 16;

/// Events that may not be the next ones yet.
#[derive(Debug, Default)]
pub(crate) struct Order {
    held: BinaryHeap<Reverse<Held>>,
    count: u64,
    /// When the last event happened that was let go.
    last: Option<Time>,
    /// Events that came after later ones had been let go; they bear their time then.
    pub(crate) late: u64,
}

#[derive(Debug)]
struct Held {
    at: Time,
    number: u64,
    event: Event,
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Held {}

impl Order {
    /// One more.
    pub(crate) fn push(&mut self, mut event: Event) {
        if let Some(last) = self.last.filter(|last| event.at() < *last) {
            self.late += 1;
            event.set_at(last);
        }
        self.count += 1;
        self.held.push(Reverse(Held {
            at: event.at(),
            number: self.count,
            event,
        }));
    }

    /// The next one, if it happened before `settled` or there are too many.
    pub(crate) fn next(&mut self, settled: Time) -> Option<Event> {
        let Reverse(first) = self.held.peek()?;
        if first.at >= settled && self.held.len() <= HELD_MAX {
            return None;
        }
        let Reverse(first) = self.held.pop()?;
        self.last = Some(first.at);
        Some(first.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(nanos: i64) -> Event {
        let mut event = Event::default();
        event.set_at(Time::from_nanos(nanos));
        event
    }

    #[test]
    fn events_come_in_the_order_of_time_and_late_ones_with_the_time_of_the_last() {
        let mut order = Order::default();
        for nanos in [5, 3, 9, 4] {
            order.push(event(nanos));
        }
        let take = |order: &mut Order, until: i64| {
            let mut times = Vec::new();
            while let Some(event) = order.next(Time::from_nanos(until)) {
                times.push(event.at().nanos());
            }
            times
        };
        assert_eq!(take(&mut order, 5), [3, 4]);
        order.push(event(2));
        assert_eq!(order.late, 1);
        assert_eq!(take(&mut order, i64::MAX), [4, 5, 9]);
    }

    #[test]
    fn no_more_are_held_than_there_is_room_for() {
        let mut order = Order::default();
        for nanos in 0..=HELD_MAX as i64 {
            order.push(event(nanos));
        }
        assert_eq!(
            order.next(Time::DISTANT_PAST).map(|it| it.at().nanos()),
            Some(0)
        );
        assert!(order.next(Time::DISTANT_PAST).is_none());
    }
}
