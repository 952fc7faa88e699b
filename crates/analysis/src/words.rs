//! Bounds in sentences: the path that causes each, the condition that an edge misses, and what would
//! mend it.

use crate::bounds::missed::{Missed, Reason};
use crate::bounds::{Bound, Bounds, By, Edge, Taken};
use crate::cover::ActionRef;
use crate::kinds::Kind;
use cachepolicy_core::edge::{Operation, Target, TargetArg, Verb};
use cachepolicy_core::ids::{BackendId, FieldId, LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;

/// Says what the bounds of a policy mean.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// What they are bounds of.
    pub policy: &'a Policy,
    /// The bounds.
    pub bounds: &'a Bounds,
}

impl Words<'_> {
    /// Why a bound is what it is, in one sentence.
    #[must_use]
    pub fn path(&self, level: LevelId, bound: &Bound) -> String {
        match (bound.by, &bound.edge) {
            (By::Embedded, _) => self.embedded(level, bound),
            (
                By::Edges,
                &Edge::Sound {
                    delay,
                    stale,
                    shared,
                    survive,
                    ..
                },
            ) => self.through_edges(level, bound, (delay, stale, shared, survive)),
            _ => self.through_time(level, bound),
        }
    }

    fn embedded(&self, level: LevelId, bound: &Bound) -> String {
        let name = self.level(level);
        match bound.taken {
            Taken::Contained(inner, _) => {
                let oldest = self.oldest_inside(inner, bound.model);
                format!("{name} is not stored; the oldest that it can embed is {oldest}")
            }
            Taken::Replica(lag) => {
                format!(
                    "{name} is not stored; the replica that it reads lags by up to {}",
                    brief(lag)
                )
            }
            Taken::Fresh => format!("{name} is not stored, and so is nothing that it embeds"),
        }
    }

    /// The stored level that decides how old what a level gives is.
    fn oldest_inside(&self, level: LevelId, model: ModelId) -> String {
        let (mut level, mut left) = (level, self.policy.levels.len());
        while let Some(bound) = self.bounds.of(level, model)
            && let Taken::Contained(inner, age) = bound.taken
            && age > bound.staleness
            && left > 0
        {
            level = inner;
            left -= 1;
        }
        self.level(level)
    }

    fn through_time(&self, level: LevelId, bound: &Bound) -> String {
        let name = self.level(level);
        if bound.copy.is_forever() {
            let declared = self.policy.levels.get(level.index());
            let why = if declared.is_some_and(|level| level.rules.sliding) {
                "as long as somebody reads it, since its ttl is sliding"
            } else {
                "without limit"
            };
            return format!("a copy of {name} stored just before the write lives {why}");
        }
        let mut parts = vec![format!("lives {}", brief(bound.copy))];
        if bound.fill > Duration::ZERO {
            parts.push(format!("was up to {} in the making", brief(bound.fill)));
        }
        match bound.taken {
            Taken::Fresh => {}
            Taken::Replica(lag) => {
                parts.push(format!("read a replica that lags by {}", brief(lag)));
            }
            Taken::Contained(inner, age) => {
                let inner = self.level(inner);
                parts.push(format!("took in {inner}, {} old", brief(age)));
            }
        }
        let parts = list(&parts);
        format!("a copy of {name} stored just before the write {parts}")
    }

    fn through_edges(
        &self,
        level: LevelId,
        bound: &Bound,
        (delay, stale, shared, survive): (
            Duration,
            Duration,
            Duration,
            Option<(BackendId, Duration)>,
        ),
    ) -> String {
        let name = self.level(level);
        let mut text = if delay == Duration::ZERO {
            format!("every copy of {name} is invalidated at the commit")
        } else {
            format!(
                "every copy of {name} is invalidated within {}",
                brief(delay)
            )
        };
        if stale > Duration::ZERO {
            text.push_str(&format!(
                ", and stays in use for {} as a stale one",
                brief(stale)
            ));
        }
        if let Some((backend, time)) = survive {
            let backend = self.backend(backend);
            text.push_str(&format!(
                "; {backend} does not hear of it in time and keeps its copy for up to {}",
                brief(time)
            ));
        }
        if shared >= bound.staleness && shared > Duration::ZERO {
            text.push_str(&format!(
                "; who waits for a fill that began before the write gets what is up to {} old",
                brief(shared)
            ));
        }
        text
    }

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
            Reason::NoAction => format!(
                "write `purge {}` into an `on {of} {operation} after commit` block",
                self.target(level)
            ),
            Reason::NotEachWrite => self.widen(of, missed),
            Reason::SomeKeys => format!(
                "purge `{name}(*)`, or give `{name}` a tag for the rows that it shows and purge that"
            ),
            Reason::OneImage => "write the bare field: it stands for both images".to_owned(),
            Reason::BeforeCommit => "write `after commit`".to_owned(),
            Reason::NotReached(backend) => format!(
                "send it over a bus that `reaches all-processes`, or give {} a short `ttl` in `store`",
                self.backend(backend)
            ),
            Reason::Lost => "send it over a bus that delivers `at-least-once`".to_owned(),
            Reason::NoGreatestDelay => "give the bus's `delay` a `max`".to_owned(),
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

    /// Writes of some kinds: `an Article is created or deleted or Article.author changes`.
    #[must_use]
    pub fn writes(&self, model: ModelId, kinds: &[Kind]) -> String {
        let one = format!("{} {}", article(self.model(model)), self.model(model));
        let operations = [
            (Operation::Create, "created"),
            (Operation::Delete, "deleted"),
        ];
        let mut done: Vec<&str> = Vec::new();
        for (operation, word) in operations {
            if kinds.iter().any(|kind| kind.operation() == operation) {
                done.push(word);
            }
        }
        if kinds.contains(&Kind::Update(None)) {
            done.push("updated");
        }
        let mut said = Vec::new();
        if !done.is_empty() {
            said.push(format!("{one} is {}", done.join(" or ")));
        }
        let named = kinds.iter().filter(|_| !done.contains(&"updated"));
        for kind in named {
            if let Kind::Update(Some(field)) | Kind::Move(field) = kind {
                let (model, field) = (self.model(model), self.field(model, *field));
                said.push(format!("{model}.{field} changes"));
            }
        }
        said.join(" or ")
    }

    /// An action as it is written, without its condition: "`purge article(slug)`".
    fn action(&self, action: ActionRef) -> String {
        let (Some(block), Some(action)) = (action.block(self.policy), action.get(self.policy))
        else {
            return "the action".to_owned();
        };
        let verb = match action.verb {
            Verb::Purge => "purge",
            Verb::Expire => "expire",
            Verb::Bump => "bump",
        };
        match &action.target {
            Target::Level { level, args } => {
                let name = self
                    .policy
                    .levels
                    .get(level.index())
                    .map_or("", |level| &level.name);
                let args: Vec<String> = args
                    .iter()
                    .map(|arg| match arg {
                        TargetArg::Any => "*".to_owned(),
                        TargetArg::Literal(text) => format!("{text:?}"),
                        TargetArg::Row(path) => {
                            let field = path.path.first();
                            field
                                .map_or("", |field| self.field(block.model, *field))
                                .to_owned()
                        }
                    })
                    .collect();
                if args.is_empty() {
                    format!("`{verb} {name}`")
                } else {
                    format!("`{verb} {name}({})`", args.join(", "))
                }
            }
            Target::Tag(_) => format!("`{verb} tag …` (line {})", action.place.line),
        }
    }

    /// A level with its parameters as an action's target.
    fn target(&self, level: LevelId) -> String {
        let Some(level) = self.policy.levels.get(level.index()) else {
            return String::new();
        };
        if level.params.is_empty() {
            level.name.clone()
        } else {
            let any = vec!["*"; level.params.len()];
            format!("{}({})", level.name, any.join(", "))
        }
    }

    fn level(&self, level: LevelId) -> String {
        let name = self
            .policy
            .levels
            .get(level.index())
            .map_or("", |level| &level.name);
        format!("`{name}`")
    }

    fn backend(&self, backend: BackendId) -> String {
        let name = self
            .policy
            .backends
            .get(backend.index())
            .map_or("", |backend| &backend.name);
        format!("`{name}`")
    }

    fn model(&self, model: ModelId) -> &str {
        self.policy
            .models
            .get(model.index())
            .map_or("", |model| &model.name)
    }

    fn field(&self, model: ModelId, field: FieldId) -> &str {
        let model = self.policy.models.get(model.index());
        let field = model.and_then(|model| model.fields.get(field.index()));
        field.map_or("", |field| &field.name)
    }
}

