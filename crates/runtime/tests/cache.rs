//! A cache as a service uses it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use cachepolicy_core::units::Time;
use cachepolicy_runtime::{
    BypassReason, Cache, Clock, Failure, FillReason, Hit, Outcome, Policy, Request, Row,
    ServeOnlyReason, Served, Write, WriteError,
};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn compile(text: &str) -> Policy {
    let text = format!("policy test {{ edition 1 }}\n{text}");
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
    let messages = compiled.diagnostics;
    compiled.policy.unwrap_or_else(|| panic!("{messages:#?}"))
}

fn cache(text: &str) -> Cache {
    let builder = Cache::builder(compile(text)).clock(Clock::at(Time::from_nanos(0)));
    builder.seed(7).build().unwrap()
}

const ROWS: &str = "model Row { id; slug; author -> Author }
    model Author { id; name }
    backend near memory
    ";

fn one(properties: &str) -> Cache {
    cache(&format!(
        "{ROWS} object item(slug) {{ store near; {properties} }}"
    ))
}

async fn make(value: u32) -> Result<Option<u32>, Infallible> {
    Ok(Some(value))
}

async fn get(cache: &Cache, slug: &str, value: u32) -> Served<u32> {
    let item = cache.level("item").unwrap().of([slug]);
    item.get_or_load(move || make(value)).await.unwrap()
}

