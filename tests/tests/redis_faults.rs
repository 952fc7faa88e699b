//! What happens when Redis fails under load: no wrong answer, nobody hangs, and it goes on by itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_runtime::{Cache, Failure, Outcome, Row, ServeOnlyReason, Served, Write};
use cachepolicy_tests::redis_server::Server;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use support::{PATIENCE, eventually, get, open, write};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const POLICY: &str = "policy faults { edition 1; processes 2 }
    model Row { id; slug }
    origin db { }
    backend near memory
    backend far redis { on-failure bypass after 100ms }
    bus outbox { delivery at-least-once; reaches all-processes }
    object item(slug) { store STORE; reads Row(slug: slug); ttl 1h; PROTECTION; cost 1ms on db; timeout 1m }
    on Row update via outbox { purge item(slug) }";

/// Nobody waits for longer: many times what the policy declares, for slow machines.
const LONGEST: Duration = Duration::from_secs(5);

const ROWS: usize = 20;

/// A service with a database, which many ask all the time.
struct Service {
    caches: Vec<Cache>,
    /// The version of each row.
    database: Vec<AtomicU32>,
    is_over: AtomicBool,
    answers: AtomicU64,
}

impl Service {
    fn start(server: &Server, store: &str, protection: &str) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let policy = POLICY
            .replace("STORE", store)
            .replace("PROTECTION", protection);
        let service = Arc::new(Self {
            caches: (0..2).map(|_| open(&policy, server)).collect(),
            database: (0..ROWS).map(|_| AtomicU32::new(0)).collect(),
            is_over: AtomicBool::new(false),
            answers: AtomicU64::new(0),
        });
        let ask = |number| tokio::spawn(Arc::clone(&service).ask(number));
        let asking = (0..16).map(ask).collect();
        (service, asking)
    }

    async fn ask(self: Arc<Self>, number: usize) {
        let cache = self.caches[number % 2].clone();
        for step in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let began = Instant::now();
            self.get(&cache, (number * 7 + step) % ROWS).await;
            assert!(
                began.elapsed() < LONGEST,
                "a request took {:?}",
                began.elapsed()
            );
            self.answers.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The row's version, which is never another row's or one that is yet to come.
    async fn get(self: &Arc<Self>, cache: &Cache, row: usize) -> u32 {
        let item = cache.level("item").unwrap().of([row.to_string()]);
        let service = Arc::clone(self);
        let made = item.get_or_load(move || async move {
            let version = service.database[row].load(Ordering::SeqCst);
            Ok::<_, Infallible>(Some(row as u32 * 1_000_000 + version))
        });
        let value = *made.await.unwrap().value.unwrap();
        let version = self.database[row].load(Ordering::SeqCst);
        assert_eq!(value / 1_000_000, row as u32);
        assert!(value % 1_000_000 <= version);
        value % 1_000_000
    }

    /// A write, and what an outbox does: it says so until it is taken.
    async fn write(&self, row: usize) {
        self.database[row].fetch_add(1, Ordering::SeqCst);
        let slug = row.to_string();
        let told = async {
            while write(&self.caches[0], &slug).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, told).await.unwrap();
    }

    fn begin_write(self: &Arc<Self>, row: usize) -> JoinHandle<()> {
        let service = Arc::clone(self);
        tokio::spawn(async move { service.write(row).await })
    }

    fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    fn fresh(&self) -> u64 {
        let counters = self
            .caches
            .iter()
            .map(|cache| cache.counters("item").unwrap());
        counters.map(|counters| counters.fresh).sum()
    }

    /// So many more answers come.
    async fn goes_on(&self) {
        let before = self.answers();
        eventually(async || self.answers() > before + 300).await;
    }

    /// Copies are served, and all of them show the last write.
    async fn recovers(self: &Arc<Self>) {
        let before = self.fresh();
        eventually(async || self.fresh() > before + 300).await;
        for row in 0..ROWS {
            for cache in &self.caches {
                let last = self.database[row].load(Ordering::SeqCst);
                eventually(async || self.get(cache, row).await == last).await;
            }
        }
    }

    async fn end(&self, asking: Vec<JoinHandle<()>>) {
        self.is_over.store(true, Ordering::Relaxed);
        for asking in asking {
            asking.await.unwrap();
        }
    }
}

