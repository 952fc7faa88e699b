//! Hits of the runtime, beside the same done by hand: `cargo bench -p cachepolicy-benches --bench runtime`.
//!
//! Contenders take turns in short blocks, and what counts is the ratio of two blocks side by side, of which
//! the median is told: whatever else runs on the machine disturbs both.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use cachepolicy_core::Policy;
use cachepolicy_core::decide::{Decision, Flight, Found, Lifetimes, decide};
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::{QueryFilter, Url, Values, key};
use cachepolicy_core::units::Time;
use cachepolicy_runtime::{Bytes, Cache, Level, Redis};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
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

/// So often each contender has its turn.
const ROUNDS: usize = 41;

/// A life, as the policy's.
const TTL: Duration = Duration::from_secs(3600);

fn slugs() -> Vec<String> {
    (0..KEYS)
        .map(|number| format!("a-product-{number}"))
        .collect()
}

async fn get(level: &Level, slug: &str) {
    let product = level.of([slug]);
    let served = product.get_or_load(|| async { Ok::<_, Infallible>(Some(vec![7_u8; 100])) });
    black_box(served.await.expect("a value"));
}

/// Time, and CPU time of this thread, which whatever else runs on the machine disturbs less.
#[derive(Clone, Copy)]
struct Took {
    elapsed: Duration,
    worked: Duration,
}

/// What so many of these take, one after the other.
fn take(runtime: &Runtime, count: usize, hit: impl AsyncFn(&str)) -> Took {
    let slugs = slugs();
    let worked = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("one"));
    runtime.block_on(async {
        let (began, before) = (Instant::now(), worked());
        for slug in slugs.iter().cycle().take(count) {
            hit(slug).await;
        }
        Took {
            elapsed: began.elapsed(),
            worked: worked() - before,
        }
    })
}

/// Somebody who takes so long for so many hits.
type Contender<'c> = (&'c str, Box<dyn Fn(usize) -> Took + 'c>);

