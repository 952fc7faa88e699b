use super::*;
use crate::fixture::pattern;
use core::cmp::Ordering;
use proptest::prelude::*;

#[test]
fn trailing_slashes_and_rests() {
    for (text, matching, other) in [
        ("/", &["/", ""][..], &["//", "/a", "*", "a"][..]),
        ("/a", &["/a", "/%61"], &["/a/", "/", "/A", "a"]),
        ("/a/", &["/a/"], &["/a", "/a//", "/a/b"]),
        ("/{x}", &["/a", "/%2F", "/a%2Fb"], &["/", "/a/", "/a/b"]),
        (
            "/{n:int}",
            &["/0", "/007", "/%31"],
            &["/", "/-1", "/1a", "/%C2%B2"],
        ),
        (
            "/a/**",
            &["/a", "/a/", "/a/b/c", "/a//"],
            &["/", "/ab", "/b/a"],
        ),
        ("/a/{p:**}", &["/a/", "/a/b/c"], &["/a", "/ab"]),
        ("/**", &["/", "", "/a/b"], &["a", "*"]),
        ("/{p:**}", &["/", "/a/b"], &["*"]),
        ("/*/x", &["/a/x"], &["//x", "/a/b/x"]),
        (
            "/p-{x}.html",
            &["/p-1.html", "/p%2D1%2ehtml"],
            &["/p-.html", "/p-1.htm"],
        ),
        ("/a{x}a", &["/aba"], &["/a", "/aa"]),
    ] {
        for path in matching {
            assert!(pattern(text).is_match(path), "{text} should match {path}");
        }
        for path in other {
            assert!(
                !pattern(text).is_match(path),
                "{text} should not match {path}"
            );
        }
    }
}

#[test]
fn captures_are_raw_pieces_of_the_path() {
    let mut captures = Captures::new();
    assert!(pattern("/{a}/x%C3%A4{b}y/{c:**}").matches("/%41/x%c3%a4%25y/d/%2F", &mut captures));
    assert_eq!(captures.get(0), Some("%41"));
    assert_eq!(captures.get(1), Some("%25"));
    assert_eq!(captures.get(2), Some("d/%2F"));
}

#[test]
fn relations_by_example() {
    for (one, other) in [
        ("/1{x}", "/{n:int}"),
        ("/{n:int}.html", "/1.h{x}"),
        ("/a/**", "/{x}"),
        ("/ab{x}", "/a{y}b"),
    ] {
        assert!(pattern(one).overlaps(&pattern(other)), "{one} {other}");
    }
    for (one, other) in [
        ("/a/{p:**}", "/{x}"),
        ("/a{x}", "/{n:int}"),
        ("/{x}a", "/{y}b"),
        ("/a", "/a/"),
        ("/1{x}", "/2{n:int}"),
    ] {
        assert!(!pattern(one).overlaps(&pattern(other)), "{one} {other}");
    }
    let route = |methods: &[&str], text: &str| Route {
        methods: methods.iter().map(|&m| m.into()).collect(),
        pattern: pattern(text),
    };
    assert!(route(&["GET"], "/{x}").overlaps(&route(&["HEAD"], "/a")));
    assert!(!route(&["GET"], "/{x}").overlaps(&route(&["POST"], "/a")));
    assert!(route(&["GET"], "/{x}").shadows(&route(&["HEAD", "GET"], "/a")));
    assert!(!route(&["HEAD"], "/{x}").shadows(&route(&["GET"], "/a")));
}

fn any_segment() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a1]{0,2}",
        3 => "[a1]{0,2}\\{H\\}[a1]{0,2}",
        2 => "[a1]{0,2}\\{H:int\\}[a1]{0,2}",
    ]
}

fn any_pattern() -> impl Strategy<Value = String> {
    (
        prop::collection::vec(any_segment(), 1..3),
        prop_oneof![2 => Just(""), 1 => Just("/**"), 1 => Just("/{r:**}")],
    )
        .prop_map(|(segments, end)| {
            let mut text = String::new();
            for (index, segment) in segments.iter().enumerate() {
                text.push('/');
                text.push_str(&segment.replace('H', &format!("h{index}")));
            }
            text + end
        })
}

