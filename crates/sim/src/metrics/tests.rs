//! A small run made by hand, and the report of it.

use super::*;
use crate::report::{RecoveryOutcome, Report, TraceSummary};
use crate::store::KeyId;
use crate::testing::policy;
use cachepolicy_core::decide::{BypassReason, ServeOnlyReason};
use cachepolicy_core::expectation::{Claim, Mode, Subject};
use cachepolicy_core::figures::{FIGURES, SubjectKind};
use cachepolicy_core::ids::WorkloadId;

const ARTICLE: LevelId = LevelId(0);
const PAGE: LevelId = LevelId(1);
const DB: OriginId = OriginId(0);
const SHARED: BackendId = BackendId(0);

/// In a trace that begins at 100 s.
fn at(seconds: f64) -> Time {
    Time::from_secs_f64(100.0 + seconds)
}

const fn millis(millis: i64) -> Duration {
    Duration::from_millis(millis)
}

/// A miss: the page's own fill.
fn miss(metrics: &mut Metrics, start: f64, key: u32, concurrent: u32, cause: Cause) {
    let took = millis(500);
    let end = at(start) + took;
    metrics.lookup(PAGE, at(start), Outcome::Miss);
    let fill = FillBegan {
        key: KeyId(key),
        concurrent,
        cause,
        background: false,
    };
    metrics.fill_began(PAGE, at(start), &fill);
    metrics.origin_arrived(DB, at(start), 0);
    metrics.origin_began(DB, at(start), Duration::ZERO, concurrent, 0);
    metrics.origin_ended(DB, end, took, concurrent - 1, false);
    let stored = Stored {
        instance: 0,
        backend: SHARED,
        level: PAGE,
        key: KeyId(key),
        bytes: 1000,
    };
    metrics.stored(&stored);
    metrics.fill_ended(PAGE, end, FillResult::Stored, took);
    let own = Serve {
        from_copy: false,
        waited: false,
        expired: false,
        bytes: 1000,
        missed_since: None,
        missed_writes: 0,
        leak: false,
    };
    metrics.serve(PAGE, end, &own);
    metrics.lookup_ended(PAGE, end, took);
    let answer = RequestEnd {
        latency: took,
        bytes: 1000,
        origin_time: took,
        ..RequestEnd::default()
    };
    metrics.request_ended(Some(RouteIx(0)), end, &answer);
}

/// A hit that misses the writes since then.
fn hit(metrics: &mut Metrics, now: f64, missed_since: Option<f64>) {
    let serve = Serve {
        from_copy: true,
        waited: false,
        expired: false,
        bytes: 1000,
        missed_since: missed_since.map(at),
        missed_writes: u32::from(missed_since.is_some()),
        leak: false,
    };
    metrics.lookup(PAGE, at(now), Outcome::Fresh);
    metrics.serve(PAGE, at(now), &serve);
    metrics.lookup_ended(PAGE, at(now), Duration::ZERO);
    let answer = RequestEnd {
        origin_free: true,
        out_of_date: missed_since.is_some(),
        staleness: missed_since.map_or(Duration::ZERO, |since| at(now).since(at(since))),
        bytes: 1000,
        bytes_from_copies: 1000,
        origin_time_saved: millis(500),
        ..RequestEnd::default()
    };
    metrics.request_ended(Some(RouteIx(0)), at(now), &answer);
}

fn new() -> Metrics {
    let mut metrics = Metrics::new(&policy(), vec!["GET /articles/{slug}".into()], None);
    metrics.begin(at(0.0));
    metrics
}

