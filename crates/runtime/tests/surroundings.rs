//! Work that goes on elsewhere, in what surrounds it.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use cachepolicy_runtime::{Cache, Policy, ServeOnlyReason, Write, surroundings};
use cachepolicy_runtime::{Outcome, Row};
use std::convert::Infallible;

const POLICY: &str = "policy test { edition 1 }
    model Row { id }
    backend near memory
    object part { store near; reads Row; ttl 1m; negative ttl 1m }
    object whole { store near; contains part; ttl 1m }
    on Row update { purge part cascade }
";

fn cache() -> Cache {
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", POLICY);
    let policy: Policy = compiled.policy.unwrap();
    Cache::builder(policy).build().unwrap()
}

async fn one() -> Result<Option<u32>, Infallible> {
    Ok(Some(1))
}

#[tokio::test]
async fn what_another_task_looks_up_is_embedded() {
    let cache = cache();
    let inner = cache.clone();
    let whole = cache.level("whole").unwrap();
    let made = whole.get_or_load(move || async move {
        let here = surroundings();
        // A task of its own knows nothing of who began it.
        let part = inner.level("part").unwrap().get_or_load(one);
        let task = tokio::spawn(async move { here.within(part).await });
        let part = task.await.unwrap().unwrap();
        Ok::<_, Infallible>(part.value.as_deref().copied())
    });
    made.await.unwrap();
    let row = || Row::new([("id", "1")]);
    let delivered = cache.write(&Write::update("Row", row(), row())).await;
    assert_eq!(delivered.unwrap().copies, 2);
}

#[tokio::test]
async fn what_is_for_one_is_not_kept() {
    let cache = cache();
    for value in [Some(1), None] {
        for _ in 0..2 {
            let part = cache.level("part").unwrap();
            let served = part.get_or_load(move || async move {
                surroundings().for_one();
                Ok::<_, Infallible>(value)
            });
            let served = served.await.unwrap();
            assert_eq!(served.value.as_deref().copied(), value);
            let why = match served.outcome {
                Outcome::Filled { not_stored, .. } => not_stored,
                other => panic!("{other:?}"),
            };
            assert_eq!(why, Some(ServeOnlyReason::Status));
        }
    }
}
