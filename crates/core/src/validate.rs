//! Is a compiled policy consistent? What the compiler makes is; what is read from a file is checked
//! before anything relies on it, so that no index misses and no number is out of its range.

use crate::distribution::{Distribution, Shape};
use crate::ids::{DimensionId, FieldId, ModelId};
use crate::policy::{BackendKind, Delivery, Domain, Place, Policy};
use crate::route::{MAX_PARAMS, MAX_SEGMENTS, Pattern, Segment};

mod claims;
mod edges;
mod levels;
mod workloads;

/// Processes, or points of presence, at most: each has memory of its own.
pub const MAX_INSTANCES: u32 = 10_000;

/// The first inconsistency of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{context}: {problem}")]
pub struct Inconsistency {
    /// What it was found in, in the words of the language: `level sidebar`.
    pub context: String,
    /// What is wrong.
    pub problem: &'static str,
}

type Checked = Result<(), &'static str>;

fn ensure(holds: bool, problem: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(problem) }
}

/// Checks everything that the other modules rely on: references, limits, numbers.
///
/// # Errors
/// With the first inconsistency.
pub fn validate(policy: &Policy) -> Result<(), Inconsistency> {
    let checker = Checker { policy };
    let within = |context: String| move |problem| Inconsistency { context, problem };
    checker.service().map_err(within("policy".to_owned()))?;
    macro_rules! each {
        ($list:ident, $check:ident, $word:literal, $name:expr) => {
            for (index, item) in policy.$list.iter().enumerate() {
                checker
                    .place(item.place)
                    .and_then(|()| checker.$check(index, item))
                    .map_err(within(format!(concat!($word, " {}"), $name(index, item))))?;
            }
        };
    }
    each!(models, model, "model", |_, item: &crate::policy::Model| {
        item.name.clone()
    });
    each!(
        dimensions,
        dimension,
        "dimension",
        |_, item: &crate::policy::Dimension| { item.name.clone() }
    );
    each!(
        origins,
        origin,
        "origin",
        |_, item: &crate::policy::Origin| item.name.clone()
    );
    each!(
        backends,
        backend,
        "backend",
        |_, item: &crate::policy::Backend| item.name.clone()
    );
    each!(buses, bus, "bus", |_, item: &crate::policy::Bus| item
        .name
        .clone());
    each!(levels, level, "level", |_, item: &crate::level::Level| item
        .name
        .clone());
    each!(edges, edge, "invalidation", |index, _| index + 1);
    each!(
        workloads,
        workload,
        "workload",
        |_, item: &crate::workload::Workload| { item.name.clone() }
    );
    each!(
        expectations,
        expectation,
        "claim",
        |_, item: &crate::expectation::Expectation| { item.id.clone() }
    );
    Ok(())
}

/// A policy whose parts are being checked.
#[derive(Clone, Copy)]
struct Checker<'p> {
    policy: &'p Policy,
}

