//! What both sides of a comparison count.

use cachepolicy_runtime::Counters;
use cachepolicy_sim::report::LevelFigures;

/// What a report says of a level, as the runtime counts it.
pub(crate) fn counters(level: &LevelFigures) -> Counters {
    Counters {
        lookups: level.lookups,
        fresh: level.fresh,
        stale: level.stale,
        negative: level.negative,
        miss: level.miss,
        waited: level.waited,
        bypass: level.bypass,
        fills: level.fills,
        stampede_peak: level.stampede.peak,
    }
}
