//! Requests that the first level that they ask answers with a fresh copy: where nothing can happen to
//! the copy until then, they are answered as soon as they come, ahead of what others do meanwhile,
//! and nobody keeps them.
//!
//! Until the store has answered, nothing may be due in the queue and nothing but requests may come
//! in the trace. Those requests may do a lot meanwhile, but nothing that reaches this store or this
//! copy (see [`crate::tables::LevelTable::ahead`]), and what is counted in between is the same in
//! any order. `plain/tests.rs` replays random traces both ways and compares the reports.

use crate::engine::Engine;
use crate::intern::NONE;
use crate::metrics::{Ahead, Outcome, RequestEnd, RouteIx, Serve};
use crate::queue::Class;
use crate::store::{KeyId, Slot};
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::decide::plain_until;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::units::{Duration, Time};

/// What is known of the trace after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Following<'r> {
    /// When requests come, …
    pub(crate) requests: &'r [Time],
    /// … of which nothing else comes before this instant.
    pub(crate) until: Time,
}

/// A copy that answers.
#[derive(Debug, Clone, Copy)]
struct Answer {
    link: u32,
    level: LevelId,
    inst: u32,
    backend: BackendId,
    instance: u32,
    slot: Slot,
    latency: Duration,
    needs_thread: bool,
}

impl Engine {
    /// Is a request that comes now answered ahead of its time?
    #[inline]
    pub(crate) fn answer_ahead(
        &mut self,
        t: &Tables,
        task: u32,
        following: &Following<'_>,
    ) -> bool {
        let Some(answer) = self.find_ahead(t, task, following) else {
            return false;
        };
        let now = core::mem::replace(&mut self.now, self.tasks[task].arrived + answer.latency);
        self.serve_ahead(t, task, &answer);
        if answer.needs_thread {
            self.ahead.push_back(self.now);
        }
        self.now = now;
        self.tasks.give_back(task);
        true
    }

    #[inline]
    fn find_ahead(&mut self, t: &Tables, task: u32, following: &Following<'_>) -> Option<Answer> {
        let of = &self.tasks[task];
        let link = self.ingest.paths.entry(of.path).links;
        if link == NONE {
            return None;
        }
        let level = self.ingest.paths.link(link).level;
        let table = &t.levels[level.index()];
        let (latency, tier) = (table.ahead?, table.tiers.first()?);
        let (arrived, process, pop) = (of.arrived, of.process, of.pop);
        let at = arrived + latency;
        let is_undisturbed = at < following.until
            && at < self.metrics.next_tick()
            && self.arrivals.is_empty()
            && !self.queue.has_before(at, Class::LookUp)
            && self.observer.is_none()
            && !self.metrics.is_watched()
            && arrived >= self.backends[usize::from(tier.backend)].down_until;
        if !is_undisturbed {
            return None;
        }
        let variant = table.variants.number(of.digits)?;
        let inst = self.ingest.paths.known_key(link, &table.variants, variant);
        if inst == NONE || !self.is_current(inst) {
            return None;
        }
        let instance = Tables::instance(tier, process, pop);
        let store = &self.stores[instance as usize];
        let slot = store.lookup(KeyId(inst))?;
        let copy = store.get(slot);
        let plain_until = plain_until(&table.rules, &copy.lifetimes(&table.rules), copy.negative);
        let is_plain = at < plain_until.min(copy.resides_until)
            && self.left_out(t, table, task, level, link).is_none();
        let needs_thread = self.processes.are_limited() && !table.is_edge;
        let is_served =
            is_plain && (!needs_thread || self.has_thread_ahead(process, (arrived, at), following));
        is_served.then_some(Answer {
            link,
            level,
            inst,
            backend: BackendId(tier.backend),
            instance,
            slot,
            latency,
            needs_thread,
        })
    }

    /// Is there a thread for a request from when it comes until it is answered, whoever else of
    /// those that come until then takes one?
    #[inline]
    fn has_thread_ahead(
        &mut self,
        process: u32,
        (arrived, at): (Time, Time),
        following: &Following<'_>,
    ) -> bool {
        while self.ahead.front().is_some_and(|&until| until <= arrived) {
            self.ahead.pop_front();
        }
        let Some(free) = self.processes.free_threads(process) else {
            return true;
        };
        let left = (free as usize).checked_sub(self.ahead.len() + 1);
        let too_many = |left: usize| following.requests.get(left).is_some_and(|&next| next < at);
        left.is_some_and(|left| !too_many(left))
    }

    #[inline]
    fn serve_ahead(&mut self, t: &Tables, task: u32, answer: &Answer) {
        let level = answer.level;
        let for_whom = self.principal(t, task, level, answer.link);
        self.count_lookup(level, answer.inst, Outcome::Fresh);
        let store = &mut self.stores[answer.instance as usize];
        store.touch(answer.slot, self.now);
        let size = store.size(answer.slot);
        let copy = store.get(answer.slot);
        let (missed_since, missed_writes) = self.missed(copy.provenance);
        let leak = copy.principal != for_whom;
        let of = &self.tasks[task];
        let (route, bytes) = (of.route, of.bytes.unwrap_or(size));
        let end = RequestEnd {
            latency: answer.latency,
            origin_free: true,
            leak,
            out_of_date: missed_since.is_some(),
            staleness: missed_since.map_or(Duration::ZERO, |since| self.now.since(since)),
            bytes,
            bytes_from_copies: size.min(bytes),
            origin_time_saved: copy.work,
            cache_status: of.cache_status,
            ..RequestEnd::default()
        };
        let ahead = Ahead {
            level,
            backend: answer.backend,
            route: (route != NONE).then_some(RouteIx(route)),
            serve: Serve {
                from_copy: true,
                waited: false,
                expired: false,
                bytes: size,
                missed_since,
                missed_writes,
                leak,
            },
        };
        self.metrics.answered_ahead(&ahead, self.now, &end);
        self.count_claimed(task, &end);
    }
}
