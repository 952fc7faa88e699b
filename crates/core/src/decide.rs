//! The decisions about a copy: is it fresh, who fills, what becomes of a fill. Pure functions over
//! small values; the simulator drives them with a virtual clock, the runtime with the real one.
//!
//! A look-up goes like this. The driver asks its store, and whether somebody fills the key already
//! (within [`Stampede::scope`]), and calls [`decide`]. `Wait`ing requests are released when the
//! fill ends or their time is up, look in the store again and call [`decide_after_wait`]. Whoever
//! fills calls [`fill_ended`] with the result, and [`decide_after_failure`] where there is none.
//!
//! A look-up counts once, by what [`decide`] said first: a hit, a miss ([`Decision::Fill`] and
//! [`Decision::Wait`], whatever becomes of the wait) or a bypass ([`Decision::Bypass`] and
//! [`Decision::Fail`]: neither reads the store).

use crate::units::{Duration, Time};

mod lifetimes;
mod rules;

pub use lifetimes::{Freshness, Lifetimes};
pub use rules::{Rules, Scope, Stampede};

/// What the store said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No copy.
    Nothing,
    /// A copy, perhaps an expired one.
    Copy {
        /// Its life.
        lifetimes: Lifetimes,
        /// It says "there is none".
        negative: bool,
        /// How long its fill took, for early refresh.
        fill_time: Duration,
    },
    /// The backend is down; does the policy go on without it, or answer with an error?
    Down {
        /// Go on without it.
        bypass: bool,
    },
}

/// Is somebody filling this key already, within the level's scope?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flight {
    /// Nobody, or the lock has expired.
    Nobody,
    /// Somebody.
    Running,
}

/// What to do with a request that looked a copy up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Serve the copy.
    Serve {
        /// How it counts.
        outcome: Hit,
        /// Begin one background fill.
        refresh: bool,
    },
    /// Fill, and store the result.
    Fill(FillReason),
    /// Wait for the fill under way, until this instant at the latest.
    Wait {
        /// When the patience ends.
        until: Time,
    },
    /// Go on as if this level were not stored.
    Bypass(BypassReason),
    /// Answer with an error: the backend is down and the policy says `on-failure error`.
    Fail,
}

/// How a serve from a store counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hit {
    /// Within its ttl.
    Fresh,
    /// Past its ttl.
    Stale,
    /// An absence.
    Negative,
}

/// Why a request fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FillReason {
    /// There is no usable copy.
    Missing,
    /// The copy is fresh, but early refresh chose this request.
    Early,
    /// It waited for another fill, in vain.
    WaitedInVain,
}

/// Why a level was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BypassReason {
    /// `skip when` holds.
    Skipped,
    /// A dimension's value is outside its domain.
    OutsideDomain,
    /// The backend is down.
    BackendDown,
}

/// Decides about a look-up. `draw` (0 ≤ draw < 1) is used by early refresh only.
#[must_use]
#[inline]
pub fn decide(rules: &Rules, found: Found, flight: Flight, now: Time, draw: f64) -> Decision {
    match found {
        Found::Down { bypass: true } => Decision::Bypass(BypassReason::BackendDown),
        Found::Down { bypass: false } => Decision::Fail,
        Found::Nothing => fill_or_wait(rules, flight, now),
        Found::Copy {
            lifetimes,
            negative,
            fill_time,
        } => match (lifetimes.freshness(now), negative) {
            (Freshness::Fresh, true) => Decision::Serve {
                outcome: Hit::Negative,
                refresh: false,
            },
            (Freshness::Fresh, false) => {
                let early = expires_early(rules, &lifetimes, fill_time, now, draw);
                if early && (flight == Flight::Nobody || rules.stampede == Stampede::None) {
                    Decision::Fill(FillReason::Early)
                } else {
                    Decision::Serve {
                        outcome: Hit::Fresh,
                        refresh: false,
                    }
                }
            }
            (Freshness::Stale, false) => Decision::Serve {
                outcome: Hit::Stale,
                refresh: flight == Flight::Nobody,
            },
            (Freshness::Stale, true) | (Freshness::UsableOnError | Freshness::Dead, _) => {
                fill_or_wait(rules, flight, now)
            }
        },
    }
}

