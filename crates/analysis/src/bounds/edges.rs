//! Which actions reach the copies of a level, in time and for certain.

use super::fence::Overtakes;
use super::missed::{Missed, Reason};
use super::sources::Source;
use super::{By, Cleaning, Work};
use crate::arrive::{Arrivals, Heard, heard, renamed};
use crate::cover::{ActionRef, Asked, Reached};
use crate::kinds::{Kind, Side};
use crate::ways::Way;
use cachepolicy_core::edge::{EdgeBlock, Target, Timing, Verb};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::policy::Delivery;
use cachepolicy_core::units::Duration;

/// What becomes of writes of one kind, for one way in which a level depends on them.
#[derive(Debug, Clone)]
pub(crate) struct KindBound {
    pub(crate) kind: Kind,
    /// From the commit to the last answer that misses it; zero for a level that is not stored.
    pub(crate) staleness: Duration,
    pub(crate) by: By,
    /// The same through time alone.
    pub(crate) through_time: Duration,
    /// From the store to the copy's death; zero where a result is the oldest that is not stored, but
    /// that others wait for.
    pub(crate) copy: Duration,
    /// How old a result can be that others take who wait for a fill.
    pub(crate) shared: Duration,
    /// The same of what it contains and is filled on the way: a fill that begins later can be given it.
    joined: Duration,
    /// What makes the result of a fill that is stored the oldest.
    pub(crate) oldest: Source,
    /// The same of a fill that is not stored, but that others wait for.
    pub(crate) given: Source,
    /// What else can make a result old.
    pub(super) sources: Vec<Source>,
    /// The same of results that no invalidation has overtaken on the way.
    pub(crate) kept: Vec<Source>,
    /// What the edges do, of a stored level; of another one it says nothing.
    pub(crate) verdict: Result<Sound, Missed>,
    /// What overtakes fills of the level that are under way, if it is fenced.
    pub(crate) fence: Option<Overtakes>,
    /// By side of the write: deliveries each of which cleans the level.
    cleaned: Vec<Vec<Cleaning>>,
    /// By side of the write: actions that reach, by `cascade`, whatever embeds these copies.
    cascading: Vec<Vec<ActionRef>>,
}

/// A kind of write that reaches every copy that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) bound: Duration,
    pub(crate) delay: Duration,
    pub(crate) stale: Duration,
    pub(crate) survive: Option<(BackendId, Duration)>,
    /// What does it; `None`: there is nothing to do.
    pub(crate) action: Option<ActionRef>,
}

impl KindBound {
    /// Of the two bounds the lesser one.
    fn decide(&mut self) {
        let through_edges = match &self.verdict {
            Ok(sound) => Some(sound.bound.max(self.shared)),
            Err(_) => None,
        };
        (self.staleness, self.by) = match through_edges {
            Some(bound) if bound <= self.through_time => (bound, By::Edges),
            Some(_) | None => (self.through_time, By::Time),
        };
    }
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
        let life = &self.lives[id.index()];
        let sources = self.sources(id, way, number, |inner| &inner.sources);
        let kept = self.sources(id, way, number, |inner| &inner.kept);
        let oldest = Source::oldest(&sources, life.fill);
        let made = oldest.age + oldest.rest;
        let mut bound = KindBound {
            kind,
            staleness: Duration::ZERO,
            by: By::Embedded,
            through_time: made + life.copy,
            copy: life.copy,
            shared: if life.shares { made } else { Duration::ZERO },
            joined: self.joined(way, number),
            given: oldest.clone(),
            oldest,
            sources,
            kept,
            verdict: Ok(Sound {
                bound: Duration::ZERO,
                delay: Duration::ZERO,
                stale: Duration::ZERO,
                survive: None,
                action: None,
            }),
            fence: None,
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
        let mut fences = Vec::new();
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
            let arrivals = covering
                .iter()
                .filter_map(|action| self.overtakes(id, *action));
            fences.push(arrivals.min_by_key(|fence| fence.greatest));
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
        if level.is_stored() {
            if level.rules.is_fenced() {
                self.fence(id, Overtakes::all(&fences), &mut bound);
            }
            bound.decide();
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

    /// How old a result can be that a fill is given because it waits for one of something contained.
    fn joined(&self, way: &Way, number: usize) -> Duration {
        let inner = way.through.iter();
        let inner = inner.filter_map(|&(inner, way)| self.inner(inner, way, number));
        let oldest = inner.map(|inner| inner.shared.max(inner.joined)).max();
        oldest.unwrap_or(Duration::ZERO)
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
        let of =
            |&(inner, way): &(LevelId, usize)| self.inner(inner, way, number)?.cascading.get(side);
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
            match self.candidate((id, &*bound), way, (number, side), action) {
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
                if all.action.is_none() || best.bound >= all.bound {
                    all.action = best.action;
                }
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

    /// What an action does about copies all of which it reaches. `bound`: what is known of their fills.
    fn candidate(
        &self,
        (id, bound): (LevelId, &KindBound),
        way: &Way,
        (number, side): (usize, usize),
        action: ActionRef,
    ) -> Result<(Sound, Arrivals), Reason> {
        let level = &self.policy.levels[id.index()];
        let made = bound.oldest.age + bound.oldest.rest;
        let (Some(block), Some(declared)) = (action.block(self.policy), action.get(self.policy))
        else {
            return Err(Reason::NoAction);
        };
        // What is being filled is stored under the key of the older version, too.
        let is_renamed = declared.verb == Verb::Bump
            && matches!(&declared.target, Target::Level { level, .. } if *level == id);
        let hear = if is_renamed { renamed } else { heard };
        let arrivals = match hear(self.policy, action.edge, block, level) {
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
        // One that asks by the new version can still wait for what was begun before, of what it contains.
        let late = if is_renamed { bound.joined } else { made };
        if !level.rules.is_fenced() && least < late {
            return Err(Reason::FillOvertakes(late));
        }
        let lag = self.lag(id, way);
        if least < lag {
            return Err(Reason::ReplicaLags(lag));
        }
        self.after_contained(way, (number, side), &arrivals)?;
        let life = &self.lives[id.index()];
        let stale = match declared.verb {
            Verb::Expire => life.stale,
            Verb::Purge | Verb::Bump => Duration::ZERO,
        };
        // Who asked for the key of an older version still gets the answer, also of copies that a `bump`,
        // of whatever write, kept from this action.
        let asked = if self.actions.is_bumped(id) {
            life.latency
        } else {
            Duration::ZERO
        };
        let survive = arrivals.survive.map_or(Duration::ZERO, |(_, time)| time);
        // What is made stale dies of age all the same, and an absence at once.
        let stale_until = (greatest + stale).min(made + life.value).max(greatest);
        let sound = Sound {
            bound: stale_until.max(greatest + survive.max(asked)),
            delay: greatest,
            stale,
            survive: arrivals.survive,
            action: Some(action),
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
            let kind = self.inner(inner, inner_way, number);
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
