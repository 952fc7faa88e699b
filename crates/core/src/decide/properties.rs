//! What holds for all rules, copies and times.

use super::*;
use proptest::prelude::*;

const fn secs(seconds: i64) -> Duration {
    Duration::from_secs(seconds)
}

const fn at(seconds: i64) -> Time {
    Time::from_nanos(seconds * 1_000_000_000)
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (0..200i64).prop_map(secs),
        1 => Just(Duration::FOREVER),
        1 => any::<i64>().prop_map(Duration::from_nanos),
    ]
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let stampede = prop_oneof![
        Just(Stampede::None),
        Just(Stampede::Coalesce),
        (any_duration(), any_duration())
            .prop_map(|(expires, wait)| Stampede::Lock { expires, wait }),
        (any_duration(), any_duration())
            .prop_map(|(expires, wait)| Stampede::Lease { expires, wait }),
    ];
    (
        (
            any_duration(),
            any_duration(),
            any_duration(),
            any_duration(),
        ),
        (0.0..=1.0, any::<bool>(), any::<bool>()),
        prop::option::of(any_duration()),
        prop::option::of(0.0..10.0),
        stampede,
    )
        .prop_map(
            |(times, (jitter, sliding, fence), negative_ttl, early_refresh, stampede)| Rules {
                ttl: times.0,
                stale_while_revalidate: times.1,
                stale_if_error: times.2,
                timeout: times.3,
                jitter,
                sliding,
                fence,
                negative_ttl,
                early_refresh,
                stampede,
            },
        )
}

fn any_time() -> impl Strategy<Value = Time> {
    prop_oneof![6 => (-10..400i64).prop_map(at), 1 => any::<i64>().prop_map(Time::from_nanos)]
}

/// A copy with a history: stored, then read and expired at some times.
fn any_found(rules: Rules) -> impl Strategy<Value = Found> {
    let history = prop::collection::vec((any::<bool>(), any_time()), 0..4);
    let copy = (
        any_duration(),
        any::<bool>(),
        any_time(),
        0.0..1.0,
        any_duration(),
        history,
    )
        .prop_map(move |(ttl, negative, stored, draw, fill_time, history)| {
            let begun = Lifetimes::begin(&rules, ttl, negative, stored, draw);
            let lifetimes = history.into_iter().fold(begun, |life, (expires, now)| {
                if expires {
                    life.expired(&rules, now)
                } else if negative {
                    life
                } else {
                    life.slid(&rules, now)
                }
            });
            Found::Copy {
                lifetimes,
                negative,
                fill_time,
            }
        });
    prop_oneof![
        8 => copy,
        1 => Just(Found::Nothing),
        1 => any::<bool>().prop_map(|bypass| Found::Down { bypass }),
    ]
}

fn any_case() -> impl Strategy<Value = (Rules, Found)> {
    any_rules().prop_flat_map(|rules| (Just(rules), any_found(rules)))
}

