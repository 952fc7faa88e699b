//! `origin`, `backend` and `bus` items.

use super::distributions::{Measure, distribution};
use crate::context::Context;
use crate::names::Kind;
use crate::property::Property;
use crate::reader::Reader;
use cachepolicy_core::policy::{
    Backend, BackendKind, Bus, Capacity, Delivery, Evict, OnFailure, Origin, Place, RateLimit,
    Reaches, Tracks,
};
use cachepolicy_core::{BackendId, Bytes, Distribution, Duration};
use cachepolicy_syntax::{Diagnostic, Span};

/// A backend, and what must be checked once its block was read.
pub(crate) struct BackendDraft {
    pub(crate) backend: Backend,
    /// `pops N`
    pub(crate) pops: Option<(u32, Span)>,
}

impl BackendDraft {
    pub(crate) fn new(name: String, place: Place, kind: BackendKind) -> Self {
        Self {
            backend: Backend {
                name,
                place,
                kind,
                capacity: None,
                evict: Evict::Lru,
                latency: Distribution::constant(0.0),
                on_failure: OnFailure {
                    bypass: true,
                    after: Duration::ZERO,
                },
                prefix: None,
                version: 1,
            },
            pops: None,
        }
    }

    /// Puts the points of presence into the kind.
    pub(crate) fn finish(mut self, cx: &mut Context<'_>) -> Backend {
        if let Some((count, span)) = self.pops {
            if let BackendKind::Cdn { pops } = &mut self.backend.kind {
                *pops = count;
            } else {
                let message = format!("`pops` means nothing on `{}`", self.backend.name);
                cx.report(
                    Diagnostic::error("property-not-here", span, message)
                        .help("only a `cdn` has points of presence: remove it, or write `cdn`"),
                );
            }
        }
        self.backend
    }
}

/// The kinds of backend by their words.
pub(crate) const KINDS: [(&str, BackendKind); 6] = [
    ("memory", BackendKind::Memory),
    ("redis", BackendKind::Redis),
    ("proxy", BackendKind::Proxy),
    ("cdn", BackendKind::Cdn { pops: 1 }),
    ("disk", BackendKind::Disk),
    ("none", BackendKind::None),
];

