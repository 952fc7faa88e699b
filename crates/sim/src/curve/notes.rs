//! What must be known to read a curve.

use super::Settings;
use super::estimate::COPIES_MIN;
use super::figures::{EvictionCurve, Sample};
use crate::sample::{KEYS_MIN, percent};
use cachepolicy_core::LevelId;
use cachepolicy_core::policy::{Evict, Policy};
use cachepolicy_core::units::Duration;

/// What the notes follow from.
pub(super) struct Facts<'a> {
    pub(super) policy: &'a Policy,
    pub(super) settings: &'a Settings,
    pub(super) is_keys: bool,
    pub(super) level: Option<LevelId>,
    pub(super) sample: Option<&'a Sample>,
    /// Why LRU is not exact.
    pub(super) lru: Option<&'static str>,
    pub(super) curves: &'a [EvictionCurve],
    pub(super) is_full: bool,
}

pub(super) fn notes(facts: &Facts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    method(facts, &mut notes);
    if let Some(sample) = facts.sample {
        sampled(facts, sample, &mut notes);
    }
    exactness(facts, &mut notes);
    clairvoyant(facts, &mut notes);
    notes
}

fn method(facts: &Facts<'_>, notes: &mut Vec<String>) {
    if !facts.is_keys {
        notes.push(
            "the whole policy was simulated with each capacity: levels before the backend stay as \
             they are, and what is asked of it follows from what it holds"
                .to_owned(),
        );
        return;
    }
    let level = facts
        .level
        .and_then(|id| facts.policy.levels.get(id.index()));
    let Some(level) = level else {
        return;
    };
    let has_latency = facts
        .policy
        .backends
        .get(facts.settings.backend.index())
        .is_some_and(|backend| backend.latency.as_constant() != Some(0.0));
    let takes_time = level.cost.from_trace
        || level.cost.otherwise.as_constant() != Some(0.0)
        || level.origin.is_some();
    if takes_time || has_latency {
        notes.push(format!(
            "fills of `{}` take no time here: look-ups that `simulate` counts as misses while a \
             fill is under way are hits",
            level.name
        ));
    }
}

fn sampled(facts: &Facts<'_>, sample: &Sample, notes: &mut Vec<String>) {
    let (unit, thing) = match sample.unit.as_str() {
        "path" => ("paths", "targets"),
        _ => ("keys", "keys"),
    };
    notes.push(format!(
        "what is not exact rests on a sample of {} of the {unit} ({} {thing}) in stores of that \
         size; an interval is that of {} groups of the sample at {:.0}% confidence, widened by how \
         far smaller samples are off. `--rate` takes another share",
        percent(sample.rate),
        sample.keys,
        sample.groups,
        sample.confidence * 100.0,
    ));
    if sample.keys < u64::from(KEYS_MIN) {
        notes.push(format!(
            "with fewer than {KEYS_MIN} {thing} a sample can be far off: published errors of less \
             than 0.01 on average are for at least that many"
        ));
    }
    let mut points = facts.curves.iter().flat_map(|curve| &curve.points);
    if points.any(|point| point.rough) {
        notes.push(format!(
            "at the smallest capacities the sample's stores hold fewer than {COPIES_MIN:.0} copies: \
             there a few popular keys decide, and the intervals say too little"
        ));
    }
    if sample.unit == "path" {
        notes.push(
            "copies that many paths share are asked for by the sampled paths only, and take more of \
             a scaled capacity than they would"
                .to_owned(),
        );
    }
}

fn exactness(facts: &Facts<'_>, notes: &mut Vec<String>) {
    let wants_lru = facts.settings.evicts.contains(&Evict::Lru);
    if !facts.is_keys || !wants_lru {
        return;
    }
    let how = if facts.sample.is_some() {
        "it rests on the sample too"
    } else {
        "each capacity was replayed"
    };
    if let Some(reason) = facts.lru {
        notes.push(format!(
            "`lru` has no exact curve in one pass, since {reason}: {how}"
        ));
        return;
    }
    let curve = facts.curves.iter().find(|curve| curve.evict == "lru");
    if curve.is_some_and(|curve| curve.method != "stack distances") {
        notes.push(format!(
            "below the size of the largest copy, `lru` has no exact curve in one pass: {how} there"
        ));
    }
}

fn clairvoyant(facts: &Facts<'_>, notes: &mut Vec<String>) {
    if facts.settings.by_bytes {
        notes.push(
            "`clairvoyant` removes the copy that is needed again last; where copies differ in size, \
             fewer misses than that are possible"
                .to_owned(),
        );
    }
    let mortal = facts.policy.levels.iter().filter(|level| {
        let mut tiers = level.tiers.iter();
        tiers.any(|tier| tier.backend == facts.settings.backend)
    });
    let mut mortal = mortal.filter(|level| level.rules.ttl != Duration::FOREVER);
    if mortal.next().is_some() {
        notes.push(
            "`clairvoyant` keeps what it can of the hits with room for everything; where copies \
             die, a policy that refills them later can have some more"
                .to_owned(),
        );
    }
    if facts.is_full {
        notes.push(
            "there was more than can be looked into at once: `clairvoyant` leaves out the end of \
             the trace"
                .to_owned(),
        );
    }
}
