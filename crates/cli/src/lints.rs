//! `--deny` and `--allow`.

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
