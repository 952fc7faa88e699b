//! The commands, one file each.

pub(crate) mod bound;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod curve;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod man;
pub(crate) mod playground;
pub(crate) mod proxy;
pub(crate) mod simulate;
pub(crate) mod test;
pub(crate) mod trace;
pub(crate) mod witness;
pub(crate) mod workload;

/// How a command ended, when nothing kept it from its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Fine,
    /// The policy fails.
    Failed,
}

impl Outcome {
    /// Fine if there is nothing to complain about.
    pub(crate) const fn failed_if(fails: bool) -> Self {
        if fails { Self::Failed } else { Self::Fine }
    }
}

/// What every command that reports can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// Text, for people
    #[default]
    Human,
    /// One JSON document
    Json,
}
