//! What reading traces costs without replaying them: `reading TRACE…`. On a machine that has nothing
//! else to do: it is the time on the wall.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use cachepolicy_benches::process::Result;
use cachepolicy_trace::{Block, BlockSource as _, ReadOptions, open_blocks};
use std::fs::File;
use std::time::Instant;

/// Reads a trace to its end: its lines, events, and how many different keys and targets it has.
fn read(name: &str) -> Result<[u64; 4]> {
    let options = ReadOptions::default();
    let mut source = open_blocks(Box::new(File::open(name)?), name, &options)?;
    let (mut block, mut distinct) = (Block::default(), [0; 2]);
    while source.next_block(&mut block)? {
        distinct[0] += block.news.keys.len() as u64;
        distinct[1] += block.news.targets.len() as u64;
    }
    let stats = source.stats();
    Ok([stats.lines, stats.events, distinct[0], distinct[1]])
}

fn main() -> Result<()> {
    println!("seconds  million/s       lines      events      keys   targets  trace");
    for name in std::env::args().skip(1) {
        let began = Instant::now();
        let [lines, events, keys, targets] = read(&name)?;
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{seconds:>7.3} {:>10.2} {lines:>11} {events:>11} {keys:>9} {targets:>9}  {name}",
            lines as f64 / seconds / 1e6
        );
    }
    Ok(())
}