/// All texts over two letters and two digits that are long enough to tell the patterns above apart.
fn all_texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut begin = 0;
    for _ in 0..5 {
        let end = texts.len();
        for index in begin..end {
            for letter in ["a", "b", "1", "2"] {
                texts.push(format!("{}{letter}", texts[index]));
            }
        }
        begin = end;
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Segment relations against their definition.
    #[test]
    fn segments_relate_as_their_texts_do(one in any_segment(), other in any_segment()) {
        let (one, other) = (pattern(&format!("/{one}")), pattern(&format!("/{other}")));
        let (mut overlap, mut shadow) = (false, true);
        for text in all_texts() {
            let path = format!("/{text}");
            let (a, b) = (one.is_match(&path), other.is_match(&path));
            overlap |= a && b;
            shadow &= a || !b;
        }
        prop_assert_eq!(one.overlaps(&other), overlap);
        prop_assert_eq!(other.overlaps(&one), overlap);
        prop_assert_eq!(one.shadows(&other), shadow);
    }

    /// Pattern relations against what a sample of paths says.
    #[test]
    fn patterns_relate_as_their_paths_do(
        one in any_pattern(),
        other in any_pattern(),
        paths in prop::collection::vec("(/([a1]{0,3})){1,4}", 64),
    ) {
        let (one, other) = (pattern(&one), pattern(&other));
        for path in &paths {
            let (a, b) = (one.is_match(path), other.is_match(path));
            prop_assert!(!(a && b) || one.overlaps(&other), "{path}");
            prop_assert!(!b || a || !one.shadows(&other), "{path}");
        }
        prop_assert!(one.shadows(&one) && one.overlaps(&one));
        prop_assert!(!one.shadows(&other) || one.overlaps(&other));
    }

    #[test]
    fn what_is_shadowed_comes_first(one in any_pattern(), other in any_pattern()) {
        let (one, other) = (pattern(&one), pattern(&other));
        prop_assert_eq!(one.cmp_precedence(&other), other.cmp_precedence(&one).reverse());
        if one.shadows(&other) && !other.shadows(&one) {
            prop_assert_eq!(other.cmp_precedence(&one), Ordering::Less);
        }
        if one.cmp_precedence(&other) == Ordering::Equal {
            prop_assert!(one.shadows(&other) && other.shadows(&one));
        }
    }

    #[test]
    fn the_order_is_transitive(texts in prop::array::uniform3(any_pattern())) {
        let mut patterns = texts.map(|text| pattern(&text));
        patterns.sort_by(Pattern::cmp_precedence);
        prop_assert_ne!(patterns[0].cmp_precedence(&patterns[2]), Ordering::Greater);
    }

    /// Route and captures together say which path it was, up to escapes.
    #[test]
    fn captures_determine_the_path(text in any_pattern(), path in "(/([a1]{0,3})){1,4}") {
        let pattern = pattern(&text);
        let mut captures = Captures::new();
        if !text.contains("/**") && pattern.matches(&path, &mut captures) {
            let mut rebuilt = String::new();
            for segment in &pattern.segments {
                rebuilt.push('/');
                match segment {
                    Segment::Text(text) => rebuilt.push_str(text),
                    Segment::Hole { before, param, behind, .. } => {
                        let value = captures.get(param.unwrap()).unwrap();
                        rebuilt.push_str(&format!("{before}{value}{behind}"));
                    }
                    Segment::Rest { param } => {
                        rebuilt.push_str(captures.get(param.unwrap()).unwrap());
                    }
                }
            }
            prop_assert_eq!(rebuilt, path);
        }
    }

    #[test]
    fn any_path_is_safe(text in any_pattern(), path in "\\PC{0,24}|[/%a1]{0,24}") {
        let _ = pattern(&text).is_match(&path);
    }
}
