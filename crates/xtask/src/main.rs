//! Tasks of this repository: `cargo xtask help`.

mod docs;
mod functions;
mod fuzz;
mod http_tests;
mod order;
mod predict;
mod python;
mod same;
mod test;
mod toolchain;
mod web;

use anyhow::{Result, bail};
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask TASK

  test    everything that a change must pass: rustfmt, clippy, all tests
  docs    write docs/reference anew from the compiler's tables
  fuzz    [SECONDS] [TARGET…]: libFuzzer on each target, ten minutes if left out
  http-tests PATH [TEST]
          the public suite for HTTP caches, cloned at PATH, before the proxy, nginx and Varnish;
          writes docs/http-tests.md
  predict [SECONDS]
          the example news site under its workload, over a real Redis, beside what was predicted of it
  web     the page of the playground, into web/dist, where the command line finds it when it is built
  engine  what the page's sources import: web/src/engine/pkg
  npm     the package for Node and bundlers, into target/npm
  python  the package for Python, as a wheel, into target/wheels
  python test
          its tests, with each Django that there is a Python for
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["test"] => test::run(root()),
        ["docs"] => docs::run(root()),
        ["fuzz", ..] => fuzz::run(root(), arguments.get(1..).unwrap_or_default()),
        ["web"] => web::page(root()),
        ["engine"] => web::engine(root()),
        ["npm"] => web::package(root()),
        ["python"] => python::wheel(root()),
        ["python", "test"] => python::test(root(), python::Build::Alone),
        ["predict", ..] => predict::run(root(), arguments.get(1..).unwrap_or_default()),
        ["http-tests", ..] => http_tests::run(root(), arguments.get(1..).unwrap_or_default()),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("one task is expected\n\n{HELP}"),
    }
}

/// The repository's top folder.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own)
}
