//! A policy and a workload to try the generator on.

use crate::generate::*;
use cachepolicy_core::decide::{Rules, Stampede};
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::edge::{
    Action, EdgeBlock, Operation, RowImage, RowPath, Target, TargetArg, Timing, Verb,
};
use cachepolicy_core::ids::{BackendId, DimensionId, FieldId, LevelId, ModelId};
use cachepolicy_core::level::{
    Amount, Data, Key, Level, LevelKind, LifetimeSource, ListBound, Read, ReadBinding, ValueSource,
};
use cachepolicy_core::policy::{
    Backend, BackendKind, Carrier, Dimension, Domain, Evict, Field, IgnoreQuery, Model, OnFailure,
    Place, Reference, Semantics,
};
use cachepolicy_core::route::{Pattern, Route};
use cachepolicy_core::units::Duration;
use cachepolicy_core::workload::{DataDraw, DimensionDraw, Popularity, RequestMix, WriteMix};
pub(super) fn pattern(text: &str) -> Pattern {
    let mut next = 0;
    Pattern::parse(text, |_| {
        next += 1;
        Some(next - 1)
    })
    .unwrap()
}

pub(super) fn view(name: &str, path: &str, params: &[&str]) -> Level {
    let amount = |value| Amount {
        from_trace: false,
        otherwise: Distribution::constant(value),
    };
    Level {
        name: name.to_owned(),
        kind: LevelKind::View,
        place: Place::default(),
        params: params.iter().map(|param| (*param).to_owned()).collect(),
        route: Some(Route {
            methods: vec!["GET".to_owned()],
            pattern: pattern(path),
        }),
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
        origin: None,
        size: amount(1024.0),
        tags: Vec::new(),
        skip: None,
        http: None,
    }
}

pub(super) fn dimension(name: &str, carrier: Carrier, by: Option<u16>) -> Dimension {
    Dimension {
        name: name.to_owned(),
        place: Place::default(),
        carrier,
        domain: Domain::Any,
        otherwise: None,
        coerce: false,
        personal: false,
        by: by.map(DimensionId),
    }
}

pub(super) fn model(name: &str, fields: &[(&str, Option<u16>)]) -> Model {
    let fields = fields.iter().map(|(name, model)| Field {
        name: (*name).to_owned(),
        reference: model.map(|model| Reference {
            model: ModelId(model),
            many: false,
        }),
    });
    Model {
        name: name.to_owned(),
        place: Place::default(),
        fields: fields.collect(),
    }
}

/// Article { id; slug; title; author -> Author; section } and Author { id; name }; `/`,
/// `/articles/{slug}`, `/sections/{section}`; an edge that follows `author.name`.
pub(super) fn news() -> Policy {
    let mut home = view("home", "/", &[]);
    home.data.push(Data {
        name: "headlines".to_owned(),
        list: Some(ListBound { max: Some(10) }),
    });
    let reads = |field| Read {
        model: ModelId(0),
        bindings: vec![ReadBinding {
            field: FieldId(field),
            value: ValueSource::Param(0),
            each: false,
        }],
        fields: None,
        place: Place::default(),
    };
    let mut article = view("article", "/articles/{slug}", &["slug"]);
    article.reads.push(reads(1));
    let mut section = view("section", "/sections/{section}", &["section"]);
    section.reads.push(reads(4));
    let action = Action {
        place: Place::default(),
        verb: Verb::Purge,
        target: Target::Level {
            level: LevelId(1),
            args: vec![TargetArg::Row(RowPath {
                image: RowImage::Both,
                each: false,
                path: vec![FieldId(3), FieldId(1)],
            })],
        },
        cascade: false,
        when: None,
    };
    Policy {
        name: "news".to_owned(),
        edition: 1,
        hash: String::new(),
        files: vec!["news.cachepolicy".to_owned()],
        semantics: Semantics::Http,
        processes: 1,
        threads: None,
        models: vec![
            model(
                "Article",
                &[
                    ("id", None),
                    ("slug", None),
                    ("title", None),
                    ("author", Some(1)),
                    ("section", None),
                ],
            ),
            model("Author", &[("id", None), ("name", None)]),
        ],
        dimensions: vec![
            dimension("user.group", Carrier::User("group".to_owned()), Some(1)),
            dimension("user.id", Carrier::User("id".to_owned()), None),
            dimension("currency", Carrier::Cookie("currency".to_owned()), None),
            dimension("page", Carrier::Query("page".to_owned()), None),
        ],
        ignore_query: IgnoreQuery::Nothing,
        origins: Vec::new(),
        backends: vec![Backend {
            name: "shared".to_owned(),
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
        }],
        buses: Vec::new(),
        levels: vec![home, article, section],
        edges: vec![EdgeBlock {
            place: Place::default(),
            model: ModelId(0),
            operations: vec![Operation::Update],
            timing: Timing::AfterCommit,
            bus: None,
            actions: vec![action],
        }],
        workloads: Vec::new(),
        expectations: Vec::new(),
    }
}

