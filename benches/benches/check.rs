//! Compiling and analysing policies of many levels: `cargo bench -p cachepolicy-benches --bench check`.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark")]

use cachepolicy_analysis::lints;
use cachepolicy_compiler::{Compiled, Options, compile};
use cachepolicy_core::graph::Graph;
use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write;
use std::hint::black_box;

/// Levels of one file; larger policies import more of them.
const FILE: usize = 1_000;

const HEAD: &str = r#"policy large { edition 1; processes 4 }
model Row { id; slug; title; owner -> Owner }
model Owner { id; name }
request {
  user.id personal
  cookie currency in [EUR, USD] else EUR
}
origin  db           { slots 20; replica-lag 50ms max 200ms }
backend shared redis { capacity 1GiB }
bus     outbox       { delivery at-least-once; delay 300ms max 2s }
"#;

/// Chains of ten objects, each under a view, with edges, tags and what there is to find.
fn levels(from: usize, to: usize) -> String {
    let mut text = String::new();
    for index in from..to {
        let inner = match index % 10 {
            0 => String::new(),
            _ => format!("; contains part{}(id)", index - 1),
        };
        let _ = writeln!(
            text,
            "object part{index}(id) {{ store shared; reads Row(id).title, Owner.name; ttl 5m; cost 5ms on db; tags \"t{index}:{{id}}\"{inner} }}\n\
             view page{index}(id) {{ route GET \"/p{index}/{{id}}\"; store shared; ttl 5m; contains part{index}(id); vary currency }}\n\
             on Row create|update|delete via outbox {{ purge part{index}(id); purge tag \"t{index}:{{id}}\" cascade }}"
        );
    }
    text
}

/// A policy of so many levels.
fn policy(count: usize) -> Compiled {
    let pairs = count / 2;
    let mut text = HEAD.to_owned();
    for file in (0..pairs).step_by(FILE) {
        let _ = writeln!(text, "import \"{file}.cachepolicy\"");
    }
    let mut loader = move |path: &str, _: &str| {
        let from: usize = path
            .strip_suffix(".cachepolicy")
            .and_then(|number| number.parse().ok())
            .ok_or("there is no such file")?;
        Ok(levels(from, (from + FILE).min(pairs)))
    };
    compile("large.cachepolicy", &text, &mut loader, &Options::default())
}

fn benchmark(criterion: &mut Criterion) {
    let news = include_str!("../../policies/news.cachepolicy");
    criterion.bench_function("check news", |bencher| {
        bencher.iter(|| black_box(cachepolicy_compiler::compile_text("news", news)));
    });
    let mut group = criterion.benchmark_group("levels");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        let compiled = policy(count).policy.expect("a policy");
        group.bench_function(format!("analyse {count}"), |bencher| {
            bencher.iter(|| {
                let graph = Graph::new(&compiled);
                black_box(lints::findings(&compiled, &graph))
            });
        });
        group.bench_function(format!("check {count}"), |bencher| {
            bencher.iter(|| black_box(policy(count)));
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
