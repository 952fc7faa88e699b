//! A policy becomes part of a service when that is built: `build.rs` makes the code that is compiled here.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use cachepolicy_runtime::{Cache, Failure, Outcome, include_policy};
use std::convert::Infallible;
use std::path::Path;

include_policy!(mod anonymous_site);
include_policy!(mod django_mended);
include_policy!(mod kv);
include_policy!(mod news);
include_policy!(mod words);

fn cache() -> words::Cache {
    let cache = words::builder().unwrap().build().unwrap();
    words::Cache::new(cache).unwrap()
}

#[test]
fn every_policy_to_start_from_becomes_code() {
    let artefacts = [
        anonymous_site::ARTEFACT,
        django_mended::ARTEFACT,
        kv::ARTEFACT,
        news::ARTEFACT,
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    // Beside the one that has a leak.
    assert_eq!(folder.read_dir().unwrap().count(), artefacts.len() + 1);
    for artefact in artefacts {
        cachepolicy_runtime::decode(artefact).unwrap();
    }
}

#[test]
fn the_cache_of_another_policy_is_refused() {
    let other = news::builder().unwrap();
    // Its Redis is not said.
    other.build().unwrap_err();
    let other = words::builder().unwrap().build().unwrap();
    let missing = kv::Cache::new(other).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the policy has no fragment or object `entry`"
    );
}

#[tokio::test]
async fn levels_rows_and_data_have_their_names() {
    let cache = cache();
    let made = |text: &'static str| move || async move { Ok::<_, Infallible>(Some(text)) };
    let served = cache.r#fn("a", 7).get_or_load(made("one")).await.unwrap();
    assert!(matches!(served.outcome, Outcome::Filled { .. }));
    let served = cache.r#fn("a", 7).get_or_load(made("two")).await.unwrap();
    assert_eq!(*served.value.unwrap(), "one");

    let row = |kind: &str| words::Cache_ {
        id: "a".into(),
        r#type: kind.into(),
        parent: Some("b").into(),
        lists: vec![write(3).into()].into(),
    };
    let gone = cache
        .write(&words::Cache_::update(row("x"), row("y")))
        .await;
    assert_eq!(gone.unwrap().copies, 1);
    let served = cache.r#fn("a", 7).get_or_load(made("three")).await.unwrap();
    assert_eq!(*served.value.unwrap(), "three");
}

fn write(id: u32) -> words::Write_ {
    words::Write_ {
        id: id.into(),
        self_: "s".into(),
        r#ref: true.into(),
    }
}

#[tokio::test]
async fn what_is_missing_of_several_is_made_together() {
    let cache = cache();
    let load = |keys: Vec<cachepolicy_runtime::Key>| async move {
        let text = |key: &cachepolicy_runtime::Key| Some(format!("{:?}", key.param(1)));
        Ok::<_, Infallible>(keys.iter().map(text).collect::<Vec<_>>())
    };
    let all = cache.fn_each([("a", 1), ("a", 2)], load).await;
    let texts: Vec<_> = all
        .into_iter()
        .map(|served| served.unwrap().value.unwrap().to_string())
        .collect();
    assert_eq!(texts, ["Some(\"1\")", "Some(\"2\")"]);
}

#[tokio::test]
async fn what_work_found_is_said_by_its_name() {
    let cache = cache();
    let work = || async {
        words::data::r#loop([4, 5]);
        Ok::<_, Infallible>(Some(0))
    };
    let served = cache.new_one().get_or_load(work).await;
    let outcome = served.map_err(|error: Failure<Infallible>| error.to_string());
    assert!(matches!(outcome.unwrap().outcome, Outcome::Filled { .. }));
}

#[test]
fn a_broken_policy_is_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |build: cachepolicy_build::Build| {
        let error = build.out_dir(folder.path()).compile().unwrap_err();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        // As `main` shows it.
        format!("Error: {error:?}")
    };
    let policy =
        |name: &str| cachepolicy_build::policy(format!("data/embedding/{name}.cachepolicy"));
    insta::assert_snapshot!(refused(policy("broken")));
    // What nobody may deploy is no code either.
    let leak = cachepolicy_build::policy("../policies/django-tutorial.cachepolicy");
    assert!(refused(leak).contains("error[leak"));
    let missing = refused(policy("none"));
    assert!(
        missing.ends_with("none.cachepolicy`: there is no such file"),
        "{missing}"
    );
    let level = refused(policy("words").value("new_won", "String"));
    assert!(
        level.ends_with("of that name; did you mean `new_one`?"),
        "{level}"
    );
    let code = refused(policy("words").deny("dead-lvel"));
    assert!(
        code.starts_with("Error: there is no diagnostic with the code"),
        "{code}"
    );
    let replaced = refused(policy("words").set("fn.ttl=10 m"));
    assert!(replaced.contains("error[wrong-unit]"), "{replaced}");
}

/// A cache is the same by its code and by its name.
#[tokio::test]
async fn handles_are_those_of_the_policy() {
    let policy = cachepolicy_runtime::decode(words::ARTEFACT).unwrap();
    let runtime = Cache::builder(policy).build().unwrap();
    let cache = words::Cache::new(runtime.clone()).unwrap();
    let made = || async { Ok::<_, Infallible>(Some(1_u8)) };
    cache.write_("x").get_or_load(made).await.unwrap();
    let key = runtime.level("write").unwrap().of(["x"]);
    let served = key.get_or_load(made).await.unwrap();
    assert!(matches!(served.outcome, Outcome::Hit(_)));
    assert_eq!(cache.runtime().entries("hot"), Some(1));
}
