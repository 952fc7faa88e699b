//! `redis-lfu`: Redis' `allkeys-lfu`, which is LFU by samples and counters that grow like a
//! logarithm and shrink with time.

use super::pool::Pool;
use super::residents::Residents;
use super::{Eviction, Newcomer, Setting, Victim, View};
use cachepolicy_core::units::Time;

/// A new copy begins with this count: Redis' `LFU_INIT_VAL`.
const COUNT_NEW: u8 = 5;

/// Redis' `lfu-log-factor`.
const LOG_FACTOR: f64 = 10.0;

/// In nanoseconds. A count shrinks by one in each: Redis' `lfu-decay-time 1`.
const MINUTE: i64 = 60_000_000_000;

/// Redis 7 with `maxmemory-policy allkeys-lfu`, `lfu-log-factor 10`, `lfu-decay-time 1` and 5
/// samples. A count has 8 bits; a use increments it with probability 1 / (10 · (count − 5) + 1),
/// and before that it loses one for each whole minute since its last use, which is remembered in
/// 16 bits (45 days). Overwriting a copy keeps its count and is a use.
#[derive(Debug, Clone)]
pub(crate) struct RedisLfu {
    residents: Residents,
    pool: Pool,
    /// By slot.
    uses: Vec<Uses>,
}

#[derive(Debug, Clone, Copy)]
struct Uses {
    count: u8,
    /// Of the last use.
    minute: u16,
}

impl Uses {
    fn decayed(self, minute: u16) -> u8 {
        let minutes = minute.wrapping_sub(self.minute);
        self.count
            .saturating_sub(u8::try_from(minutes).unwrap_or(u8::MAX))
    }
}

/// Minutes in 16 bits.
fn minute(now: Time) -> u16 {
    now.nanos().div_euclid(MINUTE) as u16
}

impl Eviction for RedisLfu {
    fn new(setting: Setting) -> Self {
        Self {
            residents: Residents::new(setting.seed),
            pool: Pool::default(),
            uses: Vec::new(),
        }
    }

    fn inserted(&mut self, slot: u32, view: View<'_>) {
        let uses = Uses {
            count: COUNT_NEW,
            minute: minute(view.now),
        };
        super::put(&mut self.uses, slot, uses);
        self.residents.add(slot);
    }

    fn touched(&mut self, slot: u32, view: View<'_>) {
        let minute = minute(view.now);
        let count = self.uses[slot as usize].decayed(minute);
        let above = f64::from(count.saturating_sub(COUNT_NEW));
        let grows = count < u8::MAX && self.residents.chance() < 1.0 / (above * LOG_FACTOR + 1.0);
        self.uses[slot as usize] = Uses {
            count: count + u8::from(grows),
            minute,
        };
    }

    fn removed(&mut self, slot: u32, _view: View<'_>) {
        self.residents.remove(slot);
    }

    fn victim(&mut self, _newcomer: Option<Newcomer>, view: View<'_>) -> Victim {
        let minute = minute(view.now);
        let uses = &self.uses;
        let idleness = |slot: u32| u64::from(u8::MAX - uses[slot as usize].decayed(minute));
        match self.pool.victim(&mut self.residents, view, idleness) {
            Some(slot) => {
                self.residents.remove(slot);
                Victim::Slot(slot)
            }
            None => Victim::Newcomer,
        }
    }
}
