//! How likely it is that an expiry meets several fills, from a key's rate and its fill's time.
//!
//! Look-ups of a key come at rate λ, independent of each other (Poisson). The first one after the
//! expiry fills, which takes D; it is independent of those that come later. Without protection each
//! of these fills too if it comes within D: as many as λD are expected, and none with probability
//! e^(−λD). A protection leaves less time to come in, see [`exposed`]: the same holds of that time.

use cachepolicy_core::decide::{Rules, Stampede};
use cachepolicy_core::units::Duration;

/// A level's protection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protection {
    pub(super) rules: Rules,
    /// Processes that fill for the same copies, each for itself under `coalesce`.
    pub(super) fillers: f64,
    /// The share of a key's look-ups that go to the same copies: less than 1 where each process,
    /// or point of presence, has copies of its own.
    pub(super) share: f64,
}

/// What an expiry meets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chance {
    /// Of a fill beside the first.
    pub(super) probability: f64,
    /// Fills beside the first, in expectation.
    pub(super) further: f64,
}

impl Chance {
    /// A further fill for each look-up of a rate within a time.
    fn of(rate: f64, seconds: f64) -> Self {
        let further = rate * seconds.max(0.0);
        Self {
            probability: -libm::expm1(-further),
            further,
        }
    }

    /// Both.
    fn and(self, other: Self) -> Self {
        Self {
            probability: 1.0 - (1.0 - self.probability) * (1.0 - other.probability),
            further: self.further + other.further,
        }
    }

    /// This with probability `share`, else the other.
    fn or(self, share: f64, other: Self) -> Self {
        let mix = |one: f64, two: f64| share * one + (1.0 - share) * two;
        Self {
            probability: mix(self.probability, other.probability),
            further: mix(self.further, other.further),
        }
    }
}

impl Protection {
    /// Without it. `rate`: all look-ups of the key, a second.
    pub(super) fn without(&self, rate: f64, fill: Duration) -> Chance {
        Chance::of(rate * self.share, fill.as_secs_f64())
    }

    /// With it.
    ///
    /// `stale-while-revalidate W`: the first look-up comes within W with probability 1 − e^(−λW);
    /// then others are served until W is over, and refresh only where no fill is seen: without
    /// single-flight, and under `coalesce`, in other processes. `early-refresh` with single-flight: a look-up at x
    /// before the expiry fills with probability e^(−x/βD), so that as many as λβD are expected to
    /// do so, and none does with probability e^(−λβD).
    pub(super) fn with(&self, rate: f64, fill: Duration) -> Chance {
        let rate = rate * self.share;
        let window = self.rules.stale_while_revalidate.as_secs_f64();
        let fill = fill.as_secs_f64();
        let within = match self.rules.stampede {
            Stampede::None | Stampede::Coalesce => self.coalesced(rate, fill.min(window)),
            Stampede::Lock { .. } | Stampede::Lease { .. } => Chance::of(0.0, 0.0),
        };
        let beyond = self.single_flight(rate, (fill - window).max(0.0), fill);
        let whole = self.single_flight(rate, fill, fill);
        let chance = whole.or(libm::exp(-rate * window), within.and(beyond));
        match self.rules.early_refresh {
            Some(beta) if self.rules.stampede != Stampede::None => {
                Chance::of(0.0, 0.0).or(-libm::expm1(-rate * beta * fill), chance)
            }
            _ => chance,
        }
    }

    /// One in each other process fills.
    fn coalesced(&self, rate: f64, seconds: f64) -> Chance {
        let others = self.fillers - 1.0;
        let each = Chance::of(rate / self.fillers, seconds).probability;
        Chance {
            probability: Chance::of(rate * others / self.fillers, seconds).probability,
            further: others * each,
        }
    }

    /// Look-ups come within the last `seconds` of a fill.
    fn single_flight(&self, rate: f64, seconds: f64, fill: f64) -> Chance {
        match self.rules.stampede {
            Stampede::None => Chance::of(rate, seconds),
            Stampede::Coalesce => {
                // A fill that has run for its timeout keeps nobody from beginning another.
                let timeout = self.rules.timeout.as_secs_f64();
                let whole = Chance::of(rate, seconds);
                let late = Chance::of(rate, exposed(fill, timeout, f64::INFINITY).min(seconds));
                let late = Chance {
                    further: further(rate, fill, timeout, f64::INFINITY).min(late.further),
                    ..late
                };
                let both = self.coalesced(rate, seconds).and(late);
                Chance {
                    probability: both.probability.min(whole.probability),
                    further: both.further.min(whole.further),
                }
            }
            Stampede::Lock { expires, wait } | Stampede::Lease { expires, wait } => {
                let expires = expires.min(self.rules.timeout).as_secs_f64();
                // Whose patience ends is served the old copy where that is still usable on error.
                let wait = if self.rules.stale_if_error > Duration::ZERO {
                    f64::INFINITY
                } else {
                    wait.as_secs_f64()
                };
                let chance = Chance::of(rate, exposed(fill, expires, wait).min(seconds));
                Chance {
                    further: further(rate, fill, expires, wait).min(chance.further),
                    ..chance
                }
            }
        }
    }
}

