//! A policy at the size of a sample, and what its figures mean then.

use super::{KEYS_MIN, Rate};
use cachepolicy_core::expectation::Subject;
use cachepolicy_core::level::{LevelKind, ValueSource};
use cachepolicy_core::policy::{Capacity, Policy};
use cachepolicy_core::units::Bytes;

/// The policy with the sample's share of each capacity, that of tables of readers too. Everything else stays: lifetimes, costs,
/// slots, threads.
pub(crate) fn scaled(policy: &Policy, rate: Rate) -> Policy {
    let mut policy = policy.clone();
    for backend in &mut policy.backends {
        backend.capacity = backend.capacity.map(|capacity| match capacity {
            Capacity::Bytes(Bytes(bytes)) => Capacity::Bytes(Bytes(rate.of(bytes))),
            Capacity::Entries(entries) => Capacity::Entries(rate.of(entries)),
        });
    }
    for tracks in policy
        .buses
        .iter_mut()
        .filter_map(|bus| bus.tracks.as_mut())
    {
        let keys = rate.of(u64::from(tracks.max_keys));
        tracks.max_keys = u32::try_from(keys).unwrap_or(u32::MAX);
    }
    policy
}

/// What must be known of a sample's figures. `has_requests`: there are requests in it, and not
/// accesses of keys only.
pub(crate) fn notes(policy: &Policy, rate: Rate, kept: u64, has_requests: bool) -> Vec<String> {
    let percent = percent(rate.share());
    let (unit, whole) = if has_requests {
        ("paths", "each path with all of its requests or none")
    } else {
        ("keys", "each key with all of its accesses or none")
    };
    let one = if has_requests { "path" } else { "key" };
    let mut notes = vec![format!(
        "this is a sample of {percent} of the {unit}, {whole}; every capacity was scaled to {percent}. \
         Counts, bytes and rates are those of the sample: divide them by {}. Ratios and times are \
         estimates, which a very popular {one} moves by being in the sample or not; `--seeds 8` says \
         how far",
        rate.share(),
    )];
    if kept < u64::from(KEYS_MIN) {
        notes.push(format!(
            "with fewer than {KEYS_MIN} {unit} a sample can be far off: published errors of less than \
             0.01 in hit ratios, on average, are for at least that many"
        ));
    }
    if has_requests {
        notes.push(
            "the estimated share of all requests takes those that the sample has more or fewer than expected for \
             hits, unless no level has copies for their path: another popular path that is seldom a hit makes it too \
             high where it is not in the sample, and too low where it is"
                .to_owned(),
        );
        let shared = shared(policy);
        if !shared.is_empty() {
            notes.push(format!(
                "{} by many paths, of which only {percent} ask here: the hit ratio is too low, and \
                 copies that all paths need take more of the scaled capacity than they would",
                listed(&shared)
            ));
        }
    }
    let is_limited = policy.threads.is_some()
        || policy
            .origins
            .iter()
            .any(|origin| origin.slots.is_some() || origin.rate.is_some());
    if is_limited {
        notes.push(
            "slots, threads and rates of origins are not scaled, so that hardly anybody waits for \
             them in a sample: latencies and waits are too short, and claims about them are not \
             decided"
                .to_owned(),
        );
    }
    notes
}

/// `0.1%`, `12.5%`
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5];
    let places = decimals.iter().position(|unit| {
        let rounded = libm::round(percent * unit) / unit;
        libm::fabs(rounded - percent) <= percent * 0.005
    });
    format!("{percent:.*}%", places.unwrap_or(6))
}

/// Levels whose keys are not decided by one path: what pages embed, unless its parameters are the
/// page's own.
fn shared(policy: &Policy) -> Vec<&str> {
    let mut shared = vec![false; policy.levels.len()];
    // A level stands after everything that it contains.
    for (outer, level) in policy.levels.iter().enumerate().rev() {
        for contain in &level.contains {
            let own = |arg: &ValueSource| matches!(arg, ValueSource::Param(_));
            let is_own = !contain.args.is_empty() && contain.args.iter().all(own);
            let outer_is_shared = shared.get(outer).copied().unwrap_or(false);
            if let Some(inner) = shared.get_mut(contain.level.index()) {
                *inner |= !is_own || outer_is_shared;
            }
        }
    }
    let levels = policy.levels.iter().zip(shared);
    let shared = levels.filter(|(level, is_shared)| {
        let is_part = matches!(level.kind, LevelKind::Object | LevelKind::Fragment);
        *is_shared && is_part && level.is_stored()
    });
    shared.map(|(level, _)| level.name.as_str()).collect()
}

/// `` `a` is asked for ``, `` `a`, `b` and `c` are asked for ``; of many the first ones.
fn listed(names: &[&str]) -> String {
    const NAMED: usize = 4;
    let mut quoted: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > NAMED {
        quoted.push(format!("{} others", names.len() - NAMED));
    }
    let verb = if names.len() == 1 { "is" } else { "are" };
    let last = quoted.pop().unwrap_or_default();
    if quoted.is_empty() {
        return format!("{last} {verb} asked for");
    }
    format!("{} and {last} {verb} asked for", quoted.join(", "))
}

/// Does a figure grow with how much traffic there is, so that a sample says nothing of whether a
/// claim about it holds?
pub(crate) fn grows_with_traffic(policy: &Policy, subject: &Subject, figure: &str) -> bool {
    let waits_count =
        policy.threads.is_some() || policy.origins.iter().any(|origin| origin.slots.is_some());
    match subject {
        Subject::Origin(_) | Subject::Backend(_) => true,
        Subject::Level(_) | Subject::Route(_) | Subject::Requests => {
            let of_time = figure.starts_with("latency") || figure.starts_with("lock.wait.");
            matches!(
                figure,
                "lookups"
                    | "fills"
                    | "expired_serves"
                    | "out_of_date.serves"
                    | "leaks"
                    | "lock.waits"
                    | "lock.timeouts"
            ) || (of_time && waits_count)
        }
        Subject::Fault(_) => false,
    }
}
