//! Names of what lies in Redis.
//!
//! A name is `prefix:version{group}kind:rest`. What is between the braces decides about the slot of a
//! Redis Cluster: a copy, its lock and the stamp of its parameters are in one. Values are encoded as in
//! keys, so that no two things have one name, whatever bytes are in them.

use crate::entry::{Mark, Name};
use crate::meant::{Meant, MeantTarget};
use crate::params::Param;
use cachepolicy_core::Policy;
use cachepolicy_core::edge::{Target, TargetArg, Verb};
use cachepolicy_core::ids::{BackendId, LevelId};
use cachepolicy_core::key::push_value;
use cachepolicy_core::policy::Backend;
use std::collections::BTreeSet;

/// Which parameters stand for any value, a bit for each.
type Mask = u64;

/// Names of a backend's things, and which invalidations there can be.
#[derive(Debug)]
pub(crate) struct Names {
    prefix: String,
    levels: Vec<LevelNames>,
    /// An edge acts on copies that bear a tag; and on what embeds them.
    has_tags: bool,
    has_tag_cascades: bool,
}

#[derive(Debug, Default)]
struct LevelNames {
    name: String,
    is_here: bool,
    /// Patterns of parameters by which copies are purged or expired.
    acted_on: BTreeSet<Mask>,
    /// By which what embeds copies is.
    cascaded: BTreeSet<Mask>,
    /// By which versions are raised.
    bumped: BTreeSet<Mask>,
}

/// What an invalidation changes in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Is,
    Embedded,
    Version,
    Bears,
    Inherits,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::Is => 'n',
            Self::Embedded => 'c',
            Self::Version => 'v',
            Self::Bears => 't',
            Self::Inherits => 'i',
        }
    }
}

impl Names {
    /// Those of the levels alone, for messages.
    pub(crate) fn of(policy: &Policy) -> Self {
        let levels = policy.levels.iter().map(|level| LevelNames {
            name: level.name.clone(),
            ..LevelNames::default()
        });
        Self {
            prefix: String::new(),
            levels: levels.collect(),
            has_tags: false,
            has_tag_cascades: false,
        }
    }

    pub(crate) fn new(policy: &Policy, id: BackendId, backend: &Backend) -> Self {
        let mut prefix = String::new();
        if let Some(declared) = &backend.prefix {
            // A brace would decide about the slot.
            let mut rest = declared.as_str();
            while let Some(brace) = rest.find(['{', '}', '%']) {
                let (before, from) = rest.split_at(brace);
                prefix.push_str(before);
                push_value(from.get(..1), None, &mut prefix);
                rest = from.get(1..).unwrap_or_default();
            }
            prefix.push_str(rest);
            prefix.push(':');
        }
        prefix.push_str(&backend.version.to_string());
        let levels = policy.levels.iter().map(|level| LevelNames {
            name: level.name.clone(),
            is_here: level.tiers.iter().any(|tier| tier.backend == id),
            ..LevelNames::default()
        });
        let mut names = Self {
            prefix,
            levels: levels.collect(),
            // Whole responses are removed by their URL's tag.
            has_tags: has_responses(policy),
            has_tag_cascades: has_responses(policy),
        };
        for action in policy.edges.iter().flat_map(|block| &block.actions) {
            match &action.target {
                Target::Tag(_) => {
                    names.has_tags = true;
                    names.has_tag_cascades |= action.cascade;
                }
                Target::Level { level, args } => {
                    names.expect(*level, args, (action.verb, action.cascade));
                }
            }
        }
        names
    }

    fn expect(&mut self, level: LevelId, args: &[TargetArg], (verb, cascade): (Verb, bool)) {
        let Some(level) = self.levels.get_mut(level.index()) else {
            return;
        };
        let any = args.iter().map(|arg| *arg == TargetArg::Any);
        let mut masks = vec![mask(any)];
        // Of several values too many are taken for any.
        let is_each = |arg: &TargetArg| matches!(arg, TargetArg::Row(path) if path.each);
        if args.iter().any(is_each) {
            masks.push(all(args.len()));
        }
        match verb {
            Verb::Bump => level.bumped.extend(&masks),
            Verb::Purge | Verb::Expire => level.acted_on.extend(&masks),
        }
        if cascade {
            level.cascaded.extend(masks);
        }
    }

    fn level(&self, id: LevelId) -> Option<&LevelNames> {
        self.levels.get(id.index())
    }

    /// A level's name in the policy.
    pub(crate) fn of_level(&self, id: LevelId) -> &str {
        self.level(id).map_or("", |level| &level.name)
    }

    /// The level of that name.
    pub(crate) fn level_of(&self, name: &str) -> Option<LevelId> {
        let found = self.levels.iter().position(|level| level.name == name);
        found.map(|index| LevelId(index as u16))
    }

