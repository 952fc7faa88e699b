//! The figures of a running cache, as recorders of metrics and of traces of the program get them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]
#![cfg(all(feature = "metrics", feature = "tracing"))]

use cachepolicy_runtime::{Cache, figures};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

const POLICY: &str = r#"
policy test { edition 1 }
backend near memory
object article(slug) { store near; ttl 1m; stampede coalesce }
"#;

fn cache() -> Cache {
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", POLICY);
    let messages = compiled.diagnostics;
    let policy = compiled.policy.unwrap_or_else(|| panic!("{messages:#?}"));
    Cache::builder(policy).build().unwrap()
}

async fn ask(cache: &Cache) {
    for slug in ["a", "b", "a"] {
        let key = cache.level("article").unwrap().of([slug]);
        let made = key.get_or_load(|| async { Ok::<_, Infallible>(Some(1)) });
        made.await.unwrap();
    }
}

#[tokio::test]
async fn figures_have_the_names_of_reports() {
    let cache = cache();
    ask(&cache).await;
    let text = cache.prometheus();
    for line in [
        "# TYPE cachepolicy_lookups_total counter",
        "cachepolicy_lookups_total{level=\"article\",outcome=\"fresh\"} 1",
        "cachepolicy_lookups_total{level=\"article\",outcome=\"miss\"} 2",
        "cachepolicy_fills_total{level=\"article\"} 2",
        "cachepolicy_stampede_peak{level=\"article\"} 1",
        "cachepolicy_entries{backend=\"near\"} 2",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn a_recorder_of_metrics_gets_the_same() {
    let cache = cache();
    ask(&cache).await;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || cache.publish());
    let found = snapshotter.snapshot().into_vec();
    let value = |name: &str, outcome: &str| {
        let found = found.iter().find(|(key, ..)| {
            let key = key.key();
            let has = |label: &metrics::Label| label.value() == outcome;
            key.name() == name && (outcome.is_empty() || key.labels().any(has))
        });
        found.map(|(.., value)| match value {
            DebugValue::Counter(count) => *count as f64,
            DebugValue::Gauge(value) => value.0,
            DebugValue::Histogram(_) => -1.0,
        })
    };
    assert_eq!(value(figures::LOOKUPS, "fresh"), Some(1.0));
    assert_eq!(value(figures::FILLS, ""), Some(2.0));
    assert_eq!(value(figures::ENTRIES, ""), Some(2.0));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn tracing_tells_level_outcome_and_reason() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let told = tracing::subscriber::set_default(subscriber);
    ask(&cache()).await;
    drop(told);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let miss = r#"cache_lookup{level="article" outcome="miss" reason="missing"}"#;
    assert!(text.contains(miss), "{text}");
    assert!(
        text.contains(r#"cache_lookup{level="article" outcome="fresh"}"#),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3);
}
