//! A key that stays the same when what is stored under it changes its form.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use cachepolicy_core::level::{KeyPart, Level};
use cachepolicy_core::policy::BackendKind;

pub(super) static LINT: Lint = Lint {
    code: "unversioned-key",
    severity: Severity::Warning,
    what: "A key written by hand has no version, and its backend neither.",
    why: "A release that stores something of another form under the old key reads the copies of the release before \
          (and, while both run, the other way round): a missing field, an error in a template, until the copies have \
          expired. With `:v2` in the key, or `version` at the backend, the new release has copies of its own.",
    allow: "What is stored never changes its form: a number, a rendered text.",
    failing: "object product(id) { store shared; key \"product:{id}\"; ttl 5m }",
    mended: "object product(id) { store shared; key \"product:{id}:v1\"; ttl 5m }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels() {
        if !level.key.explicit || has_version(level) || !survives_deploys(study, level) {
            continue;
        }
        let message = format!(
            "the key of `{}` has no version: a new release reads what the old one stored under it",
            level.name
        );
        found.push(Finding::new(
            lint,
            Place::Property(id, "key"),
            message,
            "put one in, such as `:v1`, and raise it when the form of what is stored changes; or give the backend a \
             `version`",
        ));
    }
}

/// `v1`, after something that is no letter or digit.
fn has_version(level: &Level) -> bool {
    let mut before = ' ';
    let mut is_v = false;
    for part in &level.key.parts {
        let KeyPart::Text(text) = part else {
            (before, is_v) = (' ', false);
            continue;
        };
        for letter in text.chars() {
            if is_v && letter.is_ascii_digit() {
                return true;
            }
            is_v = matches!(letter, 'v' | 'V') && !before.is_alphanumeric();
            before = letter;
        }
    }
    false
}

/// Is there a backend that keeps the copies, without a version of its own?
fn survives_deploys(study: &Study<'_>, level: &Level) -> bool {
    level.tiers.iter().any(|tier| {
        let backend = study.policy.backends.get(tier.backend.index());
        backend.is_some_and(|backend| {
            !matches!(backend.kind, BackendKind::Memory | BackendKind::None) && backend.version == 1
        })
    })
}
