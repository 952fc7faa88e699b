//! `s3fifo`: a small queue for what is new, a main one for what came back.

use super::ghosts::Ghosts;
use super::list::Lists;
use super::{Eviction, Newcomer, Setting, Victim, View};

const SMALL: usize = 0;
const MAIN: usize = 1;

/// Reads are counted up to this.
const COUNT_MAX: u8 = 3;

/// A copy with so many reads moves from the small queue to the main one.
const READS_TO_MOVE: u8 = 2;

/// S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson, SOSP 2023): a small queue with 10% of the capacity, a
/// main queue with the rest, and ghosts of 90% of the capacity. A copy that was read
/// twice in the small queue moves to the main one, others leave it and become ghosts; a ghost that
/// comes back goes to the main queue at once. The main queue counts up to 3 reads, and gives a copy
/// another round for each.
///
/// As in libCacheSim 0.3.5, and unlike the paper: until somebody has been evicted, newcomers go to
/// the main queue when the small one is full, so that they do not have to pass the small queue all
/// at once when the cache has filled up.
/// Unlike in libCacheSim, a copy larger than the small queue is stored.
#[derive(Debug, Clone)]
pub(crate) struct S3Fifo {
    queues: Lists,
    /// By slot: the queue that it is in.
    queue_of: Vec<u8>,
    /// By slot: reads, up to [`COUNT_MAX`].
    reads: Vec<u8>,
    weights: [u64; 2],
    main_max: u64,
    small_max: u64,
    ghosts_max: u64,
    ghosts: Ghosts,
    /// Is the newcomer remembered?
    returning: bool,
    /// Has anybody been evicted yet?
    filled: bool,
}

impl S3Fifo {
    #[inline]
    fn join(&mut self, queue: usize, slot: u32, weight: u64) {
        super::put(&mut self.queue_of, slot, queue as u8);
        self.queues.push(queue, slot);
        self.weights[queue] += weight;
    }

    #[inline]
    fn leave(&mut self, slot: u32, weight: u64) {
        let queue = usize::from(self.queue_of[slot as usize]);
        self.queues.unlink(slot);
        self.weights[queue] -= weight;
    }

    /// Evicts the oldest copy of the small queue that was not read often enough; what was moves to
    /// the main queue.
    #[inline]
    fn victim_of_small(&mut self, view: View<'_>) -> Option<u32> {
        while let Some(slot) = self.queues.oldest(SMALL) {
            let weight = view.copies.weight(slot);
            self.leave(slot, weight);
            if self.reads[slot as usize] < READS_TO_MOVE {
                self.remember(slot, weight, view);
                return Some(slot);
            }
            self.reads[slot as usize] = 0;
            self.join(MAIN, slot, weight);
        }
        None
    }

    #[inline]
    fn remember(&mut self, slot: u32, weight: u64, view: View<'_>) {
        if weight > self.ghosts_max {
            return;
        }
        while self.ghosts.weight(0) > self.ghosts_max - weight {
            self.ghosts.pop(0);
        }
        self.ghosts.push(0, view.copies.key(slot), weight);
    }

    /// Evicts the oldest copy of the main queue that was not read since it was last passed.
    #[inline]
    fn victim_of_main(&mut self, view: View<'_>) -> Option<u32> {
        while let Some(slot) = self.queues.pop(MAIN) {
            let reads = self.reads[slot as usize];
            if reads == 0 {
                self.weights[MAIN] -= view.copies.weight(slot);
                return Some(slot);
            }
            self.reads[slot as usize] = reads - 1;
            self.queues.push(MAIN, slot);
        }
        None
    }
}

impl Eviction for S3Fifo {
    fn new(setting: Setting) -> Self {
        Self {
            queues: Lists::new(2),
            queue_of: Vec::new(),
            reads: Vec::new(),
            weights: [0; 2],
            main_max: setting.capacity - setting.capacity / 10,
            small_max: setting.capacity / 10,
            ghosts_max: (u128::from(setting.capacity) * 9 / 10) as u64,
            ghosts: Ghosts::new(1, setting.by_bytes),
            returning: false,
            filled: false,
        }
    }

    #[inline]
    fn arriving(&mut self, newcomer: Newcomer, _view: View<'_>) {
        self.returning = self.ghosts.forget(newcomer.key);
    }

    #[inline]
    fn inserted(&mut self, slot: u32, view: View<'_>) {
        super::put(&mut self.reads, slot, 0);
        let warming_up = !self.filled && self.weights[SMALL] >= self.small_max;
        let queue = if self.returning || warming_up {
            MAIN
        } else {
            SMALL
        };
        self.join(queue, slot, view.copies.weight(slot));
    }

    #[inline]
    fn touched(&mut self, slot: u32, _view: View<'_>) {
        let reads = &mut self.reads[slot as usize];
        *reads = (*reads + 1).min(COUNT_MAX);
    }

    #[inline]
    fn prefetch_keys(&self, keys: &[u32]) {
        self.ghosts.prefetch(keys);
    }

    #[inline]
    fn leaving_soon(&mut self, count: usize, see: impl FnMut(u32)) {
        self.queues.oldest_few(SMALL, count).for_each(see);
    }

    fn replaced(&mut self, slot: u32, weight_before: u64, view: View<'_>) {
        let queue = usize::from(self.queue_of[slot as usize]);
        self.weights[queue] = self.weights[queue] - weight_before + view.copies.weight(slot);
        self.touched(slot, view);
    }

    #[inline]
    fn removed(&mut self, slot: u32, view: View<'_>) {
        self.leave(slot, view.copies.weight(slot));
    }

    #[inline]
    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        self.filled = true;
        let from_small = if self.weights[MAIN] > self.main_max {
            None
        } else {
            self.victim_of_small(view)
        };
        from_small
            .or_else(|| self.victim_of_main(view))
            .or_else(|| self.victim_of_small(view))
            .map_or(Victim::Newcomer, Victim::Slot)
    }
}
