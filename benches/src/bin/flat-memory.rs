//! Ten times as many requests for the same keys take the same memory:
//! `cargo build --release && cargo run --release -p cachepolicy-benches --bin flat-memory [-- --requests 10000000]`
//! replays so many, and ten times as many, and prints the most memory that each had.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::{self, Binary, Input, Result};
use cachepolicy_benches::traffic;
use std::fs;
use std::io::Write;

const KEY_VALUE: &str = include_str!("../../../policies/kv.cachepolicy");

/// A site whose writes reach all that they should, so that nothing stays out of date for ever.
const SITE: &str = r#"policy site { edition 1; processes 2 }
model   Article { id; title }
origin  db { slots 20 }
backend shared redis { capacity 100_000 entries }
backend hot memory { capacity 1_000 entries }
object article(id) { store shared; reads Article(id); ttl 10m; stampede lease 1s; cost 5ms on db }
view page(id) { route GET "/a/{id}"; store hot ttl 5s, shared; contains article(id); ttl 1m; cost 1ms }
on Article update { purge article(id); purge page(id) }
workload busy {
  duration 1h
  requests 1000/s poisson { GET "/a/{id}" id zipf(1.0, 10_000) }
  write Article update 1/s id zipf(1.0, 10_000)
}
"#;

/// More than this is growth, and not chance.
const GROWTH: f64 = 1.1;

fn main() -> Result<()> {
    if process::measures()? {
        return Ok(());
    }
    let binary = Binary::find()?;
    let requests = process::option("--requests", 10_000_000)?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (key_value, site) = (path("kv.cachepolicy"), path("site.cachepolicy"));
    fs::write(&key_value, KEY_VALUE)?;
    fs::write(&site, SITE)?;
    println!("{:<24}{:>14}{:>14}{:>8}", "", "requests", "10×", "ratio");
    let mut grows = false;
    let of_keys = |requests: u64| {
        let input = move |out: &mut dyn Write| traffic::accesses(out, requests, 100_000);
        let format = ["--trace", "-", "--trace-format", "oracle-general"];
        most(
            &binary,
            &[&["simulate", &key_value][..], &format].concat(),
            Some(&input),
        )
    };
    grows |= print(
        "key-value accesses",
        of_keys(requests)?,
        of_keys(10 * requests)?,
    );
    let of_site = |requests: u64| {
        // A thousand a second; a tenth of the accesses, which are cheaper.
        let length = format!("busy.duration={}s", (requests / 10_000).max(1));
        most(&binary, &["simulate", &site, "--set", &length], None)
    };
    grows |= print(
        "a site and its writes",
        of_site(requests)?,
        of_site(10 * requests)?,
    );
    if grows {
        return Err("memory grows with the length of the trace".into());
    }
    Ok(())
}

fn most(binary: &Binary, arguments: &[&str], input: Option<Input<'_>>) -> Result<u64> {
    let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    Ok(binary.cost(&arguments, input)?.memory)
}

/// Did it grow?
fn print(name: &str, less: u64, more: u64) -> bool {
    let ratio = more as f64 / less as f64;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{name:<24}{:>10.1} MiB{:>10.1} MiB{ratio:>8.2}",
        mebibytes(less),
        mebibytes(more)
    );
    ratio > GROWTH
}
