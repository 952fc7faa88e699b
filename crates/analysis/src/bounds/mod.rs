//! Worst-case staleness: how long after a write an answer can still be out of date.
//!
//! Levels are taken finest first, so that what a level takes in is known before it. Of each level
//! and model there are two bounds: *through time* (a copy was made just before the write, and lives
//! as long as copies can), and *through the policy's edges*, where these reach every copy in time.
//! The lesser one counts. `docs/proofs.md` derives the rules.

mod edges;
pub(crate) mod missed;

use crate::arrive::Arrivals;
use crate::cover::ActionRef;
use crate::lives::{Life, lives, own_lag};
use crate::structure::{Outage, Structure};
use crate::ways::Ways;
use cachepolicy_core::edge::Target;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;
use edges::{KindBound, longer};
use missed::Missed;
use std::collections::{BTreeMap, BTreeSet};

/// How out of date answers of one level can be through writes of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The model.
    pub model: ModelId,
    /// From the commit of a write to the last answer of the level's copies that misses it (see
    /// `staleness` in `docs/semantics.md`); [`Duration::FOREVER`]: there is no limit. Zero for a
    /// level that is not stored.
    pub staleness: Duration,
    /// The same of whatever is served for a request that this level answers, embedded copies
    /// included.
    pub end_to_end: Duration,
    /// Which of the two bounds it is.
    pub by: By,
    /// The bound through time alone: `fill` + `copy` + what `taken` says.
    pub through_time: Duration,
    /// The longest fill whose result is stored.
    pub fill: Duration,
    /// From the store to the copy's death.
    pub copy: Duration,
    /// The oldest that a fill can take in.
    pub taken: Taken,
    /// What the policy's edges do about it.
    pub edge: Edge,
}

/// What decides a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The level is not stored: what it embeds decides.
    Embedded,
    /// Copies die.
    Time,
    /// Writes remove them.
    Edges,
}

/// The oldest data that a fill takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Data as of when it reads.
    Fresh,
    /// Data of a replica that lags by this much.
    Replica(Duration),
    /// What a contained level gives, this much out of date.
    Contained(LevelId, Duration),
}

impl Taken {
    /// How old that is.
    #[must_use]
    pub const fn age(self) -> Duration {
        match self {
            Self::Fresh => Duration::ZERO,
            Self::Replica(age) | Self::Contained(_, age) => age,
        }
    }
}

/// What the policy's edges do about the copies of a level when a model's rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// Every write that matters reaches every copy that it concerns.
    Sound {
        /// From the commit to the last answer that misses it.
        bound: Duration,
        /// The greatest delay of the deliveries.
        delay: Duration,
        /// How long an `expire` leaves copies in use.
        stale: Duration,
        /// How old a result can be that others take who wait for a fill.
        shared: Duration,
        /// A nearer tier does not hear of it, or too early, and keeps its copies for so long.
        survive: Option<(BackendId, Duration)>,
    },
    /// Some write does not: the first kinds of writes of which it is so, and why.
    Unsound(Vec<Missed>),
}

/// The bounds of one level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelBounds {
    /// For each model that it depends on, in the order of the models.
    pub models: Vec<Bound>,
}

impl LevelBounds {
    /// Through one model; `None`: the level does not depend on it.
    #[must_use]
    pub fn of(&self, model: ModelId) -> Option<&Bound> {
        self.models.iter().find(|bound| bound.model == model)
    }
}

/// The bounds of a whole policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    levels: Vec<LevelBounds>,
}

impl Bounds {
    /// Of a policy whose levels stand behind what they contain.
    #[must_use]
    pub fn new(policy: &Policy, graph: &Graph) -> Self {
        Self::of_structure(Structure {
            policy,
            graph,
            view: None,
            outages: &[],
        })
    }

    /// The same when backends fail for some time: an invalidation that finds its backend down comes
    /// again after the outage over an at-least-once bus, and over no other.
    #[must_use]
    pub fn with_outages(policy: &Policy, graph: &Graph, outages: &[Outage]) -> Self {
        Self::of_structure(Structure {
            policy,
            graph,
            view: None,
            outages,
        })
    }

