//! When what has to happen for a level's answer to be as out of date as it can get.

use super::delay::{Window, delays};
use super::serve::Choice;
use super::stage::Stage;
use super::write::write;
use super::{RequestStep, Short, Shows, Step, StepKind, Witness};
use crate::bounds::edges::KindBound;
use crate::bounds::{Bound, Bounds, WayKind};
use crate::lives::{Life, lives};
use crate::structure::Structure;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use cachepolicy_core::units::{Duration, Time};

/// From the reading to the write that it misses.
pub(super) const MARGIN: i64 = 1_000;

/// So many kinds of writes are tried.
const KINDS: usize = 8;

/// When a trace begins.
pub(super) const BEGINS: i64 = 1_000_000_000;

impl Witness {
    /// Of a level's bound through writes of a model: several that may come near to it, the most
    /// natural one first. There is none where there is nothing to show, since there is no limit or
    /// nothing gets out of date, or no request reaches the level.
    #[must_use]
    pub fn of_bound(
        policy: &Policy,
        graph: &Graph,
        bounds: &Bounds,
        level: LevelId,
        model: ModelId,
    ) -> Vec<Self> {
        let Some(bound) = bounds.of(level, model) else {
            return Vec::new();
        };
        if bound.staleness.is_forever() || bound.staleness == Duration::ZERO {
            return Vec::new();
        }
        let whole = Structure {
            policy,
            graph,
            view: None,
            outages: &bounds.outages,
        };
        let lives = &lives(whole)[..];
        let least = Duration::from_nanos(bound.staleness.nanos() / 100 * 96);
        let worst = bounds.worst(level, bound, least).into_iter().take(KINDS);
        let built = worst.flat_map(|at| {
            let choices = Choice::all().into_iter();
            choices.filter_map(move |choice| {
                let mut plan = Plan {
                    whole,
                    bounds,
                    lives,
                    kind: at.kind,
                    choice,
                    depth: 0,
                    gap: Stage::latency(whole).nanos()
                        + (bound.staleness.nanos() / 2000).clamp(1_000, 5_000_000),
                    steps: Vec::new(),
                    write: None,
                    links: Vec::new(),
                    windows: Vec::new(),
                    short: None,
                    requests: 0,
                    maker: 0,
                };
                let stage = plan.stage(level, at.way)?;
                let asked = plan.serve(&stage, at.way, (0, bound.staleness))?;
                plan.ask(&stage, &asked);
                Some(plan.witness(level, model, bound))
            })
        });
        built.collect()
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

/// A witness in the making. Times are in nanoseconds, about zero.
pub(super) struct Plan<'p> {
    pub(super) whole: Structure<'p>,
    pub(super) bounds: &'p Bounds,
    pub(super) lives: &'p [Life],
    /// The kind of write that it is about, by its number.
    pub(super) kind: usize,
    /// How copies get into the state in which they are asked for.
    pub(super) choice: Choice,
    /// How many answers there are of which the one that is planned is a part.
    pub(super) depth: usize,
    /// More than look-ups take: what is to come before something else comes so much before it.
    pub(super) gap: i64,
    pub(super) steps: Vec<(i64, StepKind)>,
    pub(super) write: Option<Planned>,
    /// From the answer to the read.
    pub(super) links: Vec<&'p KindBound>,
    /// When invalidations must not come.
    pub(super) windows: Vec<Window>,
    pub(super) short: Option<Short>,
    pub(super) requests: usize,
    /// Which process makes the copy.
    pub(super) maker: u32,
}

/// How much has been planned.
pub(super) struct State {
    steps: usize,
    links: usize,
    windows: usize,
    requests: usize,
    short: Option<Short>,
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

    /// What has been planned so far.
    pub(super) fn state(&self) -> State {
        State {
            steps: self.steps.len(),
            links: self.links.len(),
            windows: self.windows.len(),
            requests: self.requests,
            short: self.short,
        }
    }

    /// What has been planned since is forgotten.
    pub(super) fn go_back(&mut self, to: State) {
        self.steps.truncate(to.steps);
        self.links.truncate(to.links);
        self.windows.truncate(to.windows);
        self.requests = to.requests;
        self.short = to.short;
        self.write = None;
    }

    /// When the write commits, once it is known.
    pub(super) fn written(&self) -> Option<i64> {
        self.write.as_ref().map(|write| write.at)
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
            .filter_map(|link| link.verdict.as_ref().err());
        let (delays, is_kept) = delays(
            self.whole.policy,
            (model, kind.operation()),
            &self.windows,
            planned.at,
        );
        if !is_kept {
            self.short = self.short.or(Some(Short::Overtaken));
        }
        let read = (level, read, &planned.params);
        let step = write(self.whole, read, kind, missed, delays)?;
        Some((planned.at, step))
    }

    fn witness(mut self, level: LevelId, model: ModelId, bound: &Bound) -> Witness {
        if let Some((at, step)) = self.write_step(model) {
            self.lose_deliveries(at, &step.delays);
            self.steps.push((at, StepKind::Write(step)));
        }
        sorting::by_key(&mut self.steps, |(at, _)| *at);
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