/// Before this instant [`decide`] answers a look-up that finds this copy with a fresh hit, whoever
/// fills and whatever is drawn, and the hit leaves the copy as it is: a driver need not ask again.
/// [`Time::DISTANT_PAST`]: it has to be asked each time.
#[must_use]
#[inline]
pub fn plain_until(rules: &Rules, lifetimes: &Lifetimes, negative: bool) -> Time {
    if negative || rules.sliding || rules.early_refresh.is_some() {
        Time::DISTANT_PAST
    } else {
        lifetimes.fresh_until
    }
}

fn fill_or_wait(rules: &Rules, flight: Flight, now: Time) -> Decision {
    match (rules.stampede, flight) {
        (Stampede::None, _) | (_, Flight::Nobody) => Decision::Fill(FillReason::Missing),
        (Stampede::Coalesce, Flight::Running) => Decision::Wait { until: Time::NEVER },
        (Stampede::Lock { wait, .. } | Stampede::Lease { wait, .. }, Flight::Running) => {
            Decision::Wait { until: now + wait }
        }
    }
}

/// XFetch: a reader takes the copy for expired with a probability that rises towards its expiry,
/// `now − δ·β·ln(draw) ≥ fresh_until` with δ the time that the fill took (Vattani, Chierichetti,
/// Lowenstein, PVLDB 8(8), 2015, figure 3).
fn expires_early(
    rules: &Rules,
    lifetimes: &Lifetimes,
    fill_time: Duration,
    now: Time,
    draw: f64,
) -> bool {
    let Some(beta) = rules.early_refresh else {
        return false;
    };
    if lifetimes.fresh_until == Time::NEVER {
        return false;
    }
    // 1 − draw lies in (0, 1], where the logarithm is finite.
    let ahead =
        Duration::from_nanos((-(fill_time.nanos() as f64) * beta * libm::log(1.0 - draw)) as i64);
    now + ahead >= lifetimes.fresh_until
}

/// Of the copies that a level's tiers have, which are asked nearest first, the one counts that is fresh for the
/// longest, and of several the nearest: does one that is fresh until then take the place of the best so far?
#[must_use]
#[inline]
pub fn is_better(fresh_until: Time, best: Option<Time>) -> bool {
    best.is_none_or(|best| best < fresh_until)
}

/// Decides again for a request that waited until `deadline` (as [`decide`] said) and was released
/// at `now`, because the fill it waited for ended or the deadline came. Under `coalesce` a waiter
/// takes the fill's own result where there is one; this is for the others.
#[must_use]
pub fn decide_after_wait(
    rules: &Rules,
    found: Found,
    flight: Flight,
    now: Time,
    deadline: Time,
) -> Decision {
    // A waiter never expires a copy early: it came for the new one.
    let again = decide(
        &Rules {
            early_refresh: None,
            ..*rules
        },
        found,
        flight,
        now,
        0.0,
    );
    match (again, found) {
        (Decision::Wait { .. }, _) if now < deadline => Decision::Wait { until: deadline },
        (
            Decision::Wait { .. } | Decision::Fill(_),
            Found::Copy {
                lifetimes,
                negative: false,
                ..
            },
        ) if now >= deadline && lifetimes.freshness(now) == Freshness::UsableOnError => {
            Decision::Serve {
                outcome: Hit::Stale,
                refresh: false,
            }
        }
        (Decision::Wait { .. } | Decision::Fill(_), _) if now >= deadline => {
            Decision::Fill(FillReason::WaitedInVain)
        }
        (again, _) => again,
    }
}

/// What a request is served whose fill failed: the copy that it found before, if that is still
/// usable; `None`: an error. An absence is no answer to serve in place of an error.
#[must_use]
pub fn decide_after_failure(found: Found, now: Time) -> Option<Hit> {
    let Found::Copy {
        lifetimes,
        negative: false,
        ..
    } = found
    else {
        return None;
    };
    match lifetimes.freshness(now) {
        Freshness::Fresh => Some(Hit::Fresh),
        Freshness::Stale | Freshness::UsableOnError => Some(Hit::Stale),
        Freshness::Dead => None,
    }
}

/// What a fill came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillOutcome {
    /// A value; with the lifetime that the response or the trace named.
    Value {
        /// `None`: the declared one.
        ttl: Option<Duration>,
    },
    /// "There is none": 404, 410, or empty.
    Absent,
    /// It failed.
    Error,
}