    /// What some parameters, or any, of a level are called.
    fn group(&self, kind: Kind, level: LevelId, params: &[Param], mask: Mask) -> String {
        let mut group = format!("{}{{{}:", self.prefix, kind.letter());
        group.push_str(self.of_level(level));
        for (index, param) in params.iter().enumerate() {
            group.push(':');
            if mask & bit(index) == 0 {
                push_value(param.as_deref(), None, &mut group);
            } else {
                // No value has it.
                group.push('*');
            }
        }
        group.push('}');
        group
    }

    fn of_tag(&self, kind: Kind, tag: &str) -> String {
        let mut name = format!("{}{{{}:", self.prefix, kind.letter());
        push_value(Some(tag), None, &mut name);
        name.push('}');
        name
    }

    /// Where a copy lies.
    pub(crate) fn entry(&self, name: &Name, text: &str) -> String {
        self.group(Kind::Is, name.level, &name.params, 0) + "e:" + text
    }

    /// Where its lock is.
    pub(crate) fn lock(&self, name: &Name, text: &str) -> String {
        self.group(Kind::Is, name.level, &name.params, 0) + "l:" + text
    }

    /// Where the last invalidations stand.
    pub(crate) fn log(&self) -> String {
        format!("{}{{log}}", self.prefix)
    }

    /// The stamps of a copy's own parameters.
    pub(crate) fn own(&self, name: &Name) -> impl Iterator<Item = Box<str>> {
        let masks = self.level(name.level).map(|level| &level.acted_on);
        self.stamps(Kind::Is, name, masks)
    }

    /// The stamps of its version.
    pub(crate) fn versions(&self, name: &Name) -> impl Iterator<Item = Box<str>> {
        let masks = self.level(name.level).map(|level| &level.bumped);
        self.stamps(Kind::Version, name, masks)
    }

    fn stamps(
        &self,
        kind: Kind,
        name: &Name,
        masks: Option<&BTreeSet<Mask>>,
    ) -> impl Iterator<Item = Box<str>> {
        let masks = masks.into_iter().flatten();
        masks.map(move |mask| {
            self.group(kind, name.level, &name.params, *mask)
                .into_boxed_str()
        })
    }

    /// The stamps of what a copy embeds and bears.
    pub(crate) fn of_marks(&self, marks: &[Mark]) -> BTreeSet<Box<str>> {
        let mut stamps = BTreeSet::new();
        for mark in marks {
            match mark {
                Mark::Is(_) => {}
                Mark::Embeds(name) => {
                    let masks = self.level(name.level).map(|level| &level.cascaded);
                    stamps.extend(self.stamps(Kind::Embedded, name, masks));
                }
                Mark::Bears(tag) if self.has_tags => {
                    stamps.insert(self.of_tag(Kind::Bears, tag).into());
                }
                Mark::Inherits(tag) if self.has_tag_cascades => {
                    stamps.insert(self.of_tag(Kind::Inherits, tag).into());
                }
                Mark::Bears(_) | Mark::Inherits(_) => {}
            }
        }
        stamps
    }

    /// The stamps that an invalidation changes.
    pub(crate) fn changed_by(&self, meant: &Meant) -> Vec<String> {
        match &meant.target {
            MeantTarget::Tag(tag) => {
                let mut stamps = vec![self.of_tag(Kind::Bears, tag)];
                if meant.cascade {
                    stamps.push(self.of_tag(Kind::Inherits, tag));
                }
                stamps
            }
            MeantTarget::All => Vec::new(),
            MeantTarget::Level(id, args) => {
                let Some(level) = self.level(*id) else {
                    return Vec::new();
                };
                let params: Vec<Param> = args.iter().map(|arg| arg.clone().flatten()).collect();
                let meant_any = mask(args.iter().map(Option::is_none));
                let stamp = |kind, masks: &BTreeSet<Mask>| {
                    let is_known = masks.contains(&meant_any);
                    let mask = if is_known { meant_any } else { all(args.len()) };
                    self.group(kind, *id, &params, mask)
                };
                let mut stamps = Vec::new();
                match meant.verb {
                    Verb::Bump if level.is_here => {
                        stamps.push(stamp(Kind::Version, &level.bumped));
                    }
                    Verb::Purge | Verb::Expire if level.is_here => {
                        stamps.push(stamp(Kind::Is, &level.acted_on));
                    }
                    Verb::Bump | Verb::Purge | Verb::Expire => {}
                }
                if meant.cascade {
                    stamps.push(stamp(Kind::Embedded, &level.cascaded));
                }
                stamps
            }
        }
    }
}

/// Are whole responses kept?
fn has_responses(policy: &Policy) -> bool {
    let mut levels = policy.levels.iter();
    levels.any(|level| level.route.is_some() && level.is_stored())
}

/// Parameters from the 64th on have no bit of their own: a level has fewer.
const fn bit(index: usize) -> Mask {
    1 << (index & 63)
}

fn mask(any: impl Iterator<Item = bool>) -> Mask {
    let bits = any.enumerate().filter(|(_, any)| *any);
    bits.fold(0, |mask, (index, _)| mask | bit(index))
}

fn all(params: usize) -> Mask {
    mask(core::iter::repeat_n(true, params))
}
