//! The same bytes of reports, artefacts and traces natively and in WebAssembly, run by Node.js: a
//! playground in the browser says what the command line says.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]
#![expect(clippy::panic, reason = "tests fail by panicking")]

use cachepolicy_core::policy::Evict;
use cachepolicy_tests::guest;
use cachepolicy_wasm_guest::replay::{Case, Make, run};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Events of a case, about.
const EVENTS: u64 = 4_000;

/// A case, and the trace that it is about.
struct Replayed {
    name: String,
    case: Case,
    trace: Option<PathBuf>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "{folder}");
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// All policies that the repository has and that compile, by name and text.
fn policies() -> Vec<(String, String)> {
    let folders = ["policies", "tests/data/policies", "tests/data/diagnostics"];
    let paths = folders.map(|folder| files(folder, ".cachepolicy"));
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        (
            path.strip_prefix(root()).unwrap().display().to_string(),
            text,
        )
    };
    let all = paths.iter().flatten().map(read);
    all.filter(|(_, text)| compiled(text).is_some()).collect()
}

fn compiled(text: &str) -> Option<cachepolicy_core::Policy> {
    cachepolicy_compiler::compile_text("policy", text).policy
}

fn case(policy: &str, make: Make) -> Case {
    Case {
        make,
        policy: policy.to_owned(),
        overrides: Vec::new(),
        workload: None,
        format: None,
        log_format: None,
        seed: 0,
        events: EVENTS,
    }
}

/// Each policy's artefact, and its workloads: reports of some seeds, their mean, and the trace.
fn of_workloads(cases: &mut Vec<Replayed>) {
    let mut add = |name: &str, case: Case| {
        cases.push(Replayed {
            name: format!("{name}: {:?}, seed {}", case.make, case.seed),
            case,
            trace: None,
        });
    };
    for (name, text) in policies() {
        add(&name, case(&text, Make::Artefact));
        for (number, workload) in (0..).zip(&compiled(&text).unwrap().workloads) {
            let name = format!("{name}, workload {}", workload.name);
            let of = |make, seed| Case {
                workload: Some(number),
                seed,
                ..case(&text, make)
            };
            for seed in [0, 1, u64::MAX] {
                add(&name, of(Make::Report, seed));
            }
            add(&name, of(Make::Mean(3), 7));
            for format in ["jsonl", "cptrace"] {
                add(&name, of(Make::Trace(format.to_owned()), 2));
            }
        }
    }
}

/// The format of a trace that could be of several.
fn format(path: &Path) -> Option<String> {
    name(path).contains(".trace.").then(|| "keys".to_owned())
}

/// The layout of a log that must be said.
fn layout(path: &Path) -> Option<String> {
    let layout = match name(path).as_str() {
        "nginx_custom.log.gz" => {
            r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time "$upstream_response_time" $upstream_cache_status "$http_accept_language" "$cookie_currency" $msec"#
        }
        "nginx_escape_none.log.gz" => {
            "$msec $scheme://$host$request_uri $request_method $status [$http_user_agent] $upstream_cache_status"
        }
        _ => return None,
    };
    Some(layout.to_owned())
}

fn key_value_traces() -> Vec<PathBuf> {
    let mut paths = files("tests/data/kv", "z");
    paths.extend(files("tests/data/kv", ".zst"));
    paths.extend(files("tests/data/traces", ".gz"));
    paths.sort();
    paths.dedup();
    paths
}

/// Every trace with every policy that it fits, as compact trace, and with every eviction policy.
fn of_traces(cases: &mut Vec<Replayed>) {
    let mut add = |path: &Path, what: &str, case: Case| {
        cases.push(Replayed {
            name: format!("{} through {what}: {:?}", name(path), case.make),
            case,
            trace: Some(path.to_path_buf()),
        });
    };
    let policies = policies();
    let any = &policies.first().unwrap().1;
    let logs = files("tests/data/http", ".gz");
    let is_routed = |text: &str| {
        let levels = compiled(text).unwrap().levels;
        levels.iter().any(|level| level.route.is_some())
    };
    for path in &logs {
        for (name, text) in &policies {
            if !name.contains("diagnostics") && is_routed(text) {
                let replayed = Case {
                    log_format: layout(path),
                    ..case(text, Make::Report)
                };
                add(path, name, replayed);
            }
        }
    }
    let traces = key_value_traces();
    for path in &traces {
        for policy in ["policies/kv", "tests/data/policies/kv_trace"] {
            let text =
                std::fs::read_to_string(root().join(format!("{policy}.cachepolicy"))).unwrap();
            for (word, _) in Evict::ALL {
                let evict = Case {
                    overrides: vec![
                        format!("cache.evict={word}"),
                        "cache.capacity=300 entries".to_owned(),
                    ],
                    format: format(path),
                    ..case(&text, Make::Report)
                };
                add(path, &format!("{policy} with {word}"), evict);
            }
        }
    }
    for path in logs.iter().chain(&traces) {
        for make in ["cptrace", "csv"] {
            let converted = Case {
                format: format(path),
                log_format: layout(path),
                ..case(any, Make::Trace(make.to_owned()))
            };
            add(path, "nothing", converted);
        }
    }
}

