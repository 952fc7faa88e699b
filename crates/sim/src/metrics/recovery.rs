//! How long it takes to recover from a fault, as [`crate::report::Recovery`] defines it, found
//! while the trace goes by: a second is closed when it is over, and the last 30 of them are judged.

use super::types::Fault;
use crate::report::RecoveryOutcome;
use cachepolicy_core::units::{Duration, Time};
use std::collections::VecDeque;

const SECONDS_BEFORE: usize = 300;
const SECONDS_HELD: usize = 30;
const REQUESTS_BEFORE: u64 = 100;
/// Percent of the hit ratio from before that counts as recovered.
const SHARE: u128 = 95;

/// One second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    requests: u64,
    hits: u64,
    /// The longest of any origin at any time in it.
    queue: u32,
}

/// A fault and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) fault: Fault,
    pub(super) at: Time,
    pub(super) outcome: RecoveryOutcome,
    pub(super) took: Option<Duration>,
}

/// The time after a fault.
#[derive(Debug, Clone)]
struct Trouble {
    /// Over the time before.
    was: Second,
    /// Faults not recovered from, by their rows.
    open: Vec<usize>,
    /// The last seconds since the latest fault, fewer than have to be held.
    since: VecDeque<Second>,
}

/// See the module's description.
#[derive(Debug, Clone)]
pub(super) struct Recoveries {
    /// When the present second began.
    began: Time,
    queue: u32,
    /// Requests and hits when the present second began.
    before: (u64, u64),
    past: VecDeque<Second>,
    trouble: Option<Trouble>,
    rows: Vec<Row>,
}

impl Recoveries {
    /// Nothing has happened until `now`; `queue`: the longest of any origin.
    pub(super) fn new(now: Time, queue: u32) -> Self {
        Self {
            began: now,
            queue,
            before: (0, 0),
            past: VecDeque::new(),
            trouble: None,
            rows: Vec::new(),
        }
    }

    /// When [`Recoveries::advance`] is due.
    pub(super) fn ends(&self) -> Time {
        self.began + Duration::SECOND
    }

    /// An origin's queue has this length.
    pub(super) fn queue(&mut self, queue: u32) {
        self.queue = self.queue.max(queue);
    }

    /// Closes the seconds that ended by `now`. `requests` and `hits` since counting began; `queue`:
    /// the longest of any origin at present.
    pub(super) fn advance(&mut self, now: Time, requests: u64, hits: u64, queue: u32) {
        let mut left = SECONDS_BEFORE + 1;
        while self.ends() <= now && left > 0 {
            let ends = self.ends();
            self.close(requests, hits, queue);
            self.began = ends;
            left -= 1;
        }
        // Nothing happened in the rest, and more of it changes nothing.
        let rest = now.since(self.began).nanos() / Duration::SECOND.nanos();
        self.began = self.began + Duration::from_secs(rest);
    }

    /// A fault, after [`Recoveries::advance`] to its instant.
    pub(super) fn fault(&mut self, now: Time, fault: Fault, requests: u64, hits: u64, queue: u32) {
        if now > self.began {
            self.close(requests, hits, queue);
            self.began = now;
        }
        let row = self.rows.len();
        self.rows.push(Row {
            fault,
            at: now,
            outcome: RecoveryOutcome::NotWithinTrace,
            took: None,
        });
        if let Some(trouble) = &mut self.trouble {
            trouble.open.push(row);
            trouble.since.clear();
            return;
        }
        let was = self
            .past
            .iter()
            .fold(Second::default(), |sum, second| Second {
                requests: sum.requests + second.requests,
                hits: sum.hits + second.hits,
                queue: sum.queue.max(second.queue),
            });
        if was.requests < REQUESTS_BEFORE {
            self.rows[row].outcome = RecoveryOutcome::TooFewRequests;
            return;
        }
        self.trouble = Some(Trouble {
            was,
            open: vec![row],
            since: VecDeque::with_capacity(SECONDS_HELD),
        });
    }

