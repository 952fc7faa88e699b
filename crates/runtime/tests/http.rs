//! Requests answered from copies of whole responses.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]
#![cfg(feature = "http")]

mod web;

use cachepolicy_runtime::{Body, HttpOptions, Row, StartError, Write};
use http::Request;
use http_body_util::Full;
use std::sync::{Arc, Mutex};
use tower_layer::Layer as _;
use web::{Origin, Site, build, later, plain, request, site};

const PAGE: &str =
    "view page(slug) { route GET \"/p/{slug}\"; store near; ttl 60s; stampede coalesce }";
const SAID: &str = "site all { route GET \"/**\"; store near; ttl from response else 10s }";

#[tokio::test(start_paused = true)]
async fn a_page_is_made_once_and_has_an_age() {
    let site = site(PAGE, |_| plain(&[("etag", "\"1\"")]));
    let first = site.get("/p/a?x=1").await;
    assert_eq!(
        first.header("cache-status"),
        "\"cachepolicy\"; fwd=uri-miss; ttl=60; stored; detail=\"page\""
    );
    later(5).await;
    let second = site.get("/p/a?x=1").await;
    assert_eq!(
        second.header("cache-status"),
        "\"cachepolicy\"; hit; ttl=55; detail=\"page\""
    );
    assert_eq!(
        (second.header("age"), second.text.as_str()),
        ("5", "0123456789")
    );
    assert_eq!(site.get("/p/a?x=2").await.header("age"), "0");
    assert_eq!(site.asked(), 2);
    // No level answers it.
    let other = site.get("/q").await;
    assert_eq!(
        other.header("cache-status"),
        "\"cachepolicy\"; fwd=bypass; detail=\"no-level\""
    );
    later(60).await;
    let third = site.get("/p/a?x=1").await;
    // The origin is asked whether the copy still holds; it sends a new one.
    assert_eq!(third.header("age"), "0");
    let asked = site.origin.asked.lock().unwrap();
    assert_eq!(asked.last().unwrap().get("if-none-match").unwrap(), "\"1\"");
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_are_answered_by_one() {
    let site = Arc::new(site(PAGE, |_| plain(&[])));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let site = Arc::clone(&site);
        all.spawn(async move { site.get("/p/a").await.text });
    }
    assert!(all.join_all().await.iter().all(|text| text == "0123456789"));
    assert_eq!(site.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_copy_answers_parts_heads_and_whoever_has_it_already() {
    let site = site(PAGE, |_| plain(&[("etag", "\"1\"")]));
    site.get("/p/a").await;
    let part = site
        .ask(request("GET", "/p/a", &[("range", "bytes=2-4")]))
        .await;
    assert_eq!((part.status, part.text.as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    let none = site
        .ask(request("GET", "/p/a", &[("range", "bytes=10-")]))
        .await;
    assert_eq!(
        (none.status, none.header("content-range")),
        (416, "bytes */10")
    );
    let known = site
        .ask(request("GET", "/p/a", &[("if-none-match", "W/\"1\"")]))
        .await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let head = site.ask(request("HEAD", "/p/a", &[])).await;
    assert_eq!(
        (
            head.status,
            head.text.as_str(),
            head.header("content-length")
        ),
        (200, "", "10")
    );
    assert_eq!(site.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_for_one_person_passes_through() {
    for headers in [
        &[("cache-control", "private")][..],
        &[("cache-control", "no-store")],
        &[("set-cookie", "session=1")],
        &[("vary", "*")],
    ] {
        let site = Arc::new(site(PAGE, |_| plain(headers)));
        let both = [Arc::clone(&site), Arc::clone(&site)].map(|site| async move {
            let got = site.get("/p/a").await;
            (got.text.clone(), got.header("cache-status").to_owned())
        });
        let [one, other] = both;
        // Not even those who wait for the answer get it.
        let (one, other) = tokio::join!(one, other);
        for (text, status) in [one, other] {
            assert_eq!(text, "0123456789");
            assert!(
                !status.contains("stored") && !status.contains("collapsed"),
                "{status}"
            );
        }
        assert_eq!(site.asked(), 2, "{headers:?}");
    }
    let site = site(PAGE, |_| plain(&[]));
    for _ in 0..2 {
        site.ask(request("GET", "/p/a", &[("authorization", "Basic Zm9v")]))
            .await;
    }
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_response_says_how_long_where_the_policy_asks_it() {
    let site = site(SAID, |request| match request.uri().path() {
        "/a" => plain(&[("cache-control", "max-age=100"), ("age", "40")]),
        _ => plain(&[]),
    });
    site.get("/a").await;
    site.get("/b").await;
    later(9).await;
    assert_eq!(site.get("/a").await.header("age"), "49");
    site.get("/b").await;
    assert_eq!(site.asked(), 2);
    later(50).await;
    site.get("/b").await;
    assert_eq!(site.asked(), 3);
    later(2).await;
    assert_eq!(site.get("/a").await.header("age"), "40");
    assert_eq!(site.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_finds_that_a_copy_holds_still_keeps_it() {
    let site = site(SAID, |request| {
        if request.headers().contains_key("if-none-match") {
            let mut response = plain(&[
                ("etag", "\"1\""),
                ("x", "2"),
                ("cache-control", "max-age=5"),
            ]);
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
            *response.body_mut() = "";
            return response;
        }
        plain(&[
            ("etag", "\"1\""),
            ("x", "1"),
            ("cache-control", "max-age=5"),
        ])
    });
    site.get("/a").await;
    later(6).await;
    let got = site.get("/a").await;
    assert_eq!(
        (got.status, got.text.as_str(), got.header("x")),
        (200, "0123456789", "2")
    );
    assert_eq!(site.get("/a").await.header("age"), "0");
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_response_is_for_requests_like_its_own() {
    let site = site(PAGE, |request| {
        let french = request.headers().get("lang").is_some_and(|it| it == "fr");
        let mut response = plain(&[("vary", "lang")]);
        *response.body_mut() = if french { "bonjour" } else { "hello" };
        response
    });
    let ask = |lang: &'static str| site.ask(request("GET", "/p/a", &[("lang", lang)]));
    for (lang, text) in [
        ("en", "hello"),
        ("fr", "bonjour"),
        ("en", "hello"),
        ("fr", "bonjour"),
    ] {
        assert_eq!(ask(lang).await.text, text);
    }
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn writes_and_posts_remove_copies() {
    let policy = "model Row { id; slug }
        view page(slug) { route GET \"/p/{slug}\"; store near; reads Row(slug); ttl 60s }
        site all { route GET \"/**\"; store near; ttl 60s }
        on Row update { purge page(slug) cascade }";
    let site = site(policy, |_| plain(&[]));
    site.get("/p/a").await;
    site.get("/p/b").await;
    assert_eq!(site.asked(), 2);
    let row = Row::new([("id", "1"), ("slug", "a")]);
    let removed = site
        .cache
        .write(&Write::update("Row", row.clone(), row))
        .await
        .unwrap();
    assert_eq!(removed.copies, 2);
    site.get("/p/a").await;
    site.get("/p/b").await;
    assert_eq!(site.asked(), 3);
    site.ask(request("POST", "/p/b", &[])).await;
    site.get("/p/b").await;
    assert_eq!(site.asked(), 5);
    assert_eq!(site.cache.purge_url("Shop.example", "/p/b").await, 2);
    site.get("/p/b").await;
    assert_eq!(site.asked(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_answered_by_an_older_copy_or_passed_on() {
    let answers = Mutex::new(0);
    let policy = "view page { route GET \"/\"; store near; ttl 10s; stale-if-error 60s }";
    let site = site(policy, move |_| {
        let mut answers = answers.lock().unwrap();
        *answers += 1;
        let mut response = plain(&[]);
        if *answers > 1 {
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            *response.body_mut() = "down";
        }
        response
    });
    site.get("/").await;
    later(20).await;
    let got = site.get("/").await;
    assert_eq!((got.status, got.text.as_str()), (200, "0123456789"));
    assert!(got.header("cache-status").contains("stale-if-error"));
    later(60).await;
    let got = site.get("/").await;
    assert_eq!((got.status, got.text.as_str()), (503, "down"));
}

#[tokio::test(start_paused = true)]
async fn a_request_with_content_is_not_answered_from_a_copy() {
    let site = site(PAGE, |_| plain(&[]));
    site.get("/p/a").await;
    let mut fat = request("GET", "/p/a", &[]);
    *fat.body_mut() = Full::new("poison".into());
    let got = site.ask(fat).await;
    assert!(got.header("cache-status").contains("request-content"));
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_larger_than_is_kept_passes_through() {
    let cache = build(PAGE, HttpOptions::default().body_max(9).name("front")).unwrap();
    let origin = Origin {
        asked: Arc::default(),
        answer: Arc::new(|_: &Request<Body>| plain(&[])),
    };
    let service = cache.http().unwrap().layer(origin.clone());
    let site = Site {
        cache,
        origin,
        service,
    };
    for _ in 0..2 {
        let got = site.get("/p/a").await;
        assert_eq!(got.text, "0123456789");
        assert_eq!(
            got.header("cache-status"),
            "\"front\"; fwd=uri-miss; detail=\"page: status\""
        );
    }
    assert_eq!(site.asked(), 2);
}

#[test]
fn what_the_application_alone_knows_has_to_be_said() {
    let policy = "request { user.id }
        view me { route GET \"/me\"; store near; ttl 1m; vary user.id }";
    let refused = build(policy, HttpOptions::default()).unwrap_err();
    assert!(
        matches!(refused, StartError::Unidentified { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("`user.id`"), "{refused}");
    let identified = HttpOptions::default().identify(|_, request| request.user("id", "1"));
    assert!(build(policy, identified).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_capacity_in_bytes_counts_contents_and_fields() {
    let near = "backend small memory { capacity 64B; evict fifo }
        site all { route GET \"/**\"; store small; ttl 1m }";
    let site = site(near, |_| plain(&[]));
    site.get("/1").await;
    let one = site.cache.bytes("small").unwrap();
    assert!((10..=32).contains(&one), "{one}");
    for page in 2..=64 / one + 1 {
        site.get(&format!("/{page}")).await;
    }
    assert_eq!(site.cache.entries("small"), Some(64 / one));
    assert_eq!(site.asked(), 64 / one + 1);
}