    /// The same when of all requests only those come that this view answers: what a site contains
    /// for others does not count.
    #[must_use]
    pub fn with_view(policy: &Policy, graph: &Graph, view: LevelId) -> Self {
        Self::of_structure(Structure {
            policy,
            graph,
            view: Some(view),
            outages: &[],
        })
    }

    fn of_structure(whole: Structure<'_>) -> Self {
        let policy = whole.policy;
        let mut work = Work {
            policy,
            whole,
            lives: lives(whole),
            ways: Ways::new(whole),
            actions: Actions::new(policy),
            found: Vec::with_capacity(policy.levels.len()),
            lags: Vec::with_capacity(policy.levels.len()),
            kinds: Vec::with_capacity(policy.levels.len()),
        };
        for index in 0..policy.levels.len() {
            work.level(LevelId(index as u16));
        }
        Self { levels: work.found }
    }

    /// Of a level.
    #[must_use]
    pub fn level(&self, level: LevelId) -> Option<&LevelBounds> {
        self.levels.get(level.index())
    }

    /// Of a level through a model; `None`: it does not depend on it.
    #[must_use]
    pub fn of(&self, level: LevelId, model: ModelId) -> Option<&Bound> {
        self.level(level)?.of(model)
    }
}

/// The actions of a policy by what they are about.
struct Actions {
    by_level: BTreeMap<(ModelId, LevelId), Vec<ActionRef>>,
    by_tag: BTreeMap<ModelId, Vec<ActionRef>>,
    has_cascade: bool,
}

impl Actions {
    fn new(policy: &Policy) -> Self {
        let mut actions = Self {
            by_level: BTreeMap::new(),
            by_tag: BTreeMap::new(),
            has_cascade: false,
        };
        for (edge, block) in policy.edges.iter().enumerate() {
            for (action, declared) in block.actions.iter().enumerate() {
                let this = ActionRef { edge, action };
                actions.has_cascade |= declared.cascade;
                match &declared.target {
                    Target::Level { level, .. } => {
                        let list = actions.by_level.entry((block.model, *level));
                        list.or_default().push(this);
                    }
                    Target::Tag(_) => actions.by_tag.entry(block.model).or_default().push(this),
                }
            }
        }
        actions
    }

    /// Those that may be about a level when a model is written.
    fn about(&self, model: ModelId, level: LevelId) -> impl Iterator<Item = ActionRef> {
        let by_level = self.by_level.get(&(model, level)).into_iter();
        let by_tag = self.by_tag.get(&model).into_iter();
        by_level.chain(by_tag).flatten().copied()
    }
}

/// The levels so far.
struct Work<'p> {
    policy: &'p Policy,
    whole: Structure<'p>,
    lives: Vec<Life>,
    ways: Ways,
    actions: Actions,
    found: Vec<LevelBounds>,
    /// By level: for each model, the greatest lag of what it reads, itself or through levels that
    /// are not stored.
    lags: Vec<Vec<(ModelId, Duration)>>,
    /// By level and way.
    kinds: Vec<Vec<Vec<KindBound>>>,
}

