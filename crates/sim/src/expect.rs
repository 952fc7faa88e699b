//! Claims of `expect` blocks, decided by a report.

use crate::report::{
    ExpectationResult, LevelFigures, OriginFigures, OutOfDate, Quantiles, Recovery,
    RecoveryOutcome, Report, RequestFigures,
};
use crate::sample::grows_with_traffic;
use cachepolicy_analysis::Claims;
use cachepolicy_core::expectation::{Claim, Comparison, Expectation, Mode, Subject, Unit};
use cachepolicy_core::ids::WorkloadId;
use cachepolicy_core::policy::Policy;

/// How long a recovery has to hold, in seconds.
const HELD: f64 = 30.0;

/// What became of every claim of the policy, in its order: those that are proved by `claims`, the
/// others by the report. `workload`: the one that was simulated; measured claims for another one are
/// not decided; `None`: claims for any are.
#[must_use]
pub fn evaluate(
    policy: &Policy,
    claims: &Claims<'_>,
    report: &Report,
    workload: Option<WorkloadId>,
) -> Vec<ExpectationResult> {
    let declared = policy.expectations.iter();
    declared
        .map(|claim| {
            let ours = workload.is_none() || claim.workload.is_none_or(|w| Some(w) == workload);
            result(policy, claims, ours.then_some(report), claim)
        })
        .collect()
}

/// The same before any run: what is measured is not decided.
#[must_use]
pub fn prove(policy: &Policy, claims: &Claims<'_>) -> Vec<ExpectationResult> {
    let declared = policy.expectations.iter();
    declared
        .map(|claim| result(policy, claims, None, claim))
        .collect()
}

fn result(
    policy: &Policy,
    claims: &Claims<'_>,
    report: Option<&Report>,
    expectation: &Expectation,
) -> ExpectationResult {
    let place = expectation.place;
    let mut result = ExpectationResult {
        id: expectation.id.clone(),
        kind: kind(expectation.mode).to_owned(),
        claim: expectation.text.clone(),
        subject: String::new(),
        held: None,
        figure: None,
        limit: None,
        unit: unit_name(Unit::Seconds).to_owned(),
        file: policy.file(place).to_owned(),
        line: place.line,
    };
    match &expectation.claim {
        Claim::NoLeak => {
            result.unit = unit_name(Unit::Count).to_owned();
            result.subject = "requests".to_owned();
        }
        Claim::Staleness {
            subject,
            limit_seconds,
            ..
        } => {
            result.subject = subject_name(policy, subject);
            result.limit = *limit_seconds;
        }
        Claim::Figure {
            subject,
            figure,
            comparison,
            limit,
            unit,
        } => {
            result.subject = subject_name(policy, subject);
            result.limit = Some(*limit);
            result.unit = unit_name(*unit).to_owned();
            if let Some(report) = report {
                result.figure = figure_of(policy, report, subject, figure);
                result.held = match result.figure {
                    Some(value) => Some(comparison.holds(value, *limit)),
                    None => not_recovered(report, subject, *comparison, *limit),
                };
                if report.sampled.is_some() && grows_with_traffic(policy, subject, figure) {
                    // What is too much already in a part of the trace is too much in the whole.
                    let at_most = matches!(comparison, Comparison::AtMost | Comparison::Less);
                    result.held = result.held.filter(|held| at_most && !held);
                }
            }
        }
    }
    if let Some(decided) = claims.decide(&expectation.claim) {
        result.held = Some(decided.held);
        result.figure = decided.figure.is_finite().then_some(decided.figure);
    }
    result
}

const fn kind(mode: Mode) -> &'static str {
    match mode {
        Mode::Prove => "prove",
        Mode::Accept => "accept",
        Mode::Measure => "measure",
    }
}

/// A unit's name in reports.
#[must_use]
pub const fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Ratio => "ratio",
        Unit::Seconds => "seconds",
        Unit::Count => "count",
        Unit::PerSecond => "per-second",
        Unit::Bytes => "bytes",
    }
}

/// A subject's name in reports.
pub(crate) fn subject_name(policy: &Policy, subject: &Subject) -> String {
    let name = match subject {
        Subject::Level(id) => policy.levels.get(id.index()).map(|level| &level.name),
        Subject::Origin(id) => policy.origins.get(id.index()).map(|origin| &origin.name),
        Subject::Backend(id) => policy.backends.get(id.index()).map(|backend| &backend.name),
        Subject::Route(name) | Subject::Fault(name) => Some(name),
        Subject::Requests => return "requests".to_owned(),
    };
    name.cloned().unwrap_or_default()
}

/// The figure of that name, see [`cachepolicy_core::figures`]; `None` where there was nothing to
/// measure.
#[must_use]
pub fn figure_of(policy: &Policy, report: &Report, subject: &Subject, figure: &str) -> Option<f64> {
    let name = subject_name(policy, subject);
    match subject {
        Subject::Level(_) => of_level(report.levels.get(&name)?, figure),
        Subject::Route(_) => of_requests(report.routes.get(&name)?, figure),
        Subject::Requests => match &report.sampled {
            Some(sampled) if figure == "hit_ratio" => sampled.hit_ratio,
            _ => of_requests(&report.requests, figure),
        },
        Subject::Origin(_) => of_origin(report.origins.get(&name)?, figure),
        Subject::Backend(_) => {
            let backend = report.backends.get(&name)?;
            Some(match figure {
                "entries" => backend.entries,
                "entries_peak" => backend.entries_peak,
                "bytes" => backend.bytes,
                "bytes_peak" => backend.bytes_peak,
                "evictions" => backend.evictions,
                "evicted_fresh" => backend.evicted_fresh,
                "too_large" => backend.too_large,
                _ => return None,
            } as f64)
        }
        Subject::Fault(_) if figure == "recovery" => slowest(&report.recovery, &name),
        Subject::Fault(_) => None,
    }
}

