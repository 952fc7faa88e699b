//! `cachepolicy curve POLICY --backend B`

use super::Outcome;
use crate::args::Session;
use crate::curve::{self, Format, Listed};
use crate::figures;
use crate::lints::LintArgs;
use crate::output::file::Destination;
use crate::output::{Terminal, ending};
use crate::policy;
use crate::replay::{self, TrafficArgs};
use anyhow::{Context as _, Result, bail};
use cachepolicy_core::Policy;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::policy::{BackendKind, Capacity, Evict};
use cachepolicy_render::did_you_mean;
use cachepolicy_sim::curve::{Capacities, Collecting, POINTS_MAX, Settings};
use cachepolicy_sim::sample::Rate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// Show how often a backend would miss with less or more room
///
/// Miss ratios at many capacities, on a trace or a workload, read once. For `lru` and a key-value
/// trace they are exact; for everything else that is long, they rest on a sample of the keys or
/// paths, and each has an interval. The least that is possible stands beside them: with room for
/// everything, and with an eviction that knows the future.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy curve shop.cachepolicy --backend shared --trace access.log.gz
  cachepolicy curve kv.cachepolicy --backend cache --trace keys.txt.gz --evict lru,sieve,s3fifo
  cachepolicy curve kv.cachepolicy --backend cache --trace keys.txt.gz --capacities 100..100_000
  cachepolicy curve shop.cachepolicy --backend shared --capacities 64MiB,256MiB,1GiB -o curve.csv")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// The backend; left out: the only one that stores anything
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Capacities of each instance, in copies (`1_000`), bytes (`64MiB`) or as a share of what there
    /// is to hold (`10%`): a list, or a range `from..to`; left out: `0.1%..100%` and the policy's own
    #[arg(long, value_name = "LIST|RANGE", value_parser = figures::capacities)]
    capacities: Option<Listed>,
    /// How many capacities of a range
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u64).range(2..POINTS_MAX as u64))]
    steps: u64,
    /// Eviction policies to compare; left out: the backend's own
    #[arg(long, value_name = "POLICY,…", value_delimiter = ',', value_parser = evictions())]
    evict: Vec<Evict>,
    /// The share of the keys, or of the paths of requests, that is replayed where nothing is exact:
    /// `1%`, `0.01`; left out: as many as are needed and can be replayed in seconds
    #[arg(long, value_name = "RATE", value_parser = figures::rate)]
    rate: Option<Rate>,
    #[command(flatten)]
    traffic: TrafficArgs,
    /// Where to write the curve
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

/// Reads the name of an eviction policy.
fn evictions() -> impl TypedValueParser<Value = Evict> {
    let names = PossibleValuesParser::new(Evict::ALL.map(|(name, _)| name));
    names.try_map(|name| {
        let found = Evict::ALL.iter().find(|(own, _)| *own == name);
        found
            .map(|(_, evict)| *evict)
            .ok_or("no such eviction policy")
    })
}

/// Works it out.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let given = &arguments.traffic;
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
    let backend = backend(&policy, arguments.backend.as_deref())?;
    let (capacities, by_bytes) = capacities(arguments, &policy, backend)?;
    let policies = [&policy];
    let settings = given.settings(&policies)?;
    let failed = || format!("cannot replay {}", settings.what);
    let options = settings.options(&policy, given.seed)?;
    let mut collecting = Collecting::new(
        &policy,
        Settings {
            backend,
            evicts: arguments.evict.clone(),
            capacities,
            by_bytes,
            rate: arguments.rate,
            options,
        },
    )
    .with_context(failed)?;
    let read = replay::read(settings.traffic, given.seed, session.stderr, |block| {
        collecting.push_block(block);
    })?;
    let plan = collecting.finish().with_context(failed)?;
    let done = replay::on_threads(
        plan.jobs(),
        settings.threads(),
        (session.stderr, "runs"),
        |job| plan.run(job).with_context(failed),
    )?;
    let mut result = plan.finish(&done);
    result.notes.extend(read);
    let terminal = if destination.is_stdout() {
        session.stdout
    } else {
        Terminal::PLAIN
    };
    let text = curve::render(&result, format, &settings.name, terminal)?;
    destination.write_text(&text)?;
    Ok(Outcome::Fine)
}

/// The one of that name, else the only one in which a level stores its copies.
fn backend(policy: &Policy, name: Option<&str>) -> Result<BackendId> {
    let backends = || (0..).map(BackendId).zip(&policy.backends);
    let is_used = |id: BackendId| {
        let mut levels = policy.levels.iter();
        levels.any(|level| level.tiers.iter().any(|tier| tier.backend == id))
    };
    let used =
        || backends().filter(|(id, backend)| is_used(*id) && backend.kind != BackendKind::None);
    let names = || used().map(|(_, backend)| backend.name.as_str());
    if let Some(name) = name {
        let found = backends().find(|(_, backend)| backend.name == name);
        return match found {
            Some((id, _)) => Ok(id),
            None => bail!(
                "`{}` has no backend `{name}`; {}",
                policy.name,
                did_you_mean(name, names().collect::<Vec<_>>().into_iter())
            ),
        };
    }
    match (used().next(), used().nth(1)) {
        (Some((id, _)), None) => Ok(id),
        (None, _) => bail!("`{}` stores nothing in any backend", policy.name),
        (Some(_), Some(_)) => {
            let names: Vec<_> = names().map(|name| format!("`{name}`")).collect();
            bail!(
                "`{}` has several backends: say which one with `--backend`: {}",
                policy.name,
                names.join(", ")
            )
        }
    }
}

/// What is asked for, and whether it is in bytes.
fn capacities(arguments: &Args, policy: &Policy, backend: BackendId) -> Result<(Capacities, bool)> {
    let steps = arguments.steps as usize;
    let own = policy.backends.get(backend.index());
    let own_unit = match own.and_then(|backend| backend.capacity) {
        Some(Capacity::Bytes(_)) => true,
        Some(Capacity::Entries(_)) => false,
        None => own.is_some_and(|backend| backend.kind != BackendKind::Memory),
    };
    let Some(listed) = &arguments.capacities else {
        return Ok((Capacities::of_footprint(steps), own_unit));
    };
    let by_bytes = listed.by_bytes.unwrap_or(own_unit);
    let capacities = match listed.range {
        Some((from, to)) => Capacities::Range { from, to, steps },
        None => Capacities::Listed(listed.list.clone()),
    };
    Ok((capacities, by_bytes))
}
