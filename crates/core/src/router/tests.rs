use super::*;
use crate::fixture::{contain, pattern, policy, routed};
use crate::level::Level;
use proptest::prelude::*;

fn view(route: &str) -> Level {
    routed(LevelKind::View, route, route)
}

fn found(router: &Router, policy: &Policy, method: &str, path: &str) -> Option<String> {
    let view = router.route(method, path).view?;
    Some(policy.levels[view.index()].name.clone())
}

#[test]
fn the_most_specific_view_answers() {
    let policy = policy(
        [
            "GET /**",
            "GET /{lang}/blog/{slug}",
            "GET /a/{x}",
            "GET /a/{n:int}",
            "GET /a/new",
            "POST /a/new",
            "GET /a/v{n:int}",
            "GET /a/",
            "GET /a",
            "GET /files/{path:**}",
            "HEAD /a",
            "GET /über",
        ]
        .map(view)
        .into(),
    );
    let router = Router::new(&policy);
    for (request, expected) in [
        ("GET /", "GET /**"),
        ("GET /de/blog/x", "GET /{lang}/blog/{slug}"),
        ("GET /de/blog", "GET /**"),
        ("GET /a/x", "GET /a/{x}"),
        ("GET /a/17", "GET /a/{n:int}"),
        ("GET /a/%317", "GET /a/{n:int}"),
        ("GET /a/new", "GET /a/new"),
        ("HEAD /a/new", "GET /a/new"),
        ("POST /a/new", "POST /a/new"),
        ("GET /a/v2", "GET /a/v{n:int}"),
        ("GET /a/v2b", "GET /a/{x}"),
        ("GET /a/", "GET /a/"),
        ("GET /a", "GET /a"),
        ("HEAD /a", "GET /a"),
        ("GET /a/b/c", "GET /**"),
        ("GET /files/", "GET /files/{path:**}"),
        ("GET /files/a/b", "GET /files/{path:**}"),
        ("GET /files", "GET /**"),
        ("GET /a%2Fx", "GET /**"),
        ("GET /%C3%BCber", "GET /über"),
        ("GET /%c3%bcber", "GET /über"),
        ("GET ", "GET /**"),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        assert_eq!(
            found(&router, &policy, method, path).as_deref(),
            Some(expected),
            "{request}"
        );
    }
    for request in ["POST /a", "OPTIONS *", "get /", "GET a"] {
        let (method, path) = request.split_once(' ').unwrap();
        assert_eq!(found(&router, &policy, method, path), None, "{request}");
    }
}

#[test]
fn captures_are_the_view_s_own() {
    let policy = policy(vec![
        view("GET /{lang}/p-{slug}.html"),
        view("GET /x/{p:**}"),
    ]);
    let router = Router::new(&policy);
    let routed = router.route("GET", "/de/p-a%20b.html");
    assert_eq!(routed.captures.get(0), Some("de"));
    assert_eq!(routed.captures.get(1), Some("a%20b"));
    assert_eq!(routed.captures.get(2), None);
    assert_eq!(router.route("GET", "/x/a/b").captures.get(0), Some("a/b"));
}

#[test]
fn sites_from_the_outermost_in() {
    let site = |name: &str, route: &str| routed(LevelKind::Site, name, route);
    let mut cdn = site("cdn", "GET /**");
    let mut proxy = site("proxy", "GET /api/**");
    cdn.contains = vec![contain(2)];
    proxy.contains = vec![contain(1)];
    let policy = policy(vec![
        view("GET /api/{x}"),
        site("app", "GET /**"),
        proxy,
        cdn,
        site("admin", "POST /admin/**"),
    ]);
    let router = Router::new(&policy);
    let ids = |method, path| -> Vec<u16> {
        let routed = router.route(method, path);
        routed.sites().iter().map(|id| id.0).collect()
    };
    assert_eq!(ids("GET", "/api/1"), [3, 2, 1]);
    // The proxy does not answer: what it contains is inside the cdn all the same.
    assert_eq!(ids("HEAD", "/x"), [3, 1]);
    assert_eq!(ids("POST", "/admin"), [4]);
    assert_eq!(ids("POST", "/x"), [] as [u16; 0]);
    let routed = router.route("GET", "/api/1");
    assert_eq!(routed.outermost(), Some(LevelId(3)));
    assert_eq!(routed.inside(LevelId(3)), Some(LevelId(2)));
    assert_eq!(routed.inside(LevelId(1)), Some(LevelId(0)));
    assert_eq!(routed.inside(LevelId(0)), None);
    assert_eq!(router.route("GET", "/x").inside(LevelId(1)), None);
}

fn any_pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a1]{0,1}",
        "[a1]{0,1}\\{H\\}[a1]{0,1}",
        "[a1]{0,1}\\{H:int\\}"
    ];
    (
        prop::collection::vec(piece, 1..3),
        prop_oneof![Just(""), Just("/**"), Just("/{R:**}")],
    )
        .prop_map(|(pieces, end)| {
            let mut text = String::new();
            for (index, piece) in pieces.iter().enumerate() {
                text.push('/');
                text.push_str(&piece.replace('H', &format!("h{index}")));
            }
            text + end
        })
}

proptest! {
    /// Against the definition: of the views that match, the first in order of precedence.
    #[test]
    fn finds_what_a_search_through_all_finds(
        patterns in prop::collection::vec(any_pattern(), 1..12),
        path in "(/(a|1|%31|a1|1a|aa|11|a11|)){0,4}",
    ) {
        let policy = policy(patterns.iter().map(|text| view(&format!("GET {text}"))).collect());
        let router = Router::new(&policy);
        let expected = patterns
            .iter()
            .map(|text| pattern(text))
            .filter(|pattern| pattern.is_match(&path))
            .min_by(Pattern::cmp_precedence);
        let found = router.route("GET", &path).view;
        let found = found.map(|id| policy.levels[id.index()].route.clone().unwrap().pattern);
        prop_assert_eq!(
            found.as_ref().map(|pattern| expected.as_ref().unwrap().cmp_precedence(pattern)),
            expected.as_ref().map(|_| core::cmp::Ordering::Equal)
        );
    }
}
