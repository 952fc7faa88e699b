//! The decisions about a copy: is it fresh, who fills, what becomes of a fill. Pure functions over
//! small values; the simulator drives them with a virtual clock, the runtime with the real one.
//!
//! A look-up goes like this. The driver asks its store, and whether somebody fills the key already
//! (within [`Stampede::scope`]), and calls [`decide`]. `Wait`ing requests are released when the
//! fill ends or their time is up, look in the store again and call [`decide_after_wait`]. Whoever
//! fills calls [`fill_ended`] with the result.

use crate::units::{Duration, Time};
use serde::{Deserialize, Serialize};

/// What decides about the copies of a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Fresh for so long after the store. Where the response or the trace says it: what counts
    /// when they are silent.
    pub ttl: Duration,
    /// Each copy's ttl is shortened by a random share up to this, 0..1.
    pub jitter: f64,
    /// The ttl starts anew with every read.
    pub sliding: bool,
    /// RFC 5861.
    pub stale_while_revalidate: Duration,
    /// RFC 5861.
    pub stale_if_error: Duration,
    /// How long an absence is kept; `None`: not at all.
    pub negative_ttl: Option<Duration>,
    /// Probabilistic early expiry with this β (Vattani et al., PVLDB 8(8), 2015).
    pub early_refresh: Option<f64>,
    /// Who may regenerate.
    pub stampede: Stampede,
    /// A fill that an invalidation overtook is not stored. Implied by a lease.
    pub fence: bool,
    /// A slower fill is not stored.
    pub timeout: Duration,
}

/// Who may regenerate a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stampede {
    /// Everybody who misses.
    None,
    /// One in each process; the others wait for its result.
    Coalesce,
    /// One in all, by a lock.
    Lock {
        /// The lock expires after this long, whether its holder is done or not.
        expires: Duration,
        /// The others wait at most this long.
        wait: Duration,
    },
    /// One in all, by a token that an invalidation revokes.
    Lease {
        /// The lease expires after this long.
        expires: Duration,
        /// The others wait at most this long.
        wait: Duration,
    },
}

/// Among whom there is one filler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In each process. Without protection this holds for background fills only.
    Process,
    /// In all processes that share the copy.
    Everywhere,
}

impl Stampede {
    /// Where the driver looks for a fill under way.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::None | Self::Coalesce => Scope::Process,
            Self::Lock { .. } | Self::Lease { .. } => Scope::Everywhere,
        }
    }

    /// When a flight that began at `now` stops counting although nobody ended it.
    #[must_use]
    pub fn flight_expires(self, now: Time) -> Time {
        match self {
            Self::None | Self::Coalesce => Time::NEVER,
            Self::Lock { expires, .. } | Self::Lease { expires, .. } => now + expires,
        }
    }
}

/// The instants of a copy's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// When it became visible.
    pub stored: Time,
    /// Its own ttl, jitter included.
    pub ttl: Duration,
    /// Fresh before this instant.
    pub fresh_until: Time,
    /// Served stale, with a refresh, before this instant.
    pub revalidatable_until: Time,
    /// Served when a fill fails before this instant.
    pub usable_on_error_until: Time,
}

impl Lifetimes {
    /// Of a copy that is stored at `now`. `ttl` is the declared one, or what the response said;
    /// `draw` (0 ≤ draw < 1) shortens it within the jitter. An absence has no stale windows.
    #[must_use]
    pub fn begin(rules: &Rules, ttl: Duration, negative: bool, now: Time, draw: f64) -> Self {
        let ttl = if rules.jitter > 0.0 && !ttl.is_forever() {
            ttl - ttl.scaled(rules.jitter * draw)
        } else {
            ttl
        };
        let fresh_until = now + ttl;
        let window = |length: Duration| {
            if negative {
                fresh_until
            } else {
                fresh_until + length
            }
        };
        let revalidatable_until = window(rules.stale_while_revalidate);
        Self {
            stored: now,
            ttl,
            fresh_until,
            revalidatable_until,
            usable_on_error_until: window(rules.stale_if_error).max(revalidatable_until),
        }
    }

    /// After a read at `now` of a level with a sliding ttl.
    #[must_use]
    pub fn slid(self, rules: &Rules, now: Time) -> Self {
        let fresh_until = now + self.ttl;
        let revalidatable_until = fresh_until + rules.stale_while_revalidate;
        Self {
            fresh_until,
            revalidatable_until,
            usable_on_error_until: (fresh_until + rules.stale_if_error).max(revalidatable_until),
            ..self
        }
    }

    /// After an `expire` at `now`: stale at once, and the windows count from here. Repeating it
    /// changes nothing, since nothing is ever extended.
    #[must_use]
    pub fn expired(self, rules: &Rules, now: Time) -> Self {
        let fresh_until = self.fresh_until.min(now);
        let window = |length: Duration, was: Time| (fresh_until + length).min(was);
        Self {
            fresh_until,
            revalidatable_until: window(rules.stale_while_revalidate, self.revalidatable_until),
            usable_on_error_until: window(
                rules.stale_if_error.max(rules.stale_while_revalidate),
                self.usable_on_error_until,
            ),
            ..self
        }
    }

    /// What the copy is good for at `now`.
    #[must_use]
    pub fn freshness(&self, now: Time) -> Freshness {
        if now < self.fresh_until {
            Freshness::Fresh
        } else if now < self.revalidatable_until {
            Freshness::Stale
        } else if now < self.usable_on_error_until {
            Freshness::UsableOnError
        } else {
            Freshness::Dead
        }
    }

    /// When nothing can be done with the copy any more.
    #[must_use]
    pub const fn dead_from(&self) -> Time {
        self.usable_on_error_until
    }
}

/// What a copy is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// To be served.
    Fresh,
    /// To be served while it is refreshed.
    Stale,
    /// To be served when a fill fails, or when waiting for one took too long.
    UsableOnError,
    /// Nothing.
    Dead,
}

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
    // 1 − draw lies in (0, 1], where the logarithm is finite.
    let ahead =
        Duration::from_nanos((-(fill_time.nanos() as f64) * beta * libm::log(1.0 - draw)) as i64);
    now + ahead >= lifetimes.fresh_until
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
    /// token is gone, or it took in an overtaken result.
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
}

/// Decides what becomes of a fill that ended at `now`; `draw` (0 ≤ draw < 1) is for the jitter.
#[must_use]
pub fn fill_ended(rules: &Rules, end: FillEnd, now: Time, draw: f64) -> FillVerdict {
    let (ttl, negative) = match end.outcome {
        FillOutcome::Error => return FillVerdict::Failed,
        FillOutcome::Value { ttl } => (Some(ttl.unwrap_or(rules.ttl)), false),
        FillOutcome::Absent => (rules.negative_ttl, true),
    };
    let fenced = rules.fence || matches!(rules.stampede, Stampede::Lease { .. });
    let reason = if now.since(end.began) > rules.timeout {
        ServeOnlyReason::TooSlow
    } else if fenced && end.overtaken {
        ServeOnlyReason::Overtaken
    } else if !end.backend_up {
        ServeOnlyReason::BackendDown
    } else if !negative && !end.storable {
        ServeOnlyReason::Status
    } else {
        match ttl {
            None => ServeOnlyReason::AbsenceNotKept,
            Some(Duration::ZERO) => ServeOnlyReason::NoLifetime,
            Some(ttl) => {
                let lifetimes = Lifetimes::begin(rules, ttl, negative, now, draw);
                return FillVerdict::Store {
                    lifetimes,
                    negative,
                };
            }
        }
    };
    FillVerdict::ServeOnly(reason)
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
    }
}
