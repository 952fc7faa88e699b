//! What was seen of a key, and what is to be expected of it.

use super::chance::{Chance, Protection};
use super::{Followed, Past, ROUNDS_ADDED};
use crate::report::{RiskFigures, RiskWorst};
use crate::store::KeyId;
use cachepolicy_core::sorting;
use cachepolicy_core::units::{Duration, Time};

/// What was seen of a key.
pub(super) struct Seen {
    pub(super) key: u32,
    pub(super) of: Followed,
    pub(super) past: Past,
    /// Since its first fill.
    pub(super) lookups: u64,
}

impl Seen {
    /// With their names. A deploy or a `bump` gives a key another number; for who reads of it, it is the same
    /// key, and what was seen of it before and after is one.
    pub(super) fn joined(
        all: impl Iterator<Item = Self>,
        key_name: &dyn Fn(KeyId) -> String,
    ) -> impl Iterator<Item = (String, Self)> {
        let named = all.map(|seen| (key_name(KeyId(seen.key)), seen));
        let mut named: Vec<(String, Self)> = named.collect();
        sorting::by(&mut named, |(name, seen), (other, later)| {
            name.cmp(other).then(seen.key.cmp(&later.key))
        });
        named.dedup_by(|(name, later), (other, first)| {
            let is_same = name == other;
            if is_same {
                first.add(later);
            }
            is_same
        });
        named.into_iter()
    }

    fn add(&mut self, later: &Self) {
        self.lookups += later.lookups;
        self.of.since = self.of.since.min(later.of.since);
        self.of.rounds = self.of.rounds.saturating_add(later.of.rounds);
        self.of.further += later.of.further;
        let (past, more) = (&mut self.past, &later.past);
        past.met += more.met;
        past.met_fill += more.met_fill;
        past.redundant += more.redundant;
        past.fill_time = past.fill_time + more.fill_time;
        if let Some(worst) = more.worst {
            past.keep_worst(&worst);
        }
    }
}

/// A key and what is to be expected of it.
pub(super) struct Judged {
    name: String,
    key: u32,
    of: Followed,
    past: Past,
    rate: f64,
    fill_time: Duration,
    pub(super) without: Chance,
    with: Chance,
}

impl Judged {
    pub(super) fn new(name: String, seen: Seen, protection: &Protection, rate: f64) -> Self {
        let Seen { key, of, past, .. } = seen;
        let fill_time = Duration::from_nanos(past.fill_time.nanos() / i64::from(of.rounds.max(1)));
        let rounds = f64::from(of.rounds) + ROUNDS_ADDED;
        let observed = |chance: Chance, met: u32, further: u64| Chance {
            probability: (f64::from(met) + ROUNDS_ADDED * chance.probability) / rounds,
            further: (further as f64 + ROUNDS_ADDED * chance.further) / rounds,
        };
        let without = protection.without(rate, fill_time);
        let with = protection.with(rate, fill_time);
        Self {
            name,
            key,
            of,
            past,
            rate,
            fill_time,
            without: observed(without, past.met, of.further),
            with: observed(with, past.met_fill, past.redundant),
        }
    }

    pub(super) fn worse_first(&self, other: &Self) -> core::cmp::Ordering {
        let with = other.with.further.total_cmp(&self.with.further);
        let without = other.without.further.total_cmp(&self.without.further);
        with.then(without).then(self.key.cmp(&other.key))
    }

    pub(super) fn figures(self, zero: Time) -> RiskFigures {
        let worst = self.past.worst.map(|worst| RiskWorst {
            concurrent: u64::from(worst.fills),
            met: u64::from(worst.met),
            at: worst.began.since(zero).as_secs_f64(),
            cause: worst.cause.as_str().to_owned(),
        });
        RiskFigures {
            key: self.name,
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
