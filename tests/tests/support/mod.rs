//! What the tests with a Redis share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests use parts of it"
)]

pub(crate) mod web;

use cachepolicy_runtime::{Cache, Delivered, Postcard, Redis, Row, Served, Write, WriteError};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
use std::convert::Infallible;
use std::time::Duration;

/// Longer than anything here takes, on however slow a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process's cache.
pub(crate) fn open(policy: &str, server: &Server) -> Cache {
    at(policy, &server.address())
}

/// The same, by the address.
pub(crate) fn at(policy: &str, address: &str) -> Cache {
    over(policy, Redis::at(address).unwrap())
}

/// The same, wherever the Redis is.
pub(crate) fn over(policy: &str, redis: Redis) -> Cache {
    Cache::builder(compile(policy))
        .redis("far", redis)
        .values::<u32>("item", Postcard)
        .build()
        .unwrap()
}

/// The item of this name; `value`, where it has to be made.
pub(crate) async fn get(cache: &Cache, slug: &str, value: u32) -> Served<u32> {
    let item = cache.level("item").unwrap().of([slug]);
    let made = item.get_or_load(move || async move { Ok::<_, Infallible>(Some(value)) });
    made.await.unwrap()
}

/// A write of this row.
pub(crate) async fn write(cache: &Cache, slug: &str) -> Result<Delivered, WriteError> {
    let row = Row::new([("id", slug), ("slug", slug)]);
    cache.write(&Write::update("Row", row.clone(), row)).await
}

/// Waits until it is so.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waited).await;
    waited.unwrap_or_else(|_| panic!("it did not become so"));
}
