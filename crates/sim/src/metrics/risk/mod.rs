//! Stampede risk: of each key, how likely it is that an expiry meets several fills at the same
//! time, without and with the level's protection.
//!
//! A *round* begins with a fill that begins while no other fill of the key runs, whatever made it
//! necessary, and ends when none runs any more; it is observed what it meets. Without protection,
//! each look-up that finds nothing fresh meanwhile would have filled too; with it, other fills begin
//! or they do not. The probability is the share of the rounds, to which some are added that go as
//! independent look-ups of the key's rate make them go (see [`chance`]): keys that were hardly ever
//! filled are judged by their rate, others by what was seen of them, so that bursts count.

mod chance;
mod judged;
mod levels;

use super::Metrics;
use super::types::{Cause, FillBegan, Outcome};
use crate::report::RiskFigures;
use crate::state::Facts;
use crate::store::KeyId;
use cachepolicy_core::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use cachepolicy_core::units::{Duration, Time};
use chance::Protection;
use judged::{Judged, Seen};
use levels::{protection, takes_time};
use prefetch_index::prefetch_index;

/// Keys of a level that are followed at most; then the half of them that met the least is
/// forgotten. So a key is followed unless so many others met more look-ups than it.
const FOLLOWED_MAX: usize = 2048;

/// Rows of the report.
const ROWS_MAX: usize = 10;

/// So many rounds are added to what was seen of a key. Among many thousands of keys some meet a second
/// look-up in their only round by mere chance; with one round added, each of those would be said to do so
/// in half of them, and they would hide the keys that do.
const ROUNDS_ADDED: f64 = 10.0;

/// Keys that are less likely than this to meet two fills even without protection are left out.
const LEAST: f64 = 0.001;

/// A rate counts over at least this share of the run: two look-ups at its very end are no stream.
const LEAST_OF_RUN: f64 = 0.1;

/// The keys of one level.
#[derive(Debug, Clone)]
pub(crate) struct Risks {
    protection: Protection,
    /// Who is followed; [`NOBODY`] where nobody is any more.
    keys: Vec<u32>,
    /// What is known of each of them, …
    followed: Vec<Followed>,
    /// … and of their rounds that are over, as far as there were some.
    past: Vec<Past>,
    /// Places where nobody is followed any more.
    free: Vec<usize>,
}

/// No key.
const NOBODY: u32 = u32::MAX;

/// What is known of a key, in one line of the processor's cache. Most keys are forgotten before
/// their second fill.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Followed {
    lookups: u32,
    /// How often it had been looked up by its first fill, and when that was.
    lookups_then: u32,
    since: Time,
    /// Look-ups that rounds met.
    further: u64,
    round: Option<Round>,
    rounds: u32,
}

/// What a key's rounds came to.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    /// Rounds that met another look-up; rounds with a second fill.
    met: u32,
    met_fill: u32,
    /// Further fills.
    redundant: u64,
    /// Of first fills, together.
    fill_time: Duration,
    worst: Option<Round>,
}

impl Past {
    fn keep_worst(&mut self, round: &Round) {
        let size = |round: &Round| (round.fills, round.met);
        if self.worst.is_none_or(|worst| size(round) > size(&worst)) {
            self.worst = Some(*round);
        }
    }
}

/// A fill, and what came while it ran.
#[derive(Debug, Clone, Copy)]
struct Round {
    began: Time,
    /// How long the first fill took, as soon as it does not run any more.
    took: Duration,
    runs: bool,
    cause: Cause,
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
    fn risks(&mut self, level: LevelId) -> Option<&mut Risks> {
        self.risks.get_mut(level.index())?.as_mut()
    }

    /// A look-up comes while its key is being filled; `place`: see [`Facts::place`].
    pub(crate) fn met_fill(&mut self, level: LevelId, key: KeyId, place: u32, outcome: Outcome) {
        if let Some(risks) = self.risks(level) {
            risks.met(place, key, outcome);
        }
    }

    /// A fill begins of a key.
    #[inline]
    pub(crate) fn risk_began(
        &mut self,
        level: LevelId,
        fill: &FillBegan,
        now: Time,
        facts: &mut Facts,
    ) {
        if let Some(risks) = self.risks(level) {
            risks.began(&mut facts.place, fill, now, facts.lookups);
        }
    }

    /// Soon a fill will begin of a key; `place`: see [`Facts::place`].
    #[inline]
    pub(crate) fn prefetch_risk(&self, level: LevelId, place: u32) {
        if let Some(Some(risks)) = self.risks.get(level.index()) {
            risks.prefetch(place);
        }
    }

