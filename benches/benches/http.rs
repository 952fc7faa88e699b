//! The HTTP layer alone, without a connection: `cargo bench -p cachepolicy-benches --bench http`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use bytes::Bytes;
use cachepolicy_runtime::{Body, Cache, HttpOptions};
use cachepolicy_tests::run::compile;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, Response};
use http_body_util::Full;
use nix::time::{ClockId, clock_gettime};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer as _;
use tower_service::Service;

/// Pages that are asked for in turn.
const PAGES: usize = 1_000;

/// A service that has its answer ready.
#[derive(Clone)]
struct Answering(Bytes);

impl<B> Service<Request<B>> for Answering {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let response = Response::builder().header("content-type", "text/html");
        let response = response.body(Full::new(self.0.clone()));
        ready(Ok(response.expect("a response")))
    }
}

/// As a browser asks.
fn request(page: usize) -> Request<Full<Bytes>> {
    Request::get(format!("/articles/{}?utm_source=letter", page % PAGES))
        .header("host", "news.example")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
        .header("accept", "text/html,application/xhtml+xml")
        .header("accept-language", "de-DE,de;q=0.9,en;q=0.8")
        .header("accept-encoding", "gzip, deflate, br")
        .header("cookie", "currency=EUR; session=0123456789")
        .body(Full::default())
        .expect("a request")
}

const PLAIN: &str = "policy pages { edition 1 }
    request { ignore query [utm_*] }
    backend near memory { capacity 100_000 entries; evict s3fifo }
    view page(slug) { route GET \"/articles/{slug}\"; store near; ttl 1h; stampede coalesce }";

const VARIES: &str = "policy pages { edition 1 }
    request {
      user.id personal
      header accept-language negotiated [en, fr, de] else en
      cookie currency in [EUR, USD] else EUR
      ignore query [utm_*]
    }
    backend near memory { capacity 100_000 entries; evict s3fifo }
    view page(slug) {
      route GET \"/articles/{slug}\"; store near; ttl 1h; stampede coalesce
      uses accept-language, currency; vary accept-language, currency
    }
    site all { route GET \"/**\"; store near; vary accept-language, currency; ttl 30m; skip when user.id }";

/// CPU time of this thread, which whatever else runs on the machine disturbs less.
fn worked() -> Duration {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    let now = clock_gettime(clock).expect("a clock for each thread");
    now.into()
}

fn hits(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let page = Answering(Bytes::from(vec![b'x'; 10_000]));
    let mut group = criterion.benchmark_group("http");
    group.throughput(Throughput::Elements(1));
    group.bench_function("a request is made", |bencher| {
        let mut next = 0;
        bencher.iter_custom(|count| {
            let began = worked();
            for _ in 0..count {
                next += 1;
                black_box(request(next));
            }
            worked() - began
        });
    });
    for (name, policy) in [("one view", PLAIN), ("site and view, both vary", VARIES)] {
        let options = HttpOptions::default().identify(|_, request| request);
        let cache = Cache::builder(compile(policy)).http(options).build();
        let cache = cache.expect("a policy that can be run");
        let mut service = cache.http().expect("pages").layer(page.clone());
        let mut ask = |page: usize| {
            let answer = runtime.block_on(service.call(request(page)));
            let answer: Response<Body> = answer.expect("an answer");
            answer
        };
        for page in 0..PAGES {
            drop(ask(page));
        }
        let mut next = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let began = worked();
                for _ in 0..count {
                    next += 1;
                    black_box(ask(next));
                }
                worked() - began
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hits);
criterion_main!(benches);
