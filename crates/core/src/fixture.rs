//! Small policies for this crate's tests.

mod rich;

pub(crate) use rich::rich;

use crate::decide::{Rules, Stampede};
use crate::distribution::Distribution;
use crate::ids::{BackendId, LevelId};
use crate::level::{Amount, Contain, Key, Level, LevelKind, LifetimeSource, Tier};
use crate::policy::{
    Backend, BackendKind, Carrier, Dimension, Domain, Evict, IgnoreQuery, OnFailure, Place, Policy,
    Semantics,
};
use crate::route::{Pattern, Route};
use crate::units::Duration;

pub(crate) fn rules() -> Rules {
    Rules {
        ttl: Duration::from_secs(60),
        jitter: 0.0,
        sliding: false,
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        negative_ttl: None,
        early_refresh: None,
        stampede: Stampede::None,
        fence: false,
        timeout: Duration::from_secs(30),
    }
}

pub(crate) fn level(kind: LevelKind, name: &str) -> Level {
    Level {
        name: name.into(),
        kind,
        place: Place::default(),
        params: Vec::new(),
        route: None,
        tiers: Vec::new(),
        key: Key {
            explicit: false,
            parts: Vec::new(),
        },
        vary: Vec::new(),
        uses: Vec::new(),
        uses_csrf: false,
        data: Vec::new(),
        reads: Vec::new(),
        contains: Vec::new(),
        batch: None,
        lifetime: LifetimeSource::Declared,
        rules: rules(),
        status: vec![200],
        cost: Amount {
            from_trace: false,
            otherwise: Distribution::constant(0.0),
        },
        origin: None,
        size: Amount {
            from_trace: false,
            otherwise: Distribution::constant(1024.0),
        },
        tags: Vec::new(),
        skip: None,
        http: None,
    }
}

/// Its holes are parameters in the order of their appearance.
pub(crate) fn pattern(text: &str) -> Pattern {
    let mut next = 0;
    Pattern::parse(text, |_| {
        next += 1;
        Some(next - 1)
    })
    .unwrap()
}

/// With a route `GET|POST /x`.
pub(crate) fn routed(kind: LevelKind, name: &str, route: &str) -> Level {
    let (methods, path) = route.split_once(' ').unwrap();
    let pattern = pattern(path);
    Level {
        route: Some(Route {
            methods: methods.split('|').map(Into::into).collect(),
            pattern,
        }),
        ..level(kind, name)
    }
}

pub(crate) fn contain(level: u16) -> Contain {
    Contain {
        level: LevelId(level),
        args: Vec::new(),
        each: None,
        place: Place::default(),
    }
}

pub(crate) fn policy(levels: Vec<Level>) -> Policy {
    Policy {
        name: "p".into(),
        edition: 1,
        hash: String::new(),
        files: vec!["p.cachepolicy".into()],
        semantics: Semantics::Http,
        processes: 1,
        threads: None,
        models: Vec::new(),
        dimensions: Vec::new(),
        ignore_query: IgnoreQuery::Nothing,
        origins: Vec::new(),
        backends: Vec::new(),
        buses: Vec::new(),
        levels,
        edges: Vec::new(),
        workloads: Vec::new(),
        expectations: Vec::new(),
    }
}

pub(crate) fn dimension(name: &str, carrier: Carrier) -> Dimension {
    Dimension {
        name: name.into(),
        place: Place::default(),
        carrier,
        domain: Domain::Any,
        otherwise: None,
        coerce: false,
        personal: false,
        by: None,
    }
}

pub(crate) fn backend(name: &str) -> Backend {
    Backend {
        name: name.into(),
        place: Place::default(),
        kind: BackendKind::Redis,
        capacity: None,
        evict: Evict::Lru,
        latency: Distribution::constant(0.0),
        on_failure: OnFailure {
            bypass: true,
            after: Duration::ZERO,
        },
        prefix: None,
        version: 1,
    }
}

pub(crate) fn stored(level: Level) -> Level {
    Level {
        tiers: vec![Tier {
            backend: BackendId(0),
            ceiling: None,
        }],
        ..level
    }
}
