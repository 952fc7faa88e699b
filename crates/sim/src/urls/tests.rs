//! URLs are told apart as their texts are.

use super::*;
use crate::{Options, Simulation};
use cachepolicy_core::key::{QueryFilter, push_url};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_core::url::split_target;
use cachepolicy_trace::event::{Event, FaultEvent, NamedFault, Request};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn target() -> impl Strategy<Value = (&'static str, &'static str, String)> {
    let method = prop::sample::select(vec!["GET", "GET", "GET", "GET", "HEAD"]);
    let host = prop::sample::select(vec!["", "", "a", "A", "a.b"]);
    let path = prop_oneof![8 => "/[a-c]{1,2}", 1 => "/[a-c]([?][ab]=[12](&[ab]=[12])?)?", 1 => "/?[a-c~%*7eE]{0,4}"];
    (method, host, path)
}

proptest! {
    /// Each URL has the number of the target that had it first, and its text; some targets have none.
    #[test]
    fn urls_are_told_apart(targets in prop::collection::vec((target(), 0_u8..8), 0..60), block in 1_usize..9) {
        // No trace has a target twice.
        let (mut all, mut targets) = (BTreeSet::new(), targets);
        targets.retain(|(target, _)| all.insert(target.clone()));
        let mut urls = Urls::default();
        let mut known: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut with_url = Vec::new();
        for (blocks, targets) in targets.chunks(block).enumerate() {
            let mut list = TargetList::default();
            for ((method, host, path), _) in targets {
                list.push(Target { method, host, path });
            }
            urls.begin(&list);
            for (index, (_, event)) in targets.iter().enumerate() {
                urls.add_text(&list, index);
                if *event == 0 {
                    continue;
                }
                let number = (blocks * block + index) as u32;
                let target = list.get(index);
                let (path, query) = split_target(target.path);
                let mut text = String::new();
                push_url(Url { host: target.host, path, query }, &QueryFilter::default(), &mut text);
                let same = known.entry(text.clone()).or_default();
                same.push(number);
                let repeated = urls.add(target, &text, with_url.iter().copied());
                with_url.push(number);
                prop_assert_eq!(repeated, (same.len() == 2).then(|| same[0]));
            }
        }
        for (text, same) in &known {
            for number in same {
                prop_assert_eq!(urls.of(*number), same[0]);
                prop_assert_eq!(urls.is_alone(*number), same.len() == 1);
            }
            let parts = parts(text.split_at(text.find('/').unwrap_or(text.len())));
            prop_assert_eq!(urls.get(same[0]), parts);
        }
    }
}

/// A request, or a fault.
#[derive(Debug, Clone)]
enum Step {
    Request { id: u8, spelling: usize },
    Fault(NamedFault),
}

/// How one URL is asked for; the first is what the others come to.
const SPELLINGS: [(&str, &str); 5] = [
    ("GET", "/p/a"),
    ("HEAD", "/p/a"),
    ("GET", "/p/%61"),
    ("GET", "/p/a?utm_source="),
    ("GET", "/p/a?&"),
];

fn step() -> impl Strategy<Value = Step> {
    let request = (0_u8..5, 0..SPELLINGS.len());
    let faults = [
        NamedFault::Deploy,
        NamedFault::Restart { process: 1 },
        NamedFault::Flush {
            backend: "shared".to_owned(),
        },
    ];
    prop_oneof![
        12 => request.prop_map(|(id, spelling)| Step::Request { id, spelling }),
        1 => prop::sample::select(faults.to_vec()).prop_map(Step::Fault),
    ]
}

fn report(policy: &Policy, steps: &[(Step, i64)], spelled: impl Fn(usize) -> usize) -> String {
    let mut simulation = Simulation::new(policy, Options::default()).unwrap();
    let mut at = Time::ZERO;
    for (step, wait) in steps {
        at = at + Duration::from_millis(*wait);
        let event = match step {
            Step::Request { id, spelling } => {
                let (method, path) = SPELLINGS[spelled(*spelling)];
                Event::Request(Request {
                    at,
                    method: method.to_owned(),
                    path: path.replace("/p/", &format!("/p/{id}")),
                    ..Request::default()
                })
            }
            Step::Fault(fault) => Event::Fault(FaultEvent {
                at,
                fault: fault.clone(),
            }),
        };
        simulation.push(&event).unwrap();
    }
    simulation.finish().to_json()
}

proptest! {
    /// How a URL is spelled changes nothing, whoever came first, and whatever was forgotten meanwhile.
    #[test]
    fn spellings_of_a_url_are_one_key(
        steps in prop::collection::vec((step(), prop::sample::select(vec![0_i64, 10, 150, 700])), 1..60),
        latency in prop::sample::select(vec!["0s", "30ms"]),
        protection in prop::sample::select(vec!["", "stampede coalesce", "stampede lock 2s wait 1s"]),
        threads in prop::sample::select(vec!["", "threads 1"]),
    ) {
        let text = format!(
            "policy test {{ edition 1; processes 2; {threads} }}\n\
             request {{ ignore query [utm_*] }}\norigin db {{ slots 2 }}\n\
             backend front proxy {{ latency {latency} }}\n\
             backend shared redis {{ latency {latency}; on-failure bypass after 20ms }}\n\
             site public {{ route GET|HEAD \"/**\"; store front; ttl 1s; cost 50ms on db }}\n\
             view page(slug) {{\n route GET|HEAD \"/p/{{slug}}\"\n store shared\n ttl 3s\n \
             {protection}\n cost 100ms\n}}\n"
        );
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
        let policy = compiled.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
        let spelled = report(&policy, &steps, |spelling| spelling);
        let plain = report(&policy, &steps, |_| 0);
        prop_assert_eq!(spelled, plain, "{}", text);
    }
}