/// Stampede, hits, a write and an out-of-date serve, a wait, a bypass, an eviction, a flush.
fn run() -> Metrics {
    let mut metrics = new();
    miss(&mut metrics, 0.0, 7, 1, Cause::ColdStart);
    miss(&mut metrics, 1.0, 8, 2, Cause::Expiry);
    (0..120).for_each(|hundredth| hit(&mut metrics, 2.0 + f64::from(hundredth) / 100.0, None));
    hit(&mut metrics, 4.5, Some(4.0));
    metrics.write_settled(PAGE, at(4.0), Some(millis(500)), Duration::from_secs(2));
    metrics.delivery(ActionIx(0), 1);
    metrics.delivery(ActionIx(0), 0);
    metrics.lost(ActionIx(1));
    metrics.lookup(ARTICLE, at(5.0), Outcome::Bypass(BypassReason::Skipped));
    metrics.lookup(ARTICLE, at(5.0), Outcome::Miss);
    let wait = Wait {
        waited: millis(20),
        in_vain: false,
        served_by_other: true,
    };
    metrics.wait(ARTICLE, at(5.02), &wait);
    let too_slow = FillResult::ServedOnly(ServeOnlyReason::TooSlow);
    metrics.fill_ended(ARTICLE, at(5.1), too_slow, millis(100));
    metrics.removed(SHARED, PAGE, 1000, Leaving::Evicted { fresh: true });
    metrics.too_large(SHARED);
    metrics.fault(at(6.0), Fault::Flush(SHARED));
    (0..31).for_each(|second| hit(&mut metrics, 6.0 + f64::from(second), None));
    metrics.fault(at(38.0), Fault::Deploy);
    metrics.coverage(DimensionId(0), Known::Observed);
    metrics.coverage(DimensionId(0), Known::Defaulted);
    metrics.data_coverage(PAGE, 0, Known::Sampled);
    metrics.note("made by hand");
    metrics.note("made by hand");
    metrics
}

fn report(metrics: Metrics, policy: &Policy, seconds: f64) -> Report {
    metrics.finish(&RunEnd {
        has_writes: true,
        beginning: &|number| number.to_string(),
        sampled: None,
        policy,
        trace: TraceSummary {
            workload: None,
            requests: 154,
            writes: 1,
            faults: 2,
            duration: seconds,
        },
        seed: 1,
        workload: None,
        ended: at(seconds),
        lookups: &|_| 0,
        key_name: &|_, KeyId(key)| format!("page:{key}"),
    })
}

#[test]
fn the_report_of_a_run() {
    insta::assert_snapshot!(report(run(), &policy(), 40.0).to_json());
}

#[test]
fn a_report_reads_back() {
    let report = report(run(), &policy(), 40.0);
    let read: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(read, report);
    assert_eq!(read.to_json(), report.to_json());
}

#[test]
fn a_run_without_anything_has_a_report_without_figures() {
    let report = report(new(), &policy(), 0.0);
    assert_eq!(report.requests.hit_ratio, None);
    assert_eq!(report.levels["page"].latency.p99, None);
    assert_eq!(report.origins["db"].rate.mean, None);
    let read: Report = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(read, report);
}

/// One subject of each kind.
fn subject(kind: SubjectKind) -> Subject {
    match kind {
        SubjectKind::Level => Subject::Level(PAGE),
        SubjectKind::Route => Subject::Route("GET /articles/{slug}".into()),
        SubjectKind::Requests => Subject::Requests,
        SubjectKind::Origin => Subject::Origin(DB),
        SubjectKind::Backend => Subject::Backend(SHARED),
        SubjectKind::Fault => Subject::Fault("flush shared".into()),
    }
}

#[test]
fn every_figure_of_the_table_has_a_value() {
    let policy = policy();
    let mut metrics = run();
    // The figures that the run leaves out.
    let wait = Wait {
        waited: millis(20),
        in_vain: true,
        served_by_other: false,
    };
    metrics.wait(PAGE, at(39.0), &wait);
    let report = report(metrics, &policy, 40.0);
    for figure in FIGURES {
        for &kind in figure.subjects {
            let value = crate::expect::figure_of(&policy, &report, &subject(kind), figure.name);
            assert!(value.is_some(), "{} of {kind:?}", figure.name);
        }
    }
    for nonsense in [
        "",
        ".",
        "staleness",
        "staleness.",
        "lock.p99",
        "out_of_date.p99",
        "wait",
    ] {
        for kind in [
            SubjectKind::Level,
            SubjectKind::Requests,
            SubjectKind::Origin,
        ] {
            let value = crate::expect::figure_of(&policy, &report, &subject(kind), nonsense);
            assert_eq!(value, None, "{nonsense} of {kind:?}");
        }
    }
}

