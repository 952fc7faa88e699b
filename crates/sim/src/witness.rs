//! A witness of the analysis as events of a trace.

use crate::data::FixedName;
use crate::delays::{self, To};
use crate::{Options, Simulation};
use cachepolicy_analysis::{Bounds, DelayedTo, RequestStep, Shows, StepKind, Witness, WriteStep};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::{LevelId, ModelId};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Event;
use cachepolicy_trace::event::{FaultEvent, NamedFault, Request, Row, Value, Write};

/// A witness that reaches so much of its bound is as good as any.
const NEAR: f64 = 0.98;

/// A witness of a bound, and what its replay comes to.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The witness.
    pub witness: Witness,
    /// How old an answer of the level gets, of the bound: 0..1.
    pub share: f64,
}

/// Of those that can be built of a level's bound the one that comes nearest to it; `None`: there is
/// nothing to show.
#[must_use]
pub fn of_bound(
    policy: &Policy,
    graph: &Graph,
    bounds: &Bounds,
    level: LevelId,
    model: ModelId,
) -> Option<Shown> {
    let mut best: Option<Shown> = None;
    for witness in Witness::of_bound(policy, graph, bounds, level, model) {
        let share = share(policy, &witness);
        if best.as_ref().is_none_or(|best| share > best.share) {
            best = Some(Shown { witness, share });
        }
        if share >= NEAR {
            break;
        }
    }
    best
}

fn share(policy: &Policy, witness: &Witness) -> f64 {
    let Shows::Bound(_, bound) = witness.shows else {
        return 0.0;
    };
    let Ok(mut simulation) = Simulation::new(policy, Options::default()) else {
        return 0.0;
    };
    for event in events(policy, witness) {
        if simulation.push(&event).is_err() {
            return 0.0;
        }
    }
    let report = simulation.finish();
    let level = policy.levels.get(witness.level.index());
    let level = level.and_then(|level| report.levels.get(&level.name));
    let staleness = level.and_then(|level| level.out_of_date.staleness.max);
    staleness.unwrap_or(0.0) / bound.as_secs_f64()
}

/// The events, in the order of time.
#[must_use]
pub fn events(policy: &Policy, witness: &Witness) -> Vec<Event> {
    let steps = witness.steps.iter();
    steps
        .map(|step| match &step.what {
            StepKind::Request(request) => Event::Request(request_of(policy, step.at, request)),
            StepKind::Write(write) => Event::Write(write_of(policy, step.at, write)),
            StepKind::Outage(target, duration) => Event::Fault(FaultEvent {
                at: step.at,
                fault: NamedFault::Outage {
                    target: target.clone(),
                    duration: *duration,
                },
            }),
        })
        .collect()
}

fn request_of(policy: &Policy, at: Time, step: &RequestStep) -> Request {
    let fixed = |name: FixedName, times: &[(LevelId, Duration)]| {
        let each = times.iter().filter_map(|(level, time)| {
            let level = policy.levels.get(level.index())?;
            Some((name.of(&level.name), vec![time.as_secs_f64().to_string()]))
        });
        each.collect::<Vec<_>>()
    };
    let mut data = step.data.clone();
    data.extend(fixed(FixedName::Cost, &step.costs));
    data.extend(fixed(FixedName::Lag, &step.lags));
    let all = |levels: &[LevelId], value: Duration| -> Vec<(LevelId, Duration)> {
        levels.iter().map(|level| (*level, value)).collect()
    };
    data.extend(fixed(
        FixedName::Jitter,
        &all(&step.unshortened, Duration::ZERO),
    ));
    data.extend(fixed(
        FixedName::Absent,
        &all(&step.absent, Duration::SECOND),
    ));
    data.extend(fixed(
        FixedName::Error,
        &all(&step.failing, Duration::SECOND),
    ));
    let fails_at_times = |level: &LevelId| {
        let level = policy.levels.get(level.index());
        let origin = level.and_then(|level| policy.origins.get(level.origin?.index()));
        origin.is_some_and(|origin| origin.failure_rate > 0.0)
    };
    let walked = step.costs.iter().map(|(level, _)| *level);
    let steady: Vec<LevelId> = walked
        .filter(|level| fails_at_times(level) && !step.failing.contains(level))
        .collect();
    data.extend(fixed(FixedName::Error, &all(&steady, Duration::ZERO)));
    Request {
        at,
        method: step.method.clone(),
        path: step.path.clone(),
        headers: step.headers.clone(),
        cookies: step.cookies.clone(),
        user: step.user.clone(),
        user_known: true,
        cookies_known: true,
        headers_known: true,
        attrs: step.attrs.clone(),
        data,
        process: step.process,
        ..Request::default()
    }
}

fn write_of(policy: &Policy, at: Time, step: &WriteStep) -> Write {
    let row = |image: &Option<Vec<(String, Option<String>)>>| {
        let fields = image.as_ref()?.iter().map(|(name, value)| {
            let value = value.clone().map_or(Value::Null, Value::Text);
            (name.clone(), value)
        });
        Some(fields.collect::<Row>())
    };
    let delays = step.delays.iter().map(|fixed| {
        let to = match fixed.to {
            DelayedTo::Shared => To::Shared,
            DelayedTo::Memory => To::Memory,
        };
        let (name, value) = delays::field(policy, fixed.of, to, fixed.delay);
        (name, Value::Text(value))
    });
    let (mut old, mut new) = (row(&step.old), row(&step.new));
    if let Some(fields) = new.as_mut().or(old.as_mut()) {
        fields.extend(delays);
    }
    let model = policy.models.get(step.model.index());
    Write {
        at,
        model: model.map(|model| model.name.clone()).unwrap_or_default(),
        operation: step.operation,
        old,
        new,
        process: step.process,
        delay: None,
    }
}
