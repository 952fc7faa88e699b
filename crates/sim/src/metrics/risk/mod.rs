//! Stampede risk: of each key, how likely it is that an expiry meets several fills at the same
//! time, without and with the level's protection.
//!
//! A *round* begins with a fill that begins while no other fill of the key runs, whatever made it
//! necessary; it is observed what it meets. Without protection, each look-up that finds nothing
//! fresh while that first fill runs would have filled too; with it, other fills begin or they do
//! not. The probability is the share of the rounds, to which one round more is added that goes as
//! independent look-ups of the key's rate make it go (see [`chance`]): keys that were hardly ever
//! filled are judged by their rate, others by what was seen of them, so that bursts count.

mod chance;
mod levels;

use super::Metrics;
use super::types::{Cause, FillBegan, Outcome};
use crate::report::{RiskFigures, RiskWorst};
use crate::store::KeyId;
use cachepolicy_core::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use chance::{Chance, Protection};
use levels::{protection, takes_time};

/// Keys of a level that are followed at most; then the half of them that met the least is
/// forgotten. So a key is followed unless so many others met more look-ups than it.
const FOLLOWED_MAX: usize = 2048;

/// Rows of the report.
const ROWS_MAX: usize = 10;

/// Keys that are less likely than this to meet two fills even without protection are left out.
const LEAST: f64 = 0.001;

/// A rate counts over at least this share of the run: two look-ups at its very end are no stream.
const LEAST_OF_RUN: f64 = 0.1;

/// The keys of one level.
#[derive(Debug, Clone)]
pub(crate) struct Risks {
    protection: Protection,
    followed: Vec<Followed>,
    /// Places among them where nobody is followed any more.
    free: Vec<usize>,
}

/// No key.
const NOBODY: u32 = u32::MAX;

/// Where each key was last put among those of its level that are followed: it is still there if the
/// key that is there now is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Vec<u32>);

impl Places {
    #[inline]
    fn of(&self, KeyId(key): KeyId) -> usize {
        self.0
            .get(key as usize)
            .map_or(usize::MAX, |&place| place as usize)
    }

    fn put(&mut self, KeyId(key): KeyId, place: usize) {
        let index = key as usize;
        if self.0.len() <= index {
            // Doubled, so that keys that come one after the other are cheap.
            self.0.resize((index + 1).next_power_of_two(), u32::MAX);
        }
        if let Some(known) = self.0.get_mut(index) {
            *known = place as u32;
        }
    }
}

/// What is known of a key. What decides whether it is forgotten is together in one line of the
/// processor's cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Followed {
    key: u32,
    lookups: u32,
    /// Look-ups that first fills met.
    further: u64,
    round: Option<Round>,
    /// Its first fill, and how often it had been looked up by then.
    since: Time,
    lookups_then: u32,
    rounds: u32,
    /// Rounds whose first fill met another look-up; rounds with a second fill.
    met: u32,
    met_fill: u32,
    /// Further fills.
    redundant: u64,
    /// Of first fills, together.
    fill_time: Duration,
    worst: Option<Round>,
}

/// A fill, and what came while it ran.
#[derive(Debug, Clone, Copy)]
struct Round {
    began: Time,
    cause: Cause,
    /// How long the first fill took; `None`: it runs.
    took: Option<Duration>,
    met: u32,
    fills: u32,
}

impl Metrics {
    /// Can keys of a level be at risk, as its fills take time?
    #[inline]
    pub(crate) fn has_risks(&self, level: LevelId) -> bool {
        self.risks.get(level.index()).is_some_and(Option::is_some)
    }

    #[inline]
    fn risks(&mut self, level: LevelId) -> Option<(&mut Risks, &mut Places)> {
        let risks = self.risks.get_mut(level.index())?.as_mut()?;
        Some((risks, &mut self.places))
    }

    /// Of a key, to be touched before it is needed.
    #[inline]
    pub(crate) fn peek_risk(&self, key: KeyId) -> u32 {
        self.places.of(key) as u32
    }

    /// A look-up comes while its key is being filled.
    pub(crate) fn met_fill(&mut self, level: LevelId, key: KeyId, outcome: Outcome) {
        if let Some((risks, places)) = self.risks(level) {
            risks.met(places, key, outcome);
        }
    }

