//! Each condition that an invalidation must meet, with the policy that just meets it and the one
//! that just does not.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a test")]

use cachepolicy_analysis::{Bound, Bounds, By, Edge, Reason};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::units::Duration;
use cachepolicy_core::{LevelId, ModelId};
use cachepolicy_tests::run::compile;

const PLACES: &str = "policy p { edition 1; processes 4 }
model Article { id; slug; title; author -> Author }
model Author { id; name }
request { header accept-language in [en, fr] else en }
origin db { slots 20 }
origin replica { replica-lag uniform(0s..2s) }
backend shared redis {}
backend hot memory {}
bus quick { delivery at-least-once; delay 100ms }
bus late { delivery at-least-once; delay 5s }
bus wide { delivery at-least-once; delay 100ms; reaches all-processes }
bus wild { delivery at-least-once; delay exp(mean 1s) }
bus lossy { delivery at-most-once loss 1%; delay 100ms }
";

/// The bound of the level `it` through writes of articles.
fn bound(text: &str) -> Bound {
    let policy = compile(&format!("{PLACES}{text}"));
    let bounds = Bounds::new(&policy, &Graph::new(&policy));
    let level = policy
        .levels
        .iter()
        .position(|level| level.name == "it")
        .expect("the level `it`");
    bounds
        .of(LevelId(level as u16), ModelId(0))
        .expect("it reads articles")
        .clone()
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(millis)
}

/// Bounded by its edges, after so many milliseconds.
fn sound(text: &str, after: i64) {
    let bound = bound(text);
    assert_eq!(
        (bound.by, bound.staleness),
        (By::Edges, millis(after)),
        "{bound:#?}\n{text}"
    );
}

/// Bounded by time, for a reason.
fn unsound(text: &str, reason: fn(&Reason) -> bool) {
    let bound = bound(text);
    let Edge::Unsound(missed) = &bound.edge else {
        panic!("{bound:#?}\n{text}");
    };
    assert!(
        missed.iter().any(|missed| reason(&missed.reason)),
        "{missed:#?}\n{text}"
    );
    assert_eq!(
        (bound.by, bound.staleness),
        (By::Time, bound.through_time),
        "{text}"
    );
}

/// An object of one article, with more to it, and its edge.
fn object(more: &str, edge: &str) -> String {
    format!("object it(slug) {{ store shared; reads Article(slug); ttl 10m; {more} }}\n{edge}\n")
}

/// What begins under the new version can still be given the result of a fill that began before: by waiting
/// for it, of something contained.
#[test]
fn a_bump_does_not_reach_what_others_are_still_filling() {
    let it = |bus: &str, fence: &str, waits: &str| {
        format!(
            "object part(slug) {{ store shared; reads Article(slug); ttl 1h; cost 2s on db; {waits} fence }}
            object it(slug) {{ store shared; contains part(slug); ttl 1h; cost 10ms; {fence} }}
            on Article create|update|delete via {bus} {{ purge part(slug); bump it(slug) }}"
        )
    };
    let overtakes = |reason: &Reason| *reason == Reason::FillOvertakes(millis(2000));
    unsound(&it("quick", "", "stampede coalesce;"), overtakes);
    sound(&it("quick", "fence", "stampede coalesce;"), 100);
    sound(&it("quick", "", ""), 100);
    sound(&it("late", "", "stampede coalesce;"), 5000);
}