fn of_level(level: &LevelFigures, figure: &str) -> Option<f64> {
    let (head, rest) = figure.split_once('.').unwrap_or((figure, ""));
    let count = |count: u64| Some(count as f64);
    match (head, rest) {
        ("hit_ratio", "") => level.hit_ratio,
        ("byte_hit_ratio", "") => level.byte_hit_ratio,
        ("redundant_fills", "") => level.redundant_fills,
        ("leaks", "") => count(level.leaks),
        ("expired_serves", "") => count(level.expired_serves),
        ("lookups", "") => count(level.lookups),
        ("fills", "") => count(level.fills),
        ("stampede", "peak") => count(level.stampede.peak),
        ("stampede", "risk") => (level.fills > 0).then(|| highest_risk(level)),
        ("lock", "waits") => count(level.lock.waits),
        ("lock", "timeouts") => count(level.lock.timeouts),
        ("lock", wait) => quantile(&level.lock.wait, wait.strip_prefix("wait.")?),
        ("version_lag", which) => quantile(&level.version_lag, which),
        ("window", which) => quantile(&level.window, which),
        ("exposure", which) => quantile(&level.exposure, which),
        ("latency", which) => quantile(&level.latency, which),
        _ => of_freshness(&level.out_of_date, head, rest),
    }
}

/// Keys that are not in the report are at less risk than can be told.
fn highest_risk(level: &LevelFigures) -> f64 {
    let risks = level.risk.iter().map(|risk| risk.probability);
    risks.fold(0.0, f64::max)
}

fn of_requests(requests: &RequestFigures, figure: &str) -> Option<f64> {
    let (head, rest) = figure.split_once('.').unwrap_or((figure, ""));
    match (head, rest) {
        ("hit_ratio", "") => requests.hit_ratio,
        ("byte_hit_ratio", "") => requests.byte_hit_ratio,
        ("saved", "") => requests.saved,
        ("leaks", "") => Some(requests.leaks as f64),
        ("errors", "") => {
            (requests.count > 0).then(|| requests.errors as f64 / requests.count as f64)
        }
        ("latency", which) => quantile(&requests.latency, which),
        _ => of_freshness(&requests.out_of_date, head, rest),
    }
}

fn of_freshness(out_of_date: &OutOfDate, head: &str, rest: &str) -> Option<f64> {
    match (head, rest) {
        ("staleness", which) => quantile(&out_of_date.staleness, which),
        ("out_of_date", "serves") => Some(out_of_date.serves as f64),
        ("out_of_date", "ratio") => out_of_date.ratio,
        ("out_of_date", path) => match path.split_once('.')? {
            ("staleness", which) => quantile(&out_of_date.staleness, which),
            ("when_out_of_date", which) => quantile(&out_of_date.when_out_of_date, which),
            _ => None,
        },
        _ => None,
    }
}

fn of_origin(origin: &OriginFigures, figure: &str) -> Option<f64> {
    match figure {
        "work" => Some(origin.work as f64),
        "failed" => Some(origin.failed as f64),
        "queued" => Some(origin.queued as f64),
        "rate.mean" => origin.rate.mean,
        "rate.peak_1s" => origin.rate.peak_1s,
        "rate.peak_100ms" => origin.rate.peak_100ms,
        "utilisation" => origin.utilisation,
        "busy_peak" => Some(origin.busy_peak as f64),
        "queue_peak" => Some(origin.queue_peak as f64),
        _ => quantile(&origin.wait, figure.strip_prefix("wait.")?),
    }
}

fn quantile(quantiles: &Quantiles, which: &str) -> Option<f64> {
    match which {
        "mean" => quantiles.mean,
        "p50" => quantiles.p50,
        "p90" => quantiles.p90,
        "p99" => quantiles.p99,
        "p999" => quantiles.p999,
        "max" => quantiles.max,
        _ => None,
    }
}

/// The longest recovery from faults of that name; `None` if there was none, or from one of them
/// there was no recovery.
fn slowest(recoveries: &[Recovery], name: &str) -> Option<f64> {
    let ours = recoveries.iter().filter(|recovery| recovery.fault == name);
    ours.map(|recovery| recovery.seconds)
        .reduce(|slowest, seconds| Some(slowest?.max(seconds?)))
        .flatten()
}

/// A recovery that did not come within the trace took at least as long as the trace went on, less
/// the time for which it would have had to hold. Where that is more than allowed, the claim is
/// missed; else it is not decided.
fn not_recovered(
    report: &Report,
    subject: &Subject,
    comparison: Comparison,
    limit: f64,
) -> Option<bool> {
    let Subject::Fault(name) = subject else {
        return None;
    };
    let at_most = matches!(comparison, Comparison::AtMost | Comparison::Less);
    let too_late = |recovery: &Recovery| match recovery.outcome {
        RecoveryOutcome::Recovered => recovery
            .seconds
            .is_some_and(|seconds| !comparison.holds(seconds, limit)),
        RecoveryOutcome::NotWithinTrace => report.trace.duration - recovery.at - HELD > limit,
        RecoveryOutcome::TooFewRequests => false,
    };
    let mut ours = report
        .recovery
        .iter()
        .filter(|recovery| &recovery.fault == name);
    (at_most && ours.any(too_late)).then_some(false)
}