    /// A fill begins of a key that has had so many look-ups.
    #[inline]
    pub(crate) fn risk_began(&mut self, level: LevelId, fill: &FillBegan, now: Time, lookups: u32) {
        if let Some((risks, places)) = self.risks(level) {
            risks.began(places, fill, now, lookups);
        }
    }

    /// A fill that took this long ends.
    #[inline]
    pub(crate) fn risk_ended(&mut self, level: LevelId, key: KeyId, now: Time, took: Duration) {
        if let Some((risks, places)) = self.risks(level) {
            risks.ended(places, key, now, took);
        }
    }
}

impl Risks {
    /// Of a level whose fills take time; of others: `None`.
    pub(super) fn of(policy: &Policy, level: LevelId) -> Option<Self> {
        let declared = policy.levels.get(level.index())?;
        let is_at_risk = declared.is_stored() && takes_time(policy, declared, &mut Vec::new());
        is_at_risk.then(|| Self {
            protection: protection(policy, declared),
            followed: Vec::new(),
            free: Vec::new(),
        })
    }

    /// What was observed is forgotten.
    pub(super) fn forget(&mut self) {
        self.followed.clear();
        self.free.clear();
    }

    /// A look-up comes while its key is being filled. It counts if it finds nothing fresh, or
    /// only because the fresh copy is refreshed early.
    fn met(&mut self, places: &Places, key: KeyId, outcome: Outcome) {
        let counts = match outcome {
            Outcome::Miss | Outcome::Stale => true,
            Outcome::Fresh => self.protection.rules.early_refresh.is_some(),
            Outcome::Negative | Outcome::Bypass(_) => false,
        };
        if counts
            && let Some(round) = self.round(places, key)
            && round.took.is_none()
        {
            round.met = round.met.saturating_add(1);
        }
    }

    /// A fill begins of a key that has had so many look-ups.
    fn began(&mut self, places: &mut Places, fill: &FillBegan, now: Time, lookups: u32) {
        if fill.concurrent > 1 {
            if let Some(round) = self.round(places, fill.key) {
                round.fills = round.fills.saturating_add(1);
            }
            return;
        }
        let Some(followed) = self.follow(places, fill.key, now, lookups) else {
            return;
        };
        followed.close();
        followed.lookups = lookups;
        followed.round = Some(Round {
            began: now,
            cause: fill.cause,
            took: None,
            met: 0,
            fills: 1,
        });
    }

    /// A fill that took this long ends.
    fn ended(&mut self, places: &Places, key: KeyId, now: Time, took: Duration) {
        if let Some(round) = self.round(places, key)
            && round.took.is_none()
            && now.before(took) == round.began
        {
            round.took = Some(took);
        }
    }

    #[inline]
    fn round(&mut self, places: &Places, key: KeyId) -> Option<&mut Round> {
        let followed = self.followed.get_mut(places.of(key))?;
        followed.round.as_mut().filter(|_| followed.key == key.0)
    }

    /// What is known of a key, which is followed from now on.
    #[inline]
    fn follow(
        &mut self,
        places: &mut Places,
        key: KeyId,
        now: Time,
        lookups: u32,
    ) -> Option<&mut Followed> {
        let mut place = places.of(key);
        if self.followed.get(place).is_none_or(|of| of.key != key.0) {
            if self.free.is_empty() && self.followed.len() >= FOLLOWED_MAX {
                self.thin_out();
            }
            let new = Followed::new(key, now, lookups);
            place = match self.free.pop() {
                Some(place) => {
                    self.followed[place] = new;
                    place
                }
                None => {
                    self.followed.push(new);
                    self.followed.len() - 1
                }
            };
            places.put(key, place);
        }
        self.followed.get_mut(place)
    }

    /// Forgets half of the keys.
    fn thin_out(&mut self) {
        let kept = FOLLOWED_MAX / 2;
        let rank = |of: &Followed| {
            let met = of.round.map_or(0, |round| u64::from(round.met));
            core::cmp::Reverse((of.further + met, of.lookups, of.key))
        };
        let mut ranks: Vec<_> = self.followed.iter().map(rank).collect();
        let (_, &mut first_left_out, _) = ranks.select_nth_unstable(kept);
        for (place, of) in self.followed.iter_mut().enumerate() {
            if rank(of) >= first_left_out {
                of.key = NOBODY;
                self.free.push(place);
            }
        }
    }

