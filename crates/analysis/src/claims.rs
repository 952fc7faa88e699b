//! Claims that are decided from the graph: `prove` and `accept`.

use crate::bounds::Bounds;
use cachepolicy_core::expectation::{Claim, Subject};
use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::level::LevelKind;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::router::Router;
use cachepolicy_core::units::Duration;

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    /// Does it hold, whatever the traffic?
    pub held: bool,
    /// Of `no-leak`: how many levels can leak. Of a staleness: the bound in seconds, perhaps
    /// infinite.
    pub figure: f64,
    /// The level that decides it, and the model of the writes that do.
    pub by: Option<(LevelId, Option<ModelId>)>,
}

/// Decides the claims of one policy.
#[derive(Debug)]
pub struct Claims<'p> {
    policy: &'p Policy,
    graph: &'p Graph,
    bounds: &'p Bounds,
    router: Router,
}

impl<'p> Claims<'p> {
    /// Of a policy with these bounds.
    #[must_use]
    pub fn new(policy: &'p Policy, graph: &'p Graph, bounds: &'p Bounds) -> Self {
        Self {
            policy,
            graph,
            bounds,
            router: Router::new(policy),
        }
    }

    /// `None`: it is about a figure that has to be measured.
    #[must_use]
    pub fn decide(&self, claim: &Claim) -> Option<Decided> {
        match claim {
            Claim::NoLeak => Some(self.no_leak()),
            Claim::Staleness {
                subject,
                model,
                limit_seconds,
            } => {
                let (worst, by) = self.staleness(subject, *model)?;
                let figure = worst.as_secs_f64();
                let limit = limit_seconds.unwrap_or(f64::INFINITY);
                Some(Decided {
                    held: figure <= limit,
                    figure,
                    by,
                })
            }
            Claim::Figure { .. } => None,
        }
    }

    fn no_leak(&self) -> Decided {
        let levels = (0..self.policy.levels.len()).map(|index| LevelId(index as u16));
        let mut leaking = levels.filter(|&level| self.leaks(level));
        let first = leaking.next();
        let count = leaking.count() + usize::from(first.is_some());
        Decided {
            held: first.is_none(),
            figure: count as f64,
            by: first.map(|level| (level, None)),
        }
    }

    /// Can a copy of the level reach somebody for whom it was not made?
    fn leaks(&self, level: LevelId) -> bool {
        let uncovered = self.graph.uncovered(level);
        uncovered
            .iter()
            .any(|&dimension| is_personal(self.policy, dimension))
            || self.graph.shares_token(self.policy, level)
    }

    /// The worst of a subject, and who decides it.
    fn staleness(&self, subject: &Subject, model: Option<ModelId>) -> Option<Worst> {
        match subject {
            Subject::Level(level) => Some(self.of_level(self.bounds, *level, model, false)),
            Subject::Route(name) => self.of_route(name, model),
            Subject::Requests => {
                let levels = (0..self.policy.levels.len()).map(|index| LevelId(index as u16));
                let answering = levels.filter(|level| {
                    let level = self.policy.levels.get(level.index());
                    level.is_some_and(|level| level.route.is_some())
                });
                Some(worst(
                    answering.map(|level| self.of_level(self.bounds, level, model, true)),
                ))
            }
            Subject::Origin(_) | Subject::Backend(_) | Subject::Fault(_) => None,
        }
    }

    fn of_level(
        &self,
        bounds: &Bounds,
        level: LevelId,
        model: Option<ModelId>,
        end_to_end: bool,
    ) -> Worst {
        let of = bounds.level(level).into_iter().flat_map(|of| &of.models);
        let of = of.filter(|bound| model.is_none_or(|model| model == bound.model));
        worst(of.map(|bound| {
            let is_stored = self
                .policy
                .levels
                .get(level.index())
                .is_some_and(|l| l.is_stored());
            let time = if end_to_end || !is_stored {
                bound.end_to_end
            } else {
                bound.staleness
            };
            (time, Some((level, Some(bound.model))))
        }))
    }

    /// What users get who ask for a route, through all levels that answer it.
    fn of_route(&self, name: &str, model: Option<ModelId>) -> Option<Worst> {
        let (method, pattern) = name.split_once(' ')?;
        let declares = |level: &cachepolicy_core::Level| {
            level.route.as_ref().is_some_and(|route| {
                route.pattern.text == pattern
                    && (route.methods.join("|") == method || route.answers(method))
            })
        };
        let declaring = self.policy.levels.iter().position(declares);
        let mut levels: Vec<LevelId> = match declaring {
            Some(index) => vec![LevelId(index as u16)],
            None => {
                let routed = self.router.route(method, pattern);
                routed.sites().iter().copied().chain(routed.view).collect()
            }
        };
        let is = |level: LevelId, kind: LevelKind| {
            self.policy
                .levels
                .get(level.index())
                .is_some_and(|level| level.kind == kind)
        };
        let view = levels
            .iter()
            .copied()
            .find(|&level| is(level, LevelKind::View));
        let Some(view) = view else {
            return Some(worst(
                levels
                    .iter()
                    .map(|&level| self.of_level(self.bounds, level, model, true)),
            ));
        };
        let around = self.graph.all_containers(view);
        levels.extend(
            around
                .into_iter()
                .filter(|&level| is(level, LevelKind::Site)),
        );
        let bounds = Bounds::with_view(self.policy, self.graph, view);
        Some(worst(
            levels
                .iter()
                .map(|&level| self.of_level(&bounds, level, model, true)),
        ))
    }
}

/// A bound, and the level and the model that decide it.
type Worst = (Duration, Option<(LevelId, Option<ModelId>)>);

/// The greatest; nothing is ever out of date of which nothing is known to be read.
fn worst(all: impl Iterator<Item = Worst>) -> Worst {
    all.max_by_key(|(time, _)| *time)
        .unwrap_or((Duration::ZERO, None))
}
