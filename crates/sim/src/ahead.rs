//! Requests that the first level that they ask answers with a fresh copy: where nothing can happen to
//! the copy until then, they are answered as soon as they come, ahead of what others do meanwhile,
//! and nobody keeps them.
//!
//! Until the store has answered, nothing may be due in the queue and nothing but requests may come
//! in the trace. Those requests may do a lot meanwhile, but nothing that reaches this store or this
//! copy (see [`crate::tables::LevelTable::ahead`]), and what is counted in between is the same in
//! any order. `plain/tests.rs` replays random traces both ways and compares the reports.

use crate::engine::Engine;
use crate::ingest::Coming;
use crate::intern::NONE;
use crate::links::Link;
use crate::metrics::{Alike, Answered, Outcome, RequestEnd, RouteIx};
use crate::queue::Class;
use crate::settled::Settled;
use crate::skip;
use crate::store::KeyId;
use crate::tables::{LevelTable, Tables, Tier};
use cachepolicy_core::decide::plain_until;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::block::Requests;

/// What is known of the trace after a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Following<'r> {
    /// When requests come, …
    pub(crate) requests: &'r [Time],
    /// … of which nothing else comes before this instant.
    pub(crate) until: Time,
}

/// A copy that may answer.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    number: u32,
    link: Link,
    inst: u32,
}

/// Is a request of a block answered ahead of its time?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    Answered,
    No,
    /// What it carries does not tell all that there is to know of it.
    Unknown,
}

impl Engine {
    /// Answers a request ahead of its time, where what it carries tells all that there is to know of
    /// it.
    #[inline]
    pub(crate) fn answer_ahead(
        &mut self,
        t: &Tables,
        coming: &Coming<'_>,
        following: &Following<'_>,
    ) -> Ahead {
        let Some(settled) = self.settled(coming) else {
            return Ahead::Unknown;
        };
        let fetched = self.fetching.key_of(coming.index);
        let Some(of) = self.candidate(t, coming, settled.digits, fetched) else {
            return Ahead::No;
        };
        if of.link.is_personal || settled.outside != 0 {
            return Ahead::Unknown;
        }
        match skip::holds(of.link.skip, settled.conditions) {
            None => Ahead::Unknown,
            Some(false) if self.serve_ahead(t, coming, following, &of, NONE) => {
                let carried = coming.requests.carried.get(coming.index);
                let carried = carried.copied().unwrap_or(NONE);
                self.ingest.dimensions.count_settled(carried);
                Ahead::Answered
            }
            Some(_) => Ahead::No,
        }
    }

    /// Answers a request ahead of its time whose dimensions were read for its task.
    pub(crate) fn answer_task_ahead(
        &mut self,
        t: &Tables,
        coming: &Coming<'_>,
        following: &Following<'_>,
        task: u32,
    ) -> bool {
        let digits = self.tasks[task].digits;
        let Some(of) = self.candidate(t, coming, digits, None) else {
            return false;
        };
        let Candidate { link, number, .. } = of;
        let table = &t.levels[link.level.index()];
        self.left_out(t, table, task, link.level, number).is_none()
            && self.serve_ahead(t, coming, following, &of, task)
    }

    /// The key whose copy may answer a request at the level that it asks first; `fetched`: where that
    /// is known.
    #[inline]
    fn candidate(
        &self,
        t: &Tables,
        coming: &Coming<'_>,
        digits: u64,
        fetched: Option<u32>,
    ) -> Option<Candidate> {
        let number = self.ingest.paths.first_link(coming.path);
        if number == NONE {
            return None;
        }
        let links = &self.ingest.paths.links;
        let link = *links.get(number);
        let variants = &t.levels[link.level.index()].variants;
        let known = || {
            let variant = variants.number(digits)?;
            Some(links.known_key(number, variants, variant))
        };
        let inst = fetched.or_else(known)?;
        (inst != NONE && self.is_current(inst)).then_some(Candidate { number, link, inst })
    }

    /// What follows from what a request carries, where nothing of it depends on who it is.
    #[inline]
    fn settled(&self, coming: &Coming<'_>) -> Option<Settled> {
        let Requests { user, carried, .. } = coming.requests;
        let of = |column: &[u32]| column.get(coming.index).copied().unwrap_or(NONE);
        self.ingest.dimensions.settled(of(carried), of(user))
    }

