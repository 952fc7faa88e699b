//! The graph of whole policies: nodes, and what leads from one to another.

#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking"
)]

use cachepolicy_compiler::compile_text;
use cachepolicy_compiler::graph::PolicyGraph;
use std::fmt::Write;

fn drawn(graph: &PolicyGraph) -> String {
    let mut out = String::new();
    for node in graph.graph.node_weights() {
        let _ = writeln!(out, "{} {} {}", node.kind.word(), node.name, node.detail);
    }
    for edge in graph.graph.edge_indices() {
        let (from, to) = graph.graph.edge_endpoints(edge).unwrap();
        let link = graph.graph.edge_weight(edge).unwrap();
        let (from, to) = (&graph.graph[from].name, &graph.graph[to].name);
        let _ = writeln!(out, "{from} --{}--> {to}  {}", link.word(), link.label());
    }
    out.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn graphs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/policies");
    for name in ["news", "shop", "wagtail", "public_api", "next_isr"] {
        let text = std::fs::read_to_string(format!("{folder}/{name}.cachepolicy")).unwrap();
        let compiled = compile_text(name, &text);
        insta::assert_snapshot!(name, drawn(&compiled.graph));
    }
}

/// Of a policy with errors, what is known.
#[test]
fn a_policy_with_errors_has_a_graph() {
    let text = "policy p { edition 1 }\nbackend shared redis { }\nobject a { store shared; ttl 5m }\nobject b { store shard; contains a; ttl 5m }\n";
    let compiled = compile_text("p", text);
    assert!(compiled.policy.is_none());
    insta::assert_snapshot!("with_errors", drawn(&compiled.graph));
}
