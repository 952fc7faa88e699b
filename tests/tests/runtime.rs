//! What was simulated is what runs: the same requests, writes and work through the simulator and
//! through the runtime, under a clock that stands still in between, come to the same figures.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "support/beside.rs"]
mod beside;
#[path = "support/counted.rs"]
mod counted;

use beside::beside_ttl;
use cachepolicy_core::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_runtime::{Cache, Clock, Counters, Json, Postcard, Redis, Row, Write};
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_tests::redis_server::{AtOnce, Server};
use cachepolicy_tests::run::compile;
use cachepolicy_trace::event::{Event, Request, Value};
use cachepolicy_trace::random::Stream;
use counted::counters;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{RngSeed, TestRunner};
use std::sync::Arc;

/// A level of a random policy.
#[derive(Debug, Clone)]
struct Store {
    tiers: &'static str,
    ttl: &'static str,
    more: String,
    stampede: &'static str,
    timeout: &'static str,
}

/// Something that happens.
#[derive(Debug, Clone)]
struct Happening {
    /// Ticks after the one before, in whole steps: see [`times`].
    after: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// A page is asked for; its item's work, and the list's, take so many ticks.
    Get {
        item: usize,
        item_takes: u64,
        list_takes: u64,
        /// The item's work finds nothing, or fails.
        absent: bool,
        fails: bool,
    },
    Update(usize),
}

/// The same cases each time.
const SEED: u64 = 7;

/// Cases, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 10_000;

/// Milliseconds of what is called one here, and of one millisecond of the policies below.
const TICK: u64 = 1024;

/// No request comes later in its step.
const REQUESTS: u64 = 32;

const ITEMS: [&str; 3] = ["a", "b", "c"];

/// How an item is protected, and a list: a lock of the one never ends at the instant at which one of the other
/// does, since nothing says who is first then.
const OF_ITEMS: [&str; 2] = ["lock 6203ms wait 2109ms", "lease 4163ms wait 7239ms"];
const OF_LISTS: [&str; 2] = ["lock 6229ms wait 2129ms", "lease 4187ms wait 7253ms"];

fn store([lock, lease]: [&'static str; 2]) -> impl Strategy<Value = Store> {
    (
        select(vec![
            "near",
            "near, middle",
            "near ttl 4219ms, middle",
            "near ttl 1103ms, middle ttl 6311ms",
            "far",
            "far",
            "far ttl 6311ms",
            "near, far",
            "near ttl 1103ms, far ttl 6311ms",
        ]),
        select(vec!["2085ms", "2085ms sliding", "10281ms", "forever"]),
        beside_ttl(),
        select(vec!["none", "coalesce", lock, lease]),
        select(vec!["3103ms", "20577ms"]),
    )
        .prop_map(|(tiers, ttl, more, stampede, timeout)| Store {
            tiers,
            ttl,
            more,
            stampede,
            timeout,
        })
}

fn happening() -> impl Strategy<Value = Happening> {
    let get = (
        0..ITEMS.len(),
        select(vec![1024u64, 2048, 5120]),
        select(vec![1357u64, 3405]),
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(item, item_takes, list_takes, absent, fails)| What::Get {
            item,
            item_takes,
            list_takes,
            absent,
            fails,
        });
    let what = prop_oneof![5 => get, 1 => (0..ITEMS.len()).prop_map(What::Update)];
    (select(vec![0u64, 0, 1024, 2048, 5120]), what)
        .prop_map(|(after, what)| Happening { after, what })
}

fn actions() -> impl Strategy<Value = Vec<&'static str>> {
    let actions = vec![
        "purge item(slug)",
        "expire item(slug)",
        "bump item(slug)",
        "purge item(*)",
        "bump item(*)",
        "purge list",
        "expire list",
        "purge tag \"row:{slug}\"",
        "purge item(slug) cascade",
        "purge tag \"all\" cascade",
    ];
    subsequence(actions, 1..=3)
}

impl Store {
    fn text(&self) -> String {
        let Self {
            tiers,
            ttl,
            more,
            stampede,
            timeout,
        } = self;
        format!(
            "store {tiers}; ttl {ttl}{more}; stampede {stampede}; timeout {timeout}; cost 10ms on db"
        )
    }
}

/// A version that is raised in a Redis cannot be part of keys in memory: the runtime refuses that. And
/// where a purge removes what a key's version has hidden already, the two differ in what a failed fill
/// falls back on.
fn fitting(action: &str, item: &Store, actions: &[&str]) -> String {
    let is_alone = actions.len() == 1 && !item.tiers.contains("near");
    if item.tiers.contains("far") && !is_alone {
        action.replace("bump", "purge")
    } else {
        action.to_owned()
    }
}

