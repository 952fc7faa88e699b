//! Ten times as much of something costs ten times as much, and no more: whole processes of the
//! release binary, their processor time at one size and at ten times that.
//! `cargo build --release && cargo run --release -p cachepolicy-benches --bin linear`
//!
//! `-- --scale 10` takes tenths of the sizes, `--instructions` counts instructions with valgrind,
//! for machines that are busy with other things (some fifty times slower: scale 100), `--only WORD`
//! takes the cases with that word in their names.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::{self, Binary, Result, median};
use cachepolicy_benches::traffic::{self, Lines};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};

/// Writes a trace of that size.
type WriteTrace = fn(&mut dyn Write, u64) -> io::Result<()>;

/// Caches of the processor hold less of what is ten times as large: up to this ratio of times that
/// explains it. Instructions know no caches.
const TIMES: f64 = 16.0;
const INSTRUCTIONS: f64 = 11.5;

/// Something that grows.
struct Case {
    name: &'static str,
    /// The size; the other one is ten times it.
    size: u64,
    /// The policy of a size.
    policy: fn(u64) -> String,
    /// The trace of a size; none: the policy is only checked.
    trace: Option<WriteTrace>,
    /// Of the trace.
    format: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "accesses of 10,000 keys",
        size: 1_000_000,
        policy: |_| key_value(1_000),
        trace: Some(|out, size| traffic::accesses(out, size, 10_000)),
        format: "oracle-general",
    },
    Case {
        name: "keys, five accesses each",
        size: 200_000,
        policy: |size| key_value(size / 10),
        trace: Some(|out, size| traffic::accesses(out, 5 * size, size)),
        format: "oracle-general",
    },
    Case {
        name: "levels of a policy, checked",
        size: 150,
        policy: many_levels,
        trace: None,
        format: "",
    },
    Case {
        name: "levels of a policy, replayed",
        size: 150,
        policy: many_levels,
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            // A write fires the edges of all levels: as many writes for any number of them.
            (0..100 * size).try_for_each(|n| match n % (5 * size) {
                0 => lines.update(n),
                _ => lines.request(&format!("/l{}/{}", n % size, n / size)),
            })
        }),
        format: "jsonl",
    },
    Case {
        name: "levels in a page",
        size: 30,
        policy: one_page,
        trace: Some(|out, _| {
            let mut lines = Lines::new(out);
            (0..2_000).try_for_each(|n| lines.request(&format!("/p/{n}")))
        }),
        format: "jsonl",
    },
    Case {
        name: "levels one in the other",
        size: 30,
        policy: nested,
        trace: Some(|out, _| {
            let mut lines = Lines::new(out);
            (0..2_000).try_for_each(|n| lines.request(&format!("/p/{n}")))
        }),
        format: "jsonl",
    },
    Case {
        name: "edges, as many writes",
        size: 50,
        policy: many_edges,
        trace: Some(|out, _| {
            let mut lines = Lines::new(out);
            (0..20_000).try_for_each(|n| match n % 4 {
                0 => lines.request(&format!("/p/{}", n % 1_000)),
                _ => lines.update(n % 1_000),
            })
        }),
        format: "jsonl",
    },
    Case {
        name: "copies purged by one *",
        size: 100_000,
        policy: |_| purging("thing(*)", ""),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            fill(&mut lines, size)?;
            lines.update(0)?;
            fill(&mut lines, size)
        }),
        format: "jsonl",
    },
    Case {
        name: "purges by *, one copy each",
        size: 20_000,
        policy: |_| purging("thing(*)", ""),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            fill(&mut lines, size)?;
            purge(&mut lines, size)
        }),
        format: "jsonl",
    },
    Case {
        name: "purges by *, dead copies",
        size: 5_000,
        policy: |_| purging("thing(*)", ""),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            fill(&mut lines, size)?;
            lines.pause(100_000);
            (0..size).try_for_each(|n| lines.update(n))
        }),
        format: "jsonl",
    },
    Case {
        name: "purges by one parameter",
        size: 5_000,
        policy: |_| purging("listing(id, *)", ""),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            (0..size).try_for_each(|n| lines.request(&format!("/l/{n}/1")))?;
            (0..size).try_for_each(|n| {
                lines.update(n)?;
                lines.request(&format!("/l/{n}/2"))
            })
        }),
        format: "jsonl",
    },
    Case {
        name: "purges that cascade",
        size: 5_000,
        policy: |_| purging("thing(id)", " cascade"),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            fill(&mut lines, size)?;
            purge(&mut lines, size)
        }),
        format: "jsonl",
    },
    Case {
        name: "purges of a tag",
        size: 5_000,
        policy: |_| purging("tag \"thing:{id}\"", ""),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            fill(&mut lines, size)?;
            purge(&mut lines, size)
        }),
        format: "jsonl",
    },
    Case {
        name: "versions of one key",
        size: 5_000,
        policy: |_| purging("thing(id)", "").replace("purge thing", "bump thing"),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            (0..size).try_for_each(|_| {
                lines.request("/t/1")?;
                lines.update(1)
            })
        }),
        format: "jsonl",
    },
    Case {
        name: "writes that a page misses",
        size: 5_000,
        policy: |_| purging("thing(none)", "").replace("none", "title"),
        trace: Some(|out, size| {
            let mut lines = Lines::new(out);
            (0..size).try_for_each(|n| {
                lines.request("/home")?;
                lines.update(n % 10)
            })
        }),
        format: "jsonl",
    },
];

