//! A run beside an earlier report of the same policy: which figures got worse.
//!
//! Compared are the figures that the policy's claims name, and what users and origins feel whatever
//! is claimed: the hit ratio and the latency of all requests and of each route, and how much work
//! each origin gets. A level's own hit ratio is not among them: a page that answers more requests
//! leaves its parts fewer hits.

use crate::compare::{Better, without_limit};
use crate::expect::{figure_of, subject_name};
use crate::report::Report;
use cachepolicy_core::expectation::{Claim, Comparison, Expectation, Subject, Unit};
use cachepolicy_core::figures::{self, SubjectKind};
use cachepolicy_core::ids::OriginId;
use cachepolicy_core::policy::Policy;

/// A figure of two reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// As a claim writes it: `hit_ratio(GET "/")`.
    pub figure: String,
    /// Its unit.
    pub unit: Unit,
    /// Which direction is better.
    pub better: Better,
    /// In the earlier report; infinite where nothing bounds it.
    pub before: f64,
    /// In the later one.
    pub after: f64,
}

impl Before {
    /// By what share of the earlier figure the later one is worse: negative where it is better,
    /// infinite where there was nothing before.
    #[must_use]
    pub fn worse_by(&self) -> f64 {
        if self.before == self.after {
            return 0.0;
        }
        let more = match self.better {
            Better::Higher => self.before - self.after,
            Better::Lower => self.after - self.before,
            Better::Neither => return 0.0,
        };
        if self.before == 0.0 || !self.before.is_finite() {
            return more * f64::INFINITY;
        }
        more / self.before.abs()
    }
}

/// Two reports side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Baseline {
    /// Figures of both, those that claims name first.
    pub figures: Vec<Before>,
    /// Figures that only one of them has.
    pub lacking: Vec<String>,
    /// What makes the two hard to compare: other traffic, another seed.
    pub notes: Vec<String>,
}

impl Baseline {
    /// Of reports of the same policy, by the claims that the later one decides.
    #[must_use]
    pub fn new<'a>(
        policy: &Policy,
        claims: impl Iterator<Item = &'a Expectation>,
        before: &Report,
        after: &Report,
    ) -> Self {
        let mut baseline = Self {
            notes: notes(before, after),
            ..Self::default()
        };
        for expectation in claims {
            baseline.claimed(policy, expectation, before, after);
        }
        let users = std::iter::once(Subject::Requests)
            .chain(after.routes.keys().cloned().map(Subject::Route));
        for subject in users {
            baseline.figure(
                policy,
                &subject,
                "hit_ratio",
                Better::Higher,
                (before, after),
            );
            baseline.figure(
                policy,
                &subject,
                "latency.p99",
                Better::Lower,
                (before, after),
            );
        }
        for index in 0..policy.origins.len() {
            let subject = Subject::Origin(OriginId(index as u16));
            baseline.figure(
                policy,
                &subject,
                "rate.mean",
                Better::Lower,
                (before, after),
            );
        }
        baseline
    }

    fn claimed(
        &mut self,
        policy: &Policy,
        expectation: &Expectation,
        before: &Report,
        after: &Report,
    ) {
        match &expectation.claim {
            Claim::Figure {
                subject,
                figure,
                comparison,
                ..
            } => {
                let better = match comparison {
                    Comparison::AtLeast | Comparison::Greater => Better::Higher,
                    Comparison::AtMost | Comparison::Less => Better::Lower,
                };
                self.figure(policy, subject, figure, better, (before, after));
            }
            Claim::Staleness { .. } => {
                let name = without_limit(&expectation.text);
                let bound = |report: &Report| {
                    let mut all = report.expectations.iter();
                    let same =
                        all.find(|it| it.kind != "measure" && without_limit(&it.claim) == name)?;
                    same.held?;
                    Some(same.figure.unwrap_or(f64::INFINITY))
                };
                let name = name.trim_end_matches(['<', '>', '=', ' ']).to_owned();
                self.add(
                    name,
                    Unit::Seconds,
                    Better::Lower,
                    (bound(before), bound(after)),
                );
            }
            Claim::NoLeak => {}
        }
    }

    fn figure(
        &mut self,
        policy: &Policy,
        subject: &Subject,
        name: &str,
        better: Better,
        (before, after): (&Report, &Report),
    ) {
        let Some(figure) = figures::named(name, SubjectKind::of(subject)) else {
            return;
        };
        let of = |report: &Report| figure_of(policy, report, subject, name);
        let words = written(policy, subject, figure);
        self.add(words, figure.unit, better, (of(before), of(after)));
    }

    fn add(
        &mut self,
        figure: String,
        unit: Unit,
        better: Better,
        (before, after): (Option<f64>, Option<f64>),
    ) {
        let is_known =
            self.figures.iter().any(|it| it.figure == figure) || self.lacking.contains(&figure);
        match (before, after) {
            _ if is_known => {}
            (Some(before), Some(after)) => self.figures.push(Before {
                figure,
                unit,
                better,
                before,
                after,
            }),
            (None, None) => {}
            _ => self.lacking.push(figure),
        }
    }
}

/// `staleness(GET "/").p99`, `origin(db).rate.mean`
fn written(policy: &Policy, subject: &Subject, figure: &figures::Figure) -> String {
    let name = subject_name(policy, subject);
    let name = match (subject, name.split_once(' ')) {
        (Subject::Route(_), Some((methods, pattern))) => format!("{methods} \"{pattern}\""),
        _ => name,
    };
    let head = figure.head;
    match figure.path {
        "" => format!("{head}({name})"),
        path => format!("{head}({name}).{path}"),
    }
}

fn notes(before: &Report, after: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let counts = |report: &Report| {
        let trace = &report.trace;
        format!("{} requests and {} writes", trace.requests, trace.writes)
    };
    if counts(before) != counts(after) {
        notes.push(format!(
            "the baseline replayed {}, this run {}: other traffic has other figures",
            counts(before),
            counts(after)
        ));
    }
    if before.seed != after.seed {
        notes.push(format!(
            "the baseline began with seed {}, this run with {}: give both the same `--seed`, so that \
             chance is the same in both",
            before.seed, after.seed
        ));
    }
    if before.warmup != after.warmup {
        notes.push(format!(
            "the baseline left out {} s as warm-up, this run {} s",
            before.warmup, after.warmup
        ));
    }
    if before.sampled.is_some() != after.sampled.is_some() {
        notes.push("one of the two is of a sample of the traffic".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(better: Better, before: f64, after: f64) -> f64 {
        let figure = String::new();
        Before {
            figure,
            unit: Unit::Ratio,
            better,
            before,
            after,
        }
        .worse_by()
    }

    #[test]
    fn worse_is_a_share_of_what_was() {
        assert_eq!(before(Better::Higher, 1.0, 0.75), 0.25);
        assert_eq!(before(Better::Lower, 2.0, 3.0), 0.5);
        assert!(before(Better::Higher, 0.6, 0.8) < 0.0);
        assert_eq!(before(Better::Lower, 0.0, 1e-9), f64::INFINITY);
        assert_eq!(before(Better::Lower, 0.0, 0.0), 0.0);
        assert_eq!(before(Better::Lower, 7.0, f64::INFINITY), f64::INFINITY);
        let none = f64::INFINITY;
        assert_eq!(before(Better::Lower, none, none), 0.0);
        assert_eq!(before(Better::Lower, none, 7.0), f64::NEG_INFINITY);
    }
}
