use super::*;
use proptest::prelude::*;

const TEXT: &str = "policy p { edition 1 }
model Article { id; slug; title }
request { user.id personal; header accept-language negotiated [en, de] else en }
origin db { }
backend hot memory { }
bus outbox { delivery at-least-once }
object article(slug) {
  store hot
  reads Article(slug)
  ttl   5m
  negative ttl 1m
}
on Article update via outbox { purge article(slug) when changed(title) }
";

/// What is offered where `|` stands.
fn offered(text: &str) -> Vec<String> {
    let place = text.find('‸').unwrap();
    let text = text.replace('‸', "");
    let completions = complete(&text, place);
    completions.all.into_iter().map(|one| one.text).collect()
}

fn after(before: &str) -> Vec<String> {
    offered(&format!("{TEXT}{before}‸\n"))
}

#[test]
fn items_begin_at_the_top() {
    let items = after("");
    assert!(items.iter().any(|item| item == "view") && items.iter().any(|item| item == "expect"));
    assert_eq!(complete("vi", 2).from, 0);
}

#[test]
fn properties_begin_in_blocks_once() {
    let properties = after("view page {\n  ttl 1m\n  s");
    assert!(properties.iter().any(|word| word == "store"));
    assert!(!properties.iter().any(|word| word == "ttl"));
    assert_eq!(
        after("bus x { "),
        ["delivery", "delay", "reaches", "tracks"].map(str::to_owned)
    );
}

#[test]
fn names_and_words_follow_properties() {
    assert_eq!(after("view page { store "), ["hot", "ttl"]);
    assert_eq!(after("object x { reads Art"), ["Article"]);
    assert_eq!(after("object x { vary "), ["user.id", "accept-language"]);
    assert_eq!(after("object x { cost 5ms on "), ["on", "db"]);
    assert_eq!(
        after("object x { stampede "),
        ["none", "coalesce", "lock", "wait", "lease"]
    );
    assert_eq!(
        after("backend b "),
        ["memory", "redis", "proxy", "cdn", "disk", "none"]
    );
    assert_eq!(after("on "), ["Article"]);
    assert_eq!(after("on Article update via "), ["outbox"]);
    assert!(after("on Article update { purge ").contains(&"article".to_owned()));
    assert!(
        after("on Article update { purge article(slug) when changed(t")
            .contains(&"title".to_owned())
    );
}

#[test]
fn nothing_is_offered_in_comments_and_strings() {
    assert_eq!(after("# vi"), [""; 0]);
    assert_eq!(after("object x { key \"a"), [""; 0]);
}

#[test]
fn words_are_explained() {
    let of = |word: &str| hover(TEXT, TEXT.find(word).unwrap() + 1).map(|hover| hover.title);
    assert_eq!(of("negative").as_deref(), Some("negative ttl DURATION"));
    assert_eq!(of("object").as_deref(), Some("object NAME(PARAMETERS)"));
    assert_eq!(of("hot\n").as_deref(), Some("backend hot memory"));
    assert_eq!(of("title)").as_deref(), Some("title"));
    assert_eq!(of("5m"), None);
    let there = hover(TEXT, TEXT.find("article(slug) when").unwrap()).unwrap();
    assert_eq!(there.title, "object article(slug)");
    assert_eq!(there.text, "Object, declared in line 7.");
}

#[test]
fn names_lead_to_their_declarations() {
    let of = |word: &str| {
        let place = definition(TEXT, TEXT.find(word).unwrap()).unwrap();
        TEXT.get(..place.start).unwrap().lines().count()
    };
    assert_eq!(of("outbox {  purge".get(..6).unwrap()), 6);
    assert_eq!(of("hot\n"), 5);
    assert_eq!(of("article(slug) when"), 7);
}

proptest! {
    #[test]
    fn any_place_in_any_text_will_do(text in "([a-z{}\"#; \n(),*|.0-9ü]|view |on |ttl |\\{each ){0,60}", place in 0_usize..200) {
        let _ = complete(&text, place);
        let _ = hover(&text, place);
        let _ = definition(&text, place);
    }
}