/// A copy that a `bump` hid stays where it is: no other action reaches it, and who asked for it under
/// the earlier version gets it.
#[test]
fn who_asked_before_a_bump_is_answered_after_it() {
    let it = |more: &str| {
        format!(
            "backend slow redis {{ latency 30ms }}
             object it {{ store slow; ttl 1h; reads Article; fence; cost 5ms; tags \"all\" }}
             object other {{ store slow; ttl 1h; reads Author; cost 5ms; tags \"rest\" }}
             on Article create|update|delete via quick {{ purge it }}
             on Author update via late {{ {more} }}"
        )
    };
    sound(&it("purge it; bump other"), 100);
    sound(&it("bump it"), 130);
    sound(&it("bump tag \"all\""), 130);
    sound(&it("bump tag \"rest\" cascade"), 100);
    let embedding = it("bump other cascade").replace("reads Author;", "reads Author; contains it;");
    sound(&embedding, 100);
    let embedded =
        it("bump other cascade").replace("reads Article;", "reads Article; contains other;");
    sound(&embedded, 130);
}

#[test]
fn every_write_that_matters_has_an_action() {
    let fenced = "fence; timeout 1s; cost 20ms on db";
    sound(
        &object(
            fenced,
            "on Article create|update|delete via quick { purge it(slug) }",
        ),
        100,
    );
    unsound(
        &object(
            fenced,
            "on Article update|delete via quick { purge it(slug) }",
        ),
        |reason| *reason == Reason::NotEachWrite,
    );
    unsound(
        &object(
            fenced,
            "on Article create|update|delete via quick { purge it(slug) when changed(title) }",
        ),
        |reason| *reason == Reason::NotEachWrite,
    );
    unsound(&object(fenced, ""), |reason| *reason == Reason::NoAction);
}

#[test]
fn a_field_that_is_not_read_need_not_be_watched() {
    let of_title = |edge: &str| {
        format!(
            "object it {{ store shared; reads Article.title; ttl 10m; fence }}\n\
             on Article create|update|delete via quick {{ {edge} }}\n"
        )
    };
    sound(&of_title("purge it when changed(title)"), 100);
    sound(
        &of_title("purge it when changed(title) or changed(author)"),
        100,
    );
    unsound(&of_title("purge it when changed(author)"), |reason| {
        *reason == Reason::NotEachWrite
    });
}

#[test]
fn both_images_of_a_row_are_named() {
    let edge = |arg: &str| {
        object(
            "fence",
            &format!("on Article create|update|delete via quick {{ {arg} }}"),
        )
    };
    sound(&edge("purge it(old.slug); purge it(new.slug)"), 100);
    unsound(&edge("purge it(old.slug)"), |reason| {
        *reason == Reason::OneImage
    });
    unsound(&edge("purge it(title)"), |reason| {
        *reason == Reason::SomeKeys
    });
    sound(&edge("purge it(*)"), 100);
}

#[test]
fn a_row_that_its_id_names_is_created_before_it_is_cached() {
    let by_id = |more: &str| {
        format!(
            "object it(id) {{ store shared; reads Article(id); ttl 10m; fence; {more} }}\n\
             on Article update|delete via quick {{ purge it(id) }}\n"
        )
    };
    sound(&by_id(""), 100);
    unsound(&by_id("negative ttl 1m"), |reason| {
        *reason == Reason::NotEachWrite
    });
}

#[test]
fn what_comes_before_the_commit_may_come_too_early() {
    let edge = |timing: &str| {
        object(
            "fence",
            &format!("on Article create|update|delete {timing} {{ purge it(slug) }}"),
        )
    };
    sound(&edge("after commit"), 0);
    unsound(&edge("before commit by 5ms"), |reason| {
        *reason == Reason::BeforeCommit
    });
    // It is on its way for longer than that.
    sound(&edge("before commit by 5ms via quick"), 95);
}

#[test]
fn a_delivery_arrives_for_certain_and_within_a_time() {
    let edge = |bus: &str| {
        object(
            "fence",
            &format!("on Article create|update|delete via {bus} {{ purge it(slug) }}"),
        )
    };
    unsound(&edge("lossy"), |reason| *reason == Reason::Lost);
    unsound(&edge("wild"), |reason| *reason == Reason::NoGreatestDelay);
}

#[test]
fn each_process_has_memory_of_its_own() {
    let near = |tiers: &str, bus: &str| {
        format!(
            "object it(slug) {{ store {tiers}; reads Article(slug); ttl 10m; fence }}\n\
             on Article create|update|delete via {bus} {{ purge it(slug) }}\n"
        )
    };
    let not_reached = |reason: &Reason| matches!(reason, Reason::NotReached(_));
    unsound(&near("hot", "quick"), not_reached);
    sound(&near("hot", "wide"), 100);
    unsound(&near("hot, shared", "quick"), not_reached);
    sound(&near("hot, shared", "wide"), 100);
    // A nearer copy that is not reached lives for its ceiling after the last promotion.
    sound(&near("hot ttl 3s, shared", "quick"), 3_100);
}

#[test]
fn a_tracked_backend_tells_the_memory_before_it() {
    let near = |tiers: &str, told: &str, via: &str| {
        format!(
            "bus told {{ tracks shared; {told} }}\n\
             object it(slug) {{ store {tiers}; reads Article(slug); ttl 10m; fence }}\n\
             on Article create|update|delete via {via} {{ purge it(slug) }}\n"
        )
    };
    let certain = "delivery at-least-once; delay 1ms";
    sound(&near("hot, shared", certain, "quick"), 101);
    // A lost message is a lost connection, after which the memory is empty.
    sound(
        &near(
            "hot, shared",
            "delivery at-most-once loss 1%; delay 1ms",
            "quick",
        ),
        101,
    );
    // What is short-lived need not be told.
    sound(
        &near(
            "hot ttl 1s, shared",
            "delivery at-least-once; delay 5s",
            "quick",
        ),
        1_100,
    );
    unsound(
        &near(
            "hot, shared",
            "delivery at-least-once; delay exp(mean 1ms)",
            "quick",
        ),
        |reason| matches!(reason, Reason::NotReached(_)),
    );
    unsound(&near("hot, shared", certain, "lossy"), |reason| {
        *reason == Reason::Lost
    });
}

#[test]
fn what_is_told_of_a_part_comes_later_than_the_page_is_removed() {
    let both = |store: &str| {
        format!(
            "bus told {{ tracks shared; delivery at-least-once; delay 1ms }}\n{}",
            page(
                store,
                "on Article create|update|delete via quick { purge part(slug); purge it(slug) }",
            )
        )
    };
    sound(&both("shared"), 100);
    unsound(&both("hot, shared"), |reason| {
        matches!(reason, Reason::ContainedIsLater(_))
    });
}

#[test]
fn a_fill_under_way_is_fenced_or_over_before_the_delivery() {
    let edge = |more: &str, bus: &str| {
        object(
            more,
            &format!("on Article create|update|delete via {bus} {{ purge it(slug) }}"),
        )
    };
    let overtakes = |reason: &Reason| matches!(reason, Reason::FillOvertakes(_));
    unsound(&edge("timeout 2s", "quick"), overtakes);
    unsound(&edge("timeout 2s; cost 200ms on db", "quick"), overtakes);
    sound(&edge("timeout 2s", "late"), 5_000);
    unsound(&edge("timeout 6s; cost 5100ms on db", "late"), overtakes);
    // Who waits for a slot has read nothing yet.
    sound(&edge("timeout 2s; cost 20ms on db", "quick"), 100);
    // Whose work is short whatever comes cannot be overtaken.
    sound(&edge("timeout 30s; cost 20ms", "quick"), 100);
    sound(
        &edge("timeout 30s; stampede lease 5s wait 1s", "quick"),
        100,
    );
}

#[test]
fn a_replica_has_caught_up_by_then() {
    let edge = |bus: &str| {
        object(
            "fence; cost 20ms on replica",
            &format!("on Article create|update|delete via {bus} {{ purge it(slug) }}"),
        )
    };
    unsound(&edge("quick"), |reason| {
        matches!(reason, Reason::ReplicaLags(_))
    });
    sound(&edge("late"), 5_000);
}

/// A page of an article, and what its edges do.
fn page(part: &str, actions: &str) -> String {
    format!(
        "object part(slug) {{ store {part}; reads Article(slug); ttl 10m; fence; \
             stale-while-revalidate 30s }}\n\
         view it(slug) {{ route GET \"/a/{{slug}}\"; store shared; contains part(slug); ttl 1h; fence }}\n\
         {actions}\n"
    )
}

#[test]
fn what_a_page_embeds_is_clean_before_the_page() {
    let block =
        |actions: &str| format!("on Article create|update|delete via quick {{ {actions} }}");
    sound(
        &page("shared", &block("purge part(slug); purge it(slug)")),
        100,
    );
    unsound(
        &page("shared", &block("expire part(slug); purge it(slug)")),
        |reason| matches!(reason, Reason::ContainedIsOld(_)),
    );
    unsound(&page("shared", &block("purge it(slug)")), |reason| {
        matches!(reason, Reason::ContainedIsOld(_))
    });
    sound(&page("shared", &block("purge part(slug) cascade")), 100);
    let blocks = |part: &str, it: &str| {
        format!(
            "on Article create|update|delete via {part} {{ purge part(slug) }}\n\
             on Article create|update|delete via {it} {{ purge it(slug) }}"
        )
    };
    sound(&page("shared", &blocks("quick", "late")), 5_000);
    unsound(&page("shared", &blocks("late", "quick")), |reason| {
        matches!(reason, Reason::ContainedIsLater(_))
    });
}

#[test]
fn who_waits_gets_what_was_read_before() {
    let shared = object(
        "fence; stampede coalesce; timeout 2s; cost 1500ms on db",
        "on Article create|update|delete via quick { purge it(slug) }",
    );
    sound(&shared, 1_500);
}

#[test]
fn an_expired_copy_stays_in_use() {
    let expire = object(
        "fence; stale-while-revalidate 30s",
        "on Article create|update|delete via quick { expire it(slug) }",
    );
    sound(&expire, 30_100);
}

#[test]
fn tags_reach_what_bears_them() {
    let tagged = |tag: &str| {
        format!(
            "view it {{ route GET \"/\"; store shared; data shown max 10; reads Article(slug: each shown); \
                 ttl 1h; fence; tags \"{tag}\" }}\n\
             on Article create|update|delete via quick {{ purge tag \"article:{{slug}}\" }}\n"
        )
    };
    sound(&tagged("article:{each shown}"), 100);
    unsound(&tagged("page"), |reason| *reason == Reason::NoAction);
}

#[test]
fn through_time_everything_adds_up() {
    // The page lives an hour; what it takes in at the end of its fill is 10 minutes, 30 stale seconds
    // and its own 30 s of filling old.
    let bound = bound(&page("shared", ""));
    assert_eq!(
        bound.through_time,
        millis(3_600_000 + 600_000 + 30_000 + 30_000)
    );
}
