//! Random traces on the spot, and event by event: the same reports.

use crate::events::{Happening, Names, Observer};
use crate::{Operations, Options, Simulation};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::event::{
    Access, AccessKey, AccessOperation, Event, FaultEvent, NamedFault, Row, Value, Write,
};
use cachepolicy_trace::{Block, Packer};
use proptest::prelude::*;

/// Whoever watches is shown every event, so that nothing goes on the spot.
struct Watches;

impl Observer for Watches {
    fn happens(&mut self, _: &Happening, _: &Names<'_>) {}
}

fn replay(policy: &Policy, options: &Options, events: &[Event], watched: bool) -> String {
    replay_in_parts(50, policy, options, events, watched)
}

fn replay_in_parts(
    part: usize,
    policy: &Policy,
    options: &Options,
    events: &[Event],
    watched: bool,
) -> String {
    let mut simulation = Simulation::new(policy, options.clone()).unwrap();
    if watched {
        simulation.observe(Box::new(Watches));
    }
    let mut packer = Packer::default();
    for part in events.chunks(part) {
        let mut block = Block::default();
        for event in part {
            packer.push(event, &mut block).unwrap();
        }
        simulation.push_block(&block).unwrap();
    }
    simulation.finish().to_json()
}

#[derive(Debug, Clone)]
enum Step {
    Access {
        key: u8,
        text: bool,
        operation: AccessOperation,
        bytes: Option<u64>,
        ttl: Option<u8>,
    },
    Write {
        key: u16,
        delete: bool,
        /// Before and after, where the trace says it; always of keys.
        name: Option<(u8, u8)>,
        /// The trace has it after the write alone.
        new_only: bool,
    },
    Flush,
    Outage,
    Restart,
    Deploy,
}

fn operation() -> impl Strategy<Value = AccessOperation> {
    prop_oneof![
        12 => Just(AccessOperation::Get),
        2 => Just(AccessOperation::Set),
        1 => Just(AccessOperation::Delete),
    ]
}

fn access() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![2 => Just(None), 3 => Just(Some(1)), 2 => (0u64..5).prop_map(Some)];
    let ttl = prop_oneof![3 => Just(None), 1 => (0u8..9).prop_map(Some)];
    (0u8..12, any::<bool>(), operation(), bytes, ttl).prop_map(
        |(key, text, operation, bytes, ttl)| Step::Access {
            key,
            text: text && key > 8,
            operation,
            bytes,
            ttl,
        },
    )
}

