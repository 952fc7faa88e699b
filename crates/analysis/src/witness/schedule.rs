//! When what has to happen for a level's answer to be as out of date as it can get.

use super::stage::{Params, Stage, inside};
use super::write::write;
use super::{RequestStep, Short, Step, StepKind, Witness};
use crate::bounds::missed::{Missed, Reason};
use crate::bounds::{Bound, Bounds, By, Edge, Taken};
use crate::kinds::{Facts, Kind};
use crate::lives::{greatest, is_unsaid, least};
use crate::structure::Structure;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::{Level, Read};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use std::collections::BTreeSet;

/// Longer than any witness.
const NEVER_ARRIVES: Duration = Duration::from_secs(10 * 365 * 86_400);

/// When a trace begins.
const BEGINS: i64 = 1_000_000_000;

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
        let mut plan = Plan {
            whole,
            bounds,
            model,
            // A hundredth of the bound at most is lost to what cannot be simultaneous.
            gap: Stage::latency(whole).nanos()
                + (bound.staleness.nanos() / 2000).clamp(1_000, 5_000_000),
            steps: Vec::new(),
            write: None,
            missed: Vec::new(),
            short: None,
            last_status: None,
        };
        let stage = plan.stage(level)?;
        plan.show(&stage, bound)?;
        Some(plan.witness(level, bound))
    }
}

/// The write, once it is known what it has to be.
struct Planned {
    at: i64,
    step: super::WriteStep,
}

/// A witness in the making. Times are in nanoseconds, about zero.
struct Plan<'p> {
    whole: Structure<'p>,
    bounds: &'p Bounds,
    model: ModelId,
    /// More than look-ups take: what is to come before something else comes so much before it.
    gap: i64,
    steps: Vec<(i64, StepKind)>,
    write: Option<Planned>,
    /// By level on the way from the answer to the read: what its edges miss.
    missed: Vec<Vec<Missed>>,
    short: Option<Short>,
    /// Of the request that shows it.
    last_status: Option<u16>,
}

