//! What is missing of several keys is made together.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use cachepolicy_core::units::Time;
use cachepolicy_runtime::{Cache, Clock, EachError, Failure, Hit, Key, Level, Outcome};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

fn level(properties: &str) -> Level {
    let text = format!(
        "policy test {{ edition 1 }}
         model Row {{ id; slug }}
         backend near memory
         object item(slug) {{ store near; {properties} }}"
    );
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
    let builder = Cache::builder(compiled.policy.unwrap()).clock(Clock::at(Time::from_nanos(0)));
    builder.seed(7).build().unwrap().level("item").unwrap()
}

async fn get<T: Send + Sync + 'static>(level: &Level, slug: &str, value: T) -> Outcome {
    let made = level
        .of([slug])
        .get_or_load(move || async move { Ok::<_, Infallible>(Some(value)) });
    made.await.unwrap().outcome
}

async fn later(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_of_several_is_made_together() {
    let level = level("ttl 1h; stampede coalesce; batch max 2 each 1ms");
    let worked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ask = |slugs: &[&str]| {
        let (level, worked) = (level.clone(), Arc::clone(&worked));
        let keys: Vec<Key> = slugs.iter().map(|slug| level.of([slug])).collect();
        tokio::spawn(level.get_or_load_each(keys, move |keys: Vec<Key>| {
            let slugs: Vec<String> = keys
                .iter()
                .flat_map(|key| key.param(0))
                .map(str::to_owned)
                .collect();
            worked.lock().unwrap().push(slugs.join(""));
            async move {
                later(1.0).await;
                Ok::<_, Infallible>(
                    slugs
                        .into_iter()
                        .map(|slug| (slug != "x").then_some(slug))
                        .collect(),
                )
            }
        }))
    };
    get(&level, "b", "b".to_owned()).await;
    // Who has parked something does that before waiting for others, so that nobody waits in a circle.
    let (one, other) = (ask(&["a", "b", "c", "d", "x"]), ask(&["d", "c", "a"]));
    for (asked, expected) in [(one, "abcd"), (other, "dca")] {
        let made = asked.await.unwrap().into_iter();
        let values = made.filter_map(|served| served.unwrap().value);
        let values: String = values.map(|value| (*value).clone()).collect();
        assert_eq!(values, expected);
    }
    let worked = worked.lock().unwrap().clone();
    let all: String = worked.concat();
    assert!(worked.iter().all(|slugs| slugs.len() <= 2), "{worked:?}");
    assert_eq!(all.len(), 4, "each once: {worked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_several_are_made_of_may_fail() {
    let level = level("ttl 10s; stale-if-error 1m; batch max 9 each 1ms");
    get(&level, "a", 1_u32).await;
    later(20.0).await;
    let keys = || ["a", "b"].map(|slug| level.of([slug]));
    let failed = level.get_or_load_each(keys(), |_: Vec<Key>| async {
        Err::<Vec<Option<u32>>, _>("no database")
    });
    let failed = failed.await;
    assert_eq!(failed[0].as_ref().unwrap().outcome, Outcome::StaleOnError);
    let error = Failure::Work(EachError::Work(Arc::new("no database")));
    assert_eq!(failed[1].as_ref().unwrap_err(), &error);
    let few = level.get_or_load_each(keys(), |_: Vec<Key>| async {
        Ok::<_, Infallible>(vec![Some(1_u32)])
    });
    let error = Failure::Work(EachError::Count { asked: 2, given: 1 });
    assert_eq!(few.await[1].as_ref().unwrap_err(), &error);
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_is_made_although_whoever_asked_has_gone() {
    let level = level("ttl 1h; stampede coalesce; batch max 9 each 1ms");
    let keys = ["a", "b"].map(|slug| level.of([slug]));
    let asked = level.get_or_load_each(keys, |keys: Vec<Key>| async move {
        later(1.0).await;
        Ok::<_, Infallible>(keys.iter().map(|_| Some(1_u32)).collect())
    });
    let asked = tokio::time::timeout(Duration::from_millis(10), asked);
    assert!(asked.await.is_err());
    later(1.0).await;
    for slug in ["a", "b"] {
        assert_eq!(get(&level, slug, 2_u32).await, Outcome::Hit(Hit::Fresh));
    }
}
