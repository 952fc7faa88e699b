//! How long the parts of a request take when everything on its way misses.

use super::RequestStep;
use super::stage::{Stage, latency};
use crate::lives::{greatest, is_unsaid};
use crate::structure::Structure;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Contain, Level, LevelKind, ValueSource};
use cachepolicy_core::units::Duration;

/// More elements of a list than any witness has.
const ELEMENTS: usize = 64;

/// When the parts of a request happen, in nanoseconds from its beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    now: i64,
    /// The level at the end of the stage is looked up.
    pub(super) looked: i64,
    /// What its result is old by is read, or a copy is taken.
    pub(super) taken: Option<i64>,
    /// Its fill is over.
    pub(super) ended: i64,
}

/// What of a request is to be timed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed<'a> {
    pub(super) whole: Structure<'a>,
    pub(super) stage: &'a Stage,
    /// From the level at the stage's end to the one that reads, or whose copy is taken.
    pub(super) path: &'a [LevelId],
    pub(super) is_copy: bool,
}

impl Timed<'_> {
    /// The times of a request.
    pub(super) fn clock(&self, request: &RequestStep) -> Clock {
        let mut clock = Clock::default();
        if let Some((first, rest)) = self.stage.chain.split_first() {
            self.walk(request, *first, rest, self.path, &mut clock);
        }
        clock
    }

    /// One level on the way. `before`: what of the stage is still to come; `path`: what of the path.
    fn walk(
        &self,
        request: &RequestStep,
        id: LevelId,
        before: &[LevelId],
        path: &[LevelId],
        clock: &mut Clock,
    ) {
        let Some(level) = self.whole.level(id) else {
            return;
        };
        if before.is_empty() && path == self.path {
            clock.looked = clock.now;
        }
        clock.now += latency(self.whole, level).nanos();
        let next = before.first().or(path.first()).copied();
        let mut is_left = next.is_some();
        let routed = self.routed(level, before);
        let of_site = routed.into_iter().map(|view| (view, 1));
        let contains = level
            .contains
            .iter()
            .map(|contain| (contain.level, elements(level, contain, request)));
        for (inner, count) in contains.chain(of_site) {
            for _ in 0..count {
                if is_left && next == Some(inner) {
                    is_left = false;
                    self.step(request, inner, before, path, clock);
                } else {
                    self.pass(request, inner, clock);
                }
            }
        }
        if before.is_empty() && path.is_empty() && !self.is_copy && clock.taken.is_none() {
            clock.taken = Some(clock.now);
        }
        clock.now += cost(request, id);
        if before.is_empty() && path == self.path {
            clock.ended = clock.now;
        }
    }

    fn step(
        &self,
        request: &RequestStep,
        inner: LevelId,
        before: &[LevelId],
        path: &[LevelId],
        clock: &mut Clock,
    ) {
        match (before.split_first(), path) {
            (Some((_, before)), _) => self.walk(request, inner, before, path, clock),
            (None, [_]) if self.is_copy => clock.taken = Some(clock.now),
            (None, [_, path @ ..]) => self.walk(request, inner, before, path, clock),
            (None, []) => {}
        }
    }

    /// A level beside the way.
    fn pass(&self, request: &RequestStep, id: LevelId, clock: &mut Clock) {
        let Some(level) = self.whole.level(id) else {
            return;
        };
        clock.now += latency(self.whole, level).nanos();
        for contain in &level.contains {
            for _ in 0..elements(level, contain, request) {
                self.pass(request, contain.level, clock);
            }
        }
        clock.now += cost(request, id);
    }

    /// The view that a site asks although it is not written.
    fn routed(&self, level: &Level, before: &[LevelId]) -> Option<LevelId> {
        let next = before.first().copied().or(self.stage.view)?;
        let is_view = self.whole.level(next)?.route.is_some();
        let is_written = level.contains.iter().any(|contain| contain.level == next);
        (level.kind == LevelKind::Site && is_view && !is_written).then_some(next)
    }

    /// Sets costs of the own work of what comes after the source, so that so many nanoseconds pass
    /// until the fill is over, or nearly.
    pub(super) fn spend(&self, request: &mut RequestStep, level: LevelId, mut left: i64) {
        let mut outers: Vec<LevelId> = vec![level];
        outers.extend(self.path);
        if self.is_copy {
            outers.pop();
        }
        for &id in outers.iter().rev() {
            let is_reader = !self.is_copy && outers.last() == Some(&id);
            self.work(request, id, 1, is_reader, &mut left);
        }
        let pairs: Vec<_> = [&[level], self.path].concat();
        for pair in pairs.windows(2).rev() {
            let &[outer, inner] = pair else { continue };
            let Some(outer) = self.whole.level(outer) else {
                continue;
            };
            let at = outer.contains.iter().position(|own| own.level == inner);
            let Some(at) = at else { continue };
            for (index, contain) in outer.contains.iter().enumerate().skip(at) {
                let is_source = index == at && self.is_copy;
                if index > at || is_source {
                    self.spend_on(request, outer, contain, is_source, &mut left);
                }
            }
        }
    }

    /// What comes later in the same level: `is_source`: other elements of the same list.
    fn spend_on(
        &self,
        request: &mut RequestStep,
        outer: &Level,
        contain: &Contain,
        is_source: bool,
        left: &mut i64,
    ) {
        let is_on_path = self.path.contains(&contain.level) || self.stage.chain.contains(&contain.level);
        if *left <= 0 || (is_on_path && !is_source) {
            return;
        }
        let most = usize::from(!is_source);
        let count = match each(outer, contain) {
            Some((name, max)) => {
                let wanted = max.unwrap_or(u32::MAX).min(4) as usize;
                lengthen(request, name, wanted) - usize::from(is_source)
            }
            None => most,
        };
        if count > 0 {
            self.work(request, contain.level, count as i64, false, left);
        }
        let inner = self.whole.level(contain.level);
        for deeper in inner.into_iter().flat_map(|level| &level.contains) {
            if let Some(level) = inner.filter(|_| count == 1) {
                self.spend_on(request, level, deeper, false, left);
            }
        }
    }

    fn work(
        &self,
        request: &mut RequestStep,
        id: LevelId,
        count: i64,
        is_reader: bool,
        left: &mut i64,
    ) {
        let Some(level) = self.whole.level(id) else {
            return;
        };
        let origin = level
            .origin
            .and_then(|origin| self.whole.policy.origins.get(origin.index()));
        // Work that stands for a queue before it.
        let is_queued = !is_reader
            && origin.is_some_and(|origin| origin.slots.is_some() || origin.rate.is_some());
        let most = if is_queued || level.cost.from_trace || is_unsaid(level) {
            i64::MAX
        } else {
            greatest(&level.cost.otherwise).nanos()
        };
        let time = most.min(*left / count.max(1)).max(0);
        set(&mut request.costs, id, Duration::from_nanos(time));
        *left -= time * count;
    }
}

