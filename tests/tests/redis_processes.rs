//! Several processes over one Redis: one of them makes what all wait for, whatever becomes of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_runtime::{Outcome, Redis};
use cachepolicy_tests::redis_server::{AtOnce, Server};
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{PATIENCE, at, eventually, get, over};

const POLICY: &str = "policy many { edition 1; processes 4 }
    model Row { id }
    origin db { }
    backend far redis { on-failure bypass after 1m }
    object item(slug) { store far; reads Row; ttl 1h; stampede lease LEASE wait 1m; cost 1s on db; timeout 1m }";

/// Another process of this test.
struct Process {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Process {
    fn start(server: &Server, lease: &str, takes: Duration, requests: u64) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process", "--nocapture"])
            .env("CACHEPOLICY_TEST_REDIS", server.address())
            .env("CACHEPOLICY_TEST_LEASE", lease)
            .env("CACHEPOLICY_TEST_TAKES", takes.as_millis().to_string())
            .env("CACHEPOLICY_TEST_REQUESTS", requests.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self { child, says }
    }

    /// Waits for what it says about this.
    fn hear(&mut self, what: &str) -> u64 {
        let mut line = String::new();
        while self.says.read_line(&mut line).unwrap() > 0 {
            if let Some((_, number)) = line.trim().split_once(what) {
                return number.trim().parse().unwrap();
            }
            line.clear();
        }
        panic!("the process did not say {what}");
    }

    fn go(&mut self) {
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"go\n")
            .unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the other processes do: all ask for the same at once, and count how often they made it.
#[test]
fn a_process() {
    let Ok(address) = std::env::var("CACHEPOLICY_TEST_REDIS") else {
        return;
    };
    let lease = std::env::var("CACHEPOLICY_TEST_LEASE").unwrap();
    let takes = std::env::var("CACHEPOLICY_TEST_TAKES").unwrap();
    let takes = Duration::from_millis(takes.parse().unwrap());
    let requests = std::env::var("CACHEPOLICY_TEST_REQUESTS").unwrap();
    let requests: u64 = requests.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let cache = at(&POLICY.replace("LEASE", &lease), &address);
        println!("ready 0");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let mut asked = Vec::new();
        for _ in 0..requests {
            let (cache, address) = (cache.clone(), address.clone());
            asked.push(tokio::spawn(async move {
                let item = cache.level("item").unwrap().of(["hot"]);
                let served = item.get_or_load(move || async move {
                    let client = redis::Client::open(address).unwrap();
                    let mut database = client.get_multiplexed_async_connection().await.unwrap();
                    let made: u32 = redis::cmd("INCR")
                        .arg("made")
                        .query_async(&mut database)
                        .await
                        .unwrap();
                    tokio::time::sleep(takes).await;
                    Ok::<_, Infallible>(Some(made))
                });
                *served.await.unwrap().value.unwrap()
            }));
        }
        let mut served = 0;
        for asked in asked {
            served += u64::from(asked.await.unwrap() > 0);
        }
        println!("served {served}");
    });
}

fn made(server: &Server) -> u64 {
    server.text(&["GET", "made"]).parse().unwrap()
}

#[test]
fn ten_thousand_ask_and_one_makes_it() {
    let server = Server::start(&[]);
    let start = |_| Process::start(&server, "1m", Duration::from_millis(300), 2_500);
    let mut processes: Vec<Process> = (0..4).map(start).collect();
    for process in &mut processes {
        process.hear("ready");
    }
    for process in &mut processes {
        process.go();
    }
    let served: u64 = processes
        .iter_mut()
        .map(|process| process.hear("served"))
        .sum();
    assert_eq!((served, made(&server)), (10_000, 1));
}

#[tokio::test]
async fn a_holder_that_is_killed_leaves_the_lock_until_it_expires() {
    let server = Server::start(&[]);
    let mut holder = Process::start(&server, "2s", Duration::from_secs(3600), 20);
    holder.hear("ready");
    holder.go();
    eventually(async || !server.keys("made").is_empty()).await;
    let mut other = Process::start(&server, "2s", Duration::ZERO, 20);
    other.hear("ready");
    other.go();
    // `SIGKILL`, in the middle of the fill.
    drop(holder);
    let served = tokio::task::spawn_blocking(move || other.hear("served"));
    let served = tokio::time::timeout(PATIENCE, served).await;
    assert_eq!(served.unwrap().unwrap(), 20);
    assert_eq!(made(&server), 2);
}

/// A connection over which somebody is faster: after the first answer something happens before it arrives.
#[derive(Clone)]
struct Overtaken {
    connection: AtOnce,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

type Meanwhile = Box<dyn FnOnce() + Send>;

impl core::fmt::Debug for Overtaken {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Overtaken")
    }
}

impl ConnectionLike for Overtaken {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async {
            let answer = self.connection.req_packed_command(command).await;
            let meanwhile = self.meanwhile.lock().unwrap().take();
            if let Some(meanwhile) = meanwhile {
                // It has a runtime of its own.
                std::thread::spawn(meanwhile).join().unwrap();
            }
            answer
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        0
    }
}

#[tokio::test]
async fn who_looked_before_another_process_was_done_does_not_make_it_again() {
    for stampede in ["lease 1m wait 1m", "lock 1m wait 1m"] {
        let policy = POLICY.replace("lease LEASE wait 1m", stampede);
        let server = Server::start(&[]);
        let (address, other) = (server.address(), policy.clone());
        let meanwhile = move || {
            let tokio = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let made = tokio.block_on(async { get(&at(&other, &address), "a", 1).await });
            assert!(matches!(made.outcome, Outcome::Filled { .. }));
        };
        let slow = Overtaken {
            connection: AtOnce::from(server.connect()),
            meanwhile: Arc::new(Mutex::new(Some(Box::new(meanwhile)))),
        };
        let cache = over(&policy, Redis::over(slow));
        let served = get(&cache, "a", 2).await;
        assert_eq!(*served.value.unwrap(), 1, "{stampede}");
        assert_eq!(cache.counters("item").unwrap().fills, 0);
    }
}