    /// The rows, in the order of time.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn close(&mut self, requests: u64, hits: u64, queue: u32) {
        let second = Second {
            requests: requests - self.before.0,
            hits: hits - self.before.1,
            queue: self.queue,
        };
        self.before = (requests, hits);
        self.queue = queue;
        let ends = self.ends();
        let Some(trouble) = &mut self.trouble else {
            keep(&mut self.past, second);
            return;
        };
        trouble.since.push_back(second);
        if trouble.since.len() < SECONDS_HELD {
            return;
        }
        if !trouble.is_over() {
            trouble.since.pop_front();
            return;
        }
        let at = ends.before(Duration::from_secs(SECONDS_HELD as i64));
        for &open in &trouble.open {
            let row = &mut self.rows[open];
            row.outcome = RecoveryOutcome::Recovered;
            row.took = Some(at.since(row.at));
        }
        for &second in &trouble.since {
            keep(&mut self.past, second);
        }
        self.trouble = None;
    }
}

fn keep(past: &mut VecDeque<Second>, second: Second) {
    if past.len() == SECONDS_BEFORE {
        past.pop_front();
    }
    past.push_back(second);
}

impl Trouble {
    /// Does everything hold from the first of the kept seconds on?
    fn is_over(&self) -> bool {
        let (mut requests, mut hits) = (0u128, 0u128);
        self.since.iter().all(|second| {
            requests += u128::from(second.requests);
            hits += u128::from(second.hits);
            let (was_hits, was_requests) =
                (u128::from(self.was.hits), u128::from(self.was.requests));
            requests > 0
                && second.queue <= self.was.queue
                && hits * was_requests * 100 >= SHARE * was_hits * requests
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FLUSH: Fault = Fault::Deploy;

    /// Replays one second after the other: 100 requests each, hits as given.
    struct Replay {
        recoveries: Recoveries,
        now: i64,
        requests: u64,
        hits: u64,
    }

    impl Replay {
        fn new() -> Self {
            Self {
                recoveries: Recoveries::new(Time::ZERO, 0),
                now: 0,
                requests: 0,
                hits: 0,
            }
        }

        fn second(&mut self, requests: u64, hits: u64) {
            self.requests += requests;
            self.hits += hits;
            self.now += 1;
            self.recoveries.advance(
                Time::from_secs_f64(self.now as f64),
                self.requests,
                self.hits,
                0,
            );
        }

        fn seconds(&mut self, count: usize, hits: u64) {
            (0..count).for_each(|_| self.second(100, hits));
        }

        fn fault(&mut self) {
            let now = Time::from_secs_f64(self.now as f64);
            self.recoveries
                .fault(now, FLUSH, self.requests, self.hits, 0);
        }

        fn took(&self) -> Vec<Option<i64>> {
            let rows = self.recoveries.rows();
            rows.iter()
                .map(|row| row.took.map(|took| took.nanos() / 1_000_000_000))
                .collect()
        }
    }

    /// The definition, read with all seconds at hand: requests and hits of each.
    fn by_definition(seconds: &[(u64, u64)], fault: usize) -> Option<i64> {
        let sum = |seconds: &[(u64, u64)]| {
            let add = |sum: (u64, u64), second: &(u64, u64)| (sum.0 + second.0, sum.1 + second.1);
            seconds.iter().fold((0, 0), add)
        };
        let (was_requests, was_hits) = sum(&seconds[fault.saturating_sub(300)..fault]);
        let holds = |first: usize| {
            seconds[first].0 > 0
                && (1..=30).all(|length| {
                    let (requests, hits) = sum(&seconds[first..first + length]);
                    100 * hits * was_requests >= 95 * was_hits * requests
                })
        };
        let mut candidates = fault..(seconds.len() + 1).saturating_sub(30);
        (was_requests >= 100)
            .then(|| candidates.find(|&first| holds(first)))
            .flatten()
            .map(|first| (first - fault) as i64)
    }

    proptest! {
        #[test]
        fn seconds_gone_by_give_what_the_definition_says(
            before in prop::collection::vec((0u64..40, 60u64..=100), 0..350),
            after in prop::collection::vec((0u64..40, 30u64..=100), 0..60),
            later in prop::collection::vec((0u64..40, 55u64..=100), 0..80),
        ) {
            let seconds: Vec<(u64, u64)> = before.iter().chain(&after).chain(&later)
                .map(|&(requests, percent)| (requests, requests * percent / 100))
                .collect();
            let mut replay = Replay::new();
            for (index, &(requests, hits)) in seconds.iter().enumerate() {
                if index == before.len() {
                    replay.fault();
                }
                replay.second(requests, hits);
            }
            if before.len() < seconds.len() {
                prop_assert_eq!(replay.took(), [by_definition(&seconds, before.len())]);
            }
        }
    }

    #[test]
    fn recovered_at_the_first_second_that_holds() {
        let mut replay = Replay::new();
        replay.seconds(100, 80);
        replay.fault();
        replay.seconds(7, 10);
        // 76 of 100 are 95% of 80.
        replay.seconds(3, 75);
        replay.seconds(29, 76);
        assert_eq!(replay.took(), [None]);
        replay.seconds(1, 76);
        assert_eq!(replay.took(), [Some(10)]);
    }

    #[test]
    fn a_dip_begins_the_search_anew_but_noise_does_not() {
        let mut replay = Replay::new();
        replay.seconds(100, 80);
        replay.fault();
        replay.seconds(20, 80);
        replay.seconds(9, 0);
        replay.seconds(5, 90);
        replay.seconds(1, 70);
        replay.seconds(24, 80);
        assert_eq!(replay.took(), [Some(29)]);
    }

    #[test]
    fn a_fault_that_nobody_noticed_takes_no_time() {
        let mut replay = Replay::new();
        replay.seconds(100, 80);
        replay.fault();
        replay.seconds(30, 80);
        assert_eq!(replay.took(), [Some(0)]);
    }

    #[test]
    fn faults_in_a_row_are_measured_by_what_was_before_the_first() {
        let mut replay = Replay::new();
        replay.seconds(100, 80);
        replay.fault();
        replay.seconds(10, 0);
        replay.fault();
        replay.seconds(10, 40);
        replay.seconds(30, 80);
        assert_eq!(replay.took(), [Some(20), Some(10)]);
        // The time of trouble does not count for what was.
        replay.fault();
        replay.seconds(40, 40);
        assert_eq!(replay.took(), [Some(20), Some(10), None]);
    }

    #[test]
    fn a_queue_longer_than_before_is_no_recovery() {
        let mut replay = Replay::new();
        replay.seconds(50, 80);
        replay.recoveries.queue(3);
        replay.seconds(50, 80);
        replay.fault();
        replay.recoveries.queue(4);
        replay.seconds(5, 80);
        replay.recoveries.queue(3);
        replay.seconds(30, 80);
        assert_eq!(replay.took(), [Some(1)]);
    }

    #[test]
    fn a_queue_that_stands_lasts_into_the_next_second() {
        let mut recoveries = Recoveries::new(Time::ZERO, 0);
        recoveries.queue(2);
        recoveries.advance(Time::from_secs_f64(1.0), 0, 0, 2);
        assert_eq!((recoveries.queue, recoveries.past[0].queue), (2, 2));
        recoveries.advance(Time::from_secs_f64(2.0), 0, 0, 0);
        assert_eq!((recoveries.queue, recoveries.past[1].queue), (0, 2));
    }

    #[test]
    fn too_few_requests_before_measure_nothing() {
        let mut replay = Replay::new();
        replay.second(99, 80);
        replay.fault();
        replay.seconds(60, 80);
        assert_eq!(replay.took(), [None]);
        assert_eq!(
            replay.recoveries.rows()[0].outcome,
            RecoveryOutcome::TooFewRequests
        );
    }

    #[test]
    fn a_second_without_a_request_is_no_beginning_but_a_gap_may_follow() {
        let mut replay = Replay::new();
        replay.seconds(100, 80);
        replay.fault();
        (0..50).for_each(|_| replay.second(0, 0));
        replay.second(1, 1);
        replay.now += 1_000_000_000;
        replay.second(100, 80);
        assert_eq!(replay.took(), [Some(50)]);
    }
}
