//! What an invalidation means: which copies, and what is done to them.

use crate::entry::{Mark, Name};
use crate::params::Param;
use crate::store::memory::Index;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::effects::{Binding, Effect, EffectTarget};
use cachepolicy_core::ids::LevelId;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an effect means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) verb: Verb,
    pub(crate) target: MeantTarget,
    /// Also what embeds it.
    pub(crate) cascade: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MeantTarget {
    /// `None`: any value of that parameter.
    Level(LevelId, Vec<Option<Param>>),
    Tag(Box<str>),
    /// Every copy: nobody knows what was missed.
    #[cfg(feature = "redis")]
    All,
}

impl Meant {
    pub(crate) fn of(effect: &Effect<'_>) -> Self {
        let target = match effect.target {
            EffectTarget::Tag(tag) => MeantTarget::Tag(tag.into()),
            EffectTarget::Level { level, args } => {
                let args = args.iter().map(|arg| match arg {
                    Binding::Any => None,
                    Binding::Absent => Some(None),
                    Binding::Value(text) => Some(Some(SmolStr::from(*text))),
                });
                MeantTarget::Level(level, args.collect())
            }
        };
        Self {
            verb: effect.verb,
            target,
            cascade: effect.cascade,
        }
    }

    fn takes_name(&self, name: &Name) -> bool {
        match &self.target {
            MeantTarget::Level(level, args) => name.level == *level && takes(args, &name.params),
            MeantTarget::Tag(_) => false,
            #[cfg(feature = "redis")]
            MeantTarget::All => true,
        }
    }

    pub(crate) fn takes(&self, mark: &Mark) -> bool {
        match (mark, &self.target) {
            (Mark::Is(name), _) => self.takes_name(name),
            (Mark::Embeds(name), _) => self.cascade && self.takes_name(name),
            (Mark::Bears(tag), MeantTarget::Tag(meant)) => tag == meant,
            (Mark::Inherits(tag), MeantTarget::Tag(meant)) => self.cascade && tag == meant,
            (Mark::Bears(_) | Mark::Inherits(_), MeantTarget::Level(..)) => false,
            #[cfg(feature = "redis")]
            (Mark::Bears(_) | Mark::Inherits(_), MeantTarget::All) => true,
        }
    }

    /// The one name that it means, if that is all.
    #[cfg(feature = "redis")]
    pub(crate) fn only_name(&self) -> Option<Name> {
        let MeantTarget::Level(level, args) = &self.target else {
            return None;
        };
        let params: Option<Vec<Param>> = args.iter().cloned().collect();
        Some(Name {
            level: *level,
            params: params?.into(),
        })
    }

    /// The keys of the copies that it means.
    pub(crate) fn keys(&self, index: &Index) -> BTreeSet<Arc<str>> {
        let exact = |level: LevelId, args: &[Option<Param>]| {
            let params: Option<Vec<Param>> = args.iter().cloned().collect();
            params.map(|params| Name {
                level,
                params: params.into(),
            })
        };
        let mut keys = BTreeSet::new();
        match &self.target {
            #[cfg(feature = "redis")]
            MeantTarget::All => keys.extend(index.all()),
            MeantTarget::Tag(tag) => {
                keys.extend(index.of_mark(&Mark::Bears(tag.clone())));
                if self.cascade {
                    keys.extend(index.of_mark(&Mark::Inherits(tag.clone())));
                }
            }
            MeantTarget::Level(level, args) => match exact(*level, args) {
                Some(name) => {
                    keys.extend(index.of_mark(&Mark::Is(name.clone())));
                    if self.cascade {
                        keys.extend(index.of_mark(&Mark::Embeds(name)));
                    }
                }
                None if !self.cascade && args.iter().all(Option::is_none) => {
                    keys.extend(index.of_level(*level));
                }
                None => keys.extend(index.of_marks(|mark| self.takes(mark))),
            },
        }
        keys
    }
}

/// Are parameters meant by arguments, of which some may stand for any?
pub(crate) fn takes(args: &[Option<Param>], params: &[Param]) -> bool {
    let mut both = args.iter().zip(params);
    both.all(|(arg, param)| arg.as_ref().is_none_or(|arg| arg == param))
}
