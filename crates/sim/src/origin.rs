//! Origins: slots, first come, first served; a rate; replicas that lag; failures.

use crate::data::FixedName;
use crate::engine::Engine;
use crate::events::What;
use crate::intern::NONE;
use crate::queue::{Class, Todo};
use crate::random::{Sampler, Stream};
use crate::state::{Flags, State};
use crate::tables::Tables;
use cachepolicy_core::OriginId;
use cachepolicy_core::policy::{Origin, RateLimit};
use cachepolicy_core::units::{Duration, Time};

#[derive(Debug)]
pub(crate) struct OriginState {
    slots: u32,
    busy: u32,
    /// Frames that wait: the first and the last, and how many they are.
    queue: (u32, u32, u32),
    bucket: Option<Bucket>,
    /// A token is waited for.
    token_due: bool,
    lag: Sampler,
    failure_rate: f64,
    failure: Stream,
    /// It is down before this instant.
    pub(crate) down_until: Time,
}

impl OriginState {
    pub(crate) fn new(origin: &Origin, seed: u64) -> Self {
        Self {
            slots: origin.slots.unwrap_or(u32::MAX),
            busy: 0,
            queue: (NONE, NONE, 0),
            bucket: origin.rate.map(Bucket::new),
            token_due: false,
            lag: Sampler::new(origin.replica_lag, seed, "replica-lag", &origin.name),
            failure_rate: origin.failure_rate,
            failure: Stream::new(seed, &["failure", &origin.name]),
            down_until: Time::DISTANT_PAST,
        }
    }

    /// Nothing works, and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.busy == 0 && self.queue.2 == 0
    }
}

impl Engine {
    /// A frame's own work asks for a slot.
    pub(crate) fn ask_origin(&mut self, t: &Tables, frame: u32, id: OriginId) -> Option<u32> {
        self.frames[frame].work_began = self.now;
        let origin = &mut self.origins[id.index()];
        if self.now < origin.down_until {
            self.metrics.origin_arrived(id, self.now, origin.queue.2);
            self.refuse_work(frame, id);
            return Some(frame);
        }
        let origin = &mut self.origins[id.index()];
        let is_free = origin.queue.2 == 0 && origin.busy < origin.slots;
        let token = match &mut origin.bucket {
            Some(bucket) if is_free => bucket.take(self.now),
            _ => Ok(()),
        };
        if is_free && token.is_ok() {
            self.metrics.origin_arrived(id, self.now, 0);
            let lag = self.begin_service(frame, id);
            return self.serve_work(t, frame, lag);
        }
        self.frames[frame].state = State::Queued;
        self.enqueue(frame, id);
        let waiting = self.origins[id.index()].queue.2;
        self.metrics.origin_arrived(id, self.now, waiting);
        if let Err(at) = token {
            self.await_token(id, at);
        }
        None
    }

    /// Work that is done at an origin that is down fails at once.
    fn refuse_work(&mut self, frame: u32, id: OriginId) {
        let (busy, queue) = {
            let origin = &self.origins[id.index()];
            (origin.busy, origin.queue.2)
        };
        self.count_origin_work(frame, Duration::ZERO);
        let waited = self.now.since(self.frames[frame].work_began);
        // It takes no slot.
        self.metrics.origin_began(id, self.now, waited, busy, queue);
        self.note(frame, What::WorkBegan { origin: id, waited });
        let took = Duration::ZERO;
        self.metrics.origin_ended(id, self.now, took, busy, true);
        self.note(
            frame,
            What::WorkEnded {
                origin: id,
                took,
                failed: true,
            },
        );
        self.frames[frame].flags.set(Flags::ERROR);
        self.frames[frame].state = State::Working;
    }

    /// A frame gets a slot; returns how old the data is that it reads.
    fn begin_service(&mut self, frame: u32, id: OriginId) -> Duration {
        let cost = self.frames[frame].cost;
        self.count_origin_work(frame, cost);
        let origin = &mut self.origins[id.index()];
        origin.busy += 1;
        let waited = self.now.since(self.frames[frame].work_began);
        let (busy, queue) = (origin.busy, origin.queue.2);
        // The draw is made all the same: others do not get another one for it.
        let drawn = origin.lag.duration();
        let fails = origin.failure_rate > 0.0 && origin.failure.unit() < origin.failure_rate;
        let is_spared = self.fixed(frame, FixedName::Error).is_some();
        let flags = &mut self.frames[frame].flags;
        flags.set(Flags::IN_SERVICE);
        if fails && !is_spared {
            flags.set(Flags::ERROR);
        }
        self.metrics.origin_began(id, self.now, waited, busy, queue);
        self.note(frame, What::WorkBegan { origin: id, waited });
        self.fixed_time(frame, FixedName::Lag).unwrap_or(drawn)
    }