/// A fill that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillEnd {
    /// When it began.
    pub began: Time,
    /// What it came to.
    pub outcome: FillOutcome,
    /// An invalidation of its key was delivered since it began (its own instant included), its
    /// token is gone, or it took in an overtaken result. That a lease has expired is seen here.
    pub overtaken: bool,
    /// The backend can be written to, and was not bypassed when the fill began.
    pub backend_up: bool,
    /// The response's status is one that the level stores.
    pub storable: bool,
}

/// What becomes of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillVerdict {
    /// Store it with these times, and serve it.
    Store {
        /// Its life.
        lifetimes: Lifetimes,
        /// It is an absence.
        negative: bool,
    },
    /// Serve it to those who asked.
    ServeOnly(ServeOnlyReason),
    /// Serve the expired copy if it is usable on error, else answer with an error.
    Failed,
}

/// Why a fill is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServeOnlyReason {
    /// It took longer than `timeout`. Goes to its own requester only.
    TooSlow,
    /// An invalidation overtook it.
    Overtaken,
    /// The backend is down.
    BackendDown,
    /// An absence, and there is no `negative ttl`.
    AbsenceNotKept,
    /// Its lifetime is zero.
    NoLifetime,
    /// Its status is not one that is stored.
    Status,
    /// It is larger than there is room for one copy.
    TooLarge,
}

/// Decides what becomes of a fill that ended at `now`; `draw` (0 ≤ draw < 1) is for the jitter.
#[must_use]
#[inline]
pub fn fill_ended(rules: &Rules, end: FillEnd, now: Time, draw: f64) -> FillVerdict {
    let (ttl, negative) = match end.outcome {
        FillOutcome::Error => return FillVerdict::Failed,
        FillOutcome::Value { ttl } => (Some(ttl.unwrap_or(rules.ttl)), false),
        FillOutcome::Absent => (rules.negative_ttl, true),
    };
    let took = now.since(end.began);
    let is_overtaken = match rules.stampede {
        Stampede::Lease { expires, .. } => end.overtaken || took > expires,
        Stampede::None | Stampede::Coalesce | Stampede::Lock { .. } => rules.fence && end.overtaken,
    };
    let reason = if took > rules.timeout {
        ServeOnlyReason::TooSlow
    } else if is_overtaken {
        ServeOnlyReason::Overtaken
    } else if !end.backend_up {
        ServeOnlyReason::BackendDown
    } else if !negative && !end.storable {
        ServeOnlyReason::Status
    } else if let Some(ttl) = ttl {
        let lifetimes = Lifetimes::begin(rules, ttl, negative, now, draw);
        if lifetimes.dead_from() > now {
            return FillVerdict::Store {
                lifetimes,
                negative,
            };
        }
        ServeOnlyReason::NoLifetime
    } else {
        ServeOnlyReason::AbsenceNotKept
    };
    FillVerdict::ServeOnly(reason)
}

/// The same for what its origin can be asked about later: where it has no lifetime it is kept for that,
/// and served to nobody before.
#[must_use]
pub fn fill_ended_to_ask(rules: &Rules, end: FillEnd, now: Time, draw: f64) -> FillVerdict {
    match fill_ended(rules, end, now, draw) {
        FillVerdict::ServeOnly(ServeOnlyReason::NoLifetime) => FillVerdict::Store {
            lifetimes: Lifetimes::begin(rules, Duration::ZERO, true, now, 0.0),
            negative: end.outcome == FillOutcome::Absent,
        },
        verdict => verdict,
    }
}

macro_rules! reasons {
    ($($type:ident { $($variant:ident => $text:literal),+ $(,)? })+) => {$(
        impl $type {
            /// The stable word for it in reports, event files and headers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    )+};
}

reasons! {
    Hit { Fresh => "fresh", Stale => "stale", Negative => "negative" }
    FillReason { Missing => "missing", Early => "early-refresh", WaitedInVain => "waited-in-vain" }
    BypassReason { Skipped => "skip", OutsideDomain => "outside-domain", BackendDown => "backend-down" }
    ServeOnlyReason {
        TooSlow => "timeout", Overtaken => "overtaken", BackendDown => "backend-down",
        AbsenceNotKept => "absence-not-kept", NoLifetime => "no-lifetime", Status => "status",
        TooLarge => "too-large",
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