async fn later(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

fn row(author: &str) -> Row {
    let author = Row::new([("id", "7"), ("name", author)]);
    Row::new([("id", "1"), ("slug", "a")]).with("author", author)
}

const HIT: Outcome = Outcome::Hit(Hit::Fresh);
const FILLED: Outcome = Outcome::Filled {
    reason: FillReason::Missing,
    not_stored: None,
};

#[tokio::test(start_paused = true)]
async fn a_copy_is_served_until_its_ttl_is_over() {
    let cache = one("ttl 10s");
    assert_eq!(get(&cache, "a", 1).await.outcome, FILLED);
    later(9.0).await;
    let served = get(&cache, "a", 2).await;
    assert_eq!((served.outcome, *served.value.unwrap()), (HIT, 1));
    later(1.0).await;
    let served = get(&cache, "a", 3).await;
    assert_eq!((served.outcome, *served.value.unwrap()), (FILLED, 3));
    let counters = cache.counters("item").unwrap();
    assert_eq!((counters.lookups, counters.fresh, counters.miss), (3, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_dead_is_removed_although_nobody_asks_for_it() {
    let cache = one("ttl 10s");
    for slug in 0..100 {
        get(&cache, &slug.to_string(), 1).await;
    }
    assert_eq!(cache.entries("near"), Some(100));
    later(11.0).await;
    get(&cache, "another", 1).await;
    assert_eq!(cache.entries("near"), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_sliding_life_goes_on_while_it_is_used() {
    let cache = one("ttl 10s sliding");
    get(&cache, "a", 1).await;
    for _ in 0..5 {
        later(9.0).await;
        assert_eq!(get(&cache, "a", 2).await.outcome, HIT);
        get(&cache, "b", 2).await;
    }
    later(10.0).await;
    assert_eq!(get(&cache, "a", 2).await.outcome, FILLED);
}

#[tokio::test(start_paused = true)]
async fn one_makes_it_and_all_get_it() {
    let cache = one("ttl 10s; stampede coalesce");
    let made = Arc::new(AtomicU32::new(0));
    let ask = || {
        let (cache, made) = (cache.clone(), Arc::clone(&made));
        tokio::spawn(async move {
            let item = cache.level("item").unwrap().of(["a"]);
            let served = item.get_or_load(move || async move {
                later(1.0).await;
                make(made.fetch_add(1, Ordering::Relaxed)).await
            });
            served.await.unwrap()
        })
    };
    let tasks: Vec<_> = (0..100).map(|_| ask()).collect();
    let mut waited = 0;
    for task in tasks {
        let served = task.await.unwrap();
        assert_eq!(served.value.as_deref(), Some(&0));
        waited += u32::from(served.outcome == Outcome::Waited);
    }
    assert_eq!((waited, made.load(Ordering::Relaxed)), (99, 1));
}

#[tokio::test(start_paused = true)]
async fn the_work_goes_on_without_whoever_asked() {
    let cache = one("ttl 10s; stampede coalesce");
    let item = cache.level("item").unwrap().of(["a"]);
    let asked = item.get_or_load(|| async {
        later(1.0).await;
        make(1).await
    });
    let asked = tokio::time::timeout(Duration::from_millis(10), asked);
    assert!(asked.await.is_err());
    later(1.0).await;
    assert_eq!(get(&cache, "a", 2).await.outcome, HIT);
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_lets_the_others_go() {
    let cache = one("ttl 10s; stampede coalesce");
    let item = cache.level("item").unwrap().of(["a"]);
    let broken = item.get_or_load(|| async {
        later(1.0).await;
        if true {
            panic!("on purpose");
        }
        make(1).await
    });
    let other = async {
        later(0.5).await;
        get(&cache, "a", 2).await
    };
    let (broken, other) = tokio::join!(broken, other);
    assert_eq!(broken.unwrap_err(), Failure::BrokenOff);
    assert_eq!(other.value.as_deref(), Some(&2));
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_answered_by_an_old_copy() {
    let cache = one("ttl 10s; stale-if-error 1m");
    get(&cache, "a", 1).await;
    later(20.0).await;
    let item = cache.level("item").unwrap().of(["a"]);
    let fail = || async { Err::<Option<u32>, &str>("no database") };
    let served = item.clone().get_or_load(fail).await.unwrap();
    assert_eq!(served.outcome, Outcome::StaleOnError);
    later(60.0).await;
    let error = item.get_or_load(fail).await.unwrap_err();
    assert_eq!(error, Failure::Work("no database"));
}

#[tokio::test(start_paused = true)]
async fn an_absence_is_kept_where_the_policy_says_so() {
    let kept = Outcome::Hit(Hit::Negative);
    for (property, again) in [("; negative ttl 5s", kept), ("", FILLED)] {
        let cache = one(&format!("ttl 10s{property}"));
        let item = cache.level("item").unwrap().of(["a"]);
        let absent = || async { Ok::<Option<u32>, Infallible>(None) };
        let first = item.get_or_load(absent).await.unwrap();
        let not_stored = property
            .is_empty()
            .then_some(ServeOnlyReason::AbsenceNotKept);
        let reason = FillReason::Missing;
        assert_eq!(first.outcome, Outcome::Filled { reason, not_stored });
        assert_eq!(get(&cache, "a", 1).await.outcome, again);
    }
}

fn edges(actions: &str) -> Cache {
    cache(&format!(
        "{ROWS} object item(slug) {{ store near; ttl 1h; data authors max 3; tags \"by:{{each authors}}\" }}
         object list {{ store near; ttl 1h; data slugs max 9; contains item(each slugs) }}
         on Row update {{ {actions} }}"
    ))
}

async fn get_list(cache: &Cache, value: u32) -> Outcome {
    let inner = cache.clone();
    let list = cache.level("list").unwrap();
    let served = list.get_or_load(move || async move {
        for slug in ["a", "b"] {
            let item = inner.level("item").unwrap().of([slug]);
            let made = item.get_or_load(move || async move {
                cachepolicy_runtime::data("authors", [format!("{slug}-author")]);
                make(value).await
            });
            made.await.unwrap();
        }
        make(value).await
    });
    served.await.unwrap().outcome
}

#[tokio::test(start_paused = true)]
async fn writes_remove_what_shows_the_row() {
    // What is removed of list, a and b.
    for (actions, removed) in [
        ("purge item(slug)", [false, true, false]),
        ("purge item(slug) cascade", [true, true, false]),
        ("purge item(*)", [false, true, true]),
        ("expire item(slug)", [false, true, false]),
        ("bump item(slug)", [false, true, false]),
        ("bump item(*)", [false, true, true]),
        ("purge tag \"by:{author.name}\"", [false, true, false]),
        (
            "purge tag \"by:{author.name}\" cascade",
            [true, true, false],
        ),
        ("purge list", [true, false, false]),
    ] {
        let cache = edges(actions);
        get_list(&cache, 1).await;
        let row = row("a-author");
        let write = Write::update("Row", row.clone(), row);
        let count = cache.write(&write).await.unwrap().copies;
        let gone = removed.iter().filter(|gone| **gone).count() as u64;
        assert_eq!(count, gone, "{actions}");
        let list = get_list(&cache, 2).await;
        assert_eq!(list == FILLED, removed[0], "{actions}");
        for (slug, gone) in [("a", removed[1]), ("b", removed[2])] {
            // The list, if it was made anew, has made them anew.
            let expected = if gone && !removed[0] { FILLED } else { HIT };
            let outcome = get(&cache, slug, 3).await.outcome;
            assert_eq!(outcome, expected, "{actions}: {slug}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_says_too_little_invalidates_nothing() {
    let cache = edges("purge list; purge item(slug)");
    get_list(&cache, 1).await;
    let row = Row::new([("id", "1")]);
    let write = Write::update("Row", row.clone(), row.clone());
    let error = cache.write(&write).await;
    let expected = "a write of `Row` does not say `slug`, which the policy's edges ask for";
    assert_eq!(error.unwrap_err().to_string(), expected);
    assert_eq!(get_list(&cache, 2).await, HIT);
    let write = Write::delete("Rwo", row);
    let error = cache.write(&write).await.unwrap_err();
    assert_eq!(error, WriteError::UnknownModel("Rwo".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_a_write_overtook_is_not_stored_behind_a_fence() {
    for (fence, after) in [("; fence", FILLED), ("", HIT)] {
        let cache = cache(&format!(
            "{ROWS} object item(slug) {{ store near; ttl 1h{fence} }}\non Row update {{ purge item(slug) }}"
        ));
        let item = cache.level("item").unwrap().of(["a"]);
        let slow = item.get_or_load(|| async {
            later(1.0).await;
            make(1).await
        });
        let write = async {
            later(0.5).await;
            let write = Write::update("Row", row("x"), row("x"));
            cache.write(&write).await.unwrap().copies
        };
        let (served, removed) = tokio::join!(slow, write);
        assert_eq!((served.unwrap().value.as_deref(), removed), (Some(&1), 0));
        assert_eq!(get(&cache, "a", 2).await.outcome, after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_has_its_variant() {
    let cache = cache(
        "request { header accept-language negotiated [en, fr] else en; cookie currency in [EUR, USD]; user.id personal }
         backend near memory
         object item(slug) { store near; ttl 1h; vary accept-language, currency; uses currency; skip when user.id }",
    );
    let ask =
        async |request: Request, value| cache.serve(request, get(&cache, "a", value)).await.outcome;
    let french = || cache.request().header("Accept-Language", "fr-CA, en;q=0.5");
    assert_eq!(ask(french().build(), 1).await, FILLED);
    assert_eq!(ask(french().build(), 2).await, HIT);
    assert_eq!(ask(cache.request().build(), 3).await, FILLED);
    let dollars = french().header("cookie", "a=b; currency=USD");
    assert_eq!(ask(dollars.build(), 4).await, FILLED);
    let past = |reason| Outcome::Bypass(Some(reason));
    let pounds = french().cookie("currency", "GBP");
    assert_eq!(
        ask(pounds.build(), 5).await,
        past(BypassReason::OutsideDomain)
    );
    let somebody = french().user("id", "17");
    assert_eq!(ask(somebody.build(), 6).await, past(BypassReason::Skipped));
}

#[tokio::test(start_paused = true)]
async fn a_full_store_evicts_as_the_policy_says() {
    let cache = cache(
        "backend near memory { capacity 2 entries; evict lru }
         object item(slug) { store near; ttl 1h }",
    );
    for slug in ["a", "b", "a", "c"] {
        get(&cache, slug, 1).await;
    }
    assert_eq!(cache.entries("near"), Some(2));
    assert_eq!(get(&cache, "a", 1).await.outcome, HIT);
    assert_eq!(get(&cache, "b", 1).await.outcome, FILLED);
}

#[tokio::test(start_paused = true)]
async fn what_is_used_wrongly_is_told() {
    let cache = one("ttl 1h");
    let error = cache.level("itme").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy has no fragment or object `itme`"
    );
    let item = cache.level("item").unwrap();
    let error = item
        .of(["a", "b"])
        .get_or_load(|| make(1))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "level `item` takes 1 parameters, and 2 were given"
    );
    get(&cache, "a", 1).await;
    let key = item.of(["a"]);
    let text = key.get_or_load(|| async { Ok::<_, Infallible>(Some("text")) });
    assert_eq!(text.await.unwrap_err(), Failure::Type);
}

#[test]
fn what_is_not_there_is_refused() {
    for (text, message) in [
        (
            "backend far disk\nobject item { store far; ttl 1h }",
            "backend `far` is a `disk`, for which there is no store",
        ),
        (
            "backend near memory { capacity 9 entries; evict arc }\nobject item { store near; ttl 1h }",
            "backend `near` evicts by `arc`, which the store does not do: use `lru`, `fifo`, `s3fifo`, `sieve` or `wtinylfu`",
        ),
        (
            "backend near memory { capacity 9MB }\nobject item { store near; ttl 1h }",
            "backend `near` has a capacity in bytes: say how large the values of level `item` are, by `Builder::sizes`, or how they are written, by `Builder::values`",
        ),
        (
            "backend near memory\nview page { route GET \"/\"; store near; ttl 1h }",
            "view `page` is stored: say how requests are answered, by `Builder::http` (feature `http`)",
        ),
        (
            "model Row { id }\nbus queue { delivery at-least-once }\nbackend near memory
             object item { store near; ttl 1h }\non Row update via queue { purge item }",
            if cfg!(feature = "redis") {
                "bus `queue` leaves the process: say over which Redis, by `Builder::bus`"
            } else {
                "bus `queue` is not `in-process`: invalidations travel within this process only"
            },
        ),
    ] {
        let error = Cache::builder(compile(text)).build().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