    /// The keys to look at first. Times: of the trace's beginning, since when is counted, of the
    /// end. `lookups`: how many each key has had.
    pub(super) fn figures(
        &self,
        (zero, counted_from, ended): (Time, Time, Time),
        lookups: &dyn Fn(KeyId) -> u32,
        key_name: &dyn Fn(KeyId) -> String,
    ) -> Vec<RiskFigures> {
        let least = ended.since(counted_from).as_secs_f64() * LEAST_OF_RUN;
        let followed = self.followed.iter().filter(|of| of.key != NOBODY);
        let judged = followed.filter_map(|of| {
            let mut of = *of;
            of.close();
            let time = ended.since(of.since).as_secs_f64().max(least);
            let count = lookups(KeyId(of.key)).saturating_sub(of.lookups_then);
            let rate = if time > 0.0 {
                f64::from(count) / time
            } else {
                0.0
            };
            (of.rounds > 0).then(|| Judged::new(of, &self.protection, rate))
        });
        let mut judged: Vec<Judged> = judged
            .filter(|judged| judged.without.probability >= LEAST)
            .collect();
        judged.sort_by(Judged::worse_first);
        judged.truncate(ROWS_MAX);
        let rows = judged.iter();
        rows.map(|judged| judged.figures(zero, key_name(KeyId(judged.of.key))))
            .collect()
    }
}

impl Followed {
    /// A key with its first fill, and so many look-ups until then.
    fn new(key: KeyId, now: Time, lookups: u32) -> Self {
        Self {
            key: key.0,
            since: now,
            lookups_then: lookups,
            lookups,
            rounds: 0,
            met: 0,
            met_fill: 0,
            further: 0,
            redundant: 0,
            fill_time: Duration::ZERO,
            round: None,
            worst: None,
        }
    }

    /// The round is over, and counts if its first fill is.
    fn close(&mut self) {
        let Some(round) = self.round.take() else {
            return;
        };
        let Some(took) = round.took else {
            return;
        };
        self.rounds = self.rounds.saturating_add(1);
        self.met += u32::from(round.met > 0);
        self.met_fill += u32::from(round.fills > 1);
        self.further += u64::from(round.met);
        self.redundant += u64::from(round.fills.saturating_sub(1));
        self.fill_time = self.fill_time + took;
        let size = |round: &Round| (round.fills, round.met);
        if self.worst.is_none_or(|worst| size(&round) > size(&worst)) {
            self.worst = Some(round);
        }
    }
}

/// A key and what is to be expected of it.
struct Judged {
    of: Followed,
    rate: f64,
    fill_time: Duration,
    without: Chance,
    with: Chance,
}

impl Judged {
    fn new(of: Followed, protection: &Protection, rate: f64) -> Self {
        let fill_time = Duration::from_nanos(of.fill_time.nanos() / i64::from(of.rounds.max(1)));
        let rounds = f64::from(of.rounds) + 1.0;
        let observed = |chance: Chance, met: u32, further: u64| Chance {
            probability: (f64::from(met) + chance.probability) / rounds,
            further: (further as f64 + chance.further) / rounds,
        };
        let without = protection.without(rate, fill_time);
        let with = protection.with(rate, fill_time);
        Self {
            of,
            rate,
            fill_time,
            without: observed(without, of.met, of.further),
            with: observed(with, of.met_fill, of.redundant),
        }
    }

    fn worse_first(&self, other: &Self) -> core::cmp::Ordering {
        let with = other.with.further.total_cmp(&self.with.further);
        let without = other.without.further.total_cmp(&self.without.further);
        with.then(without).then(self.of.key.cmp(&other.of.key))
    }

    fn figures(&self, zero: Time, key: String) -> RiskFigures {
        let worst = self.of.worst.map(|worst| RiskWorst {
            concurrent: u64::from(worst.fills),
            met: u64::from(worst.met),
            at: worst.began.since(zero).as_secs_f64(),
            cause: worst.cause.as_str().to_owned(),
        });
        RiskFigures {
            key,
            probability: self.with.probability,
            probability_unprotected: self.without.probability,
            concurrent: 1.0 + self.with.further,
            concurrent_unprotected: 1.0 + self.without.further,
            expiries: u64::from(self.of.rounds),
            arrival_rate: self.rate,
            fill_time: self.fill_time.as_secs_f64(),
            worst: worst.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
