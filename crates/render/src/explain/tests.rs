use super::*;
use crate::output::Terminal;

const NEWS: &str = include_str!("../../../cli/tests/data/news.cachepolicy");

fn news() -> cachepolicy_core::Policy {
    cachepolicy_compiler::compile_text("news.cachepolicy", NEWS)
        .policy
        .unwrap()
}

fn request(url: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        target: url.to_owned(),
        ..Request::default()
    }
}

#[test]
fn a_request_through_all_levels() {
    let mut request = request("https://news.example/articles/launch?utm_source=mail&page=2");
    request.headers = vec![("accept-language".to_owned(), "de-CH, de;q=0.9".to_owned())];
    let explanation = explain_request(&news(), &request);
    insta::assert_snapshot!(request_for_people(&explanation, Terminal::PLAIN));
}

#[test]
fn a_request_of_somebody_with_a_currency_that_nobody_knows() {
    let mut request = request("/");
    request.user = Some("17".to_owned());
    request.cookies = vec![("currency".to_owned(), "\u{1b}[31mGBP".to_owned())];
    let explanation = explain_request(&news(), &request);
    insta::assert_snapshot!(request_for_people(&explanation, Terminal::PLAIN));
}

#[test]
fn where_a_copy_lives_and_who_fills() {
    let lives = |processes: u32, level: &str| {
        let text = format!(
            "policy p {{ edition 1; processes {processes} }}
             origin db {{ failure-rate 1% }}
             backend near memory
             backend far redis
             backend edge cdn {{ pops 3 }}
             backend front proxy
             view page {{ route GET \"/\"; {level}; cost 5ms on db }}"
        );
        let compiled = cachepolicy_compiler::compile_text("p.cachepolicy", &text);
        let policy = compiled.policy.unwrap();
        request_for_people(&explain_request(&policy, &request("/")), Terminal::PLAIN)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let says = |page: &str, words: &str| assert!(page.contains(words), "{words}: {page}");
    let page = lives(
        4,
        "store near ttl 5s, far; ttl 2m; stale-while-revalidate 30s; stale-if-error 1h; stampede coalesce",
    );
    says(
        &page,
        "while one request refreshes it; where a fill fails, for 1h after it was fresh",
    );
    says(&page, "in near for 5s at most");
    says(&page, "one fill in each of 4 processes, the others");
    let page = lives(4, "store edge, front; ttl 2m; stampede coalesce");
    says(
        &page,
        "one fill in each of 3 points of presence, the others",
    );
    let page = lives(4, "store front; ttl 2m; stampede coalesce");
    says(&page, "one fill, the others");
}

#[test]
fn a_write_that_changes_a_key() {
    let policy = news();
    let written = parse_write(&policy, "Article update slug=a\\:b:c").unwrap();
    insta::assert_snapshot!(removal_for_people(
        &explain_write(&policy, &written),
        Terminal::PLAIN
    ));
}

#[test]
fn a_write_of_which_only_an_author_is_known() {
    let policy = news();
    let written = parse_write(&policy, "Article create author=7").unwrap();
    insta::assert_snapshot!(removal_for_people(
        &explain_write(&policy, &written),
        Terminal::PLAIN
    ));
}

#[test]
fn writes_that_make_no_sense() {
    let policy = news();
    for (text, message) in [
        ("Article", "no write"),
        ("Articel update", "did you mean `Article`?"),
        ("Article upsert", "`upsert`"),
        ("Article update slug", "expected `FIELD=VALUE`"),
        ("Article update slgu=a", "did you mean `slug`?"),
        ("Article update slug.name=a", "no reference"),
        ("Article update author.nmae=a", "did you mean `name`?"),
    ] {
        let error = parse_write(&policy, text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn what_is_looked_up_twice_is_described_once() {
    let page = request_for_people(&explain_request(&news(), &request("/me")), Terminal::PLAIN);
    assert_eq!(page.matches("authors:top:v1").count(), 2, "{page}");
    assert_eq!(
        page.matches("authors:top:v1, as above").count(),
        1,
        "{page}"
    );
}
