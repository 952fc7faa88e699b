use super::*;
use crate::event::{Request, Row, Value, Write};
use crate::testing::written;
use cachepolicy_core::edge::Operation;
use cachepolicy_core::ids::{DimensionId, FieldId, ModelId};
use cachepolicy_core::units::Duration;
use cachepolicy_core::workload::{DimensionDraw, Popularity, RequestMix, WriteMix};

mod fixture;
use fixture::*;

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
fn a_new_row_belongs_to_one_that_is_asked_for() {
    let mut policy = news();
    policy
        .models
        .push(model("Comment", &[("id", None), ("article", Some(0))]));
    let mut read = policy.levels[1].reads[0].clone();
    read.model = ModelId(2);
    read.bindings[0].field = FieldId(1);
    policy.levels[1].reads.push(read);
    let mut workload = weekday();
    workload.writes.push(WriteMix {
        model: ModelId(2),
        operation: Operation::Create,
        arrivals: poisson(0.5),
        fields: Vec::new(),
        changes: None,
    });
    let events = events(&policy, &workload, 6);
    let comments = writes(&events, "Comment", Operation::Create);
    let articles = comments.iter().map(|write| {
        let new = write.new.as_ref();
        assert_ne!(field(new, "article"), field(new, "id"));
        text(field(new, "article")).parse::<u64>().unwrap()
    });
    let with_one = articles.filter(|article| {
        assert!((1..=5_000).contains(article));
        article.to_string().starts_with('1')
    });
    assert!(about(
        with_one.count(),
        comments.len() as f64 * popular_with_one()
    ));
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
