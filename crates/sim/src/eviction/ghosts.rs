//! What policies remember of copies that left: their keys, in lists from oldest to newest.

use super::PEEKED_MAX;
use super::list::Lists;
use crate::store::{Index, KeyId};

#[derive(Debug, Clone, Copy)]
struct Ghost {
    key: KeyId,
    list: u8,
    weight: u64,
}

/// Disjoint lists of remembered keys.
#[derive(Debug, Clone)]
pub(super) struct Ghosts {
    order: Lists,
    ghosts: Vec<Ghost>,
    free: Vec<u32>,
    index: Index,
    weights: Vec<u64>,
}

impl Ghosts {
    /// That many empty lists.
    pub(super) fn new(lists: u8) -> Self {
        Self {
            order: Lists::new(lists.into()),
            ghosts: Vec::new(),
            free: Vec::new(),
            index: Index::default(),
            weights: vec![0; lists.into()],
        }
    }

    /// Remembers a key that is not remembered, as the newest of a list.
    #[inline]
    pub(super) fn push(&mut self, list: u8, key: KeyId, weight: u64) {
        let node = self.free.pop().unwrap_or(self.ghosts.len() as u32);
        super::put(&mut self.ghosts, node, Ghost { key, list, weight });
        self.order.push(list.into(), node);
        let all = self.ghosts.len() - self.free.len();
        self.index.insert(key, node, all);
        self.weights[usize::from(list)] += weight;
    }

    /// The list that remembers a key.
    #[inline]
    pub(super) fn list_of(&self, key: KeyId) -> Option<u8> {
        let node = self.index.get(key)?;
        Some(self.ghosts[node as usize].list)
    }

    /// See [`super::Eviction::peek_keys`].
    #[inline]
    pub(super) fn peek(&self, keys: &[u32]) -> u32 {
        let mut nodes = [0; PEEKED_MAX];
        self.index.fetch(keys, &mut nodes);
        nodes.iter().fold(0, |all, node| all ^ node)
    }

    /// Forgets a key. Was it remembered?
    #[inline]
    pub(super) fn forget(&mut self, key: KeyId) -> bool {
        match self.index.get(key) {
            Some(node) => {
                self.release(node);
                true
            }
            None => false,
        }
    }

    /// Forgets the oldest key of a list. Was there one?
    #[inline]
    pub(super) fn pop(&mut self, list: u8) -> bool {
        match self.order.oldest(list.into()) {
            Some(node) => {
                self.release(node);
                true
            }
            None => false,
        }
    }

    /// Of all keys of a list, as they weighed when they were remembered.
    #[inline]
    pub(super) fn weight(&self, list: u8) -> u64 {
        self.weights[usize::from(list)]
    }

    #[inline]
    fn release(&mut self, node: u32) {
        let Ghost { key, list, weight } = self.ghosts[node as usize];
        self.order.unlink(node);
        self.index.remove(key);
        self.weights[usize::from(list)] -= weight;
        self.free.push(node);
    }
}
