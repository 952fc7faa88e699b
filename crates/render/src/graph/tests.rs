use super::*;

/// Levels that share parts, a tag that two bear, a site around all.
const POLICY: &str = r#"
policy blog { edition 1 }
model Post   { id; slug; author -> Author }
model Author { id; name }
backend shared redis { }
bus queue { delivery at-least-once; delay 50ms }
object post(slug)   { store shared; reads Post(slug); ttl 10m; tags "post:{slug}" }
fragment card(slug) { store shared; contains post(slug); ttl 5m; tags "post:{slug}" }
view page(slug)     { route GET "/{slug}"; store shared; contains card(slug), post(slug); ttl 1m; fence }
view index          { route GET "/"; store shared; data slugs max 9; contains card(each slugs); reads Author.name; ttl 1m }
site all            { route GET "/**"; store shared; ttl 30s }
on Post update|delete after commit via queue { purge tag "post:{slug}"; expire page(*) }
on Author update { purge index }
"#;

fn policy() -> Policy {
    let compiled = cachepolicy_compiler::compile_text("blog.cachepolicy", POLICY);
    compiled
        .policy
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn shown(format: Format) -> String {
    format.render(&policy(), Terminal::PLAIN).unwrap()
}

#[test]
fn as_a_tree() {
    insta::assert_snapshot!(shown(Format::Human));
}

#[test]
fn as_dot() {
    insta::assert_snapshot!(shown(Format::Dot));
}

#[test]
fn as_mermaid() {
    insta::assert_snapshot!(shown(Format::Mermaid));
}

#[test]
fn in_a_drawing_columns_run_from_coarse_to_fine_and_nothing_overlaps() {
    let policy = policy();
    let whole = PolicyGraph::of(&policy);
    let graph = Graph::of(&policy, &whole, &Soundness::of(&policy));
    let layout = layout::layout(&graph, |_| (120.0, 60.0), 150.0);
    for edge in &graph.edges {
        let (from, to) = (layout.nodes[edge.from], layout.nodes[edge.to]);
        match edge.relation {
            Relation::Contains | Relation::Reads => assert!(from.x + from.width < to.x),
            Relation::Invalidates => assert!(to.x + to.width < from.x),
        }
    }
    for (index, a) in layout.nodes.iter().enumerate() {
        assert!(a.x >= 0.0 && a.y >= 0.0);
        assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height);
        for b in &layout.nodes[index + 1..] {
            let apart = a.x + a.width <= b.x
                || b.x + b.width <= a.x
                || a.y + a.height <= b.y
                || b.y + b.height <= a.y;
            assert!(apart, "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_drawing_is_well_formed() {
    let svg = shown(Format::Svg);
    assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    assert!(
        svg.contains("page invalidates") || svg.contains("Post invalidates page"),
        "{svg}"
    );
}

#[test]
fn invalidations_say_whether_they_are_sound_and_not_by_colour_alone() {
    let json = shown(Format::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let edges = json["edges"].as_array().unwrap();
    let of = |from: &str, to: &str| {
        let mut ours = edges
            .iter()
            .filter(|edge| edge["relation"] == "invalidates");
        let found = ours.find(|edge| edge["from"] == from && edge["to"] == to);
        found.unwrap()["soundness"].clone()
    };
    assert_eq!(of("Post", "post")["verdict"], "unsound");
    let misses = of("Author", "index")["misses"].clone();
    assert_eq!(
        misses,
        serde_json::json!(["no fence", "not on create|delete"])
    );
    let nodes = json["nodes"].as_array().unwrap();
    let post = nodes.iter().find(|node| node["name"] == "post").unwrap();
    assert_eq!(post["bounds"][0]["by"], "time");
    let sound = POLICY.replace(
        "tags \"post:{slug}\" }\nfragment",
        "tags \"post:{slug}\"; fence }\nfragment",
    );
    let sound = sound.replace("update|delete after", "create|update|delete after");
    let policy = cachepolicy_compiler::compile_text("blog.cachepolicy", &sound)
        .policy
        .unwrap();
    let shown = |format: Format| format.render(&policy, Terminal::PLAIN).unwrap();
    assert!(shown(Format::Human).contains("✓ within 50ms: post"));
    assert!(shown(Format::Mermaid).contains("✓ within 50ms\"| n2"));
    assert!(shown(Format::Dot).contains("✓ within 50ms\" color=darkgreen"));
    let svg = shown(Format::Svg);
    assert!(
        svg.contains("class=\"mark sound\"") && svg.contains("✗ "),
        "{svg}"
    );
}

#[test]
fn a_policy_without_levels_draws_nothing() {
    let compiled = cachepolicy_compiler::compile_text("a", "policy a { edition 1 }\n");
    let policy = compiled.policy.unwrap();
    for format in [
        Format::Human,
        Format::Dot,
        Format::Mermaid,
        Format::Json,
        Format::Svg,
    ] {
        format.render(&policy, Terminal::PLAIN).unwrap();
    }
}

#[test]
fn on_a_page_it_is_as_wide_as_its_place_and_runs_down_from_coarse_to_fine() {
    let policy = policy();
    let whole = PolicyGraph::of(&policy);
    let graph = Graph::of(&policy, &whole, &Soundness::of(&policy));
    for width in [320.0, 420.0, 700.0, 1400.0] {
        let placed = page::place(&graph, width);
        assert!(placed.width <= width, "{} of {width}", placed.width);
        for (index, a) in placed.nodes.iter().enumerate() {
            assert!(a.x >= 0.0 && a.y >= 0.0);
            assert!(a.x + a.width <= placed.width && a.y + a.height <= placed.height);
            for b in &placed.nodes[index + 1..] {
                let beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                assert!(beside || a.y + a.height <= b.y || b.y + b.height <= a.y);
            }
        }
        for (edge, line) in graph.edges.iter().zip(&placed.lines) {
            let (from, to) = (placed.nodes[edge.from], placed.nodes[edge.to]);
            let within = |y: f64, node: layout::Rectangle| y >= node.y && y <= node.y + node.height;
            match *line {
                beside::Line::Around {
                    side,
                    from: leaves,
                    lane,
                    to: arrives,
                } => {
                    assert_eq!(edge.relation, Relation::Contains);
                    assert!(from.y + from.height < to.y && 0.0 < lane && lane < side);
                    assert!(within(leaves, from) && within(arrives, to));
                }
                beside::Line::Across {
                    from: (left, leaves),
                    to: (right, arrives),
                    ..
                } => {
                    let (level, model) = match edge.relation {
                        Relation::Invalidates => (to, from),
                        _ => (from, to),
                    };
                    assert!(left < right);
                    assert!(within(leaves, level) && within(arrives, model));
                }
            }
        }
    }
}
