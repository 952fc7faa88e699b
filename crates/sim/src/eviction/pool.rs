//! Redis' eviction pool: the best candidates of the samples so far.

use super::View;
use super::residents::Residents;
use crate::store::KeyId;

/// Redis' `maxmemory-samples`.
const SAMPLES: usize = 5;

/// Redis' `EVPOOL_SIZE`.
const POOL: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Candidate {
    slot: u32,
    key: KeyId,
    /// When it was sampled; the greatest leaves.
    idleness: u64,
}

/// Approximated eviction as of Redis 3.0 (`evict.c`): each time five copies are drawn and sorted
/// into a pool of sixteen by how idle they are now, and the one that was the most idle when it was
/// drawn leaves. A candidate whose copy is gone by then is passed over.
///
/// Redis draws from neighbouring places of its hash table; here each copy is drawn with the same
/// probability.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    /// The least idle first.
    candidates: Vec<Candidate>,
}

impl Pool {
    /// Draws until somebody is found; `None` if there are no copies.
    pub(super) fn victim(
        &mut self,
        residents: &mut Residents,
        view: View<'_>,
        idleness: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        loop {
            for _ in 0..SAMPLES {
                let slot = residents.draw()?;
                self.offer(Candidate {
                    slot,
                    key: view.copies.key(slot),
                    idleness: idleness(slot),
                });
            }
            while let Some(candidate) = self.candidates.pop() {
                let there = residents.contains(candidate.slot)
                    && view.copies.key(candidate.slot) == candidate.key;
                if there {
                    return Some(candidate.slot);
                }
            }
        }
    }

    fn offer(&mut self, candidate: Candidate) {
        let place = self
            .candidates
            .partition_point(|other| other.idleness < candidate.idleness);
        if self.candidates.len() < POOL {
            self.candidates.insert(place, candidate);
        } else if place > 0 {
            self.candidates.remove(0);
            self.candidates.insert(place - 1, candidate);
        }
    }
}
