//! Random requests through random policies, with frames for all look-ups and without: the same
//! reports.

use crate::events::{Happening, Names, Observer};
use crate::{Options, Simulation};
use cachepolicy_core::edge::Operation;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::event::{Event, FaultEvent, NamedFault, Request, Row, Value, Write};
use cachepolicy_trace::{Block, Packer};
use proptest::prelude::*;

/// Whoever watches is shown every event, so that each look-up has its frame.
struct Watches;

impl Observer for Watches {
    fn happens(&mut self, _: &Happening, _: &Names<'_>) {}
}

fn replay(policy: &Policy, options: &Options, events: &[Event], watched: bool) -> String {
    let mut simulation = Simulation::new(policy, options.clone()).unwrap();
    if watched {
        simulation.observe(Box::new(Watches));
    }
    let mut packer = Packer::default();
    for part in events.chunks(40) {
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
    Request {
        path: u8,
        id: u8,
        user: Option<u8>,
        language: Option<&'static str>,
        currency: Option<&'static str>,
        status: Option<u16>,
        process: Option<u32>,
    },
    Write {
        id: u8,
    },
    Fault(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let some = |texts: &'static [&'static str]| prop::option::of(prop::sample::select(texts));
    let request = (
        0u8..5,
        0u8..6,
        prop::option::weighted(0.3, 0u8..3),
        some(&["en", "fr", "fr;q=0.1", "xx"]),
        some(&["EUR", "USD", "GBP"]),
        prop::option::weighted(0.15, prop::sample::select(vec![200, 404, 500, 304])),
        prop::option::of(0u32..3),
    );
    let request =
        request.prop_map(
            |(path, id, user, language, currency, status, process)| Step::Request {
                path,
                id,
                user,
                language,
                currency,
                status,
                process,
            },
        );
    prop_oneof![
        40 => request,
        4 => (0u8..6).prop_map(|id| Step::Write { id }),
        1 => (0u8..8).prop_map(Step::Fault),
    ]
}

fn event(at: Time, step: &Step) -> Event {
    let text = |value: &str| Value::Text(value.to_owned());
    match step {
        Step::Request {
            path,
            id,
            user,
            language,
            currency,
            status,
            process,
        } => {
            let path = match path {
                0 => "/".to_owned(),
                1 => "/me".to_owned(),
                2 => format!("/other/{id}?utm_source=x"),
                _ => format!("/articles/{id}"),
            };
            let mut request = Request {
                at,
                method: "GET".to_owned(),
                path,
                ..Request::default()
            };
            let header = |value: &&str| ("accept-language".to_owned(), (*value).to_owned());
            request.headers = language.iter().map(header).collect();
            request.headers_known = true;
            let cookie = |value: &&str| ("currency".to_owned(), (*value).to_owned());
            request.cookies = currency.iter().map(cookie).collect();
            request.cookies_known = *id != 3;
            request.user = user.map(|user| user.to_string());
            request.user_known = true;
            request.status = *status;
            request.process = *process;
            let headlines = ["1", "2", "5"].map(str::to_owned).to_vec();
            request.data = vec![("headlines".to_owned(), headlines)];
            Event::Request(request)
        }
        Step::Write { id } => {
            let row: Row = vec![
                ("id".to_owned(), text(&id.to_string())),
                ("slug".to_owned(), text(&id.to_string())),
            ];
            Event::Write(Write {
                at,
                model: "Article".to_owned(),
                operation: Operation::Update,
                old: Some(row.clone()),
                new: Some(row),
                process: None,
                delay: None,
            })
        }
        Step::Fault(which) => {
            let outage = |target: &str, seconds| NamedFault::Outage {
                target: target.to_owned(),
                duration: Duration::from_secs(seconds),
            };
            let flush = |backend: &str| NamedFault::Flush {
                backend: backend.to_owned(),
            };
            let fault = match which {
                0 => outage("shared", 1),
                1 => outage("hot", 2),
                2 => outage("db", 1),
                3 => flush("shared"),
                4 => flush("hot"),
                5 => NamedFault::Deploy,
                process => NamedFault::Restart {
                    process: u32::from(process % 2),
                },
            };
            Event::Fault(FaultEvent { at, fault })
        }
    }
}

const HOT: [&str; 3] = [
    "memory { capacity 6 entries; evict lru }",
    "memory { capacity 6 entries; evict lru; latency 1ms }",
    "redis { latency 2ms; on-failure error }",
];
const SHARED: [&str; 4] = [
    "redis { latency 200ms; on-failure bypass after 20ms }",
    "redis { latency 200ms; capacity 900B }",
    "redis { latency 0s; on-failure error after 300ms }",
    "redis { latency uniform(1ms..400ms) }",
];
const FRONT: [&str; 3] = [
    "none",
    "proxy { latency 30ms }",
    "cdn { pops 2; latency 150ms }",
];
const THREADS: [&str; 3] = ["", "threads 1", "threads 2"];
const LIFE: [&str; 6] = [
    "ttl 4s",
    "ttl 3s jitter 40%",
    "ttl 2s\n stale-while-revalidate 2s",
    "ttl 3s\n stale-if-error 4s",
    "ttl 2s sliding",
    "ttl 3s\n early-refresh xfetch",
];
const PROTECTION: [&str; 4] = [
    "",
    "stampede coalesce",
    "stampede lock 2s wait 1s",
    "stampede lease 1s wait 500ms",
];
const SITE: [&str; 4] = [
    "store shared\n ttl 2s",
    "store front\n ttl 3s\n skip when user.id",
    "store hot ttl 1s, shared\n ttl 5s\n vary accept-language, currency",
    "store shared\n ttl 1s\n vary accept-language",
];
const EDGE: [&str; 3] = [
    "",
    "on Article update { purge article(slug); expire page(slug) }",
    "bus slow { delivery at-least-once; delay 300ms max 1s }\n\
     on Article update via slow { purge article(slug) cascade }",
];

fn policy() -> impl Strategy<Value = String> {
    let one = |texts: &'static [&'static str]| prop::sample::select(texts);
    (
        (one(&HOT), one(&SHARED), one(&FRONT), one(&THREADS)),
        (one(&LIFE), one(&LIFE), one(&PROTECTION), one(&PROTECTION)),
        (one(&SITE), one(&EDGE)),
    )
        .prop_map(
            |(
                (hot, shared, front, threads),
                (life, page_life, protection, page_protection),
                (site, edge),
            )| {
                format!(
                    "policy test {{ edition 1; processes 2; {threads} }}\n\
                     model Article {{ id; slug; title }}\n\
                     request {{\n user.id personal\n \
                     header accept-language negotiated [en, fr] else en\n \
                     cookie currency in [EUR, USD] else EUR\n ignore query [utm_*]\n}}\n\
                     origin db {{ slots 2 }}\n\
                     backend hot {hot}\nbackend shared {shared}\nbackend front {front}\n\
                     object article(slug) {{\n store shared\n reads Article(slug)\n {life}\n \
                     {protection}\n negative ttl 1s\n cost 20ms on db\n size 100B\n}}\n\
                     fragment box(user) {{\n store hot ttl 1s, shared\n uses user\n ttl 5s\n \
                     cost 5ms\n}}\n\
                     view home {{\n route GET \"/\"\n store hot ttl 1s, shared\n \
                     data headlines max 3\n contains article(each headlines)\n \
                     uses accept-language\n vary accept-language\n {page_life}\n \
                     {page_protection}\n cost 30ms\n}}\n\
                     view page(slug) {{\n route GET \"/articles/{{slug}}\"\n store shared\n \
                     contains article(slug)\n uses currency\n vary currency\n {page_life}\n \
                     {page_protection}\n cost 300ms\n size 50B\n}}\n\
                     view me {{\n route GET \"/me\"\n contains box(user.id)\n cost 50ms\n}}\n\
                     site public {{\n route GET \"/**\"\n {site}\n}}\n{edge}\n"
                )
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_same_reports(
        text in policy(),
        steps in prop::collection::vec((step(), 0u8..6), 1..120),
        warmup in prop::sample::select(vec![0, 0, 5]),
        seed in 0u64..4,
    ) {
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
        let policy = compiled.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
        let options = Options {
            seed,
            warmup: Duration::from_secs(warmup),
            ..Options::default()
        };
        let mut now = Time::ZERO;
        let mut events = Vec::new();
        for (step, wait) in &steps {
            // Also several at one instant, and while others wait.
            let wait = [0, 10, 100, 200, 700, 0][usize::from(*wait)];
            now = now + Duration::from_millis(wait);
            events.push(event(now, step));
        }
        let plain = replay(&policy, &options, &events, false);
        let framed = replay(&policy, &options, &events, true);
        prop_assert_eq!(plain, framed, "{}", text);
    }
}