const PROTECTIONS: [(&str, &str); 3] = [
    ("far", "stampede lease 1s wait 500ms"),
    ("near, far", "stampede coalesce; fence"),
    ("near, far", "stampede lock 1s wait 500ms; fence"),
];

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_comes_back() {
    for (store, protection) in PROTECTIONS {
        let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
        let (service, asking) = Service::start(&server, store, protection);
        service.recovers().await;
        for row in 0..ROWS {
            service.write(row).await;
        }
        server.kill();
        service.goes_on().await;
        // What is written meanwhile is told when there is somebody to tell.
        let writing = service.begin_write(3);
        service.goes_on().await;
        server.run();
        writing.await.unwrap();
        service.recovers().await;
        service.end(asking).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_stands_still_and_goes_on() {
    for (store, protection) in PROTECTIONS {
        let server = Server::start(&[]);
        let (service, asking) = Service::start(&server, store, protection);
        service.recovers().await;
        server.pause();
        let writing = service.begin_write(3);
        service.goes_on().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        service.goes_on().await;
        server.resume();
        writing.await.unwrap();
        service.recovers().await;
        service.end(asking).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_everything() {
    for (store, protection) in PROTECTIONS {
        let server = Server::start(&[]);
        let (service, asking) = Service::start(&server, store, protection);
        service.recovers().await;
        for row in 0..ROWS {
            server.command(&["FLUSHALL"]);
            service.write(row).await;
            server.command(&["FLUSHALL"]);
        }
        // What was written and told of is lost with the rest where nobody had heard it yet; whoever
        // follows the stream sees that, and forgets.
        service.recovers().await;
        service.end(asking).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_full() {
    for (store, protection) in PROTECTIONS {
        let server = Server::start(&["--maxmemory-policy", "noeviction"]);
        let (service, asking) = Service::start(&server, store, protection);
        service.recovers().await;
        server.command(&["CONFIG", "SET", "maxmemory", "1"]);
        service.goes_on().await;
        let writing = service.begin_write(3);
        service.goes_on().await;
        server.command(&["CONFIG", "SET", "maxmemory", "0"]);
        writing.await.unwrap();
        service.recovers().await;
        service.end(asking).await;
    }
}

#[tokio::test]
async fn what_is_full_can_be_purged() {
    let server = Server::start(&["--maxmemory-policy", "noeviction"]);
    let policy = POLICY
        .replace("STORE", "far")
        .replace("PROTECTION", "fence")
        .replace(" via outbox", "");
    let cache = open(&policy, &server);
    get(&cache, "a", 1).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(write(&cache, "a").await.unwrap().lost, 0);
    assert_eq!(get(&cache, "a", 2).await.value.as_deref(), Some(&2));
    assert_eq!(get(&cache, "a", 3).await.value.as_deref(), Some(&3));
}

/// A fill that is under way until it is let go.
struct SlowFill {
    go: oneshot::Sender<()>,
    filled: JoinHandle<Result<Served<u32>, Failure<Infallible>>>,
}

impl SlowFill {
    async fn begin(cache: &Cache) -> Self {
        let (begin, begun) = oneshot::channel();
        let (go, gone) = oneshot::channel();
        let item = cache.level("item").unwrap().of(["a"]);
        let filled = tokio::spawn(item.get_or_load(move || async move {
            begin.send(()).unwrap();
            gone.await.unwrap();
            Ok::<_, Infallible>(Some(1_u32))
        }));
        begun.await.unwrap();
        Self { go, filled }
    }

    /// Why what it made was not stored.
    async fn end(self) -> Option<ServeOnlyReason> {
        self.go.send(()).unwrap();
        let served = self.filled.await.unwrap().unwrap();
        let Outcome::Filled { not_stored, .. } = served.outcome else {
            panic!("{:?}", served.outcome);
        };
        not_stored
    }
}

#[tokio::test]
async fn a_flush_overtakes_what_is_being_filled() {
    for protection in ["fence", "stampede lease 1m wait 1m"] {
        let server = Server::start(&[]);
        let policy = POLICY
            .replace("STORE", "far")
            .replace("PROTECTION", protection);
        let cache = open(&policy, &server);
        let slow = SlowFill::begin(&cache).await;
        server.command(&["FLUSHALL"]);
        let not_stored = slow.end().await;
        assert_eq!(not_stored, Some(ServeOnlyReason::Overtaken), "{protection}");
    }
}

#[tokio::test]
async fn a_write_of_another_process_overtakes_what_is_being_filled() {
    let server = Server::start(&[]);
    let policy = POLICY
        .replace("STORE", "far")
        .replace("PROTECTION", "fence; tags \"all\"")
        .replace("purge item(slug)", "purge item(slug); purge tag \"all\"")
        .replace(" via outbox", "");
    let (cache, other) = (open(&policy, &server), open(&policy, &server));
    for written in ["a", "b"] {
        let slow = SlowFill::begin(&cache).await;
        let row = Row::new([("id", written), ("slug", written)]);
        let write = Write::update("Row", row.clone(), row);
        assert_eq!(other.write(&write).await.unwrap().lost, 0);
        let not_stored = slow.end().await;
        assert_eq!(not_stored, Some(ServeOnlyReason::Overtaken), "{written}");
    }
}
