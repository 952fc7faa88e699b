//! Who leaves is whoever is needed again last.

use super::References;
use std::collections::BinaryHeap;

/// It is not needed again.
const NEVER: u32 = u32::MAX;

/// A copy that is not in its store.
const ABSENT: u64 = u64::MAX;

/// Belady's MIN (IBM Systems Journal 5(2), 1966): every miss is stored, and whoever is looked up
/// again last makes room. No policy that stores every miss has more hits where all copies weigh the
/// same; one that refuses newcomers (`wtinylfu`, `none`) could have a few more. Where copies have
/// sizes, finding the most hits is NP-hard, and this is a rule of thumb that is hard to beat.
///
/// A heap for each instance, whose entries for copies that were used again or are gone are passed
/// over when they come up.
pub(super) fn hits(references: &References, capacity: u64) -> u64 {
    let next = next_hits(references);
    let mut residents = Residents {
        weights: vec![ABSENT; references.copies()],
        needed: vec![NEVER; references.copies()],
        instances: Vec::new(),
        capacity,
    };
    let mut hits = 0;
    for (index, &needed) in next.iter().enumerate() {
        let reference = references.get(index);
        let copy = reference.copy;
        let instance = references.instance(copy);
        if reference.is_hit && residents.is_there(copy) {
            hits += u64::from(references.counts(index));
            residents.renew(instance, copy, needed);
        } else {
            residents.store(instance, copy, reference.weight, needed);
        }
    }
    hits
}

/// For each reference: the next one that hits the same copy before that is stored anew.
fn next_hits(references: &References) -> Vec<u32> {
    let mut coming = vec![NEVER; references.copies()];
    let mut next = vec![NEVER; references.len()];
    for index in (0..references.len()).rev() {
        let reference = references.get(index);
        let coming = &mut coming[reference.copy as usize];
        next[index] = *coming;
        *coming = if reference.is_hit {
            index as u32
        } else {
            NEVER
        };
    }
    next
}

struct Residents {
    /// By copy.
    weights: Vec<u64>,
    /// By copy: when it is needed again.
    needed: Vec<u32>,
    instances: Vec<Instance>,
    /// Of each instance.
    capacity: u64,
}

#[derive(Default)]
struct Instance {
    weight: u64,
    /// Who is needed last comes first.
    order: BinaryHeap<(u32, u32)>,
}

impl Residents {
    fn is_there(&self, copy: u32) -> bool {
        self.weights[copy as usize] != ABSENT
    }

    fn renew(&mut self, instance: usize, copy: u32, needed: u32) {
        self.needed[copy as usize] = needed;
        self.instances[instance].order.push((needed, copy));
    }

    fn store(&mut self, instance: usize, copy: u32, weight: u64, needed: u32) {
        if instance >= self.instances.len() {
            self.instances.resize_with(instance + 1, Instance::default);
        }
        self.remove(instance, copy);
        if weight > self.capacity {
            return;
        }
        while self.instances[instance].weight > self.capacity - weight {
            let Some((needed, victim)) = self.instances[instance].order.pop() else {
                break;
            };
            if self.needed[victim as usize] == needed {
                self.remove(instance, victim);
            }
        }
        self.weights[copy as usize] = weight;
        self.instances[instance].weight += weight;
        self.renew(instance, copy, needed);
    }

    /// Does nothing where it is not there.
    fn remove(&mut self, instance: usize, copy: u32) {
        let weight = core::mem::replace(&mut self.weights[copy as usize], ABSENT);
        if weight != ABSENT {
            self.instances[instance].weight -= weight;
        }
    }
}
