//! What was simulated is what runs, where processes wait for each other: a `lock` and a `lease` in a Redis,
//! under a clock that stands still in between.
//!
//! Who waits for another process looks after its lock every 25 ms at most, and so comes that much later than
//! simulated. So what happens comes in rounds: requests 40 ms apart, and in each round work that always takes
//! the same time; everything else lasts so long that nothing else can happen within these 25 ms. Some locks expire
//! before their holder is done: then the next one of those who wait begins, whichever it is.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "support/counted.rs"]
mod counted;

use cachepolicy_core::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_runtime::{Cache, Clock, Counters, Postcard, Redis, Row, Write};
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_tests::redis_server::{AtOnce, Server};
use cachepolicy_tests::run::compile;
use cachepolicy_trace::event::{self, Event};
use counted::counters;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{RngSeed, TestRunner};

/// The same cases each time.
const SEED: u64 = 3;

/// Cases, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 300;

/// Milliseconds of the time in which work and rounds are counted.
const STEP: u64 = 8192;

/// Milliseconds between the requests of a round.
const APART: u64 = 40;

const ITEMS: [&str; 2] = ["a", "b"];

/// Some requests one after the other, and what their work comes to.
#[derive(Debug, Clone)]
struct Round {
    /// Steps since the last round began: all of that is over by then.
    after: u64,
    /// Steps.
    takes: u64,
    absent: bool,
    fails: bool,
    /// This item is written before the round.
    writes: Option<usize>,
    /// Which process is asked for which item.
    asked: Vec<(usize, usize)>,
}

fn round() -> impl Strategy<Value = Round> {
    (
        select(vec![30_u64, 70]),
        select(vec![1_u64, 2, 5]),
        proptest::bool::weighted(0.15),
        proptest::bool::weighted(0.2),
        prop_oneof![2 => Just(None), 1 => (0..ITEMS.len()).prop_map(Some)],
        proptest::collection::vec((0..3_usize, 0..ITEMS.len()), 1..7),
    )
        .prop_map(|(after, takes, absent, fails, writes, asked)| Round {
            after,
            takes,
            absent,
            fails,
            writes,
            asked,
        })
}

/// So many steps, and some milliseconds more than any multiple.
fn lasts(steps: u64, more: u64) -> String {
    format!("{}ms", steps * STEP + more)
}