/// For how long a look-up after the beginning of a fill that takes so long leads to another one beside
/// it. A lock that outlasts the fill: as long as its patience ends first, in (0, fill − wait). One that
/// expires before: always, since who waits begins as soon as it is free, and who comes later finds it so.
fn exposed(fill: f64, expires: f64, wait: f64) -> f64 {
    if expires < fill {
        return fill;
    }
    (fill - wait).max(0.0)
}

/// How many fills that are at most: in each life of the lock those whose patience ends before it does,
/// and one that takes it over at its end.
fn further(rate: f64, fill: f64, expires: f64, wait: f64) -> f64 {
    if expires >= fill || expires <= 0.0 {
        return f64::INFINITY;
    }
    let lives = fill / expires;
    rate * lives * (expires - wait).max(0.0) + (libm::ceil(lives) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn protection(stampede: Stampede) -> Protection {
        let policy = crate::testing::policy();
        Protection {
            rules: Rules {
                stampede,
                ..policy.levels[0].rules
            },
            fillers: 1.0,
            share: 1.0,
        }
    }

    #[test]
    fn a_lock_leaves_those_without_patience_and_nobody_out_once_it_expires() {
        // Fill, lock, patience.
        for (fill, expires, wait, left) in [
            (3.0, 5.0, 5.0, 0.0),
            (3.0, 5.0, 1.0, 2.0),
            (3.0, 2.0, 5.0, 3.0),
            (3.0, 2.0, 2.0, 3.0),
            (3.0, 1.0, 1.0, 3.0),
        ] {
            assert!((exposed(fill, expires, wait) - left).abs() < 1e-12);
        }
    }

    #[test]
    fn an_expiring_lock_is_taken_over_by_one_at_a_time() {
        let lock = |expires, wait| {
            let (expires, wait) = (seconds(expires), seconds(wait));
            protection(Stampede::Lock { expires, wait }).with(100.0, seconds(3.0))
        };
        // At 1 s and at 2 s, whoever waits.
        assert!((lock(1.0, 1.0).further - 2.0).abs() < 1e-9);
        // In the half of the time whoever comes has no patience, at a hundred a second.
        assert!((lock(1.0, 0.5).further - 152.0).abs() < 1e-9);
        assert!((lock(3.0, 3.0).further).abs() < 1e-9);
    }

    #[test]
    fn a_fill_longer_than_its_timeout_lets_others_begin() {
        let mut coalesce = protection(Stampede::Coalesce);
        coalesce.rules.timeout = seconds(1.0);
        // At 1 s and at 2 s one that waits.
        let chance = coalesce.with(100.0, seconds(3.0));
        assert!(chance.probability > 0.999_9);
        assert!((chance.further - 2.0).abs() < 1e-9);
        assert_eq!(coalesce.with(100.0, seconds(0.9)).probability, 0.0);
        let (expires, wait) = (seconds(60.0), seconds(60.0));
        let mut lock = protection(Stampede::Lock { expires, wait });
        lock.rules.timeout = seconds(1.0);
        assert!((lock.with(100.0, seconds(3.0)).further - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_left_is_never_more_than_without() {
        let times = [0.0, 0.2, 1.0, 3.0, 20.0];
        for (expires, wait) in times
            .iter()
            .flat_map(|a| times.iter().map(move |b| (*a, *b)))
        {
            let (expires, wait) = (seconds(expires), seconds(wait));
            for stampede in [
                Stampede::None,
                Stampede::Coalesce,
                Stampede::Lock { expires, wait },
            ] {
                let mut protection = protection(stampede);
                protection.fillers = 4.0;
                for (beta, window) in [(None, 0.0), (Some(1.0), 0.0), (None, 2.0)] {
                    protection.rules.early_refresh = beta;
                    protection.rules.stale_while_revalidate = seconds(window);
                    for rate in [0.0, 0.1, 5.0] {
                        let (with, without) = (
                            protection.with(rate, seconds(3.0)),
                            protection.without(rate, seconds(3.0)),
                        );
                        assert!((0.0..=1.0).contains(&with.probability));
                        assert!(with.probability <= without.probability + 1e-12);
                        assert!(with.further <= without.further + 1e-12);
                    }
                }
            }
        }
    }

    #[test]
    fn the_closed_forms() {
        let fill = seconds(0.5);
        let none = protection(Stampede::None);
        let chance = none.with(2.0, fill);
        assert!((chance.probability - (1.0 - libm::exp(-1.0))).abs() < 1e-12);
        assert!((chance.further - 1.0).abs() < 1e-12);
        let mut coalesce = protection(Stampede::Coalesce);
        assert_eq!(coalesce.with(2.0, fill).probability, 0.0);
        coalesce.fillers = 4.0;
        let chance = coalesce.with(2.0, fill);
        assert!((chance.probability - (1.0 - libm::exp(-0.75))).abs() < 1e-12);
        assert!((chance.further - 3.0 * (1.0 - libm::exp(-0.25))).abs() < 1e-12);
        coalesce.share = 0.25;
        coalesce.fillers = 1.0;
        assert!((coalesce.without(2.0, fill).further - 0.25).abs() < 1e-12);
        let mut stale = protection(Stampede::None);
        stale.rules.stale_while_revalidate = seconds(1.0);
        let left = libm::exp(-2.0) * (1.0 - libm::exp(-1.0));
        assert!((stale.with(2.0, fill).probability - left).abs() < 1e-12);
    }
}
