//! How much faster several runs are on two cores than on one: whole processes of the release
//! binary, in turn with one thread and with two, medians. For a machine that does nothing else:
//! `cargo build --release && cargo run --release -p cachepolicy-benches --bin parallel [-- --rounds 5]`
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::{self, Binary, Cost, Result, median};
use cachepolicy_benches::traffic;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};

const NEWS: &str = include_str!("../../../policies/news.cachepolicy");
const SITE: &str = include_str!("../../../policies/anonymous-site.cachepolicy");
const KEY_VALUE: &str = include_str!("../../../policies/kv.cachepolicy");

/// What is measured: its name and the arguments.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
}

fn main() -> Result<()> {
    if process::measures()? {
        return Ok(());
    }
    let binary = Binary::find()?;
    let rounds = process::option("--rounds", 5)?;
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| -> io::Result<String> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let news = write("news.cachepolicy", NEWS)?;
    let site = write("site.cachepolicy", SITE)?;
    let key_value = write("kv.cachepolicy", KEY_VALUE)?;
    // Files: whoever wrote to a pipe meanwhile would need a processor too.
    let requests = folder.path().join("requests.jsonl");
    let mut out = BufWriter::new(File::create(&requests)?);
    let mut lines = traffic::Lines::new(&mut out);
    for index in 0..1_000_000_u64 {
        let page = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
        lines.request(&format!("/articles/{page}"))?;
    }
    out.flush()?;
    let requests = requests.display();
    let accesses = folder.path().join("accesses.oracleGeneral.bin");
    let mut out = BufWriter::new(File::create(&accesses)?);
    traffic::accesses(&mut out, 2_000_000, 100_000)?;
    out.flush()?;
    let accesses = accesses.display();
    let words = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
    let cases = [
        Case {
            name: "simulate --seeds 8, a workload",
            arguments: words(&format!(
                "simulate|{news}|--set|weekday.duration=20m|--seeds|8"
            )),
        },
        Case {
            name: "compare of four, a workload",
            arguments: words(&format!(
                "compare|{news}|--with|homepage.ttl=5m|--with|article.ttl=1m|--with|shared.capacity=1MiB"
            )),
        },
        Case {
            name: "simulate --seeds 8, requests",
            arguments: words(&format!("simulate|{site}|--trace|{requests}|--seeds|8")),
        },
        Case {
            name: "compare of four, requests",
            arguments: words(&format!(
                "compare|{site}|--trace|{requests}|--with|public.ttl=1m|--with|public.ttl=1h|--with|pages.evict=sieve"
            )),
        },
        Case {
            name: "compare of four, key-value",
            arguments: words(&format!(
                "compare|{key_value}|--trace|{accesses}|--with|cache.evict=sieve|--with|cache.evict=s3fifo|--with|cache.evict=arc"
            )),
        },
    ];
    println!(
        "{:<34}{:>10}{:>11}{:>8}{:>12}",
        "", "1 thread", "2 threads", "faster", "more CPU"
    );
    for case in cases {
        measure(&binary, &case, rounds)?;
    }
    Ok(())
}

fn measure(binary: &Binary, case: &Case, rounds: u64) -> Result<()> {
    let mut costs: [Vec<Cost>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds.max(1) {
        for (threads, costs) in ["1", "2"].into_iter().zip(&mut costs) {
            let how = ["--format", "json", "--threads", threads].map(str::to_owned);
            let arguments = [&case.arguments[..], &how].concat();
            costs.push(binary.cost(&arguments, None)?);
        }
    }
    let [one, two] = costs.map(|costs| {
        let wall = median(costs.iter().map(|cost| cost.wall).collect());
        let cpu = median(costs.iter().map(|cost| cost.cpu).collect());
        let seconds = |time: Option<std::time::Duration>| time.unwrap_or_default().as_secs_f64();
        (seconds(wall), seconds(cpu))
    });
    println!(
        "{:<34}{:>8.2} s{:>9.2} s{:>7.2}×{:>10.1} %",
        case.name,
        one.0,
        two.0,
        one.0 / two.0,
        100.0 * (two.1 / one.1 - 1.0)
    );
    Ok(())
}
