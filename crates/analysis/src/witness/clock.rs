//! How long the parts of a request take when everything on its way misses.

use super::RequestStep;
use super::stage::{Stage, latency};
use super::values::{Params, inside, param_value, value as value_of};
use crate::lives::{greatest, is_unsaid};
use crate::structure::Structure;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::{Contain, Level, LevelKind, ValueSource};
use cachepolicy_core::units::Duration;
use std::collections::BTreeSet;

/// What is behind a value that nobody has asked for before.
const UNASKED: &str = "00";

/// When the parts of a request happen, in nanoseconds from its beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    now: i64,
    /// The level at the end of the stage is looked up.
    pub(super) looked: Option<i64>,
    /// What its result is old by is read, or a copy is taken.
    pub(super) taken: Option<i64>,
    /// Its fill is over.
    pub(super) ended: i64,
    is_filling: bool,
    /// What was stored on the way.
    stored: BTreeSet<Copy>,
}

/// A copy: its level and its parameters.
type Copy = (LevelId, Params);

/// What of a request is to be timed.
#[derive(Debug, Clone)]
pub(super) struct Timed<'a> {
    pub(super) whole: Structure<'a>,
    pub(super) stage: &'a Stage,
    /// From the level at the stage's end to the one that reads, or whose copy is taken.
    pub(super) path: Vec<LevelId>,
    pub(super) is_copy: bool,
}

/// What a request is timed for.
struct Aims {
    level: Copy,
    source: Copy,
    is_copy: bool,
}

impl Timed<'_> {
    /// The times of a request.
    pub(super) fn clock(&self, request: &RequestStep) -> Clock {
        let params = self.stage.params(self.whole);
        let mut source = (self.stage.level(), params.clone());
        for &inner in &self.path {
            if let Some(outer) = self.whole.level(source.0) {
                source = (inner, inside(self.whole, outer, &source.1, inner));
            }
        }
        let aims = Aims {
            level: (self.stage.level(), params),
            source,
            is_copy: self.is_copy,
        };
        let mut clock = Clock::default();
        if let Some(&first) = self.stage.chain.first() {
            let count = self
                .whole
                .level(first)
                .map_or(0, |level| level.params.len());
            let params = (0..count as u16).map(|param| Some(param_value(param)));
            self.walk(request, (first, params.collect()), &aims, &mut clock);
        }
        clock
    }

    /// One level: all that it embeds, then its own work.
    fn walk(&self, request: &RequestStep, copy: Copy, aims: &Aims, clock: &mut Clock) {
        let Some(level) = self.whole.level(copy.0) else {
            return;
        };
        let is_level = copy == aims.level && clock.looked.is_none();
        if is_level {
            clock.looked = Some(clock.now);
        }
        if aims.is_copy && copy == aims.source {
            if clock.is_filling && clock.taken.is_none() {
                clock.taken = Some(clock.now);
            }
            return;
        }
        clock.now += latency(self.whole, level).nanos();
        if clock.stored.contains(&copy) {
            return;
        }
        clock.is_filling |= is_level;
        for contain in &level.contains {
            for value in elements(level, contain, request) {
                let params = contain.args.iter().enumerate().map(|(arg, source)| {
                    if contain.each == Some(arg as u16) {
                        value.clone()
                    } else {
                        value_of(self.whole, level, source, &copy.1)
                    }
                });
                let inner = (contain.level, params.collect());
                self.walk(request, inner, aims, clock);
            }
        }
        if let Some(view) = self.routed(level, copy.0) {
            let count = self.whole.level(view).map_or(0, |view| view.params.len());
            let params = (0..count as u16).map(|param| Some(param_value(param)));
            self.walk(request, (view, params.collect()), aims, clock);
        }
        if copy == aims.source && clock.taken.is_none() {
            clock.taken = Some(clock.now);
        }
        clock.now += cost(request, copy.0);
        if is_level {
            clock.ended = clock.now;
            clock.is_filling = false;
        }
        if level.is_stored() && !request.failing.contains(&copy.0) {
            clock.stored.insert(copy);
        }
    }

    /// What a site asks although it is not written.
    fn routed(&self, level: &Level, id: LevelId) -> Option<LevelId> {
        if level.kind != LevelKind::Site {
            return None;
        }
        let at = self.stage.chain.iter().position(|known| *known == id)?;
        let next = self.stage.chain.get(at + 1).copied().or(self.stage.view)?;
        let is_routed = self.whole.level(next)?.route.is_some();
        let is_written = level.contains.iter().any(|contain| contain.level == next);
        (is_routed && !is_written).then_some(next)
    }

    /// Sets costs of the own work of what comes after the source, so that so many nanoseconds pass
    /// until the fill is over, or nearly. `limits`: no more may have passed when each level of the
    /// path is done.
    pub(super) fn spend(
        &self,
        request: &mut RequestStep,
        (left, limits): (i64, &[i64]),
        failing: &[LevelId],
    ) {
        let pairs: Vec<_> = [&[self.stage.level()], &self.path[..]].concat();
        let mut spent = 0;
        for (index, &id) in pairs.iter().enumerate().rev() {
            let inner = pairs.get(index + 1).copied();
            if inner.is_none() && self.is_copy {
                continue;
            }
            let limit = index
                .checked_sub(1)
                .and_then(|index| limits.get(index))
                .copied();
            let most = limit.unwrap_or(left).min(left) - spent;
            let mut rest = most;
            if !failing.contains(&id) {
                self.work(request, id, 1, inner.is_none(), &mut rest);
            }
            if let (Some(inner), Some(outer)) = (inner, self.whole.level(id)) {
                let is_source = self.is_copy && index + 2 == pairs.len();
                let at = outer.contains.iter().position(|own| own.level == inner);
                for (position, contain) in outer.contains.iter().enumerate() {
                    let is_first = at == Some(position);
                    let is_later = at.is_some_and(|at| at < position);
                    if (is_later || (is_first && is_source)) && !failing.contains(&contain.level) {
                        self.spend_on(request, outer, contain, is_first, &mut rest);
                    }
                }
            }
            spent += most - rest;
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
        let is_on_path =
            self.path.contains(&contain.level) || self.stage.chain.contains(&contain.level);
        if *left <= 0 || (is_on_path && !is_source) {
            return;
        }
        // A copy that is there already takes no time: only what nobody asked for before is filled for
        // certain.
        let count = match each(outer, contain) {
            Some((name, max)) => {
                if !is_source {
                    renew(request, name);
                }
                let wanted = max.unwrap_or(u32::MAX).min(4) as usize;
                let count = lengthen(request, name, wanted);
                if is_source {
                    count.saturating_sub(1)
                } else {
                    count
                }
            }
            None => usize::from(!is_source && !self.whole.is_stored(contain.level)),
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

/// For which values a level is embedded.
fn elements(level: &Level, contain: &Contain, request: &RequestStep) -> Vec<Option<String>> {
    let Some((name, max)) = each(level, contain) else {
        return vec![None];
    };
    let list = request.data.iter().find(|(known, _)| known == name);
    let values = list.into_iter().flat_map(|(_, values)| values);
    let most = max.map_or(usize::MAX, |max| max as usize);
    values.take(most).cloned().map(Some).collect()
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

/// Gives a list another value that nobody has asked for before.
fn renew(request: &mut RequestStep, name: &str) {
    if let Some((_, values)) = request.data.iter_mut().find(|(known, _)| known == name)
        && let [only] = &mut values[..]
    {
        only.push_str(UNASKED);
    }
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
