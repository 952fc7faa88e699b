//! Which actions reach the copies of a level, in time and for certain.

use super::missed::{Missed, Reason};
use super::{Cleaning, Work};
use crate::arrive::{Arrivals, Heard, heard};
use crate::cover::{ActionRef, Asked, Reached};
use crate::kinds::{Kind, Side};
use crate::ways::Way;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::{EdgeBlock, Timing, Verb};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::Delivery;
use cachepolicy_core::units::Duration;

/// What the edges do about writes of one kind, for one way in which a level depends on them.
#[derive(Debug, Clone)]
pub(super) struct KindBound {
    /// Of a stored level; of another one it says nothing.
    pub(super) verdict: Result<Sound, Missed>,
    /// By side of the write: deliveries each of which cleans the level.
    cleaned: Vec<Vec<Cleaning>>,
    /// By side of the write: actions that reach, by `cascade`, whatever embeds these copies.
    cascading: Vec<Vec<ActionRef>>,
}

/// A kind of write that reaches every copy that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sound {
    pub(super) bound: Duration,
    pub(super) delay: Duration,
    pub(super) stale: Duration,
    pub(super) survive: Option<(BackendId, Duration)>,
}

impl Work<'_> {
    /// What the edges do about each way and kind of write.
    pub(super) fn kinds_of(&self, id: LevelId) -> Vec<Vec<KindBound>> {
        let ways = self.ways.of(id).iter();
        ways.map(|way| {
            // The list is the same for all ways with the same facts: a kind has one number in each.
            let kinds = self.ways.facts[way.facts].kinds().into_iter().enumerate();
            kinds
                .map(|(number, kind)| self.kind(id, way, number, kind))
                .collect()
        })
        .collect()
    }

    fn kind(&self, id: LevelId, way: &Way, number: usize, kind: Kind) -> KindBound {
        let level = &self.policy.levels[id.index()];
        let mut bound = KindBound {
            verdict: Ok(Sound {
                bound: Duration::ZERO,
                delay: Duration::ZERO,
                stale: Duration::ZERO,
                survive: None,
            }),
            cleaned: Vec::new(),
            cascading: Vec::new(),
        };
        let asked = Asked {
            policy: self.policy,
            level: id,
            way,
            facts: &self.ways.facts[way.facts],
            kind,
        };
        let is_harmless = level.is_stored() && self.is_harmless(id, way, kind);
        for (nth, &side) in kind.sides().iter().enumerate() {
            let mut covering = self.inherited(way, number, nth);
            let mut nearest = (Reason::NoAction, None);
            let mut direct = Vec::new();
            for action in self.actions.about(asked.facts.model, id) {
                let reached = self.reached(&asked, action, side);
                match reached {
                    Reached::All => direct.push(action),
                    Reached::Nothing => {}
                    _ => nearest = nearest.max((lacks(reached), Some(action))),
                }
            }
            let cascades =
                |action: &ActionRef| action.get(self.policy).is_some_and(|action| action.cascade);
            let mut cascading = covering.clone();
            cascading.extend(direct.iter().copied().filter(cascades));
            bound.cascading.push(cascading);
            covering.extend(direct);
            if is_harmless {
                bound.cleaned.push(vec![Vec::new()]);
            } else if level.is_stored() {
                self.side(
                    id,
                    way,
                    (number, nth, kind),
                    (covering, nearest),
                    &mut bound,
                );
            } else {
                bound.cleaned.push(Vec::new());
            }
        }
        bound
    }

    /// A row that only its id names is created when nobody has a copy of it, unless absences are
    /// kept.
    fn is_harmless(&self, id: LevelId, way: &Way, kind: Kind) -> bool {
        let facts = &self.ways.facts[way.facts];
        let level = &self.policy.levels[id.index()];
        kind == Kind::Create
            && way.through.is_empty()
            && level.rules.negative_ttl.is_none()
            && facts.is_one_row(crate::cover::id_of(self.policy, facts.model))
    }

    fn reached(&self, asked: &Asked<'_>, action: ActionRef, side: Side) -> Reached {
        match (action.block(self.policy), action.get(self.policy)) {
            (Some(block), Some(action)) => asked.reached(block, action, side),
            _ => Reached::Nothing,
        }
    }

    /// Actions that reach, by `cascade`, whatever the way comes from.
    fn inherited(&self, way: &Way, number: usize, side: usize) -> Vec<ActionRef> {
        if way.is_own || !self.actions.has_cascade {
            return Vec::new();
        }
        let of = |&(inner, way): &(LevelId, usize)| {
            let kinds = self.kinds.get(inner.index())?.get(way)?;
            kinds.get(number)?.cascading.get(side)
        };
        let mut lists = way.through.iter().map(of);
        let mut common = lists.next().flatten().cloned().unwrap_or_default();
        for list in lists {
            common.retain(|action| list.is_some_and(|list| list.contains(action)));
        }
        common
    }

    /// The best that one of the actions does about one side of a write.
    fn side(
        &self,
        id: LevelId,
        way: &Way,
        (number, side, kind): (usize, usize, Kind),
        (covering, mut nearest): (Vec<ActionRef>, (Reason, Option<ActionRef>)),
        bound: &mut KindBound,
    ) {
        let mut best: Option<Sound> = None;
        let mut cleaned = Vec::new();
        for action in covering {
            match self.candidate(id, way, (number, side), action) {
                Ok((sound, arrivals)) => {
                    if sound.stale == Duration::ZERO && sound.survive.is_none() {
                        cleaned.push(vec![arrivals]);
                    }
                    if best.is_none_or(|best| sound.bound < best.bound) {
                        best = Some(sound);
                    }
                }
                Err(reason) => nearest = nearest.max((reason, Some(action))),
            }
        }
        bound.cleaned.push(cleaned);
        match (&mut bound.verdict, best) {
            (Ok(all), Some(best)) => {
                all.bound = all.bound.max(best.bound);
                all.delay = all.delay.max(best.delay);
                all.stale = all.stale.max(best.stale);
                all.survive = longer(all.survive, best.survive);
            }
            (verdict @ Ok(_), None) => {
                *verdict = Err(Missed {
                    kinds: vec![kind],
                    action: nearest.1,
                    reason: nearest.0,
                });
            }
            (Err(_), _) => {}
        }
    }

    /// What an action does about copies all of which it reaches.
    fn candidate(
        &self,
        id: LevelId,
        way: &Way,
        (number, side): (usize, usize),
        action: ActionRef,
    ) -> Result<(Sound, Arrivals), Reason> {
        let level = &self.policy.levels[id.index()];
        let (Some(block), Some(declared)) = (action.block(self.policy), action.get(self.policy))
        else {
            return Err(Reason::NoAction);
        };
        let arrivals = match heard(self.policy, action.edge, block, level) {
            Heard::Arrives(arrivals) => arrivals,
            Heard::NotReached(backend) => return Err(Reason::NotReached(backend)),
            Heard::Lost => return Err(Reason::Lost),
        };
        let arrivals = match block.timing {
            Timing::AfterCommit => arrivals,
            // What is on its way for longer arrives after the commit all the same.
            Timing::BeforeCommit { by } => arrivals.sooner(by).ok_or(Reason::BeforeCommit)?,
        };
        let (least, greatest) = arrivals.ends();
        let greatest = greatest + self.put_off(block, way, greatest)?;
        if greatest.is_forever() {
            return Err(Reason::NoGreatestDelay);
        }
        if let Some((backend, time)) = arrivals.survive
            && time.is_forever()
        {
            return Err(Reason::NotReached(backend));
        }
        let model = self.ways.facts[way.facts].model;
        let life = self.lives[id.index()];
        let needed = life.fill + self.taken(id, model).age();
        if !is_fenced(level) && least < needed {
            return Err(Reason::FillOvertakes(needed));
        }
        let lag = self.lag(id, model);
        if least < lag {
            return Err(Reason::ReplicaLags(lag));
        }
        self.after_contained(way, (number, side), &arrivals)?;
        let stale = match declared.verb {
            Verb::Expire => life.stale,
            Verb::Purge | Verb::Bump => Duration::ZERO,
        };
        // Who asked for the key of the older version still gets the answer.
        let asked = match declared.verb {
            Verb::Bump => life.latency,
            Verb::Purge | Verb::Expire => Duration::ZERO,
        };
        let survive = arrivals.survive.map_or(Duration::ZERO, |(_, time)| time);
        let sound = Sound {
            bound: greatest + stale.max(survive).max(asked),
            delay: greatest,
            stale,
            survive: arrivals.survive,
        };
        Ok((sound, arrivals))
    }

    /// How much later a delivery can be that finds its backend down. Where copies that embed one
    /// another are in several backends, of which one is down, they hear of the write in any order.
    fn put_off(&self, block: &EdgeBlock, way: &Way, delay: Duration) -> Result<Duration, Reason> {
        let bus = block.bus.and_then(|bus| self.policy.buses.get(bus.index()));
        let comes_again = bus.is_some_and(|bus| bus.delivery == Delivery::AtLeastOnce);
        let mut later = Duration::ZERO;
        for outage in self.whole.outages {
            if way.places.binary_search(&outage.backend).is_err() {
                continue;
            }
            if !comes_again || way.places.len() > 1 {
                return Err(Reason::Outage(outage.backend));
            }
            later = later + outage.time + delay;
        }
        Ok(later)
    }

    /// What is filled after the delivery must not take in what the write made old: each contained
    /// level is clean by then.
    fn after_contained(
        &self,
        way: &Way,
        (number, side): (usize, usize),
        arrivals: &Arrivals,
    ) -> Result<(), Reason> {
        for &(inner, inner_way) in &way.stored {
            let kinds = self.kinds.get(inner.index());
            let kind = kinds.and_then(|ways| ways.get(inner_way)?.get(number));
            let cleaned = kind.and_then(|kind| kind.cleaned.get(side));
            let cleaned = cleaned.map_or(&[][..], Vec::as_slice);
            if cleaned.is_empty() {
                return Err(Reason::ContainedIsOld(inner));
            }
            let is_before = |cleaning: &Cleaning| {
                let heard = cleaning.iter().flat_map(|inner| &inner.heard);
                let mut pairs =
                    heard.flat_map(|inner| arrivals.heard.iter().map(move |own| (inner, own)));
                pairs.all(|(inner, own)| inner.is_before(own))
            };
            if !cleaned.iter().any(is_before) {
                return Err(Reason::ContainedIsLater(inner));
            }
        }
        Ok(())
    }
}

/// Of two tiers that keep copies, the one that keeps them longer.
pub(super) fn longer(
    one: Option<(BackendId, Duration)>,
    other: Option<(BackendId, Duration)>,
) -> Option<(BackendId, Duration)> {
    one.into_iter().chain(other).max_by_key(|(_, time)| *time)
}

const fn lacks(reached: Reached) -> Reason {
    match reached {
        Reached::Nothing | Reached::All => Reason::NoAction,
        Reached::NotEachWrite => Reason::NotEachWrite,
        Reached::SomeKeys => Reason::SomeKeys,
        Reached::OneImage => Reason::OneImage,
    }
}

fn is_fenced(level: &Level) -> bool {
    level.rules.fence || matches!(level.rules.stampede, Stampede::Lease { .. })
}
