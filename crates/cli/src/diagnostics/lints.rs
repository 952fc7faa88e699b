//! `--deny` and `--allow`.

use super::Findings;
use cachepolicy_syntax::Severity;

/// Arguments of every command that compiles a policy.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LintArgs {
    /// Take warnings for errors: all of them (`warnings`), or those with this code
    #[arg(long, value_name = "CODE|warnings", help_heading = "Diagnostics")]
    pub(crate) deny: Vec<String>,
    /// Leave out warnings with this code; an error stays one
    #[arg(long, value_name = "CODE", help_heading = "Diagnostics")]
    pub(crate) allow: Vec<String>,
}

/// The same, checked: every code exists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lints {
    deny_warnings: bool,
    deny: Vec<String>,
    allow: Vec<String>,
    deny_errors: bool,
}

/// What `--deny` takes beside codes.
const ALL_WARNINGS: &str = "warnings";

impl Lints {
    /// Refuses a code that `exists` does not know, with what it says about it.
    pub(crate) fn new(
        arguments: &LintArgs,
        exists: impl Fn(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let codes = arguments.deny.iter().filter(|code| *code != ALL_WARNINGS);
        codes
            .chain(&arguments.allow)
            .try_for_each(|code| exists(code))?;
        Ok(Self {
            deny_warnings: arguments.deny.iter().any(|code| code == ALL_WARNINGS),
            deny: arguments.deny.clone(),
            allow: arguments.allow.clone(),
            deny_errors: false,
        })
    }

    /// Takes every error for a reason to refuse the policy, also those that are no mistakes of its
    /// text.
    pub(crate) fn for_deployment(mut self) -> Self {
        self.deny_errors = true;
        self
    }

    /// Is there something for which the policy is refused: what `--deny` names?
    pub(crate) fn deny_any(&self, findings: &Findings) -> bool {
        findings.diagnostics.iter().any(|diagnostic| {
            self.deny.iter().any(|code| code == diagnostic.code)
                || (self.deny_warnings && diagnostic.severity != Severity::Note)
                || (self.deny_errors && diagnostic.severity == Severity::Error)
        })
    }

    /// Leaves out what is allowed, and raises what is denied. A code that is both is denied.
    pub(crate) fn judge(&self, findings: &mut Findings) {
        findings.diagnostics.retain_mut(|diagnostic| {
            let named = |codes: &[String]| codes.iter().any(|code| code == diagnostic.code);
            let denied = named(&self.deny);
            if diagnostic.severity != Severity::Error && !denied && named(&self.allow) {
                return false;
            }
            if denied || (self.deny_warnings && diagnostic.severity == Severity::Warning) {
                diagnostic.severity = Severity::Error;
            }
            true
        });
    }
}
