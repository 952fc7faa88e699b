//! A fill: children first, then the level's own work, then the store.

use crate::data::FixedName;
use crate::engine::Engine;
use crate::intern::NONE;
use crate::queue::Class;
use crate::state::{Facts, Flags, State, TaskKind};
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::level::{Contain, LevelKind, ValueSource};
use cachepolicy_core::units::Duration;

impl Engine {
    /// A frame begins to make its result: a fill, or the work of a level that is not stored or left
    /// out.
    pub(crate) fn begin_work(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        self.prepare_work(t, frame);
        self.next_child(t, frame)
    }

    /// A frame will make its result: its children are due.
    #[inline]
    pub(crate) fn prepare_work(&mut self, t: &Tables, frame: u32) {
        let level = self.frames[frame].level;
        for index in 0..t.policy.levels[level as usize].data.len() {
            self.count_data(t, frame, index as u16);
        }
        self.frames[frame].state = State::Children;
        let status = self.tasks[self.frames[frame].task].status;
        if self.frames[frame].link != NONE && matches!(status, Some(404 | 410)) {
            self.frames[frame].flags.set(Flags::ABSENT);
        }
    }

    /// Looks the next child up; after the last one comes the own work.
    pub(crate) fn next_child(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        if self.frames[frame].flags.has(Flags::ERROR) {
            return self.drop_batch(t, frame);
        }
        let level = self.frames[frame].level as usize;
        let contains = &t.policy.levels[level].contains;
        let inside = self.inside(frame);
        loop {
            let position = self.frames[frame].child as usize;
            let Some(contain) = contains.get(position) else {
                break;
            };
            if let Some((_, link)) = inside.filter(|(inner, _)| *inner == contain.level) {
                self.frames[frame].child += 1;
                let task = self.frames[frame].task;
                return self.look_up_link(t, task, frame, link);
            }
            // A site answers requests of its own route only.
            if t.levels[contain.level.index()].kind == LevelKind::Site {
                self.frames[frame].child += 1;
                continue;
            }
            if let Some(next) = self.child_of(t, frame, contain) {
                return next;
            }
        }
        let is_left = |(inner, _): (LevelId, u32)| contains.iter().all(|c| c.level != inner);
        if self.frames[frame].child as usize == contains.len()
            && let Some((_, link)) = inside.filter(|&inside| is_left(inside))
        {
            self.frames[frame].child += 1;
            let task = self.frames[frame].task;
            return self.look_up_link(t, task, frame, link);
        }
        self.own_work(t, frame)
    }

    /// The level that answers the request inside this site, with its link.
    #[inline]
    fn inside(&self, frame: u32) -> Option<(LevelId, u32)> {
        let link = self.frames[frame].link;
        let links = &self.ingest.paths.links;
        if link == NONE || !links.get(link).has_inner {
            return None;
        }
        let inner = links.inner(link);
        Some((links.get(inner).level, inner))
    }

    /// The next frame of one `contains`; `None` when it is done.
    fn child_of(&mut self, t: &Tables, frame: u32, contain: &Contain) -> Option<Option<u32>> {
        let Some(arg) = contain.each else {
            return Some(self.only_child_of(t, frame, contain));
        };
        let (each, parked) = {
            let f = &self.frames[frame];
            (f.each, f.parked.2)
        };
        let list = self.list_of(t, frame, &contain.args[arg as usize]);
        let batch = t.policy.levels[contain.level.index()].batch;
        let is_over = each >= list.1;
        if parked > 0 && (is_over || batch.is_some_and(|batch| parked >= batch.max.max(1))) {
            return Some(self.work_on_batch(t, frame, NONE));
        }
        if is_over {
            self.frames[frame].child += 1;
            self.frames[frame].each = 0;
            return None;
        }
        self.frames[frame].each += 1;
        self.arguments(t, frame, contain, list.0 + each);
        let task = self.frames[frame].task;
        let is_absent = self.is_absent(t, frame, contain);
        if !is_absent && batch.is_none() {
            return Some(self.look_up(t, task, frame, contain.level));
        }
        let child = self.new_frame(t, task, frame, contain.level, NONE);
        if is_absent {
            self.frames[child].flags.set(Flags::ABSENT);
        }
        if batch.is_some() {
            self.frames[child].flags.set(Flags::BATCHED);
        }
        Some(Some(child))
    }

    /// What a page is not about has no parts either.
    #[inline]
    fn is_absent(&self, t: &Tables, frame: u32, contain: &Contain) -> bool {
        let takes_param = |arg: &ValueSource| matches!(arg, ValueSource::Param(_));
        self.frames[frame].flags.has(Flags::ABSENT)
            && t.levels[contain.level.index()].rules.negative_ttl.is_some()
            && contain.args.iter().any(takes_param)
    }