impl Plan<'_> {
    /// Plans everything so that the level's answer is as old as it gets.
    fn show(&mut self, stage: &Stage, bound: &Bound) -> Option<()> {
        let level = self.whole.level(stage.level())?;
        match (bound.by, &bound.edge) {
            (By::Time, _) => {
                let stored = 0;
                self.copy(stage, stored)?;
                let (usable, is_absent) = self.usable(stage, level, true);
                let last = stored + usable.nanos() - self.gap;
                if !is_absent {
                    self.fail_origin(stage, level, stored, last);
                }
                self.ask_last(stage, last);
            }
            (
                By::Edges,
                &Edge::Sound {
                    delay,
                    stale,
                    shared,
                    survive,
                    ..
                },
            ) => {
                if shared >= bound.staleness && shared > delay {
                    return self.share(stage, level, bound);
                }
                let stored = 0;
                let written = stored + self.gap;
                self.make(stage, stored, bound);
                let params = stage.params(self.whole);
                self.plan_write(stage.level(), &params, written, Some(delay))?;
                let invalidated = written + delay.nanos();
                let longest = stale.max(survive.map_or(Duration::ZERO, |(_, time)| time));
                if survive.is_some() {
                    self.ask(stage, invalidated - self.gap, |_| {});
                }
                let last = invalidated + longest.nanos() - 2 * self.gap;
                self.fail_origin(stage, level, invalidated, last);
                self.ask_last(stage, last.max(written + 1));
            }
            (By::Embedded | By::Edges, _) => return None,
        }
        Some(())
    }

    /// A way to a level; to a site by the view that makes its copies the oldest.
    fn stage(&self, level: LevelId) -> Option<Stage> {
        let bound = self.bounds.of(level, self.model)?;
        let depends = |inner: &LevelId| self.bounds.of(*inner, self.model).is_some();
        let view = match bound.taken {
            Taken::Contained(inner, _) => Some(inner),
            Taken::Fresh | Taken::Replica(_) => self.whole.contained(level).find(depends),
        };
        Stage::of(self.whole, level, view)
    }

    /// How long after the store a copy can still be served; whether it is an absence.
    fn usable(&mut self, stage: &Stage, level: &Level, with_errors: bool) -> (Duration, bool) {
        let rules = &level.rules;
        let mut stale = rules.stale_while_revalidate;
        if with_errors {
            stale = stale.max(rules.stale_if_error);
        } else if rules.stale_if_error > stale {
            self.short = Some(Short::StaleIfError);
        }
        let value = rules.ttl + stale;
        let negative = rules.negative_ttl.unwrap_or(Duration::ZERO);
        if negative <= value {
            return (value, false);
        }
        if stage.can_be_absent(self.whole) {
            return (negative, true);
        }
        self.short = Some(Short::Absence);
        (value, false)
    }

    /// What is usable on error alone needs an error.
    fn fail_origin(&mut self, stage: &Stage, level: &Level, stored: i64, last: i64) {
        let rules = &level.rules;
        let revalidated = stored + (rules.ttl + rules.stale_while_revalidate).nanos();
        if last < revalidated || rules.stale_if_error == Duration::ZERO {
            return;
        }
        let walked = stage.walked(self.whole);
        let origins = walked.iter().filter_map(|id| self.whole.level(*id)?.origin);
        let origins: BTreeSet<_> = origins.collect();
        for origin in &origins {
            if let Some(origin) = self.whole.policy.origins.get(origin.index()) {
                let long = Duration::from_nanos(20 * self.gap);
                let outage = StepKind::Outage(origin.name.clone(), long);
                self.steps.push((last - self.gap / 2, outage));
            }
        }
        if level.route.is_some() {
            self.last_status = Some(503);
        } else if origins.is_empty() {
            self.short = Some(Short::StaleIfError);
        }
    }

    /// The request that shows it.
    fn ask_last(&mut self, stage: &Stage, at: i64) {
        let status = self.last_status;
        self.ask(stage, at, |request| request.status = status);
    }

    /// A request that looks the level up.
    fn ask(&mut self, stage: &Stage, at: i64, change: impl FnOnce(&mut RequestStep)) {
        let mut request = stage.request(self.whole);
        change(&mut request);
        self.steps.push((at, StepKind::Request(request)));
    }

    /// A request that stores a copy of the level at that time, after a fill that takes as long as one
    /// can; when it begins.
    fn make(&mut self, stage: &Stage, stored: i64, bound: &Bound) -> i64 {
        let id = stage.level();
        let Some(level) = self.whole.level(id) else {
            return stored;
        };
        let declared = greatest(&level.cost.otherwise);
        let queues = level.origin.is_some() || level.cost.from_trace || is_unsaid(level);
        let longest = bound.fill.nanos() - self.gap;
        let cost = if queues {
            longest
        } else {
            longest.min(declared.nanos())
        };
        let cost = Duration::from_nanos(cost.max(0));
        let began = stored - cost.nanos() - self.gap / 2;
        let (_, is_absent) = self.usable(stage, level, true);
        let lag = match bound.taken {
            Taken::Replica(lag) => lag,
            Taken::Fresh | Taken::Contained(..) => Duration::ZERO,
        };
        self.ask(stage, began, |request| {
            set(&mut request.costs, id, cost);
            request.lags.push((id, lag));
            if is_absent {
                request.status = Some(404);
            }
        });
        began
    }

    /// Plans a copy of a level that is stored at that time with data as old as it can take in.
    fn copy(&mut self, stage: &Stage, stored: i64) -> Option<()> {
        let id = stage.level();
        let bound = self.bounds.of(id, self.model)?.clone();
        let began = self.make(stage, stored, &bound);
        let params = stage.params(self.whole);
        self.take_in(id, &params, began, &bound)
    }

    /// What a fill that begins then takes in: the oldest that there is.
    fn take_in(&mut self, id: LevelId, params: &Params, began: i64, bound: &Bound) -> Option<()> {
        if let Edge::Unsound(missed) = &bound.edge {
            self.missed.push(missed.clone());
        }
        let (inner, age) = match bound.taken {
            Taken::Fresh => return self.plan_write(id, params, began + self.gap, None),
            Taken::Replica(lag) => {
                let at = began + self.gap - lag.nanos();
                return self.plan_write(id, params, at, None);
            }
            Taken::Contained(inner, age) => (inner, age),
        };
        let of_inner = self.bounds.of(inner, self.model)?.clone();
        let inner_params = inside(self.whole, self.whole.level(id), params, inner);
        if age > of_inner.staleness {
            // It is filled in the same request.
            if let (Taken::Replica(lag), Some((_, StepKind::Request(request)))) =
                (of_inner.taken, self.steps.last_mut())
            {
                request.lags.push((inner, lag));
            }
            return self.take_in(inner, &inner_params, began, &of_inner);
        }
        let stage = self.stage(inner)?;
        let level = self.whole.level(inner)?;
        match of_inner.by {
            By::Time => {
                let (usable, _) = self.usable(&stage, level, false);
                self.copy(&stage, began - usable.nanos() + self.gap)
            }
            By::Edges | By::Embedded => {
                let written = began - age.nanos() + 2 * self.gap;
                self.make(&stage, written - self.gap, &of_inner);
                let delay = match of_inner.edge {
                    Edge::Sound { delay, .. } => delay,
                    Edge::Unsound(_) => Duration::ZERO,
                };
                self.plan_write(inner, &inner_params, written, Some(delay))
            }
        }
    }

    /// Somebody waits for a fill that began before the write.
    fn share(&mut self, stage: &Stage, level: &Level, bound: &Bound) -> Option<()> {
        let began = self.make(stage, 0, bound);
        let params = stage.params(self.whole);
        self.take_in(stage.level(), &params, began, bound)?;
        let _ = level;
        self.ask(stage, -self.gap, |_| {});
        Some(())
    }

    /// The write that all of it is about: to a row that the level reads, itself or through what it
    /// contains.
    fn plan_write(
        &mut self,
        id: LevelId,
        params: &Params,
        at: i64,
        delay: Option<Duration>,
    ) -> Option<()> {
        let (read, params) = self.read_of(id, params)?;
        let kind = self.kind(&Facts::of(&read).kinds())?;
        // What reads it goes by its own edges first.
        let of_kind = |all: &Vec<Missed>| {
            all.iter()
                .find(|missed| missed.kinds.contains(&kind))
                .cloned()
        };
        let missed = self.missed.iter().rev().find_map(of_kind);
        let delay = delay.or_else(|| self.delay(kind));
        let step = write(self.whole, (&read, &params), kind, missed.as_ref(), delay)?;
        self.write = Some(Planned { at, step });
        Some(())
    }

    /// A read of the model by a level or what it contains, and the parameters of whoever reads.
    fn read_of(&self, id: LevelId, params: &Params) -> Option<(Read, Params)> {
        let level = self.whole.level(id)?;
        if let Some(read) = level.reads.iter().find(|read| read.model == self.model) {
            return Some((read.clone(), params.clone()));
        }
        let depends = |inner: &LevelId| self.bounds.of(*inner, self.model).is_some();
        let mut inner = self.whole.contained(id).filter(depends);
        inner.find_map(|inner| {
            let params = inside(self.whole, Some(level), params, inner);
            self.read_of(inner, &params)
        })
    }

    /// A kind of write that the edges of every level on the way miss; rather one that a reader
    /// expects.
    fn kind(&self, kinds: &[Kind]) -> Option<Kind> {
        let misses = |kind: &Kind| {
            let mut all = self.missed.iter();
            all.all(|all| all.iter().any(|missed| missed.kinds.contains(kind)))
        };
        let all = kinds.iter().copied();
        let rank = |kind: &Kind| match kind {
            Kind::Update(_) => 0,
            Kind::Move(_) => 1,
            Kind::Delete => 2,
            Kind::Create => 3,
        };
        all.filter(misses).min_by_key(rank)
    }

    /// How long invalidations are on their way: as long as they can be, unless they have to come
    /// before what they would remove is stored.
    fn delay(&self, kind: Kind) -> Option<Duration> {
        let all = self.missed.iter().flatten();
        let all = all.filter(|missed| missed.kinds.contains(&kind));
        let is_early = |reason: Reason| {
            matches!(
                reason,
                Reason::FillOvertakes(_)
                    | Reason::ReplicaLags(_)
                    | Reason::ContainedIsOld(_)
                    | Reason::ContainedIsLater(_)
            )
        };
        let mut longest = None;
        for missed in all {
            let bus = missed
                .action
                .and_then(|action| action.block(self.whole.policy)?.bus);
            let Some(bus) = bus.and_then(|bus| self.whole.policy.buses.get(bus.index())) else {
                continue;
            };
            match missed.reason {
                Reason::Lost | Reason::NoGreatestDelay => return Some(NEVER_ARRIVES),
                reason if is_early(reason) => return Some(least(&bus.delay)),
                _ => longest = longest.max(Some(greatest(&bus.delay))),
            }
        }
        longest.map(|delay: Duration| delay.min(NEVER_ARRIVES))
    }

    fn witness(mut self, level: LevelId, bound: &Bound) -> Witness {
        if let Some(write) = self.write.take() {
            self.steps.push((write.at, StepKind::Write(write.step)));
        }
        self.steps.sort_by_key(|(at, _)| *at);
        let first = self.steps.first().map_or(0, |(at, _)| *at);
        let steps = self.steps.into_iter().map(|(at, what)| Step {
            at: Time::from_nanos(at - first + BEGINS),
            what,
        });
        Witness {
            level,
            model: self.model,
            bound: bound.staleness,
            steps: steps.collect(),
            short: self.short,
        }
    }
}

fn set(costs: &mut Vec<(LevelId, Duration)>, level: LevelId, cost: Duration) {
    costs.retain(|(known, _)| *known != level);
    costs.push((level, cost));
}
