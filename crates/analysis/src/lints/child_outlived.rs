//! What a write removes lives on inside of what contains it.

use super::finding::{Edit, Finding, Place, Severity};
use super::study::Stale;
use super::{Lint, Study};
use crate::bounds::Edge;
use crate::bounds::missed::{Missed, Reason};
use crate::cover::ActionRef;
use crate::kinds::Kind;
use crate::words::for_up_to;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::ids::{LevelId, ModelId};
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "child-outlived",
    severity: Severity::Warning,
    what: "A write purges a copy, and a longer-lived copy that contains it is kept.",
    why: "A page holds what it was made of. Purging the list inside of it changes nothing for those who are served \
          the page: they see the old list until the page's own lifetime is over. Purge the page in the same block \
          (the order there does not matter: what is contained goes first), write `cascade`, or give the page a \
          lifetime that does not matter.",
    allow: "The container is allowed to be late; better still, `accept staleness(homepage, Article) <= 15m`.",
    failing: "view home { route GET \"/\"; store shared; data slug; contains article(slug); ttl 15m }",
    mended: "view home { route GET \"/\"; store shared; data slug; contains article(slug); ttl 1m }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut outlived: BTreeSet<(LevelId, ModelId)> = BTreeSet::new();
    let mut last: Option<LevelId> = None;
    for stale in &study.stale {
        let Some((inner, actions)) = purged_inside(study, stale, &outlived) else {
            continue;
        };
        outlived.insert((stale.level, stale.model));
        let action = actions.first().copied();
        // One finding for each container: the others have the same mending.
        if last == Some(stale.level) {
            if let (Some(finding), Some(action)) = (found.last_mut(), action) {
                let told = finding.clone();
                *finding = told.related(Place::Action(action), removes(study, inner));
            }
            continue;
        }
        last = Some(stale.level);
        found.push(finding(lint, study, stale, inner, action));
    }
}

/// A stored level inside that a write removes, while the one around it is kept.
fn purged_inside<'s>(
    study: &'s Study<'_>,
    stale: &Stale,
    outlived: &BTreeSet<(LevelId, ModelId)>,
) -> Option<(LevelId, &'s [ActionRef])> {
    let kept: Vec<Kind> = stale.inherited.iter().flat_map(unheard).copied().collect();
    if kept.is_empty() {
        return None;
    }
    study
        .stored_inside(stale.level)
        .into_iter()
        .find_map(|inner| {
            let actions = study.acted.on(inner, stale.model);
            if outlived.contains(&(inner, stale.model)) {
                return Some((inner, actions));
            }
            let purges = |action: &&ActionRef| {
                let action = action.get(study.policy);
                action.is_some_and(|action| action.verb != Verb::Expire)
            };
            actions.iter().find(purges)?;
            let bound = study.bounds.of(inner, stale.model)?;
            let own: Vec<Kind> = match &bound.edge {
                Edge::Sound { .. } => Vec::new(),
                Edge::Unsound(missed) => missed.iter().flat_map(unheard).copied().collect(),
            };
            let is_purged = kept.iter().any(|kind| !own.contains(kind));
            is_purged.then_some((inner, actions))
        })
}

/// The writes after which nothing is done.
fn unheard(missed: &Missed) -> &[Kind] {
    match missed.reason {
        Reason::NoAction | Reason::NotEachWrite => &missed.kinds,
        _ => &[],
    }
}

fn removes(study: &Study<'_>, inner: LevelId) -> String {
    format!(
        "this removes `{}` and not what contains it",
        study.name(inner)
    )
}

fn finding(
    lint: &Lint,
    study: &Study<'_>,
    stale: &Stale,
    inner: LevelId,
    action: Option<ActionRef>,
) -> Finding {
    let words = study.words();
    let (outer, part) = (study.name(stale.level), study.name(inner));
    let model = study.model(stale.model);
    let message = format!(
        "a write of {} `{model}` removes `{part}`, and not `{outer}`, which holds a copy of it and shows that {}",
        crate::words::article(model),
        for_up_to(stale.lasts)
    );
    let target = words.target(stale.level, stale.model);
    let help = format!(
        "`purge {target}` in the same `on {model} …` block, write `cascade` behind the purge of `{part}`, or give \
         `{outer}` a shorter `ttl`"
    );
    let finding = Finding::new(lint, study.contain(stale.level, inner), message, help)
        .label(format!("the old `{part}` is kept in here"));
    let Some(action) = action else {
        return finding;
    };
    let finding = finding.related(Place::Action(action), removes(study, inner));
    let has_params = study
        .level(stale.level)
        .is_none_or(|level| !level.params.is_empty() || level.route.is_some() && target != outer);
    if has_params {
        return finding;
    }
    finding.fix(
        format!("purge `{outer}` too"),
        Edit::Action(action.edge, format!("purge {target}")),
    )
}
