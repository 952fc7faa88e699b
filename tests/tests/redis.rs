//! The runtime over a real Redis: what is shared, what travels, and what happens when it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_runtime::{Cache, Hit, Json, Outcome, Postcard, Redis, Row, Write, WriteError};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
use cachepolicy_tests::slow_link::slow_link;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use support::{PATIENCE, at, eventually, get, open, write};

const HIT: Outcome = Outcome::Hit(Hit::Fresh);

fn is_filled(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Filled {
            not_stored: None,
            ..
        }
    )
}

fn policy(properties: &str, edges: &str) -> String {
    format!(
        "policy shared {{ edition 1; processes 2 }}
         model Row {{ id; slug }}
         origin db {{ }}
         backend near memory
         backend far redis {{ on-failure bypass after 500ms; prefix \"{{{{odd}}}} prefix\" }}
         bus told {{ delivery at-most-once; reaches all-processes }}
         bus outbox {{ delivery at-least-once; reaches all-processes }}
         object item(slug) {{ cost 1ms on db; {properties} }}
         on Row update {{ {edges} }}"
    )
}

#[tokio::test]
async fn what_one_process_makes_all_are_served() {
    let server = Server::start(&[]);
    let text = policy("store far; ttl 1h", "purge item(slug)");
    let (one, other) = (open(&text, &server), open(&text, &server));
    // Keys may have any byte.
    for slug in ["a", "", "a:b", "{a}", "}{", "ü\n\r\0", "%", "*", " x "] {
        assert!(is_filled(get(&one, slug, 1).await.outcome), "{slug:?}");
        let served = get(&other, slug, 2).await;
        assert_eq!(
            (served.outcome, *served.value.unwrap()),
            (HIT, 1),
            "{slug:?}"
        );
    }
    write(&other, "a").await.unwrap();
    assert_eq!(get(&one, "a:b", 3).await.outcome, HIT);
    let served = get(&one, "a", 3).await;
    assert!(is_filled(served.outcome));
    assert_eq!(get(&other, "a", 4).await.value.as_deref(), Some(&3));
}

#[tokio::test]
async fn absent_and_empty_parameters_differ() {
    let server = Server::start(&[]);
    let cache = open(&policy("store far; ttl 1h", "purge item(slug)"), &server);
    let item = cache.level("item").unwrap();
    let make = |value: u32| async move { Ok::<_, Infallible>(Some(value)) };
    let absent = item.of_some([None::<&str>]);
    absent.get_or_load(move || make(1)).await.unwrap();
    let empty = item.of([""]).get_or_load(move || make(2)).await.unwrap();
    assert_eq!(empty.value.as_deref(), Some(&2));
}

#[tokio::test]
async fn a_hit_is_one_command() {
    let server = Server::start(&[]);
    let text = policy(
        "store far; ttl 1h; tags \"all\"",
        "purge item(slug); purge tag \"all\"",
    );
    let cache = open(&text, &server);
    get(&cache, "a", 1).await;
    let before = server.commands();
    for _ in 0..10 {
        assert_eq!(get(&cache, "a", 2).await.outcome, HIT);
    }
    assert_eq!(server.commands() - before, 10);
}

#[tokio::test]
async fn what_is_poisoned_is_a_miss_and_counted() {
    let server = Server::start(&[]);
    let cache = open(&policy("store far; ttl 1h", "purge item(slug)"), &server);
    get(&cache, "a", 1).await;
    get(&cache, "b", 2).await;
    let keys = server.keys("*e:*");
    let [one, other] = keys.as_slice() else {
        panic!("two copies: {keys:?}");
    };
    let whole = server.get(one);
    let mut count = 0;
    for cut in 0..whole.len() {
        let mut damaged = whole.clone();
        if cut % 2 == 0 {
            damaged.truncate(cut);
        } else {
            damaged[cut] ^= 0x10;
        }
        server.set(one, &damaged);
        let slug = if one.contains(":a}") { "a" } else { "b" };
        assert!(is_filled(get(&cache, slug, 3).await.outcome), "{cut}");
        count += 1;
    }
    assert_eq!(cache.store_counters("far").unwrap().unreadable, count);
    // A whole copy, under the key of another.
    server.set(other, &server.get(one));
    let slug = if other.contains(":a}") { "a" } else { "b" };
    assert!(is_filled(get(&cache, slug, 4).await.outcome));
    // One that another codec wrote.
    let json = Cache::builder(compile(&policy("store far; ttl 1h", "purge item(slug)")))
        .redis("far", Redis::at(&server.address()).unwrap())
        .values::<u32>("item", Json)
        .build()
        .unwrap();
    assert!(is_filled(get(&json, "a", 5).await.outcome));
}

#[tokio::test]
async fn what_lies_outside_needs_a_codec_and_an_address() {
    let text = policy("store far; ttl 1h", "purge item(slug)");
    let error = Cache::builder(compile(&text)).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "backend `far` is a `redis`: say where it is, by `Builder::redis`"
    );
    let redis = || Redis::at("redis://127.0.0.1:1").unwrap();
    let error = Cache::builder(compile(&text)).redis("far", redis()).build();
    assert_eq!(
        error.unwrap_err().to_string(),
        "level `item` is stored outside of the process: say how its values are written, by `Builder::values`"
    );
    let error = Cache::builder(compile(&text)).redis("fra", redis()).build();
    assert_eq!(error.unwrap_err().to_string(), "the policy has no `fra`");
    let bumped = policy("store near, far; ttl 1h", "bump item(slug)");
    let error = Cache::builder(compile(&bumped))
        .redis("far", redis())
        .values::<u32>("item", Postcard)
        .build();
    assert!(error.unwrap_err().to_string().contains("use `purge`"));
}

#[tokio::test]
async fn what_is_published_reaches_every_memory() {
    for bus in ["told", "outbox"] {
        let server = Server::start(&[]);
        let text = policy("store near, far; ttl 1h", "purge item(slug)");
        let text = text.replace("on Row update", &format!("on Row update via {bus}"));
        let (one, other) = (open(&text, &server), open(&text, &server));
        // Until they listen, what they keep is forgotten.
        for cache in [&one, &other] {
            eventually(async || get(cache, "a", 1).await.outcome == HIT && listens(&server, bus))
                .await;
        }
        write(&one, "a").await.unwrap();
        for cache in [&one, &other] {
            eventually(async || get(cache, "a", 2).await.value.as_deref() == Some(&2)).await;
        }
        // A listener that is cut off comes back.
        server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        eventually(async || listens(&server, bus)).await;
        eventually(async || write(&one, "a").await.is_ok()).await;
        for cache in [&one, &other] {
            eventually(async || get(cache, "a", 3).await.value.as_deref() == Some(&3)).await;
        }
    }
}

/// Do both processes listen?
fn listens(server: &Server, bus: &str) -> bool {
    let clients = server.text(&["CLIENT", "LIST"]);
    let is_listening = |line: &&str| match bus {
        "told" => line.contains(" sub=1 "),
        _ => line.contains("cmd=xread "),
    };
    clients.lines().filter(is_listening).count() >= 2
}

#[tokio::test]
async fn at_least_once_arrives_although_nobody_was_there() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let text = policy("store near, far; ttl 1h", "purge item(slug)")
        .replace("on Row update", "on Row update via outbox");
    let (one, other) = (open(&text, &server), open(&text, &server));
    for slug in ["a", "b"] {
        eventually(async || {
            get(&other, slug, 1).await.outcome == HIT && listens(&server, "outbox")
        })
        .await;
    }
    // Redis does not answer: who writes is told.
    server.kill();
    eventually(async || matches!(write(&one, "a").await, Err(WriteError::BusDown(_)))).await;
    server.run();
    eventually(async || write(&one, "a").await.is_ok()).await;
    eventually(async || get(&other, "a", 2).await.value.as_deref() == Some(&2)).await;
    eventually(async || get(&one, "a", 2).await.value.as_deref() == Some(&2)).await;
    // Between the write and the delivery all processes are gone.
    drop(one);
    drop(other);
    eventually(async || !server.text(&["CLIENT", "LIST"]).contains("cmd=xread")).await;
    let stream = server.keys("*bus:outbox*");
    let message =
        r#"{"at":0,"effects":[{"verb":"purge","level":{"name":"item","args":[{"is":"b"}]}}]}"#;
    server.command(&["XADD", &stream[0], "*", "m", message]);
    let new = open(&text, &server);
    eventually(async || get(&new, "b", 3).await.value.as_deref() == Some(&3)).await;
}