fn any_flight() -> impl Strategy<Value = Flight> {
    prop::sample::select(vec![Flight::Nobody, Flight::Running])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// What is served is usable: fresh ones as fresh, stale ones as stale, dead ones never.
    #[test]
    fn a_dead_copy_is_never_served(
        (rules, found) in any_case(),
        flight in any_flight(),
        now in any_time(),
        deadline in any_time(),
        draw in 0.0..1.0,
    ) {
        let first = decide(&rules, found, flight, now, draw);
        let again = decide_after_wait(&rules, found, flight, now, deadline);
        let failed = decide_after_failure(found, now).map(|outcome| Decision::Serve {
            outcome,
            refresh: false,
        });
        for decision in [Some(first), Some(again), failed].into_iter().flatten() {
            let Decision::Serve { outcome, .. } = decision else { continue };
            let Found::Copy { lifetimes, negative, .. } = found else {
                return Err(TestCaseError::fail("served without a copy"));
            };
            let freshness = lifetimes.freshness(now);
            match outcome {
                Hit::Fresh => prop_assert!(freshness == Freshness::Fresh && !negative),
                Hit::Negative => prop_assert!(freshness == Freshness::Fresh && negative),
                Hit::Stale => prop_assert!(
                    matches!(freshness, Freshness::Stale | Freshness::UsableOnError) && !negative
                ),
            }
        }
    }

    /// One filler where there is protection, one background fill anywhere; and nobody waits where
    /// there is no flight or no protection, or longer than the policy says.
    #[test]
    fn flights_are_respected(
        (rules, found) in any_case(),
        flight in any_flight(),
        now in any_time(),
        draw in 0.0..1.0,
    ) {
        match decide(&rules, found, flight, now, draw) {
            Decision::Fill(_) => {
                prop_assert!(flight == Flight::Nobody || rules.stampede == Stampede::None);
            }
            Decision::Serve { refresh, .. } => prop_assert!(!refresh || flight == Flight::Nobody),
            Decision::Wait { until } => {
                prop_assert!(flight == Flight::Running && until >= now);
                match rules.stampede {
                    Stampede::None => prop_assert!(false, "waits without protection"),
                    Stampede::Coalesce => prop_assert_eq!(until, Time::NEVER),
                    Stampede::Lock { wait, .. } | Stampede::Lease { wait, .. } => {
                        prop_assert_eq!(until, now + wait);
                    }
                }
            }
            Decision::Bypass(_) | Decision::Fail => {
                let is_down = matches!(found, Found::Down { .. });
                prop_assert!(is_down);
            }
        }
    }

    /// Each look-up gets exactly one outcome, and a wait ends: at its deadline nobody waits again.
    #[test]
    fn waits_end(
        (rules, found) in any_case(),
        flight in any_flight(),
        now in any_time(),
        deadline in any_time(),
    ) {
        match decide_after_wait(&rules, found, flight, now, deadline) {
            Decision::Wait { until } => prop_assert!(until == deadline && now < deadline),
            Decision::Fill(reason) => prop_assert!(reason != FillReason::Early),
            Decision::Serve { .. } | Decision::Bypass(_) | Decision::Fail => {}
        }
    }

    #[test]
    fn expire_never_extends_and_is_idempotent((rules, found) in any_case(), now in any_time(), later in any_time()) {
        if let Found::Copy { lifetimes, .. } = found {
            let once = lifetimes.expired(&rules, now);
            prop_assert!(once.fresh_until <= lifetimes.fresh_until.min(now));
            prop_assert!(once.revalidatable_until <= lifetimes.revalidatable_until);
            prop_assert!(once.usable_on_error_until <= lifetimes.usable_on_error_until);
            prop_assert!(once.freshness(now) >= lifetimes.freshness(now));
            prop_assert_ne!(once.freshness(now), Freshness::Fresh);
            prop_assert_eq!(once.expired(&rules, later.max(now)), once);
        }
    }

    #[test]
    fn instants_are_in_order((_, found) in any_case()) {
        if let Found::Copy { lifetimes, negative, .. } = found {
            prop_assert!(lifetimes.fresh_until <= lifetimes.revalidatable_until);
            prop_assert!(lifetimes.revalidatable_until <= lifetimes.usable_on_error_until);
            let was_forever = lifetimes.stored + lifetimes.ttl == Time::NEVER;
            prop_assert!(!negative || was_forever || lifetimes.dead_from() == lifetimes.fresh_until);
        }
    }

    /// What is stored was made in time, under a token that still holds, and is worth storing.
    #[test]
    fn only_what_may_be_stored_is(
        rules in any_rules(),
        took in any_duration(),
        ttl in prop::option::of(any_duration()),
        which in 0..3,
        flags in any::<[bool; 3]>(),
        draw in 0.0..1.0,
    ) {
        let outcome = match which {
            0 => FillOutcome::Value { ttl },
            1 => FillOutcome::Absent,
            _ => FillOutcome::Error,
        };
        let [overtaken, backend_up, storable] = flags;
        let end = FillEnd { began: at(0), outcome, overtaken, backend_up, storable };
        let now = at(0) + took;
        match fill_ended(&rules, end, now, draw) {
            FillVerdict::Failed => prop_assert_eq!(outcome, FillOutcome::Error),
            FillVerdict::ServeOnly(_) => prop_assert_ne!(outcome, FillOutcome::Error),
            FillVerdict::Store { lifetimes, negative } => {
                prop_assert!(backend_up && now.since(end.began) <= rules.timeout);
                prop_assert_eq!(negative, outcome == FillOutcome::Absent);
                prop_assert!(storable || negative);
                let is_lease = matches!(rules.stampede, Stampede::Lease { .. });
                prop_assert!(!(overtaken && (rules.fence || is_lease)));
                prop_assert!(lifetimes.dead_from() > now && lifetimes.stored == now);
                let declared = if negative { rules.negative_ttl } else { Some(ttl.unwrap_or(rules.ttl)) };
                prop_assert!(Some(lifetimes.ttl) <= declared);
            }
        }
    }
}
