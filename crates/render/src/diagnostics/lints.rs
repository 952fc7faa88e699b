//! `--deny` and `--allow`.

use super::Findings;
use crate::{Refused, unknown_code};
use cachepolicy_compiler::codes;
use cachepolicy_syntax::Severity;

/// Codes that decide what becomes of findings; every one exists.
#[derive(Debug, Clone, Default)]
pub struct Lints {
    deny_warnings: bool,
    deny: Vec<String>,
    allow: Vec<String>,
    deny_errors: bool,
}

/// What `--deny` takes beside codes.
const ALL_WARNINGS: &str = "warnings";

impl Lints {
    /// What is taken for an error, and what is left out.
    ///
    /// # Errors
    /// There is no diagnostic with one of these codes.
    pub fn new(deny: &[String], allow: &[String]) -> Result<Self, Refused> {
        let codes = deny.iter().filter(|code| *code != ALL_WARNINGS);
        let unknown = codes.chain(allow).find(|code| codes::find(code).is_none());
        match unknown {
            Some(code) => Err(Refused(unknown_code(code))),
            None => Ok(Self {
                deny_warnings: deny.iter().any(|code| code == ALL_WARNINGS),
                deny: deny.to_vec(),
                allow: allow.to_vec(),
                deny_errors: false,
            }),
        }
    }

    /// Takes every error for a reason to refuse the policy, also those that are no mistakes of its
    /// text.
    pub fn for_deployment(mut self) -> Self {
        self.deny_errors = true;
        self
    }

    /// Is there something for which the policy is refused: what `--deny` names?
    pub fn deny_any(&self, findings: &Findings) -> bool {
        findings.diagnostics.iter().any(|diagnostic| {
            self.deny.iter().any(|code| code == diagnostic.code)
                || (self.deny_warnings && diagnostic.severity != Severity::Note)
                || (self.deny_errors && diagnostic.severity == Severity::Error)
        })
    }

    /// Leaves out what is allowed, and raises what is denied. A code that is both is denied.
    pub fn judge(&self, findings: &mut Findings) {
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
