//! Figures that a claim can name: `staleness(GET "/").p99 <= 60s`. One table, from which the
//! compiler checks claims, the simulator evaluates them, and the reference page comes.
//!
//! A figure is written `head(subject)` or `head(subject).path`, with the names that the report
//! has. Of an origin or a backend the head says only what the subject is: `origin(db).wait.p99`.

use crate::expectation::{Subject, Unit};

/// What a figure can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// A level's own look-ups.
    Level,
    /// `GET "/articles/{slug}"`: what users of these requests get.
    Route,
    /// `requests`: what all users get.
    Requests,
    /// An origin.
    Origin,
    /// A backend.
    Backend,
    /// A fault: `flush shared`.
    Fault,
}

impl SubjectKind {
    /// Of a subject.
    #[must_use]
    pub const fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Level(_) => Self::Level,
            Subject::Route(_) => Self::Route,
            Subject::Requests => Self::Requests,
            Subject::Origin(_) => Self::Origin,
            Subject::Backend(_) => Self::Backend,
            Subject::Fault(_) => Self::Fault,
        }
    }

    /// For messages: `a level`.
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            Self::Level => "a level",
            Self::Route => "a route",
            Self::Requests => "`requests`",
            Self::Origin => "an origin",
            Self::Backend => "a backend",
            Self::Fault => "a fault",
        }
    }
}

/// A figure that a claim can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The word before the parenthesis: `staleness`, `origin`.
    pub head: &'static str,
    /// What stands behind it, without the dot: `p99`, `rate.peak_1s`; empty for `hit_ratio(x)`.
    pub path: &'static str,
    /// What stands in [`crate::expectation::Claim::Figure`]: `staleness.p99`, `hit_ratio`; of an
    /// origin or backend the path alone.
    pub name: &'static str,
    /// What it can be about.
    pub subjects: &'static [SubjectKind],
    /// Its unit.
    pub unit: Unit,
    /// What it means, in one sentence.
    pub doc: &'static str,
}

impl Figure {
    /// Can it be about that?
    #[must_use]
    pub fn applies_to(&self, subject: SubjectKind) -> bool {
        self.subjects.contains(&subject)
    }
}

/// The figure written `head(…).path` about a subject of that kind.
#[must_use]
pub fn find(head: &str, path: &str, subject: SubjectKind) -> Option<&'static Figure> {
    FIGURES
        .iter()
        .find(|figure| figure.head == head && figure.path == path && figure.applies_to(subject))
}

/// The figure of that [`Figure::name`] about a subject of that kind.
#[must_use]
pub fn named(name: &str, subject: SubjectKind) -> Option<&'static Figure> {
    FIGURES
        .iter()
        .find(|figure| figure.name == name && figure.applies_to(subject))
}

/// All figures with that head, for "did you mean".
pub fn with_head(head: &str) -> impl Iterator<Item = &'static Figure> + '_ {
    FIGURES.iter().filter(move |figure| figure.head == head)
}

/// Every head once, in the order of the table.
pub fn heads() -> impl Iterator<Item = &'static str> {
    FIGURES
        .chunk_by(|a, b| a.head == b.head)
        .filter_map(|together| together.first())
        .map(|figure| figure.head)
}

const LEVEL: &[SubjectKind] = &[SubjectKind::Level];
const ORIGIN: &[SubjectKind] = &[SubjectKind::Origin];
const BACKEND: &[SubjectKind] = &[SubjectKind::Backend];
const FAULT: &[SubjectKind] = &[SubjectKind::Fault];
/// End to end.
const USERS: &[SubjectKind] = &[SubjectKind::Route, SubjectKind::Requests];
const SERVED: &[SubjectKind] = &[
    SubjectKind::Level,
    SubjectKind::Route,
    SubjectKind::Requests,
];

macro_rules! figure {
    (one $head:literal $row:tt) => { figure!(@ $head, "", $head, $row) };
    (part $head:literal [$($path:literal)+] $row:tt) => {
        figure!(@ $head, concat!($($path),+), concat!($head, ".", $($path),+), $row)
    };
    (of $head:literal [$($path:literal)+] $row:tt) => {
        figure!(@ $head, concat!($($path),+), concat!($($path),+), $row)
    };
    (@ $head:expr, $path:expr, $name:expr, ($subjects:ident $unit:ident $doc:literal)) => {
        Figure {
            head: $head,
            path: $path,
            name: $name,
            subjects: $subjects,
            unit: Unit::$unit,
            doc: $doc,
        }
    };
}

/// Rows of the table: `one` figure that is a head alone, a `part` of a head, one `of` an origin or
/// backend, and six at once where the report has quantiles.
macro_rules! figures {
    (@ [$($done:tt)*]) => {
        /// The table. Figures with one head stand together.
        pub static FIGURES: &[Figure] = &[$($done)*];
    };
    (@ [$($done:tt)*] quantiles $kind:ident $head:literal [$($path:literal)*] $row:tt; $($rest:tt)*) => {
        figures!(@ [
            $($done)*
            figure!($kind $head [$($path)* "mean"] $row),
            figure!($kind $head [$($path)* "p50"] $row),
            figure!($kind $head [$($path)* "p90"] $row),
            figure!($kind $head [$($path)* "p99"] $row),
            figure!($kind $head [$($path)* "p999"] $row),
            figure!($kind $head [$($path)* "max"] $row),
        ] $($rest)*);
    };
    (@ [$($done:tt)*] one $head:literal $row:tt; $($rest:tt)*) => {
        figures!(@ [$($done)* figure!(one $head $row),] $($rest)*);
    };
    (@ [$($done:tt)*] $kind:ident $head:literal $path:tt $row:tt; $($rest:tt)*) => {
        figures!(@ [$($done)* figure!($kind $head $path $row),] $($rest)*);
    };
    ($($rows:tt)*) => { figures!(@ [] $($rows)*); };
}