impl Work<'_> {
    fn level(&mut self, id: LevelId) {
        let models = self
            .whole
            .graph
            .dependencies(id)
            .map(|all| all.models.clone());
        let models = models.unwrap_or_default();
        let lags = self.lags_of(id, &models);
        self.lags.push(lags);
        let kinds = self.kinds_of(id);
        self.kinds.push(kinds);
        let mut bounds = LevelBounds::default();
        for model in models {
            bounds.models.push(self.bound(id, model));
        }
        self.found.push(bounds);
    }

    fn bound(&self, id: LevelId, model: ModelId) -> Bound {
        let taken = self.taken(id, model);
        let contained = self.contained(id, model);
        let embedded = contained.map(|(_, bound)| bound.end_to_end).max();
        let embedded = embedded.unwrap_or(Duration::ZERO);
        let life = self.lives[id.index()];
        let through_time = life.fill + life.copy + taken.age();
        let edge = self.edge(id, model, taken.age());
        let is_stored = self.policy.levels[id.index()].is_stored();
        let (staleness, by) = match &edge {
            _ if !is_stored => (Duration::ZERO, By::Embedded),
            Edge::Sound { bound, .. } if *bound <= through_time => (*bound, By::Edges),
            Edge::Sound { .. } | Edge::Unsound(_) => (through_time, By::Time),
        };
        Bound {
            model,
            staleness,
            end_to_end: staleness.max(embedded),
            by,
            through_time,
            fill: life.fill,
            copy: life.copy,
            taken,
            edge,
        }
    }

    /// The levels that it embeds and that depend on the model, with their bounds.
    fn contained(&self, id: LevelId, model: ModelId) -> impl Iterator<Item = (LevelId, &Bound)> {
        let of = move |inner: LevelId| {
            let bound = self.found.get(inner.index())?.of(model)?;
            Some((inner, bound))
        };
        self.whole.contained(id).filter_map(of)
    }

    /// The oldest that its fills take in.
    fn taken(&self, id: LevelId, model: ModelId) -> Taken {
        let lag = own_lag(self.policy, &self.policy.levels[id.index()], model);
        let mut oldest = if lag > Duration::ZERO {
            Taken::Replica(lag)
        } else {
            Taken::Fresh
        };
        for (inner, bound) in self.contained(id, model) {
            let age = bound.staleness.max(bound.taken.age());
            if age > oldest.age() {
                oldest = Taken::Contained(inner, age);
            }
        }
        oldest
    }

    fn lags_of(&self, id: LevelId, models: &BTreeSet<ModelId>) -> Vec<(ModelId, Duration)> {
        let level = &self.policy.levels[id.index()];
        let is_unstored = |inner: &LevelId| !self.policy.levels[inner.index()].is_stored();
        let lag = |model: ModelId| {
            let own = own_lag(self.policy, level, model);
            let unstored = self.whole.contained(id).filter(is_unstored);
            unstored.fold(own, |lag, inner| lag.max(self.lag(inner, model)))
        };
        models.iter().map(|&model| (model, lag(model))).collect()
    }

    fn lag(&self, id: LevelId, model: ModelId) -> Duration {
        let lags = self.lags.get(id.index()).into_iter().flatten();
        let own = lags.copied().find(|(known, _)| *known == model);
        own.map_or(Duration::ZERO, |(_, lag)| lag)
    }

    /// What all kinds of writes come to.
    fn edge(&self, id: LevelId, model: ModelId, taken: Duration) -> Edge {
        let life = self.lives[id.index()];
        let shared = if life.shares {
            life.fill + taken
        } else {
            Duration::ZERO
        };
        let (mut bound, mut delay, mut stale) = (shared, Duration::ZERO, Duration::ZERO);
        let mut survive: Option<(BackendId, Duration)> = None;
        let mut all_missed: Vec<Missed> = Vec::new();
        let ways = self.ways.of(id).iter().zip(&self.kinds[id.index()]);
        for (way, kinds) in ways {
            if self.ways.facts[way.facts].model != model {
                continue;
            }
            for kind in kinds {
                match &kind.verdict {
                    Ok(sound) => {
                        bound = bound.max(sound.bound);
                        delay = delay.max(sound.delay);
                        stale = stale.max(sound.stale);
                        survive = longer(survive, sound.survive);
                    }
                    Err(missed) => missed.join(&mut all_missed),
                }
            }
        }
        if !all_missed.is_empty() {
            return Edge::Unsound(all_missed);
        }
        Edge::Sound {
            bound,
            delay,
            stale,
            shared,
            survive,
        }
    }
}

/// The deliveries after which nobody is served by a copy that misses the write.
type Cleaning = Vec<Arrivals>;