impl Checker<'_> {
    fn service(self) -> Checked {
        let policy = self.policy;
        let lengths = [
            policy.files.len(),
            policy.models.len(),
            policy.dimensions.len(),
            policy.origins.len(),
            policy.backends.len(),
            policy.buses.len(),
            policy.levels.len(),
            policy.edges.len(),
            policy.workloads.len(),
        ];
        ensure(
            lengths
                .iter()
                .all(|&length| length <= usize::from(u16::MAX)),
            "more parts than can be numbered",
        )?;
        ensure(
            (1..=MAX_INSTANCES).contains(&policy.processes),
            "its number of processes is out of range",
        )?;
        ensure(policy.threads != Some(0), "its processes have no threads")
    }

    fn place(self, place: Place) -> Checked {
        ensure(
            usize::from(place.file) < self.policy.files.len(),
            "it stands in a file that is not listed",
        )
    }

    fn model(self, _: usize, model: &crate::policy::Model) -> Checked {
        ensure(model.field("id").is_some(), "it has no `id`")?;
        ensure(
            model.fields.len() <= usize::from(u16::MAX),
            "more fields than can be numbered",
        )?;
        model
            .fields
            .iter()
            .filter_map(|field| field.reference)
            .try_for_each(|reference| self.has_model(reference.model))
    }

    fn dimension(self, index: usize, dimension: &crate::policy::Dimension) -> Checked {
        if let Domain::Range { low, high } = dimension.domain {
            ensure(low <= high, "its range is empty")?;
        }
        if let Some(by) = dimension.by {
            self.has_dimension(by)?;
            let own = DimensionId(index as u16);
            ensure(
                crate::graph::determiners(self.policy, by).all(|each| each != own),
                "it follows from itself",
            )?;
        }
        Ok(())
    }

    fn origin(self, _: usize, origin: &crate::policy::Origin) -> Checked {
        ensure(origin.slots != Some(0), "it has no slots")?;
        if let Some(rate) = origin.rate {
            ensure(
                is_positive(rate.per_second) && rate.burst >= 1.0 && rate.burst.is_finite(),
                "its rate is out of range",
            )?;
        }
        distribution(&origin.replica_lag)?;
        ensure(
            is_share(origin.failure_rate),
            "its failure rate is no share",
        )
    }

    fn backend(self, _: usize, backend: &crate::policy::Backend) -> Checked {
        if let BackendKind::Cdn { pops } = backend.kind {
            ensure(
                (1..=MAX_INSTANCES).contains(&pops),
                "its number of points of presence is out of range",
            )?;
        }
        distribution(&backend.latency)
    }

    fn bus(self, _: usize, bus: &crate::policy::Bus) -> Checked {
        if let Delivery::AtMostOnce { loss } = bus.delivery {
            ensure(is_share(loss), "its loss is no share")?;
        }
        if let Some(tracks) = bus.tracks {
            let backend = self.policy.backends.get(tracks.backend.index());
            let is_redis = backend.is_some_and(|backend| backend.kind == BackendKind::Redis);
            ensure(is_redis, "it tracks what is no Redis")?;
            ensure(tracks.max_keys > 0, "it tracks no key")?;
        }
        distribution(&bus.delay)
    }

    fn has_model(self, id: ModelId) -> Checked {
        ensure(
            id.index() < self.policy.models.len(),
            "it names a model that does not exist",
        )
    }

    fn has_field(self, model: ModelId, field: FieldId) -> Checked {
        let found = self
            .policy
            .models
            .get(model.index())
            .and_then(|model| model.fields.get(field.index()));
        ensure(found.is_some(), "it names a field that does not exist")
    }

    fn has_dimension(self, id: DimensionId) -> Checked {
        ensure(
            id.index() < self.policy.dimensions.len(),
            "it names a dimension that does not exist",
        )
    }
}

/// A number that JSON can hold, greater than nothing.
fn is_positive(number: f64) -> bool {
    number > 0.0 && number.is_finite()
}

fn is_amount(number: f64) -> bool {
    number >= 0.0 && number.is_finite()
}

fn is_share(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}

fn distribution(distribution: &Distribution) -> Checked {
    let fits = match distribution.shape {
        Shape::Constant { value } => is_amount(value),
        Shape::Uniform { low, high } => is_amount(low) && is_amount(high) && low <= high,
        Shape::Exponential { mean } => is_amount(mean),
        Shape::LogNormal { p50, p99 } => is_positive(p50) && is_positive(p99) && p50 <= p99,
    };
    let bounds = [distribution.min, distribution.max];
    ensure(
        fits && bounds.into_iter().flatten().all(is_amount),
        "a distribution has a number out of range",
    )?;
    ensure(
        !matches!((distribution.min, distribution.max), (Some(min), Some(max)) if min > max),
        "a distribution's `min` is greater than its `max`",
    )
}

/// A pattern whose holes are among so many parameters.
fn pattern(pattern: &Pattern, params: usize) -> Checked {
    let segments = &pattern.segments;
    ensure(
        (1..=MAX_SEGMENTS).contains(&segments.len()),
        "a path has too many segments, or none",
    )?;
    for (index, segment) in segments.iter().enumerate() {
        let param = match segment {
            Segment::Text(_) => None,
            Segment::Hole { param, .. } => *param,
            Segment::Rest { param } => {
                ensure(
                    index + 1 == segments.len(),
                    "a path goes on behind its rest",
                )?;
                *param
            }
        };
        ensure(
            param.is_none_or(|param| usize::from(param) < params.min(MAX_PARAMS)),
            "a path has a hole that is no parameter",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
