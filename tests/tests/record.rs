//! What the runtime records, the simulator replays to what the runtime counted.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "support/counted.rs"]
mod counted;
#[path = "support/news.rs"]
mod news;

use cachepolicy_core::units::Time;
use cachepolicy_runtime::{Cache, Clock, Counters, HttpOptions, Recorder, Row, Write};
use cachepolicy_sim::Options;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::sample::Rate;
use cachepolicy_tests::run::compile;
use cachepolicy_trace::random::Stream;
use counted::counters;
use news::{Asked, LEVELS, recorded, simulated, text};
use std::convert::Infallible;
use std::time::Duration;

const POLICY: &str = r#"
policy site { edition 1; processes 1 }
model Article { id; slug }
model Setting { id }
request {
  user.id                personal
  header accept-language negotiated [en, de] else en
  ignore query           [utm_*]
}
origin db { }
backend near memory { latency 0s }
object article(slug) {
  store near; reads Article(slug); ttl 29s; negative ttl 5s; stale-while-revalidate 11s
  stampede coalesce; cost 23ms on db
}
object settings { store near; reads Setting; ttl 7s; stampede coalesce; cost 7ms on db }
view homepage {
  route GET "/"; store near; data headlines max 5; contains article(each headlines), settings
  uses accept-language; vary accept-language; ttl 9s; cost 31ms; stampede coalesce
}
view article_page(slug) {
  route GET "/articles/{slug}"; store near; contains article(slug)
  uses accept-language; vary accept-language; ttl 11s; cost 17ms; stampede coalesce; negative ttl 3s
}
view dashboard { route GET "/me"; contains settings; uses user.id; cost 13ms }
site public {
  route GET "/**"; store near; vary accept-language; ttl 5s; skip when user.id; stampede coalesce
  negative ttl 2s
}
on Article update after commit { purge article(slug); purge article_page(slug) }
"#;

/// Work takes so many of these.
const TICK: Duration = Duration::from_millis(1);

/// What is asked for, when, in which language and by whom, with a write now and then.
fn load(count: u64) -> Vec<Asked> {
    let mut draws = Stream::new(1, &["load"]);
    let mut load = Vec::new();
    for number in 0..count {
        let after = draws.below(4) * 97 + 1;
        let (path, user) = match draws.below(10) {
            0..3 => (format!("/?utm_source={number}"), None),
            3 => ("/me".to_owned(), Some(draws.below(3))),
            4 => (format!("/articles/none-{}", draws.below(2)), None),
            _ => (format!("/articles/slug%20{}", draws.below(6)), None),
        };
        load.push(Asked {
            after,
            path,
            language: ["en", "de,en;q=0.5", "fr"][draws.below(3) as usize],
            user,
            writes: number % 40 == 39,
        });
    }
    load
}

fn of_levels(report: &Report) -> Vec<Counters> {
    LEVELS
        .iter()
        .map(|level| counters(&report.levels[*level]))
        .collect()
}

#[test]
fn what_was_recorded_is_simulated_to_what_was_counted() {
    let policy = compile(POLICY);
    for is_plain in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::to(folder.path().join("trace.jsonl"))
            .rotate_at(20_000)
            .keep(1_000);
        let recorder = if is_plain { recorder.plain() } else { recorder };
        let (counted, recorded) = recorded(&policy, recorder, (&load(1_500), TICK));
        assert_eq!((recorded.requests, recorded.writes), (1_500, 37));
        assert_eq!(
            (recorded.dropped, recorded.left_out, recorded.late),
            (0, 0, 0)
        );
        assert!(recorded.files > 5);
        let text = text(folder.path());
        let (report, stats) = simulated(&policy, &text, Options::default());
        assert_eq!(stats.errors, 0);
        assert_eq!(stats.recorded, Some(cachepolicy_trace::Recorded::default()));
        assert_eq!(of_levels(&report), counted, "plain: {is_plain}");
        let says = |secret: &str| text.contains(secret);
        assert_eq!(says("slug") && says("none-1") && says("user 1"), is_plain);
        if !is_plain {
            assert!(!says("/articles/slug") && !says("user ") && !says("none") && !says("é"));
        }
        let observed = report.observed.unwrap();
        assert_eq!(observed.count, 1_500);
        let (is, would_be) = (
            observed.hit_ratio.unwrap(),
            observed.simulated_hit_ratio.unwrap(),
        );
        assert!((is - would_be).abs() < 0.01, "{is} {would_be}");
    }
}

