//! Invalidations are delivered: copies go, and fills under way are overtaken.

use crate::cache::{Cache, Inner};
use crate::entry::{Mark, Name};
use crate::store::memory::{Index, Memory};
use crate::write::{Write, WriteError, Written};
use cachepolicy_core::decide::Rules;
use cachepolicy_core::edge::{Timing, Verb};
use cachepolicy_core::effects::{Binding, Effect, EffectBuffer, EffectTarget, effects};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// What an effect means.
#[derive(Debug)]
pub(crate) struct Meant {
    verb: Verb,
    target: MeantTarget,
    /// Also what embeds it.
    cascade: bool,
}

#[derive(Debug)]
enum MeantTarget {
    /// `None`: any value of that parameter.
    Level(LevelId, Vec<Option<Param>>),
    Tag(Box<str>),
}

/// A parameter's value; `None`: absent.
type Param = Option<Box<str>>;

/// Deliveries that a fill under way may have been overtaken by, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    deliveries: VecDeque<(Time, Arc<Meant>)>,
}

impl Recent {
    /// Is what a fill made meant by a delivery since it began?
    pub(crate) fn overtook(&self, began: Time, name: &Name, marks: &[Mark]) -> bool {
        let mut later = self.deliveries.iter().filter(|(at, _)| *at >= began);
        later.any(|(_, meant)| {
            meant.takes(&Mark::Is(name.clone())) || marks.iter().any(|mark| meant.takes(mark))
        })
    }
}

impl Meant {
    fn of(effect: &Effect<'_>) -> Self {
        let target = match effect.target {
            EffectTarget::Tag(tag) => MeantTarget::Tag(tag.into()),
            EffectTarget::Level { level, args } => {
                let args = args.iter().map(|arg| match arg {
                    Binding::Any => None,
                    Binding::Absent => Some(None),
                    Binding::Value(text) => Some(Some(Box::from(*text))),
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
        let MeantTarget::Level(level, args) = &self.target else {
            return false;
        };
        name.level == *level && takes(args, &name.params)
    }

    fn takes(&self, mark: &Mark) -> bool {
        match (mark, &self.target) {
            (Mark::Is(name), _) => self.takes_name(name),
            (Mark::Embeds(name), _) => self.cascade && self.takes_name(name),
            (Mark::Bears(tag), MeantTarget::Tag(meant)) => tag == meant,
            (Mark::Inherits(tag), MeantTarget::Tag(meant)) => self.cascade && tag == meant,
            (Mark::Bears(_) | Mark::Inherits(_), MeantTarget::Level(..)) => false,
        }
    }

    /// The keys of the copies that it means.
    fn keys(&self, index: &Index) -> BTreeSet<Arc<str>> {
        let exact = |level: LevelId, args: &[Option<Param>]| {
            let params: Option<Vec<Param>> = args.iter().cloned().collect();
            params.map(|params| Name {
                level,
                params: params.into(),
            })
        };
        let mut keys = BTreeSet::new();
        match &self.target {
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
fn takes(args: &[Option<Param>], params: &[Param]) -> bool {
    let mut both = args.iter().zip(params);
    both.all(|(arg, param)| arg.as_ref().is_none_or(|arg| arg == param))
}

impl Cache {
    /// The policy's edges that act after the commit, for a write that has been committed. How many
    /// copies were removed or expired?
    ///
    /// # Errors
    /// The write does not say what the edges ask for; then nothing was invalidated.
    pub fn write(&self, write: &Write) -> Result<u64, WriteError> {
        self.deliver(write, |timing| timing == Timing::AfterCommit)
    }

    /// The policy's edges that act before the commit, for a write that is about to be committed.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_before_commit(&self, write: &Write) -> Result<u64, WriteError> {
        self.deliver(write, |timing| timing != Timing::AfterCommit)
    }

    fn deliver(&self, write: &Write, is_now: impl Fn(Timing) -> bool) -> Result<u64, WriteError> {
        let inner = &*self.inner;
        let written = Written::new(&inner.policy, write)?;
        let blocks = inner.policy.edges.iter();
        let blocks: Vec<_> = blocks.filter(|block| is_now(block.timing)).collect();
        for block in &blocks {
            written.check(block)?;
        }
        let mut buffer = EffectBuffer::default();
        let mut changed = 0;
        for block in blocks {
            // Finest level first: see the semantics of a delivery.
            let mut meant = Vec::new();
            effects(block, &written, &mut buffer, |effect| {
                meant.push(Meant::of(&effect))
            });
            changed += inner.apply(meant);
        }
        Ok(changed)
    }
}

impl Inner {
    fn apply(&self, all: Vec<Meant>) -> u64 {
        let mut changed = 0;
        for meant in all {
            let meant = Arc::new(meant);
            for store in self.stores.iter().flatten() {
                let mut index = store.lock();
                let now = self.clock.now();
                self.remember(now, &meant);
                let keys = meant.keys(&index);
                if let (Verb::Bump, MeantTarget::Level(level, args)) = (meant.verb, &meant.target) {
                    self.raise_meant(*level, args);
                }
                for key in keys {
                    changed += u64::from(self.act(store, &mut index, &key, meant.verb, now));
                }
            }
        }
        changed
    }

    /// Fills that are under way will see it.
    fn remember(&self, now: Time, meant: &Arc<Meant>) {
        let began = self
            .levels
            .iter()
            .filter_map(|level| level.flights.oldest());
        let oldest = began.min().unwrap_or(now);
        let mut recent = self.recent.lock();
        while recent
            .deliveries
            .front()
            .is_some_and(|(at, _)| *at < oldest)
        {
            recent.deliveries.pop_front();
        }
        recent.deliveries.push_back((now, Arc::clone(meant)));
    }

    /// Was something done to the copy?
    fn act(&self, store: &Memory, index: &mut Index, key: &str, verb: Verb, now: Time) -> bool {
        let Some(entry) = index.copy(key) else {
            return false;
        };
        let lifetimes = entry.lifetimes();
        let is_alive = now < lifetimes.dead_from();
        match verb {
            Verb::Purge => {
                store.remove(index, key);
                is_alive
            }
            Verb::Bump => {
                self.raise(&entry.name);
                store.hide(index, key);
                is_alive
            }
            Verb::Expire => {
                if let Some(rules) = self.rules(entry.name.level) {
                    entry.set_lifetimes(&lifetimes.expired(rules, now));
                }
                now < lifetimes.fresh_until
            }
        }
    }

    /// The version of one name.
    fn raise(&self, name: &Name) {
        let state = self.state(name.level);
        if let Some(versions) = state.and_then(|state| state.versions.as_ref()) {
            versions.raise(&name.params);
        }
    }

    /// The versions of keys of which there need not be copies.
    fn raise_meant(&self, level: LevelId, args: &[Option<Param>]) {
        let state = self.state(level);
        let Some(versions) = state.and_then(|state| state.versions.as_ref()) else {
            return;
        };
        if args.iter().all(Option::is_none) {
            versions.raise_all();
        } else if let Some(params) = args.iter().cloned().collect::<Option<Vec<Param>>>() {
            versions.raise(&params.into());
        } else {
            // Those with copies are raised with their copies.
            let names = state.map(|state| state.flights.names()).unwrap_or_default();
            let is_meant = |name: &&Name| takes(args, &name.params);
            names
                .iter()
                .filter(is_meant)
                .for_each(|name| versions.raise(&name.params));
        }
    }

    pub(crate) fn rules(&self, level: LevelId) -> Option<&Rules> {
        self.policy
            .levels
            .get(level.index())
            .map(|level| &level.rules)
    }
}
