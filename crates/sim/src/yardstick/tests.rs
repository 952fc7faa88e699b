//! The clairvoyant against trying everything.

use super::References;
use cachepolicy_core::policy::Capacity;
use cachepolicy_core::units::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn recorded(keys: &[u8], size: impl Fn(u8) -> u64, by_bytes: bool) -> References {
    let mut references = References::new(by_bytes);
    let mut seen = BTreeSet::new();
    for &key in keys {
        if seen.insert(key) {
            references.stored(0, key.into(), size(key));
        } else {
            references.hit(0, key.into(), size(key));
        }
    }
    references
}

/// The most hits of a store that keeps every miss: each set of keys that it can hold, and the most
/// hits with which it is reached.
fn most_hits(keys: &[u8], capacity: usize) -> u64 {
    let mut states = BTreeMap::from([(BTreeSet::new(), 0)]);
    for &key in keys {
        let mut next: BTreeMap<BTreeSet<u8>, u64> = BTreeMap::new();
        let mut reach = |state: BTreeSet<u8>, hits: u64| {
            let best = next.entry(state).or_default();
            *best = hits.max(*best);
        };
        for (state, hits) in states {
            if state.contains(&key) {
                reach(state, hits + 1);
                continue;
            }
            let mut with = state.clone();
            with.insert(key);
            if with.len() <= capacity {
                reach(with, hits);
                continue;
            }
            for &victim in &state {
                let mut left = with.clone();
                left.remove(&victim);
                reach(left, hits);
            }
        }
        states = next;
    }
    states.into_values().max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_has_more_hits(keys in prop::collection::vec(0u8..6, 1..30), capacity in 1usize..5) {
        let references = recorded(&keys, |_| 1, false);
        let hits = references.clairvoyant_hits(Capacity::Entries(capacity as u64));
        prop_assert_eq!(hits, most_hits(&keys, capacity));
    }
}

#[test]
fn sizes_count_and_what_is_too_large_is_not_stored() {
    let references = recorded(&[1, 2, 9, 1, 2, 9], |key| u64::from(key) * 10, true);
    let hits = |bytes| references.clairvoyant_hits(Capacity::Bytes(Bytes(bytes)));
    assert_eq!(hits(30), 2, "the third is larger than the store");
    assert_eq!(hits(120), 3);
    assert_eq!(hits(5), 0);
}

#[test]
fn a_copy_that_is_stored_anew_was_not_needed_in_between() {
    let mut references = References::new(false);
    references.stored(0, 1, 1);
    references.stored(0, 2, 1);
    // Copy 1 dies here, and is filled again: keeping it was of no use.
    references.stored(0, 1, 1);
    references.hit(0, 2, 1);
    assert_eq!(references.clairvoyant_hits(Capacity::Entries(1)), 0);
    assert_eq!(references.clairvoyant_hits(Capacity::Entries(2)), 1);
    // Another instance is another store.
    references.stored(1, 2, 1);
    references.hit(1, 2, 1);
    assert_eq!(references.clairvoyant_hits(Capacity::Entries(1)), 1);
}
