//! Everybody who misses makes the copy, at once.

use super::finding::{Finding, Place, Severity};
use super::{Lint, Study};
use crate::protection::Lease;
use crate::words::brief;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::graph::is_personal;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

pub(super) static LINT: Lint = Lint {
    code: "stampede-unprotected",
    severity: Severity::Warning,
    what: "A copy that is dear to make is made by everybody who misses it at the same time.",
    why: "`get_or_set` is get, compute, set: nothing keeps a second request from computing too. When a popular copy \
          expires, all requests that come before the first one is done run the same query, which makes each of them \
          slower, so that more come. `stampede lease 5s wait 2s` lets one of them compute and the others wait; \
          `coalesce` does so within each process, without a lock. (`stale-while-revalidate` and `early-refresh` help \
          with a copy that expires, not with one that a write has removed.) It is told from what a workload asks, and without \
          one of levels that take 100 ms and more.",
    allow: "The work is cheap at the origin, however many ask at once.",
    failing: "object report { store shared; ttl 5m jitter 10%; cost 400ms on db }",
    mended: "object report { store shared; ttl 5m jitter 10%; cost 400ms on db; stampede lease 5s wait 2s }",
    run,
};

/// Fills of one key at once, on average, from which on it matters.
const MANY: f64 = 10.0;

/// Without a workload: own work from which on it matters, in seconds.
const DEAR: f64 = 0.1;

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    for (id, level) in study.levels() {
        // What refreshes a copy before its end does nothing for one that is not there.
        let is_refreshed = level.rules.early_refresh.is_some()
            || level.rules.stale_while_revalidate > Duration::ZERO;
        let is_open = level.is_stored()
            && level.rules.stampede == Stampede::None
            && (!is_refreshed || is_purged(study, id));
        let takes = level.cost.otherwise.quantile(0.5) / 1e9;
        if !is_open || takes <= 0.0 {
            continue;
        }
        let why = match study.traffic().of(id) {
            Some(demand) => {
                let at_once = 1.0 + demand.per_second * demand.keys.hottest() * takes;
                let most = workers(study.policy);
                if at_once < MANY || most == Some(1) {
                    continue;
                }
                match most.filter(|most| at_once > *most as f64) {
                    Some(most) => format!(
                        "all {most} requests that {} can work on do so for its most popular copy, and about {:.0} more wait",
                        crews(study.policy),
                        at_once - most as f64
                    ),
                    None => format!(
                        "about {at_once:.0} requests do so at once for its most popular copy"
                    ),
                }
            }
            None if takes >= DEAR && !is_one_users(study, id, level) => {
                "whoever asks meanwhile does so again".to_owned()
            }
            None => continue,
        };
        let cost = brief(Duration::from_secs_f64(takes));
        let name = &level.name;
        let message =
            format!("each request that misses `{name}` makes it anew, which takes {cost}: {why}");
        let lease = Lease::of(study.policy, id).source();
        let help = format!(
            "write `{lease}`: one makes it, the others wait for it; or `stampede coalesce`"
        );
        let mut finding = Finding::new(lint, Place::Level(id), message, help)
            .label("nothing keeps others from making it at the same time");
        if let Some(origin) = level.origin {
            finding = finding.related(
                Place::Property(id, "cost"),
                "this is what each of them does",
            );
            finding = finding.related(Place::Origin(origin), "all of it arrives here");
        }
        found.push(finding);
    }
}

/// Does a write remove copies of it?
fn is_purged(study: &Study<'_>, level: LevelId) -> bool {
    let models = study.graph.dependencies(level).map(|all| &all.models);
    let actions = models
        .into_iter()
        .flatten()
        .flat_map(|model| study.acted.on(level, *model));
    actions
        .filter_map(|action| action.get(study.policy))
        .any(|action| action.verb != Verb::Expire)
}

/// How many requests are worked on at once, where the policy says it.
fn workers(policy: &Policy) -> Option<u64> {
    let threads = policy.threads?;
    Some(u64::from(policy.processes) * u64::from(threads))
}

/// "4 processes of 1 thread"
fn crews(policy: &Policy) -> String {
    let threads = policy.threads.unwrap_or(1);
    let of = match threads {
        1 => "1 thread".to_owned(),
        many => format!("{many} threads"),
    };
    match policy.processes {
        1 => format!("a process of {of}"),
        many => format!("{many} processes of {of}"),
    }
}

/// One user does not ask for their copy many times at once.
fn is_one_users(study: &Study<'_>, id: LevelId, level: &Level) -> bool {
    let all = study.graph.dependencies(id);
    let dimensions = all.into_iter().flat_map(|all| &all.dimensions);
    let varies = level.vary.iter().chain(dimensions);
    varies
        .copied()
        .any(|dimension| is_personal(study.policy, dimension))
}
