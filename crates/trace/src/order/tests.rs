//! The order of time, and where in their second events lie.

use super::*;
use proptest::prelude::*;

fn moment(at: i64, whole_second: bool) -> Moment {
    Moment {
        at: Time::from_nanos(at),
        whole_second,
        mark: 0,
    }
}

/// Everything that comes out, as (time, number).
fn drain(order: &mut Order, ended: bool) -> Vec<(i64, u64)> {
    let mut out = Vec::new();
    loop {
        while let Some(held) = order.pop() {
            out.push((held.at.nanos(), held.number));
        }
        if !order.ripen(ended) {
            return out;
        }
    }
}

fn run(window: i64, times: &[(i64, bool)]) -> (Vec<(i64, u64)>, Vec<usize>, Order) {
    let mut order = Order::new(Duration::from_nanos(window), 1);
    let mut late = Vec::new();
    let mut out = Vec::new();
    for (index, (at, whole)) in times.iter().enumerate() {
        if order.push(b"x", index as u64, moment(*at, *whole)).is_err() {
            late.push(index);
        }
        out.extend(drain(&mut order, false));
    }
    out.extend(drain(&mut order, true));
    (out, late, order)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_all_is_in_order(
        times in proptest::collection::vec((0i64..8_000_000_000, any::<bool>()), 0..60),
        window in 0i64..3_000_000_000,
    ) {
        let times: Vec<(i64, bool)> = times
            .into_iter()
            .map(|(at, whole)| (if whole { at / SECOND * SECOND } else { at }, whole))
            .collect();
        let (out, late, _) = run(window, &times);
        prop_assert_eq!(out.len() + late.len(), times.len());
        prop_assert!(out.is_sorted_by_key(|(at, _)| *at));
        let mut latest = i64::MIN;
        for (index, (at, _)) in times.iter().enumerate() {
            prop_assert_eq!(late.contains(&index), *at < latest.saturating_sub(window));
            if !late.contains(&index) {
                latest = latest.max(*at);
            }
        }
        for (at, number) in out {
            let (written, whole) = times[number as usize];
            let kept = if whole { at.div_euclid(SECOND) * SECOND } else { at };
            prop_assert_eq!(kept, written);
        }
    }
}

#[test]
fn the_order_of_the_file_is_kept_within_a_second() {
    let times = vec![(5 * SECOND, true); 100];
    let (out, _, order) = run(0, &times);
    assert!(out.is_sorted_by_key(|(_, number)| *number));
    assert!(order.spread && order.reordered == 0);
    let mean = out.iter().map(|(at, _)| at - 5 * SECOND).sum::<i64>() / 100;
    assert!((400_000_000..600_000_000).contains(&mean), "{mean}");
}

#[test]
fn lateness_is_counted() {
    let times = [
        (0, true),
        (59 * SECOND, true),
        (SECOND, true),
        (2 * SECOND, true),
    ];
    let (out, late, order) = run(60 * SECOND, &times);
    assert_eq!((out.len(), late.len(), order.reordered), (4, 0, 1));
    assert_eq!(order.lateness_max, Duration::from_secs(58));
    let (_, late, _) = run(10 * SECOND, &times);
    assert_eq!(late, [2, 3]);
}

#[test]
fn a_second_too_large_to_hold_leaves_in_parts() {
    let mut order = Order::new(Duration::ZERO, 1);
    let mut out = Vec::new();
    for number in 0..(HELD_MAX as u64 * 5 / 2) {
        order.push(b"", number, moment(3 * SECOND, true)).unwrap();
        if order.held > HELD_MAX {
            out.extend(drain(&mut order, false));
        }
    }
    out.extend(drain(&mut order, true));
    assert_eq!(out.len(), HELD_MAX * 5 / 2);
    assert!(out.is_sorted());
    assert!(out.iter().all(|(at, _)| at.div_euclid(SECOND) == 3));
}
