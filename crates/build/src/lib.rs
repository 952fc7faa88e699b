//! Compiles a policy into a service: a broken policy fails the service's build, and each level of a sound
//! one becomes a method.
//!
//! In `build.rs`:
//!
//! ```no_run
//! fn main() -> Result<(), cachepolicy_build::Error> {
//!     cachepolicy_build::policy("shop.cachepolicy")
//!         .codec("cachepolicy_runtime::Json")
//!         .value("product", "crate::Product")
//!         .compile()
//! }
//! ```
//!
//! and in the service, which names the module after the file:
//!
//! ```ignore
//! cachepolicy_runtime::include_policy!(mod shop);
//!
//! let cache = shop::builder()?.redis("shared", Redis::at("redis://10.0.0.7")?).build()?;
//! let cache = shop::Cache::new(cache)?;
//! let product = cache.product(slug).get_or_load(|| db.product(slug)).await?;
//! cache.write(&shop::Product::update(old, new)).await?;
//! ```

pub mod files;
mod generate;
mod names;

use cachepolicy_compiler::{Compiled, Options, Override};
use cachepolicy_core::{Policy, artefact};
use cachepolicy_render::diagnostics::{self, Findings, Lints};
use cachepolicy_render::output::{Terminal, units};
use cachepolicy_syntax::Severity;
use generate::Values;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

/// Why there is no code. It is for people, also as `Debug`, which is how the error of a `main` is shown.
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for Error {}

/// What is to be made of a policy: see [`policy`].
#[derive(Debug, Clone)]
pub struct Build {
    path: PathBuf,
    values: Values,
    overrides: Vec<Override>,
    deny: Vec<String>,
    allow: Vec<String>,
    is_quiet: bool,
    out: Option<PathBuf>,
}

/// The policy in this file, seen from the package's folder.
pub fn policy(path: impl Into<PathBuf>) -> Build {
    Build {
        path: path.into(),
        values: Values::default(),
        overrides: Vec::new(),
        deny: Vec::new(),
        allow: Vec::new(),
        is_quiet: false,
        out: None,
    }
}

impl Build {
    /// The values of a level are of this type: a path that begins with `crate`, or with the name of a
    /// crate. Its method then takes work that gives this type, and no other. Without it, it takes any.
    #[must_use]
    pub fn value(mut self, level: &str, of: &str) -> Self {
        self.values.types.insert(level.to_owned(), of.to_owned());
        self
    }

    /// How those values become bytes, for stores outside of the process: a constant of this path, such as
    /// `cachepolicy_runtime::Json`. `Builder::values` says it otherwise for one of them.
    #[must_use]
    pub fn codec(mut self, codec: &str) -> Self {
        self.values.codec = Some(codec.to_owned());
        self
    }

    /// Replaces a property of the policy, as `--set` does: `article.ttl=5m`.
    #[must_use]
    pub fn set(mut self, property: &str) -> Self {
        self.overrides.push(Override::new(property));
        self
    }

    /// Fails the build also at warnings of this code, or at all of them (`warnings`).
    #[must_use]
    pub fn deny(mut self, code: &str) -> Self {
        self.deny.push(code.to_owned());
        self
    }

    /// Says nothing of warnings of this code, or of any (`warnings`).
    #[must_use]
    pub fn allow(mut self, code: &str) -> Self {
        if code == "warnings" {
            self.is_quiet = true;
        } else {
            self.allow.push(code.to_owned());
        }
        self
    }

    /// Where the code goes; left out: where cargo says that a build script's things go, which is where
    /// `include_policy!` looks.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Compiles the policy and writes its code, in a build script. Warnings are cargo's, and it is run
    /// again when a file of the policy changes.
    ///
    /// # Errors
    /// The policy has an error, which is shown with its place in the text; or a file cannot be read or
    /// written; or something was said here of a level that there is not.
    pub fn compile(&self) -> Result<(), Error> {
        // As the author named them, imported files too: they may come to be, or be mended.
        println!("cargo::rerun-if-changed={}", self.path.display());
        let lints = Lints::new(&self.deny, &self.allow).map_err(|it| Error(it.to_string()))?;
        let text = files::read(&self.path)?;
        let options = Options {
            overrides: self.overrides.clone(),
        };
        let name = self.path.display().to_string();
        let Compiled {
            sources,
            policy,
            diagnostics,
            ..
        } = cachepolicy_compiler::compile(&name, &text, &mut files::Files, &options);
        for (_, source) in sources.iter().skip(1) {
            if Path::new(&source.name).exists() {
                println!("cargo::rerun-if-changed={}", source.name);
            }
        }
        let mut findings = Findings {
            sources,
            diagnostics,
        };
        let lints = lints.for_deployment();
        let is_refused = lints.deny_any(&findings);
        lints.judge(&mut findings);
        let Some(policy) = policy.filter(|_| !is_refused) else {
            return Err(self.refusal(findings));
        };
        for warning in warnings(&findings).filter(|_| !self.is_quiet) {
            println!("cargo::warning={warning}");
        }
        self.write(&policy)
    }

    fn refusal(&self, mut findings: Findings) -> Error {
        findings
            .diagnostics
            .retain(|found| found.severity == Severity::Error);
        let shown = diagnostics::human(&findings, Terminal::PLAIN);
        let count = findings.diagnostics.len() as u64;
        let errors = units::plural(count, "error", "errors");
        Error(format!(
            "the policy is broken\n\n{shown}✗ `{}` has {errors}",
            self.path.display()
        ))
    }

    fn write(&self, policy: &Policy) -> Result<(), Error> {
        let out = match (&self.out, env::var_os("OUT_DIR")) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => folder.into(),
            (None, None) => {
                let why = "there is no OUT_DIR, which cargo gives build scripts: say `out_dir`";
                return Err(Error(why.to_owned()));
            }
        };
        let stem = self.path.file_stem().unwrap_or_default();
        let module = names::module(&stem.to_string_lossy());
        let artefact = artefact::encode(policy);
        let artefact = artefact.map_err(|why| Error(format!("the artefact {why}")))?;
        let code = generate::code(policy, &module, &self.values).map_err(Error)?;
        for (ending, content) in [("json", artefact), ("rs", code)] {
            let path = out.join(format!("{module}.policy.{ending}"));
            let written = fs::write(&path, content);
            written.map_err(|why| {
                let why = files::reason(&why);
                Error(format!("cannot write `{}`: {why}", path.display()))
            })?;
        }
        Ok(())
    }
}

/// In one line each, as cargo shows them.
fn warnings(findings: &Findings) -> impl Iterator<Item = String> {
    let found = findings.diagnostics.iter();
    let found = found.filter(|found| found.severity == Severity::Warning);
    found.map(|found| {
        let mut line = String::new();
        if let Some(source) = findings.sources.get(found.primary.span.file) {
            let (at, column) = source.line_column(found.primary.span.start);
            // Writing to a string cannot fail.
            let _ = write!(line, "{}:{at}:{column}: ", source.name);
        }
        let _ = write!(line, "{} [{}]", found.message, found.code);
        line.replace('\n', " ")
    })
}