    /// A frame's work is done, and the next one in the queue begins.
    pub(crate) fn leave_origin(&mut self, t: &Tables, frame: u32, id: OriginId) {
        let origin = &mut self.origins[id.index()];
        origin.busy -= 1;
        let busy = origin.busy;
        let f = &mut self.frames[frame];
        f.flags.clear(Flags::IN_SERVICE);
        let failed = f.flags.has(Flags::ERROR);
        let took = self.now.since(f.work_began);
        let cut_off = Duration::from_nanos(f.cost.nanos().saturating_sub(took.nanos()));
        self.uncount_origin_work(frame, cut_off);
        self.metrics.origin_ended(id, self.now, took, busy, failed);
        self.note(
            frame,
            What::WorkEnded {
                origin: id,
                took,
                failed,
            },
        );
        self.start_queue(t, id);
    }

    fn start_queue(&mut self, t: &Tables, id: OriginId) {
        loop {
            let origin = &mut self.origins[id.index()];
            let (first, last, count) = origin.queue;
            if count == 0 || origin.busy >= origin.slots {
                return;
            }
            if let Some(Err(at)) = origin.bucket.as_mut().map(|bucket| bucket.take(self.now)) {
                self.await_token(id, at);
                return;
            }
            let after = self.frames[first].next_queued;
            let last = if after == NONE { NONE } else { last };
            origin.queue = (after, last, count - 1);
            let lag = self.begin_service(first, id);
            self.begin_reading(t, first, lag);
            let at = self.now + self.frames[first].cost;
            self.schedule(first, at, Class::Store);
        }
    }

    fn await_token(&mut self, id: OriginId, at: Time) {
        let origin = &mut self.origins[id.index()];
        if !origin.token_due {
            origin.token_due = true;
            self.queue.push(at, Class::Store, Todo::OriginToken(id.0));
        }
    }

    /// A token is there.
    pub(crate) fn token_due(&mut self, t: &Tables, origin: u16) {
        self.origins[origin as usize].token_due = false;
        self.start_queue(t, OriginId(origin));
    }

    /// An origin goes down: what works there and what waits fails.
    pub(crate) fn cut_off_work(&mut self, t: &Tables, id: OriginId) {
        for frame in 0..self.frames.slots() {
            let f = &mut self.frames[frame];
            let is_there = f.state == State::Working && f.flags.has(Flags::IN_SERVICE);
            if is_there && t.policy.levels[f.level as usize].origin == Some(id) {
                f.flags.set(Flags::ERROR);
                f.serial = f.serial.wrapping_add(1);
                self.schedule(frame, self.now, Class::Store);
            }
        }
        let (mut frame, _, _) =
            core::mem::replace(&mut self.origins[id.index()].queue, (NONE, NONE, 0));
        while frame != NONE {
            let next = self.frames[frame].next_queued;
            self.refuse_work(frame, id);
            self.schedule(frame, self.now, Class::Store);
            frame = next;
        }
    }

    /// Of the work that waits, drops what died with its process.
    pub(crate) fn drop_cut_off_work(&mut self, id: OriginId) {
        let origin = &mut self.origins[id.index()];
        let (mut frame, _, _) = core::mem::replace(&mut origin.queue, (NONE, NONE, 0));
        while frame != NONE {
            let next = self.frames[frame].next_queued;
            if !self.frames[frame].flags.has(Flags::CUT_OFF) {
                self.enqueue(frame, id);
            }
            frame = next;
        }
    }

    fn enqueue(&mut self, frame: u32, id: OriginId) {
        self.frames[frame].next_queued = NONE;
        let queue = &mut self.origins[id.index()].queue;
        match *queue {
            (NONE, _, _) => *queue = (frame, frame, 1),
            (first, last, count) => {
                *queue = (first, frame, count + 1);
                self.frames[last].next_queued = frame;
            }
        }
    }
}

/// A token bucket: tokens come evenly, and work takes one when it begins.
#[derive(Debug, Clone)]
struct Bucket {
    per_nano: f64,
    burst: f64,
    tokens: f64,
    at: Time,
}

impl Bucket {
    fn new(rate: RateLimit) -> Self {
        Self {
            per_nano: rate.per_second / 1e9,
            burst: rate.burst.max(1.0),
            tokens: rate.burst.max(1.0),
            at: Time::DISTANT_PAST,
        }
    }

    /// Takes a token, or says when one will be there.
    fn take(&mut self, now: Time) -> Result<(), Time> {
        if now > self.at {
            let gained = if self.at == Time::DISTANT_PAST {
                self.burst
            } else {
                now.since(self.at).nanos() as f64 * self.per_nano
            };
            self.tokens = (self.tokens + gained).min(self.burst);
            self.at = now;
        }
        // Sums of fractions: a token that lacks less than a nanosecond's share is there.
        if self.tokens + self.per_nano >= 1.0 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(());
        }
        if self.per_nano <= 0.0 {
            return Err(Time::NEVER);
        }
        let lacks = libm::ceil((1.0 - self.tokens) / self.per_nano);
        Err(now + Duration::from_nanos((lacks as i64).max(1)))
    }
}