    /// When the nearest tier answers a request that comes then, if nothing happens before.
    #[inline]
    fn undisturbed<'t>(
        &self,
        table: &'t LevelTable,
        arrived: Time,
        following: &Following<'_>,
    ) -> Option<(&'t Tier, Time)> {
        let (latency, tier) = (table.ahead?, table.tiers.first()?);
        let at = arrived + latency;
        let is_undisturbed = at < following.until
            && at < self.metrics.next_tick()
            && self.arrivals.is_empty()
            && !self.queue.has_before(at, Class::LookUp)
            && self.observer.is_none()
            && !self.metrics.is_watched()
            && arrived >= self.backends[usize::from(tier.backend)].down_until;
        is_undisturbed.then_some((tier, at))
    }

    /// Serves a request a copy, if it is there and fresh and nothing can happen to it. `task`: the
    /// request's; [`NONE`]: it is for nobody.
    #[inline]
    fn serve_ahead(
        &mut self,
        t: &Tables,
        coming: &Coming<'_>,
        following: &Following<'_>,
        of: &Candidate,
        task: u32,
    ) -> bool {
        let (level, inst) = (of.link.level, of.inst);
        let table = &t.levels[level.index()];
        let Some((tier, at)) = self.undisturbed(table, coming.at, following) else {
            return false;
        };
        let instance = Tables::instance(tier, coming.process, coming.pop);
        let store = &self.stores[instance as usize];
        let Some(slot) = store.lookup(KeyId(inst)) else {
            return false;
        };
        let copy = store.get(slot);
        let plain_until = plain_until(&table.rules, &copy.lifetimes(&table.rules), copy.negative);
        if at >= plain_until.min(copy.resides_until) {
            return false;
        }
        if self.processes.are_limited() && !table.is_edge {
            if !self.has_thread_ahead(coming.process, (coming.at, at), following) {
                return false;
            }
            self.ahead.push_back(at);
        }
        let for_whom = match task {
            NONE => NONE,
            task => self.principal(t, task, level, of.number),
        };
        self.count_lookup(level, inst, Outcome::Fresh);
        let store = &mut self.stores[instance as usize];
        store.touch(slot, at);
        let size = store.size(slot);
        let (since, writes) = self.provenances.missed(&self.cells, copy.provenance, at);
        let answered = Answered {
            bytes: coming.bytes().unwrap_or(size),
            size,
            saved: copy.work,
            leak: copy.principal != for_whom,
            misses: since.map(|since| (at.since(since), writes)),
            cache_status: coming.cache_status(),
        };
        self.count_ahead(coming, of, BackendId(tier.backend), at, &answered);
        true
    }

    #[inline]
    fn count_ahead(
        &mut self,
        coming: &Coming<'_>,
        of: &Candidate,
        backend: BackendId,
        at: Time,
        answered: &Answered,
    ) {
        let latency = at.since(coming.at);
        let route = self.ingest.paths.chain_of(&of.link).route;
        let alike = || Alike {
            level: of.link.level,
            backend,
            route: (route != NONE).then_some(RouteIx(route)),
            latency,
        };
        self.metrics
            .answered_ahead(of.link.chain, alike, at, answered);
        if self.ingest.paths.has_claimed() {
            self.count_claimed_ahead(coming.path, at, latency, answered);
        }
    }

    /// See [`Engine::count_claimed`].
    fn count_claimed_ahead(
        &mut self,
        path: u32,
        now: Time,
        latency: Duration,
        answered: &Answered,
    ) {
        let end = RequestEnd {
            latency,
            origin_free: true,
            leak: answered.leak,
            out_of_date: answered.misses.is_some(),
            staleness: answered
                .misses
                .map_or(Duration::ZERO, |(staleness, _)| staleness),
            bytes: answered.bytes,
            bytes_from_copies: answered.size.min(answered.bytes),
            origin_time_saved: answered.saved,
            cache_status: answered.cache_status,
            ..RequestEnd::default()
        };
        for row in self.ingest.paths.claimed(path) {
            self.metrics.claimed_ended(RouteIx(row), now, &end);
        }
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
}
