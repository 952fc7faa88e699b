//! What is missing of an `each` is made together as it was simulated: random pages of several items,
//! through the simulator and through the runtime.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

#[path = "support/counted.rs"]
mod counted;

use cachepolicy_core::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_runtime::{Cache, Clock, Counters, Key, Row, Write};
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_tests::run::compile;
use cachepolicy_trace::event::{Event, Request, Value};
use counted::counters;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use std::convert::Infallible;
use std::sync::Arc;

const ITEMS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What each element of a unit of work adds, in milliseconds.
const EACH: u64 = 101;

#[derive(Debug, Clone)]
enum What {
    /// A page of these items is asked for; a unit of work takes so many milliseconds, and that for each.
    Page {
        items: Vec<&'static str>,
        takes: u64,
    },
    Update(&'static str),
}

fn what() -> impl Strategy<Value = What> {
    let items = subsequence(ITEMS.to_vec(), 1..=5).prop_shuffle();
    let page = (items, select(vec![1024_u64, 3072]));
    let page = page.prop_map(|(items, takes)| What::Page { items, takes });
    prop_oneof![5 => page, 1 => select(ITEMS.to_vec()).prop_map(What::Update)]
}

fn happenings() -> impl Strategy<Value = Vec<(u64, What)>> {
    let after = select(vec![0_u64, 0, 1024, 2048, 5120]);
    proptest::collection::vec((after, what()), 1..20)
}

/// Without a refresh in the background, which the simulator does for one element by itself, without the
/// time that a batch takes for each. And without single-flight: who waits for another's batch goes on at the instant at which that other one goes
/// on as well, and either may come first.
fn item() -> impl Strategy<Value = String> {
    (
        select(vec![2, 3, 9]),
        select(vec!["2085ms", "10281ms"]),
        select(vec!["", "; stale-if-error 16431ms", "; fence"]),
    )
        .prop_map(|(most, ttl, more)| {
            format!("batch max {most} each 101ms; ttl {ttl}{more}; timeout 20577ms")
        })
}

fn policy(item: &str) -> String {
    format!(
        "policy each {{ edition 1 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory {{ latency 0s }}
         object item(slug) {{ store near; reads Row(slug: slug); cost 10ms on db; {item} }}
         view page {{ route GET \"/\"; data slugs max 9; contains item(each slugs) }}
         on Row update after commit {{ purge item(slug) }}"
    )
}

/// No two things happen at the same instant: see `runtime.rs`. Each unit of work takes another time.
fn times(happenings: &[(u64, What)]) -> Vec<u64> {
    let mut step = 0;
    let times = happenings.iter().zip(0..).map(|((after, _), rest)| {
        step += after;
        step + rest
    });
    times.collect()
}

fn simulated(policy: &Policy, happenings: &[(u64, What)]) -> Counters {
    let simulation = Simulation::new(policy, Options::default());
    let mut simulation = simulation.expect("a policy that can be simulated");
    for (((_, what), at), index) in happenings.iter().zip(times(happenings)).zip(0_u64..) {
        let at = Time::from_nanos(0) + Duration::from_nanos(at as i64 * 1_000_000);
        simulation
            .push(&match what {
                What::Update(slug) => {
                    let row = ["id", "slug"]
                        .map(|name| (name.to_owned(), Value::Text((*slug).to_owned())));
                    let row = cachepolicy_trace::event::Row::from_iter(row);
                    Event::Write(cachepolicy_trace::event::Write {
                        at,
                        model: "Row".to_owned(),
                        operation: cachepolicy_core::edge::Operation::Update,
                        old: Some(row.clone()),
                        new: Some(row),
                        process: Some(0),
                        delay: None,
                    })
                }
                What::Page { items, takes } => {
                    let slugs = items.iter().map(|&slug| slug.to_owned()).collect();
                    let takes = (takes + index * 3) as f64 / 1_000.0;
                    let data = vec![
                        ("slugs".to_owned(), slugs),
                        ("cost(item)".to_owned(), vec![takes.to_string()]),
                    ];
                    Event::Request(Request {
                        at,
                        method: "GET".to_owned(),
                        path: "/".to_owned(),
                        data,
                        ..Request::default()
                    })
                }
            })
            .expect("events in order");
    }
    counters(&simulation.finish().levels["item"])
}

async fn page(cache: Cache, items: Vec<&'static str>, takes: u64) {
    let level = cache.level("item").expect("a level");
    let keys: Vec<Key> = items.iter().map(|slug| level.of([slug])).collect();
    let made = level.get_or_load_each(keys, move |keys: Vec<Key>| async move {
        let millis = takes + EACH * keys.len() as u64;
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        Ok::<_, Infallible>(
            keys.iter()
                .map(|key| key.param(0).map(str::to_owned))
                .collect(),
        )
    });
    let made = made.await;
    for (slug, made) in items.iter().zip(made) {
        let value = made.expect("work that does not fail").value;
        assert_eq!(value.as_deref().map(String::as_str), Some(*slug));
    }
}

async fn run(cache: Cache, happenings: Arc<Vec<(u64, What)>>) -> Counters {
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for (((_, what), at), index) in happenings.iter().zip(times(&happenings)).zip(0_u64..) {
        tokio::time::sleep_until(began + std::time::Duration::from_millis(at)).await;
        match what.clone() {
            What::Update(slug) => {
                let row = Row::new([("id", slug), ("slug", slug)]);
                let written = cache.write(&Write::update("Row", row.clone(), row)).await;
                written.expect("a row with all fields");
            }
            What::Page { items, takes } => {
                tasks.push(tokio::spawn(page(cache.clone(), items, takes + index * 3)));
            }
        }
    }
    for task in tasks {
        task.await.expect("no task panics");
    }
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    cache.counters("item").expect("a level")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn elements_are_made_together_as_simulated(item in item(), happenings in happenings()) {
        let text = policy(&item);
        let policy = compile(&text);
        let expected = simulated(&policy, &happenings);
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let happenings = Arc::new(happenings);
        let counted = tokio.block_on(async {
            let clock = Clock::at(Time::from_nanos(0));
            let cache = Cache::builder(policy).clock(clock).seed(1).build();
            run(cache.expect("a policy that can be run"), Arc::clone(&happenings)).await
        });
        prop_assert_eq!(counted, expected, "{}", text);
    }
}
