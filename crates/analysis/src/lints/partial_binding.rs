//! An action that reaches some of the copies that a write concerns.

use super::finding::{Finding, Place, Severity};
use super::study::Stale;
use super::{Lint, Study};
use crate::bounds::missed::Reason;
use crate::cover::ActionRef;
use crate::words::for_up_to;
use cachepolicy_core::edge::{Target, TargetArg};
use cachepolicy_core::ids::FieldId;
use cachepolicy_core::level::ValueSource;
use std::collections::BTreeSet;

pub(super) static LINT: Lint = Lint {
    code: "partial-binding",
    severity: Severity::Warning,
    what: "An action purges copies by a value that is not what their key has, or only some of the copies that show the row.",
    why: "The key of `comments(article)` holds the comment's article. A purge by the comment's own id removes the copy \
          of some other article, if any; a purge of page 1 leaves the other pages. Bind the parameter to the field \
          that the level's `reads` binds it to, or purge all with `*`.",
    allow: "The copies that are not reached do not show what the write changes; then their `reads` can say so.",
    failing: "model Comment { id; article -> Article; text }\nobject comments(article) { store shared; reads Comment(article: article); ttl 5m; fence }\non Comment create|update|delete after commit via outbox { purge comments(article: id) }",
    mended: "model Comment { id; article -> Article; text }\nobject comments(article) { store shared; reads Comment(article: article); ttl 5m; fence }\non Comment create|update|delete after commit via outbox { purge comments(article: article) }",
    run,
};

fn run(lint: &Lint, study: &Study<'_>, found: &mut Vec<Finding>) {
    let mut told: BTreeSet<ActionRef> = BTreeSet::new();
    for stale in &study.stale {
        for missed in &stale.missed {
            let (Reason::SomeKeys, Some(action)) = (missed.reason, missed.action) else {
                continue;
            };
            if !is_certain(study, stale, action) || !told.insert(action) {
                continue;
            }
            let words = study.words();
            let message = format!(
                "{}: the others stay old {}",
                words.missed(stale.level, stale.model, missed),
                for_up_to(stale.lasts)
            );
            let help = words.remedy(stale.level, stale.model, missed);
            found.push(
                Finding::new(lint, Place::Action(action), message, help).related(
                    study.read(stale.level, stale.model),
                    "by this, its copies show the row",
                ),
            );
        }
    }
}

/// Where a level may show any row, a purge by a value of the row is the author's knowledge of which
/// copies do. It is wrong for certain if it names one copy for all rows, or if the level itself says
/// by which field it selects its rows.
fn is_certain(study: &Study<'_>, stale: &Stale, action: ActionRef) -> bool {
    let Some(Target::Level { args, .. }) = action.get(study.policy).map(|action| &action.target)
    else {
        return false;
    };
    let Some(level) = study.level(stale.level) else {
        return false;
    };
    let mut reads = level
        .reads
        .iter()
        .filter(|read| read.model == stale.model)
        .peekable();
    let names_one = args.iter().any(|arg| matches!(arg, TargetArg::Literal(_)));
    // Where another action does what the level's own reads ask for, this one is about something else.
    let mut others = study.acted.on(stale.level, stale.model).iter();
    let is_bound = reads.peek().is_some() && reads.all(|read| !read.bindings.is_empty());
    names_one || (is_bound && !others.any(|other| binds_as_read(study, stale, *other)))
}

/// Does an action bind each parameter to a field that a read of the level binds it to?
fn binds_as_read(study: &Study<'_>, stale: &Stale, action: ActionRef) -> bool {
    let Some(Target::Level { level, args }) = action.get(study.policy).map(|action| &action.target)
    else {
        return false;
    };
    let reads = study.level(*level).map_or(&[][..], |level| &level.reads);
    let is_read = |param: u16, field: FieldId| {
        reads
            .iter()
            .filter(|read| read.model == stale.model)
            .any(|read| {
                let mut bindings = read.bindings.iter();
                bindings.any(|own| own.field == field && own.value == ValueSource::Param(param))
            })
    };
    *level == stale.level
        && (0..).zip(args).all(|(param, arg)| match arg {
            TargetArg::Any => true,
            TargetArg::Row(path) => path
                .path
                .first()
                .is_some_and(|field| is_read(param, *field)),
            TargetArg::Literal(_) => false,
        })
}
