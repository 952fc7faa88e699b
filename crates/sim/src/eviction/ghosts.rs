//! What policies remember of copies that left: their keys, in lists from oldest to newest.

use crate::store::{Index, KeyId};
use std::collections::VecDeque;

/// In place of a key that was forgotten before its turn came.
const FORGOTTEN: KeyId = KeyId(u32::MAX);

/// So many places of forgotten keys are kept, whatever the number of those that are remembered.
const FORGOTTEN_FREE: usize = 64;

/// One list. The places of forgotten keys stay until their turn comes, or until there are more of
/// them than of others.
#[derive(Debug, Clone, Default)]
struct Remembered {
    keys: VecDeque<KeyId>,
    /// As they weighed when they were remembered; empty where each weighs 1.
    weights: VecDeque<u64>,
    /// The number of the first place.
    first: u32,
    /// Of all that are remembered.
    count: usize,
    weight: u64,
}

impl Remembered {
    /// Takes the first place out. The key that was there, if it is still remembered.
    #[inline]
    fn pop_place(&mut self) -> Option<Option<KeyId>> {
        let key = self.keys.pop_front()?;
        let weight = self.weights.pop_front().unwrap_or(1);
        self.first += 1;
        if key == FORGOTTEN {
            return Some(None);
        }
        self.count -= 1;
        self.weight -= weight;
        Some(Some(key))
    }

    /// Forgets the key at a place.
    #[inline]
    fn forget(&mut self, place: u32) {
        let index = (place - self.first) as usize;
        if let Some(key) = self.keys.get_mut(index) {
            *key = FORGOTTEN;
            self.count -= 1;
            self.weight -= self.weights.get(index).copied().unwrap_or(1);
        }
    }
}

/// Disjoint lists of remembered keys.
#[derive(Debug, Clone)]
pub(super) struct Ghosts {
    lists: Vec<Remembered>,
    /// By key: the number of its place and its list, see [`Ghosts::node`].
    index: Index,
    by_bytes: bool,
}

impl Ghosts {
    /// That many empty lists, whose keys are weighed in bytes or weigh 1.
    pub(super) fn new(lists: u8, by_bytes: bool) -> Self {
        Self {
            lists: vec![Remembered::default(); lists.into()],
            index: Index::default(),
            by_bytes,
        }
    }

    #[inline]
    fn node(&self, list: u8, place: u32) -> u32 {
        place * self.lists.len() as u32 + u32::from(list)
    }

    /// The list and the place of a key.
    #[inline]
    fn find(&self, key: KeyId) -> Option<(u8, u32)> {
        let (node, lists) = (self.index.get(key)?, self.lists.len() as u32);
        Some(((node % lists) as u8, node / lists))
    }

    /// Remembers a key that is not remembered, as the newest of a list.
    #[inline]
    pub(super) fn push(&mut self, list: u8, key: KeyId, weight: u64) {
        let places_max = (u32::MAX - 1) / self.lists.len() as u32;
        let of = &mut self.lists[usize::from(list)];
        let places = of.keys.len();
        if places > 2 * of.count + FORGOTTEN_FREE || of.first + places as u32 >= places_max - 1 {
            self.renumber(list);
        }
        let of = &mut self.lists[usize::from(list)];
        let place = of.first + of.keys.len() as u32;
        of.keys.push_back(key);
        if self.by_bytes {
            of.weights.push_back(weight);
        }
        of.count += 1;
        of.weight += if self.by_bytes { weight } else { 1 };
        let node = self.node(list, place);
        if !self.index.set(key, node) {
            let all = self.lists.iter().map(|list| list.count).sum();
            self.index.insert(key, node, all);
        }
    }

    /// Drops the places of forgotten keys; the others are numbered anew.
    #[cold]
    fn renumber(&mut self, list: u8) {
        let mut old = core::mem::take(&mut self.lists[usize::from(list)]);
        for (index, key) in old.keys.drain(..).enumerate() {
            if key != FORGOTTEN {
                let weight = old.weights.get(index).copied().unwrap_or(1);
                self.push(list, key, weight);
            }
        }
    }

    /// The list that remembers a key.
    #[inline]
    pub(super) fn list_of(&self, key: KeyId) -> Option<u8> {
        Some(self.find(key)?.0)
    }

    /// See [`super::Eviction::prefetch_keys`].
    #[inline]
    pub(super) fn prefetch(&self, keys: &[u32]) {
        keys.iter().for_each(|key| self.index.prefetch(KeyId(*key)));
    }

    /// Forgets a key. Was it remembered?
    #[inline]
    pub(super) fn forget(&mut self, key: KeyId) -> bool {
        let Some((list, place)) = self.find(key) else {
            return false;
        };
        self.lists[usize::from(list)].forget(place);
        self.index.remove(key);
        true
    }

    /// Forgets the oldest key of a list. Was there one?
    #[inline]
    pub(super) fn pop(&mut self, list: u8) -> bool {
        while let Some(popped) = self.lists[usize::from(list)].pop_place() {
            if let Some(key) = popped {
                self.index.remove(key);
                return true;
            }
        }
        false
    }

    /// Of all keys of a list, as they weighed when they were remembered.
    #[inline]
    pub(super) fn weight(&self, list: u8) -> u64 {
        self.lists[usize::from(list)].weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_remembered_is_forgotten_in_order(
            steps in prop::collection::vec((0..4_u8, 0..2_u8, 0..300_u32), 1..900),
            by_bytes in any::<bool>(),
        ) {
            let mut ghosts = Ghosts::new(2, by_bytes);
            let mut model: [Vec<(u32, u64)>; 2] = Default::default();
            for (step, list, key) in steps {
                let known = model.iter().position(|list| list.iter().any(|(own, _)| *own == key));
                prop_assert_eq!(ghosts.list_of(KeyId(key)).map(usize::from), known);
                let of = usize::from(list);
                match step {
                    0 => {
                        prop_assert_eq!(ghosts.forget(KeyId(key)), known.is_some());
                        model.iter_mut().for_each(|list| list.retain(|(own, _)| *own != key));
                    }
                    1 => {
                        prop_assert_eq!(ghosts.pop(list), !model[of].is_empty());
                        model[of].drain(..model[of].len().min(1));
                    }
                    _ if known.is_none() => {
                        let weight = if by_bytes { u64::from(key) } else { 1 };
                        ghosts.push(list, KeyId(key), weight);
                        model[of].push((key, weight));
                    }
                    _ => {}
                }
                for (list, model) in (0..).zip(&model) {
                    let weight: u64 = model.iter().map(|(_, weight)| weight).sum();
                    prop_assert_eq!(ghosts.weight(list), weight);
                }
            }
        }
    }
}