/// Lets all take turns, and tells what each takes for a hit, and how often as long as the first, by `of`.
fn compare(title: &str, count: usize, contenders: &[Contender<'_>], of: fn(Took) -> Duration) {
    for (_, hits) in contenders {
        hits(count);
    }
    let rounds: Vec<Vec<f64>> = (0..ROUNDS)
        .map(|_| {
            let took = contenders.iter().map(|(_, hits)| of(hits(count)));
            took.map(|took| took.as_secs_f64() / count as f64).collect()
        })
        .collect();
    println!("{title}");
    for (index, (name, _)) in contenders.iter().enumerate() {
        let times = rounds.iter().map(|round| round[index] * 1e9);
        let ratios = rounds.iter().map(|round| round[index] / round[0]);
        println!(
            "  {name:<34} {:>9.0} ns {:>6.2}×",
            median(times),
            median(ratios)
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

fn memory() {
    let runtime = runtime();
    let by_hand = CacheBuilder::new(100_000)
        .with_shards(16)
        .with_eviction_config(LruConfig::default())
        .build::<CacheProperties>();
    let with_ttl = CacheBuilder::new(100_000)
        .with_shards(16)
        .with_eviction_config(LruConfig::default())
        .build::<CacheProperties>();
    for slug in slugs() {
        let value = Arc::new(vec![7_u8; 100]);
        drop(by_hand.insert(format!("product:{slug}"), Arc::clone(&value)));
        let until = Instant::now() + TTL;
        drop(with_ttl.insert(format!("product:{slug}"), (until, value)));
    }
    let cache = Cache::builder(compile(&POLICY.replace("STORE", "near"))).build();
    let level = cache.expect("a policy that can be run").level("product");
    let level = level.expect("a level");
    let by_hand = |count| {
        take(&runtime, count, async |slug| {
            let found = by_hand.get(&format!("product:{slug}"));
            black_box(found.map(|found| Arc::clone(found.value())));
        })
    };
    let with_ttl = |count| {
        take(&runtime, count, async |slug| {
            let found = with_ttl.get(&format!("product:{slug}"));
            let fresh = found.filter(|found| Instant::now() < found.value().0);
            black_box(fresh.map(|found| Arc::clone(&found.value().1)));
        })
    };
    let policy = |count| take(&runtime, count, async |slug| get(&level, slug).await);
    let contenders: [Contender<'_>; 3] = [
        ("by hand", Box::new(by_hand)),
        ("by hand, with a ttl", Box::new(with_ttl)),
        ("by the policy", Box::new(policy)),
    ];
    let title = "a hit in memory, CPU time";
    compare(title, 50_000, &contenders, |took| took.worked);
}

/// What a look-up knows.
struct Slug<'s>(&'s str);

impl Values for Slug<'_> {
    fn param(&self, _: u16) -> Option<&str> {
        Some(self.0)
    }

    fn dimension(&self, _: DimensionId) -> Option<&str> {
        None
    }

    fn url(&self) -> Url<'_> {
        Url::default()
    }
}

/// The key and the decision alone, without a store.
fn key_and_decision() {
    let runtime = runtime();
    let policy: Policy = compile(&POLICY.replace("STORE", "near"));
    let (level, filter) = (&policy.levels[0], QueryFilter::new(&policy));
    let now = Time::from_nanos(1_700_000_000_000_000_000);
    let lifetimes = Lifetimes::begin(&level.rules, level.rules.ttl, false, now, 0.5);
    let decided = |count| {
        take(&runtime, count, async |slug| {
            let mut text = String::with_capacity(64);
            key(&level.key.parts, &Slug(slug), &filter, &mut text);
            let found = Found::Copy {
                lifetimes,
                negative: false,
                fill_time: cachepolicy_core::units::Duration::ZERO,
            };
            let decision = decide(&level.rules, black_box(found), Flight::Nobody, now, 0.5);
            assert!(matches!(decision, Decision::Serve { .. }));
            black_box(text);
        })
    };
    let contenders: [Contender<'_>; 1] = [("key and decision", Box::new(decided))];
    let title = "without a store, CPU time";
    compare(title, 50_000, &contenders, |took| took.worked);
}

fn redis_hits() {
    let server = Server::start(&[]);
    let runtime = runtime();
    let client = redis::Client::open(server.address()).expect("an address");
    let connection = runtime.block_on(client.get_multiplexed_async_connection());
    let connection = connection.expect("a connection");
    for slug in slugs() {
        server.set(&format!("product:{slug}"), &[7; 100]);
        server.set(&format!("version:{slug}"), b"1");
    }
    let one = |count| {
        take(&runtime, count, async |slug| {
            let mut connection = connection.clone();
            let mut command = redis::cmd("GET");
            command.arg(format!("product:{slug}"));
            let found: Vec<u8> = command.query_async(&mut connection).await.expect("a value");
            black_box(found);
        })
    };
    let two = |count| {
        take(&runtime, count, async |slug| {
            let mut connection = connection.clone();
            let mut command = redis::cmd("MGET");
            command
                .arg(format!("product:{slug}"))
                .arg(format!("version:{slug}"));
            let found: (Vec<u8>, Vec<u8>) =
                command.query_async(&mut connection).await.expect("values");
            black_box(found);
        })
    };
    let redis = Redis::at(&server.address()).expect("an address");
    let builder = Cache::builder(compile(&POLICY.replace("STORE", "far")))
        .redis("far", redis)
        .values::<Vec<u8>>("product", Bytes);
    let cache = runtime.block_on(async { builder.build() });
    let level = cache.expect("a policy that can be run").level("product");
    let level = level.expect("a level");
    let policy = |count| take(&runtime, count, async |slug| get(&level, slug).await);
    let contenders: [Contender<'_>; 3] = [
        ("GET by redis-rs", Box::new(one)),
        ("MGET of copy and version by hand", Box::new(two)),
        ("by the policy", Box::new(policy)),
    ];
    // Each key is filled before it counts.
    compare("a hit in a Redis, time", KEYS, &contenders, |took| {
        took.elapsed
    });
    let title = "the same, CPU time of the client";
    compare(title, KEYS, &contenders, |took| took.worked);
}

/// Only what is named after `--`, if anything is: `memory`, `decision`, `redis`.
fn main() {
    let all = [
        ("memory", memory as fn()),
        ("decision", key_and_decision),
        ("redis", redis_hits),
    ];
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| asked.iter().any(|asked| asked == name);
    let is_any = all.iter().any(|(name, _)| is_named(name));
    for (name, compare) in all {
        if !is_any || is_named(name) {
            compare();
        }
    }
}
