//! Whole responses in a real Redis.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use cachepolicy_tests::redis_server::Server;
use std::time::Duration;
use support::eventually;
use support::web::{Origin, Site, page};

const FAR: &str = "backend far redis { on-failure bypass after 2s }
    site all { route GET \"/**\"; store far; ttl 1h; negative ttl 1h }";

fn numbered() -> Origin {
    let number = std::sync::atomic::AtomicU64::new(0);
    Origin::new(move |_| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        page(&number.to_string(), &[("etag", "\"e\"")])
    })
}

#[tokio::test]
async fn what_one_process_keeps_all_answer_from() {
    let server = Server::start(&[]);
    let origin = numbered();
    let (one, other) = (
        Site::open(FAR, &server, &origin),
        Site::open(FAR, &server, &origin),
    );
    for target in ["/", "/a", "/a?b=1", "/%7Ba%7D", "/%FF%00"] {
        let made = one.get(target).await;
        assert!(made.said.contains("stored"), "{}", made.said);
        let again = other.get(target).await;
        assert!(again.is_hit(), "{target}: {}", again.said);
        assert_eq!(made.text, again.text);
    }
    let before = server.commands();
    for _ in 0..10 {
        assert!(one.get("/a").await.is_hit());
    }
    assert_eq!(server.commands() - before, 10);
}

#[tokio::test]
async fn an_absence_is_kept_with_its_page() {
    let server = Server::start(&[]);
    let origin = Origin::new(|_| {
        let mut response = page("none here", &[]);
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        response
    });
    let (one, other) = (
        Site::open(FAR, &server, &origin),
        Site::open(FAR, &server, &origin),
    );
    one.get("/a").await;
    let got = other.get("/a").await;
    assert_eq!((got.status, got.text.as_str()), (404, "none here"));
    assert_eq!(other.cache.counters("all").unwrap().negative, 1);
}

#[tokio::test]
async fn variants_that_one_process_learned_all_know() {
    let server = Server::start(&[]);
    let origin = Origin::new(|request| {
        let lang = request.headers().get("lang");
        let lang = lang.and_then(|it| it.to_str().ok()).unwrap_or("none");
        page(lang, &[("vary", "lang")])
    });
    let one = Site::open(FAR, &server, &origin);
    for lang in ["en", "fr", "en", "fr"] {
        assert_eq!(one.ask("GET", "/", &[("lang", lang)]).await.text, lang);
    }
    assert_eq!(origin.asked(), 2);
    let other = Site::open(FAR, &server, &origin);
    for lang in ["fr", "en"] {
        let got = other.ask("GET", "/", &[("lang", lang)]).await;
        assert_eq!((got.text.as_str(), got.is_hit()), (lang, true));
    }
    assert_eq!(other.get("/").await.text, "none");
    assert_eq!(origin.asked(), 3);
    // What only says where to look is no look-up of its own.
    let counters = other.cache.counters("all").unwrap();
    assert_eq!((counters.fresh, counters.miss, counters.lookups), (2, 1, 3));
}

#[tokio::test]
async fn fields_that_come_later_tell_apart_too() {
    let server = Server::start(&[]);
    let origin = Origin::new(|request| match request.uri().path() {
        "/" if request.headers().contains_key("more") => page("more", &[("vary", "lang, more")]),
        _ => page("less", &[("vary", "lang")]),
    });
    let one = Site::open(FAR, &server, &origin);
    one.ask("GET", "/", &[("lang", "en")]).await;
    let more = [("lang", "fr"), ("more", "1")];
    one.ask("GET", "/", &more).await;
    let again = one.ask("GET", "/", &more).await;
    assert_eq!((again.text.as_str(), again.is_hit()), ("more", true));
}

#[tokio::test]
async fn a_url_is_removed_for_all() {
    let server = Server::start(&[]);
    let origin = numbered();
    let (one, other) = (
        Site::open(FAR, &server, &origin),
        Site::open(FAR, &server, &origin),
    );
    for target in ["/a", "/b"] {
        one.get(target).await;
    }
    assert!(other.get("/a").await.is_hit());
    other.cache.purge_url("SHOP.example", "/a").await;
    assert!(!one.get("/a").await.is_hit());
    assert!(one.get("/b").await.is_hit());
    // A request that changes something does the same.
    other.ask("POST", "/b", &[]).await;
    assert!(!one.get("/b").await.is_hit());
}