/// How often a level is embedded.
fn elements(level: &Level, contain: &Contain, request: &RequestStep) -> usize {
    let Some((name, max)) = each(level, contain) else {
        return 1;
    };
    let list = request.data.iter().find(|(known, _)| known == name);
    let count = list.map_or(1, |(_, values)| values.len());
    count.min(max.map_or(ELEMENTS, |max| max as usize))
}

/// The list that one `contains` goes through, and how long it can be.
fn each<'l>(level: &'l Level, contain: &Contain) -> Option<(&'l str, Option<u32>)> {
    let arg = contain.args.get(usize::from(contain.each?))?;
    let ValueSource::Data(data) = arg else {
        return None;
    };
    let data = level.data.get(usize::from(*data))?;
    Some((&data.name, data.list.and_then(|list| list.max)))
}

/// Gives a list more values, which nobody has asked for before; how many it has then.
fn lengthen(request: &mut RequestStep, name: &str, wanted: usize) -> usize {
    let Some((_, values)) = request.data.iter_mut().find(|(known, _)| known == name) else {
        return 1;
    };
    let own = values.first().cloned().unwrap_or_default();
    while values.len() < wanted {
        let number = values.len();
        values.push(format!("{own}{number}"));
    }
    values.len()
}

fn cost(request: &RequestStep, id: LevelId) -> i64 {
    let own = request.costs.iter().find(|(known, _)| *known == id);
    own.map_or(0, |(_, cost)| cost.nanos())
}

pub(super) fn set(costs: &mut Vec<(LevelId, Duration)>, level: LevelId, cost: Duration) {
    costs.retain(|(known, _)| *known != level);
    costs.push((level, cost));
}