/// How many processes there are: where they wait for each other they look after a lock from time to time,
/// and come later than simulated.
fn processes(stores: [&Store; 2]) -> usize {
    let waits = |store: &Store| store.tiers.contains("far") && store.stampede.contains("wait");
    if stores.iter().any(|store| waits(store)) {
        1
    } else {
        2
    }
}

fn policy(item: &Store, list: &Store, actions: &[&str]) -> String {
    let text = format!(
        "policy differential {{ edition 1; processes {} }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory {{ latency 0s }}
         backend middle memory {{ latency 0s }}
         backend far redis {{ latency 0s }}
         object item(slug) {{ reads Row(slug: slug); tags \"row:{{slug}}\", \"all\"; {} }}
         object list(slug) {{ reads Row; contains item(slug); {} }}
         view page(slug) {{ route GET \"/{{slug}}\"; contains list(slug) }}
         on Row update after commit {{ {} }}",
        processes([item, list]),
        item.text(),
        list.text(),
        actions
            .iter()
            .map(|action| fitting(action, item, actions))
            .collect::<Vec<_>>()
            .join("; ")
            .replace("list", "list(slug)"),
    );
    let words = text.split(' ').map(|word| {
        let figure = word.strip_suffix(';').unwrap_or(word).strip_suffix("ms");
        match figure.and_then(|figure| figure.parse::<u64>().ok()) {
            Some(ticks) => word.replace(&ticks.to_string(), &(ticks * TICK).to_string()),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// When each happens, in milliseconds. No two things happen at the same instant, when either may come
/// first: an item's work takes multiples of 1,024 ticks, each request comes some other time after a multiple,
/// and a list's work takes some other time longer for each request. These times are as if by chance, of a
/// million milliseconds, so that their sums differ too.
fn times(happenings: &[Happening]) -> Vec<u64> {
    let mut step = 0;
    let times = happenings.iter().zip(0u64..).map(|(happening, number)| {
        step += happening.after * TICK;
        step + number * SLOT + some(number, SLOT)
    });
    times.collect()
}

/// Requests of one step come one after the other.
const SLOT: u64 = 1024 * TICK / REQUESTS;

/// A number below `below`, of which sums are not alike where those of `number` are.
fn some(number: u64, below: u64) -> u64 {
    Stream::new(number, &["time"]).below(below)
}

/// How long a list's work takes, in milliseconds, when it is this request's.
fn list_work(ticks: u64, index: usize) -> u64 {
    ticks * TICK + some(index as u64 + REQUESTS, 256 * TICK)
}

fn milliseconds(millis: u64) -> Duration {
    Duration::from_nanos(millis as i64 * 1_000_000)
}

fn row(slug: &str) -> Vec<(String, Value)> {
    ["id", "slug"]
        .map(|field| (field.to_owned(), Value::Text(slug.to_owned())))
        .into()
}

fn simulated(policy: &Policy, happenings: &[Happening]) -> Vec<Counters> {
    let mut simulation =
        Simulation::new(policy, Options::default()).expect("a policy that can be simulated");
    for (index, (happening, at)) in happenings.iter().zip(times(happenings)).enumerate() {
        let process = Some(index as u32 % policy.processes);
        let at = Time::from_nanos(0) + milliseconds(at);
        let event = match happening.what {
            What::Update(item) => {
                let row = cachepolicy_trace::event::Row::from_iter(row(ITEMS[item]));
                Event::Write(cachepolicy_trace::event::Write {
                    at,
                    model: "Row".to_owned(),
                    operation: cachepolicy_core::edge::Operation::Update,
                    old: Some(row.clone()),
                    new: Some(row),
                    process,
                    delay: None,
                })
            }
            What::Get {
                item,
                item_takes,
                list_takes,
                absent,
                fails,
            } => {
                let seconds = |millis: u64| format!("{}", millis as f64 / 1_000.0);
                let flag = |is: bool| if is { "1" } else { "0" }.to_owned();
                let data = [
                    ("cost(item)", seconds(item_takes * TICK)),
                    ("cost(list)", seconds(list_work(list_takes, index))),
                    ("absent(item)", flag(absent)),
                    ("error(item)", flag(fails)),
                ];
                let data = data.map(|(name, value)| (name.to_owned(), vec![value]));
                Event::Request(Request {
                    at,
                    method: "GET".to_owned(),
                    path: format!("/{}", ITEMS[item]),
                    data: data.into(),
                    process,
                    ..Request::default()
                })
            }
        };
        simulation.push(&event).expect("events in order");
    }
    let report = simulation.finish();
    let counted = ["item", "list"].map(|name| counters(&report.levels[name]));
    counted.into()
}

async fn run(caches: Vec<Cache>, happenings: Arc<Vec<Happening>>) -> Vec<Counters> {
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for (index, (happening, at)) in happenings.iter().zip(times(&happenings)).enumerate() {
        let cache = &caches[index % caches.len()];
        tokio::time::sleep_until(began + std::time::Duration::from_millis(at)).await;
        match happening.what {
            What::Update(item) => {
                let row = Row::new([("id", ITEMS[item]), ("slug", ITEMS[item])]);
                let write = Write::update("Row", row.clone(), row);
                cache.write(&write).await.expect("a row with all fields");
            }
            What::Get {
                item,
                item_takes,
                list_takes,
                absent,
                fails,
            } => {
                let cache = cache.clone();
                tasks.push(tokio::spawn(async move {
                    let list = cache.level("list").expect("a level").of([ITEMS[item]]);
                    let inner = cache.level("item").expect("a level").of([ITEMS[item]]);
                    let made = list.get_or_load(move || async move {
                        let embedded = inner.get_or_load(move || async move {
                            sleep(item_takes * TICK).await;
                            match (fails, absent) {
                                (true, _) => Err("failed"),
                                (false, true) => Ok(None),
                                (false, false) => Ok(Some(1)),
                            }
                        });
                        embedded.await.map_err(|_| "failed")?;
                        sleep(list_work(list_takes, index)).await;
                        Ok::<_, &str>(Some("list".to_owned()))
                    });
                    drop(made.await);
                }));
            }
        }
    }
    for task in tasks {
        task.await.expect("no task panics");
    }
    // Background fills end.
    sleep(100_000 * TICK).await;
    let sum = |all: Counters, one: Counters| Counters {
        lookups: all.lookups + one.lookups,
        fresh: all.fresh + one.fresh,
        stale: all.stale + one.stale,
        negative: all.negative + one.negative,
        miss: all.miss + one.miss,
        waited: all.waited + one.waited,
        bypass: all.bypass + one.bypass,
        fills: all.fills + one.fills,
        stampede_peak: all.stampede_peak.max(one.stampede_peak),
    };
    let of = |name| caches.iter().map(move |cache| cache.counters(name));
    ["item", "list"]
        .map(|name| of(name).flatten().fold(Counters::default(), sum))
        .into()
}

async fn sleep(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
    }
}

/// The caches of a policy's processes, over this Redis.
fn caches(policy: &Policy, server: &Server) -> Vec<Cache> {
    server.command(&["FLUSHALL"]);
    let redis = Redis::over(AtOnce::from(server.connect()));
    let clock = Clock::at(Time::from_nanos(0));
    let processes = 0..u64::from(policy.processes);
    processes
        .map(|process| cache(policy, process, clock, redis.clone()))
        .collect()
}

fn cache(policy: &Policy, process: u64, clock: Clock, redis: Redis) -> Cache {
    Cache::builder(policy.clone())
        .clock(clock)
        .seed(process)
        .redis("far", redis)
        .values::<i32>("item", Postcard)
        .values::<String>("list", Json)
        .build()
        .expect("a policy that can be run")
}

fn cases() -> u32 {
    let said = std::env::var("PROPTEST_CASES").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(CASES)
}

#[test]
fn the_runtime_does_what_was_simulated() {
    let server = Server::start(&[]);
    let cases = ProptestConfig {
        cases: cases(),
        rng_seed: RngSeed::Fixed(SEED),
        ..ProptestConfig::default()
    };
    let happenings = proptest::collection::vec(happening(), 1..30);
    let stores = (store(OF_ITEMS), store(OF_LISTS));
    let case = (stores, actions(), happenings);
    let ran = TestRunner::new(cases).run(&case, |((item, list), actions, happenings)| {
        let text = policy(&item, &list, &actions);
        let policy = compile(&text);
        let expected = simulated(&policy, &happenings);
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let happenings = Arc::new(happenings);
        let counted = tokio.block_on(async {
            let caches = caches(&policy, &server);
            run(caches, Arc::clone(&happenings)).await
        });
        // Each process knows its own fills only.
        let is_alone = policy.processes == 1;
        let comparable = |all: Vec<Counters>| -> Vec<Counters> {
            let peak = |of: &Counters| if is_alone { of.stampede_peak } else { 0 };
            let all = all.iter();
            all.map(|of| Counters {
                stampede_peak: peak(of),
                ..*of
            })
            .collect()
        };
        prop_assert_eq!(comparable(counted), comparable(expected), "{}", text);
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}
