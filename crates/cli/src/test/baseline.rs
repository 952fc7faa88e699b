//! Reports of before.

use crate::input;
use anyhow::{Result, bail};
use cachepolicy_core::Policy;
use cachepolicy_sim::report::{Report, SCHEMA};
use serde::Deserialize;
use std::path::Path;

/// Larger than any report.
const BYTES_MAX: usize = 1 << 28;

/// A report that was made before.
pub(crate) struct Earlier {
    /// As messages call it.
    pub(crate) file: String,
    /// It.
    pub(crate) report: Report,
}

/// What tells a report from another document.
#[derive(Deserialize)]
struct Outline {
    schema: Option<u32>,
    #[serde(default)]
    reports: serde_json::Value,
}

impl Earlier {
    /// From a file that `simulate --format json` wrote.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = if path == Path::new(input::STDIN) {
            input::STDIN_NAME.to_owned()
        } else {
            path.display().to_string()
        };
        let bytes = input::read(path, "the baseline", BYTES_MAX)?;
        let no_report = |error: serde_json::Error| {
            anyhow::anyhow!(
                "the baseline `{file}` is no report: {error}; `simulate --format json` writes one"
            )
        };
        let outline: Outline = serde_json::from_slice(&bytes).map_err(no_report)?;
        if outline.reports.is_array() {
            bail!(
                "the baseline `{file}` is a comparison of several policies: give a report of one, which `simulate --format json` writes"
            );
        }
        if let Some(schema) = outline.schema.filter(|schema| *schema > SCHEMA) {
            bail!(
                "the baseline `{file}` has schema {schema}, and this version reads up to {SCHEMA}: make it anew, or use the version that made it"
            );
        }
        let report = serde_json::from_slice(&bytes).map_err(no_report)?;
        Ok(Self { file, report })
    }

    /// Is it of this policy?
    pub(crate) fn is_of(&self, policy: &Policy) -> bool {
        self.report.policy.name == policy.name
    }

    /// Of which workload; `None`: of a trace.
    pub(super) fn workload(&self) -> Option<&str> {
        self.report.trace.workload.as_deref()
    }
}
