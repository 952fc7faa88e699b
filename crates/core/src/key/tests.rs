use super::*;
use crate::fixture::{dimension, level, policy, routed};
use crate::policy::IgnoreQuery;
use proptest::prelude::*;

#[derive(Default)]
struct Given<'a> {
    params: Vec<Option<&'a str>>,
    url: Url<'a>,
}

impl Values for Given<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        self.params.get(usize::from(index)).copied().flatten()
    }
    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        self.param(dimension.0)
    }
    fn url(&self) -> Url<'_> {
        self.url
    }
}

fn text(text: &str) -> KeyPart {
    KeyPart::Text(text.into())
}

fn param(index: u16) -> KeyPart {
    KeyPart::Value(ValueSource::Param(index))
}

fn build(parts: &[KeyPart], params: &[Option<&str>]) -> String {
    let mut out = String::new();
    let given = Given {
        params: params.to_vec(),
        url: Url::default(),
    };
    key(parts, &given, &QueryFilter::default(), &mut out);
    out
}

#[test]
fn values_are_escaped() {
    let parts = [text("article:"), param(0), text(":v2")];
    assert_eq!(
        build(&parts, &[Some("my-slug_1.0~")]),
        "article:my-slug_1.0~:v2"
    );
    assert_eq!(
        build(&parts, &[Some("a:b c/é")]),
        "article:a%3Ab%20c%2F%C3%A9:v2"
    );
    assert_eq!(build(&parts, &[Some("")]), "article::v2");
    assert_eq!(build(&parts, &[None]), "article:%:v2");
    assert_eq!(build(&parts, &[Some("%")]), "article:%25:v2");
    // The text behind a value has no character of its own: its `-` is escaped before it, not behind.
    let parts = [param(0), text("-"), param(1)];
    assert_eq!(build(&parts, &[Some("a-b"), Some("c-d")]), "a%2Db-c-d");
    let parts = [param(0), text("0x"), param(1)];
    assert_eq!(build(&parts, &[Some("x0"), Some("1")]), "%7800x1");
}

#[test]
fn neighbours_do_not_run_together() {
    let parts = [text("k:"), param(0), text(":"), param(1)];
    assert_ne!(
        build(&parts, &[Some("ab"), Some("c")]),
        build(&parts, &[Some("a"), Some("bc")])
    );
    assert_ne!(
        build(&parts, &[Some("a:b"), Some("c")]),
        build(&parts, &[Some("a"), Some("b:c")])
    );
    assert_ne!(
        build(&parts, &[None, Some("c")]),
        build(&parts, &[Some(""), Some("c")])
    );
}

#[test]
fn ambiguous_templates_are_found() {
    let at = |value, next| Some(Ambiguity { value, next });
    assert_eq!(ambiguity(&[text("a"), param(0), param(1)]), at(1, 2));
    assert_eq!(ambiguity(&[param(0), text(""), param(1)]), at(0, 2));
    assert_eq!(ambiguity(&[param(0), text("7A%"), param(1)]), at(0, 2));
    assert_eq!(ambiguity(&[param(0), text("7:"), param(1)]), None);
    assert_eq!(ambiguity(&[param(0), text("7"), text("g"), param(1)]), None);
    assert_eq!(ambiguity(&[param(0), text("é"), param(1)]), None);
    assert_eq!(ambiguity(&[KeyPart::Url, text(":"), param(1)]), at(0, 2));
    assert_eq!(ambiguity(&[KeyPart::Url, text("#"), param(1)]), None);
    assert_eq!(ambiguity(&[param(0), KeyPart::Url]), at(0, 1));
    assert_eq!(ambiguity(&[text("a"), param(0), text("7")]), None);
    assert_eq!(ambiguity(&[]), None);
    let vary = [DimensionId(0), DimensionId(1)];
    for has_route in [false, true] {
        let made = default_key(LevelKind::View, "v", has_route, 2, &vary);
        assert_eq!(ambiguity(&made.parts), None);
    }
}

