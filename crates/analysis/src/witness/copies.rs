//! Fills and copies of a witness: how long fills take, what they take in, and how long copies are used.

use super::clock::{Timed, set};
use super::schedule::{MARGIN, Plan};
use super::serve::{Asked, Use};
use super::stage::{Stage, can_fail, latency};
use super::{Short, StepKind};
use crate::bounds::By;
use crate::bounds::sources::Source;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::Level;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;

impl<'p> Plan<'p> {
    /// How long after the store a copy can still be served.
    pub(super) fn usable(&self, id: LevelId, level: &Level) -> (Duration, Use) {
        let rules = &level.rules;
        let stale = self
            .lives
            .get(id.index())
            .map_or(Duration::ZERO, |life| life.stale);
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
    pub(super) fn use_late(&mut self, stage: &Stage, how: Use, mut asked: Asked) -> Option<Asked> {
        if how != Use::OnError {
            return Some(asked);
        }
        let id = stage.level();
        let level = self.whole.level(id)?;
        asked.failing = self.failing(id);
        let walked = self.walked_from(id);
        if self.choice.is_outage && self.put_out(&asked.failing, &walked, asked.at) {
            asked.failing.clear();
            return Some(asked);
        }
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
        self.steps.push((began, StepKind::Request(Box::new(other))));
        asked.at -= wait.nanos();
        Some(asked)
    }

    /// The origin of what is to fail is down for as long as it takes to get there.
    fn put_out(&mut self, failing: &[LevelId], walked: &[LevelId], at: i64) -> bool {
        let policy = self.whole.policy;
        let levels = failing.iter().filter_map(|id| self.whole.level(*id));
        let mut origins: Vec<_> = levels.filter_map(|level| level.origin).collect();
        sorting::ascending(&mut origins);
        origins.dedup();
        let on_the_way = walked.iter().filter_map(|id| self.whole.level(*id));
        let look_ups = on_the_way.fold(Duration::ZERO, |sum, level| {
            sum + latency(self.whole, level)
        });
        let long = look_ups + Duration::from_nanos(2 * MARGIN);
        let origins = origins
            .iter()
            .filter_map(|id| policy.origins.get(id.index()));
        let mut is_any = false;
        for origin in origins {
            is_any = true;
            let outage = StepKind::Outage(origin.name.clone(), long);
            self.steps.push((at - MARGIN, outage));
        }
        is_any
    }

    /// A store of something that it embeds refuses whoever asks at that time, and none of its own.
    pub(super) fn refuse(&mut self, level: &Level, walked: &[LevelId], at: i64) -> bool {
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

    pub(super) fn walked_from(&self, id: LevelId) -> Vec<LevelId> {
        let mut walked = vec![id];
        let mut next = 0;
        while let Some(&at) = walked.get(next) {
            next += 1;
            let contains = self
                .whole
                .level(at)
                .into_iter()
                .flat_map(|level| &level.contains);
            for contain in contains {
                if !walked.contains(&contain.level) {
                    walked.push(contain.level);
                }
            }
        }
        walked
    }

    /// What of the copy that a fill takes in is usable on error alone: whose work fails then.
    pub(super) fn failing_inside(&self, source: &Source) -> Vec<LevelId> {
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
    pub(super) fn failing(&self, id: LevelId) -> Vec<LevelId> {
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
    pub(super) fn limits(&self, id: LevelId, source: &Source) -> Vec<i64> {
        let is_kept = self
            .whole
            .level(id)
            .is_some_and(|level| level.rules.is_fenced());
        let of_path = source.path.iter().map(|&(inner, inner_way)| {
            let fence = self.of(inner, inner_way).and_then(|bound| bound.fence);
            match fence.filter(|fence| is_kept && source.age <= fence.least) {
                Some(fence) => (fence.greatest - source.age).nanos() - 2 * self.gap,
                None => i64::MAX,
            }
        });
        of_path.collect()
    }

    pub(super) fn timed<'s>(&self, stage: &'s Stage, source: &Source) -> Timed<'s>
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

    /// A request that stores a copy of the level at that time, with data as old as it can take in,
    /// after a fill that takes as long as one can.
    pub(super) fn fill(
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
            self.links.push(bound);
        }
        let mut earlier = 0;
        if source.is_copy {
            let before = self.state();
            let inner = self.stage(last, last_way)?;
            let asked = self.serve(&inner, last_way, (taken, source.age))?;
            earlier = taken - asked.at;
            let late = clock.ended + earlier - self.longest(id)?;
            if late > 0 && late < source.rest.nanos() {
                // The fill lasts from before it waits.
                self.go_back(before);
                let rest = source.rest - Duration::from_nanos(late + MARGIN);
                let shorter = Source {
                    rest,
                    ..source.clone()
                };
                return self.fill(stage, way, &shorter, (stored, is_absent));
            }
            request.failing.extend(&asked.failing);
        } else {
            request.lags.push((last, source.age));
            let written = taken - source.age.nanos() + MARGIN;
            self.plan_write_at(stage, way, &source.path, written)?;
        }
        self.push(began - earlier, request);
        Some(began - earlier + clock.looked.unwrap_or(0))
    }

    /// So long a fill may last whose result is stored.
    fn longest(&self, id: LevelId) -> Option<i64> {
        let rules = &self.whole.level(id)?.rules;
        let lease = match rules.stampede {
            Stampede::Lease { expires, .. } => expires,
            _ => Duration::FOREVER,
        };
        Some(rules.timeout.min(lease).nanos() - MARGIN)
    }

    /// A fill that read what was before the write, and is over some time after it: whatever comes
    /// before that does not remove its result.
    pub(super) fn fill_across(
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

    /// When to ask for a level that somebody fills since some time: whoever does has the locks of what
    /// stands before it, too, for which one waits in vain first.
    pub(super) fn before_locks(&mut self, stage: &Stage, began: i64, at: i64) -> i64 {
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
}
