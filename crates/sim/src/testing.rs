//! A small policy for this crate's tests: two levels in one backend, an origin, an edge with every
//! kind of target.

use cachepolicy_core::decide::{Rules, Stampede};
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::edge::{
    Action, Condition, EdgeBlock, Operation, RowImage, RowPath, TagPart, Target, TargetArg, Timing,
    Verb,
};
use cachepolicy_core::expectation::{Claim, Comparison, Expectation, Mode, Subject, Unit};
use cachepolicy_core::ids::{BackendId, FieldId, LevelId, ModelId, OriginId};
use cachepolicy_core::level::{
    Amount, Data, Key, Level, LevelKind, LifetimeSource, ListBound, Tier,
};
use cachepolicy_core::policy::{
    Backend, BackendKind, Carrier, Dimension, Domain, Evict, Field, IgnoreQuery, Model, OnFailure,
    Origin, Place, Policy, Reference, Semantics,
};
use cachepolicy_core::units::Duration;

pub(crate) fn policy() -> Policy {
    Policy {
        name: "news".into(),
        edition: 1,
        hash: "00ff".into(),
        files: vec!["news.cachepolicy".into()],
        semantics: Semantics::Http,
        processes: 3,
        threads: None,
        models: vec![
            model(
                "Article",
                &[
                    ("id", None),
                    ("slug", None),
                    ("title", None),
                    ("author", Some(1)),
                ],
            ),
            model("Author", &[("id", None), ("name", None)]),
        ],
        dimensions: vec![Dimension {
            name: "currency".into(),
            place: Place::default(),
            carrier: Carrier::Cookie("currency".into()),
            domain: Domain::Any,
            otherwise: Some("EUR".into()),
            coerce: false,
            personal: false,
            by: None,
        }],
        ignore_query: IgnoreQuery::Nothing,
        origins: vec![Origin {
            name: "db".into(),
            place: Place::default(),
            slots: Some(2),
            rate: None,
            replica_lag: Distribution::constant(0.0),
            failure_rate: 0.0,
        }],
        backends: vec![
            backend("shared", BackendKind::Redis),
            backend("hot", BackendKind::Memory),
        ],
        buses: Vec::new(),
        levels: vec![
            level(LevelKind::Object, "article", &["slug"]),
            Level {
                data: vec![Data {
                    name: "headlines".into(),
                    list: Some(ListBound { max: Some(10) }),
                }],
                ..level(LevelKind::View, "page", &["slug"])
            },
        ],
        edges: vec![edge()],
        workloads: Vec::new(),
        expectations: vec![
            claim(
                Subject::Level(LevelId(1)),
                "hit_ratio",
                Comparison::AtLeast,
                0.8,
                Unit::Ratio,
            ),
            claim(
                Subject::Origin(OriginId(0)),
                "rate.peak_1s",
                Comparison::AtMost,
                1.0,
                Unit::PerSecond,
            ),
            Expectation {
                id: "no-leak".into(),
                place: Place { file: 0, line: 9 },
                mode: Mode::Prove,
                text: "prove no-leak".into(),
                workload: None,
                claim: Claim::NoLeak,
            },
        ],
    }
}

fn model(name: &str, fields: &[(&str, Option<u16>)]) -> Model {
    let field = |&(name, to): &(&str, Option<u16>)| Field {
        name: name.into(),
        reference: to.map(|to| Reference {
            model: ModelId(to),
            many: false,
        }),
    };
    Model {
        name: name.into(),
        place: Place::default(),
        fields: fields.iter().map(field).collect(),
    }
}

fn backend(name: &str, kind: BackendKind) -> Backend {
    Backend {
        name: name.into(),
        place: Place::default(),
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
    }
}

fn level(kind: LevelKind, name: &str, params: &[&str]) -> Level {
    let amount = |value| Amount {
        from_trace: false,
        otherwise: Distribution::constant(value),
    };
    Level {
        name: name.into(),
        kind,
        place: Place::default(),
        params: params.iter().map(|&param| param.into()).collect(),
        route: None,
        tiers: vec![Tier {
            backend: BackendId(0),
            ceiling: None,
        }],
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
        rules: Rules {
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
        },
        status: vec![200],
        cost: amount(0.0),
        origin: Some(OriginId(0)),
        size: amount(1024.0),
        tags: Vec::new(),
        skip: None,
        http: None,
    }
}

fn edge() -> EdgeBlock {
    let row = |image, path: &[u16]| RowPath {
        image,
        each: false,
        path: path.iter().map(|&field| FieldId(field)).collect(),
    };
    let action = |verb, target, cascade, when| Action {
        place: Place::default(),
        verb,
        target,
        cascade,
        when,
    };
    let to = |level, arg| Target::Level {
        level: LevelId(level),
        args: vec![arg],
    };
    EdgeBlock {
        place: Place::default(),
        model: ModelId(0),
        operations: vec![Operation::Create, Operation::Update, Operation::Delete],
        timing: Timing::AfterCommit,
        bus: None,
        actions: vec![
            action(
                Verb::Purge,
                to(0, TargetArg::Row(row(RowImage::Both, &[1]))),
                false,
                None,
            ),
            action(
                Verb::Expire,
                to(1, TargetArg::Any),
                true,
                Some(Condition::Changed(vec![FieldId(2)])),
            ),
            action(
                Verb::Purge,
                Target::Tag(vec![
                    TagPart::Text("author:".into()),
                    TagPart::Row(row(RowImage::Old, &[3, 1])),
                ]),
                false,
                Some(Condition::Not(Box::new(Condition::Or(vec![
                    Condition::In(row(RowImage::Old, &[1]), vec!["a".into()]),
                    Condition::Changed(vec![FieldId(1), FieldId(3)]),
                ])))),
            ),
        ],
    }
}

fn claim(
    subject: Subject,
    figure: &str,
    comparison: Comparison,
    limit: f64,
    unit: Unit,
) -> Expectation {
    Expectation {
        id: figure.into(),
        place: Place { file: 0, line: 7 },
        mode: Mode::Measure,
        text: format!("{figure} … {limit}"),
        workload: None,
        claim: Claim::Figure {
            subject,
            figure: figure.into(),
            comparison,
            limit,
            unit,
        },
    }
}