fn key_value(entries: u64) -> String {
    format!(
        "policy kv {{ edition 1 }}
         backend cache memory {{ capacity {entries} entries; evict lru }}
         object entry(key) {{ store cache; ttl 1h; size from trace else 1KiB }}"
    )
}

/// A site of objects and views, each with a route and an edge of its own.
fn many_levels(size: u64) -> String {
    let mut text = head("");
    for n in 0..size {
        let _ = write!(
            text,
            "object o{n}(id) {{ store shared; reads Row(id); ttl 1m; cost 1ms on db }}
             view v{n}(id) {{ route GET \"/l{n}/{{id}}\"; store shared; contains o{n}(id); ttl 10s; cost 1ms }}
             on Row update {{ purge o{n}(id) }}\n"
        );
    }
    text
}

/// One view of many objects.
fn one_page(size: u64) -> String {
    let mut text = head("");
    let mut contained = Vec::new();
    for n in 0..size {
        let _ = writeln!(
            text,
            "object o{n}(id) {{ store shared; reads Row(id); ttl 1m; cost 1ms on db }}"
        );
        contained.push(format!("o{n}(id)"));
    }
    let contained = contained.join(", ");
    let _ = writeln!(
        text,
        "view page(id) {{ route GET \"/p/{{id}}\"; contains {contained}; cost 1ms }}"
    );
    text
}

/// Each level contains the one before it.
fn nested(size: u64) -> String {
    let mut text = head("");
    let mut inner = String::new();
    for n in 0..size {
        let _ = writeln!(
            text,
            "fragment f{n}(id) {{ store shared; {inner}; ttl 1m; cost 1ms }}"
        );
        inner = format!("contains f{n}(id)");
    }
    let _ = writeln!(
        text,
        "view page(id) {{ route GET \"/p/{{id}}\"; {inner}; cost 1ms }}"
    );
    text.replace("; ;", ";")
}

/// Many edges to one level.
fn many_edges(size: u64) -> String {
    let mut text = head("");
    text.push_str(
        "object thing(id) { store shared; reads Row(id); ttl 1h; cost 1ms on db }
         view page(id) { route GET \"/p/{id}\"; contains thing(id); cost 1ms }\n",
    );
    for _ in 0..size {
        text.push_str("on Row update { purge thing(id) }\n");
    }
    text
}

/// Pages of things, and listings, with one edge.
fn purging(target: &str, cascade: &str) -> String {
    let mut text = head("title");
    let _ = write!(
        text,
        "object thing(id) {{ store shared; reads Row(id); ttl 10h; cost 1ms on db; tags \"thing:{{id}}\" }}
         view page(id) {{ route GET \"/t/{{id}}\"; store shared; contains thing(id); ttl 10h; cost 1ms }}
         view listing(id, nth) {{ route GET \"/l/{{id}}/{{nth}}\"; store shared; reads Row(id); ttl 10h; cost 1ms }}
         view home {{ route GET \"/home\"; store shared; reads Row.id, Row.title; ttl 100h; cost 1ms }}
         on Row update {{ purge {target}{cascade} }}\n"
    );
    text
}

fn head(field: &str) -> String {
    format!(
        "policy site {{ edition 1 }}
         model   Row {{ id; {field} }}
         origin  db {{ slots 1000 }}
         backend shared redis {{ capacity 10_000_000 entries }}\n"
    )
    .replace("; }", " }")
}

fn fill(lines: &mut Lines<'_, dyn Write + '_>, size: u64) -> io::Result<()> {
    (0..size).try_for_each(|n| lines.request(&format!("/t/{n}")))
}

/// A purge and one copy more, again and again.
fn purge(lines: &mut Lines<'_, dyn Write + '_>, size: u64) -> io::Result<()> {
    (0..size).try_for_each(|n| {
        lines.update(n)?;
        lines.request(&format!("/t/{n}"))
    })
}

fn main() -> Result<()> {
    if process::measures()? {
        return Ok(());
    }
    let binary = Binary::find()?;
    let (scale, rounds) = (
        process::option("--scale", 1)?,
        process::option("--rounds", 3)?,
    );
    let instructions = process::switch("--instructions");
    let only = std::env::args().skip_while(|it| it != "--only").nth(1);
    let limit = if instructions { INSTRUCTIONS } else { TIMES };
    println!(
        "{:<30}{:>10}{:>12}{:>12}{:>8}",
        "", "size", "cost", "of 10×", "ratio"
    );
    let mut failed = false;
    for case in CASES {
        if only
            .as_deref()
            .is_some_and(|word| !case.name.contains(word))
        {
            continue;
        }
        // Levels are few: a tenth of them would measure the process's beginning.
        let size = if case.size < 1_000 {
            case.size
        } else {
            (case.size / scale.max(1)).max(100)
        };
        let [less, more] =
            [size, 10 * size].map(|size| cost(&binary, case, size, rounds, instructions));
        let (less, more) = (less?, more?);
        let ratio = more / less;
        let mark = if ratio > limit {
            "  more than linear"
        } else {
            ""
        };
        failed |= ratio > limit;
        println!(
            "{:<30}{size:>10}{less:>12.3}{more:>12.3}{ratio:>8.1}{mark}",
            case.name
        );
    }
    if failed {
        return Err("something grows faster than what it is about".into());
    }
    Ok(())
}

/// Seconds of processor time, or millions of instructions.
fn cost(binary: &Binary, case: &Case, size: u64, rounds: u64, instructions: bool) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("p.cachepolicy");
    fs::write(&path, (case.policy)(size))?;
    let policy = path.display().to_string();
    let Some(trace) = case.trace else {
        let arguments = ["check", &policy].map(str::to_owned);
        return measured(binary, &arguments, None, rounds, instructions);
    };
    let arguments = [
        "simulate",
        &policy,
        "--trace",
        "-",
        "--trace-format",
        case.format,
    ];
    let arguments = arguments.map(str::to_owned);
    let input = |out: &mut dyn Write| trace(out, size);
    measured(binary, &arguments, Some(&input), rounds, instructions)
}

fn measured(
    binary: &Binary,
    arguments: &[String],
    input: Option<process::Input<'_>>,
    rounds: u64,
    instructions: bool,
) -> Result<f64> {
    if instructions {
        return Ok(binary.instructions(arguments, input)? as f64 / 1e6);
    }
    let costs = (0..rounds.max(1)).map(|_| Ok(binary.cost(arguments, input)?.cpu));
    let costs = costs.collect::<Result<Vec<_>>>()?;
    Ok(median(costs).unwrap_or_default().as_secs_f64())
}
