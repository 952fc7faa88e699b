use super::*;
use crate::fixture::rules;

const fn secs(seconds: i64) -> Duration {
    Duration::from_secs(seconds)
}

const fn at(seconds: i64) -> Time {
    Time::from_nanos(seconds * 1_000_000_000)
}

/// Fresh for 60 s, revalidatable for 10 s more, usable on error for 30 s more.
fn windows() -> Rules {
    Rules {
        stale_while_revalidate: secs(10),
        stale_if_error: secs(30),
        ..rules()
    }
}

fn stored(rules: &Rules, negative: bool) -> Lifetimes {
    let ttl = if negative { secs(15) } else { rules.ttl };
    Lifetimes::begin(rules, ttl, negative, at(0), 0.0)
}

fn copy(lifetimes: Lifetimes) -> Found {
    Found::Copy {
        lifetimes,
        negative: false,
        fill_time: secs(1),
    }
}

fn absence(lifetimes: Lifetimes) -> Found {
    Found::Copy {
        lifetimes,
        negative: true,
        fill_time: secs(1),
    }
}

fn serve(outcome: Hit, refresh: bool) -> Decision {
    Decision::Serve { outcome, refresh }
}

const LOCK: Stampede = Stampede::Lock {
    expires: secs(5),
    wait: secs(2),
};
const LEASE: Stampede = Stampede::Lease {
    expires: secs(5),
    wait: secs(2),
};
const EVERY: [Stampede; 4] = [Stampede::None, Stampede::Coalesce, LOCK, LEASE];

#[test]
fn windows_are_half_open_and_follow_the_ttl() {
    let life = stored(&windows(), false);
    for (now, expected) in [
        (0, Freshness::Fresh),
        (59, Freshness::Fresh),
        (60, Freshness::Stale),
        (69, Freshness::Stale),
        (70, Freshness::UsableOnError),
        (89, Freshness::UsableOnError),
        (90, Freshness::Dead),
    ] {
        assert_eq!(life.freshness(at(now)), expected, "at {now}");
    }
    assert_eq!(life.dead_from(), at(90));
    // The window for errors never ends before the other one.
    let rules = Rules {
        stale_if_error: secs(1),
        ..windows()
    };
    assert_eq!(stored(&rules, false).usable_on_error_until, at(70));
    let forever = Rules {
        stale_while_revalidate: Duration::FOREVER,
        ..windows()
    };
    assert_eq!(
        stored(&forever, false).freshness(at(1 << 30)),
        Freshness::Stale
    );
}

#[test]
fn jitter_shortens_by_up_to_its_share() {
    let rules = Rules {
        jitter: 0.1,
        ..windows()
    };
    let fresh_until = |draw| Lifetimes::begin(&rules, secs(60), false, at(0), draw).fresh_until;
    assert_eq!(fresh_until(0.0), at(60));
    assert_eq!(fresh_until(0.5), at(57));
    assert!(fresh_until(0.999_999) > at(54));
    let absence = Lifetimes::begin(&rules, secs(60), true, at(0), 0.5);
    assert_eq!(absence.dead_from(), at(60));
    let forever = Lifetimes::begin(&rules, Duration::FOREVER, false, at(0), 0.5);
    assert_eq!(forever.fresh_until, Time::NEVER);
}

#[test]
fn a_copy_of_the_future_begins_now() {
    let rules = windows();
    let ahead = Lifetimes::begin(&rules, rules.ttl, false, at(3_600), 0.0);
    let now = Lifetimes::begin(&rules, rules.ttl, false, at(5), 0.0);
    assert_eq!(ahead.by_clock_at(at(5)), now);
    assert_eq!(ahead.by_clock_at(at(3_601)), ahead);
    let forever = Lifetimes::begin(&rules, Duration::FOREVER, false, at(3_600), 0.0);
    assert_eq!(forever.by_clock_at(at(5)).fresh_until, Time::NEVER);
}

