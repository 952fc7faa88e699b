//! What edges do for a write, with values by their numbers as far as they have any.

use crate::deliver::{ANY, PendingWrite};
use crate::engine::Engine;
use crate::intern::NONE;
use crate::rows::RowView;
use crate::tables::Tables;
use cachepolicy_core::LevelId;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::effects::{Binding, EffectTarget, effects};
use smallvec::SmallVec;

/// An effect before all of its values have numbers.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) action: usize,
    pub(crate) verb: Verb,
    pub(crate) cascade: bool,
    pub(crate) target: NamedTarget,
}

/// To which copies.
#[derive(Debug)]
pub(crate) enum NamedTarget {
    Level(LevelId, SmallVec<[Arg; 2]>),
    Tag(String),
}

/// The value of a parameter.
#[derive(Debug)]
pub(crate) enum Arg {
    /// By its number, [`ANY`] or [`NONE`].
    Known(u32),
    /// One that never was anywhere.
    New(String),
}

impl Engine {
    /// What a block of edges does for a write is put into a list that is empty.
    pub(crate) fn name_effects(
        &mut self,
        t: &Tables,
        block: usize,
        write: &PendingWrite,
        named: &mut Vec<Named>,
    ) {
        let view = RowView {
            policy: &t.policy,
            texts: &self.values,
            rows: &self.deliveries.rows,
            write: &write.images,
        };
        let edge = &t.policy.edges[block];
        let number = |value: &str| match view.texts.find(value) {
            Some(number) => Arg::Known(number),
            None => Arg::New(value.to_owned()),
        };
        effects(edge, &view, &mut self.deliveries.buffer, |effect| {
            let target = match effect.target {
                EffectTarget::Level { level, args } => {
                    let args = args.iter().map(|arg| match arg {
                        Binding::Any => Arg::Known(ANY),
                        Binding::Absent => Arg::Known(NONE),
                        Binding::Value(value) => number(value),
                    });
                    NamedTarget::Level(level, args.collect())
                }
                EffectTarget::Tag(tag) => NamedTarget::Tag(tag.to_owned()),
            };
            named.push(Named {
                action: effect.action,
                verb: effect.verb,
                cascade: effect.cascade,
                target,
            });
        });
    }
}