#[test]
fn default_keys() {
    let params = [Some("a"), Some("b")];
    let vary = [DimensionId(1)];
    let own = default_key(LevelKind::Object, "price", false, 1, &vary);
    assert_eq!(build(&own.parts, &params), "object:price:a:b");
    let own = default_key(LevelKind::View, "page", true, 1, &vary);
    assert_eq!(build(&own.parts, &params), "view:page:/#b");
    let own = default_key(LevelKind::Object, "top", false, 0, &[]);
    assert_eq!(build(&own.parts, &params), "object:top");
}

fn url(host: &str, target: &str, ignored: &[&str]) -> String {
    let (path, query) = crate::url::split_target(target);
    let patterns: Vec<String> = ignored.iter().map(|&p| p.into()).collect();
    let mut out = String::new();
    push_url(
        Url { host, path, query },
        &QueryFilter::dropping(&patterns),
        &mut out,
    );
    out
}

#[test]
fn urls_are_normalised() {
    for (target, expected) in [
        ("", "h/"),
        ("/a%2fb%7ec", "h/a%2Fb~c"),
        ("/a b\"é|", "h/a%20b%22%C3%A9%7C"),
        ("/?", "h/"),
        ("/?b=2&a=1&&b=1", "h/?a=1&b=2&b=1"),
        ("/?a=%c3%a9&%61=x", "h/?a=%C3%A9&a=x"),
        ("/?utm_source=x&a", "h/?a"),
        (
            "/?%75tm_source=x&utm=1&fbclid=3&fbclid2",
            "h/?fbclid2&utm=1",
        ),
        ("/?z&a=b=c&y=/?", "h/?a=b=c&y=/?&z"),
        ("/?b=1&a%26=2&a", "h/?a&a%26=2&b=1"),
    ] {
        assert_eq!(url("H", target, &["utm_*", "fbclid"]), expected, "{target}");
    }
    assert_eq!(url("[::1]:80", "/", &[]), "[::1]:80/");
    assert_eq!(url("a/b#", "/c", &[]), "a%2Fb%23/c");
}

#[test]
fn everything_ignored_keeps_the_declared_parameters() {
    let mut policy = policy(Vec::new());
    policy.ignore_query = IgnoreQuery::Everything;
    policy.dimensions = vec![dimension("units", Carrier::Query("units".into()))];
    let filter = QueryFilter::new(&policy);
    assert!(filter.keeps("units") && filter.keeps("%75nits"));
    assert!(!filter.keeps("other"));
}

#[test]
fn what_a_key_leaves_out() {
    let mut page = routed(LevelKind::View, "page", "GET /{slug}");
    page.params = vec!["slug".into()];
    page.vary = vec![DimensionId(0), DimensionId(1), DimensionId(3)];
    page.key.parts = vec![text("page:"), KeyPart::Url];
    let mut policy = policy(vec![page.clone(), level(LevelKind::Object, "o")]);
    policy.ignore_query = IgnoreQuery::Matching(vec!["utm_*".into()]);
    policy.dimensions = vec![
        dimension("lang", Carrier::Header("accept-language".into())),
        dimension("page", Carrier::Query("page".into())),
        dimension("user.id", Carrier::User("id".into())),
        dimension("user.role", Carrier::User("role".into())),
        dimension("utm_x", Carrier::Query("utm_x".into())),
    ];
    policy.dimensions[3].by = Some(DimensionId(2));
    let missing = |page: &Level| uncovered(&policy, page);
    let dim = |id| ValueSource::Dimension(DimensionId(id));
    assert_eq!(missing(&page), [dim(0), dim(3)]);
    page.key.parts.extend([text("#"), KeyPart::Value(dim(2))]);
    assert_eq!(missing(&page), [dim(0)]);
    page.key.parts = vec![
        text("page:"),
        KeyPart::Value(dim(0)),
        text("."),
        KeyPart::Value(dim(3)),
    ];
    assert_eq!(missing(&page), [ValueSource::Param(0), dim(1)]);
    page.key.parts = vec![KeyPart::Url];
    page.vary = vec![DimensionId(4)];
    assert_eq!(missing(&page), [dim(4)]);
}

#[test]
fn full_keys_have_the_versions_in_front() {
    let mut backend = crate::fixture::backend("b");
    let build = |backend: &Backend| {
        let mut out = String::new();
        full_key(backend, 7, "object:x", &mut out);
        out
    };
    assert_eq!(build(&backend), "1.7:object:x");
    backend.prefix = Some("site".into());
    assert_eq!(build(&backend), "site:1.7:object:x");
}

