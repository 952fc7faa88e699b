//! The figures that are compared: what people call them, which direction is better, and how much a
//! difference matters. One table; a figure that is not in it is compared all the same, last.

use cachepolicy_core::expectation::Unit;
use cachepolicy_core::figures::{self, SubjectKind};
use serde::Serialize;

/// Whose figure: the part of the report that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What all users got.
    Requests,
    /// What users of a route got.
    Routes,
    /// A level's own look-ups.
    Levels,
    /// An origin's load.
    Origins,
    /// A backend's occupancy.
    Backends,
    /// An action of an edge.
    Invalidation,
    /// A fault.
    Recovery,
    /// How many requests had a dimension.
    Dimensions,
}

impl Group {
    /// All, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Routes,
        Self::Levels,
        Self::Origins,
        Self::Backends,
        Self::Invalidation,
        Self::Recovery,
        Self::Dimensions,
    ];

    /// Its name in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Routes => "routes",
            Self::Levels => "levels",
            Self::Origins => "origins",
            Self::Backends => "backends",
            Self::Invalidation => "invalidation",
            Self::Recovery => "recovery",
            Self::Dimensions => "dimensions",
        }
    }

    const fn subject(self) -> Option<SubjectKind> {
        match self {
            Self::Requests => Some(SubjectKind::Requests),
            Self::Routes => Some(SubjectKind::Route),
            Self::Levels => Some(SubjectKind::Level),
            Self::Origins => Some(SubjectKind::Origin),
            Self::Backends => Some(SubjectKind::Backend),
            Self::Invalidation | Self::Recovery | Self::Dimensions => None,
        }
    }
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub enum Better {
    /// Larger figures are.
    Higher,
    /// Smaller figures are.
    Lower,
    /// Neither is.
    Neither,
}

/// What is known of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// As people call it; `None`: only the JSON has it.
    pub words: Option<&'static str>,
    /// Its unit.
    pub unit: Unit,
    /// Which direction is better.
    pub better: Better,
    /// How much a difference matters, against other figures.
    pub weight: f64,
    /// However small a difference is, it is told.
    pub always: bool,
}

/// What is known of the figure of that name, with dots between its parts.
#[must_use]
pub fn known(group: Group, name: &str) -> Known {
    let rows = match group {
        Group::Requests | Group::Routes => USERS,
        Group::Levels => LEVEL,
        Group::Origins => ORIGIN,
        Group::Backends => BACKEND,
        Group::Invalidation => INVALIDATION,
        Group::Recovery => RECOVERY,
        Group::Dimensions => &[],
    };
    let figure = group.subject().and_then(|kind| figures::named(name, kind));
    let unit = match (figure, group) {
        // A claim is about their share, the report counts them.
        _ if name == "errors" => Unit::Count,
        (Some(figure), _) => figure.unit,
        (None, Group::Recovery) => Unit::Seconds,
        (None, _) => Unit::Count,
    };
    let row = rows.iter().find(|row| row.0 == name);
    let &(_, words, better, weight) = row.unwrap_or(&("", "", Better::Neither, OTHERS));
    // Of equal differences that of all requests is told first.
    let weight = if group == Group::Routes {
        weight * 0.9
    } else {
        weight
    };
    Known {
        words: (!words.is_empty()).then_some(words),
        unit,
        better,
        weight,
        always: weight >= ALWAYS,
    }
}

/// Of a figure that is not in the table.
const OTHERS: f64 = 0.1;

/// From this weight on every difference is told.
const ALWAYS: f64 = 15.0;

/// Name, words, direction, weight.
type Row = (&'static str, &'static str, Better, f64);

use Better::{Higher, Lower, Neither};

const USERS: &[Row] = &[
    ("leaks", "leaks", Lower, 100.0),
    ("errors", "errors", Lower, 20.0),
    ("hit_ratio", "hits", Higher, 10.0),
    ("out_of_date.ratio", "out of date", Lower, 9.0),
    ("out_of_date.staleness.p99", "staleness p99", Lower, 8.0),
    ("out_of_date.staleness.max", "staleness max", Lower, 7.0),
    ("latency.p99", "latency p99", Lower, 8.0),
    ("latency.p50", "latency p50", Lower, 4.0),
    ("latency.mean", "latency mean", Lower, 3.0),
    ("latency.p999", "latency p99.9", Lower, 2.5),
    ("latency.max", "latency max", Lower, 2.0),
    ("saved", "origin time saved", Higher, 4.0),
    ("byte_hit_ratio", "bytes from copies", Higher, 2.0),
];