pub(super) fn poisson(per_second: f64) -> Arrivals {
    Arrivals {
        per_second,
        poisson: true,
    }
}

pub(super) fn draw(path: &str, weight: f64, params: &[(&str, Popularity)]) -> RouteDraw {
    let params = params.iter();
    RouteDraw {
        method: "GET".to_owned(),
        pattern: pattern(path),
        weight,
        params: params
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    }
}

pub(super) fn slugs() -> Popularity {
    Popularity::Zipf {
        alpha: 1.0,
        n: 5_000,
    }
}

pub(super) fn choice(values: &[(&str, f64)]) -> Popularity {
    let values = values.iter();
    Popularity::Choice(
        values
            .map(|(value, share)| ((*value).to_owned(), *share))
            .collect(),
    )
}

pub(super) fn weekday() -> Workload {
    let dimension = |dimension, share, value| DimensionDraw {
        dimension: DimensionId(dimension),
        share,
        value,
    };
    let write = |model, operation, per_second, fields: &[(u16, Popularity)]| WriteMix {
        model: ModelId(model),
        operation,
        arrivals: poisson(per_second),
        fields: fields
            .iter()
            .map(|(field, value)| (FieldId(*field), value.clone()))
            .collect(),
        changes: None,
    };
    Workload {
        name: "weekday".to_owned(),
        place: Place::default(),
        duration: Duration::from_secs(200),
        requests: vec![RequestMix {
            arrivals: poisson(50.0),
            routes: vec![
                draw("/", 30.0, &[]),
                draw("/articles/{slug}", 60.0, &[("slug", slugs())]),
                draw(
                    "/sections/{section}",
                    10.0,
                    &[("section", choice(&[("a b", 0.5), ("é", 0.5)]))],
                ),
            ],
        }],
        dimensions: vec![
            dimension(0, 1.0, choice(&[("retail", 0.5), ("vip", 0.5)])),
            dimension(1, 0.2, Popularity::Uniform { n: 40 }),
            dimension(2, 0.5, choice(&[("EUR", 1.0)])),
        ],
        data: vec![DataDraw {
            name: "headlines".to_owned(),
            count: 10,
            value: slugs(),
        }],
        writes: vec![
            write(
                0,
                Operation::Update,
                2.0,
                &[(1, Popularity::Uniform { n: 20 })],
            ),
            write(0, Operation::Create, 0.5, &[]),
            write(1, Operation::Update, 0.5, &[]),
            write(0, Operation::Delete, 0.2, &[(1, slugs())]),
        ],
        write_rules: Vec::new(),
        faults: vec![
            ScheduledFault {
                at: Duration::from_secs(100),
                fault: Fault::Flush(BackendId(0)),
            },
            ScheduledFault {
                at: Duration::from_secs(50),
                fault: Fault::Surge {
                    factor: 10.0,
                    rise: Duration::ZERO,
                    duration: Duration::from_secs(20),
                    only: Some(SurgeRoute {
                        method: "GET".to_owned(),
                        path: "/articles/77".to_owned(),
                    }),
                },
            },
            ScheduledFault {
                at: Duration::from_secs(150),
                fault: Fault::Deploy,
            },
            ScheduledFault {
                at: Duration::from_secs(500),
                fault: Fault::Deploy,
            },
        ],
    }
}