    /// A fill that took this long ends.
    #[inline]
    pub(crate) fn risk_ended(
        &mut self,
        level: LevelId,
        key: KeyId,
        place: u32,
        now: Time,
        took: Duration,
    ) {
        if let Some(risks) = self.risks(level) {
            risks.ended(place, key, now, took);
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
            keys: Vec::new(),
            followed: Vec::new(),
            past: Vec::new(),
            free: Vec::new(),
        })
    }

    /// What was observed is forgotten.
    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.followed.clear();
        self.past.clear();
        self.free.clear();
    }

    /// A look-up comes while its key is being filled. It counts if it finds nothing fresh, or
    /// only because the fresh copy is refreshed early.
    fn met(&mut self, place: u32, key: KeyId, outcome: Outcome) {
        let counts = match outcome {
            Outcome::Miss | Outcome::Stale => true,
            Outcome::Fresh => self.protection.rules.early_refresh.is_some(),
            Outcome::Negative | Outcome::Bypass(_) => false,
        };
        if counts && let Some(round) = self.round(place, key) {
            round.met = round.met.saturating_add(1);
        }
    }

    /// A fill begins of a key that has had so many look-ups.
    fn began(&mut self, place: &mut u32, fill: &FillBegan, now: Time, lookups: u32) {
        if fill.concurrent > 1 {
            if let Some(round) = self.round(*place, fill.key) {
                round.fills = round.fills.saturating_add(1);
            }
            return;
        }
        let is_followed = self.keys.get(*place as usize) == Some(&fill.key.0);
        if !is_followed {
            *place = self.follow(fill.key, now, lookups);
        }
        let place = *place as usize;
        let (Some(followed), Some(past)) = (self.followed.get_mut(place), self.past.get_mut(place))
        else {
            return;
        };
        if is_followed {
            // What was written just now is not read again: the processor would wait for it.
            followed.close(past);
        }
        followed.lookups = lookups;
        followed.round = Some(Round {
            began: now,
            cause: fill.cause,
            took: Duration::ZERO,
            runs: true,
            met: 0,
            fills: 1,
        });
    }

    /// A fill that took this long ends.
    fn ended(&mut self, place: u32, key: KeyId, now: Time, took: Duration) {
        if let Some(round) = self.round(place, key)
            && round.runs
            && now.before(took) == round.began
        {
            round.took = took;
            round.runs = false;
        }
    }

    /// Soon a fill will begin of a key that was last put there.
    #[inline]
    pub(super) fn prefetch(&self, place: u32) {
        prefetch_index(&self.keys, place as usize);
        prefetch_index(&self.followed, place as usize);
    }

    #[inline]
    fn round(&mut self, place: u32, key: KeyId) -> Option<&mut Round> {
        let place = place as usize;
        let is_followed = self.keys.get(place) == Some(&key.0);
        let followed = self.followed.get_mut(place).filter(|_| is_followed)?;
        followed.round.as_mut()
    }

    /// Where what is known of a key is, which is followed from now on.
    #[inline]
    fn follow(&mut self, key: KeyId, now: Time, lookups: u32) -> u32 {
        if self.free.is_empty() && self.followed.len() >= FOLLOWED_MAX {
            self.thin_out();
        }
        let new = Followed::new(now, lookups);
        let place = self.free.pop().unwrap_or(self.followed.len());
        if let (Some(known), Some(followed)) =
            (self.keys.get_mut(place), self.followed.get_mut(place))
        {
            *known = key.0;
            *followed = new;
        } else {
            self.keys.push(key.0);
            self.followed.push(new);
            self.past.push(Past::default());
        }
        place as u32
    }

    /// Forgets half of the keys: those that met the least, of them those that were looked up the
    /// least, of them the older ones.
    #[cold]
    fn thin_out(&mut self) {
        let rank = |of: &Followed, key: u32| {
            let met = of.round.map_or(0, |round| u64::from(round.met));
            u128::from(of.further + met) << 64 | u128::from(of.lookups) << 32 | u128::from(key)
        };
        let each = self.followed.iter().zip(&self.keys);
        let mut ranks: Vec<u128> = each.map(|(of, &key)| rank(of, key)).collect();
        let left_out = ranks.len() - FOLLOWED_MAX / 2;
        let (_, &mut first_kept, _) = ranks.select_nth_unstable(left_out);
        for (place, (of, key)) in self.followed.iter().zip(&mut self.keys).enumerate() {
            if rank(of, *key) < first_kept {
                *key = NOBODY;
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
        let each = self.keys.iter().zip(self.followed.iter().zip(&self.past));
        let followed = each.filter(|&(&key, _)| key != NOBODY);
        let seen = followed.filter_map(|(&key, (of, past))| {
            let (mut of, mut past) = (*of, *past);
            of.close(&mut past);
            let lookups = u64::from(lookups(KeyId(key)).saturating_sub(of.lookups_then));
            (of.rounds > 0).then_some(Seen {
                key,
                of,
                past,
                lookups,
            })
        });
        let judged = Seen::joined(seen, key_name).map(|(name, seen)| {
            let time = ended.since(seen.of.since).as_secs_f64().max(least);
            let rate = if time > 0.0 {
                seen.lookups as f64 / time
            } else {
                0.0
            };
            Judged::new(name, seen, &self.protection, rate)
        });
        let mut judged: Vec<Judged> = judged
            .filter(|judged| judged.without.probability >= LEAST)
            .collect();
        sorting::by(&mut judged, Judged::worse_first);
        judged.truncate(ROWS_MAX);
        let rows = judged.into_iter();
        rows.map(|judged| judged.figures(zero)).collect()
    }
}

impl Followed {
    /// A key with its first fill, and so many look-ups until then.
    fn new(now: Time, lookups: u32) -> Self {
        Self {
            since: now,
            lookups_then: lookups,
            lookups,
            rounds: 0,
            further: 0,
            round: None,
        }
    }

    /// The round is over, and counts if its first fill is.
    #[inline]
    fn close(&mut self, past: &mut Past) {
        if let Some(round) = self.round.take().filter(|round| !round.runs) {
            self.add(past, &round);
        }
    }

    fn add(&mut self, past: &mut Past, round: &Round) {
        if self.rounds == 0 {
            // It is that of somebody else who was followed here before.
            *past = Past::default();
        }
        self.rounds = self.rounds.saturating_add(1);
        self.further += u64::from(round.met);
        past.met += u32::from(round.met > 0);
        past.met_fill += u32::from(round.fills > 1);
        past.redundant += u64::from(round.fills.saturating_sub(1));
        past.fill_time = past.fill_time + round.took;
        past.keep_worst(round);
    }
}

#[cfg(test)]
mod tests;
