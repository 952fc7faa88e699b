//! When what has to happen for a level's answer to be as out of date as it can get.

use super::clock::Timed;
use super::delay::{Link, Need, delay, differ};
use super::stage::Stage;
use super::write::write;
use super::{RequestStep, Short, Shows, Step, StepKind, Witness};
use crate::bounds::edges::KindBound;
use crate::bounds::missed::Reason;
use crate::bounds::{Bound, Bounds, By, WayKind};
use crate::lives::{Life, lives};
use crate::structure::Structure;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};

/// From the reading to the write that it misses.
pub(super) const MARGIN: i64 = 1_000;

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
pub(super) struct Planned {
    at: i64,
    /// The way of the level that reads what is written.
    level: LevelId,
    way: usize,
    params: super::values::Params,
}

/// How a level has to be asked so that it gives what was planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// When the look-up begins.
    pub(super) at: i64,
    /// Whose work fails.
    pub(super) failing: Vec<LevelId>,
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
pub(super) struct Plan<'p> {
    pub(super) whole: Structure<'p>,
    pub(super) bounds: &'p Bounds,
    pub(super) lives: Vec<Life>,
    /// The kind of write that it is about, by its number.
    pub(super) kind: usize,
    /// More than look-ups take: what is to come before something else comes so much before it.
    pub(super) gap: i64,
    pub(super) steps: Vec<(i64, StepKind)>,
    pub(super) write: Option<Planned>,
    /// From the answer to the read.
    pub(super) links: Vec<Link<'p>>,
    pub(super) short: Option<Short>,
    pub(super) requests: usize,
    /// Which process makes the copy.
    pub(super) maker: u32,
}

impl<'p> Plan<'p> {
    pub(super) fn of(&self, level: LevelId, way: usize) -> Option<&'p KindBound> {
        let kind = self.kind;
        self.bounds.kind(level, WayKind { way, kind })
    }

    /// A way to a level; to a site by the view that makes its copies the oldest.
    pub(super) fn stage(&self, level: LevelId, way: usize) -> Option<Stage> {
        let bound = self.of(level, way)?;
        let through = self.bounds.ways.of(level).get(way)?.through.first();
        let view = bound.oldest.path.first().or(through);
        Stage::of(self.whole, level, view.map(|(view, _)| *view))
    }

    /// Plans everything so that the level's answer at that time is as old as it gets.
    pub(super) fn serve(&mut self, stage: &Stage, way: usize, at: i64) -> Option<Asked> {
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
            (Ok(sound), By::Edges)
                if bound.shared >= bound.staleness && bound.shared > sound.delay =>
            {
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
                let how = if stale > revalidated {
                    Use::OnError
                } else {
                    Use::Fresh
                };
                self.use_late(stage, how, asked)
            }
        }
    }

    /// A copy of a level from before the write; when the write can be.
    fn make(&mut self, stage: &Stage, written: i64, resides_until: i64) -> i64 {
        let at = (written - self.gap).min(resides_until - 2 * self.gap);
        self.ask(stage, &Asked::at(at));
        at + self.gap
    }

    /// A request in which the level is looked up as it was planned.
    pub(super) fn ask(&mut self, stage: &Stage, asked: &Asked) {
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
        self.steps.push((at, StepKind::Request(Box::new(request))));
    }

    pub(super) fn push(&mut self, at: i64, request: RequestStep) {
        self.steps.push((at, StepKind::Request(Box::new(request))));
    }

    /// The write that all of it is about, to a row that the level reads in this way, itself or
    /// through what it contains.
    pub(super) fn plan_write(&mut self, stage: &Stage, way: usize, at: i64) -> Option<()> {
        let path = self.path_to_read(stage.level(), way)?;
        self.plan_write_at(stage, way, &path, at)
    }

    pub(super) fn path_to_read(&self, id: LevelId, way: usize) -> Option<Vec<(LevelId, usize)>> {
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

    pub(super) fn plan_write_at(
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
        let missed = self
            .links
            .iter()
            .find_map(|link| link.bound.verdict.as_ref().err());
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
pub(super) enum Use {
    /// As any other.
    Fresh,
    /// In place of an error.
    OnError,
    /// It is an absence.
    Absent,
}