const LEVEL: &[Row] = &[
    ("leaks", "leaks", Lower, 100.0),
    ("hit_ratio", "hits", Higher, 8.0),
    ("stampede.peak", "stampede peak", Lower, 6.0),
    ("out_of_date.ratio", "out of date", Lower, 6.0),
    ("out_of_date.staleness.p99", "staleness p99", Lower, 5.0),
    ("out_of_date.staleness.max", "staleness max", Lower, 4.0),
    ("latency.p99", "latency p99", Lower, 4.0),
    ("fills", "fills", Lower, 3.0),
    ("redundant_fills", "redundant fills", Lower, 3.0),
    ("lock.timeouts", "waits in vain", Lower, 3.0),
    ("window.p99", "window p99", Lower, 3.0),
    ("exposure.max", "exposure max", Lower, 2.0),
    ("expired_serves", "served past ttl", Neither, 2.0),
    ("lock.wait.p99", "wait p99", Lower, 1.5),
    ("bypass", "bypass", Neither, 1.0),
    ("negative", "absent", Neither, 1.0),
    ("lookups", "look-ups", Neither, 1.0),
    ("lock.waits", "waits", Neither, 1.0),
    ("version_lag.mean", "writes missed", Lower, 1.0),
    ("byte_hit_ratio", "bytes from copies", Higher, 1.0),
    ("refreshes", "refreshes", Neither, 0.5),
];

const ORIGIN: &[Row] = &[
    ("failed", "failed", Lower, 20.0),
    ("rate.peak_1s", "peak in 1 s", Lower, 8.0),
    ("utilisation", "busy", Lower, 8.0),
    ("queue_peak", "queue peak", Lower, 6.0),
    ("work", "work", Lower, 5.0),
    ("wait.p99", "wait p99", Lower, 5.0),
    ("rate.peak_100ms", "peak in 100 ms", Lower, 4.0),
    ("queued", "queued", Lower, 3.0),
    ("wait.max", "wait max", Lower, 2.0),
    ("busy_peak", "slots peak", Lower, 2.0),
];

const BACKEND: &[Row] = &[
    ("evicted_fresh", "evicted fresh", Lower, 5.0),
    ("too_large", "too large", Lower, 4.0),
    ("evictions", "evictions", Lower, 3.0),
    ("bytes_peak", "bytes peak", Lower, 3.0),
    ("entries_peak", "copies peak", Lower, 2.0),
    ("instances", "instances", Neither, 1.0),
];

const INVALIDATION: &[Row] = &[
    ("lost", "lost", Lower, 20.0),
    ("removed", "copies removed", Neither, 2.0),
    ("useless", "found nothing", Neither, 1.0),
    ("deliveries", "deliveries", Neither, 1.0),
];

const RECOVERY: &[Row] = &[("seconds", "felt for", Lower, 8.0)];

/// How far two figures are apart, from 0 to 1, so that figures of different units can be ordered:
/// their difference against the larger, damped where both are next to nothing. Of a ratio also
/// against what is missing to 1: from 99% to 99.9% only a tenth of the misses is left.
#[must_use]
pub fn apart(a: f64, b: f64, unit: Unit) -> f64 {
    let difference = (a - b).abs();
    if !difference.is_finite() {
        return 1.0;
    }
    let floor = match unit {
        Unit::Ratio => 0.01,
        Unit::Seconds => 0.001,
        Unit::PerSecond => 1.0,
        Unit::Count => 3.0,
        Unit::Bytes => 1024.0,
    };
    let against = |of: f64| difference / (of + floor);
    let share = against(a.abs().max(b.abs()));
    if unit == Unit::Ratio {
        share.max(against((1.0 - a).max(1.0 - b).max(0.0))).min(1.0)
    } else {
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{BackendFigures, LevelFigures, OriginFigures, RequestFigures};

    /// A row whose name no figure has would say nothing.
    #[test]
    fn every_row_names_a_figure_of_the_report() {
        let there = |rows: &[Row], json: serde_json::Value| {
            for (name, words, ..) in rows {
                let found = name.split('.').try_fold(&json, |node, part| node.get(part));
                assert!(found.is_some(), "{name}");
                assert!(words.len() <= 18, "{words} is too wide for a table");
            }
        };
        let json = |figures: serde_json::Result<serde_json::Value>| figures.unwrap();
        there(USERS, json(serde_json::to_value(RequestFigures::default())));
        there(LEVEL, json(serde_json::to_value(LevelFigures::default())));
        there(ORIGIN, json(serde_json::to_value(OriginFigures::default())));
        there(
            BACKEND,
            json(serde_json::to_value(BackendFigures::default())),
        );
    }

    #[test]
    fn distances_of_different_units_can_be_compared() {
        assert_eq!(apart(0.5, 0.5, Unit::Ratio), 0.0);
        // A tenth of the misses is left, and that counts more than half a point in the middle.
        assert!(apart(0.99, 0.999, Unit::Ratio) > apart(0.5, 0.505, Unit::Ratio));
        assert!(apart(0.0, 1.0, Unit::Count) < apart(0.0, 100.0, Unit::Count));
        assert!((apart(100.0, 200.0, Unit::Seconds) - 0.5).abs() < 1e-3);
        assert_eq!(apart(1.0, f64::INFINITY, Unit::Seconds), 1.0);
        for unit in [Unit::Ratio, Unit::Seconds, Unit::Count, Unit::Bytes] {
            assert_eq!(apart(0.2, 0.7, unit), apart(0.7, 0.2, unit));
            assert!((0.0..=1.0).contains(&apart(0.0, 1.0, unit)));
        }
    }
}
