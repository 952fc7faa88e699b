//! Worst-case staleness: how long after a write an answer can still be out of date.
//!
//! Levels are taken finest first, so that what a level takes in is known before it. Of each level
//! and model there are two bounds: *through time* (a copy was made just before the write, and lives
//! as long as copies can), and *through the policy's edges*, where these reach every copy in time.
//! The lesser one counts. `docs/proofs.md` derives the rules.

mod actions;
pub(crate) mod edges;
pub(crate) mod fence;
pub(crate) mod missed;
pub(crate) mod sources;

use crate::arrive::Arrivals;
use crate::lives::{Life, lives};
use crate::structure::{Outage, Structure};
use crate::ways::Ways;
use actions::Actions;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{BackendId, LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;
use edges::{KindBound, longer};
use missed::Missed;
use std::cmp::Reverse;

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
    /// From reading or taking in the oldest data to the end of the longest fill that is stored.
    pub fill: Duration,
    /// From the store to the copy's death; zero where a result is older in the end that is not stored,
    /// but given to others who wait for it.
    pub copy: Duration,
    /// The oldest that a fill can take in: what is oldest in the end.
    pub taken: Taken,
    /// Which way and kind of write decides.
    pub(crate) worst: Option<WayKind>,
    /// Of the writes that reach every copy.
    pub(crate) figures: Figures,
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
    /// Some write does not: the kinds of writes of which it is so, and why; what decides the bound
    /// comes first.
    Unsound(Vec<Missed>),
}

/// What becomes of the writes that reach every copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Figures {
    pub(crate) bound: Duration,
    pub(crate) delay: Duration,
    pub(crate) stale: Duration,
    pub(crate) shared: Duration,
    pub(crate) survive: Option<(BackendId, Duration)>,
}

/// A way in which a level depends on rows, and a kind of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WayKind {
    /// An index into what [`Ways::of`] gives.
    pub(crate) way: usize,
    /// An index into what [`Facts::kinds`] gives.
    pub(crate) kind: usize,
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
#[derive(Debug, Clone)]
pub struct Bounds {
    levels: Vec<LevelBounds>,
    pub(crate) ways: Ways,
    /// By level and way.
    kinds: Vec<Vec<Vec<KindBound>>>,
    /// What happens to the backends.
    pub(crate) outages: Vec<Outage>,
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
            actions: Actions::new(whole),
            found: Vec::with_capacity(policy.levels.len()),
            kinds: Vec::with_capacity(policy.levels.len()),
        };
        for index in 0..policy.levels.len() {
            work.level(LevelId(index as u16));
        }
        Self {
            levels: work.found,
            ways: work.ways,
            kinds: work.kinds,
            outages: whole.outages.to_vec(),
        }
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

    /// The ways and kinds of writes that come to so much at least, the one that decides the bound
    /// first.
    pub(crate) fn worst(&self, level: LevelId, bound: &Bound, least: Duration) -> Vec<WayKind> {
        let ways = (0..).zip(self.ways.of(level));
        let of_model = ways.filter(|(_, way)| self.ways.facts[way.facts].model == bound.model);
        let kinds = self.kinds.get(level.index());
        let all = of_model.flat_map(|(way, _)| {
            let kinds = kinds.and_then(|kinds| kinds.get(way));
            let kinds = (0..).zip(kinds.into_iter().flatten());
            kinds.map(move |(kind, of)| (WayKind { way, kind }, of))
        });
        let mut all: Vec<_> = all.filter(|(_, of)| of.staleness >= least).collect();
        sorting::by_key(&mut all, |(at, of)| {
            (
                bound.worst != Some(*at),
                Reverse(of.staleness),
                of.kind.rarity(),
            )
        });
        all.into_iter().map(|(at, _)| at).collect()
    }

    /// Of a level through one way and kind of write.
    pub(crate) fn kind(&self, level: LevelId, at: WayKind) -> Option<&KindBound> {
        self.kinds.get(level.index())?.get(at.way)?.get(at.kind)
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
    /// By level and way.
    kinds: Vec<Vec<Vec<KindBound>>>,
}