fn policy() -> impl Strategy<Value = String> {
    let more = vec![
        format!("; stale-while-revalidate {}", lasts(35, 1000)),
        format!("; stale-if-error {}", lasts(50, 1000)),
        format!("; negative ttl {}", lasts(45, 1000)),
        "; fence".to_owned(),
    ];
    let near = format!("near ttl {}, far", lasts(33, 1000));
    let (short, long) = (lasts(2, 2048), lasts(7, 2048));
    let stampede = vec![
        format!("lock {} wait {short}", lasts(6, 4096)),
        format!("lock {} wait {long}", lasts(6, 4096)),
        format!("lease {} wait {short}", lasts(6, 4096)),
        format!("lease {} wait {long}", lasts(8, 4096)),
        format!("lock {} wait {long}", lasts(3, 4096)),
        format!("lease {} wait {long}", lasts(3, 4096)),
        format!("lock {} wait {short}", lasts(1, 4096)),
    ];
    (
        select(vec!["far".to_owned(), "far".to_owned(), near]),
        select(vec![lasts(40, 1000), "forever".to_owned()]),
        subsequence(more, 0..=4),
        select(stampede),
        select(vec!["purge item(slug)", "expire item(slug)"]),
        2..=3_u32,
    )
        .prop_map(|(tiers, ttl, more, stampede, action, processes)| {
            let timeout = lasts(20, 512);
            format!(
                "policy locks {{ edition 1; processes {processes} }}
                 model Row {{ id; slug }}
                 origin db {{ }}
                 backend near memory {{ latency 0s }}
                 backend far redis {{ latency 0s }}
                 object item(slug) {{
                   reads Row(slug: slug); store {tiers}; ttl {ttl}{}; stampede {stampede}; timeout {timeout}
                   cost 10ms on db
                 }}
                 view page(slug) {{ route GET \"/{{slug}}\"; contains item(slug) }}
                 on Row update after commit {{ {action} }}",
                more.concat()
            )
        })
}

/// What happens, and when, in milliseconds.
enum What<'r> {
    Written(usize),
    Asked(usize, usize, &'r Round),
}

fn happenings(rounds: &[Round]) -> Vec<(u64, What<'_>)> {
    let mut all = Vec::new();
    let mut at = 0;
    for round in rounds {
        at += round.after * STEP;
        if let Some(item) = round.writes {
            all.push((at - APART, What::Written(item)));
        }
        for ((process, item), number) in round.asked.iter().zip(0..) {
            all.push((at + number * APART, What::Asked(*process, *item, round)));
        }
    }
    all
}

fn simulated(policy: &Policy, rounds: &[Round]) -> Counters {
    let mut simulation =
        Simulation::new(policy, Options::default()).expect("a policy that can be simulated");
    for (at, what) in happenings(rounds) {
        let at = Time::from_nanos(0) + Duration::from_nanos(at as i64 * 1_000_000);
        let event = match what {
            What::Written(item) => {
                let row = ["id", "slug"].map(|field| {
                    let value = event::Value::Text(ITEMS[item].to_owned());
                    (field.to_owned(), value)
                });
                let row = event::Row::from_iter(row);
                Event::Write(event::Write {
                    at,
                    model: "Row".to_owned(),
                    operation: cachepolicy_core::edge::Operation::Update,
                    old: Some(row.clone()),
                    new: Some(row),
                    process: Some(0),
                    delay: None,
                })
            }
            What::Asked(process, item, round) => {
                let flag = |is: bool| if is { "1" } else { "0" }.to_owned();
                let seconds = (round.takes * STEP) as f64 / 1_000.0;
                let data = [
                    ("cost(item)", seconds.to_string()),
                    ("absent(item)", flag(round.absent)),
                    ("error(item)", flag(round.fails)),
                ];
                let data = data.map(|(name, value)| (name.to_owned(), vec![value]));
                Event::Request(event::Request {
                    at,
                    method: "GET".to_owned(),
                    path: format!("/{}", ITEMS[item]),
                    data: data.into(),
                    process: Some(process as u32 % policy.processes),
                    ..event::Request::default()
                })
            }
        };
        simulation.push(&event).expect("events in order");
    }
    counters(&simulation.finish().levels["item"])
}

async fn run(caches: Vec<Cache>, rounds: &[Round]) -> Counters {
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for (at, what) in happenings(rounds) {
        tokio::time::sleep_until(began + milliseconds(at)).await;
        match what {
            What::Written(item) => {
                let row = Row::new([("id", ITEMS[item]), ("slug", ITEMS[item])]);
                let write = Write::update("Row", row.clone(), row);
                caches[0]
                    .write(&write)
                    .await
                    .expect("a row with all fields");
            }
            What::Asked(process, item, round) => {
                let cache = &caches[process % caches.len()];
                let key = cache.level("item").expect("a level").of([ITEMS[item]]);
                let (takes, fails, absent) = (round.takes * STEP, round.fails, round.absent);
                tasks.push(tokio::spawn(key.get_or_load(move || async move {
                    tokio::time::sleep(milliseconds(takes)).await;
                    match (fails, absent) {
                        (true, _) => Err("failed"),
                        (false, true) => Ok(None),
                        (false, false) => Ok(Some(1)),
                    }
                })));
            }
        }
    }
    for task in tasks {
        drop(task.await.expect("no task panics"));
    }
    // Background fills end.
    tokio::time::sleep(milliseconds(100 * STEP)).await;
    let mut all = Counters::default();
    for one in caches.iter().filter_map(|cache| cache.counters("item")) {
        all.lookups += one.lookups;
        all.fresh += one.fresh;
        all.stale += one.stale;
        all.negative += one.negative;
        all.miss += one.miss;
        all.waited += one.waited;
        all.bypass += one.bypass;
        all.fills += one.fills;
    }
    all
}

fn milliseconds(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}

fn caches(policy: &Policy, server: &Server) -> Vec<Cache> {
    server.command(&["FLUSHALL"]);
    let redis = Redis::over(AtOnce::from(server.connect()));
    let clock = Clock::at(Time::from_nanos(0));
    (0..u64::from(policy.processes))
        .map(|process| {
            Cache::builder(policy.clone())
                .clock(clock)
                .seed(process)
                .redis("far", redis.clone())
                .values::<i32>("item", Postcard)
                .build()
                .expect("a policy that can be run")
        })
        .collect()
}

#[test]
fn processes_wait_for_each_other_as_simulated() {
    let server = Server::start(&[]);
    let said = std::env::var("PROPTEST_CASES").ok();
    let config = ProptestConfig {
        cases: said.and_then(|said| said.parse().ok()).unwrap_or(CASES),
        rng_seed: RngSeed::Fixed(SEED),
        ..ProptestConfig::default()
    };
    let case = (policy(), proptest::collection::vec(round(), 1..5));
    let ran = TestRunner::new(config).run(&case, |(text, rounds)| {
        let policy = compile(&text);
        // Each process knows its own fills only.
        let expected = Counters {
            stampede_peak: 0,
            ..simulated(&policy, &rounds)
        };
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let counted = tokio.block_on(async { run(caches(&policy, &server), &rounds).await });
        prop_assert_eq!(counted, expected, "{}", text);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}
