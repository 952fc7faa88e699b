//! A capacity in bytes is kept to, or refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use cachepolicy_runtime::{
    Builder, Bytes, Cache, FillReason, Hit, Outcome, Policy, ServeOnlyReason,
};
use std::convert::Infallible;

const POLICY: &str = "policy test { edition 1 }
    model Row { id; slug }
    backend near memory { capacity 1000B; evict lru }
    object item(slug) { store near; reads Row(slug); ttl 1h; negative ttl 1h }";

fn compile(text: &str) -> Policy {
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", text);
    let messages = compiled.diagnostics;
    compiled.policy.unwrap_or_else(|| panic!("{messages:#?}"))
}

fn builder() -> Builder {
    Cache::builder(compile(POLICY))
}

/// Asks for an item, which is made of so many bytes; 0: there is none.
async fn get(cache: &Cache, slug: &str, bytes: usize) -> Outcome {
    let item = cache.level("item").unwrap().of([slug]);
    let work = move || async move { Ok::<_, Infallible>((bytes > 0).then(|| vec![0_u8; bytes])) };
    item.get_or_load(work).await.unwrap().outcome
}

fn filled(not_stored: Option<ServeOnlyReason>) -> Outcome {
    let reason = FillReason::Missing;
    Outcome::Filled { reason, not_stored }
}

const HIT: Outcome = Outcome::Hit(Hit::Fresh);

async fn keeps_to_it(cache: Cache) {
    for slug in ["a", "b"] {
        assert_eq!(get(&cache, slug, 400).await, filled(None));
    }
    assert_eq!(cache.bytes("near"), Some(800));
    assert_eq!(get(&cache, "a", 400).await, HIT);
    // There is no room for a third: the one that was used longest ago has to leave.
    assert_eq!(get(&cache, "c", 400).await, filled(None));
    assert_eq!(cache.bytes("near"), Some(800));
    assert_eq!(get(&cache, "a", 400).await, HIT);
    assert_eq!(get(&cache, "b", 400).await, filled(None));
    // What is larger than all of it is made for each, and takes nothing from the others.
    for _ in 0..2 {
        let large = Some(ServeOnlyReason::TooLarge);
        assert_eq!(get(&cache, "d", 1_001).await, filled(large));
    }
    assert_eq!(get(&cache, "b", 400).await, HIT);
    // An absence takes a byte.
    assert_eq!(get(&cache, "none", 0).await, filled(None));
    assert_eq!(cache.bytes("near"), Some(801));
    assert!(
        cache
            .prometheus()
            .contains("cachepolicy_bytes{backend=\"near\"} 801")
    );
}

#[tokio::test]
async fn values_are_as_large_as_the_service_says() {
    let sized = builder().sizes("item", Vec::<u8>::len);
    keeps_to_it(sized.build().unwrap()).await;
}

#[tokio::test]
async fn or_as_their_codec_writes_them() {
    let written = builder().values::<Vec<u8>>("item", Bytes);
    keeps_to_it(written.build().unwrap()).await;
}

#[tokio::test]
async fn what_cannot_be_measured_is_not_kept() {
    let cache = builder().sizes("item", String::len).build().unwrap();
    let large = Some(ServeOnlyReason::TooLarge);
    assert_eq!(get(&cache, "a", 1).await, filled(large));
    assert_eq!(cache.entries("near"), Some(0));
}

#[test]
fn it_is_refused_where_nobody_knows_how_large_values_are() {
    let refused = builder().build().unwrap_err().to_string();
    assert!(
        refused.contains("`near` has a capacity in bytes"),
        "{refused}"
    );
    assert!(refused.contains("level `item`"), "{refused}");
    let unknown = builder().sizes("itm", Vec::<u8>::len).build();
    assert_eq!(unknown.unwrap_err().to_string(), "the policy has no `itm`");
}
