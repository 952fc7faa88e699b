//! How large the window should be, found by trying.

use crate::eviction::sketch::Sketch;

/// The first step, and the one after a great change, as a share of the capacity.
const STEP_SHARE: f64 = 0.0625;

/// A step is that much of the one before.
const STEP_DECAY: f64 = 0.98;

/// A change of the hit ratio by so much makes the steps large again.
const RESTART: f64 = 0.05;

/// Hill climbing on the hit ratio with Caffeine's numbers: after each sample, as many accesses as
/// the sketch takes before it ages, a step in the same direction if the ratio did not get worse,
/// else one back. The first step would make the window smaller. Steps get smaller until the ratio
/// changes by 5 points.
#[derive(Debug, Clone)]
pub(super) struct Climber {
    hits: u64,
    misses: u64,
    ratio_before: f64,
    step: f64,
    /// By so much the window has still to grow, or to shrink.
    pub(super) adjustment: i64,
}

impl Climber {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            hits: 0,
            misses: 0,
            ratio_before: 0.0,
            step: -STEP_SHARE * capacity as f64,
            adjustment: 0,
        }
    }

    #[inline]
    pub(super) fn hit(&mut self) {
        self.hits += 1;
    }

    #[inline]
    pub(super) fn missed(&mut self) {
        self.misses += 1;
    }

    /// Takes a step if the sample is complete.
    #[inline]
    pub(super) fn adapt(&mut self, sketch: &Sketch, capacity: u64) {
        if sketch.is_empty() {
            (self.hits, self.misses, self.ratio_before) = (0, 0, 0.0);
        } else if self.hits + self.misses >= sketch.uses_max() {
            self.climb(capacity);
        }
    }

    fn climb(&mut self, capacity: u64) {
        let ratio = self.hits as f64 / (self.hits + self.misses) as f64;
        let change = ratio - self.ratio_before;
        let amount = if change >= 0.0 { self.step } else { -self.step };
        self.step = if libm::fabs(change) < RESTART {
            STEP_DECAY * amount
        } else if amount >= 0.0 {
            STEP_SHARE * capacity as f64
        } else {
            -STEP_SHARE * capacity as f64
        };
        self.ratio_before = ratio;
        self.adjustment = amount as i64;
        (self.hits, self.misses) = (0, 0);
    }
}
