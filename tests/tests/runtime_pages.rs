//! What was simulated is what runs, of whole responses too: random sites, views and objects answer requests
//! under a clock that stands still in between, and what they recorded is simulated to what they counted.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "support/beside.rs"]
mod beside;
#[path = "support/counted.rs"]
mod counted;
#[path = "support/news.rs"]
mod news;

use beside::beside_ttl;
use cachepolicy_runtime::Recorder;
use cachepolicy_sim::Options;
use cachepolicy_tests::run::compile;
use counted::counters;
use news::{Asked, LEVELS, recorded, simulated, text};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use std::time::Duration;

/// The same cases each time.
const SEED: u64 = 5;

/// Cases, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 1_000;

/// Work takes so many of these, and each request comes another millisecond after one: no two that have nothing to
/// do with each other happen at the same instant. The policy says the same, so that it does not matter who is first of
/// those who waited for one thing, and fill another then.
const TICK: Duration = Duration::from_millis(64);

/// How a level keeps its copies.
fn store(lives: &'static [&'static str]) -> impl Strategy<Value = String> {
    (
        select(vec![
            "near",
            "near, middle",
            "near ttl 1103ms, middle ttl 6311ms",
        ]),
        select(lives),
        beside_ttl(),
        select(vec!["none", "coalesce"]),
    )
        .prop_map(|(tiers, ttl, more, stampede)| {
            format!("store {tiers}; ttl {ttl}{more}; stampede {stampede}")
        })
}

fn actions() -> impl Strategy<Value = String> {
    let actions = vec![
        "purge article(slug)",
        "expire article(slug)",
        "purge article(slug) cascade",
        "purge article_page(slug)",
        "expire article_page(slug)",
        "purge homepage",
        "purge tag \"all\"",
    ];
    subsequence(actions, 1..=3).prop_map(|actions| actions.join("; "))
}

fn policy() -> impl Strategy<Value = String> {
    let objects = &["2085ms", "10281ms", "forever"];
    let pages = &["1085ms", "5281ms", "10281ms sliding"];
    (
        (store(objects), store(objects)),
        (store(pages), store(pages), store(pages)),
        proptest::bool::ANY,
        actions(),
    )
        .prop_map(|((article, settings), (homepage, page, site), has_skip, actions)| {
            let skip = if has_skip { "; skip when user.id" } else { "" };
            format!(
                "policy pages {{ edition 1; processes 1 }}
                 model Article {{ id; slug }}
                 model Setting {{ id }}
                 request {{
                   user.id personal
                   header accept-language negotiated [en, de] else en
                   ignore query [utm_*]
                 }}
                 origin db {{ }}
                 backend near memory {{ latency 0s }}
                 backend middle memory {{ latency 0s }}
                 object article(slug) {{ reads Article(slug); cost 1472ms on db; tags \"all\"; {article} }}
                 object settings {{ reads Setting; cost 448ms on db; {settings} }}
                 view homepage {{
                   route GET \"/\"; data headlines max 5; contains article(each headlines), settings
                   uses accept-language; vary accept-language; cost 1984ms; {homepage}
                 }}
                 view article_page(slug) {{
                   route GET \"/articles/{{slug}}\"; contains article(slug); tags \"all\"
                   uses accept-language; vary accept-language; cost 1088ms; {page}
                 }}
                 view dashboard {{ route GET \"/me\"; contains settings; cost 832ms }}
                 site public {{ route GET \"/**\"; vary accept-language; {site}{skip} }}
                 on Article update after commit {{ {actions} }}"
            )
        })
}

fn asked() -> impl Strategy<Value = Asked> {
    let path = prop_oneof![
        3 => Just("/?utm_source=x".to_owned()),
        1 => Just("/me".to_owned()),
        1 => (0..2).prop_map(|slug| format!("/articles/none-{slug}")),
        5 => (0..3).prop_map(|slug| format!("/articles/slug%20{slug}")),
    ];
    (
        select(vec![1_u64, 1, 65, 1_217, 4_801]),
        path,
        select(vec!["en", "de,en;q=0.5", "fr"]),
        prop_oneof![3 => Just(None), 1 => (0..2_u64).prop_map(Some)],
        proptest::bool::weighted(0.15),
    )
        .prop_map(|(after, path, language, user, writes)| Asked {
            after,
            path,
            language,
            user,
            writes,
        })
}

#[test]
fn pages_do_what_was_simulated() {
    let said = std::env::var("PROPTEST_CASES").ok();
    let cases = said.and_then(|said| said.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(SEED),
        ..ProptestConfig::default()
    };
    let case = (policy(), proptest::collection::vec(asked(), 1..40));
    let ran =
        TestRunner::new(config).run(&case, |(policy_text, asked)| agree(&policy_text, &asked));
    ran.unwrap_or_else(|error| panic!("{error}"));
}

/// Is what the runtime counts what the simulator makes of its recording?
fn agree(policy_text: &str, asked: &[Asked]) -> Result<(), TestCaseError> {
    let policy = compile(policy_text);
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::to(folder.path().join("trace.jsonl")).plain();
    let (counted, recorded) = recorded(&policy, recorder, (asked, TICK));
    prop_assert_eq!((recorded.dropped, recorded.late), (0, 0));
    let trace = text(folder.path());
    let (report, _) = simulated(&policy, &trace, Options::default());
    for (level, counted) in LEVELS.iter().zip(counted) {
        let simulated = counters(&report.levels[*level]);
        prop_assert_eq!(counted, simulated, "{}: {}", level, policy_text);
    }
    Ok(())
}
