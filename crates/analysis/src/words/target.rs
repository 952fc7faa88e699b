//! How an action that reaches the copies that show a written row is written.

use super::Words;
use cachepolicy_core::ids::{FieldId, LevelId, ModelId};
use cachepolicy_core::level::{Level, ValueSource};

/// Levels are followed so deep into each other; below, any value of a parameter is meant.
const DEEPEST: usize = 6;

/// Of each parameter the field that it is bound to; `None`: any value.
type Fields = Vec<Option<FieldId>>;

impl Words<'_> {
    /// A level as the target of an action on a model's writes: each parameter as the field that all
    /// reads of the model bind it to, or `*`.
    pub(crate) fn target(&self, level: LevelId, model: ModelId) -> String {
        let Some(declared) = self.policy.levels.get(level.index()) else {
            return String::new();
        };
        if declared.params.is_empty() {
            return declared.name.clone();
        }
        let fields = self.fields(level, model, 0).unwrap_or_default();
        let args: Vec<&str> = (0..declared.params.len())
            .map(|param| match fields.get(param) {
                Some(Some(field)) => self.field(model, *field),
                _ => "*",
            })
            .collect();
        format!("{}({})", declared.name, args.join(", "))
    }

    /// `None`: it shows nothing of the model.
    fn fields(&self, level: LevelId, model: ModelId, depth: usize) -> Option<Fields> {
        let declared = self.policy.levels.get(level.index())?;
        if depth > DEEPEST {
            return Some(vec![None; declared.params.len()]);
        }
        let own = declared.reads.iter().filter(|read| read.model == model);
        let own = own.map(|read| {
            let bindings = read.bindings.iter();
            let plain = bindings.filter(|binding| !binding.each);
            let named = plain.map(|binding| (&binding.value, Some(binding.field)));
            by_parameter(declared, named)
        });
        let inner = declared.contains.iter().filter_map(|contain| {
            let fields = self.fields(contain.level, model, depth + 1)?;
            Some(by_parameter(declared, contain.args.iter().zip(fields)))
        });
        own.chain(inner).reduce(|all, one| {
            let each = all.into_iter().zip(one);
            each.map(|(a, b)| a.filter(|_| a == b)).collect()
        })
    }
}

fn by_parameter<'v>(
    level: &Level,
    values: impl Iterator<Item = (&'v ValueSource, Option<FieldId>)>,
) -> Fields {
    let mut fields = vec![None; level.params.len()];
    for (value, field) in values {
        if let ValueSource::Param(param) = value
            && let Some(of_param) = fields.get_mut(usize::from(*param))
        {
            *of_param = field;
        }
    }
    fields
}
