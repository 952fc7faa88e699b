//! What came of it, as a page.

use super::suite::{Kind, Results, Suite, Test, Verdict};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A cache and its results.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) results: Results,
}

/// All of it. The first column is ours.
pub(crate) struct Report<'r> {
    suite: &'r Suite,
    columns: &'r [Column],
    /// Why a test of ours fails, by its name.
    reasons: BTreeMap<String, String>,
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    unsaid: usize,
}

impl<'r> Report<'r> {
    /// `reasons`: lines of a test's name, a space, and why it fails.
    pub(crate) fn new(suite: &'r Suite, columns: &'r [Column], reasons: &Path) -> Result<Self> {
        let text = fs::read_to_string(reasons)
            .with_context(|| format!("cannot read {}", reasons.display()))?;
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Ok(Self {
            suite,
            columns,
            reasons: lines
                .map(|(id, why)| (id.to_owned(), why.to_owned()))
                .collect(),
        })
    }

    fn count(&self, column: &Column, kind: Kind) -> Count {
        let mut count = Count::default();
        for test in self.suite.tests.iter().filter(|test| test.kind == kind) {
            match column.results.get(&test.id) {
                Some(Verdict::Passed) => count.passed += 1,
                Some(Verdict::Failed(_)) => count.failed += 1,
                Some(Verdict::Unsaid(_)) | None => count.unsaid += 1,
            }
        }
        count
    }

    /// The counts, as a table.
    pub(crate) fn summary(&self) -> String {
        let mut out = String::from(
            "| | required: passed | failed | say nothing | optional: passed | failed | say nothing |\n|---|---|---|---|---|---|---|\n",
        );
        for column in self.columns {
            let _ = write!(out, "| {} {} ", column.name, column.version);
            for kind in [Kind::Required, Kind::Optimal] {
                let count = self.count(column, kind);
                let _ = write!(
                    out,
                    "| {} | {} | {} ",
                    count.passed, count.failed, count.unsaid
                );
            }
            out.push_str("|\n");
        }
        out
    }

    /// The tests of a kind that ours does not pass.
    fn missed(&self, kind: Kind) -> impl Iterator<Item = (&'r Test, &'r Verdict)> {
        let ours = self.columns.first();
        let tests = self
            .suite
            .tests
            .iter()
            .filter(move |test| test.kind == kind);
        tests.filter_map(move |test| {
            let verdict = ours?.results.get(&test.id)?;
            (*verdict != Verdict::Passed).then_some((test, verdict))
        })
    }

    fn of_others(&self, id: &str) -> String {
        let mut out = String::new();
        for column in self.columns.iter().skip(1) {
            out.push_str(match column.results.get(id) {
                Some(Verdict::Passed) => "| yes ",
                Some(Verdict::Failed(_)) => "| no ",
                Some(Verdict::Unsaid(_)) | None => "| – ",
            });
        }
        out
    }

    /// The page.
    pub(crate) fn text(&self) -> String {
        let mut out = format!(
            "# The public test suite for HTTP caches\n\n\
             <!-- Written by `cargo xtask http-tests PATH`. -->\n\n\
             [http-tests/cache-tests](https://github.com/http-tests/cache-tests) at {}, run by Node before \
             `cachepolicy proxy`, nginx's `proxy_cache` and Varnish, one after the other, each with the plain \
             configuration of `tests/http-tests`:\n\n\
             ```console\n\
             $ git clone https://github.com/http-tests/cache-tests && (cd cache-tests && npm install --omit=dev)\n\
             $ cargo xtask http-tests cache-tests                       # all of it; writes this page\n\
             $ cargo xtask http-tests cache-tests freshness-max-age     # one test, with what was said\n\
             ```\n\n{}\n\
             *Required* is what the standards ask for, *optional* what makes a cache better. A test *says nothing* \
             where it could not be set up, or where another one failed that it depends on. The suite also has {} \
             tests that look at what a cache does where it may do either.\n",
            self.suite.version,
            self.summary(),
            self.suite
                .tests
                .iter()
                .filter(|test| test.kind == Kind::Check)
                .count(),
        );
        for (kind, title) in [
            (
                Kind::Required,
                "Required tests that `cachepolicy proxy` does not pass",
            ),
            (Kind::Optimal, "Optional tests that it does not pass"),
        ] {
            let _ = write!(out, "\n## {title}\n\n");
            if self.missed(kind).next().is_none() {
                out.push_str("None.\n");
                continue;
            }
            out.push_str(
                "| test | what it asks | why | nginx | Varnish |\n|---|---|---|---|---|\n",
            );
            for (test, verdict) in self.missed(kind) {
                let said = match verdict {
                    Verdict::Unsaid(words) => format!("says nothing: {words}"),
                    Verdict::Failed(words) => words.clone(),
                    Verdict::Passed => String::new(),
                };
                let why = self.reasons.get(&test.id).unwrap_or(&said);
                let _ = writeln!(
                    out,
                    "| `{}` | {}: {} | {} {}|",
                    test.id,
                    test.suite,
                    cell(&test.name),
                    cell(why),
                    self.of_others(&test.id)
                );
            }
        }
        out
    }

    /// Is it as good as was aimed for?
    pub(crate) fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        let others = || self.columns.iter().skip(1);
        for (test, _) in self.missed(Kind::Required) {
            let passes = |column: &&Column| column.results.get(&test.id) == Some(&Verdict::Passed);
            for other in others().filter(passes) {
                faults.push(format!("`{}` fails, which {} passes", test.id, other.name));
            }
        }
        let ours = self.columns.first();
        let passed = |column: &Column| self.count(column, Kind::Optimal).passed;
        for other in others() {
            if ours.is_some_and(|ours| passed(ours) <= passed(other)) {
                faults.push(format!("{} passes as many optional tests", other.name));
            }
        }
        for kind in [Kind::Required, Kind::Optimal] {
            for (test, verdict) in self.missed(kind) {
                if matches!(verdict, Verdict::Failed(_)) && !self.reasons.contains_key(&test.id) {
                    faults.push(format!(
                        "`{}` fails, and tests/http-tests/reasons.txt does not say why",
                        test.id
                    ));
                }
            }
        }
        if !faults.is_empty() {
            bail!("{}", faults.join("\n"));
        }
        Ok(())
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
