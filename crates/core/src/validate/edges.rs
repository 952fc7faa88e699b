//! Invalidation edges.

use super::{Checked, Checker, ensure};
use crate::edge::{Condition, EdgeBlock, RowPath, TagPart, Target, TargetArg};
use crate::expr::MAX_DEPTH;
use crate::ids::ModelId;
use crate::tags::MAX_EACH;

impl Checker<'_> {
    pub(super) fn edge(self, _: usize, block: &EdgeBlock) -> Checked {
        self.has_model(block.model)?;
        ensure(
            block.bus.is_none_or(|bus| {
                let bus = self.policy.buses.get(bus.index());
                bus.is_some_and(|bus| bus.tracks.is_none())
            }),
            "it travels over a bus that does not exist, or tracks a backend",
        )?;
        for action in &block.actions {
            self.place(action.place)?;
            self.target(block.model, &action.target)?;
            if let Some(when) = &action.when {
                self.condition(block.model, when, MAX_DEPTH)?;
            }
        }
        Ok(())
    }

    fn target(self, model: ModelId, target: &Target) -> Checked {
        match target {
            Target::Level { level, args } => {
                let level = self.policy.levels.get(level.index());
                let Some(level) = level else {
                    return Err("its target is a level that does not exist");
                };
                ensure(
                    level.params.len() == args.len(),
                    "its target has another number of parameters",
                )?;
                args.iter().try_for_each(|arg| match arg {
                    TargetArg::Row(path) => self.row_path(model, path),
                    TargetArg::Any | TargetArg::Literal(_) => Ok(()),
                })
            }
            Target::Tag(parts) => {
                let paths = || {
                    parts.iter().filter_map(|part| match part {
                        TagPart::Row(path) => Some(path),
                        TagPart::Text(_) => None,
                    })
                };
                ensure(paths().count() <= MAX_EACH, "a tag has too many values")?;
                ensure(
                    paths().filter(|path| path.each).count() <= 1,
                    "a tag to purge has more than one `each`",
                )?;
                paths().try_for_each(|path| self.row_path(model, path))
            }
        }
    }

    /// Fields from the model on; all but the last are references.
    fn row_path(self, mut model: ModelId, path: &RowPath) -> Checked {
        let Some((last, references)) = path.path.split_last() else {
            return Err("a value of the row has no field");
        };
        for &field in references {
            let reference = self
                .policy
                .models
                .get(model.index())
                .and_then(|model| model.fields.get(field.index()))
                .and_then(|field| field.reference);
            model = reference
                .ok_or("a value of the row goes through a field that is no reference")?
                .model;
        }
        self.has_field(model, *last)
    }

    fn condition(self, model: ModelId, condition: &Condition, depth: usize) -> Checked {
        let Some(inner) = depth.checked_sub(1) else {
            return Err("a condition is nested too deeply");
        };
        match condition {
            Condition::And(parts) | Condition::Or(parts) => parts
                .iter()
                .try_for_each(|part| self.condition(model, part, inner)),
            Condition::Not(part) => self.condition(model, part, inner),
            Condition::Changed(fields) => fields
                .iter()
                .try_for_each(|&field| self.has_field(model, field)),
            Condition::In(path, _) => self.row_path(model, path),
        }
    }
}
