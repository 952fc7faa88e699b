//! Reading and replaying an access log, in memory: `cargo bench -p cachepolicy-benches`.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark"
)]

use cachepolicy_core::Policy;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::{Event, Needs, ReadOptions, Source, open};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::path::Path;

fn file(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn policy() -> Policy {
    let text = String::from_utf8(file("policies/anonymous-site.cachepolicy")).expect("text");
    cachepolicy_compiler::compile_text("anonymous-site", &text)
        .policy
        .expect("a policy")
}

fn source<'a>(log: &'a [u8], policy: &Policy) -> Box<dyn Source + 'a> {
    let options = ReadOptions {
        needs: Needs::of(policy),
        ..ReadOptions::default()
    };
    open(Box::new(log), "log", &options).expect("a log")
}

fn benchmark(criterion: &mut Criterion) {
    let policy = policy();
    let log = file("tests/data/http/elastic_apache_logs.gz");
    let mut group = criterion.benchmark_group("elastic_apache_logs");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let mut source = source(&log, &policy);
            let mut event = Event::default();
            let mut events = 0_u64;
            while source.next(&mut event).expect("a readable log") {
                events += 1;
            }
            black_box(events)
        });
    });
    group.bench_function("read and replay", |bencher| {
        bencher.iter(|| {
            let mut source = source(&log, &policy);
            let mut simulation = Simulation::new(&policy, Options::default()).expect("a policy");
            let mut event = Event::default();
            while source.next(&mut event).expect("a readable log") {
                simulation.push(&event).expect("an event");
            }
            black_box(simulation.finish())
        });
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