/// Runs the cases in WebAssembly; the process writes what comes of them into the file.
fn start_node(cases: &[Replayed], number: usize) -> (Child, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let line = |Replayed { case, trace, .. }: &Replayed| {
        let trace = trace.as_deref().unwrap_or(Path::new(""));
        format!(
            "{}\t{}\n",
            trace.display(),
            serde_json::to_string(case).unwrap()
        )
    };
    let lines: String = cases.iter().map(line).collect();
    let written = folder.join(format!("cases-{number}.jsonl"));
    std::fs::write(&written, lines).unwrap();
    let outcomes = folder.join(format!("outcomes-{number}"));
    let node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node/replay.mjs"))
        .args([&guest::module(folder), &written, &outcomes])
        .stderr(Stdio::piped())
        .spawn();
    let node = node.unwrap_or_else(|error| {
        panic!(
            "Node.js cannot be run ({error}). Install it: `apt-get install nodejs` on Debian and Ubuntu, `brew install node` on macOS"
        )
    });
    (node, outcomes)
}

fn outcomes(node: Child, path: &Path) -> Vec<Vec<u8>> {
    let ended = node.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "Node.js failed:\n{said}");
    let bytes = std::fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut outcomes = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let (outcome, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        outcomes.push(outcome.to_vec());
        rest = behind;
    }
    outcomes
}

/// Where two texts begin to differ.
fn difference(native: &[u8], guest: &[u8]) -> String {
    let [native, guest] = [native, guest].map(String::from_utf8_lossy);
    let mut lines = native.lines().zip(guest.lines()).enumerate();
    match lines.find(|(_, (native, guest))| native != guest) {
        Some((line, (native, guest))) => {
            let cut = |line: &str| line.chars().take(200).collect::<String>();
            format!(
                "line {}:\n  natively {}\n  in wasm  {}",
                line + 1,
                cut(native),
                cut(guest)
            )
        }
        None => format!("{} bytes natively, {} in wasm", native.len(), guest.len()),
    }
}

fn compare(cases: &[Replayed], number: usize) {
    let (node, path) = start_node(cases, number);
    let traces = |path: &Option<PathBuf>| path.as_ref().map(|path| std::fs::read(path).unwrap());
    let native: Vec<_> = cases
        .iter()
        .map(|replayed| run(&replayed.case, &traces(&replayed.trace).unwrap_or_default()))
        .collect();
    let guest = outcomes(node, &path);
    assert_eq!(guest.len(), cases.len());
    let mut made = 0;
    let mut different = Vec::new();
    for ((replayed, native), guest) in cases.iter().zip(&native).zip(&guest) {
        made += usize::from(!native.starts_with(b"error: "));
        if native != guest {
            different.push(format!(
                "{}\n  {}",
                replayed.name,
                difference(native, guest)
            ));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} cases differ:\n{}",
        different.len(),
        cases.len(),
        different.join("\n")
    );
    // Some policies and traces do not go together: both must say so.
    assert!(
        made * 10 >= cases.len() * 9,
        "only {made} of {} cases made anything",
        cases.len()
    );
}

#[test]
fn workloads_are_the_same_in_wasm() {
    let mut cases = Vec::new();
    of_workloads(&mut cases);
    compare(&cases, 0);
}

#[test]
fn traces_are_the_same_in_wasm() {
    let mut cases = Vec::new();
    of_traces(&mut cases);
    compare(&cases, 1);
}
