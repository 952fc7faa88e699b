//! When what has to happen for a level's answer to be as out of date as it can get.

use super::clock::{Timed, set};
use super::delay::{Link, Need, delay, differ};
use super::stage::{Stage, can_fail};
use super::write::write;
use super::{RequestStep, Short, Shows, Step, StepKind, Witness};
use crate::bounds::edges::{KindBound, is_fenced};
use crate::bounds::sources::Source;
use crate::bounds::missed::Reason;
use crate::bounds::{Bound, Bounds, By, WayKind};
use crate::lives::{Life, lives};
use crate::structure::Structure;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};

/// From the reading to the write that it misses.
const MARGIN: i64 = 1_000;

/// When a trace begins.
pub(super) const BEGINS: i64 = 1_000_000_000;

impl Witness {
    /// Of a level's bound through writes of a model; `None`: there is nothing to show, since there is
    /// no limit or nothing gets out of date, or no request reaches the level.
    #[must_use]
    pub fn of_bound(
        policy: &Policy,
        graph: &Graph,
        bounds: &Bounds,
        level: LevelId,
        model: ModelId,
    ) -> Option<Self> {
        let bound = bounds.of(level, model)?;
        if bound.staleness.is_forever() || bound.staleness == Duration::ZERO {
            return None;
        }
        let whole = Structure {
            policy,
            graph,
            view: None,
            outages: &[],
        };
        let at = bound.worst?;
        let mut plan = Plan {
            whole,
            bounds,
            lives: lives(whole),
            kind: at.kind,
            gap: Stage::latency(whole).nanos()
                + (bound.staleness.nanos() / 2000).clamp(1_000, 5_000_000),
            steps: Vec::new(),
            write: None,
            links: Vec::new(),
            short: None,
            requests: 0,
            maker: 0,
        };
        let stage = plan.stage(level, at.way)?;
        let asked = plan.serve(&stage, at.way, 0)?;
        plan.ask(&stage, &asked);
        Some(plan.witness(level, model, bound))
    }
}

/// The write, once it is known what it has to be.
struct Planned {
    at: i64,
    /// The way of the level that reads what is written.
    level: LevelId,
    way: usize,
    params: super::values::Params,
}

/// How a level has to be asked so that it gives what was planned.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// When the look-up begins.
    at: i64,
    /// Whose work fails.
    failing: Vec<LevelId>,
}

impl Asked {
    const fn at(at: i64) -> Self {
        Self {
            at,
            failing: Vec::new(),
        }
    }
}

/// A witness in the making. Times are in nanoseconds, about zero.
struct Plan<'p> {
    whole: Structure<'p>,
    bounds: &'p Bounds,
    lives: Vec<Life>,
    /// The kind of write that it is about, by its number.
    kind: usize,
    /// More than look-ups take: what is to come before something else comes so much before it.
    gap: i64,
    steps: Vec<(i64, StepKind)>,
    write: Option<Planned>,
    /// From the answer to the read.
    links: Vec<Link<'p>>,
    short: Option<Short>,
    requests: usize,
    /// Which process makes the copy.
    maker: u32,
}