impl Work<'_> {
    fn level(&mut self, id: LevelId) {
        let kinds = self.kinds_of(id);
        self.kinds.push(kinds);
        let models = self.whole.graph.dependencies(id);
        let models = models.into_iter().flat_map(|all| &all.models);
        let bounds = models.map(|model| self.bound(id, *model));
        let models = bounds.collect();
        self.found.push(LevelBounds { models });
    }

    fn bound(&self, id: LevelId, model: ModelId) -> Bound {
        let ways = (0..).zip(self.ways.of(id).iter().zip(&self.kinds[id.index()]));
        let of_model = ways.filter(|(_, (way, _))| self.ways.facts[way.facts].model == model);
        let all: Vec<(WayKind, &KindBound)> = of_model
            .flat_map(|(way, (_, kinds))| {
                let kinds = (0..).zip(kinds);
                kinds.map(move |(kind, bound)| (WayKind { way, kind }, bound))
            })
            .collect();
        let embedded = self
            .whole
            .contained(id)
            .filter_map(|inner| self.found.get(inner.index())?.of(model))
            .map(|bound| bound.end_to_end)
            .max()
            .unwrap_or(Duration::ZERO);
        // What anybody would expect to be written comes first.
        let rank = |bound: &KindBound| {
            (
                Reverse(bound.oldest.path.len()),
                Reverse(bound.kind.rarity()),
            )
        };
        let worst = all
            .iter()
            .max_by_key(|(_, bound)| (bound.staleness, bound.through_time, rank(bound)));
        let longest = all
            .iter()
            .max_by_key(|(_, bound)| (bound.through_time, rank(bound)));
        let through_time = longest.map_or(Duration::ZERO, |(_, bound)| bound.through_time);
        let staleness = worst.map_or(Duration::ZERO, |(_, bound)| bound.staleness);
        let by = worst.map_or(By::Embedded, |(_, bound)| bound.by);
        let shown = if by == By::Time { worst } else { longest };
        let copy = shown.map_or(Duration::ZERO, |(_, bound)| bound.copy);
        let oldest = shown.map(|(_, bound)| bound.oldest.clone());
        let oldest = oldest.unwrap_or_default();
        let (figures, edge) = edge(worst.map(|(_, bound)| *bound), &all);
        Bound {
            model,
            staleness,
            end_to_end: staleness.max(embedded),
            by,
            through_time,
            fill: oldest.rest,
            copy,
            taken: oldest.taken(),
            worst: worst.map(|(at, _)| *at),
            figures,
            edge,
        }
    }
}

/// What all kinds of writes come to. `worst`: the one whose staleness counts.
fn edge(worst: Option<&KindBound>, all: &[(WayKind, &KindBound)]) -> (Figures, Edge) {
    let mut of = Figures::default();
    let mut all_missed = Vec::new();
    let worst = worst.into_iter();
    for bound in worst.chain(all.iter().map(|(_, bound)| *bound)) {
        match &bound.verdict {
            Ok(sound) => {
                of.bound = of.bound.max(sound.bound).max(bound.shared);
                of.delay = of.delay.max(sound.delay);
                of.stale = of.stale.max(sound.stale);
                of.shared = of.shared.max(bound.shared);
                of.survive = longer(of.survive, sound.survive);
            }
            Err(missed) => missed.join(&mut all_missed),
        }
    }
    let edge = if all_missed.is_empty() {
        Edge::Sound {
            bound: of.bound,
            delay: of.delay,
            stale: of.stale,
            shared: of.shared,
            survive: of.survive,
        }
    } else {
        Edge::Unsound(all_missed)
    };
    (of, edge)
}

/// The deliveries after which nobody is served by a copy that misses the write.
type Cleaning = Vec<Arrivals>;