/// The memory of a process may hear of a write before the Redis behind it has been told.
#[tokio::test(flavor = "multi_thread")]
async fn what_memory_gets_from_redis_before_redis_is_told_does_not_stay() {
    let server = Server::start(&[]);
    let text = policy("store near, far; ttl 1h; fence", "purge item(slug)")
        .replace("on Row update", "on Row update via outbox");
    let caches = [1, 2].map(|seed| {
        let port = slow_link(server.port(), 1_000 * seed);
        at(&text, &format!("redis://127.0.0.1:{port}"))
    });
    let asked = AtomicBool::new(true);
    let version = AtomicU32::new(0);
    let get = async |cache: &Cache| {
        let version = version.load(Ordering::SeqCst);
        *get(cache, "a", version).await.value.unwrap()
    };
    let ask = async |cache: &Cache| {
        while asked.load(Ordering::SeqCst) {
            get(cache).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let write = async {
        for round in 1..=60 {
            version.store(round, Ordering::SeqCst);
            // Whoever delivers to Redis is busy with the others when the last one comes.
            let others = ["b", "c", "d", "e"].map(|slug| write(&caches[0], slug));
            let all = others.into_iter().chain([write(&caches[0], "a")]);
            for written in futures_util::future::join_all(all).await {
                written.unwrap();
            }
            for cache in &caches {
                eventually(async || get(cache).await == round).await;
            }
        }
        asked.store(false, Ordering::SeqCst);
    };
    tokio::join!(ask(&caches[0]), ask(&caches[1]), write);
}

#[tokio::test]
async fn a_write_without_a_bus_says_what_it_did_not_reach() {
    let mut server = Server::start(&[]);
    let cache = open(&policy("store far; ttl 1h", "purge item(slug)"), &server);
    assert_eq!(write(&cache, "a").await.unwrap().lost, 0);
    server.kill();
    let row = Row::new([("id", "a"), ("slug", "a")]);
    let written = cache.write(&Write::update("Row", row.clone(), row)).await;
    assert_eq!(written.unwrap().lost, 1);
    tokio::time::timeout(PATIENCE, get(&cache, "a", 1))
        .await
        .unwrap();
    tokio::time::sleep(Duration::ZERO).await;
}

const TRACKED: &str = "policy tracked { edition 1; processes 2 }
    model Row { id; slug }
    origin db { }
    backend near memory
    backend far redis { on-failure bypass after 500ms }
    bus csc { tracks far; delivery at-most-once loss 0.01%; delay 1ms }
    object item(slug) { store near ttl 5m, far; reads Row(slug: slug); ttl 1h; cost 1ms on db; PROTECTION }
    on Row update { purge item(slug) }";

#[tokio::test]
async fn redis_tells_of_changes_of_what_is_in_memory() {
    for protection in [
        "stampede coalesce",
        "tags \"all\"; stampede lease 5s wait 1s",
    ] {
        let mut server = Server::start(&[]);
        let text = TRACKED.replace("PROTECTION", protection);
        let (one, other) = (open(&text, &server), open(&text, &server));
        for value in 1..=5 {
            for cache in [&one, &other] {
                // Who makes it keeps it too, and a hit in memory asks nobody.
                eventually(async || get(cache, "a", value).await.value.as_deref() == Some(&value))
                    .await;
                eventually(async || {
                    let before = server.commands();
                    let hit = get(cache, "a", 9).await.outcome == HIT;
                    hit && server.commands() == before
                })
                .await;
            }
            // The writer's own memory is reached by the call, the other's by Redis.
            assert_eq!(write(&one, "a").await.unwrap().copies, 1);
        }
        for lose in [
            ["CLIENT", "KILL", "TYPE", "normal"].as_slice(),
            ["FLUSHALL"].as_slice(),
        ] {
            for cache in [&one, &other] {
                eventually(async || {
                    get(cache, "b", 1).await;
                    cache.entries("near") > Some(0)
                })
                .await;
            }
            server.command(lose);
            for cache in [&one, &other] {
                eventually(async || cache.entries("near") == Some(0)).await;
            }
        }
        get(&one, "c", 1).await;
        server.kill();
        eventually(async || one.entries("near") == Some(0)).await;
        for _ in 0..10 {
            assert_ne!(get(&one, "c", 2).await.outcome, HIT);
            assert_eq!(one.entries("near"), Some(0));
        }
        server.run();
        eventually(async || {
            get(&one, "c", 3).await.outcome == HIT && one.entries("near") == Some(1)
        })
        .await;
    }
}

#[tokio::test]
async fn only_one_server_tells_of_changes() {
    let redis = Redis::cluster(["redis://127.0.0.1:1"]).unwrap();
    let error = Cache::builder(compile(&TRACKED.replace("PROTECTION", "")))
        .redis("far", redis)
        .values::<u32>("item", Postcard)
        .build();
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("bus `csc` tracks a Redis that is a cluster")
    );
}
