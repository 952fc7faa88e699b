//! What a backend holds, all of its instances together.

use super::types::Leaving;
use crate::bits::BitSet;
use crate::lane::{LaneCounts, Moved};
use crate::report::{BackendFigures, FamilyFigures, Ordered};
use crate::store::KeyId;
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::policy::Policy;

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(super) struct BackendCounts {
    lookups: u64,
    hits: u64,
    entries: u64,
    entries_peak: u64,
    bytes: u64,
    bytes_peak: u64,
    evictions: u64,
    evicted_fresh: u64,
    too_large: u64,
    /// Keys that were ever stored, as a key belongs to one level.
    keys: BitSet,
    /// By level.
    families: Vec<Family>,
}

#[derive(Debug, Clone, Default)]
struct Family {
    entries: u64,
    keys: u64,
    parameters: BitSet,
}

impl BackendCounts {
    pub(super) fn new(levels: usize) -> Self {
        Self {
            families: vec![Family::default(); levels],
            ..Self::default()
        }
    }

    /// Forgets what was counted. What it holds, and which keys it held, are states.
    pub(super) fn warmed_up(&mut self) {
        self.entries_peak = self.entries;
        self.bytes_peak = self.bytes;
        (self.evictions, self.evicted_fresh, self.too_large) = (0, 0, 0);
        (self.lookups, self.hits) = (0, 0);
    }

    /// See [`super::Metrics::lane`].
    pub(super) fn lane(&mut self, counts: &LaneCounts) {
        self.lookups += counts.hits + counts.misses;
        self.hits += counts.hits;
    }

    #[inline]
    pub(super) fn asked(&mut self, hit: bool) {
        self.lookups += 1;
        self.hits += u64::from(hit);
    }

    /// So many look-ups found a copy.
    pub(super) fn hit(&mut self, lookups: u64) {
        self.lookups += lookups;
        self.hits += lookups;
    }

    /// See [`super::Metrics::variant_stored`].
    pub(super) fn variant_stored(&mut self, level: LevelId, parameters: u32) {
        self.families[level.index()].parameters.insert(parameters);
    }

    /// A copy is stored. Is it the first of its key?
    #[inline]
    pub(super) fn stored_plain(&mut self, level: LevelId, key: KeyId, bytes: u64) -> bool {
        self.entries += 1;
        self.entries_peak = self.entries_peak.max(self.entries);
        self.bytes += bytes;
        self.bytes_peak = self.bytes_peak.max(self.bytes);
        self.families[level.index()].entries += 1;
        self.keep(level, key)
    }

    /// See [`super::LaneFigures::keep`].
    #[inline]
    pub(super) fn keep(&mut self, level: LevelId, key: KeyId) -> bool {
        let is_new = self.keys.insert(key.0);
        self.families[level.index()].keys += u64::from(is_new);
        is_new
    }

    /// See [`super::LaneFigures::moved`].
    pub(super) fn moved(&mut self, level: LevelId, moved: &Moved) {
        let bytes = |bytes| u64::try_from(bytes).unwrap_or(u64::MAX);
        self.entries = moved.entries;
        self.bytes = bytes(moved.bytes);
        self.entries_peak = self.entries_peak.max(moved.entries_peak);
        self.bytes_peak = self.bytes_peak.max(bytes(moved.bytes_peak));
        self.families[level.index()].entries = moved.entries;
        self.evictions += moved.evicted;
        self.evicted_fresh += moved.evicted_fresh;
    }

    #[inline]
    pub(super) fn removed(&mut self, level: LevelId, bytes: u64, why: Leaving) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        let family = &mut self.families[level.index()];
        family.entries = family.entries.saturating_sub(1);
        if let Leaving::Evicted { fresh } = why {
            self.evictions += 1;
            self.evicted_fresh += u64::from(fresh);
        }
    }

    pub(super) fn too_large(&mut self) {
        self.too_large += 1;
    }

    pub(super) fn figures(&self, id: BackendId, instances: u64, policy: &Policy) -> BackendFigures {
        let families = policy.levels.iter().zip(&self.families);
        let families: Ordered<FamilyFigures> = families
            .filter(|(level, _)| level.tiers.iter().any(|tier| tier.backend == id))
            .map(|(level, family)| (level.name.clone(), family.figures()))
            .collect();
        BackendFigures {
            instances,
            lookups: self.lookups,
            hits: self.hits,
            hit_ratio: super::ratio(self.hits, self.lookups),
            yardsticks: None,
            entries: self.entries,
            entries_peak: self.entries_peak,
            bytes: self.bytes,
            bytes_peak: self.bytes_peak,
            evictions: self.evictions,
            evicted_fresh: self.evicted_fresh,
            too_large: self.too_large,
            families,
        }
    }
}

impl Family {
    fn figures(&self) -> FamilyFigures {
        let parameters = match self.parameters.len() {
            0 => self.keys,
            parameters => parameters,
        };
        FamilyFigures {
            entries: self.entries,
            keys: self.keys,
            variants: super::ratio(self.keys, parameters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occupancy_peaks_and_variants() {
        let mut backend = BackendCounts::new(2);
        // Two variants of one page, then the first again in another process, then another level.
        let copies = [(0, 1, 100), (0, 70, 100), (0, 1, 100), (1, 2, 50)];
        let is_new = copies.map(|(level, key, bytes)| {
            let is_new = backend.stored_plain(LevelId(level), KeyId(key), bytes);
            if is_new {
                backend.variant_stored(LevelId(level), 0);
            }
            is_new
        });
        assert_eq!(is_new, [true, true, false, true]);
        backend.removed(LevelId(0), 100, Leaving::Evicted { fresh: true });
        backend.removed(LevelId(0), 100, Leaving::Evicted { fresh: false });
        backend.removed(LevelId(0), 100, Leaving::Expired);
        assert_eq!((backend.entries, backend.entries_peak), (1, 4));
        assert_eq!((backend.bytes, backend.bytes_peak), (50, 350));
        assert_eq!((backend.evictions, backend.evicted_fresh), (2, 1));
        let page = backend.families[0].figures();
        assert_eq!((page.entries, page.keys, page.variants), (0, 2, Some(2.0)));
        assert_eq!(backend.families[1].figures().variants, Some(1.0));
        backend.warmed_up();
        assert_eq!(
            (backend.entries, backend.entries_peak, backend.evictions),
            (1, 1, 0)
        );
    }
}
