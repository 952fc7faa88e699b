//! Bounds in sentences: the path that causes each, the condition that an edge misses, and what would
//! mend it.

mod briefly;
mod grammar;
mod missed;
mod target;

pub use grammar::brief;
pub(crate) use missed::purge_once_more;

use crate::bounds::{Bound, Bounds, By, Figures, Taken};
use crate::cover::ActionRef;
use crate::kinds::Kind;
use cachepolicy_core::edge::{Operation, RowImage, RowPath, TagPart, Target, TargetArg, Verb};
use cachepolicy_core::ids::{BackendId, FieldId, LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;
use grammar::alternatives;
pub(crate) use grammar::{article, count, for_up_to, list};

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
        match bound.by {
            By::Embedded => self.embedded(level, bound),
            By::Edges => self.through_edges(level, bound),
            By::Time => self.through_time(level, bound),
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
        let (what, mut parts) = if bound.copy == Duration::ZERO {
            let what = format!("a result of {name} that others waited for");
            (what, Vec::new())
        } else {
            let what = format!("a copy of {name} stored just before the write");
            (what, vec![format!("lives {}", brief(bound.copy))])
        };
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
        format!("{what} {}", list(&parts))
    }

    fn through_edges(&self, level: LevelId, bound: &Bound) -> String {
        let Figures {
            delay,
            stale,
            shared,
            survive,
            ..
        } = bound.figures;
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

    /// Writes of some kinds: "an `Article` is created or deleted, or `Article.author` changes".
    #[must_use]
    pub fn writes(&self, model: ModelId, kinds: &[Kind]) -> String {
        let one = format!("{} `{}`", article(self.model(model)), self.model(model));
        let operations = [
            (Operation::Create, "created"),
            (Operation::Delete, "deleted"),
        ];
        let mut done: Vec<String> = Vec::new();
        for (operation, word) in operations {
            if kinds.iter().any(|kind| kind.operation() == operation) {
                done.push(word.to_owned());
            }
        }
        let any_field = kinds.contains(&Kind::Update(None));
        if any_field {
            done.push("updated".to_owned());
        }
        let mut fields: Vec<String> = Vec::new();
        for kind in kinds.iter().filter(|_| !any_field) {
            if let Kind::Update(Some(field)) | Kind::Move(field) = kind {
                let (model, field) = (self.model(model), self.field(model, *field));
                fields.push(format!("`{model}.{field}`"));
            }
        }
        let done = (!done.is_empty()).then(|| format!("{one} is {}", alternatives(&done)));
        let fields = (!fields.is_empty()).then(|| format!("{} changes", alternatives(&fields)));
        let both: Vec<String> = done.into_iter().chain(fields).collect();
        both.join(", or ")
    }

    /// An action as it is written, without its condition: "`purge article(slug)`".
    pub(crate) fn action(&self, action: ActionRef) -> String {
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
                        TargetArg::Row(path) => self.row_path(block.model, path),
                    })
                    .collect();
                if args.is_empty() {
                    format!("`{verb} {name}`")
                } else {
                    format!("`{verb} {name}({})`", args.join(", "))
                }
            }
            Target::Tag(parts) => {
                let parts = parts.iter().map(|part| match part {
                    TagPart::Text(text) => text.clone(),
                    TagPart::Row(path) => format!("{{{}}}", self.row_path(block.model, path)),
                });
                format!("`{verb} tag \"{}\"`", parts.collect::<String>())
            }
        }
    }

    /// A path of a written row as it is written: `new.slug`, `each categories.slug`.
    fn row_path(&self, model: ModelId, path: &RowPath) -> String {
        let mut words: Vec<&str> = match path.image {
            RowImage::Old => vec!["old"],
            RowImage::New => vec!["new"],
            RowImage::Both => Vec::new(),
        };
        let mut model = Some(model);
        for field in &path.path {
            let Some(here) = model else {
                break;
            };
            words.push(self.field(here, *field));
            let declared = self.policy.models.get(here.index());
            let declared = declared.and_then(|model| model.fields.get(field.index()));
            model = declared.and_then(|field| field.reference.map(|reference| reference.model));
        }
        let each = if path.each { "each " } else { "" };
        format!("{each}{}", words.join("."))
    }

    pub(crate) fn level(&self, level: LevelId) -> String {
        let name = self
            .policy
            .levels
            .get(level.index())
            .map_or("", |level| &level.name);
        format!("`{name}`")
    }

    pub(crate) fn backend(&self, backend: BackendId) -> String {
        let name = self
            .policy
            .backends
            .get(backend.index())
            .map_or("", |backend| &backend.name);
        format!("`{name}`")
    }

    pub(crate) fn model(&self, model: ModelId) -> &str {
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
