//! Claims of several policies side by side: which are held by one and missed by another, which
//! were tightened or given up.

use super::leaves::numbered;
use crate::report::{ExpectationResult, Report};
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::HashMap;

/// A claim in every policy that makes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct ClaimRow {
    /// Without its limit, and with that where all have the same: `hit_ratio(GET "/") >= 80%`.
    pub claim: String,
    /// `prove`, `accept`, `measure`.
    pub kind: String,
    /// `ratio`, `seconds`, `count`, `per-second`, `bytes`.
    pub unit: String,
    /// What became of it, by policy; null where a policy does not make it.
    pub outcomes: Vec<Option<ClaimOutcome>>,
    /// Is it not the same everywhere: held or not, its limit, made or not?
    pub changed: bool,
}

/// What became of a claim in one policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct ClaimOutcome {
    /// Null: not decided by this run.
    pub held: Option<bool>,
    /// The figure.
    pub figure: Option<f64>,
    /// Its limit.
    pub limit: Option<f64>,
}

impl ClaimRow {
    /// Does some other policy miss it, and the first one not?
    #[must_use]
    pub fn is_newly_missed(&self) -> bool {
        let missed = |outcome: &Option<ClaimOutcome>| {
            outcome.is_some_and(|outcome| outcome.held == Some(false))
        };
        match self.outcomes.split_first() {
            Some((first, others)) => !missed(first) && others.iter().any(missed),
            None => false,
        }
    }

    /// Does some policy miss it?
    #[must_use]
    pub fn is_missed(&self) -> bool {
        let mut made = self.outcomes.iter().flatten();
        made.any(|outcome| outcome.held == Some(false))
    }

    /// The one limit, if all policies that make the claim have the same.
    #[must_use]
    pub fn same_limit(&self) -> bool {
        let mut limits = self.outcomes.iter().flatten().map(|outcome| outcome.limit);
        let first = limits.next();
        limits.all(|limit| Some(limit) == first)
    }
}

/// The claims of all reports, in the order in which they first appear.
pub(super) fn rows(reports: &[&Report]) -> Vec<ClaimRow> {
    let mut rows: IndexMap<String, Vec<Option<&ExpectationResult>>> = IndexMap::new();
    for (index, report) in reports.iter().enumerate() {
        let mut seen = HashMap::new();
        for result in &report.expectations {
            let name = format!("{} {}", result.kind, without_limit(&result.claim));
            let row = rows.entry(numbered(&mut seen, name)).or_default();
            row.resize(reports.len(), None);
            if let Some(place) = row.get_mut(index) {
                *place = Some(result);
            }
        }
    }
    rows.into_values().filter_map(row).collect()
}

fn row(results: Vec<Option<&ExpectationResult>>) -> Option<ClaimRow> {
    let first = results.iter().copied().flatten().next()?;
    let outcome = |result: &ExpectationResult| ClaimOutcome {
        held: result.held,
        figure: result.figure,
        limit: result.limit,
    };
    let mut row = ClaimRow {
        claim: first.claim.clone(),
        kind: first.kind.clone(),
        unit: first.unit.clone(),
        outcomes: results.into_iter().map(|it| it.map(outcome)).collect(),
        changed: false,
    };
    if !row.same_limit() {
        row.claim = without_limit(&row.claim).to_owned();
    }
    let all_make_it = row.outcomes.iter().all(Option::is_some);
    let mut held = row.outcomes.iter().flatten().map(|outcome| outcome.held);
    let of_first = held.next();
    let same = held.all(|held| Some(held) == of_first);
    row.changed = !(all_make_it && same && row.same_limit());
    Some(row)
}

/// `hit_ratio(GET "/") >=` of `hit_ratio(GET "/") >= 80%`. No limit has such a sign in it.
pub(crate) fn without_limit(claim: &str) -> &str {
    let Some(sign) = claim.rfind(['<', '>']) else {
        return claim;
    };
    let rest = claim.get(sign..).unwrap_or_default();
    let width = if rest.get(1..2) == Some("=") { 2 } else { 1 };
    claim.get(..sign + width).unwrap_or(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_without_its_limit() {
        assert_eq!(
            without_limit("hit_ratio(GET \"/\") >= 80%"),
            "hit_ratio(GET \"/\") >="
        );
        assert_eq!(without_limit("fills(x) < 3"), "fills(x) <");
        assert_eq!(without_limit("prove no-leak"), "prove no-leak");
    }
}