#[test]
fn expire_makes_stale_at_once_and_is_idempotent() {
    let rules = windows();
    let life = stored(&rules, false);
    let once = life.expired(&rules, at(20));
    assert_eq!(once.fresh_until, at(20));
    assert_eq!(once.revalidatable_until, at(30));
    assert_eq!(once.usable_on_error_until, at(50));
    assert_eq!(
        once.freshness(at(20)),
        Freshness::Stale,
        "deliveries precede look-ups"
    );
    assert_eq!(once.expired(&rules, at(25)), once);
    // A stale copy keeps what it has left.
    assert_eq!(life.expired(&rules, at(65)), life);
    let forever = Lifetimes::begin(&rules, Duration::FOREVER, false, at(0), 0.0);
    assert_eq!(forever.expired(&rules, at(20)).dead_from(), at(50));
    assert_eq!(
        stored(&rules, true).expired(&rules, at(5)).dead_from(),
        at(5)
    );
}

#[test]
fn sliding_restarts_the_ttl_of_fresh_copies() {
    let rules = windows();
    let life = stored(&rules, false).slid(&rules, at(50));
    assert_eq!(life.fresh_until, at(110));
    assert_eq!(life.dead_from(), at(140));
    assert_eq!(life.stored, at(0));
    let late = stored(&rules, false);
    assert_eq!(late.slid(&rules, at(60)), late);
    let expired = life.expired(&rules, at(70));
    assert_eq!(
        expired.slid(&rules, at(71)),
        expired,
        "an expire is not undone"
    );
}

#[test]
fn what_a_look_up_gets() {
    use Flight::{Nobody, Running};
    let life = stored(&windows(), false);
    let fill = Decision::Fill(FillReason::Missing);
    for stampede in EVERY {
        let rules = Rules {
            stampede,
            ..windows()
        };
        let go = |found, flight, now| decide(&rules, found, flight, at(now), 0.0);
        let wait = |now: i64| match stampede {
            Stampede::None => fill,
            Stampede::Coalesce => Decision::Wait { until: Time::NEVER },
            Stampede::Lock { .. } | Stampede::Lease { .. } => Decision::Wait { until: at(now + 2) },
        };
        for flight in [Nobody, Running] {
            assert_eq!(go(copy(life), flight, 0), serve(Hit::Fresh, false));
        }
        assert_eq!(go(copy(life), Nobody, 60), serve(Hit::Stale, true));
        assert_eq!(go(copy(life), Running, 60), serve(Hit::Stale, false));
        for found in [Found::Nothing, copy(life)] {
            assert_eq!(go(found, Nobody, 75), fill);
            assert_eq!(go(found, Running, 75), wait(75));
            assert_eq!(go(found, Running, 95), wait(95));
        }
        let gone = absence(stored(&windows(), true));
        assert_eq!(go(gone, Running, 14), serve(Hit::Negative, false));
        assert_eq!(go(gone, Nobody, 15), fill);
        let down = |bypass| go(Found::Down { bypass }, Nobody, 0);
        assert_eq!(down(true), Decision::Bypass(BypassReason::BackendDown));
        assert_eq!(down(false), Decision::Fail);
    }
}

#[test]
fn who_is_asked_for_a_flight() {
    assert_eq!(
        EVERY
            .map(Stampede::scope)
            .map(|scope| scope == Scope::Everywhere),
        [false, false, true, true]
    );
    let expires = EVERY.map(|stampede| {
        let rules = Rules {
            stampede,
            timeout: secs(4),
            ..rules()
        };
        rules.flight_expires(at(3))
    });
    assert_eq!(expires, [at(7), at(7), at(8), at(8)]);
}