/// `create|update`
fn operations(kinds: &[Kind]) -> String {
    let all = [Operation::Create, Operation::Update, Operation::Delete];
    let named = all
        .into_iter()
        .filter(|operation| kinds.iter().any(|kind| kind.operation() == *operation));
    named.map(Operation::name).collect::<Vec<_>>().join("|")
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['A', 'E', 'I', 'O', 'U']) {
        "an"
    } else {
        "a"
    }
}

/// `a`, `a and b`, `a, b and c`
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A length of time in its two largest units, rounded up: `10m 2s`, `3s 20ms`.
#[must_use]
pub fn brief(duration: Duration) -> String {
    const UNITS: [(&str, i64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    if duration.is_forever() {
        return "without limit".to_owned();
    }
    let nanos = duration.nanos();
    let Some(first) = UNITS.iter().position(|(_, length)| nanos >= *length) else {
        return "0s".to_owned();
    };
    let last = UNITS.len() - 1;
    let smaller = UNITS[(first + 1).min(last)].1;
    let rounded = nanos.saturating_add(smaller - 1) / smaller * smaller;
    let first = UNITS
        .iter()
        .position(|(_, length)| rounded >= *length)
        .unwrap_or(first);
    let (name, length) = UNITS[first];
    let rest = rounded % length / smaller;
    let mut text = format!("{}{name}", rounded / length);
    if rest > 0 {
        text.push_str(&format!(" {rest}{}", UNITS[(first + 1).min(last)].0));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_rounded_up() {
        let shown = [
            0,
            7,
            1_500,
            20_000_000,
            3_020_000_001,
            59_999_999_999,
            602_020_000_000,
            3_600_000_000_000,
        ]
        .map(|nanos| brief(Duration::from_nanos(nanos)));
        let expected = [
            "0s",
            "7ns",
            "1us 500ns",
            "20ms",
            "3s 21ms",
            "1m",
            "10m 3s",
            "1h",
        ];
        assert_eq!(shown, expected);
    }
}