#[test]
fn a_sample_is_that_of_the_simulator() {
    let policy = compile(POLICY);
    let of = |share: f64| {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::to(folder.path().join("trace.jsonl")).sample(share);
        let (_, recorded) = recorded(&policy, recorder, (&load(400), TICK));
        (
            std::fs::read(folder.path().join("trace.jsonl.key")).unwrap(),
            folder,
            recorded,
        )
    };
    let (secret, whole, _) = of(1.0);
    let folder = tempfile::tempdir().unwrap();
    // With the same secret the same paths.
    std::fs::write(folder.path().join("trace.jsonl.key"), secret).unwrap();
    let recorder = Recorder::to(folder.path().join("trace.jsonl")).sample(0.5);
    let (_, said) = recorded(&policy, recorder, (&load(400), TICK));
    assert_eq!(said.requests + said.left_out, 400);
    assert!(said.left_out > 0 && said.requests > 0);
    let options = Options {
        sample: Rate::new(0.5),
        ..Options::default()
    };
    let (of_whole, _) = simulated(&policy, &text(whole.path()), options.clone());
    let (of_part, stats) = simulated(&policy, &text(folder.path()), options);
    assert_eq!(of_levels(&of_whole), of_levels(&of_part));
    let lacks = stats.recorded.unwrap();
    assert_eq!((lacks.sample.share(), lacks.left_out), (0.5, said.left_out));
    // Simulation and trace agree on what is not there.
    assert_eq!(of_whole.sampled.unwrap().requests, said.requests);
}

#[test]
fn what_there_is_no_room_for_is_dropped_and_said() {
    let policy = compile(POLICY);
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::to(folder.path().join("trace")).queue(1);
    let cache = Cache::builder(policy.clone());
    let cache = cache.http(HttpOptions::default().identify(|_, request| request));
    let cache = cache.record(recorder).build().unwrap();
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tokio.block_on(async {
        for _ in 0..5_000 {
            let row = Row::new([("id", "1"), ("slug", "a")]);
            cache.write(&Write::create("Article", row)).await.unwrap();
        }
    });
    let recorded = cache.stop_recording().unwrap();
    assert_eq!(recorded.writes + recorded.dropped, 5_000);
    assert!(recorded.dropped > 0 && recorded.writes > 0);
    let text = std::fs::read_to_string(folder.path().join("trace.000001")).unwrap();
    let (_, stats) = simulated(&policy, &text, Options::default());
    assert_eq!(stats.recorded.unwrap().dropped, recorded.dropped);
}

#[test]
fn look_ups_outside_of_requests_are_accesses() {
    let policy = compile(
        "policy store { edition 1; processes 1 }
         model Row { id }
         origin db { }
         backend near memory { latency 0s }
         object thing(id) { store near; reads Row(id); ttl 7s; cost from trace on db; stampede coalesce }",
    );
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::to(folder.path().join("keys.jsonl"))
        .accesses("thing")
        .keep(2);
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let counted = tokio.block_on(async {
        let cache = Cache::builder(policy.clone());
        let cache = cache
            .clock(Clock::at(Time::ZERO))
            .record(recorder)
            .build()
            .unwrap();
        let mut tasks = Vec::new();
        for number in 0..300u64 {
            tokio::time::sleep(Duration::from_millis(131)).await;
            let key = cache
                .level("thing")
                .unwrap()
                .of([format!("{}", number * number % 17)]);
            tasks.push(tokio::spawn(key.get_or_load(|| async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Ok::<_, Infallible>(Some(1))
            })));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let counted = cache.counters("thing").unwrap();
        cache.stop_recording();
        counted
    });
    let (report, _) = simulated(&policy, &text(folder.path()), Options::default());
    assert_eq!(counters(&report.levels["thing"]), counted);
    assert!(counted.waited > 0 && counted.fresh > 0);
}