#[test]
fn early_refresh_follows_its_formula() {
    let rules = Rules {
        early_refresh: Some(1.0),
        stampede: Stampede::Coalesce,
        ..windows()
    };
    let life = stored(&rules, false);
    let go = |now, draw, flight| decide(&rules, copy(life), flight, at(now), draw);
    let early = Decision::Fill(FillReason::Early);
    // 50 s − 1 s · ln(e^−10) = 60 s: the threshold of the draw is 1 − e^−10.
    let threshold = 1.0 - libm::exp(-10.0);
    assert_eq!(go(50, threshold + 1e-7, Flight::Nobody), early);
    assert_eq!(
        go(50, threshold - 1e-7, Flight::Nobody),
        serve(Hit::Fresh, false)
    );
    assert_eq!(go(50, 0.999_999, Flight::Running), serve(Hit::Fresh, false));
    assert_eq!(go(59, 0.9, Flight::Nobody), early);
    let forever = Lifetimes::begin(&rules, Duration::FOREVER, false, at(0), 0.0);
    let slow = Found::Copy {
        lifetimes: forever,
        negative: false,
        fill_time: Duration::FOREVER,
    };
    assert_eq!(
        decide(&rules, slow, Flight::Nobody, at(0), 0.99),
        serve(Hit::Fresh, false)
    );
}

#[test]
fn waiters_look_again() {
    let rules = Rules {
        stampede: LEASE,
        early_refresh: Some(1e9),
        ..windows()
    };
    let life = stored(&rules, false);
    let go = |found, flight, now| decide_after_wait(&rules, found, flight, at(now), at(82));
    use Flight::{Nobody, Running};
    let fresh = Lifetimes::begin(&rules, secs(60), false, at(81), 0.0);
    // The fill ended in time: never an early refresh.
    assert_eq!(go(copy(fresh), Nobody, 81), serve(Hit::Fresh, false));
    // It was not stored: one of the waiters fills, the others go on waiting, not longer than before.
    assert_eq!(
        go(Found::Nothing, Nobody, 81),
        Decision::Fill(FillReason::Missing)
    );
    assert_eq!(
        go(Found::Nothing, Running, 81),
        Decision::Wait { until: at(82) }
    );
    assert_eq!(
        go(copy(life), Running, 81),
        Decision::Wait { until: at(82) }
    );
    // Patience is over: what is usable at that instant is served.
    assert_eq!(go(copy(life), Running, 82), serve(Hit::Stale, false));
    assert_eq!(
        go(Found::Nothing, Running, 82),
        Decision::Fill(FillReason::WaitedInVain)
    );
    assert_eq!(
        go(copy(life), Running, 90),
        Decision::Fill(FillReason::WaitedInVain)
    );
    let gone = absence(stored(&rules, true));
    assert_eq!(
        go(gone, Running, 82),
        Decision::Fill(FillReason::WaitedInVain)
    );
    let down = Found::Down { bypass: true };
    assert_eq!(
        go(down, Running, 82),
        Decision::Bypass(BypassReason::BackendDown)
    );
}

#[test]
fn a_failed_fill_falls_back_on_what_is_usable() {
    let life = stored(&windows(), false);
    let go = |found, now| decide_after_failure(found, at(now));
    assert_eq!(go(copy(life), 59), Some(Hit::Fresh));
    assert_eq!(go(copy(life), 60), Some(Hit::Stale));
    assert_eq!(go(copy(life), 89), Some(Hit::Stale));
    assert_eq!(go(copy(life), 90), None);
    assert_eq!(go(absence(life), 10), None);
    assert_eq!(go(Found::Nothing, 10), None);
    assert_eq!(go(Found::Down { bypass: true }, 10), None);
}

const VALUE: FillEnd = FillEnd {
    began: at(100),
    outcome: FillOutcome::Value { ttl: None },
    overtaken: false,
    backend_up: true,
    storable: true,
};

