//! How well a policy's invalidations do: which reach every copy, and what the others miss.

use cachepolicy_analysis::{ActionRef, Bound, Bounds, Edge, Missed, Words, brief};
use cachepolicy_core::Policy;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::sorting;
use cachepolicy_core::units::Duration;

/// The bounds of a policy, and words for them.
pub(super) struct Soundness<'p> {
    policy: &'p Policy,
    bounds: Bounds,
}

/// What an action does about the copies of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With the policy's other actions it reaches every copy, and so long after a write one can
    /// still be served.
    Sound(Duration),
    /// Copies stay that miss a write: for these reasons, a few words each.
    Unsound(Vec<String>),
    /// The level does not read what is written.
    Unneeded,
}

impl Verdict {
    /// Its word in drawings and in the JSON.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Sound(_) => "sound",
            Self::Unsound(_) => "unsound",
            Self::Unneeded => "unneeded",
        }
    }

    /// `✓ within 2s`, `✗ no fence`
    pub(super) fn label(&self) -> String {
        match self {
            Self::Sound(time) if *time == Duration::ZERO => "✓ at once".to_owned(),
            Self::Sound(time) if time.is_forever() => "✓ without limit".to_owned(),
            Self::Sound(time) => format!("✓ within {}", brief(*time)),
            Self::Unsound(reasons) => format!("✗ {}", reasons.join(", ")),
            Self::Unneeded => "· not read there".to_owned(),
        }
    }

    /// Of two actions for the same copies.
    pub(super) fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Unsound(reasons), Self::Unsound(more)) => {
                for reason in more {
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
            (Self::Unneeded, other) => *self = other,
            _ => {}
        }
    }
}

impl<'p> Soundness<'p> {
    pub(super) fn of(policy: &'p Policy) -> Self {
        Self {
            policy,
            bounds: Bounds::new(policy, &Graph::new(policy)),
        }
    }

    pub(super) const fn words(&self) -> Words<'_> {
        Words {
            policy: self.policy,
            bounds: &self.bounds,
        }
    }

    /// Of an action that removes copies of a level when a model is written.
    pub(super) fn verdict(&self, level: LevelId, model: ModelId, action: ActionRef) -> Verdict {
        match self.bounds.of(level, model).map(|bound| &bound.edge) {
            None => Verdict::Unneeded,
            Some(Edge::Sound { bound, .. }) => Verdict::Sound(*bound),
            Some(Edge::Unsound(missed)) => {
                let own = Self::missed_by(missed, action);
                let briefly = own.map(|missed| self.words().missed_briefly(missed));
                Verdict::Unsound(briefly.collect())
            }
        }
    }

    /// What is missed of an action; where that itself lacks nothing, the first that is missed.
    fn missed_by(missed: &[Missed], action: ActionRef) -> impl Iterator<Item = &Missed> {
        let is_own = move |one: &&Missed| one.action == Some(action);
        let own = missed.iter().filter(is_own);
        let first = if missed.iter().any(|one| is_own(&one)) {
            None
        } else {
            missed.first()
        };
        own.chain(first)
    }

    /// The bounds of a level, by model.
    pub(super) fn bounds_of(&self, level: LevelId) -> &[Bound] {
        self.bounds
            .level(level)
            .map_or(&[], |of| of.models.as_slice())
    }

    /// How out of date answers of a level can be: of its copies, or of what it embeds where it has
    /// none; the worst first, models with the same limit together: `≤ 2s (Article, Author)`.
    pub(super) fn limits(&self, level: LevelId) -> Vec<String> {
        let is_stored = self
            .policy
            .levels
            .get(level.index())
            .is_some_and(|level| level.is_stored());
        let mut limits: Vec<(Duration, Vec<&str>)> = Vec::new();
        for bound in self.bounds_of(level) {
            let time = if is_stored {
                bound.staleness
            } else {
                bound.end_to_end
            };
            let name = self.policy.models.get(bound.model.index());
            let name = name.map_or("", |model| model.name.as_str());
            match limits.iter_mut().find(|(known, _)| *known == time) {
                Some((_, names)) => names.push(name),
                None => limits.push((time, vec![name])),
            }
        }
        sorting::by_key(&mut limits, |(time, _)| std::cmp::Reverse(*time));
        let limits = limits.iter();
        limits
            .map(|(time, names)| {
                let limit = match *time {
                    Duration::ZERO => "0".to_owned(),
                    time if time.is_forever() => "∞".to_owned(),
                    time => format!("≤ {}", brief(time)),
                };
                format!("{limit} ({})", names.join(", "))
            })
            .collect()
    }
}
