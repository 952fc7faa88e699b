//! A witness of the analysis as events of a trace.

use crate::data::FixedName;
use cachepolicy_analysis::{RequestStep, StepKind, Witness, WriteStep};
use cachepolicy_core::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Event;
use cachepolicy_trace::event::{FaultEvent, NamedFault, Request, Row, Value, Write};

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
    let model = policy.models.get(step.model.index());
    Write {
        at,
        model: model.map(|model| model.name.clone()).unwrap_or_default(),
        operation: step.operation,
        old: row(&step.old),
        new: row(&step.new),
        process: step.process,
        delay: step.delay,
    }
}
