//! `cachepolicy compare POLICY POLICY…`

mod variants;

use super::Outcome;
use crate::args::Session;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::output::{Terminal, ending};
use crate::policy;
use crate::replay::{self, ReplayArgs, Run, Settings, Traffic};
use crate::report::page::Layout;
use crate::report::{Format, compare};
use anyhow::{Context as _, Result};
use cachepolicy_core::Policy;
use cachepolicy_sim::compare::{Comparison, Declared, Entry, on_common_ground};
use cachepolicy_sim::report::Report;
use std::path::PathBuf;
use variants::Variant;

/// Replay the same traffic through several policies and report what differs
///
/// All are compared with the first. A workload is that of the first policy that has it. With
/// `--seeds`, each seed is replayed through every policy, and a difference is told apart from
/// chance by what it is within each seed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy compare before.cachepolicy after.cachepolicy --trace access.log.gz
  cachepolicy compare shop.cachepolicy --with product.ttl=1m --with product.ttl=1h --seeds 10
  cachepolicy compare shop.cachepolicy --with 'shared.evict=sieve; shared.capacity=1GiB'
  git show main:shop.cachepolicy | cachepolicy compare - shop.cachepolicy --format markdown")]
pub(crate) struct Args {
    /// The policies; the first is the one that the others are compared with
    #[arg(required = true)]
    policies: Vec<PathBuf>,
    /// Compare also with the first policy with other properties: `article.ttl=5m`, several with `;`
    /// between them; can be repeated
    #[arg(long, value_name = "ITEM.PROPERTY=VALUE", value_parser = variants::properties)]
    with: Vec<Properties>,
    #[command(flatten)]
    replay: ReplayArgs,
    /// Exit with 1 if a policy misses a measured expectation that the first one does not miss
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

/// What one variant replaces.
type Properties = Vec<String>;

/// Simulates and reports.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let given = &arguments.replay;
    given.only_one_stdin(&arguments.policies)?;
    let format = ending::format(arguments.format, &arguments.output, &Format::ENDINGS)?;
    variants::check(&arguments.policies, &arguments.with)?;
    let Some(variants) = variants::compile(
        &arguments.policies,
        &arguments.with,
        &arguments.overrides.overrides(),
        &policy::lints(&arguments.lints)?,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let destination = Destination::open(Some(&arguments.output))?;
    let written: Vec<&Policy> = variants.iter().map(|variant| &variant.policy).collect();
    let replayed = on_common_ground(&written);
    let policies: Vec<&Policy> = replayed.iter().map(|(policy, _)| policy).collect();
    let settings = given.settings(&policies)?;
    let declared: Vec<&Declared> = replayed.iter().map(|(_, declared)| declared).collect();
    let reports = replay_all(&settings, &variants, &policies, &declared, session)?;
    let entries = variants
        .iter()
        .zip(&reports)
        .map(|(variant, reports)| Entry {
            label: &variant.label,
            file: &variant.file,
            set: &variant.set,
            policy: &variant.policy,
            reports,
        });
    let comparison = Comparison::new(&entries.collect::<Vec<_>>(), settings.averages());
    let comparison = comparison.context("nothing was simulated")?;
    let (input, notes) = input(&settings, &variants, &policies);
    let text = render(format, &comparison, &input, &notes, &destination, session);
    destination.write_text(&text)?;
    let mut claims = comparison.claims.iter();
    let broken = claims.any(|claim| claim.is_newly_missed());
    Ok(Outcome::failed_if(arguments.check && broken))
}

/// The reports of each policy, in the order of the seeds.
fn replay_all(
    settings: &Settings<'_>,
    variants: &[Variant],
    policies: &[&Policy],
    declared: &[&Declared],
    session: Session,
) -> Result<Vec<Vec<Report>>> {
    let streams = settings.streams(policies.len(), |number, seed| {
        let policy = policies.get(number).context("there is no such policy")?;
        let label = variants.get(number).map_or("", |it| it.label.as_str());
        Ok(Run {
            policy,
            options: settings.options(policy, seed)?,
            name: format!("{} through `{label}`", settings.what),
            events: None,
        })
    })?;
    let threads = settings.threads();
    let all = replay::replay(settings.traffic, streams, threads, session.stderr)?;
    let mut of_each: Vec<Vec<Report>> = policies.iter().map(|_| Vec::new()).collect();
    // Of every seed, the runs stand in the order of the policies.
    for (index, mut report) in all.into_iter().flatten().enumerate() {
        let number = index % policies.len().max(1);
        if let Some(declared) = declared.get(number) {
            declared.leave_out(&mut report);
        }
        if let Some(reports) = of_each.get_mut(number) {
            reports.push(report);
        }
    }
    Ok(of_each)
}

/// What was replayed, and what is to be known of it.
fn input(
    settings: &Settings<'_>,
    variants: &[Variant],
    policies: &[&Policy],
) -> (String, Vec<String>) {
    let Traffic::Workload { policy: from, id } = settings.traffic else {
        return (settings.name.clone(), Vec::new());
    };
    let of = policies
        .iter()
        .position(|policy| std::ptr::eq(*policy, from));
    let label = of.and_then(|index| variants.get(index));
    let label = label.map_or("", |variant| variant.label.as_str());
    let name = from
        .workloads
        .get(id.index())
        .map_or("", |it| it.name.as_str());
    let lacks = |policy: &Policy| policy.workloads.iter().all(|it| it.name != name);
    let without = variants
        .iter()
        .zip(policies)
        .filter(|(_, policy)| lacks(policy));
    let notes = without.map(|(variant, _)| {
        format!(
            "`{}` has no workload `{name}`: that of `{label}` was replayed through it",
            variant.label
        )
    });
    (format!("{} of `{label}`", settings.name), notes.collect())
}

fn render(
    format: Format,
    comparison: &Comparison,
    input: &str,
    notes: &[String],
    destination: &Destination,
    session: Session,
) -> String {
    let terminal = if destination.is_stdout() {
        session.stdout
    } else {
        Terminal::PLAIN
    };
    let layout = match format {
        Format::Json => return comparison.to_json() + "\n",
        Format::Human => Layout::Lines,
        Format::Markdown => Layout::Markdown,
        Format::Html => Layout::Html,
    };
    compare::render(comparison, input, notes, terminal, layout)
}
