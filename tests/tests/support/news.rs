//! A site with pages, parts and users behind the layer, which records what it is asked.
#![allow(dead_code, clippy::unwrap_used, reason = "tests use parts of it")]

use bytes::Bytes;
use cachepolicy_core::Policy;
use cachepolicy_core::units::Time;
use cachepolicy_core::url::decode;
use cachepolicy_runtime::{
    Body, Cache, Clock, Counters, HttpOptions, Recorded, Recorder, Row, Write,
};
use cachepolicy_sim::Options;
use cachepolicy_sim::report::Report;
use cachepolicy_tests::run::replay;
use cachepolicy_trace::{Needs, ReadOptions, ReadStats};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer as _;
use tower_service::Service;

/// What the site's levels are called.
pub(crate) const LEVELS: [&str; 5] = ["article", "settings", "homepage", "article_page", "public"];

/// Somebody asks for a page.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Milliseconds after the one before.
    pub(crate) after: u64,
    pub(crate) path: String,
    pub(crate) language: &'static str,
    pub(crate) user: Option<u64>,
    /// Article 1 is written before.
    pub(crate) writes: bool,
}

/// A site whose work takes so many ticks.
#[derive(Clone)]
struct Site {
    cache: Cache,
    tick: Duration,
}

impl Site {
    async fn article(&self, slug: String) -> Option<String> {
        let level = self.cache.level("article").unwrap().of([slug.as_str()]);
        let takes = self.tick * 23;
        let work = move || async move {
            tokio::time::sleep(takes).await;
            Ok::<_, Infallible>((!slug.starts_with("none")).then(|| slug.clone()))
        };
        let served = level.get_or_load(work).await.unwrap();
        served.value.map(|text| text.to_string())
    }

    async fn settings(&self) {
        let level = self.cache.level("settings").unwrap();
        let takes = self.tick * 7;
        let work = move || async move {
            tokio::time::sleep(takes).await;
            Ok::<_, Infallible>(Some(1))
        };
        level.get_or_load(work).await.unwrap();
    }

    async fn answer(self, path: String) -> Response<Full<Bytes>> {
        let tick = self.tick;
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
            tokio::time::sleep(tick * takes).await;
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

/// Answers all, under a clock that stands still in between, with work that takes so many of `tick`: what was
/// counted, by level, and recorded.
pub(crate) fn recorded(
    policy: &Policy,
    recorder: Recorder,
    (load, tick): (&[Asked], Duration),
) -> (Vec<Counters>, Recorded) {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tokio.block_on(run(policy, recorder, load, tick))
}

async fn run(
    policy: &Policy,
    recorder: Recorder,
    load: &[Asked],
    tick: Duration,
) -> (Vec<Counters>, Recorded) {
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
    let service = cache.http().unwrap().layer(Site {
        cache: cache.clone(),
        tick,
    });
    let began = tokio::time::Instant::now();
    let mut at = Duration::ZERO;
    let mut tasks = Vec::new();
    for asked in load {
        at += Duration::from_millis(asked.after);
        tokio::time::sleep_until(began + at).await;
        if asked.writes {
            let row = Row::new([("id", "1"), ("slug", "slug 1")]);
            let write = Write::update("Article", row.clone(), row);
            cache.write(&write).await.unwrap();
        }
        let mut request = Request::get(&asked.path).header("host", "News.example");
        request = request.header("accept-language", asked.language);
        if let Some(user) = asked.user {
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

/// All complete files of a trace, the oldest first.
pub(crate) fn text(folder: &Path) -> String {
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

/// What the simulator makes of a trace.
pub(crate) fn simulated(policy: &Policy, text: &str, options: Options) -> (Report, ReadStats) {
    let reading = ReadOptions {
        needs: Needs::of(policy),
        ..ReadOptions::default()
    };
    let mut source = cachepolicy_trace::open(Box::new(text.as_bytes()), "trace", &reading).unwrap();
    let report = replay(policy, options, &mut *source);
    (report, source.stats().clone())
}