pub(crate) fn kind(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<BackendKind> {
    reader.one_of(cx, "a kind of backend", &KINDS)
}

pub(crate) fn new_origin(name: String, place: Place) -> Origin {
    Origin {
        name,
        place,
        slots: None,
        rate: None,
        replica_lag: Distribution::constant(0.0),
        failure_rate: 0.0,
    }
}

pub(crate) fn new_bus(name: String, place: Place) -> Bus {
    Bus {
        name,
        place,
        delivery: Delivery::AtLeastOnce,
        delay: Distribution::constant(0.0),
        reaches: Reaches::Shared,
        tracks: None,
    }
}

pub(crate) fn slots(
    cx: &mut Context<'_>,
    origin: &mut Origin,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    origin.slots = Some(reader.count32(cx, 1)?);
    reader.finish(cx)
}

pub(crate) fn rate(
    cx: &mut Context<'_>,
    origin: &mut Origin,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let place = reader.place();
    let per_second = reader.rate(cx)?;
    if per_second <= 0.0 {
        let diagnostic = Diagnostic::error("out-of-range", place, "a rate of 0 lets nothing begin");
        cx.report(diagnostic.help("write a rate above 0, or remove the property"));
        return None;
    }
    let burst = if reader.eat("burst") {
        reader.count32(cx, 1)?
    } else {
        1
    };
    reader.finish(cx)?;
    origin.rate = Some(RateLimit {
        per_second,
        burst: f64::from(burst),
    });
    Some(())
}

pub(crate) fn replica_lag(
    cx: &mut Context<'_>,
    origin: &mut Origin,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    origin.replica_lag = distribution(cx, &mut reader, Measure::Time)?;
    reader.finish(cx)
}

pub(crate) fn failure_rate(
    cx: &mut Context<'_>,
    origin: &mut Origin,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    origin.failure_rate = reader.share(cx)?;
    reader.finish(cx)
}

pub(crate) fn capacity(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    use crate::quantity::Quantity;
    let mut reader = property.value(cx);
    let place = reader.place();
    let hint = "write bytes as `2GiB`, or copies as `2_000 entries`";
    let capacity = reader.quantity(
        cx,
        "a size or a number of entries",
        hint,
        |read| match read {
            Quantity::Bytes(bytes) => Some(Capacity::Bytes(Bytes(bytes))),
            Quantity::Number(count) if count.fract() == 0.0 => {
                Some(Capacity::Entries(count as u64))
            }
            _ => None,
        },
    )?;
    if let Capacity::Entries(count) = capacity
        && !reader.eat("entries")
    {
        if !reader.is_done() {
            return reader.expected(cx, "`entries`");
        }
        let message = format!("`{count}` of what? a capacity has a unit");
        cx.report(
            Diagnostic::error("missing-unit", place, message)
                .help(format!("write `{count} entries`, or a size such as `2GiB`")),
        );
        return None;
    }
    reader.finish(cx)?;
    if matches!(capacity, Capacity::Bytes(Bytes(0)) | Capacity::Entries(0)) {
        cx.report(
            Diagnostic::error(
                "out-of-range",
                place,
                "a backend of capacity 0 holds nothing",
            )
            .help(format!(
                "to switch it off write `backend {} none`",
                draft.backend.name
            )),
        );
        return None;
    }
    draft.backend.capacity = Some(capacity);
    Some(())
}

pub(crate) fn evict(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    draft.backend.evict = reader.one_of(cx, "an eviction policy", &Evict::ALL)?;
    reader.finish(cx)
}

pub(crate) fn latency(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    draft.backend.latency = distribution(cx, &mut reader, Measure::Time)?;
    reader.finish(cx)
}

pub(crate) fn on_failure(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let bypass = reader.one_of(cx, "a reaction", &[("bypass", true), ("error", false)])?;
    let after = if reader.eat("after") {
        reader.duration(cx)?
    } else {
        Duration::ZERO
    };
    reader.finish(cx)?;
    draft.backend.on_failure = OnFailure { bypass, after };
    Some(())
}

pub(crate) fn prefix(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let template = reader.template(cx, "a text in quotes")?;
    reader.finish(cx)?;
    let Some(text) = template.value.as_text() else {
        cx.report(
            Diagnostic::error("unexpected-value", template.span, "a prefix has no holes")
                .help("it stands before every key: write a plain text"),
        );
        return None;
    };
    draft.backend.prefix = Some(text.to_owned());
    Some(())
}

pub(crate) fn version(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    draft.backend.version = reader.count(cx, 0, u64::from(u32::MAX))?;
    reader.finish(cx)
}

pub(crate) fn pops(
    cx: &mut Context<'_>,
    draft: &mut BackendDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let count = reader.count(cx, 1, 65_535)? as u32;
    reader.finish(cx)?;
    draft.pops = Some((count, property.span()));
    Some(())
}

pub(crate) fn delivery(cx: &mut Context<'_>, bus: &mut Bus, property: &Property<'_>) -> Option<()> {
    let mut reader = property.value(cx);
    bus.delivery = reader.one_of(
        cx,
        "a promise of delivery",
        &[
            ("in-process", Delivery::InProcess),
            ("at-most-once", Delivery::AtMostOnce { loss: 0.0 }),
            ("at-least-once", Delivery::AtLeastOnce),
        ],
    )?;
    if let Delivery::AtMostOnce { loss } = &mut bus.delivery
        && reader.eat("loss")
    {
        *loss = reader.share(cx)?;
    }
    reader.finish(cx)
}

pub(crate) fn delay(cx: &mut Context<'_>, bus: &mut Bus, property: &Property<'_>) -> Option<()> {
    let mut reader = property.value(cx);
    bus.delay = distribution(cx, &mut reader, Measure::Time)?;
    reader.finish(cx)
}

/// Only Redis tells its clients of changes.
pub(crate) fn tracks(cx: &mut Context<'_>, bus: &mut Bus, property: &Property<'_>) -> Option<()> {
    let mut reader = property.value(cx);
    let name = reader.name(cx, "the name of a backend")?;
    let max_keys = if reader.eat("max") {
        reader.count32(cx, 1)?
    } else {
        Tracks::MAX_KEYS
    };
    reader.finish(cx)?;
    let index = cx.look_up(Kind::Backend, name)?;
    let backend = cx.policy.backends.get(usize::from(index));
    if backend.is_some_and(|backend| backend.kind != BackendKind::Redis) {
        let message = format!("`{}` tells nobody of changes", name.value);
        cx.report(
            Diagnostic::error("misused-tracking", name.span, message)
                .help("only a `redis` can be tracked: name one, or remove the property"),
        );
        return None;
    }
    bus.tracks = Some(Tracks {
        backend: BackendId(index),
        max_keys,
    });
    Some(())
}

/// What a bus that tracks a backend cannot be.
pub(crate) fn check_tracking(cx: &mut Context<'_>, bus: &Bus, span: Span) {
    let Some(tracks) = bus.tracks else {
        return;
    };
    let earlier = |known: &Bus| known.tracks.is_some_and(|it| it.backend == tracks.backend);
    let problem = if cx.policy.buses.iter().any(earlier) {
        (
            "tracks what another bus tracks already",
            "a backend tells of a change once: remove one of the two",
        )
    } else if bus.delivery == Delivery::InProcess {
        (
            "is delivered in the writer's process and tracks a backend",
            "a backend's messages come over a connection: write `delivery at-most-once`",
        )
    } else if bus.reaches == Reaches::AllProcesses {
        (
            "reaches all processes and tracks a backend",
            "its messages go to those that read the key: remove `reaches`",
        )
    } else {
        return;
    };
    let message = format!("`{}` {}", bus.name, problem.0);
    cx.report(Diagnostic::error("misused-tracking", span, message).help(problem.1));
}

pub(crate) fn reaches(cx: &mut Context<'_>, bus: &mut Bus, property: &Property<'_>) -> Option<()> {
    let mut reader = property.value(cx);
    bus.reaches = reader.one_of(
        cx,
        "a reach",
        &[
            ("shared", Reaches::Shared),
            ("all-processes", Reaches::AllProcesses),
        ],
    )?;
    reader.finish(cx)
}