#[tokio::test]
async fn what_is_poisoned_is_a_miss_and_counted() {
    let server = Server::start(&[]);
    let origin = Origin::new(|_| page("right", &[("x", "1")]));
    let site = Site::open(FAR, &server, &origin);
    site.get("/a").await;
    let keys = server.keys("*e:*");
    let [key] = keys.as_slice() else {
        panic!("one copy: {keys:?}");
    };
    let whole = server.get(key);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        if at % 2 == 0 {
            damaged.truncate(at);
        } else {
            damaged[at] ^= 0x10;
        }
        server.set(key, &damaged);
        let got = site.get("/a").await;
        assert_eq!((got.text.as_str(), got.is_hit()), ("right", false), "{at}");
    }
    let counters = site.cache.store_counters("far").unwrap();
    assert_eq!(counters.unreadable, whole.len() as u64);
}

#[tokio::test]
async fn who_asks_after_its_life_asks_whether_it_still_holds() {
    let server = Server::start(&[]);
    let policy = FAR.replace("; ttl 1h", "; ttl 1ms");
    let origin = Origin::new(|request| {
        if request.headers().contains_key("if-none-match") {
            let mut response = page("", &[("etag", "\"1\"")]);
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
            return response;
        }
        page("whole", &[("etag", "\"1\"")])
    });
    let (one, other) = (
        Site::open(&policy, &server, &origin),
        Site::open(&policy, &server, &origin),
    );
    one.get("/a").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let got = other.get("/a").await;
    assert_eq!((got.status, got.text.as_str()), (200, "whole"));
    assert_eq!(origin.last().get("if-none-match").unwrap(), "\"1\"");
    // What was purged is not asked about.
    one.cache.purge_url("shop.example", "/a").await;
    other.get("/a").await;
    assert_eq!(origin.last().get("if-none-match"), None);
}

#[tokio::test]
async fn one_of_all_processes_asks_the_origin() {
    let server = Server::start(&[]);
    let policy = FAR.replace("; ttl 1h", "; ttl 1h; stampede lock 60s wait 60s");
    let origin = numbered();
    let sites = [
        Site::open(&policy, &server, &origin),
        Site::open(&policy, &server, &origin),
    ];
    let held = origin.hold().await;
    let asked = futures_util::future::join_all((0..40).map(|nth| sites[nth % 2].get("/a")));
    let release = async {
        eventually(async || {
            let waiting = sites
                .iter()
                .map(|it| it.cache.counters("all").unwrap().miss);
            waiting.sum::<u64>() == 40
        })
        .await;
        drop(held);
    };
    let (answers, ()) = tokio::join!(asked, release);
    assert!(answers.iter().all(|got| got.text == "0"));
    assert_eq!(origin.asked(), 1);
}

#[tokio::test]
async fn what_was_removed_while_it_was_made_is_not_kept() {
    let server = Server::start(&[]);
    for stampede in ["fence", "stampede lease 60s wait 60s"] {
        let policy = FAR.replace("; ttl 1h", &format!("; ttl 1h; {stampede}"));
        let origin = numbered();
        let (one, other) = (
            Site::open(&policy, &server, &origin),
            Site::open(&policy, &server, &origin),
        );
        let target = format!("/{}", stampede.len());
        let held = origin.hold().await;
        let remove = async {
            eventually(async || origin.asked() == 1).await;
            other.cache.purge_url("shop.example", &target).await;
            drop(held);
        };
        let (got, ()) = tokio::join!(one.get(&target), remove);
        assert!(!got.said.contains("; stored"), "{stampede}: {}", got.said);
        assert!(!other.get(&target).await.is_hit());
    }
}

#[tokio::test]
async fn memory_before_it_answers_without_a_command() {
    let server = Server::start(&[]);
    let policy = "backend near memory
        backend far redis { on-failure bypass after 2s }
        site all { route GET \"/**\"; store near, far; ttl 1h }";
    let origin = numbered();
    let (one, other) = (
        Site::open(policy, &server, &origin),
        Site::open(policy, &server, &origin),
    );
    one.get("/a").await;
    assert!(other.get("/a").await.is_hit());
    let before = server.commands();
    assert!(one.get("/a").await.is_hit() && other.get("/a").await.is_hit());
    assert_eq!(server.commands(), before);
    assert_eq!(origin.asked(), 1);
}

#[tokio::test]
async fn what_is_larger_than_is_kept_does_not_get_there() {
    let server = Server::start(&[]);
    let origin = Origin::new(|_| page(&"x".repeat(1001), &[]));
    let site = Site::open(FAR, &server, &origin);
    assert_eq!(site.get("/a").await.text.len(), 1001);
    assert_eq!(site.get("/a").await.text.len(), 1001);
    assert_eq!(server.keys("*e:*"), [""; 0]);
}

#[tokio::test]
async fn without_redis_the_origin_answers() {
    let mut server = Server::start(&[]);
    let origin = numbered();
    let site = Site::open(FAR, &server, &origin);
    site.get("/a").await;
    server.kill();
    let got = site.get("/a").await;
    assert_eq!((got.status, got.text.as_str()), (200, "1"));
    server.run();
    eventually(async || site.get("/a").await.is_hit()).await;
}
