//! `redis-lru`: Redis' `allkeys-lru`, which is LRU by samples and a coarse clock.

use super::pool::Pool;
use super::residents::Residents;
use super::{Eviction, Newcomer, Setting, Victim, View};
use cachepolicy_core::units::Time;

/// Redis' clock has 24 bits.
const CLOCK_MAX: u32 = (1 << 24) - 1;

/// Of one tick, in nanoseconds: Redis' `LRU_CLOCK_RESOLUTION`.
const TICK: i64 = 1_000_000_000;

/// Redis 7 with `maxmemory-policy allkeys-lru` and 5 samples. A copy remembers the second of its
/// last use in 24 bits, so that uses in one second cannot be told apart and idle times wrap after
/// 194 days; a trace without times makes it draw at random.
///
/// Redis counts its own overhead and evicts before a command runs if memory is over the limit by
/// then; here sizes are those of the copies, and the new copy has to fit.
#[derive(Debug, Clone)]
pub(crate) struct RedisLru {
    residents: Residents,
    pool: Pool,
    /// By slot.
    last_use: Vec<u32>,
}

/// Seconds in 24 bits.
fn clock(now: Time) -> u32 {
    (now.nanos().div_euclid(TICK) as u32) & CLOCK_MAX
}

impl Eviction for RedisLru {
    fn new(setting: Setting) -> Self {
        Self {
            residents: Residents::new(setting.seed),
            pool: Pool::default(),
            last_use: Vec::new(),
        }
    }

    fn inserted(&mut self, slot: u32, view: View<'_>) {
        super::put(&mut self.last_use, slot, clock(view.now));
        self.residents.add(slot);
    }

    #[inline]
    fn touched(&mut self, slot: u32, view: View<'_>) {
        self.last_use[slot as usize] = clock(view.now);
    }

    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.residents.remove(slot);
    }

    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        let now = clock(view.now);
        let last_use = &self.last_use;
        let idleness = |slot: u32| {
            let used = last_use[slot as usize];
            u64::from(now.wrapping_sub(used) & CLOCK_MAX)
        };
        match self.pool.victim(&mut self.residents, view, idleness) {
            Some(slot) => {
                self.residents.remove(slot);
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }
}
