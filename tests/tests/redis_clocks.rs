//! Processes whose clocks are apart, over one Redis: since the machine's clock has jumped in between, or since
//! they are on several. Within a process nothing happens, since its clock goes on evenly from when the cache was
//! built; times in Redis are by Redis's clock, and where that cannot be asked for, by that of who wrote them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_core::units::{Duration as Length, Time};
use cachepolicy_runtime::{Cache, Clock, Hit, Outcome, Postcard, Redis, Served};
use cachepolicy_tests::redis_server::{AtOnce, Server};
use cachepolicy_tests::run::compile;
use std::convert::Infallible;
use std::time::Duration;
use support::{PATIENCE, eventually, get, write};

/// Seconds.
const HOUR: i64 = 3600;

const NOW: i64 = 1_700_000_000_000_000_000;

/// A process whose clock is so many seconds off.
fn process(redis: Redis, level: &str, seconds: i64) -> Cache {
    let policy = format!(
        "policy clocks {{ edition 1; processes 3 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory {{ capacity 100 entries; evict lru }}
         backend far redis {{ on-failure bypass after 1m }}
         bus told {{ delivery at-most-once; delay 50ms; reaches all-processes }}
         object item(slug) {{ store STORE; reads Row(slug: slug); cost 1s on db; timeout 1m; {level} }}
         on Row update after commit VIA {{ ACTION item(slug) }}"
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
    let via = if level.contains("told") {
        "via told"
    } else {
        ""
    };
    let policy = policy.replace("ACTION", action).replace("STORE", store);
    let mut policy = policy.replace("VIA", via);
    for word in ["; expired", "; near", "; told"] {
        policy = policy.replace(word, "");
    }
    let clock = Clock::at(Time::from_nanos(NOW) + Length::from_nanos(seconds * 1_000_000_000));
    Cache::builder(compile(&policy))
        .clock(clock)
        .redis("far", redis)
        .values::<u32>("item", Postcard)
        .build()
        .unwrap()
}

/// By Redis's clock.
fn together(server: &Server) -> Redis {
    Redis::at(&server.address()).unwrap()
}

/// Each by its own: a connection that is given is not asked what time it is.
fn alone(server: &Server) -> Redis {
    Redis::over(AtOnce::from(server.connect()))
}

const BOTH: [fn(&Server) -> Redis; 2] = [together, alone];

/// Before the jump, after one back, and after one forward.
fn processes(redis: impl Fn() -> Redis, level: &str, jump: i64) -> [Cache; 3] {
    [0, -jump, jump].map(|off| process(redis(), level, off))
}

/// What a process gets that makes it of what is there, and keeps nothing.
async fn look(cache: &Cache, slug: &str) -> Served<u32> {
    let item = cache.level("item").unwrap().of([slug]);
    let none = item.get_or_load(|| async { Ok::<Option<u32>, Infallible>(None) });
    none.await.unwrap()
}

#[tokio::test]
async fn copies_are_as_old_for_those_whose_clocks_are_apart() {
    let server = Server::start(&[]);
    let level = "ttl 5s; stale-while-revalidate 1h";
    let all = processes(|| together(&server), level, 30);
    let pairs = || (0..3).flat_map(|maker| (0..3).map(move |reader| (maker, reader)));
    let slug = |maker: usize, reader: usize| format!("{maker}-{reader}");
    for (maker, reader) in pairs() {
        get(&all[maker], &slug(maker, reader), 1).await;
        // Somebody whose clock is ahead does not take it for too old.
        let served = look(&all[reader], &slug(maker, reader)).await;
        assert_eq!(served.outcome, Outcome::Hit(Hit::Fresh), "{maker} {reader}");
    }
    tokio::time::sleep(Duration::from_millis(5_200)).await;
    for (maker, reader) in pairs() {
        // And somebody whose clock is behind does not take it for fresh.
        let served = look(&all[reader], &slug(maker, reader)).await;
        assert_eq!(served.outcome, Outcome::Hit(Hit::Stale), "{maker} {reader}");
    }
}

#[tokio::test]
async fn what_expires_is_stale_from_the_same_instant_for_all() {
    let server = Server::start(&[]);
    let level = "ttl 10h; stale-while-revalidate 20s; expired";
    let all = processes(|| together(&server), level, 30);
    for (number, writer) in all.iter().enumerate() {
        for (other, reader) in all.iter().enumerate() {
            let slug = format!("{number}-{other}");
            get(reader, &slug, 1).await;
            write(writer, &slug).await.unwrap();
            let served = look(reader, &slug).await;
            assert_eq!(served.outcome, Outcome::Hit(Hit::Stale), "{number} {other}");
        }
    }
}

#[tokio::test]
async fn a_message_is_not_waited_for_until_the_time_of_who_wrote_it() {
    let server = Server::start(&[]);
    let [reader, behind, ahead] = processes(|| together(&server), "ttl 10h; near; told", HOUR);
    get(&reader, "a", 1).await;
    for (writer, value) in [(&ahead, 2), (&behind, 3), (&ahead, 4)] {
        eventually(async || {
            // What was written before it listened has not reached it.
            write(writer, "a").await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            *get(&reader, "a", value).await.value.unwrap() == value
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_whatever_the_clock() {
    let levels = ["ttl 10h", "ttl 10h; expired"];
    for (redis, level) in BOTH
        .iter()
        .flat_map(|redis| levels.map(|level| (redis, level)))
    {
        let server = Server::start(&[]);
        let all = processes(|| redis(&server), level, HOUR);
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
    for redis in BOTH {
        let server = Server::start(&[]);
        let all = processes(|| redis(&server), "ttl 1s", HOUR);
        for maker in &all {
            get(maker, "a", 1).await;
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            for reader in &all {
                assert_eq!(look(reader, "a").await.value, None);
            }
        }
    }
}

#[tokio::test]
async fn nothing_gets_a_longer_life_in_memory() {
    let server = Server::start(&[]);
    // By its own clock each, which is the harder case.
    let all = processes(|| alone(&server), "ttl 1s; near", HOUR);
    for maker in &all {
        get(maker, "a", 1).await;
        for reader in &all {
            get(reader, "a", 1).await;
        }
        // Twice its life: what was read at its end, by a clock that is behind.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        for reader in &all {
            assert_eq!(look(reader, "a").await.value, None);
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
        let hours = [(1, 0), (1, -1), (-1, 1), (0, -1), (-1, 0)];
        for (redis, (holder, other)) in BOTH.iter().flat_map(|redis| hours.map(|it| (redis, it))) {
            let server = Server::start(&[]);
            let level = format!("ttl 10h; stampede {stampede}");
            let holder = process(redis(&server), &level, holder * HOUR);
            leave_a_lock(&holder).await;
            let other = process(redis(&server), &level, other * HOUR);
            let served =
                tokio::time::timeout(PATIENCE.min(Duration::from_secs(10)), get(&other, "a", 2));
            assert_eq!(*served.await.unwrap().value.unwrap(), 2, "{stampede}");
        }
    }
}

#[tokio::test]
async fn what_a_write_overtakes_is_not_kept_whatever_the_clock() {
    let server = Server::start(&[]);
    let all = processes(|| together(&server), "ttl 10h; fence", HOUR);
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
