//! Streams of writes.

use super::paths::Paths;
use super::rows::{Rows, Written};
use crate::event::{Event, Write};
use crate::popularity::Sampler;
use crate::random::Stream;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::ids::{FieldId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Time;
use cachepolicy_core::workload::WriteMix;

/// What one stream of writes writes.
#[derive(Debug)]
pub(super) struct Writes {
    model: ModelId,
    operation: Operation,
    fields: Vec<(FieldId, Sampler, Stream)>,
    changes: Option<Vec<FieldId>>,
    paths: Paths,
    /// Which row, where no field is drawn.
    any: Stream,
}

impl Writes {
    /// `name` tells its random streams from those of others.
    pub(super) fn new(policy: &Policy, mix: &WriteMix, seed: u64, name: &str) -> Self {
        let fields = mix.fields.iter().map(|(field, popularity)| {
            let number = field.0.to_string();
            let stream = Stream::new(seed, &["write", name, &number]);
            (*field, Sampler::new(popularity), stream)
        });
        Self {
            model: mix.model,
            operation: mix.operation,
            fields: fields.collect(),
            changes: mix.changes.clone(),
            paths: Paths::of(policy, mix.model),
            any: Stream::new(seed, &["write", name]),
        }
    }

    /// The next write.
    pub(super) fn fill(&mut self, at: Time, rows: &mut Rows, event: &mut Event) {
        let drawn: Vec<(FieldId, String)> = self
            .fields
            .iter_mut()
            .map(|(field, sampler, stream)| (*field, sampler.draw(stream).to_string()))
            .collect();
        let named = drawn
            .iter()
            .find(|(field, _)| Some(*field) == rows.identity(self.model))
            .or(drawn.first());
        let identity = match (self.operation, named) {
            (Operation::Create, _) => rows.fresh().to_string(),
            (Operation::Update | Operation::Delete, Some((_, text))) => text.clone(),
            (Operation::Update | Operation::Delete, None) => {
                rows.any(self.model, &mut self.any).to_string()
            }
        };
        let written = Written {
            model: self.model,
            identity: &identity,
            drawn: &drawn,
            paths: &self.paths,
        };
        let create = self.operation == Operation::Create;
        let old = (!create).then(|| rows.row(written));
        match self.operation {
            Operation::Update => rows.change(written, self.changes.as_deref()),
            // Another row takes the place of a deleted one.
            Operation::Delete => rows.change(written, None),
            Operation::Create => {}
        }
        let new = (self.operation != Operation::Delete).then(|| rows.row(written));
        *event = Event::Write(Write {
            at,
            model: rows.model_name(self.model).to_owned(),
            operation: self.operation,
            old,
            new,
            process: None,
            delay: None,
        });
    }
}
