//! `drift`.

use crate::run::run;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

const TRACE: [&str; 4] = [
    "--trace",
    concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/kv/multi1.trace.gz"
    ),
    "--trace-format",
    "keys",
];

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/kv.cachepolicy");

/// What a service would count that does what was simulated, but for so many hits that were misses.
fn metrics(lost: u64) -> (String, String) {
    let simulate: Vec<&str> = [&["simulate", POLICY, "--format", "json"], &TRACE[..]].concat();
    let report = run(&simulate).fine().json();
    let levels = report["levels"].as_object().unwrap();
    let (name, level) = levels.iter().next().unwrap();
    let count = |figure: &str| level[figure].as_u64().unwrap();
    let mut text = String::from("# what other programs say\nup{job=\"x\"} 1\n");
    for (outcome, count) in [
        ("fresh", count("fresh") - lost),
        ("stale", count("stale")),
        ("negative", count("negative")),
        ("miss", count("miss") + lost),
        ("bypass", count("bypass")),
    ] {
        text += &format!(
            "cachepolicy_lookups_total{{level=\"{name}\",outcome=\"{outcome}\"}} {count}\n"
        );
    }
    let fills = count("fills") + lost;
    text += &format!("cachepolicy_fills_total{{level=\"{name}\"}} {fills}\n");
    (name.clone(), text)
}

fn drift(metrics: &str, more: &[&str]) -> crate::run::Run {
    let fixed: &[&str] = &["drift", POLICY, "--metrics", metrics];
    run(&[fixed, &TRACE[..], more].concat())
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_was_simulated_is_no_drift() {
    let folder = tempfile::tempdir().unwrap();
    let (level, text) = metrics(0);
    let now = file(folder.path(), "now.txt", &text);
    let said = drift(&now, &[]).ended(0);
    assert!(
        said.flowing()
            .contains("The level does what was predicted."),
        "{}",
        said.stdout
    );
    let json = drift(&now, &["--format", "json"]).ended(0).json();
    assert_eq!(json["differs"], Value::Bool(false));
    assert_eq!(
        json["levels"][&level]["hit_ratio"]["differs"],
        Value::Bool(false)
    );
}

#[test]
fn what_differs_is_said_and_ends_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let (level, text) = metrics(2_000);
    let now = file(folder.path(), "now.txt", &text);
    let said = drift(&now, &[]).ended(1);
    let flowing = said.flowing();
    assert!(
        flowing.contains("copies leave earlier than the policy says"),
        "{flowing}"
    );
    let json = drift(&now, &["--format", "json"]).ended(1).json();
    assert_eq!(json["levels"][&level]["findings"][0], "fewer-hits");
    // All of it was counted before the trace began.
    drift(&now, &["--since", &now]).ended(1);
}

#[test]
fn figures_are_asked_for_over_http() {
    let (_, text) = metrics(0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 1024];
        let count = stream.read(&mut asked).unwrap();
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
        )
        .unwrap();
        String::from_utf8_lossy(&asked[..count]).into_owned()
    });
    drift(&url, &[]).ended(0);
    assert!(server.join().unwrap().starts_with("GET /metrics HTTP/1.1"));
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let other = file(folder.path(), "other.txt", "up 1\n");
    drift(&other, &[])
        .ended(2)
        .says("has no figures of a cache");
    drift("nowhere.txt", &[]).ended(2).says("nowhere.txt");
    drift("https://127.0.0.1/metrics", &[])
        .ended(2)
        .says("`https` is not spoken");
    drift("http://127.0.0.1:1/metrics", &[])
        .ended(2)
        .says("cannot read");
    let broken = file(folder.path(), "broken.txt", "\ncachepolicy_fills_total{\n");
    drift(&broken, &[]).ended(2).says("line 2");
    run(&["drift", POLICY, "--metrics", &other])
        .ended(2)
        .says("--trace FILE");
}