#[test]
fn what_becomes_of_a_fill() {
    use ServeOnlyReason as R;
    let end = |rules: &Rules, end, now| fill_ended(rules, end, at(now), 0.0);
    let only = FillVerdict::ServeOnly;
    let rules = Rules {
        timeout: secs(3),
        ..windows()
    };
    let kept = |ttl: Duration, negative| FillVerdict::Store {
        lifetimes: Lifetimes::begin(&rules, ttl, negative, at(103), 0.0),
        negative,
    };
    assert_eq!(end(&rules, VALUE, 103), kept(secs(60), false));
    assert_eq!(end(&rules, VALUE, 104), only(R::TooSlow));
    let named = FillEnd {
        outcome: FillOutcome::Value { ttl: Some(secs(7)) },
        ..VALUE
    };
    assert_eq!(end(&rules, named, 103), kept(secs(7), false));
    let failed = FillEnd {
        outcome: FillOutcome::Error,
        ..VALUE
    };
    assert_eq!(end(&rules, failed, 109), FillVerdict::Failed);
    let down = FillEnd {
        backend_up: false,
        ..VALUE
    };
    assert_eq!(end(&rules, down, 103), only(R::BackendDown));
    let status = FillEnd {
        storable: false,
        ..VALUE
    };
    assert_eq!(end(&rules, status, 103), only(R::Status));
}

#[test]
fn absences_are_kept_for_their_own_time() {
    let rules = Rules {
        negative_ttl: Some(secs(15)),
        ..windows()
    };
    let absent = FillEnd {
        outcome: FillOutcome::Absent,
        // 404 is not among the statuses: the negative ttl decides.
        storable: false,
        ..VALUE
    };
    let FillVerdict::Store {
        lifetimes,
        negative,
    } = fill_ended(&rules, absent, at(100), 0.9)
    else {
        panic!("an absence is kept");
    };
    assert!(negative);
    assert_eq!(lifetimes.dead_from(), at(115));
    assert_eq!(
        fill_ended(&windows(), absent, at(100), 0.0),
        FillVerdict::ServeOnly(ServeOnlyReason::AbsenceNotKept)
    );
}

#[test]
fn no_lifetime_is_none_and_no_window() {
    let verdict = |rules: &Rules| {
        let end = FillEnd {
            outcome: FillOutcome::Value {
                ttl: Some(Duration::ZERO),
            },
            ..VALUE
        };
        fill_ended(rules, end, at(100), 0.0)
    };
    let none = FillVerdict::ServeOnly(ServeOnlyReason::NoLifetime);
    assert_eq!(verdict(&rules()), none);
    // Stale from the beginning, and served so while it is refreshed (RFC 5861).
    assert!(
        matches!(verdict(&windows()), FillVerdict::Store { lifetimes, .. }
        if lifetimes.freshness(at(100)) == Freshness::Stale)
    );
}

#[test]
fn the_fence_holds_where_there_is_one() {
    let overtaken = FillEnd {
        overtaken: true,
        ..VALUE
    };
    let is_stored = |stampede, fence, end, now| {
        let rules = Rules {
            stampede,
            fence,
            ..windows()
        };
        match fill_ended(&rules, end, at(now), 0.0) {
            FillVerdict::Store { .. } => true,
            FillVerdict::ServeOnly(ServeOnlyReason::Overtaken) => false,
            other => panic!("{other:?}"),
        }
    };
    for stampede in EVERY {
        assert!(is_stored(stampede, true, VALUE, 101));
        assert!(!is_stored(stampede, true, overtaken, 101));
        assert_eq!(
            is_stored(stampede, false, overtaken, 101),
            stampede != LEASE
        );
    }
    // A lease that expired is gone, though nobody took it; a lock's holder stores all the same.
    assert!(is_stored(LEASE, false, VALUE, 105));
    assert!(!is_stored(LEASE, false, VALUE, 106));
    assert!(is_stored(LOCK, false, VALUE, 106));
}

#[test]
fn reasons_have_words() {
    assert_eq!(Hit::Stale.as_str(), "stale");
    assert_eq!(FillReason::WaitedInVain.as_str(), "waited-in-vain");
    assert_eq!(BypassReason::OutsideDomain.as_str(), "outside-domain");
    assert_eq!(ServeOnlyReason::TooSlow.as_str(), "timeout");
}
