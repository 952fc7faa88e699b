//! Hits of the runtime, beside the same done by hand: `cargo bench -p cachepolicy-benches --bench runtime`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use cachepolicy_runtime::{Bytes, Cache, Redis};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
use criterion::{Criterion, criterion_group, criterion_main};
use foyer_memory::{CacheBuilder, CacheProperties, LruConfig};
use nix::time::{ClockId, clock_gettime};
use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const POLICY: &str = "policy hits { edition 1 }
    model Product { id; slug }
    origin db { }
    backend near memory { capacity 100_000 entries; evict lru }
    backend far redis { on-failure bypass after 5s }
    object product(slug) { store STORE; reads Product(slug); ttl 1h; stampede coalesce; cost 10ms on db }
    on Product update { purge product(slug) }";

/// Keys that are asked for in turn.
const KEYS: usize = 1_000;

fn slugs() -> Vec<String> {
    (0..KEYS)
        .map(|number| format!("a-product-{number}"))
        .collect()
}

async fn get(cache: &Cache, slug: &str) {
    let level = cache.level("product").expect("a level");
    let served = level
        .of([slug])
        .get_or_load(|| async { Ok::<_, Infallible>(Some(vec![7_u8; 100])) });
    black_box(served.await.expect("a value"));
}

/// CPU time of this thread, which whatever else runs on the machine disturbs less.
fn worked() -> Duration {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    let now = clock_gettime(clock).expect("a clock for each thread");
    now.into()
}

/// How much work so many of these are, one after the other, where nothing is waited for.
fn work(runtime: &Runtime, count: u64, hit: impl AsyncFn(&str)) -> Duration {
    let began = worked();
    time(runtime, count, hit);
    worked() - began
}

/// How long so many of these take, one after the other.
fn time(runtime: &Runtime, count: u64, hit: impl AsyncFn(&str)) -> Duration {
    let slugs = slugs();
    runtime.block_on(async {
        let began = Instant::now();
        for slug in slugs.iter().cycle().take(count as usize) {
            hit(slug).await;
        }
        began.elapsed()
    })
}

fn memory(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut group = criterion.benchmark_group("memory");
    let by_hand = CacheBuilder::new(100_000)
        .with_shards(16)
        .with_eviction_config(LruConfig::default())
        .build::<CacheProperties>();
    for slug in slugs() {
        drop(by_hand.insert(format!("product:{slug}"), Arc::new(vec![7_u8; 100])));
    }
    group.bench_function("by hand", |bencher| {
        bencher.iter_custom(|count| {
            work(&runtime, count, async |slug| {
                let found = by_hand.get(&format!("product:{slug}"));
                black_box(found.map(|found| Arc::clone(found.value())));
            })
        });
    });
    let cache = Cache::builder(compile(&POLICY.replace("STORE", "near"))).build();
    let cache = cache.expect("a policy that can be run");
    time(&runtime, KEYS as u64, async |slug| get(&cache, slug).await);
    let level = cache.level("product").expect("a level");
    group.bench_function("policy", |bencher| {
        bencher.iter_custom(|count| {
            work(&runtime, count, async |slug| {
                let served = level.of([slug]);
                let served =
                    served.get_or_load(|| async { Ok::<_, Infallible>(Some(vec![7_u8; 100])) });
                black_box(served.await.expect("a value"));
            })
        });
    });
    group.finish();
}

fn redis_hits(criterion: &mut Criterion) {
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut group = criterion.benchmark_group("redis");
    let client = redis::Client::open(server.address()).expect("an address");
    let connection = runtime.block_on(client.get_multiplexed_async_connection());
    let connection = connection.expect("a connection");
    for slug in slugs() {
        server.set(&format!("product:{slug}"), &[7; 100]);
    }
    group.bench_function("by hand", |bencher| {
        bencher.iter_custom(|count| {
            time(&runtime, count, async |slug| {
                let mut connection = connection.clone();
                let mut command = redis::cmd("GET");
                command.arg(format!("product:{slug}"));
                let found: Vec<u8> = command.query_async(&mut connection).await.expect("a value");
                black_box(found);
            })
        });
    });
    let builder = Cache::builder(compile(&POLICY.replace("STORE", "far")));
    let redis = Redis::at(&server.address()).expect("an address");
    let builder = builder
        .redis("far", redis)
        .values::<Vec<u8>>("product", Bytes);
    let cache = builder.build().expect("a policy that can be run");
    time(&runtime, KEYS as u64, async |slug| get(&cache, slug).await);
    group.bench_function("policy", |bencher| {
        bencher.iter_custom(|count| time(&runtime, count, async |slug| get(&cache, slug).await));
    });
    group.finish();
}

criterion_group!(benches, memory, redis_hits);
criterion_main!(benches);
