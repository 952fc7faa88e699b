//! `cachepolicy simulate POLICY`

use super::Outcome;
use crate::args::Session;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::output::{Terminal, ending};
use crate::policy;
use crate::replay::{self, EventsFile, ReplayArgs, Simulated};
use crate::report::page::Layout;
use crate::report::{self, Format};
use anyhow::Result;
use cachepolicy_core::Policy;
use cachepolicy_sim::Options;
use std::path::PathBuf;

/// Replay traffic through a policy and report what would happen
///
/// On a trace (an access log, JSON lines, CSV, a key-value trace, compressed or not), or on a
/// workload of the policy. The same policy, trace and seed give the same report.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy simulate shop.cachepolicy
  cachepolicy simulate shop.cachepolicy --trace access.log.gz --warmup 10%
  zcat access.log*.gz | cachepolicy simulate shop.cachepolicy --trace - --format json
  cachepolicy simulate shop.cachepolicy --seeds 10
  cachepolicy simulate shop.cachepolicy --trace year.log.zst --sample 1%
  cachepolicy simulate shop.cachepolicy --trace access.log.gz --yardsticks
  cachepolicy simulate shop.cachepolicy --set article.ttl=5m --set shared.capacity=1GiB --check")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    #[command(flatten)]
    replay: ReplayArgs,
    /// Write everything that happens into this file, as CSV
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    events: Option<PathBuf>,
    /// Also say what the hit ratio of each backend could be: with room for everything, and if it
    /// knew the future. One more run for each backend with a capacity
    #[arg(long)]
    yardsticks: bool,
    /// Exit with 1 if a measured expectation is missed
    #[arg(long)]
    check: bool,
    /// Where to write the report
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// How to say it; left out: by the ending of the output's name, else for people
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Simulates and reports.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let given = &arguments.replay;
    given.only_one_stdin(std::slice::from_ref(&arguments.policy))?;
    let format = ending::format(arguments.format, &arguments.output, &Format::ENDINGS)?;
    let Some(policy) = policy::compile(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let destination = Destination::open(Some(&arguments.output))?;
    let policies = [&policy];
    let settings = given.settings(&policies)?;
    let events = arguments
        .events
        .as_deref()
        .map(EventsFile::open)
        .transpose()?;
    let with_yardsticks = |options: Options| Options {
        yardsticks: arguments.yardsticks,
        ..options
    };
    let result = replay::simulate(&policy, &settings, with_yardsticks, events, session.stderr)?;
    let text = render(
        format,
        &result,
        &policy,
        &settings.name,
        &destination,
        session,
    );
    destination.write_text(&text)?;
    let missed = result.report().expectations.iter();
    let missed = missed.into_iter().any(|result| result.held == Some(false));
    Ok(Outcome::failed_if(arguments.check && missed))
}

fn render(
    format: Format,
    result: &Simulated,
    policy: &Policy,
    input: &str,
    destination: &Destination,
    session: Session,
) -> String {
    let terminal = if destination.is_stdout() {
        session.stdout
    } else {
        Terminal::PLAIN
    };
    let view = report::human::View {
        report: result.report(),
        seeds: result.aggregate(),
        policy,
        input,
        terminal,
        layout: Layout::Lines,
    };
    match format {
        Format::Json => match result {
            Simulated::One(report) => report::json::render(report),
            Simulated::Seeds(aggregate) => report::json::of_seeds(aggregate),
        },
        Format::Human => report::human::render(&view),
        Format::Markdown => report::markdown::render(&view),
        Format::Html => report::html::page(&view),
    }
}
