//! Sorting of lists that are short, or sorted seldom.
//!
//! The standard library's sorts are made anew for every type and order, 4 kB of code each, and a browser has to
//! load them. These sort places in a list, by one piece of code for all types, and then move what stands there.

use core::cmp::Ordering;

/// Sorts a list; what is equal keeps its order.
pub fn by<T>(list: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut from = places(list.len(), &mut |a, b| compare(&list[a], &list[b]));
    // Along each cycle: what belongs to a place is brought there, and what was there goes on.
    for start in 0..from.len() {
        let mut place = start;
        loop {
            let next = core::mem::replace(&mut from[place], place);
            if next == start {
                break;
            }
            list.swap(place, next);
            place = next;
        }
    }
}

/// Sorts a list by a key of its elements; what is equal keeps its order.
pub fn by_key<T, K: Ord>(list: &mut [T], mut key: impl FnMut(&T) -> K) {
    by(list, |a, b| key(a).cmp(&key(b)));
}

/// Sorts a list.
pub fn ascending<T: Ord>(list: &mut [T]) {
    by(list, T::cmp);
}

/// Which element belongs to each place.
#[inline(never)]
fn places(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|&a, &b| compare(a, b));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_as_the_standard_library_does(
            list in prop::collection::vec((0_u8..8, any::<u8>()), 0..60),
        ) {
            let (mut ours, mut theirs) = (list.clone(), list.clone());
            by_key(&mut ours, |(key, _)| *key);
            theirs.sort_by_key(|(key, _)| *key);
            prop_assert_eq!(&ours, &theirs);
            by(&mut ours, |a, b| b.cmp(a));
            theirs.sort_by(|a, b| b.cmp(a));
            prop_assert_eq!(&ours, &theirs);
            ascending(&mut ours);
            theirs.sort();
            prop_assert_eq!(ours, theirs);
        }
    }
}
