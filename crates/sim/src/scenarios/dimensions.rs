//! Dimensions that the trace lacks.

use super::{Scenario, outcomes};
use cachepolicy_core::ids::WorkloadId;
use cachepolicy_core::units::Duration;
use cachepolicy_trace::CacheStatus;

/// The currency follows from the language, and is declared before it.
const SHOP: &str = "request { cookie currency by accept-language
      header accept-language }
    backend copies proxy
    view page { route GET \"/\"; store copies; ttl 1h; skip when currency }
    workload day {
      duration 1h
      requests 1/s { GET \"/\" weight 1 }
      header accept-language 50% of choice(en 50%, de 50%)
      cookie currency choice(EUR 50%, USD 50%)
    }";

fn bypasses(language: Option<Option<&str>>) -> u64 {
    let mut scenario = Scenario::new(SHOP);
    scenario.options.workload = Some(WorkloadId(0));
    for second in 0..100 {
        scenario.request(f64::from(second), "/", |request| {
            let Some(language) = language else {
                return;
            };
            request.headers_known = true;
            let header = language.map(|value| ("accept-language".to_owned(), value.to_owned()));
            request.headers.extend(header);
        });
    }
    outcomes(&scenario.run(), "page")[4]
}

#[test]
fn what_follows_is_absent_where_its_base_is() {
    assert_eq!(bypasses(Some(None)), 0);
    assert_eq!(bypasses(Some(Some("en"))), 100);
}

#[test]
fn what_follows_a_drawn_base_is_absent_where_that_is() {
    let drawn = bypasses(None);
    // Five standard deviations of 100 draws at a half.
    assert!((25..=75).contains(&drawn), "{drawn}");
}

/// What a log says that its cache did stands beside what the policy would do.
#[test]
fn observed_beside_simulated() {
    let policy = "backend copies proxy
        view page { route GET \"/\"; store copies; ttl 10s }";
    let observe = |warmup: f64| {
        let mut scenario = Scenario::new(policy);
        scenario.options.warmup = Duration::from_secs_f64(warmup);
        let statuses = [
            (0.0, "/", Some(CacheStatus::Miss)),
            (1.0, "/", Some(CacheStatus::Hit)),
            (2.0, "/", Some(CacheStatus::Expired)),
            (3.0, "/", Some(CacheStatus::Revalidated)),
            (20.0, "/", Some(CacheStatus::Stale)),
            (21.0, "/", Some(CacheStatus::Updating)),
            (22.0, "/", None),
            (23.0, "/elsewhere", Some(CacheStatus::Bypass)),
        ];
        for (seconds, path, status) in statuses {
            scenario.request(seconds, path, |request| request.cache_status = status);
        }
        scenario.run().observed
    };
    let all = observe(0.0).unwrap();
    let each = [
        all.hit,
        all.stale,
        all.updating,
        all.revalidated,
        all.expired,
        all.miss,
        all.bypass,
    ];
    assert_eq!((all.count, each), (7, [1; 7]));
    assert_eq!(all.hit_ratio, Some(3.0 / 7.0));
    // Of the same seven the simulation answers four from its copy.
    assert_eq!(all.simulated_hit_ratio, Some(4.0 / 7.0));
    assert_eq!(observe(15.0).unwrap().count, 3);
    assert_eq!(observe(21.5).unwrap().count, 1);
    assert_eq!(Scenario::new(policy).run().observed, None);
}

/// A log with that header alone says where it is absent.
#[test]
fn a_header_that_is_known_to_be_absent_is_not_drawn() {
    let mut scenario = Scenario::new(SHOP);
    scenario.options.workload = Some(WorkloadId(0));
    for second in 0..100 {
        scenario.request(f64::from(second), "/", |request| {
            request.absent_headers.push("accept-language".to_owned());
        });
    }
    let report = scenario.run();
    assert_eq!(outcomes(&report, "page")[4], 0);
    let language = report.dimensions["accept-language"];
    assert_eq!((language.observed, language.sampled), (100, 0));
    let currency = report.dimensions["currency"];
    assert_eq!((currency.observed, currency.sampled), (0, 100));
}
