use super::witness::{Of, Shown};
use super::{Wanted, for_people, json};
use crate::output::Terminal;
use cachepolicy_core::Policy;
use cachepolicy_sim::events::{Happening, Names, Observer};

fn policy(name: &str) -> Policy {
    let text = match name {
        "django-mended" => include_str!("../../../../policies/django-mended.cachepolicy"),
        "news" => include_str!("../../../../policies/news.cachepolicy"),
        _ => include_str!("../../../../policies/django-tutorial.cachepolicy"),
    };
    let compiled = cachepolicy_compiler::compile_text(&format!("{name}.cachepolicy"), text);
    compiled.policy.expect("which compiles")
}

fn in_columns(width: usize) -> Terminal {
    Terminal {
        width,
        ..Terminal::PLAIN
    }
}

#[test]
fn the_tutorials_site() {
    insta::assert_snapshot!(for_people(
        &policy("django-tutorial"),
        Wanted::default(),
        in_columns(100)
    ));
}

#[test]
fn the_mended_site_in_60_columns() {
    insta::assert_snapshot!(for_people(
        &policy("django-mended"),
        Wanted::default(),
        in_columns(60)
    ));
}

#[test]
fn a_news_site() {
    insta::assert_snapshot!(for_people(
        &policy("news"),
        Wanted::default(),
        in_columns(100)
    ));
}

#[test]
fn for_machines() {
    insta::assert_snapshot!(json(&policy("django-tutorial"), Wanted::default()).expect("JSON"));
}

#[test]
fn what_can_be_seen_is_shown_beside_its_explanation() {
    let shown = |code: &str| {
        let doc = cachepolicy_compiler::codes::find(code).unwrap();
        super::witness::of_code(doc, Terminal::PLAIN).unwrap()
    };
    for code in super::witness::SEEN {
        let text = shown(code).unwrap_or_else(|| panic!("nothing is shown of `{code}`"));
        let is_leak = ["leak", "variant-missing"].contains(&code);
        let said = if is_leak {
            "gets the copy"
        } else {
            "out of date"
        };
        assert!(text.contains(said), "{code}: {text}");
    }
    assert_eq!(shown("stampede-unprotected"), None);
    assert_eq!(shown("unused"), None);
    insta::assert_snapshot!(shown("leak").unwrap());
}

#[test]
fn no_fence_is_advised_for_a_cache_before_the_application() {
    for (kind, advised) in [
        ("redis", "write `fence`"),
        ("proxy", "purge once more"),
        ("cdn { pops 3 }", "purge once more"),
    ] {
        let text = format!(
            "policy shop {{ edition 1 }}
             model Product {{ slug }}
             origin db
             backend edge {kind}
             view page(slug) {{
               route GET \"/products/{{slug}}/\"
               store edge
               reads Product(slug)
               cost 80ms on db
               ttl 10m
             }}
             on Product create|update|delete after commit {{ purge page(slug) }}"
        );
        let compiled = cachepolicy_compiler::compile_text("shop.cachepolicy", &text);
        let policy = compiled
            .policy
            .unwrap_or_else(|| panic!("{kind}: {:?}", compiled.diagnostics));
        let said = for_people(&policy, Wanted::default(), in_columns(1_000));
        assert!(said.contains(advised), "{kind}: {said}");
        assert_eq!(said.contains("fence"), kind == "redis", "{kind}: {said}");
    }
}

#[test]
fn who_is_left_out_shows_nothing() {
    for condition in [
        "user.id",
        "not user.id",
        "path(\"/admin/**\") or user.id",
        "theme == dark",
    ] {
        let text = format!(
            "policy shop {{ edition 1 }}
             model Product {{ slug }}
             request {{ user.id personal; cookie theme }}
             backend shared redis
             view page(slug) {{
               route GET \"/products/{{slug}}/\"
               store shared
               reads Product(slug)
               ttl 10m
               skip when {condition}
             }}"
        );
        let compiled = cachepolicy_compiler::compile_text("shop.cachepolicy", &text);
        let policy = compiled.policy.unwrap_or_else(|| panic!("{condition}"));
        let wanted = Wanted {
            level: None,
            model: None,
        };
        let shown = Shown::of(&policy, wanted, Of::Bound).unwrap();
        let report = shown.replay(Box::new(Silent)).unwrap();
        let said = shown.came_to(&report);
        assert!(
            said.contains(">99.9% of the 10m 30s"),
            "{condition}: {said}"
        );
    }
}

/// Who sees everything and says nothing.
struct Silent;

impl Observer for Silent {
    fn happens(&mut self, _: &Happening, _: &Names<'_>) {}
}
