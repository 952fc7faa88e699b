use super::*;
use crate::event::{Request, Row, Value, Write};
use crate::testing::written;
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

fn pattern(text: &str) -> Pattern {
    let mut next = 0;
    Pattern::parse(text, |_| {
        next += 1;
        Some(next - 1)
    })
    .unwrap()
}

fn view(name: &str, path: &str, params: &[&str]) -> Level {
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

fn dimension(name: &str, carrier: Carrier, by: Option<u16>) -> Dimension {
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

fn model(name: &str, fields: &[(&str, Option<u16>)]) -> Model {
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
fn news() -> Policy {
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

fn poisson(per_second: f64) -> Arrivals {
    Arrivals {
        per_second,
        poisson: true,
    }
}

fn draw(path: &str, weight: f64, params: &[(&str, Popularity)]) -> RouteDraw {
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

fn slugs() -> Popularity {
    Popularity::Zipf {
        alpha: 1.0,
        n: 5_000,
    }
}

fn choice(values: &[(&str, f64)]) -> Popularity {
    let values = values.iter();
    Popularity::Choice(
        values
            .map(|(value, share)| ((*value).to_owned(), *share))
            .collect(),
    )
}

fn weekday() -> Workload {
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

fn events(policy: &Policy, workload: &Workload, seed: u64) -> Vec<Event> {
    let mut generator = generate(policy, workload, seed);
    let mut events = Vec::new();
    let mut event = Event::default();
    while generator.next(&mut event).unwrap() {
        events.push(event.clone());
    }
    assert_eq!(generator.stats().events, events.len() as u64);
    events
}

fn requests(events: &[Event]) -> Vec<&Request> {
    let requests = events.iter().filter_map(|event| match event {
        Event::Request(request) => Some(request),
        Event::Access(_) | Event::Write(_) | Event::Fault(_) => None,
    });
    requests.collect()
}

fn writes<'a>(events: &'a [Event], model: &str, operation: Operation) -> Vec<&'a Write> {
    let writes = events.iter().filter_map(|event| match event {
        Event::Write(write) => Some(write),
        Event::Access(_) | Event::Request(_) | Event::Fault(_) => None,
    });
    writes
        .filter(|write| write.model == model && write.operation == operation)
        .collect()
}

fn field<'a>(row: Option<&'a Row>, name: &str) -> &'a Value {
    &row.unwrap()
        .iter()
        .find(|(field, _)| field == name)
        .unwrap()
        .1
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

/// Within four standard errors of a Poisson count.
fn about(count: usize, expected: f64) -> bool {
    (count as f64 - expected).abs() < 4.0 * libm::sqrt(expected)
}

#[test]
fn one_seed_gives_the_same_bytes() {
    let (policy, workload) = (news(), weekday());
    let first = written("jsonl", &events(&policy, &workload, 7));
    assert_eq!(first, written("jsonl", &events(&policy, &workload, 7)));
    assert_ne!(first, written("jsonl", &events(&policy, &workload, 8)));
}

#[test]
fn events_are_in_order_and_as_many_as_expected() {
    let events = events(&news(), &weekday(), 1);
    assert!(events.is_sorted_by_key(Event::at));
    assert!(events.last().unwrap().at() < Time::ZERO + Duration::from_secs(200));
    let requests = requests(&events);
    // 50/s for 200 s, and nine times that for 20 s in addition.
    assert!(
        about(requests.len(), 10_000.0 + 9_000.0),
        "{}",
        requests.len()
    );
    assert!(about(
        writes(&events, "Article", Operation::Update).len(),
        400.0
    ));
    assert!(about(
        writes(&events, "Article", Operation::Create).len(),
        100.0
    ));
    let faults: Vec<_> = events
        .iter()
        .filter(|event| matches!(event, Event::Fault(_)))
        .collect();
    assert_eq!(faults.len(), 2);
    assert_eq!(faults[0].at(), Time::ZERO + Duration::from_secs(100));
}

#[test]
fn a_surge_on_a_path_asks_for_it() {
    let events = events(&news(), &weekday(), 1);
    let surge = requests(&events)
        .into_iter()
        .filter(|request| request.path == "/articles/77")
        .filter(|request| (50..70).contains(&(request.at.nanos() / 1_000_000_000)));
    assert!(about(surge.count(), 9_000.0));
    let mut workload = weekday();
    for fault in &mut workload.faults {
        if let Fault::Surge {
            only: Some(only), ..
        } = &mut fault.fault
        {
            only.path = "/articles/{slug}".to_owned();
        }
    }
    let events = self::events(&news(), &workload, 1);
    let articles = requests(&events)
        .into_iter()
        .filter(|request| request.path.starts_with("/articles/"))
        .filter(|request| (50..70).contains(&(request.at.nanos() / 1_000_000_000)));
    assert!(about(articles.count(), 9_600.0));
}

#[test]
fn routes_are_asked_for_by_their_weights() {
    let mut workload = weekday();
    workload.faults.clear();
    let events = events(&news(), &workload, 2);
    let requests = requests(&events);
    let count = |start: &str| {
        requests
            .iter()
            .filter(|request| request.path.starts_with(start))
            .count()
    };
    assert!(about(count("/articles/"), 6_000.0));
    assert!(about(
        count("/sections/a%20b") + count("/sections/%C3%A9"),
        1_000.0
    ));
    assert_eq!(
        count("/sections/a%20b") + count("/sections/%C3%A9"),
        count("/sections/")
    );
    assert!(
        about(count("/articles/1"), 6_000.0 * popular_with_one()),
        "{}",
        count("/articles/1")
    );
}

/// Share of the slugs 1 … 5000 under Zipf's law that begin with the digit 1.
fn popular_with_one() -> f64 {
    let weight = |k: u64| 1.0 / k as f64;
    let all: f64 = (1..=5_000).map(weight).sum();
    let one: f64 = (1..=5_000)
        .filter(|k| k.to_string().starts_with('1'))
        .map(weight)
        .sum();
    one / all
}

#[test]
fn dimensions_have_their_share_and_follow_from_others() {
    let events = events(&news(), &weekday(), 3);
    let requests = requests(&events);
    let users = requests.iter().filter(|request| request.user.is_some());
    let share = users.count() as f64 / requests.len() as f64;
    assert!((share - 0.2).abs() < 0.015, "{share}");
    let mut groups = std::collections::BTreeMap::new();
    for request in &requests {
        assert!(request.user_known && request.cookies_known && !request.headers_known);
        let group = request.attrs.iter().find(|(name, _)| name == "user.group");
        match &request.user {
            None => assert_eq!(group, None),
            Some(user) => {
                let (_, group) = group.unwrap();
                assert_eq!(groups.entry(user.clone()).or_insert(group.clone()), group);
            }
        }
    }
    assert!(groups.len() > 30);
    assert!(groups.values().any(|group| group == "vip"));
}

#[test]
fn a_page_finds_the_same_data() {
    let (policy, workload) = (news(), weekday());
    let events = events(&policy, &workload, 4);
    let draw = &workload.data[0];
    for request in requests(&events) {
        let expected = (request.path == "/")
            .then(|| ("headlines".to_owned(), data_values(4, draw, "home", &[])));
        assert_eq!(request.data, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn updates_change_what_is_not_drawn() {
    let events = events(&news(), &weekday(), 5);
    let mut titles = std::collections::BTreeMap::new();
    let mut sections = std::collections::BTreeSet::new();
    for write in writes(&events, "Article", Operation::Update) {
        let (old, new) = (write.old.as_ref(), write.new.as_ref());
        let slug = text(field(old, "slug"));
        assert_eq!(
            (slug, slug),
            (text(field(new, "slug")), text(field(new, "id")))
        );
        assert!((1..=20).contains(&slug.parse::<u32>().unwrap()));
        for changed in ["title", "author", "section"] {
            assert_ne!(field(old, changed), field(new, changed), "{changed}");
        }
        // The row is as the write before left it, unless it was deleted in between.
        if let Some(last) = titles.insert(slug.to_owned(), field(new, "title").clone()) {
            let replaced = writes(&events, "Article", Operation::Delete)
                .iter()
                .any(|delete| text(field(delete.old.as_ref(), "slug")) == slug);
            assert!(replaced || last == *field(old, "title"));
        }
        sections.insert(text(field(new, "section")).to_owned());
        // An edge follows `author.name`.
        let Value::Row(author) = field(new, "author") else {
            panic!("{:?}", field(new, "author"));
        };
        assert!(text(field(Some(author), "name")).starts_with("name-"));
    }
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), ["a b", "é"]);
}

#[test]
fn creates_and_deletes() {
    let events = events(&news(), &weekday(), 6);
    let creates = writes(&events, "Article", Operation::Create);
    let slugs = creates.iter().map(|write| {
        assert_eq!(write.old, None);
        text(field(write.new.as_ref(), "slug"))
            .parse::<u64>()
            .unwrap()
    });
    // Beyond the 5,000 that are asked for.
    assert!(slugs.eq((5_001..).take(creates.len())));
    for delete in writes(&events, "Article", Operation::Delete) {
        assert!(delete.new.is_none() && delete.old.is_some());
    }
    for update in writes(&events, "Author", Operation::Update) {
        let id = text(field(update.new.as_ref(), "id"))
            .parse::<u64>()
            .unwrap();
        assert!((1..=1_000).contains(&id));
        assert_ne!(
            field(update.old.as_ref(), "name"),
            field(update.new.as_ref(), "name")
        );
    }
}

#[test]
fn a_further_stream_leaves_the_others_as_they_were() {
    let policy = news();
    let workload = weekday();
    let mut more = workload.clone();
    more.requests.push(RequestMix {
        arrivals: poisson(5.0),
        routes: vec![draw("/more", 1.0, &[])],
    });
    more.writes.push(WriteMix {
        model: ModelId(1),
        operation: Operation::Create,
        arrivals: poisson(1.0),
        fields: Vec::new(),
        changes: None,
    });
    more.dimensions.push(DimensionDraw {
        dimension: DimensionId(3),
        share: 0.0,
        value: Popularity::Uniform { n: 5 },
    });
    // What a surge adds depends on the traffic as a whole.
    let quiet = |workload: &Workload| {
        let mut workload = workload.clone();
        workload
            .faults
            .retain(|fault| !matches!(fault.fault, Fault::Surge { .. }));
        events(&policy, &workload, 9)
    };
    let before = quiet(&workload);
    let after = quiet(&more);
    let kept = after.into_iter().filter(|event| match event {
        Event::Request(request) => request.path != "/more",
        Event::Write(write) => write.operation != Operation::Create,
        Event::Access(_) | Event::Fault(_) => true,
    });
    let before = before.into_iter().filter(
        |event| !matches!(event, Event::Write(write) if write.operation == Operation::Create),
    );
    assert!(kept.eq(before));
}
