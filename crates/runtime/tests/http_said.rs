//! What responses say of their own life, and what is said of how requests were answered.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]
#![cfg(feature = "http")]

mod web;

use http::StatusCode;
use web::{later, plain, site};

const SAID: &str = "site all { route GET \"/**\"; store near; ttl from response else 0s }";

#[tokio::test(start_paused = true)]
async fn a_stale_copy_is_served_while_it_is_made_anew_where_the_response_says_so() {
    let control = "max-age=1, stale-while-revalidate=10";
    let site = site(SAID, move |_| plain(&[("cache-control", control)]));
    site.get("/a").await;
    later(5).await;
    let stale = site.get("/a").await;
    assert_eq!(
        (stale.header("age"), stale.header("cache-status")),
        ("5", "\"cachepolicy\"; hit; ttl=-4; detail=\"all: stale\"")
    );
    later(1).await;
    // It was made anew meanwhile, and is stale again.
    assert_eq!(site.asked(), 2);
    later(12).await;
    let none = site.get("/a").await;
    assert_eq!(
        none.header("cache-status"),
        "\"cachepolicy\"; fwd=stale; ttl=1; stored; detail=\"all\""
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_stale_for_longer_than_the_policy_proves() {
    let policy = "site all { route GET \"/**\"; store near; ttl from response else 0s max 4s }";
    let control = "max-age=1, stale-while-revalidate=1000";
    let site = site(policy, move |_| plain(&[("cache-control", control)]));
    site.get("/a").await;
    later(5).await;
    assert!(!site.get("/a").await.header("cache-status").contains("hit"));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_answered_by_a_stale_copy_where_the_response_says_so() {
    let site = site(SAID, |request| {
        if request.headers().contains_key("fail") {
            let mut response = plain(&[]);
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        }
        plain(&[("cache-control", "max-age=1, stale-if-error=60")])
    });
    site.get("/a").await;
    later(5).await;
    let fails = || web::request("GET", "/a", &[("fail", "1")]);
    let got = site.ask(fails()).await;
    assert_eq!((got.status, got.header("age")), (200, "5"));
    later(100).await;
    assert_eq!(site.ask(fails()).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn what_says_no_cache_is_kept_to_be_asked_about() {
    let site = site(SAID, |request| {
        let fields = [("cache-control", "no-cache"), ("etag", "\"1\"")];
        let mut response = plain(&fields);
        if request.headers().contains_key("if-none-match") {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = "";
        }
        response
    });
    for said in [
        "\"cachepolicy\"; fwd=uri-miss; ttl=0; stored; detail=\"all\"",
        "\"cachepolicy\"; fwd=stale; fwd-status=304; ttl=0; stored; detail=\"all\"",
    ] {
        let got = site.get("/a").await;
        assert_eq!((got.status, got.text.as_str()), (200, "0123456789"));
        assert_eq!(got.header("cache-status"), said);
    }
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_absence_is_kept_for_no_longer_than_it_says() {
    let policy =
        "site all { route GET \"/**\"; store near; ttl from response else 0s; negative ttl 60s }";
    let site = site(policy, |_| {
        let mut response = plain(&[("cache-control", "max-age=5")]);
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    });
    site.get("/a").await;
    assert_eq!(site.get("/a").await.status, 404);
    assert_eq!(site.asked(), 1);
    later(6).await;
    site.get("/a").await;
    assert_eq!(site.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_the_same_however_it_is_spaced() {
    let site = site(SAID, |_| {
        plain(&[
            ("vary", "accept-language, foo"),
            ("cache-control", "max-age=9"),
        ])
    });
    for (language, foo) in [("en, de", "1,2"), ("eN ,  DE", "1, 2")] {
        let fields = [("accept-language", language), ("foo", foo)];
        site.ask(web::request("GET", "/a", &fields)).await;
    }
    assert_eq!(site.asked(), 1);
    let other = web::request(
        "GET",
        "/a",
        &[("accept-language", "en, de"), ("foo", "1,2,3")],
    );
    site.ask(other).await;
    assert_eq!(site.asked(), 2);
}
