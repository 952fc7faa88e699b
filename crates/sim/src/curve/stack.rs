//! The distances of a stack: what LRU would hit at every capacity, in one pass.

use std::collections::BinaryHeap;

/// A key without a place, a place without a key.
const NONE: u32 = u32::MAX;

/// The place was that of a copy that was removed.
const HOLE: u32 = u32::MAX - 1;

/// Places at first.
const PLACES_MIN: usize = 1024;

/// The keys of one store in the order of their last use (Mattson, Gecsei, Slutz, Traiger,
/// "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970). LRU with a
/// capacity C holds the keys that lie within C of the top, so that the depth of a key when it is
/// used again is the least capacity that hits.
///
/// Each use takes the next place, and a Fenwick tree (Fenwick, Software: Practice and Experience
/// 24(3), 1994) adds up what lies above a place, as in Olken's algorithm (LBL-12370, 1981) with
/// another tree: O(log n) a use. When the places are used up, those that are left move together.
///
/// A copy that is removed leaves a hole: the store has room where it was, and the next key that
/// comes from below, or from nowhere, fills the hole instead of pushing somebody out. 24 bytes for
/// each key that is held, and 4 for each key there is.
#[derive(Debug)]
pub(super) struct Stack {
    /// By key: its place.
    places: Vec<u32>,
    /// By place: its key, [`NONE`] or [`HOLE`].
    keys: Vec<u32>,
    tree: Fenwick,
    /// The place of the next use.
    next: usize,
    /// Places with a key or a hole.
    occupied: usize,
    /// The topmost first.
    holes: BinaryHeap<u32>,
    /// By key, where they weigh their bytes.
    sizes: Option<Vec<u64>>,
}

impl Stack {
    /// An empty one of keys that weigh their bytes, or 1 each.
    pub(super) fn new(by_bytes: bool) -> Self {
        Self {
            places: Vec::new(),
            keys: vec![NONE; PLACES_MIN],
            tree: Fenwick::new(PLACES_MIN),
            next: 0,
            occupied: 0,
            holes: BinaryHeap::new(),
            sizes: by_bytes.then(Vec::new),
        }
    }

    /// A key is used, and is on top from then on. How deep it lay, its own weight included, in the
    /// weights of before; `None`: it was not there.
    pub(super) fn touch(&mut self, key: u32, size: u64) -> Option<u64> {
        if self.next == self.keys.len() {
            self.compact();
        }
        let index = key as usize;
        if index >= self.places.len() {
            self.places.resize(index + 1, NONE);
        }
        let place = self.places[index];
        let depth = (place != NONE).then(|| self.depth(place));
        let top = self.holes.peek().copied();
        let hole = top.filter(|&hole| place == NONE || hole > place);
        if let Some(hole) = hole {
            self.holes.pop();
            self.vacate(hole);
        }
        match (place, hole) {
            (NONE, _) => {}
            (place, None) => self.vacate(place),
            // Stores that held the key have as much room as before, now where the key was.
            (place, Some(_)) => {
                self.keys[place as usize] = HOLE;
                self.holes.push(place);
            }
        }
        self.occupy(key, size);
        depth
    }

    /// Is a key on top?
    pub(super) fn is_top(&self, key: u32) -> bool {
        let place = self.places.get(key as usize).copied().unwrap_or(NONE);
        place != NONE && place as usize + 1 == self.next
    }

    /// The bytes with which a key was used last.
    pub(super) fn size(&self, key: u32) -> Option<u64> {
        let place = self.places.get(key as usize).copied().unwrap_or(NONE);
        let sizes = self.sizes.as_ref().filter(|_| place != NONE)?;
        sizes.get(key as usize).copied()
    }

    /// A key is removed from every store.
    pub(super) fn remove(&mut self, key: u32) {
        let place = self.places.get(key as usize).copied().unwrap_or(NONE);
        if place == NONE {
            return;
        }
        self.places[key as usize] = NONE;
        if self.sizes.is_some() {
            self.vacate(place);
        } else {
            self.keys[place as usize] = HOLE;
            self.holes.push(place);
        }
    }

    fn occupy(&mut self, key: u32, size: u64) {
        let weight = match &mut self.sizes {
            Some(sizes) => {
                if key as usize >= sizes.len() {
                    sizes.resize(key as usize + 1, 0);
                }
                sizes[key as usize] = size;
                size
            }
            None => 1,
        };
        self.places[key as usize] = self.next as u32;
        self.keys[self.next] = key;
        self.tree.add(self.next, weight);
        self.next += 1;
        self.occupied += 1;
    }

    fn vacate(&mut self, place: u32) {
        let weight = self.weight(self.keys[place as usize]);
        self.tree.subtract(place as usize, weight);
        self.keys[place as usize] = NONE;
        self.occupied -= 1;
    }

    fn weight(&self, key: u32) -> u64 {
        match &self.sizes {
            Some(sizes) => sizes.get(key as usize).copied().unwrap_or(0),
            None => 1,
        }
    }

    /// Of everything from the top down to a place.
    fn depth(&self, place: u32) -> u64 {
        self.tree.total() - self.tree.before(place as usize)
    }

    /// Moves what is left together, in its order.
    fn compact(&mut self) {
        let room = (self.occupied * 2).max(PLACES_MIN);
        let mut keys = Vec::with_capacity(room);
        self.holes.clear();
        for &key in self.keys.iter().filter(|key| **key != NONE) {
            let place = keys.len() as u32;
            match key {
                HOLE => self.holes.push(place),
                key => self.places[key as usize] = place,
            }
            keys.push(key);
        }
        self.next = keys.len();
        let weights: Vec<u64> = keys.iter().map(|&key| self.weight(key)).collect();
        self.tree = Fenwick::of(&weights, room);
        keys.resize(room, NONE);
        self.keys = keys;
    }
}

/// Sums of weights before a place.
#[derive(Debug)]
struct Fenwick {
    /// The node of place p is p + 1; it has the sum of the places that its lowest bit spans.
    nodes: Vec<u64>,
    total: u64,
}

impl Fenwick {
    fn new(places: usize) -> Self {
        Self {
            nodes: vec![0; places + 1],
            total: 0,
        }
    }

    fn of(weights: &[u64], places: usize) -> Self {
        let mut tree = Self::new(places);
        tree.total = weights.iter().sum();
        for (place, weight) in weights.iter().enumerate() {
            tree.nodes[place + 1] = *weight;
        }
        for node in 1..=places {
            let above = node + lowest_bit(node);
            if above <= places {
                tree.nodes[above] += tree.nodes[node];
            }
        }
        tree
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn add(&mut self, place: usize, weight: u64) {
        self.total += weight;
        let mut node = place + 1;
        while let Some(sum) = self.nodes.get_mut(node) {
            *sum += weight;
            node += lowest_bit(node);
        }
    }

    fn subtract(&mut self, place: usize, weight: u64) {
        self.total -= weight;
        let mut node = place + 1;
        while let Some(sum) = self.nodes.get_mut(node) {
            *sum -= weight;
            node += lowest_bit(node);
        }
    }

    fn before(&self, place: usize) -> u64 {
        let (mut node, mut sum) = (place, 0);
        while node > 0 {
            sum += self.nodes[node];
            node -= lowest_bit(node);
        }
        sum
    }
}

const fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}
