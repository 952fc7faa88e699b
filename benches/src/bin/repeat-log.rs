//! Repeats an access log, its dates moved on, for benchmarks with a real log's lines:
//! `zcat access.log.gz | repeat-log TIMES > long.log`. Lines without a date are left out.
#![expect(clippy::print_stderr, reason = "a command-line tool")]

use std::io::{self, BufWriter, Read, Write};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Days since 1 March of the year 0 (Gregorian), as usual: years begin in March, so that the leap
/// day is the last.
fn day_number(day: i64, month: i64, year: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let days_before_month = (153 * ((month + 9) % 12) + 2) / 5;
    365 * year + year / 4 - year / 100 + year / 400 + days_before_month + day - 1
}

/// The inverse of [`day_number`].
fn date(number: i64) -> (i64, usize, i64) {
    let mut year = number / 366;
    while day_number(1, 3, year + 1) <= number {
        year += 1;
    }
    let of_year = number - day_number(1, 3, year);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    (
        day,
        ((month + 2) % 12) as usize,
        if month >= 10 { year + 1 } else { year },
    )
}

/// What stands before the date, its day's number, and what stands behind it.
fn split(line: &str) -> Option<(&str, i64, &str)> {
    let (before, rest) = line.split_once('[')?;
    let (date, behind) = (rest.get(..11)?, rest.get(11..)?);
    let (day, month, year) = (date.get(..2)?, date.get(3..6)?, date.get(7..)?);
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    Some((
        before,
        day_number(day.parse().ok()?, month, year.parse().ok()?),
        behind,
    ))
}

fn main() -> io::Result<()> {
    let Some(times) = std::env::args()
        .nth(1)
        .and_then(|text| text.parse::<i64>().ok())
    else {
        eprintln!("usage: repeat-log TIMES < access.log");
        std::process::exit(2);
    };
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().filter_map(split).collect();
    let first = lines.iter().map(|(_, day, _)| *day).min().unwrap_or(0);
    let last = lines.iter().map(|(_, day, _)| *day).max().unwrap_or(0);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for round in 0..times {
        for (before, day, behind) in &lines {
            let (day, month, year) = date(day + round * (last - first + 1));
            writeln!(out, "{before}[{day:02}/{}/{year:04}{behind}", MONTHS[month])?;
        }
    }
    out.flush()
}