    /// The frame of a `contains` that is no list.
    fn only_child_of(&mut self, t: &Tables, frame: u32, contain: &Contain) -> Option<u32> {
        let f = &mut self.frames[frame];
        let (task, inst) = (f.task, f.inst);
        let is_part = t.levels[f.level as usize].part == Some(f.child);
        f.child += 1;
        if self.is_absent(t, frame, contain) {
            self.arguments(t, frame, contain, 0);
            let child = self.new_frame(t, task, frame, contain.level, NONE);
            self.frames[child].flags.set(Flags::ABSENT);
            return Some(child);
        }
        if !is_part {
            self.arguments(t, frame, contain, 0);
            return self.look_up(t, task, frame, contain.level);
        }
        let known = self.facts_of(inst).part;
        let part = if known != NONE && self.is_current(known) {
            known
        } else {
            self.arguments(t, frame, contain, 0);
            let part = self.key_of(t, task, contain.level, NONE);
            self.facts_mut(inst).part = part;
            part
        };
        self.look_up_key(t, task, frame, (contain.level, part), NONE)
    }

    /// What is known of a key.
    #[inline]
    pub(crate) fn facts_of(&self, inst: u32) -> Facts {
        let facts = self.facts.get(inst as usize);
        facts.copied().unwrap_or(Facts::NONE)
    }

    /// The same, to be filled in.
    #[inline]
    pub(crate) fn facts_mut(&mut self, inst: u32) -> &mut Facts {
        let index = inst as usize;
        if self.facts.len() <= index {
            let keys = self.keys.len().max(index + 1);
            self.facts.resize(keys, Facts::NONE);
        }
        &mut self.facts[index]
    }

    /// Puts a child's parameters into `self.tuple`; `each` is the position of the `each` argument's
    /// value among the data values.
    fn arguments(&mut self, t: &Tables, frame: u32, contain: &Contain, each: u32) {
        let mut tuple = core::mem::take(&mut self.tuple);
        tuple.clear();
        for (index, source) in contain.args.iter().enumerate() {
            tuple.push(if contain.each == Some(index as u16) {
                self.nth_of(t, frame, source, each)
            } else {
                self.value_of(t, frame, source)
            });
        }
        self.tuple = tuple;
    }

    /// All children are there: now its own work.
    fn own_work(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let f = &self.frames[frame];
        let is_broken = self.tasks[f.task]
            .status
            .is_some_and(|status| status >= 500);
        if is_broken && f.link != NONE && self.inside(frame).is_none() {
            // As the trace says. What stands before it fails with it.
            self.frames[frame].flags.set(Flags::ERROR);
        }
        let level = self.frames[frame].level as usize;
        if t.levels[level].is_instant && !self.ingest.data.has_fixed {
            self.frames[frame].work_began = self.now;
            self.complete(t, frame);
            return self.continue_after_store(frame);
        }
        self.fix_outcome(t, frame);
        if self.frames[frame].flags.has(Flags::BATCHED) {
            return self.park(frame);
        }
        let cost = self.draw_cost(t, frame);
        self.start_work(t, frame, cost)
    }

    /// The trace says that nothing is found, or that the work fails.
    fn fix_outcome(&mut self, t: &Tables, frame: u32) {
        if self.is_fixed(frame, FixedName::Absent) {
            self.frames[frame].flags.set(Flags::ABSENT);
        }
        let f = &self.frames[frame];
        let can_fail = f.link != NONE || t.policy.levels[f.level as usize].origin.is_some();
        if can_fail && self.is_fixed(frame, FixedName::Error) {
            self.frames[frame].flags.set(Flags::ERROR);
        }
    }

    pub(crate) fn draw_cost(&mut self, t: &Tables, frame: u32) -> Duration {
        let f = &self.frames[frame];
        let level = f.level as usize;
        let from_trace = t.policy.levels[level].cost.from_trace;
        if let Some(cost) = self.fixed_time(frame, FixedName::Cost) {
            return cost;
        }
        match self.tasks[f.task].cost.filter(|_| from_trace) {
            Some(cost) => cost,
            None => self.levels[level].cost.duration(),
        }
    }

    /// Asks for a slot where the work needs one, else begins.
    pub(crate) fn start_work(&mut self, t: &Tables, frame: u32, cost: Duration) -> Option<u32> {
        let level = self.frames[frame].level as usize;
        self.frames[frame].cost = cost;
        match t.policy.levels[level].origin {
            Some(origin) => self.ask_origin(t, frame, origin),
            None => {
                // A site that passes on what is made inside makes nothing itself.
                if t.levels[level].is_source && self.inside(frame).is_none() {
                    self.count_origin_work(frame, cost);
                }
                self.serve_work(t, frame, Duration::ZERO)
            }
        }
    }

