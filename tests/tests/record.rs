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

use bytes::Bytes;
use cachepolicy_core::Policy;
use cachepolicy_core::units::Time;
use cachepolicy_core::url::decode;
use cachepolicy_runtime::{Body, Cache, Clock, Counters, HttpOptions, Recorder, Row, Write};
use cachepolicy_sim::Options;
use cachepolicy_sim::report::Report;
use cachepolicy_sim::sample::Rate;
use cachepolicy_tests::run::{compile, replay};
use cachepolicy_trace::random::Stream;
use cachepolicy_trace::{Needs, ReadOptions, ReadStats};
use counted::counters;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer as _;
use tower_service::Service;

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

const LEVELS: [&str; 5] = ["article", "settings", "homepage", "article_page", "public"];

/// A site whose work takes as long as it takes.
#[derive(Clone)]
struct Site(Cache);

impl Site {
    async fn article(&self, slug: String) -> Option<String> {
        let level = self.0.level("article").unwrap().of([slug.as_str()]);
        let work = || async move {
            tokio::time::sleep(Duration::from_millis(23)).await;
            Ok::<_, Infallible>((!slug.starts_with("none")).then(|| slug.clone()))
        };
        let served = level.get_or_load(work).await.unwrap();
        served.value.map(|text| text.to_string())
    }

    async fn settings(&self) {
        let level = self.0.level("settings").unwrap();
        let work = || async {
            tokio::time::sleep(Duration::from_millis(7)).await;
            Ok::<_, Infallible>(Some(1))
        };
        level.get_or_load(work).await.unwrap();
    }

    async fn answer(self, path: String) -> Response<Full<Bytes>> {
        let (text, takes) = if path == "/" {
            let headlines = ["a", "b", "c", "/?&é"].map(str::to_owned);
            cachepolicy_runtime::data("headlines", headlines.clone());
            for slug in headlines {
                self.article(slug).await;
            }
            self.settings().await;
            (Some("headlines".to_owned()), 31)
        } else if let Some(slug) = path.strip_prefix("/articles/") {
            (self.article(slug.to_owned()).await, 17)
        } else {
            self.settings().await;
            (Some("dashboard".to_owned()), 13)
        };
        if text.is_some() {
            tokio::time::sleep(Duration::from_millis(takes)).await;
        }
        let status = if text.is_some() { 200 } else { 404 };
        let body = Full::new(Bytes::from(text.unwrap_or_default()));
        Response::builder().status(status).body(body).unwrap()
    }
}

impl Service<Request<Body>> for Site {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let site = self.clone();
        let path = decode(request.uri().path()).into_owned();
        Box::pin(async move { Ok(site.answer(path).await) })
    }
}

/// What is asked for, when, in which language and by whom.
fn load(count: u64) -> Vec<(u64, String, &'static str, Option<u64>)> {
    let mut draws = Stream::new(1, &["load"]);
    let mut at = 0;
    let mut load = Vec::new();
    for number in 0..count {
        at += draws.below(4) * 97 + 1;
        let (path, user) = match draws.below(10) {
            0..3 => (format!("/?utm_source={number}"), None),
            3 => ("/me".to_owned(), Some(draws.below(3))),
            4 => (format!("/articles/none-{}", draws.below(2)), None),
            _ => (format!("/articles/slug%20{}", draws.below(6)), None),
        };
        let language = ["en", "de,en;q=0.5", "fr"][draws.below(3) as usize];
        load.push((at, path, language, user));
    }
    load
}

/// Answers the load, with a write now and then. What was counted, by level?
async fn run(
    policy: &Policy,
    recorder: Recorder,
    count: u64,
) -> (Vec<Counters>, cachepolicy_runtime::Recorded) {
    let options = HttpOptions::default().identify(|parts, request| {
        let user = parts.headers.get("x-user").and_then(|it| it.to_str().ok());
        match user {
            Some(user) => request.user("id", user),
            None => request,
        }
    });
    let cache = Cache::builder(policy.clone())
        .clock(Clock::at(Time::from_nanos(1_700_000_000_000_000_000)))
        .seed(0)
        .http(options)
        .record(recorder)
        .build()
        .unwrap();
    let service = cache.http().unwrap().layer(Site(cache.clone()));
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for (number, (at, path, language, user)) in load(count).into_iter().enumerate() {
        tokio::time::sleep_until(began + Duration::from_millis(at)).await;
        if number % 40 == 39 {
            let row = Row::new([("id", "1"), ("slug", "slug 1")]);
            cache
                .write(&Write::update("Article", row.clone(), row))
                .await
                .unwrap();
        }
        let mut request = Request::get(&path).header("host", "News.example");
        request = request.header("accept-language", language);
        if let Some(user) = user {
            request = request.header("x-user", format!("user {user}"));
        }
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let mut service = service.clone();
        tasks.push(tokio::spawn(async move {
            let response = service.call(request).await.unwrap();
            response.into_body().collect().await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    // Background fills end.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let counted = LEVELS.map(|level| cache.counters(level).unwrap());
    (counted.into(), cache.stop_recording().unwrap())
}

fn recorded(
    policy: &Policy,
    recorder: Recorder,
    count: u64,
) -> (Vec<Counters>, cachepolicy_runtime::Recorded) {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tokio.block_on(run(policy, recorder, count))
}

/// All complete files of a trace, the oldest first.
fn text(folder: &Path) -> String {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|it| it.extension().is_some_and(|it| it == "jsonl"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|it| std::fs::read_to_string(it).unwrap())
        .collect()
}

fn simulated(policy: &Policy, text: &str, options: Options) -> (Report, ReadStats) {
    let reading = ReadOptions {
        needs: Needs::of(policy),
        ..ReadOptions::default()
    };
    let mut source = cachepolicy_trace::open(Box::new(text.as_bytes()), "trace", &reading).unwrap();
    let report = replay(policy, options, &mut *source);
    (report, source.stats().clone())
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
        let (counted, recorded) = recorded(&policy, recorder, 1_500);
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
        let (_, recorded) = recorded(&policy, recorder, 400);
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
    let (_, said) = recorded(&policy, recorder, 400);
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