fn write() -> impl Strategy<Value = Step> {
    let name = prop::option::of((0u8..12, 0u8..12));
    let delete = prop::sample::select(vec![true, false, false, false]);
    (0u16..12, delete, name, any::<bool>()).prop_map(|(key, delete, name, new_only)| Step::Write {
        key,
        delete,
        name,
        new_only,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => access(),
        10 => write(),
        1 => Just(Step::Flush),
        1 => Just(Step::Outage),
        1 => Just(Step::Restart),
        1 => Just(Step::Deploy),
    ]
}

fn event(at: Time, step: &Step) -> Event {
    match step {
        Step::Access {
            key,
            text,
            operation,
            bytes,
            ttl,
        } => Event::Access(Access {
            at,
            operation: *operation,
            key: if *text {
                AccessKey::Text(format!("key {key}"))
            } else {
                AccessKey::Number(u64::from(*key))
            },
            bytes: *bytes,
            ttl: ttl.map(|ttl| Duration::from_secs(i64::from(ttl))),
            cost: None,
        }),
        Step::Write {
            key,
            delete,
            name,
            new_only,
        } => {
            let row = |name: Option<u8>| -> Row {
                let id = ("id".to_owned(), Value::Text(key.to_string()));
                let name = name.map(|name| ("name".to_owned(), Value::Text(name.to_string())));
                std::iter::once(id).chain(name).collect()
            };
            Event::Write(Write {
                at,
                model: "Item".to_owned(),
                operation: if *delete {
                    cachepolicy_core::edge::Operation::Delete
                } else {
                    cachepolicy_core::edge::Operation::Update
                },
                old: (*delete || !new_only).then(|| row(name.map(|(old, _)| old))),
                new: (!delete).then(|| row(name.map(|(_, new)| new))),
                process: None,
                delay: None,
            })
        }
        Step::Flush => fault(
            at,
            NamedFault::Flush {
                backend: "mem".into(),
            },
        ),
        Step::Outage => fault(
            at,
            NamedFault::Outage {
                target: "mem".into(),
                duration: Duration::from_secs(2),
            },
        ),
        Step::Restart => fault(at, NamedFault::Restart { process: 0 }),
        Step::Deploy => fault(at, NamedFault::Deploy),
    }
}

fn fault(at: Time, fault: NamedFault) -> Event {
    Event::Fault(FaultEvent { at, fault })
}

const EVICT: [&str; 13] = [
    "lru",
    "fifo",
    "clock",
    "lfu",
    "sieve",
    "s3fifo",
    "arc",
    "wtinylfu",
    "random",
    "redis-lru",
    "redis-lfu",
    "django-locmem",
    "none",
];
const CAPACITY: [&str; 4] = ["4 entries", "7 entries", "9B", "1GiB"];
const LIFE: [&str; 6] = [
    "ttl forever",
    "ttl 5s",
    "ttl 5s jitter 50%",
    "ttl from trace else 3s",
    "ttl 3s\n stale-while-revalidate 2s",
    "ttl 4s sliding",
];
const REST: [&str; 13] = [
    "",
    "size 1B",
    "size uniform(1B..4B)",
    "stampede lease 2s wait 1s",
    "reads Item(id)",
    "reads Item(id)\n size 1B",
    "reads Item(id)\n fence\n size 2B",
    "reads Item(id).name, Item(name: id)",
    "reads Item(id: id, name: id), Item(id: id, name: \"7\")\n stampede lease 2s wait 1s",
    "reads Item",
    "cost 1s\n reads Item(id), Item(name: id)",
    "cost 1s",
    "cost 1s\n stampede coalesce\n reads Item(id)\n early-refresh xfetch",
];
const STORE: [&str; 4] = ["mem", "mem ttl 2s, far", "mem, far", "hot, mem"];
const TRACKING: [&str; 3] = [
    "",
    "bus told { tracks mem; delivery at-least-once; delay 1s }",
    "bus told { tracks mem max 2; delivery at-most-once loss 20% }",
];
const EDGE: [&str; 9] = [
    "",
    "on Item update|delete { purge item(id) }",
    "bus slow { delivery at-least-once; delay 1s max 1s }\non Item update|delete via slow { expire item(*) }",
    "bus slow { delivery at-least-once; delay 1s max 1s }\non Item update|delete via slow { expire item(id) }",
    "bus slow { delivery at-most-once loss 30%; delay exp(mean 1s) }\non Item update|delete via slow { purge item(id); expire item(id: name) }",
    "bus slow { delivery at-least-once; delay 1s max 1s }\non Item delete via slow { bump item(id) }",
    "on Item update|delete before commit by 1s { purge item(id) }",
    "on Item update { expire item(id) }\non Item create { purge item(*) }",
    "bus slow { delivery at-most-once loss 30%; delay exp(mean 1s) }\non Item update via slow { expire item(id) }\non Item delete|update via slow { purge item(id: new.id) }",
];
/// Of those above, what acts on the one key that a row's id names.
const PLAIN_EDGE: [&str; 5] = [EDGE[0], EDGE[1], EDGE[3], EDGE[7], EDGE[8]];
const PLAIN_REST: [&str; 3] = [REST[4], REST[5], REST[6]];

fn policy() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => policy_of(&REST, &STORE, &EDGE, &TRACKING),
        2 => policy_of(&PLAIN_REST, &STORE[..1], &PLAIN_EDGE, &TRACKING[..1]),
    ]
}

fn policy_of(
    rest: &'static [&'static str],
    store: &'static [&'static str],
    edge: &'static [&'static str],
    tracking: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let one = |texts: &'static [&'static str]| prop::sample::select(texts);
    (
        one(&EVICT),
        one(&CAPACITY),
        one(&LIFE),
        one(rest),
        one(store),
        one(edge),
        one(tracking),
    )
        .prop_map(|(evict, capacity, life, rest, store, edge, tracking)| {
            format!(
                "policy test {{ edition 1 }}\nmodel Item {{ id; name }}\n\
                 backend mem redis {{ capacity {capacity}; evict {evict}; latency 0s }}\n\
                 backend far redis {{ latency 0s }}\n\
                 backend hot memory\n{tracking}\n\
                 object item(id) {{\n store {store}\n {life}\n {rest}\n}}\n{edge}\n"
            )
        })
}

/// Several at one instant, deliveries at that of an access, and neither.
fn wait() -> impl Strategy<Value = Duration> {
    let waits = vec![0, 333_333_333, 666_666_666, 999_999_999, 1, 70_000_000];
    prop::sample::select(waits).prop_map(Duration::from_nanos)
}

fn operations() -> impl Strategy<Value = Operations> {
    prop::sample::select(vec![Operations::Fill, Operations::Write, Operations::Auto])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_same_reports(
        text in policy(),
        steps in prop::collection::vec((step(), wait()), 1..160),
        accesses_only in any::<bool>(),
        operations in operations(),
        warmup in prop::sample::select(vec![0, 0, 7]),
        seed in 0u64..4,
    ) {
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
        let policy = compiled.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
        let options = Options {
            seed,
            warmup: Duration::from_secs(warmup),
            operations,
            ..Options::default()
        };
        let mut now = Time::ZERO;
        let mut events = Vec::new();
        for (step, wait) in &steps {
            // Also several at one instant.
            now = now + *wait;
            if !accesses_only || matches!(step, Step::Access { .. }) {
                events.push(event(now, step));
            }
        }
        let on_the_spot = replay(&policy, &options, &events, false);
        let one_by_one = replay(&policy, &options, &events, true);
        prop_assert_eq!(on_the_spot, one_by_one, "{}", text);
    }
}