    /// Own work is origin work of the request, unless it is a refresh that nobody waits for.
    pub(crate) fn count_origin_work(&mut self, frame: u32, cost: Duration) {
        let f = &mut self.frames[frame];
        f.work = f.work + cost;
        let task = &mut self.tasks[f.task];
        if task.kind != TaskKind::Background {
            task.gathered.origin_work = true;
            task.gathered.origin_time = task.gathered.origin_time + cost;
        }
    }

    /// Own work was cut off, this long before it would have been done.
    pub(crate) fn uncount_origin_work(&mut self, frame: u32, rest: Duration) {
        let less = |time: Duration| Duration::from_nanos((time.nanos() - rest.nanos()).max(0));
        if rest > Duration::ZERO {
            let f = &mut self.frames[frame];
            f.work = less(f.work);
            let task = &mut self.tasks[f.task];
            if task.kind != TaskKind::Background {
                task.gathered.origin_time = less(task.gathered.origin_time);
            }
        }
    }

    /// Own work begins.
    pub(crate) fn serve_work(&mut self, t: &Tables, frame: u32, lag: Duration) -> Option<u32> {
        self.begin_reading(t, frame, lag);
        let cost = self.frames[frame].cost;
        if cost == Duration::ZERO {
            return Some(frame);
        }
        self.resume_at(frame, self.now + cost, Class::Store)
    }

    /// Data is read when own work begins, less the lag of the replica that is read; a batch reads
    /// for all of its members.
    pub(crate) fn begin_reading(&mut self, t: &Tables, frame: u32, lag: Duration) {
        let f = &mut self.frames[frame];
        f.state = State::Working;
        f.work_began = self.now;
        let level = f.level as usize;
        if t.levels[level].reads.is_empty() {
            return;
        }
        let as_of = self.now.before(lag);
        if !self.frames[frame].flags.has(Flags::BATCHED) {
            self.read_rows(t, frame, as_of);
            return;
        }
        let mut member = self.frames[self.frames[frame].parent].parked.0;
        while member != NONE {
            self.read_rows(t, member, as_of);
            member = self.frames[member].next;
        }
    }

    /// Own work is done.
    pub(crate) fn worked(&mut self, t: &Tables, frame: u32) -> Option<u32> {
        let level = self.frames[frame].level as usize;
        if let Some(origin) = t.policy.levels[level].origin
            && self.frames[frame].flags.has(Flags::IN_SERVICE)
        {
            self.leave_origin(t, frame, origin);
        }
        if self.frames[frame].flags.has(Flags::BATCHED) {
            return self.batch_done(t, frame);
        }
        self.complete(t, frame);
        self.continue_after_store(frame)
    }

    /// The result of a frame is there: it is stored where it may be, and those who waited get it.
    pub(crate) fn complete(&mut self, t: &Tables, frame: u32) {
        let flags = self.frames[frame].flags;
        let level = &t.levels[self.frames[frame].level as usize];
        if !flags.has(Flags::ERROR) {
            self.frames[frame].size = self.draw_size(t, frame);
            self.give_tags(t, frame);
        }
        self.frames[frame].state = State::Done;
        if self.frames[frame].fill != NONE {
            self.end_fill(t, frame);
        } else if level.is_stored && !flags.has(Flags::ERROR) {
            self.serve_own(frame);
        }
    }

    /// What belongs before a look-up at this instant comes first.
    fn continue_after_store(&mut self, frame: u32) -> Option<u32> {
        self.resume_at(frame, self.now, Class::LookUp)
    }

    pub(crate) fn draw_size(&mut self, t: &Tables, frame: u32) -> u64 {
        let f = &self.frames[frame];
        let level = f.level as usize;
        let task = &self.tasks[f.task];
        let is_response = f.link != NONE || task.path == NONE;
        let from_trace = t.policy.levels[level].size.from_trace && is_response;
        match task.bytes.filter(|_| from_trace) {
            Some(bytes) => bytes,
            None => self.levels[level].size.bytes(),
        }
    }

    /// A frame takes its child's result in.
    pub(crate) fn embed(&mut self, t: &Tables, frame: u32, child: u32) {
        let (flags, work, provenance, inst) = {
            let c = &self.frames[child];
            (c.flags, c.work, c.provenance, c.inst)
        };
        let f = &mut self.frames[frame];
        f.work = f.work + work;
        for flag in [Flags::OVERTAKEN, Flags::ERROR] {
            if flags.has(flag) {
                f.flags.set(flag);
            }
        }
        self.tasks[f.task].current = frame;
        self.take_in(t, frame, provenance);
        if t.has_cascade {
            self.remember_embedded(t, frame, inst);
        }
    }
}
