//! Single cases of stores.

use super::index::Index;
use super::*;
use cachepolicy_core::units::Bytes;

pub(super) fn copy(key: u32, size: u64, dead_from: Time) -> NewCopy<()> {
    NewCopy {
        key: KeyId(key),
        level: LevelId(0),
        size,
        dead_from,
        value: (),
    }
}

#[test]
fn an_index_goes_from_a_table_to_a_map_and_back() {
    let mut index = Index::default();
    index.insert(KeyId(3), 0, 0);
    assert!(matches!(index, Index::Table(_)));
    index.insert(KeyId(1_000_000), 1, 1);
    assert!(matches!(index, Index::Map { .. }));
    for slot in 2..300_000 {
        index.insert(KeyId(slot * 3), slot, slot as usize);
    }
    assert!(matches!(index, Index::Table(_)));
    index.remove(KeyId(9));
    assert_eq!(index.get(KeyId(9)), None);
    assert_eq!(index.get(KeyId(3)), Some(0));
    assert_eq!(index.get(KeyId(1_000_000)), Some(1));
    assert_eq!(index.get(KeyId(600_000)), Some(200_000));
}

#[test]
fn an_unbounded_store_does_not_keep_the_dead() {
    let mut store = Store::new(None, Evict::Lru, 0);
    let mut removed = Vec::new();
    for second in 0..10_000 {
        let now = Time::from_nanos(i64::from(second) * 1_000_000_000);
        let dead_from = Time::from_nanos(now.nanos() + 60_000_000_000);
        store.insert(copy(second, 100, dead_from), now, &mut removed);
    }
    assert_eq!(store.len(), 60);
    assert_eq!(store.bytes(), 6_000);
    assert_eq!(removed.len(), 9_940);
    assert!(store.rack.slots() <= 61, "slots are used again");
}

#[test]
fn the_dead_leave_before_anybody_else() {
    let mut store = Store::new(Some(Capacity::Entries(3)), Evict::Lru, 0);
    let mut removed = Vec::new();
    store.insert(copy(1, 1, Time::NEVER), Time::ZERO, &mut removed);
    store.insert(copy(2, 1, Time::from_nanos(50)), Time::ZERO, &mut removed);
    store.insert(copy(3, 1, Time::NEVER), Time::ZERO, &mut removed);
    store.insert(copy(4, 1, Time::NEVER), Time::from_nanos(50), &mut removed);
    let left: Vec<_> = removed
        .iter()
        .map(|copy| (copy.key.0, copy.reason))
        .collect();
    assert_eq!(left, [(2, Reason::Expired)]);
}

#[test]
fn what_is_too_large_takes_the_older_copy_with_it() {
    let mut store = Store::new(Some(Capacity::Bytes(Bytes(10))), Evict::Lru, 0);
    let mut removed = Vec::new();
    store.insert(copy(1, 10, Time::NEVER), Time::ZERO, &mut removed);
    let inserted = store.insert(copy(1, 11, Time::NEVER), Time::ZERO, &mut removed);
    assert_eq!(inserted, Inserted::TooLarge);
    assert_eq!(store.lookup(KeyId(1)), None);
    assert_eq!(removed[0].reason, Reason::Replaced);
}
