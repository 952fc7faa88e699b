//! Invalidation edges in the words of the language.

use cachepolicy_core::edge::{
    Action, Condition, EdgeBlock, RowImage, RowPath, TagPart, Target, TargetArg, Verb,
};
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::policy::{Backend, Bus, Policy};

/// `Article create|update|delete`
#[must_use]
pub fn on(policy: &Policy, edge: &EdgeBlock) -> String {
    let operations: Vec<&str> = edge
        .operations
        .iter()
        .map(|operation| operation.name())
        .collect();
    let model = policy.models.get(edge.model.index());
    let model = model.map_or("", |model| model.name.as_str());
    format!("{model} {}", operations.join("|"))
}

/// `purge article(slug) when changed(title)`
#[must_use]
pub fn action(policy: &Policy, edge: &EdgeBlock, action: &Action) -> String {
    let names = Names {
        policy,
        model: edge.model,
    };
    let verb = match action.verb {
        Verb::Purge => "purge",
        Verb::Expire => "expire",
        Verb::Bump => "bump",
    };
    let mut text = format!("{verb} {}", names.target(&action.target));
    if action.cascade {
        text.push_str(" cascade");
    }
    if let Some(condition) = &action.when {
        text.push_str(" when ");
        text.push_str(&names.condition(condition));
    }
    text
}

/// `change in shared`: what a bus that tracks it tells of.
#[must_use]
pub fn change(backend: &Backend) -> String {
    format!("change in {}", backend.name)
}

/// `purge in its readers' memory via tracking`
#[must_use]
pub fn tracking(bus: &Bus) -> String {
    format!("purge in its readers' memory via {}", bus.name)
}

struct Names<'a> {
    policy: &'a Policy,
    /// The model that is written.
    model: ModelId,
}

impl Names<'_> {
    fn target(&self, target: &Target) -> String {
        match target {
            Target::Level { level, args } => {
                let Some(level) = self.policy.levels.get(level.index()) else {
                    return String::new();
                };
                let args: Vec<String> = level
                    .params
                    .iter()
                    .zip(args)
                    .map(|(param, arg)| self.argument(param, arg, level.params.len() == 1))
                    .collect();
                if args.is_empty() {
                    level.name.clone()
                } else {
                    format!("{}({})", level.name, args.join(", "))
                }
            }
            Target::Tag(parts) => {
                let parts = parts.iter().map(|part| match part {
                    TagPart::Text(text) => text.replace('{', "{{").replace('}', "}}"),
                    TagPart::Row(path) => format!("{{{}}}", self.path(path)),
                });
                format!("tag \"{}\"", parts.collect::<String>())
            }
        }
    }

    fn argument(&self, param: &str, arg: &TargetArg, alone: bool) -> String {
        match arg {
            TargetArg::Any if alone => "*".to_owned(),
            TargetArg::Any => format!("{param}: *"),
            TargetArg::Literal(text) => format!("{param}: \"{text}\""),
            TargetArg::Row(path) => {
                let path = self.path(path);
                if path == param {
                    path
                } else {
                    format!("{param}: {path}")
                }
            }
        }
    }

    fn path(&self, path: &RowPath) -> String {
        let mut text = String::new();
        if path.each {
            text.push_str("each ");
        }
        text.push_str(match path.image {
            RowImage::Old => "old.",
            RowImage::New => "new.",
            RowImage::Both => "",
        });
        let mut model = self.model;
        for (index, &field) in path.path.iter().enumerate() {
            if index > 0 {
                text.push('.');
            }
            let Some(field) = self.field(model, field) else {
                break;
            };
            text.push_str(&field.name);
            model = field.reference.map_or(model, |reference| reference.model);
        }
        text
    }

    fn field(&self, model: ModelId, field: FieldId) -> Option<&cachepolicy_core::policy::Field> {
        self.policy
            .models
            .get(model.index())?
            .fields
            .get(field.index())
    }

    /// Nested only as deep as a policy's expressions are.
    fn condition(&self, condition: &Condition) -> String {
        let nested = |parts: &[Condition], word: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Condition::And(_) | Condition::Or(_) => format!("({})", self.condition(part)),
                    Condition::Not(_) | Condition::Changed(_) | Condition::In(..) => {
                        self.condition(part)
                    }
                })
                .collect();
            parts.join(word)
        };
        match condition {
            Condition::And(parts) => nested(parts, " and "),
            Condition::Or(parts) => nested(parts, " or "),
            Condition::Not(part) => format!("not {}", nested(std::slice::from_ref(part), "")),
            Condition::Changed(fields) => {
                let fields = fields
                    .iter()
                    .filter_map(|&field| self.field(self.model, field));
                let fields: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
                format!("changed({})", fields.join(", "))
            }
            Condition::In(path, values) => match values.as_slice() {
                [value] => format!("{} == \"{value}\"", self.path(path)),
                values => {
                    let values: Vec<String> =
                        values.iter().map(|value| format!("\"{value}\"")).collect();
                    format!("{} in [{}]", self.path(path), values.join(", "))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::policy;

    #[test]
    fn edges_read_as_they_are_written() {
        let policy = policy();
        let rows: Vec<String> = policy
            .edges
            .iter()
            .flat_map(|edge| {
                edge.actions
                    .iter()
                    .map(|a| format!("{}: {}", on(&policy, edge), action(&policy, edge, a)))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "Article create|update|delete: purge article(slug)",
                "Article create|update|delete: expire page(*) cascade when changed(title)",
                "Article create|update|delete: purge tag \"author:{old.author.name}\" when not (old.slug == \"a\" or changed(slug, author))",
            ]
        );
    }
}
