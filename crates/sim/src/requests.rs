//! A walk begins and ends.

use crate::engine::Engine;
use crate::events::{Happening, Names, What};
use crate::intern::NONE;
use crate::metrics::{RequestEnd, RouteIx};
use crate::queue::Class;
use crate::state::{Flags, TaskKind};
use crate::tables::Tables;

impl Engine {
    /// A request, or an access, arrives.
    pub(crate) fn arrive(&mut self, t: &Tables, task: u32) {
        if let TaskKind::Access(operation) = self.tasks[task].kind {
            self.access(t, task, operation);
            return;
        }
        let route = self.route_of(task);
        self.note_task(task, What::Arrival { route });
        let link = self.ingest.paths.first_link(self.tasks[task].path);
        if link == NONE {
            self.answer_unrouted(task);
            return;
        }
        let level = self.ingest.paths.link(link).level;
        self.tasks[task].current = NONE;
        let needs_thread = self.processes.are_limited() && !t.levels[level.index()].is_edge;
        if (!needs_thread || self.processes.take_thread(&mut self.tasks, task))
            && let Some(frame) = self.look_up_link(t, task, NONE, link)
        {
            self.drive(t, frame);
        }
    }

    /// Where a request's walk stands. One that waits for a thread at its very beginning has no
    /// frame yet: under overload there are a lot of them.
    pub(crate) fn first_frame(&mut self, t: &Tables, task: u32) -> u32 {
        let current = self.tasks[task].current;
        if current != NONE {
            return current;
        }
        let link = self.ingest.paths.first_link(self.tasks[task].path);
        let level = self.ingest.paths.link(link).level;
        self.new_frame(t, task, NONE, level, link)
    }

    fn route_of(&self, task: u32) -> Option<RouteIx> {
        let route = self.tasks[task].route;
        (route != NONE).then_some(RouteIx(route))
    }

    /// Counts a request where only a claim asks for it.
    #[inline]
    pub(crate) fn count_claimed(&mut self, task: u32, end: &RequestEnd) {
        if !self.ingest.paths.has_claimed() {
            return;
        }
        for row in self.ingest.paths.claimed(self.tasks[task].path) {
            self.metrics.claimed_ended(RouteIx(row), self.now, end);
        }
    }

    /// No level answers: the application does the work, as without any cache.
    fn answer_unrouted(&mut self, task: u32) {
        let t = &self.tasks[task];
        let end = RequestEnd {
            latency: t.cost.unwrap_or_default(),
            origin_free: false,
            error: t.status.is_some_and(|status| status >= 500),
            bytes: t.bytes.unwrap_or(0),
            origin_time: t.cost.unwrap_or_default(),
            cache_status: t.cache_status,
            ..RequestEnd::default()
        };
        let beginning = self.ingest.paths.unrouted.of(t.path);
        self.metrics.unrouted_ended(beginning, self.now, &end);
        self.count_claimed(task, &end);
        self.note_task(task, What::Answer { route: None, end });
        self.tasks.give_back(task);
    }

    /// The last frame of a task is done.
    pub(crate) fn end_task(&mut self, t: &Tables, frame: u32) {
        let (task, flags, size) = {
            let f = &self.frames[frame];
            (f.task, f.flags, f.size)
        };
        self.free_frame(frame);
        self.answer_task(t, task, flags.has(Flags::ERROR), size);
    }

    /// A task has its answer, of that size unless the trace says another one.
    pub(crate) fn answer_task(&mut self, t: &Tables, task: u32, is_error: bool, size: u64) {
        let of = &self.tasks[task];
        if of.kind != TaskKind::Background {
            let route = self.route_of(task);
            let bytes = of.bytes.unwrap_or(size);
            let gathered = &of.gathered;
            let end = RequestEnd {
                latency: self.now.since(of.arrived),
                origin_free: !gathered.origin_work && !is_error,
                error: is_error,
                leak: gathered.leak,
                out_of_date: gathered.out_of_date,
                staleness: gathered.staleness,
                bytes,
                bytes_from_copies: gathered.bytes_from_copies.min(bytes),
                origin_time: gathered.origin_time,
                origin_time_saved: gathered.origin_time_saved,
                cache_status: of.cache_status,
            };
            self.metrics.request_ended(route, self.now, &end);
            self.count_claimed(task, &end);
            self.note_task(task, What::Answer { route, end });
        }
        if let Some(next) = self.processes.give_thread_back(&mut self.tasks, task) {
            let waiting = self.first_frame(t, next);
            self.schedule(waiting, self.now, Class::LookUp);
        }
        self.tasks.give_back(task);
    }

    /// Tells the observer what happens to a frame; [`NONE`]: to nobody's.
    #[inline]
    pub(crate) fn note(&mut self, frame: u32, what: What) {
        if self.observer.is_some() {
            let task = if frame == NONE {
                NONE
            } else {
                self.frames[frame].task
            };
            self.note_task(task, what);
        }
    }

    /// The same, of a task.
    #[inline]
    fn note_task(&mut self, task: u32, what: What) {
        if self.observer.is_some() {
            let of = (task != NONE).then(|| &self.tasks[task]);
            let (request, process) = (of.map(|of| of.number), of.map(|of| of.process));
            self.tell(request, process, what);
        }
    }

    /// The same, of something that comes to a process for no request.
    #[inline]
    pub(crate) fn note_in(&mut self, process: u32, what: What) {
        if self.observer.is_some() {
            self.tell(None, Some(process), what);
        }
    }

    #[cold]
    fn tell(&mut self, request: Option<u64>, process: Option<u32>, what: What) {
        let Some(mut observer) = self.observer.take() else {
            return;
        };
        let happening = Happening {
            at: self.now,
            request,
            process,
            what,
        };
        let tables = std::sync::Arc::clone(&self.tables);
        let names = Names {
            policy: &tables.policy,
            zero: self.ingest.zero,
            routes: &tables.routes,
            key: &|_, key| self.key_name(&tables, key.0),
        };
        observer.happens(&happening, &names);
        self.observer = Some(observer);
    }
}