impl<'p> Plan<'p> {
    fn of(&self, level: LevelId, way: usize) -> Option<&'p KindBound> {
        let kind = self.kind;
        self.bounds.kind(level, WayKind { way, kind })
    }

    /// A way to a level; to a site by the view that makes its copies the oldest.
    fn stage(&self, level: LevelId, way: usize) -> Option<Stage> {
        let bound = self.of(level, way)?;
        let through = self.bounds.ways.of(level).get(way)?.through.first();
        let view = bound.oldest.path.first().or(through);
        Stage::of(self.whole, level, view.map(|(view, _)| *view))
    }

    /// Plans everything so that the level's answer at that time is as old as it gets.
    fn serve(&mut self, stage: &Stage, way: usize, at: i64) -> Option<Asked> {
        let id = stage.level();
        let bound = self.of(id, way)?;
        if stage.is_hidden() {
            self.short = Some(Short::Hidden);
        }
        let asked = Asked::at(at);
        match (&bound.verdict, bound.by) {
            (_, By::Embedded) => None,
            (_, By::Time) => {
                let level = self.whole.level(id)?;
                if let Err(missed) = &bound.verdict
                    && matches!(missed.reason, Reason::NotReached(_))
                    && differ(self.whole.policy, missed.action)
                {
                    self.short = Some(Short::OneDelay);
                }
                let (usable, how) = self.usable(id, level);
                let stored = at - usable.nanos() + self.gap;
                let asked = self.use_late(stage, how, asked)?;
                let own = self.links.len();
                let need = Need::Nothing;
                self.links.push(Link { bound, need });
                let began = self.fill(stage, way, &bound.oldest, (stored, how == Use::Absent))?;
                if let Some(link) = self.links.get_mut(own) {
                    link.need = Need::of(bound, (began, stored - self.gap));
                }
                Some(asked)
            }
            (Err(_), By::Edges) => None,
            (Ok(sound), By::Edges) if bound.shared >= bound.staleness && bound.shared > sound.delay => {
                let began = self.fill(stage, way, &bound.given, (at, false))?;
                let need = Need::Nothing;
                self.links.push(Link { bound, need });
                // Whoever asks after a `bump` asks for something else.
                let is_renamed = sound.action.is_some_and(|action| {
                    action
                        .get(self.whole.policy)
                        .is_some_and(|action| action.verb == Verb::Bump)
                });
                let joins = if is_renamed {
                    began + MARGIN / 2
                } else {
                    at - self.gap
                };
                let at = self.before_locks(stage, began, joins);
                Some(Asked { at, ..asked })
            }
            (Ok(sound), By::Edges) => {
                let stale = sound.stale.nanos();
                let survive = sound.survive.map_or(0, |(_, time)| time.nanos());
                if survive > 0 && differ(self.whole.policy, sound.action) {
                    self.short = Some(Short::OneDelay);
                }
                let longest = sound.bound.nanos() - sound.delay.nanos();
                let is_asked = longest > 0 && stale == 0 && survive == 0;
                let before = if is_asked { MARGIN } else { self.gap };
                let invalidated = at - stale.max(survive) + before;
                let written = invalidated - sound.delay.nanos();
                // A nearer tier gets its copy in another process than the one that made it.
                self.maker = u32::from(survive > 0 && self.whole.policy.processes > 1);
                let fence = bound.fence.map_or(Duration::FOREVER, |fence| fence.least);
                let longest = fence.min(sound.delay).nanos() - 2 * self.gap;
                let is_alone = survive > 0 && self.maker == 0;
                if longest > 0 && !is_alone {
                    self.fill_across(stage, way, written, longest)?;
                } else {
                    let made = self.make(stage, written, invalidated - survive);
                    self.plan_write(stage, way, made.max(written))?;
                }
                self.maker = 0;
                // What another invalidation removed before is made again, of what is still old.
                let is_own = self.bounds.ways.of(id).get(way)?.is_own;
                if !is_own && sound.delay.nanos() > 6 * self.gap {
                    self.ask(stage, &Asked::at(written + 2 * self.gap));
                }
                if survive > 0 {
                    self.ask(stage, &Asked::at(invalidated - self.gap));
                }
                let need = Need::Late(sound.action);
                self.links.push(Link { bound, need });
                if stale == 0 {
                    return Some(asked);
                }
                let level = self.whole.level(id)?;
                let revalidated = level.rules.stale_while_revalidate.nanos();
                let how = if stale > revalidated { Use::OnError } else { Use::Fresh };
                self.use_late(stage, how, asked)
            }
        }
    }

    /// When to ask for a level that somebody fills since some time: whoever does has the locks of what
    /// stands before it, too, for which one waits in vain first.
    fn before_locks(&mut self, stage: &Stage, began: i64, at: i64) -> i64 {
        let mut at = at;
        for id in stage.same() {
            match self.whole.level(id).map(|level| level.rules.stampede) {
                Some(Stampede::Lock { wait, expires } | Stampede::Lease { wait, expires })
                    if at - began < expires.nanos() =>
                {
                    at -= wait.nanos() + self.gap;
                }
                Some(Stampede::Coalesce) => self.short = Some(Short::Hidden),
                _ => {}
            }
        }
        if at < began {
            self.short = Some(Short::Hidden);
        }
        at
    }

    /// A fill that read what was before the write, and is over some time after it: whatever comes
    /// before that does not remove its result.
    fn fill_across(
        &mut self,
        stage: &Stage,
        way: usize,
        written: i64,
        longest: i64,
    ) -> Option<()> {
        let id = stage.level();
        let fill = self.lives.get(id.index())?.fill;
        let source = Source {
            rest: fill.min(Duration::from_nanos(longest)),
            path: self.path_to_read(id, way)?,
            ..Source::default()
        };
        let timed = self.timed(stage, &source);
        let mut request = stage.request(self.whole, self.requests);
        timed.spend(&mut request, (source.rest.nanos() - self.gap, &[]), &[]);
        let clock = timed.clock(&request);
        let stored = written - MARGIN + clock.ended - clock.taken?;
        self.fill(stage, way, &source, (stored, false)).map(|_| ())
    }

    /// A copy of a level from before the write; when the write can be.
    fn make(&mut self, stage: &Stage, written: i64, resides_until: i64) -> i64 {
        let at = (written - self.gap).min(resides_until - 2 * self.gap);
        self.ask(stage, &Asked::at(at));
        at + self.gap
    }

    /// How long after the store a copy can still be served.
    fn usable(&self, id: LevelId, level: &Level) -> (Duration, Use) {
        let rules = &level.rules;
        let stale = self.lives.get(id.index()).map_or(Duration::ZERO, |life| life.stale);
        let value = rules.ttl + stale;
        let negative = rules.negative_ttl.unwrap_or(Duration::ZERO);
        if negative > value {
            (negative, Use::Absent)
        } else if stale > rules.stale_while_revalidate {
            (value, Use::OnError)
        } else {
            (value, Use::Fresh)
        }
    }

    /// What is usable on error alone needs an error, or somebody else who fills it for long.
    fn use_late(&mut self, stage: &Stage, how: Use, mut asked: Asked) -> Option<Asked> {
        if how != Use::OnError {
            return Some(asked);
        }
        let id = stage.level();
        let level = self.whole.level(id)?;
        asked.failing = self.failing(id);
        let walked = self.walked_from(id);
        if !asked.failing.is_empty() || self.refuse(level, &walked, asked.at) {
            return Some(asked);
        }
        let (Stampede::Lock { expires, wait } | Stampede::Lease { expires, wait }) =
            level.rules.stampede
        else {
            self.short = Some(Short::StaleIfError);
            return Some(asked);
        };
        // Who waits in vain while somebody else fills it takes what there is.
        let longest = level.rules.timeout.min(expires).nanos();
        if wait.nanos() + 4 * self.gap >= longest {
            self.short = Some(Short::StaleIfError);
        }
        let mut other = stage.request(self.whole, self.requests);
        self.requests += 1;
        let time = Duration::from_nanos(wait.nanos() + 4 * self.gap);
        set(&mut other.costs, id, time);
        let began = asked.at - wait.nanos() - 2 * self.gap;
        self.steps.push((began, StepKind::Request(other)));
        asked.at -= wait.nanos();
        Some(asked)
    }

    /// A store of something that it embeds refuses whoever asks at that time, and none of its own.
    fn refuse(&mut self, level: &Level, walked: &[LevelId], at: i64) -> bool {
        let policy = self.whole.policy;
        let own: Vec<_> = level.tiers.iter().map(|tier| tier.backend).collect();
        let inner = walked.iter().skip(1).filter_map(|id| self.whole.level(*id));
        let tiers = inner.flat_map(|inner| &inner.tiers);
        let refusing = tiers
            .filter(|tier| !own.contains(&tier.backend))
            .filter_map(|tier| policy.backends.get(tier.backend.index()))
            .find(|backend| !backend.on_failure.bypass);
        let Some(refusing) = refusing else {
            return false;
        };
        let long = Duration::from_nanos(4 * self.gap);
        let outage = StepKind::Outage(refusing.name.clone(), long);
        self.steps.push((at - 2 * self.gap, outage));
        true
    }

    fn walked_from(&self, id: LevelId) -> Vec<LevelId> {
        let mut walked = vec![id];
        let mut next = 0;
        while let Some(&at) = walked.get(next) {
            next += 1;
            let contains = self.whole.level(at).into_iter().flat_map(|level| &level.contains);
            for contain in contains {
                if !walked.contains(&contain.level) {
                    walked.push(contain.level);
                }
            }
        }
        walked
    }

    /// A request in which the level is looked up as it was planned.
    fn ask(&mut self, stage: &Stage, asked: &Asked) {
        let mut request = stage.request(self.whole, self.requests);
        self.requests += 1;
        request.process = Some(self.maker);
        request.failing.extend(&asked.failing);
        let timed = Timed {
            whole: self.whole,
            stage,
            path: Vec::new(),
            is_copy: true,
        };
        let at = asked.at - timed.clock(&request).looked.unwrap_or(0);
        self.steps.push((at, StepKind::Request(request)));
    }

    fn timed<'s>(&self, stage: &'s Stage, source: &Source) -> Timed<'s>
    where
        'p: 's,
    {
        Timed {
            whole: self.whole,
            stage,
            path: source.path.iter().map(|(level, _)| *level).collect(),
            is_copy: source.is_copy,
        }
    }

    /// What of the copy that a fill takes in is usable on error alone: whose work fails then.
    fn failing_inside(&self, source: &Source) -> Vec<LevelId> {
        let last = source.path.last().filter(|_| source.is_copy);
        let Some(&(inner, way)) = last else {
            return Vec::new();
        };
        let is_by_time = self.of(inner, way).is_some_and(|of| of.by == By::Time);
        match self.whole.level(inner) {
            Some(level) if is_by_time && self.usable(inner, level).1 == Use::OnError => {
                self.failing(inner)
            }
            _ => Vec::new(),
        }
    }

    /// The level, or what it embeds, whose work can fail.
    fn failing(&self, id: LevelId) -> Vec<LevelId> {
        let can_fail = |id: &LevelId| self.whole.level(*id).is_some_and(can_fail);
        let mut walked = self.walked_from(id);
        if can_fail(&id) {
            walked.truncate(1);
        }
        walked.retain(can_fail);
        walked
    }

    /// How long after the source each level on the path may be done, so that no invalidation
    /// overtakes it whose result is to be kept.
    fn limits(&self, id: LevelId, source: &Source) -> Vec<i64> {
        let is_kept = self.whole.level(id).is_some_and(is_fenced);
        let of_path = source.path.iter().map(|&(inner, inner_way)| {
            let fence = self.of(inner, inner_way).and_then(|bound| bound.fence);
            match fence.filter(|fence| is_kept && source.age <= fence.least) {
                Some(fence) => (fence.greatest - source.age).nanos() - 2 * self.gap,
                None => i64::MAX,
            }
        });
        of_path.collect()
    }

    /// A request that stores a copy of the level at that time, with data as old as it can take in,
    /// after a fill that takes as long as one can.
    fn fill(
        &mut self,
        stage: &Stage,
        way: usize,
        source: &Source,
        (stored, is_absent): (i64, bool),
    ) -> Option<i64> {
        let id = stage.level();
        let mut request = stage.request(self.whole, self.requests);
        self.requests += 1;
        request.process = Some(self.maker);
        let timed = self.timed(stage, source);
        let failing = self.failing_inside(source);
        let limits = self.limits(id, source);
        let left = source.rest.nanos() - self.gap;
        timed.spend(&mut request, (left, &limits), &failing);
        let clock = timed.clock(&request);
        let began = stored - clock.ended;
        let taken = began + clock.taken?;
        if is_absent {
            request.absent.push(id);
        }
        let (last, last_way) = source.path.last().copied().unwrap_or((id, way));
        // Between the level and the source others are filled, whose invalidations matter too.
        for &(inner, inner_way) in source.path.iter().rev().skip(1) {
            let bound = self.of(inner, inner_way)?;
            let need = Need::Nothing;
            self.links.push(Link { bound, need });
        }
        let mut earlier = 0;
        if source.is_copy {
            let inner = self.stage(last, last_way)?;
            let asked = self.serve(&inner, last_way, taken)?;
            earlier = taken - asked.at;
            request.failing.extend(&asked.failing);
        } else {
            request.lags.push((last, source.age));
            let written = taken - source.age.nanos() + MARGIN;
            self.plan_write_at(stage, way, &source.path, written)?;
        }
        self.push(began - earlier, request);
        Some(began - earlier + clock.looked.unwrap_or(0))
    }

    fn push(&mut self, at: i64, request: RequestStep) {
        self.steps.push((at, StepKind::Request(request)));
    }

    /// The write that all of it is about, to a row that the level reads in this way, itself or
    /// through what it contains.
    fn plan_write(&mut self, stage: &Stage, way: usize, at: i64) -> Option<()> {
        let path = self.path_to_read(stage.level(), way)?;
        self.plan_write_at(stage, way, &path, at)
    }

    fn path_to_read(&self, id: LevelId, way: usize) -> Option<Vec<(LevelId, usize)>> {
        let mut path = Vec::new();
        let (mut id, mut number) = (id, way);
        loop {
            let way = self.bounds.ways.of(id).get(number)?;
            if way.is_own {
                break;
            }
            let &next = way.through.first()?;
            path.push(next);
            (id, number) = next;
        }
        Some(path)
    }

    fn plan_write_at(
        &mut self,
        stage: &Stage,
        way: usize,
        path: &[(LevelId, usize)],
        at: i64,
    ) -> Option<()> {
        let (mut level, mut way) = (stage.level(), way);
        let mut params = stage.params(self.whole);
        for &(inner, inner_way) in path {
            let outer = self.whole.level(level)?;
            params = super::values::inside(self.whole, outer, &params, inner);
            (level, way) = (inner, inner_way);
        }
        self.write = Some(Planned {
            at,
            level,
            way,
            params,
        });
        Some(())
    }

    fn write_step(&mut self, model: ModelId) -> Option<(i64, super::WriteStep)> {
        let planned = self.write.take()?;
        let way = self.bounds.ways.of(planned.level).get(planned.way)?;
        let facts = self.bounds.ways.facts.get(way.facts)?;
        let kind = facts.kinds().get(self.kind).copied()?;
        let level = self.whole.level(planned.level)?;
        let is_read = |read: &&cachepolicy_core::level::Read| {
            read.model == model && crate::kinds::Facts::of(read) == *facts
        };
        let read = level.reads.iter().find(is_read)?;
        let missed = self.links.iter().find_map(|link| link.bound.verdict.as_ref().err());
        let delay = delay(self.whole.policy, &self.links, planned.at);
        let step = write(
            self.whole,
            (level, read, &planned.params),
            kind,
            missed,
            delay,
        )?;
        Some((planned.at, step))
    }

    fn witness(mut self, level: LevelId, model: ModelId, bound: &Bound) -> Witness {
        if let Some((at, step)) = self.write_step(model) {
            self.steps.push((at, StepKind::Write(step)));
        }
        self.steps.sort_by_key(|(at, _)| *at);
        let first = self.steps.first().map_or(0, |(at, _)| *at);
        let steps = self.steps.into_iter().map(|(at, what)| Step {
            at: Time::from_nanos(at - first + BEGINS),
            what,
        });
        Witness {
            level,
            shows: Shows::Bound(model, bound.staleness),
            steps: steps.collect(),
            short: self.short,
        }
    }
}

/// How a copy is used at the end of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// As any other.
    Fresh,
    /// In place of an error.
    OnError,
    /// It is an absence.
    Absent,
}
