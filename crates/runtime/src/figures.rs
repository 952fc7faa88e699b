//! The figures of a running cache: the one place that says what they are called. Each is that of the same
//! name in the simulator's report, so that the two can be laid side by side.

use crate::cache::Cache;
use std::fmt::Write as _;

/// Look-ups, by level and outcome: `levels.NAME.fresh`, `stale`, `negative`, `miss` and `bypass` of a report.
pub const LOOKUPS: &str = "cachepolicy_lookups_total";
/// Misses that were served by a fill that somebody else began: `levels.NAME.waited`.
pub const WAITED: &str = "cachepolicy_waited_total";
/// Fills that ended: `levels.NAME.fills`.
pub const FILLS: &str = "cachepolicy_fills_total";
/// The most concurrent fills of one key: `levels.NAME.stampede.peak`.
pub const STAMPEDE_PEAK: &str = "cachepolicy_stampede_peak";
/// How out of date the answers of a level, or of a `route`, are, in seconds, by `quantile`:
/// `levels.NAME.out_of_date.staleness`, `routes.ROUTE.out_of_date.staleness`.
/// Only the application can know, so it is told by nobody here; `cachepolicy drift` reads it where there is one.
pub const STALENESS: &str = "cachepolicy_staleness_seconds";
/// Copies in this process's memory: `backends.NAME.entries`.
pub const ENTRIES: &str = "cachepolicy_entries";
/// Bytes that they take, where the capacity is in bytes: `backends.NAME.bytes`.
pub const BYTES: &str = "cachepolicy_bytes";
/// Commands that a shared store did not answer.
pub const UNANSWERED: &str = "cachepolicy_unanswered_total";
/// Copies in a shared store that were none.
pub const UNREADABLE: &str = "cachepolicy_unreadable_total";
/// Events for the trace, by what became of them.
pub const RECORDED: &str = "cachepolicy_recorded_total";

/// What a figure is about.
const HELP: [(&str, &str, Kind); 9] = [
    (LOOKUPS, "Look-ups by level and outcome", Kind::Counter),
    (
        WAITED,
        "Misses served by a fill that somebody else began",
        Kind::Counter,
    ),
    (
        FILLS,
        "Fills that ended, in the background too",
        Kind::Counter,
    ),
    (
        STAMPEDE_PEAK,
        "The most concurrent fills of one key",
        Kind::Gauge,
    ),
    (ENTRIES, "Copies in this process's memory", Kind::Gauge),
    (
        BYTES,
        "Bytes of the copies in this process's memory",
        Kind::Gauge,
    ),
    (
        UNANSWERED,
        "Commands that a shared store did not answer",
        Kind::Counter,
    ),
    (
        UNREADABLE,
        "Copies in a shared store that were none",
        Kind::Counter,
    ),
    (
        RECORDED,
        "Events for the trace, by what became of them",
        Kind::Counter,
    ),
];

/// Does a figure only grow?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It counts since the process began.
    Counter,
    /// It is what is now, or the most that was.
    Gauge,
}

/// A figure of a running cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// One of the names of this module.
    pub name: &'static str,
    /// In one line.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// Of what it is: `level` and `outcome`, `backend`, `event`.
    pub labels: Vec<(&'static str, String)>,
    /// As it is now.
    pub value: u64,
}

/// Takes a figure's labels and its value.
type Visit<'v> = dyn FnMut(&[(&'static str, &str)], u64) + 'v;

impl Cache {
    /// The figures as they are now; those of one name stand together.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for (name, help, kind) in HELP {
            self.visit(name, &mut |labels, value| {
                let labels = labels.iter();
                figures.push(Figure {
                    name,
                    help,
                    kind,
                    labels: labels.map(|(name, of)| (*name, (*of).to_owned())).collect(),
                    value,
                });
            });
        }
        figures
    }

    /// Calls `visit` for each figure of this name.
    fn visit(&self, name: &str, visit: &mut Visit<'_>) {
        let policy = self.policy();
        for level in policy.levels.iter().filter(|level| level.is_stored()) {
            let Some(counters) = self.counters(&level.name) else {
                continue;
            };
            let of = ("level", level.name.as_str());
            match name {
                LOOKUPS => {
                    for (outcome, count) in counters.outcomes() {
                        visit(&[of, ("outcome", outcome)], count);
                    }
                }
                WAITED => visit(&[of], counters.waited),
                FILLS => visit(&[of], counters.fills),
                STAMPEDE_PEAK => visit(&[of], counters.stampede_peak),
                _ => {}
            }
        }
        for backend in &policy.backends {
            let of = ("backend", backend.name.as_str());
            if let Some(bytes) = self.bytes(&backend.name).filter(|_| name == BYTES) {
                visit(&[of], bytes as u64);
            }
            match (
                name,
                self.entries(&backend.name),
                self.store_counters(&backend.name),
            ) {
                (ENTRIES, Some(entries), _) => visit(&[of], entries as u64),
                (UNANSWERED, _, Some(counters)) => visit(&[of], counters.unanswered),
                (UNREADABLE, _, Some(counters)) => visit(&[of], counters.unreadable),
                _ => {}
            }
        }
        #[cfg(feature = "record")]
        if let Some(recorded) = self.recorded().filter(|_| name == RECORDED) {
            for (event, count) in recorded.events() {
                visit(&[("event", event)], count);
            }
        }
    }

    /// The figures in Prometheus's text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        let mut last = "";
        for figure in self.figures() {
            let Figure {
                name,
                help,
                kind,
                labels,
                value,
            } = figure;
            // Writing to a string cannot fail.
            if name != last {
                let kind = match kind {
                    Kind::Counter => "counter",
                    Kind::Gauge => "gauge",
                };
                let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
                last = name;
            }
            // Names of a policy have no quotes.
            let labels: Vec<_> = labels
                .iter()
                .map(|(name, of)| format!("{name}=\"{of}\""))
                .collect();
            let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
        }
        out
    }

    /// Tells the figures as they are now to the process's recorder of metrics (see the crate `metrics`),
    /// under the names of [`crate::figures`]. Say it in an interval, or before each scrape: look-ups
    /// themselves tell it nothing, so that they cost what they cost without.
    #[cfg(feature = "metrics")]
    pub fn publish(&self) {
        for figure in self.figures() {
            let Figure {
                name,
                help,
                kind,
                labels,
                value,
            } = figure;
            let labels = labels.into_iter();
            let label = |(name, of)| metrics::Label::new(name, of);
            let labels: Vec<_> = labels.map(label).collect();
            match kind {
                Kind::Counter => {
                    metrics::describe_counter!(name, help);
                    metrics::counter!(name, labels).absolute(value);
                }
                Kind::Gauge => {
                    metrics::describe_gauge!(name, help);
                    metrics::gauge!(name, labels).set(value as f64);
                }
            }
        }
    }
}