/// Of a few hundred keys, of which few are asked for often.
fn number(draw: f64) -> u64 {
    (draw * draw * draw * 400.0) as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    /// As long as copies are all alike but for their lives, and also where some depend on what was
    /// written, accesses go in groups.
    #[test]
    fn the_same_reports_of_many_keys(
        evict in prop_oneof![Just("lru"), prop::sample::select(&EVICT[..])],
        capacity in prop::sample::select(vec!["40 entries", "90 entries", "90B", "150 entries", "1000 entries"]),
        life in prop::sample::select(vec!["forever", "20s", "60s", "20s jitter 40%", "60s jitter 90%", "2s"]),
        size in prop::sample::select(vec!["", "size 1B", "size 3B", "size from trace else 1B"]),
        edge in prop::sample::select(PLAIN_EDGE.to_vec()),
        written in prop::sample::select(vec![0, 4, 20]),
        draws in prop::collection::vec((0.0..1.0_f64, 0..400_u32), 300..1_500),
        bytes in prop::sample::select(vec![None, Some(1), Some(3)]),
        part in prop::sample::select(vec![100, 400, 2_000]),
    ) {
        let reads = if written == 0 { "" } else { "reads Item(id)" };
        let text = format!(
            "policy test {{ edition 1 }}\nmodel Item {{ id; name }}\n\
             backend mem redis {{ capacity {capacity}; evict {evict}; latency 0s }}\n\
             object item(id) {{\n store mem\n ttl {life}\n {size}\n {reads}\n}}\n{edge}\n"
        );
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
        let policy = compiled.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
        let step = |(count, (draw, other)): (usize, &(f64, u32))| {
            let at = Time::ZERO + Duration::from_nanos(count as i64 * 100_000_000);
            if (400 - written..400).contains(other) {
                let write = Step::Write { key: number(*draw) as u16, delete: false, name: None, new_only: false };
                return event(at, &write);
            }
            Event::Access(Access {
                at,
                operation: match other {
                    0 => AccessOperation::Set,
                    1 => AccessOperation::Delete,
                    _ => AccessOperation::Get,
                },
                key: AccessKey::Number(number(*draw)),
                bytes: if *other == 2 { Some(2) } else { bytes },
                ttl: None,
                cost: None,
            })
        };
        let events: Vec<Event> = draws.iter().enumerate().map(step).collect();
        let options = Options::default();
        let on_the_spot = replay_in_parts(part, &policy, &options, &events, false);
        let one_by_one = replay_in_parts(part, &policy, &options, &events, true);
        prop_assert_eq!(on_the_spot, one_by_one, "{}", text);
    }
}

fn second(second: i64, step: &Step) -> Event {
    event(Time::ZERO + Duration::from_secs(second), step)
}

fn of_key(operation: AccessOperation) -> Step {
    Step::Access {
        key: 5,
        text: false,
        operation,
        bytes: None,
        ttl: None,
    }
}

const WRITE: Step = Step::Write {
    key: 5,
    delete: false,
    name: None,
    new_only: false,
};

/// What the level `item` comes to, both ways.
fn level(rest: &str, edge: &str, events: &[Event]) -> serde_json::Value {
    let text = format!(
        "policy test {{ edition 1 }}\nmodel Item {{ id }}\nbackend mem redis {{ latency 0s }}\n\
         object item(id) {{\n store mem\n ttl 1h\n {rest}\n}}\n{edge}\n"
    );
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
    let policy = compiled.policy.unwrap();
    let reports = [false, true].map(|watched| {
        let report = replay(&policy, &Options::default(), events, watched);
        serde_json::from_str::<serde_json::Value>(&report).unwrap()["levels"]["item"].clone()
    });
    assert_eq!(reports[0], reports[1]);
    reports[0].clone()
}

#[test]
fn a_delivery_finds_a_key_that_came_after_the_write() {
    let get = of_key(AccessOperation::Get);
    let edge = "bus slow { delivery at-least-once; delay 2s }\n\
                on Item update via slow { purge item(id) }";
    let events = [
        second(0, &WRITE),
        second(1, &get),
        second(3, &get),
        second(4, &get),
    ];
    assert_eq!(level("", edge, &events)["fills"], 2);
}

#[test]
fn what_was_set_misses_later_writes() {
    let get = of_key(AccessOperation::Get);
    let events = [
        second(0, &of_key(AccessOperation::Set)),
        second(1, &get),
        second(2, &WRITE),
        second(5, &get),
    ];
    let figures = level("reads Item(id)", "", &events);
    assert_eq!(figures["out_of_date"]["serves"], 1);
    assert_eq!(figures["out_of_date"]["staleness"]["max"], 3.0);
}