/// Reads the values back from a key, as the module's documentation says they can be.
fn parse(parts: &[KeyPart], key: &str) -> Vec<Option<String>> {
    let mut rest = key;
    let mut values = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        match part {
            KeyPart::Text(text) => rest = rest.strip_prefix(text.as_str()).unwrap(),
            KeyPart::Url => unreachable!(),
            KeyPart::Value(_) => {
                let texts: String = parts[index + 1..]
                    .iter()
                    .map_while(|part| match part {
                        KeyPart::Text(text) => Some(text.as_str()),
                        _ => None,
                    })
                    .collect();
                let is_mark = |c: char| match separator_behind(parts, index) {
                    Some(Separator::Escaped(byte)) => c == byte as char,
                    _ => !c.is_ascii() || (c != '%' && !is_unreserved(c as u8)),
                };
                let length = match texts.find(is_mark) {
                    Some(offset) => rest.find(is_mark).unwrap() - offset,
                    None => rest.len() - texts.len(),
                };
                let (encoded, behind) = rest.split_at(length);
                values.push((encoded != "%").then(|| crate::url::decode(encoded).into_owned()));
                rest = behind;
            }
        }
    }
    assert_eq!(rest, "");
    values
}

fn any_parts() -> impl Strategy<Value = Vec<KeyPart>> {
    prop::collection::vec(
        prop_oneof!["[a:7A%~é-]{0,3}".prop_map(KeyPart::Text), Just(param(0))],
        0..7,
    )
    .prop_map(|mut parts| {
        let mut next = 0;
        for part in &mut parts {
            if let KeyPart::Value(_) = part {
                *part = param(next);
                next += 1;
            }
        }
        parts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Every key can be read back unless `ambiguity` says otherwise: different values, different keys.
    #[test]
    fn keys_can_be_read_back(
        parts in any_parts(),
        values in prop::collection::vec(prop::option::of("[a:7A%~é-]{0,4}|\\PC{0,4}"), 7),
    ) {
        if ambiguity(&parts).is_none() {
            let given: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
            let key = build(&parts, &given);
            let count = parts.iter().filter(|part| matches!(part, KeyPart::Value(_))).count();
            prop_assert_eq!(&parse(&parts, &key)[..], &values[..count]);
        }
    }

    /// Where `ambiguity` says so, there are two lists of values with one key.
    #[test]
    fn ambiguity_is_real(left in "[7A%]{0,3}") {
        let parts = [param(0), text(&left), param(1)];
        prop_assert!(ambiguity(&parts).is_some());
        // `z` and `z7`, `z7z` and nothing, both around a `7`.
        if !left.contains('%') {
            prop_assert_eq!(
                build(&parts, &[Some("z"), Some(&format!("z{left}"))]),
                build(&parts, &[Some(&format!("z{left}z")), Some("")])
            );
        }
    }

    #[test]
    fn normalised_urls_are_stable_and_never_hold_a_separator(
        host in "[a-zA-Z.:]{0,6}",
        target in "/[a-c/%4fF1 #|é]{0,8}(\\?[ab=&%c3+|]{0,12})?",
    ) {
        let once = url(&host, &target, &[]);
        let has_separator = once.contains(['#', '|', ' ', '"', '<', '{']);
        prop_assert!(!has_separator);
        let slash = once.find('/').unwrap();
        prop_assert_eq!(&url(&once[..slash], &once[slash..], &[]), &once);
    }

    #[test]
    fn the_order_of_different_parameters_does_not_matter(
        values in prop::collection::vec(("[a-d]{1,2}", "[a-z]{0,2}"), 0..6),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut seen = std::collections::BTreeMap::new();
        for (name, value) in values {
            seen.entry(name).or_insert(value);
        }
        let params: Vec<String> = seen.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let mut turned = params.clone();
        if !turned.is_empty() {
            turned.rotate_left(seed.index(params.len()));
        }
        prop_assert_eq!(
            url("h", &format!("/?{}", params.join("&")), &[]),
            url("h", &format!("/?{}", turned.join("&")), &[])
        );
    }
}
