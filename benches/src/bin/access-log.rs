//! Writes a synthetic access log in Combined Log Format to standard output, for benchmarks:
//! `access-log LINES [SEED]`. Popularity is Zipf with exponent 1 over 200,000 paths, a fifth of
//! the requests have a query, 1 in 100 is a 404; 200 requests a second.
#![expect(clippy::print_stderr, reason = "a command-line tool")]

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::io::{self, BufWriter, Write};

const PATHS: usize = 200_000;
const PER_SECOND: u64 = 200;
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
];

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(lines) = arguments.next().and_then(|text| text.parse::<u64>().ok()) else {
        eprintln!("usage: access-log LINES [SEED]");
        std::process::exit(2);
    };
    let seed = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut cumulative: Vec<f64> = Vec::with_capacity(PATHS);
    let mut total = 0.0;
    for rank in 1..=PATHS {
        total += 1.0 / rank as f64;
        cumulative.push(total);
    }
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for line in 0..lines {
        let target = random.random::<f64>() * total;
        let path = cumulative.partition_point(|&sum| sum < target);
        write_line(&mut out, &mut random, line / PER_SECOND, path)?;
    }
    out.flush()
}

fn write_line(
    out: &mut impl Write,
    random: &mut impl Rng,
    seconds: u64,
    path: usize,
) -> io::Result<()> {
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let day = 1 + seconds / 86_400 % 28;
    let address = random.random::<u32>().to_be_bytes();
    write!(
        out,
        "{}.{}.{}.{} - - ",
        address[0], address[1], address[2], address[3]
    )?;
    write!(
        out,
        "[{day:02}/Jun/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET /articles/{path}/a-headline-of-some-length"
    )?;
    if random.random_range(0..5) == 0 {
        write!(
            out,
            "?page={}&utm_source=feed{}",
            path % 7,
            random.random_range(0..100)
        )?;
    }
    let status = if path % 100 == 99 { 404 } else { 200 };
    let agent = AGENTS[random.random_range(0..AGENTS.len())];
    writeln!(
        out,
        " HTTP/1.1\" {status} {} \"https://www.example.org/\" \"{agent}\"",
        2_000 + path % 50_000
    )
}
