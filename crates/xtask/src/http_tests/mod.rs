//! `cargo xtask http-tests PATH`: the public test suite for HTTP caches (github.com/http-tests/cache-tests),
//! before the proxy, nginx and Varnish, side by side.

mod page;
mod proxies;
mod suite;

use anyhow::{Result, bail};
use proxies::Proxy;
use std::path::Path;
use suite::Suite;

/// Runs the suite and writes what came of it. An error, where a required test fails that another passes, or
/// where there are fewer optional ones passed than by another.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let (folder, id) = match arguments {
        [folder] => (folder, None),
        [folder, id] => (folder, Some(id.as_str())),
        _ => bail!(
            "`cargo xtask http-tests PATH [TEST]`: PATH is a clone of github.com/http-tests/cache-tests, in which `npm install` was run"
        ),
    };
    let suite = Suite::at(Path::new(folder))?;
    let origin = suite.serve()?;
    if let Some(id) = id {
        let proxy = Proxy::start(root, "cachepolicy", origin.port)?;
        return suite.show(proxy.port, id);
    }
    let mut columns = Vec::new();
    for name in ["cachepolicy", "nginx", "Varnish"] {
        let proxy = Proxy::start(root, name, origin.port)?;
        eprintln!("{name} {}", proxy.version);
        let results = suite.run(proxy.port)?;
        columns.push(page::Column {
            name,
            version: proxy.version.clone(),
            results,
        });
    }
    let report = page::Report::new(&suite, &columns, &root.join("tests/http-tests/reasons.txt"))?;
    let path = root.join("docs/http-tests.md");
    std::fs::write(&path, report.text())?;
    println!("{}", report.summary());
    report.check()
}
