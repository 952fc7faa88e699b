//! What a distinct key, a live copy and a longer trace cost in memory: `memory [POLICY…]` runs the
//! command line beside it on traces that it makes, and takes differences of peak resident sizes.
//! Without arguments, of every eviction policy.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::{self, Binary, Result};
use cachepolicy_core::policy::Evict;
use std::io::{self, BufWriter, Write};

/// Keys, and copies: just below a power of two, where tables are full, and just above one, where
/// they have grown.
const SIZES: [u64; 3] = [1_000_000, 2_000_000, 4_000_000];
const GROWN: [u64; 2] = [1_100_000, 4_400_000];

/// How the trace says its keys.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// libCacheSim's records: numbers.
    Numbers,
    /// CSV: texts of 17 bytes.
    Texts,
    /// Common Log Format: paths of 20 bytes.
    Requests,
}

/// A trace: every key once, in no order, and that several times over.
#[derive(Clone, Copy)]
struct Trace {
    form: Form,
    keys: u64,
    passes: u64,
}

impl Trace {
    fn write(self, to: impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, to);
        if self.form == Form::Texts {
            out.write_all(b"time,key\n")?;
        }
        for event in 0..self.keys * self.passes {
            // Odd multipliers map 64-bit numbers one to one.
            let key = (event % self.keys + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let second = event / 10_000;
            match self.form {
                Form::Numbers => {
                    out.write_all(&(second as u32).to_le_bytes())?;
                    out.write_all(&key.to_le_bytes())?;
                    out.write_all(&100_u32.to_le_bytes())?;
                    out.write_all(&(-1_i64).to_le_bytes())?;
                }
                Form::Texts => writeln!(out, "{second},k{key:016x}")?,
                Form::Requests => {
                    let (minutes, second) = (second / 60, second % 60);
                    let (hours, minutes) = (minutes / 60, minutes % 60);
                    writeln!(
                        out,
                        "- - - [10/Oct/2000:{hours:02}:{minutes:02}:{second:02} +0000] \"GET /p/{key:016x} HTTP/1.1\" 200 100"
                    )?;
                }
            }
        }
        out.flush()
    }
}

/// Bytes at the peak of a run.
fn peak(binary: &Binary, evict: &str, capacity: u64, trace: Trace) -> Result<u64> {
    let folder = std::env::temp_dir();
    let policy = folder.join(format!("memory-{}.cachepolicy", std::process::id()));
    let level = if trace.form == Form::Requests {
        "view page(key) { route GET \"/p/{key}\"; store copies; ttl forever }"
    } else {
        "object entry(key) { store copies; ttl forever }"
    };
    std::fs::write(
        &policy,
        format!(
            "policy memory {{ edition 1 }}\nbackend copies memory {{ capacity {capacity} entries; evict {evict} }}\n{level}\n"
        ),
    )?;
    let arguments = ["simulate", &policy.to_string_lossy(), "--trace", "-"];
    let arguments = [arguments.as_slice(), &["--format", "json"]].concat();
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let cost = binary.cost(&arguments, Some(&|out| trace.write(out)));
    std::fs::remove_file(policy)?;
    Ok(cost?.memory)
}

fn each(more: u64, less: u64, count: u64) -> f64 {
    (more as f64 - less as f64) / count as f64
}

/// One line of figures: of a key without a copy, of a copy, and how much longer traces add.
fn line(binary: &Binary, evict: &str, form: Form) -> Result<()> {
    let of = |keys, passes, capacity| peak(binary, evict, capacity, Trace { form, keys, passes });
    let few = 1_000;
    let keys = |sizes: &[u64]| -> Result<f64> {
        let (Some(&least), Some(&most)) = (sizes.first(), sizes.last()) else {
            return Ok(0.0);
        };
        Ok(each(of(most, 1, few)?, of(least, 1, few)?, most - least))
    };
    let copies = |sizes: &[u64]| -> Result<f64> {
        let (Some(&least), Some(&most)) = (sizes.first(), sizes.last()) else {
            return Ok(0.0);
        };
        Ok(each(of(most, 1, most)?, of(most, 1, least)?, most - least))
    };
    let (full, grown) = (keys(&SIZES)?, keys(&GROWN)?);
    let (copies_full, copies_grown) = (copies(&SIZES)?, copies(&GROWN)?);
    let (short, long) = (of(SIZES[0], 1, SIZES[0])?, of(SIZES[0], 4, SIZES[0])?);
    let form = match form {
        Form::Numbers => "numbers",
        Form::Texts => "texts",
        Form::Requests => "requests",
    };
    println!(
        "{evict:<14} {form:<9} {full:>8.1} {grown:>8.1} {copies_full:>8.1} {copies_grown:>8.1} {:>8.1} {:>8.1}",
        short as f64 / (1 << 20) as f64,
        long as f64 / (1 << 20) as f64
    );
    Ok(())
}

fn main() -> Result<()> {
    if process::measures()? {
        return Ok(());
    }
    let binary = Binary::find()?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("                         bytes a key       bytes a copy      MiB of 1,000,000 keys");
    println!("evict          keys          full    grown     full    grown     once  4 times");
    for (evict, _) in Evict::ALL {
        if wanted.is_empty() || wanted.iter().any(|name| name == evict) {
            line(&binary, evict, Form::Numbers)?;
        }
    }
    for form in [Form::Texts, Form::Requests] {
        if wanted.is_empty() || wanted.iter().any(|name| name == "lru") {
            line(&binary, "lru", form)?;
        }
    }
    Ok(())
}