figures! {
    one "hit_ratio" (SERVED Ratio
        "of a level: look-ups that its copies answered, of those not bypassed; end to end: requests that were answered without origin work, and not by an error");
    one "byte_hit_ratio" (SERVED Ratio "bytes served from copies, of all bytes served");
    one "saved" (USERS Ratio "origin time that the hits avoided, of the origin time without any cache");
    one "errors" (USERS Ratio "error responses, of all requests");
    one "leaks" (SERVED Count "serves of a copy that was filled for another principal");

    quantiles part "staleness" [] (SERVED Seconds
        "how long ago the first write committed that a serve misses, over all serves; 0 for those up to date");
    part "out_of_date" ["serves"] (SERVED Count "serves that miss a committed write");
    part "out_of_date" ["ratio"] (SERVED Ratio "serves that miss a committed write, of all serves");
    quantiles part "out_of_date" ["staleness."] (SERVED Seconds
        "how long ago the first write committed that a serve misses, over all serves; 0 for those up to date");
    quantiles part "out_of_date" ["when_out_of_date."] (SERVED Seconds
        "how long ago the first write committed that a serve misses, over the serves that miss one");
    one "expired_serves" (LEVEL Count "serves of a copy past its ttl");
    quantiles part "version_lag" [] (LEVEL Count "how many writes an out-of-date serve misses");
    quantiles part "window" [] (LEVEL Seconds
        "of a write that a copy misses: from its commit to the last out-of-date serve caused by it; 0 without one");
    quantiles part "exposure" [] (LEVEL Seconds
        "of a write that a copy misses: from its commit to the death of the last copy that misses it");

    quantiles part "latency" [] (SERVED Seconds
        "of a level: from look-up to answer; end to end: everything that a request waited for");

    one "lookups" (LEVEL Count "look-ups");
    one "fills" (LEVEL Count "fills begun, background ones included");
    part "stampede" ["peak"] (LEVEL Count "the most concurrent fills of one key");
    part "stampede" ["risk"] (LEVEL Ratio
        "the highest probability, of any key, that an expiry meets two fills at the same time");
    one "redundant_fills" (LEVEL Ratio
        "fills begun while another fill of the same key was running, of all fills");
    part "lock" ["waits"] (LEVEL Count "look-ups that waited for somebody else's fill");
    part "lock" ["timeouts"] (LEVEL Count "look-ups that waited for somebody else's fill in vain");
    quantiles part "lock" ["wait."] (LEVEL Seconds
        "how long look-ups waited for somebody else's fill");

    of "origin" ["work"] (ORIGIN Count "units of work that asked for a slot");
    of "origin" ["failed"] (ORIGIN Count "units of work that failed");
    of "origin" ["queued"] (ORIGIN Count "units of work that had to wait for a slot");
    of "origin" ["rate.mean"] (ORIGIN PerSecond "arrivals of work, over the whole run");
    of "origin" ["rate.peak_1s"] (ORIGIN PerSecond "arrivals of work, the most in any window of 1 s");
    of "origin" ["rate.peak_100ms"] (ORIGIN PerSecond
        "arrivals of work, the most in any window of 100 ms, as work a second");
    of "origin" ["utilisation"] (ORIGIN Ratio "busy slots, of all slots, over the whole run");
    of "origin" ["busy_peak"] (ORIGIN Count "the most busy slots at once");
    of "origin" ["queue_peak"] (ORIGIN Count "the most work that waited for a slot");
    quantiles of "origin" ["wait."] (ORIGIN Seconds "waiting for a slot, over all work");

    of "backend" ["entries"] (BACKEND Count "copies at the end, in all instances together");
    of "backend" ["entries_peak"] (BACKEND Count
        "the most copies at once, in all instances together");
    of "backend" ["bytes"] (BACKEND Bytes "bytes at the end, in all instances together");
    of "backend" ["bytes_peak"] (BACKEND Bytes "the most bytes at once, in all instances together");
    of "backend" ["evictions"] (BACKEND Count "copies that left for want of room");
    of "backend" ["evicted_fresh"] (BACKEND Count
        "copies that left for want of room while still fresh");
    of "backend" ["too_large"] (BACKEND Count "copies that did not fit at all");

    one "recovery" (FAULT Seconds
        "from a fault until the hit ratio is at least 95% of what it was and no origin queues, held for 30 s; the worst of several");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_figure_is_found_by_what_is_written_and_by_its_name() {
        for figure in FIGURES {
            for &subject in figure.subjects {
                assert_eq!(find(figure.head, figure.path, subject), Some(figure));
                assert_eq!(named(figure.name, subject), Some(figure));
            }
            assert!(!figure.subjects.is_empty());
            assert!(!figure.doc.ends_with('.'), "{}", figure.doc);
        }
        assert!(find("staleness", "", SubjectKind::Level).is_none());
        assert!(find("saved", "", SubjectKind::Level).is_none());
    }

    #[test]
    fn heads_stand_together() {
        let heads: Vec<_> = heads().collect();
        let distinct: HashSet<_> = heads.iter().collect();
        assert_eq!(heads.len(), distinct.len(), "{heads:?}");
        assert_eq!(with_head("staleness").count(), 6);
    }
}