#[test]
fn what_was_counted_before_the_end_of_the_warm_up_is_forgotten() {
    let mut metrics = new();
    miss(&mut metrics, 0.0, 7, 1, Cause::ColdStart);
    metrics.fault(at(1.0), Fault::Deploy);
    metrics.warmed_up(at(2.0));
    hit(&mut metrics, 2.0, None);
    // Began before: neither counts.
    metrics.lookup_ended(PAGE, at(3.0), millis(1500));
    metrics.request_ended(
        Some(RouteIx(0)),
        at(3.0),
        &RequestEnd {
            latency: millis(1500),
            ..RequestEnd::default()
        },
    );
    metrics.write_settled(PAGE, at(1.9), None, Duration::SECOND);
    let report = report(metrics, &policy(), 4.0);
    assert_eq!(report.warmup, 2.0);
    assert_eq!(report.timeline.from, 2.0);
    assert_eq!(
        (report.requests.count, report.requests.hit_ratio),
        (1, Some(1.0))
    );
    let page = &report.levels["page"];
    assert_eq!((page.lookups, page.fills, page.latency.count), (1, 0, 1));
    assert_eq!(page.exposure.count, 0);
    assert_eq!(report.recovery, []);
    assert_eq!(report.backends["shared"].entries, 1);
    assert_eq!(report.origins["db"].work, 0);
}

#[test]
fn a_claim_about_a_recovery_that_did_not_come_is_missed_once_it_is_too_late() {
    let decided = |seconds: f64, limit: f64| {
        let mut policy = policy();
        let claim = &mut policy.expectations[0];
        claim.claim = Claim::Figure {
            subject: Subject::Fault("deploy".into()),
            figure: "recovery".into(),
            comparison: cachepolicy_core::expectation::Comparison::AtMost,
            limit,
            unit: cachepolicy_core::expectation::Unit::Seconds,
        };
        let report = report(run(), &policy, seconds);
        assert_eq!(report.recovery[1].outcome, RecoveryOutcome::NotWithinTrace);
        assert_eq!(report.expectations[0].figure, None);
        report.expectations[0].held
    };
    // The deploy is at 38 s, and nothing comes after it.
    assert_eq!(decided(40.0, 10.0), None);
    assert_eq!(decided(78.0, 10.0), None);
    assert_eq!(decided(78.5, 10.0), Some(false));
}

#[test]
fn claims_that_are_proved_are_decided_too() {
    let policy = policy();
    let report = report(run(), &policy, 40.0);
    let [ratio, peak, leak] = report.expectations.as_slice() else {
        panic!("{:?}", report.expectations);
    };
    assert_eq!((ratio.held, ratio.figure.is_some()), (Some(true), true));
    assert_eq!((peak.held, peak.figure), (Some(true), Some(1.0)));
    assert_eq!((leak.held, leak.kind.as_str()), (Some(true), "prove"));
    assert_eq!(policy.expectations[2].mode, Mode::Prove);
}

#[test]
fn claims_for_another_workload_are_not_decided() {
    let mut policy = policy();
    policy.expectations[0].workload = Some(WorkloadId(1));
    let all = report(run(), &policy, 40.0);
    assert_eq!(all.expectations[0].held, Some(true));
    let graph = cachepolicy_core::graph::Graph::new(&policy);
    let bounds = cachepolicy_analysis::Bounds::new(&policy, &graph);
    let claims = cachepolicy_analysis::Claims::new(&policy, &graph, &bounds);
    let evaluated = crate::expect::evaluate(&policy, &claims, &all, Some(WorkloadId(0)));
    assert_eq!((evaluated[0].held, evaluated[0].figure), (None, None));
    assert_eq!(evaluated[1].held, Some(true));
}
