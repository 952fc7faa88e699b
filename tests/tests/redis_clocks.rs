//! The machine's clock jumps: processes that began before and after have clocks an hour apart, over one Redis.
//! Within a process nothing happens, since its clock goes on evenly from when the cache was built.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_core::units::{Duration as Length, Time};
use cachepolicy_runtime::{Cache, Clock, Hit, Outcome, Postcard, Redis};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
use std::convert::Infallible;
use std::time::Duration;
use support::{PATIENCE, get, write};

/// An hour.
const JUMP: i64 = 3_600_000_000_000;

const NOW: i64 = 1_700_000_000_000_000_000;

/// A process whose clock is so many hours off.
fn process(server: &Server, level: &str, hours: i64) -> Cache {
    let policy = format!(
        "policy clocks {{ edition 1; processes 3 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory {{ capacity 100 entries; evict lru }}
         backend far redis {{ on-failure bypass after 1m }}
         object item(slug) {{ store STORE; reads Row(slug: slug); cost 1s on db; timeout 1m; {level} }}
         on Row update after commit {{ ACTION item(slug) }}"
    );
    let action = if level.contains("expired") {
        "expire"
    } else {
        "purge"
    };
    let store = if level.contains("near") {
        "near, far"
    } else {
        "far"
    };
    let policy = policy.replace("ACTION", action).replace("STORE", store);
    let policy = policy.replace("; expired", "").replace("; near", "");
    let clock = Clock::at(Time::from_nanos(NOW) + Length::from_nanos(hours * JUMP));
    Cache::builder(compile(&policy))
        .clock(clock)
        .redis("far", Redis::at(&server.address()).unwrap())
        .values::<u32>("item", Postcard)
        .build()
        .unwrap()
}

/// Before the jump, after one back, and after one forward.
fn processes(server: &Server, level: &str) -> [Cache; 3] {
    [0, -1, 1].map(|hours| process(server, level, hours))
}

#[tokio::test]
async fn what_is_removed_is_gone_whatever_the_clock() {
    for level in ["ttl 10h", "ttl 10h; expired"] {
        let server = Server::start(&[]);
        let all = processes(&server, level);
        for (number, writer) in all.iter().enumerate() {
            let value = 10 * number as u32;
            for (offset, maker) in all.iter().enumerate() {
                // One makes it, all have it, one writes, and nobody has it any more.
                write(writer, "a").await.unwrap();
                let made = value + offset as u32 + 1;
                assert_eq!(*get(maker, "a", made).await.value.unwrap(), made);
                for reader in &all {
                    let served = get(reader, "a", 1_000).await;
                    assert_eq!(served.outcome, Outcome::Hit(Hit::Fresh), "{level}");
                    assert_eq!(*served.value.unwrap(), made);
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_outlives_its_life_in_a_redis() {
    let server = Server::start(&[]);
    let all = processes(&server, "ttl 1s");
    for maker in &all {
        get(maker, "a", 1).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        for reader in &all {
            // Nobody keeps what it makes here for the next.
            let item = reader.level("item").unwrap().of(["a"]);
            let none = item.get_or_load(|| async { Ok::<Option<u32>, Infallible>(None) });
            assert_eq!(none.await.unwrap().value, None);
        }
    }
}

#[tokio::test]
async fn nothing_gets_a_longer_life_in_memory() {
    let server = Server::start(&[]);
    let behind_memory = "ttl 1s; near";
    let all = processes(&server, behind_memory);
    for maker in &all {
        get(maker, "a", 1).await;
        for reader in &all {
            get(reader, "a", 1).await;
        }
        // Twice its life: what was read at its end, by a clock that is behind.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        for reader in &all {
            let item = reader.level("item").unwrap().of(["a"]);
            let none = item.get_or_load(|| async { Ok::<Option<u32>, Infallible>(None) });
            assert_eq!(none.await.unwrap().value, None);
        }
    }
}

/// A process takes the lock and is gone.
async fn leave_a_lock(cache: &Cache) {
    let began = std::sync::Arc::new(tokio::sync::Notify::new());
    let item = cache.level("item").unwrap().of(["a"]);
    let told = std::sync::Arc::clone(&began);
    tokio::spawn(item.get_or_load(move || async move {
        told.notify_one();
        std::future::pending::<Result<Option<u32>, Infallible>>().await
    }));
    began.notified().await;
}

#[tokio::test]
async fn a_lock_holds_for_as_long_as_it_says() {
    for stampede in ["lock 1s wait 30s", "lease 1s wait 30s"] {
        for (holder, other) in [(1, 0), (1, -1), (-1, 1), (0, -1), (-1, 0)] {
            let server = Server::start(&[]);
            let level = format!("ttl 10h; stampede {stampede}");
            let holder = process(&server, &level, holder);
            leave_a_lock(&holder).await;
            let other = process(&server, &level, other);
            let served =
                tokio::time::timeout(PATIENCE.min(Duration::from_secs(10)), get(&other, "a", 2));
            assert_eq!(*served.await.unwrap().value.unwrap(), 2, "{stampede}");
        }
    }
}

#[tokio::test]
async fn what_a_write_overtakes_is_not_kept_whatever_the_clock() {
    let server = Server::start(&[]);
    let all = processes(&server, "ttl 10h; fence");
    for maker in &all {
        for writer in &all {
            let (begun, go) = (
                tokio::sync::oneshot::channel(),
                tokio::sync::oneshot::channel::<()>(),
            );
            let item = maker.level("item").unwrap().of(["a"]);
            let making = tokio::spawn(item.get_or_load(move || async move {
                begun.0.send(()).unwrap();
                go.1.await.unwrap();
                Ok::<_, Infallible>(Some(1_u32))
            }));
            begun.1.await.unwrap();
            write(writer, "a").await.unwrap();
            go.0.send(()).unwrap();
            making.await.unwrap().unwrap();
            let served = get(writer, "a", 2).await;
            assert_eq!(*served.value.unwrap(), 2);
            write(maker, "a").await.unwrap();
        }
    }
}
