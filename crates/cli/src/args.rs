//! What can be asked for. Every command's own arguments stand in its file.

use crate::commands::{
    Outcome, bound, check, compare, compile, completions, curve, drift, explain, fmt, graph, man,
    playground, proxy, simulate, test, trace, witness,
};
use crate::output::colour::ColorWhen;
use crate::output::{Terminal, terminal};
use clap::builder::styling::{AnsiColor, Styles};

/// Know what a caching policy will do before it is deployed.
///
/// A policy says what is cached, under which key, for how long, what it is made of and which writes
/// make it wrong. `check` proves what can be proved, `simulate` replays real traffic through it.
#[derive(Debug, clap::Parser)]
#[command(
    name = "cachepolicy",
    bin_name = "cachepolicy",
    version,
    styles = STYLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP,
)]
pub(crate) struct Cli {
    /// Colours: `always`, `never`, or `auto`, on a terminal
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true,
        display_order = 900
    )]
    pub(crate) color: ColorWhen,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Cyan.on_default().bold())
    .usage(AnsiColor::Cyan.on_default().bold())
    .literal(anstyle::Style::new().bold())
    .placeholder(anstyle::Style::new().dimmed());

const AFTER_HELP: &str = "\
Examples:
  cachepolicy check shop.cachepolicy
  cachepolicy simulate shop.cachepolicy --trace access.log.gz
  cachepolicy explain shop.cachepolicy /p/teapot --header 'cookie: currency=EUR'

Every file can be `-`: standard input.
Exit status: 0 fine · 1 the policy fails · 2 used wrongly, or something cannot be read or written.";

/// One file each.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Fmt(fmt::Args),
    Graph(graph::Args),
    Explain(explain::Args),
    Bound(bound::Args),
    Witness(witness::Args),
    Compile(compile::Args),
    Simulate(simulate::Args),
    Compare(compare::Args),
    Test(test::Args),
    Curve(curve::Args),
    Drift(drift::Args),
    Playground(playground::Args),
    Proxy(proxy::Args),
    Trace(trace::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// What every command gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// Where results go.
    pub(crate) stdout: Terminal,
    /// Where messages go.
    pub(crate) stderr: Terminal,
}

impl Cli {
    /// Does what is asked for.
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let session = Session {
            stdout: terminal::stdout(self.color),
            stderr: terminal::stderr(self.color),
        };
        match self.command {
            Command::Check(arguments) => check::run(&arguments, session),
            Command::Fmt(arguments) => fmt::run(&arguments, session),
            Command::Graph(arguments) => graph::run(&arguments, session),
            Command::Explain(arguments) => explain::run(&arguments, session),
            Command::Bound(arguments) => bound::run(&arguments, session),
            Command::Witness(arguments) => witness::run(&arguments, session),
            Command::Compile(arguments) => compile::run(&arguments, session),
            Command::Simulate(arguments) => simulate::run(&arguments, session),
            Command::Compare(arguments) => compare::run(&arguments, session),
            Command::Test(arguments) => test::run(&arguments, session),
            Command::Curve(arguments) => curve::run(&arguments, session),
            Command::Drift(arguments) => drift::run(&arguments, session),
            Command::Playground(arguments) => playground::run(&arguments),
            Command::Proxy(arguments) => proxy::run(&arguments, session),
            Command::Trace(arguments) => trace::run(&arguments, session),
            Command::Completions(arguments) => completions::run(&arguments),
            Command::Man(arguments) => man::run(&arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
