//! From a policy's path to its text, its findings, its compiled form.

use crate::args::Session;
use crate::diagnostics::{self, Counts, Findings, Lints};
use crate::lints::LintArgs;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::{input, output};
use anyhow::{Context as _, Result, bail};
use cachepolicy_build::files::Files;
use cachepolicy_compiler::{Compiled, Options, Override, is_property_word};
use cachepolicy_core::{Policy, artefact};
use cachepolicy_syntax::limits::MAX_FILE_BYTES;
use cachepolicy_syntax::{FileId, FormatError, Source, Sources, decode, format_with};
use std::path::Path;

/// `--set`
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct OverrideArgs {
    /// Replace a property, or add it: `article.ttl=5m`; can be repeated
    #[arg(long, value_name = "ITEM.PROPERTY=VALUE")]
    set: Vec<String>,
}

impl OverrideArgs {
    /// As the compiler takes them.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        self.set.iter().map(Override::new).collect()
    }
}

/// Checks the codes of `--deny` and `--allow`.
pub(crate) fn lints(arguments: &LintArgs) -> Result<Lints> {
    Ok(Lints::new(&arguments.deny, &arguments.allow)?)
}

/// Everything that is wrong with a policy and what it imports.
pub(crate) fn check(path: &Path) -> Result<Findings> {
    let Compiled {
        sources,
        diagnostics,
        ..
    } = Text::read(path)?.compile_all(&Options::default());
    Ok(Findings {
        sources,
        diagnostics,
    })
}

/// Compiles a policy for a command that needs one. `None`: its text has mistakes, or it has what
/// `--deny` names, and that was shown. What else was found is only counted: `check` shows it.
pub(crate) fn compile(
    path: &Path,
    overrides: &OverrideArgs,
    lints_given: &LintArgs,
    session: Session,
) -> Result<Option<Policy>> {
    let text = Text::read(path)?;
    text.compile(
        overrides.overrides(),
        &lints(lints_given)?,
        Warnings::Counted,
        session,
    )
}

/// Compiles a policy for a service: `None` for one with any error.
pub(crate) fn compile_for_deployment(
    path: &Path,
    overrides: &OverrideArgs,
    lints_given: &LintArgs,
    session: Session,
) -> Result<Option<Policy>> {
    let lints = lints(lints_given)?.for_deployment();
    Text::read(path)?.compile(overrides.overrides(), &lints, Warnings::Counted, session)
}

/// What becomes of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// How many there are is told.
    Counted,
    /// Nothing: they were told before.
    Told,
}

/// The text of a policy, which can be compiled more than once.
pub(crate) struct Text {
    name: String,
    text: String,
}

impl Text {
    /// Of a file, or from standard input.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self {
            name: name_of(path),
            text: read(path)?,
        })
    }

    /// As messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Compiles it. `None`: it has errors, which were shown.
    pub(crate) fn compile(
        &self,
        overrides: Vec<Override>,
        lints: &Lints,
        warnings: Warnings,
        session: Session,
    ) -> Result<Option<Policy>> {
        let (policy, counts) = match self.try_compile(overrides, lints, session.stderr) {
            Ok(compiled) => compiled,
            Err(shown) => {
                output::say(&shown);
                return Ok(None);
            }
        };
        if let Some(sentence) = counts.sentence()
            && warnings == Warnings::Counted
        {
            let (sign, meaning) = counts.sign();
            let sign = session.stderr.paint.text(meaning, sign);
            let name = &self.name;
            output::say(&format!(
                "{sign} {sentence}: `cachepolicy check {name}` shows what they are\n"
            ));
        }
        Ok(Some(policy))
    }

    /// Compiles it; what was found beside errors is counted. An error: its errors, as they are shown at this
    /// terminal.
    pub(crate) fn try_compile(
        &self,
        overrides: Vec<Override>,
        lints: &Lints,
        terminal: Terminal,
    ) -> Result<(Policy, Counts), String> {
        let Compiled {
            sources,
            policy,
            diagnostics,
            ..
        } = self.compile_all(&Options { overrides });
        let mut findings = Findings {
            sources,
            diagnostics,
        };
        let is_denied = lints.deny_any(&findings);
        lints.judge(&mut findings);
        let counts = Counts::of(std::slice::from_ref(&findings));
        match policy.filter(|_| !is_denied) {
            Some(policy) => Ok((policy, counts)),
            None => {
                let is_error = |severity| severity == cachepolicy_syntax::Severity::Error;
                findings.diagnostics.retain(|it| is_error(it.severity));
                let sign = terminal.paint.text(Meaning::Bad, "✗");
                let errors = output::units::plural(counts.errors, "error", "errors");
                let shown = diagnostics::human(&findings, terminal);
                Err(format!("{shown}{sign} `{}` has {errors}\n", self.name))
            }
        }
    }

    fn compile_all(&self, options: &Options) -> Compiled {
        cachepolicy_compiler::compile(&self.name, &self.text, &mut Files, options)
    }
}

fn read(path: &Path) -> Result<String> {
    let bytes = input::read(path, "the policy", MAX_FILE_BYTES)?;
    let text = decode(&bytes).with_context(|| format!("`{}` is no policy", name_of(path)))?;
    Ok(text.to_owned())
}

/// As messages call it.
fn name_of(path: &Path) -> String {
    if path == Path::new(input::STDIN) {
        input::STDIN_NAME.to_owned()
    } else {
        path.display().to_string()
    }
}

/// What became of formatting.
pub(crate) enum Formatted {
    /// The text as it was, and in the one layout.
    Text {
        /// As it was.
        before: String,
        /// In the one layout.
        after: String,
    },
    /// Nothing: it has mistakes.
    Mistakes(Findings),
}

/// A policy's text in the one layout.
pub(crate) fn format(path: &Path) -> Result<Formatted> {
    let before = read(path)?;
    match format_with(FileId(0), &before, &is_property_word) {
        Ok(after) => Ok(Formatted::Text { before, after }),
        Err(FormatError::Mistakes(diagnostics)) => {
            let mut sources = Sources::default();
            sources.add(Source::new(name_of(path), before));
            Ok(Formatted::Mistakes(Findings {
                sources,
                diagnostics,
            }))
        }
        Err(error @ FormatError::WouldChange) => bail!("`{}`: {error}", name_of(path)),
    }
}

/// What a service loads.
pub(crate) fn artefact(policy: &Policy) -> Result<String> {
    artefact::encode(policy).context("the policy cannot be written as an artefact")
}
