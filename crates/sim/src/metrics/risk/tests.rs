use super::*;
use crate::report::RiskWorst;

fn at(seconds: f64) -> Time {
    Time::from_secs_f64(seconds)
}

/// Of the article level, which costs a second.
fn risks() -> Risks {
    let mut policy = crate::testing::policy();
    policy.levels[0].cost.otherwise = cachepolicy_core::Distribution::constant(1e9);
    Risks::of(&policy, LevelId(0)).unwrap()
}

fn fill(key: u32, concurrent: u32, cause: Cause) -> FillBegan {
    FillBegan {
        key: KeyId(key),
        concurrent,
        cause,
        background: false,
    }
}

fn figures(risks: &Risks, lookups: u32) -> Vec<RiskFigures> {
    let times = (at(0.0), at(0.0), at(100.0));
    risks.figures(times, &|_| lookups, &|KeyId(key)| key.to_string())
}

#[test]
fn levels_that_fill_at_once_are_not_followed() {
    assert!(Risks::of(&crate::testing::policy(), LevelId(0)).is_none());
}

#[test]
fn a_round_is_what_comes_until_no_fill_runs() {
    let (mut risks, mut place) = (risks(), NOBODY);
    let second = Duration::from_secs(1);
    risks.began(&mut place, &fill(7, 1, Cause::Flush), at(10.0), 1);
    risks.met(place, KeyId(7), Outcome::Miss);
    risks.began(&mut place, &fill(7, 2, Cause::Flush), at(10.5), 2);
    risks.met(place, KeyId(7), Outcome::Stale);
    risks.met(place, KeyId(7), Outcome::Negative);
    risks.met(place, KeyId(7), Outcome::Fresh);
    risks.ended(place, KeyId(7), at(11.0), second);
    // What the first fill made was not stored.
    risks.met(place, KeyId(7), Outcome::Miss);
    risks.began(&mut place, &fill(7, 2, Cause::NotStored), at(11.2), 5);
    risks.ended(place, KeyId(7), at(11.5), second);
    risks.ended(place, KeyId(7), at(12.2), second);
    risks.began(&mut place, &fill(7, 1, Cause::Expiry), at(20.0), 6);
    risks.ended(place, KeyId(7), at(21.0), second);
    // Still under way at the end: nobody knows what it would have met.
    risks.began(&mut place, &fill(7, 1, Cause::Expiry), at(99.5), 9);
    let rows = figures(&risks, 10);
    let [row] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    // Nine look-ups in the 90 s after the first fill: 0.1 a second.
    assert!((row.arrival_rate - 0.1).abs() < 1e-12);
    assert_eq!((row.expiries, row.fill_time), (2, 1.0));
    let model = 1.0 - libm::exp(-0.1);
    assert!((row.probability_unprotected - (1.0 + 10.0 * model) / 12.0).abs() < 1e-12);
    assert!((row.probability - row.probability_unprotected).abs() < 1e-12);
    assert!((row.concurrent_unprotected - (1.0 + (3.0 + 1.0) / 12.0)).abs() < 1e-12);
    assert!((row.concurrent - (1.0 + (2.0 + 1.0) / 12.0)).abs() < 1e-12);
    let worst = RiskWorst {
        concurrent: 3,
        met: 3,
        at: 10.0,
        cause: "flush".into(),
    };
    assert_eq!(row.worst, worst);
}

#[test]
fn what_a_rate_is_taken_over() {
    let (mut risks, mut place) = (risks(), NOBODY);
    risks.began(&mut place, &fill(7, 1, Cause::ColdStart), at(99.0), 1);
    risks.ended(place, KeyId(7), at(100.0), Duration::from_secs(1));
    // One more look-up within a second, but a tenth of the run is 10 s.
    assert!((figures(&risks, 2)[0].arrival_rate - 0.1).abs() < 1e-12);
    assert_eq!(figures(&risks, 1), []);
}

#[test]
fn the_keys_that_meet_most_are_kept_and_shown() {
    let (mut risks, mut place) = (risks(), NOBODY);
    for key in 0..10_000_u32 {
        let now = at(f64::from(key) * 0.001);
        risks.began(&mut place, &fill(key, 1, Cause::ColdStart), now, 1);
        for _ in 0..key % 1000 {
            risks.met(place, KeyId(key), Outcome::Miss);
        }
        let took = Duration::from_millis(100);
        risks.ended(place, KeyId(key), now + took, took);
    }
    assert!(risks.followed.len() <= FOLLOWED_MAX);
    let rows = figures(&risks, 1);
    let shown: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let most = (0..10).map(|thousand| (thousand * 1000 + 999).to_string());
    assert_eq!(shown, most.collect::<Vec<_>>());
    risks.forget();
    assert_eq!(figures(&risks, 1), []);
}
