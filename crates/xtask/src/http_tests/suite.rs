//! The suite: its tests, its server, its client.

use super::proxies::{Running, free_port};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lists the tests as JSON.
const LIST: &str = "
const { default: suites } = await import(process.argv[1])
const tests = suites.flatMap(suite => suite.tests.filter(test => !test.browser_only).map(test => ({
  suite: suite.name, id: test.id, name: test.name, kind: test.kind ?? 'required',
  depends: test.depends_on ?? []
})))
console.log(JSON.stringify(tests))
";

/// One test.
#[derive(Debug, Deserialize)]
pub(crate) struct Test {
    pub(crate) suite: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Which others must pass, so that this one says anything.
    depends: Vec<String>,
}

/// What a test is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The standard asks for it.
    Required,
    /// It is better so.
    Optimal,
    /// What a cache does, whichever it is.
    Check,
}

/// What a test came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// With the suite's words.
    Failed(String),
    /// It could not be set up, or what it depends on failed: it says nothing.
    Unsaid(String),
}

/// By the test's name.
pub(crate) type Results = BTreeMap<String, Verdict>;

/// A clone of the suite.
pub(crate) struct Suite {
    folder: PathBuf,
    pub(crate) tests: Vec<Test>,
    /// The commit, shortened, and its day.
    pub(crate) version: String,
}

impl Suite {
    /// In this folder.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("there is no folder {}", folder.display()))?;
        for (needed, advice) in [
            (
                "test-engine/cli.mjs",
                "clone github.com/http-tests/cache-tests",
            ),
            ("node_modules/undici", "run `npm install --omit=dev` in it"),
        ] {
            if !folder.join(needed).exists() {
                bail!("{} has no {needed}: {advice}", folder.display());
            }
        }
        let list = Command::new("node")
            .args(["--input-type=module", "-e", LIST])
            .arg(folder.join("tests/index.mjs"))
            .stderr(Stdio::inherit())
            .output();
        let list =
            list.context("cannot run node: install it (Debian: `apt-get install nodejs`)")?;
        let tests = serde_json::from_slice(&list.stdout).context("cannot list the tests")?;
        let version = Command::new("git")
            .args(["log", "-1", "--format=%h of %cs"])
            .current_dir(&folder)
            .output();
        let version = version.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
        Ok(Self {
            folder,
            tests,
            version: version.unwrap_or_default(),
        })
    }

    /// The server that the proxies stand before.
    pub(crate) fn serve(&self) -> Result<Running> {
        let port = free_port()?;
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("node");
        command
            .arg("test-engine/server/server.mjs")
            .current_dir(&self.folder)
            .env("npm_config_protocol", "http")
            .env("npm_config_port", port.to_string())
            .env("npm_config_pidfile", folder.path().join("pid"));
        Running::start(command, port, folder)
    }

    fn client(&self, port: u16, id: &str) -> Command {
        let mut command = Command::new("node");
        command
            .args(["--no-warnings", "test-engine/cli.mjs"])
            .current_dir(&self.folder)
            .env("npm_config_base", format!("http://127.0.0.1:{port}"))
            .env("npm_config_id", id)
            .env("npm_package_config_id", "");
        command
    }

    /// Runs one test, and shows what was said.
    pub(crate) fn show(&self, port: u16, id: &str) -> Result<()> {
        let status = self.client(port, id).status().context("cannot run node")?;
        if !status.success() {
            bail!("the suite has no test `{id}`, or broke off");
        }
        Ok(())
    }

    /// Runs all of it.
    pub(crate) fn run(&self, port: u16) -> Result<Results> {
        let output = self
            .client(port, "")
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run node")?;
        let raw: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&output.stdout)
            .context("the suite said something else than its results")?;
        let verdicts = self.tests.iter().map(|test| {
            let verdict = self.verdict(test, &raw);
            (test.id.clone(), verdict)
        });
        Ok(verdicts.collect())
    }

    fn verdict(&self, test: &Test, raw: &BTreeMap<String, serde_json::Value>) -> Verdict {
        let failed = test.depends.iter().find(|id| {
            let test = self.tests.iter().find(|test| test.id == **id);
            test.is_none_or(|test| self.verdict(test, raw) != Verdict::Passed)
        });
        if let Some(failed) = failed {
            return Verdict::Unsaid(format!("depends on `{failed}`"));
        }
        match raw.get(&test.id) {
            Some(serde_json::Value::Bool(true)) => Verdict::Passed,
            Some(serde_json::Value::Array(said)) => {
                let word = |at: usize| said.get(at).and_then(|it| it.as_str()).unwrap_or_default();
                let words = word(1).to_owned();
                match word(0) {
                    "Setup" => Verdict::Unsaid(words),
                    _ => Verdict::Failed(words),
                }
            }
            _ => Verdict::Unsaid("not run".to_owned()),
        }
    }
}
