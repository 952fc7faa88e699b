//! What the edges miss, and what would mend it.

use super::{Words, brief};
use crate::bounds::missed::{Missed, Reason};
use crate::kinds::Kind;
use crate::lives::has_copies_before;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::ids::{LevelId, ModelId};

impl Words<'_> {
    /// The condition that the edges miss, as the rest of a sentence.
    #[must_use]
    pub fn missed(&self, level: LevelId, model: ModelId, missed: &Missed) -> String {
        let name = self.level(level);
        let write = self.writes(model, &missed.kinds);
        let Some(action) = missed.action else {
            return format!("nothing invalidates it when {write}");
        };
        let said = self.action(action);
        match missed.reason {
            Reason::NoAction => format!("nothing invalidates it when {write}"),
            Reason::NotEachWrite => format!("{said} does not act when {write}"),
            Reason::SomeKeys => {
                format!(
                    "when {write}, {said} does not reach every copy of {name} that shows the row"
                )
            }
            Reason::OneImage => format!(
                "when {write}, {said} reaches the keys of one image of the row, and the other image's \
                 copies stay"
            ),
            Reason::BeforeCommit => format!(
                "{said} comes before the commit, and a fill in between stores the old data again"
            ),
            Reason::NotReached(backend) => {
                format!(
                    "{said} does not reach the copies in {}",
                    self.backend(backend)
                )
            }
            Reason::Lost => format!("{said} can be lost on its way"),
            Reason::Outage(backend) => {
                format!(
                    "{said} is too late, or lost, when {} is down",
                    self.backend(backend)
                )
            }
            Reason::NoGreatestDelay => format!("{said} can take any time to arrive"),
            Reason::FillOvertakes(time) => format!(
                "a fill that began before the write can end up to {} later, after {said} has come, \
                 and stores the old data again",
                brief(time)
            ),
            Reason::ReplicaLags(lag) => format!(
                "a fill after {said} can read a replica that lags by up to {}",
                brief(lag)
            ),
            Reason::ContainedIsOld(inner) => {
                format!(
                    "a fill after {said} can take in a copy of {} that is still old",
                    self.level(inner)
                )
            }
            Reason::ContainedIsLater(inner) => format!(
                "a fill after {said} can take in a copy of {}, which hears of the write later",
                self.level(inner)
            ),
        }
    }

    /// What would mend it.
    #[must_use]
    pub fn remedy(&self, level: LevelId, model: ModelId, missed: &Missed) -> String {
        let name = self
            .policy
            .levels
            .get(level.index())
            .map_or("", |level| &level.name);
        let of = self.model(model);
        let operation = operations(&missed.kinds);
        match missed.reason {
            Reason::NoAction => {
                let target = self.target(level, model);
                let price = price(&target, name);
                format!(
                    "write `purge {target}` into an `on {of} {operation} after commit` block{price}"
                )
            }
            Reason::NotEachWrite => self.widen(of, missed),
            Reason::SomeKeys => self.reach_all(level, model, missed),
            Reason::OneImage => "write the bare field: it stands for both images".to_owned(),
            Reason::BeforeCommit => "write `after commit`".to_owned(),
            Reason::NotReached(backend) => format!(
                "send it over a bus that `reaches all-processes`, or give {} a short `ttl` in `store`",
                self.backend(backend)
            ),
            Reason::Lost => "send it over a bus that delivers `at-least-once`".to_owned(),
            Reason::Outage(_) => "a shorter `ttl` bounds it through an outage as well".to_owned(),
            Reason::NoGreatestDelay => "give the bus's `delay` a `max`".to_owned(),
            Reason::FillOvertakes(time) if self.is_before_the_application(level) => {
                purge_once_more(&brief(time))
            }
            Reason::FillOvertakes(time) => format!(
                "write `fence` or `stampede lease`, or let the bus's `delay` be at least {}",
                brief(time)
            ),
            Reason::ReplicaLags(lag) => {
                format!("let the bus's `delay` be at least {}", brief(lag))
            }
            Reason::ContainedIsOld(inner) => format!(
                "`purge` (not `expire`) what {} shows of the write as well, in the same block",
                self.level(inner)
            ),
            Reason::ContainedIsLater(inner) => format!(
                "invalidate {} and `{name}` in one block, where both are in shared backends",
                self.level(inner)
            ),
        }
    }

    fn is_before_the_application(&self, level: LevelId) -> bool {
        let level = self.policy.levels.get(level.index());
        level.is_some_and(|level| has_copies_before(self.policy, level))
    }

    /// How the copies that show a row can all be reached.
    fn reach_all(&self, level: LevelId, model: ModelId, missed: &Missed) -> String {
        let name = self.level(level);
        let target = self.target(level, model);
        let is_said = missed
            .action
            .is_some_and(|action| self.action(action).ends_with(&format!(" {target}`")));
        if target.contains('*') || is_said {
            let every = target.split('(').next().unwrap_or_default();
            let every = format!("{every}(*)");
            let price = price(&every, name.trim_matches('`'));
            format!("write `purge {every}`{price}")
        } else {
            format!("purge `{target}`: the fields by which {name} finds the row")
        }
    }

    /// How an action can be made to fire for each write.
    fn widen(&self, model: &str, missed: &Missed) -> String {
        let block = missed.action.and_then(|action| action.block(self.policy));
        let fires =
            |kind: &Kind| block.is_some_and(|block| block.operations.contains(&kind.operation()));
        let lacking: Vec<Kind> = missed
            .kinds
            .iter()
            .copied()
            .filter(|kind| !fires(kind))
            .collect();
        if lacking.is_empty() {
            "let its `when` hold for these writes too".to_owned()
        } else {
            format!("add `{}` to its `on {model} …` block", operations(&lacking))
        }
    }
}

/// What helps where no fence does.
pub(crate) fn purge_once_more(takes: &str) -> String {
    format!(
        "a cache before the application cannot refuse it: purge once more when it is done, over a bus with a `delay` of \
         at least {takes}"
    )
}

/// What a purge of all copies costs, and what is narrower.
fn price(target: &str, name: &str) -> String {
    let is_all = target
        .split_once('(')
        .is_some_and(|(_, args)| args.chars().all(|c| matches!(c, '*' | ',' | ' ' | ')')));
    if !is_all {
        return String::new();
    }
    format!(
        "; after each such write all copies of `{name}` are made anew, which costs hits: a tag for the rows that a copy shows (`tags`), and `purge tag`, removes only those"
    )
}

/// `create|update`
pub(super) fn operations(kinds: &[Kind]) -> String {
    let all = [Operation::Create, Operation::Update, Operation::Delete];
    let named = all
        .into_iter()
        .filter(|operation| kinds.iter().any(|kind| kind.operation() == *operation));
    named.map(Operation::name).collect::<Vec<_>>().join("|")
}
