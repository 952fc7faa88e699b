//! What samples keep.

use super::*;
use crate::Options;
use crate::scenarios::{at, fields};
use crate::tables::Tables;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Time;
use cachepolicy_trace::block::Kind;
use cachepolicy_trace::event::{
    Access, AccessKey, AccessOperation, CacheStatus, Event, Request, Write,
};
use cachepolicy_trace::{Block, Packer, Recorded};
use proptest::prelude::*;
use std::sync::Arc;

fn policy() -> Policy {
    let text = "policy test { edition 1 }
        model Article { id; slug }
        backend shared redis { capacity 1000 entries; evict lru }
        object top { store shared; ttl 5m }
        object article(slug) { store shared; reads Article(slug); ttl 5m }
        view page(slug) {
          route GET \"/a/{slug}\"; store shared; contains article(slug), top; ttl 5m
        }
        on Article update { purge article(slug); purge page(slug) }
        workload day {
          duration 1m
          requests 1/s { GET \"/a/{slug}\" slug zipf(1.0, 5) }
          write Article update from POST \"/a/{slug}\"
        }";
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", text);
    compiled
        .policy
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn tables() -> Arc<Tables> {
    Arc::new(Tables::new(&policy(), None).unwrap())
}

fn part(rate: f64, seed: u64) -> Part {
    Part {
        rate: Rate::new(rate).unwrap(),
        group: None,
        seed,
    }
}

/// Requests, writes and accesses, some columns of which are there in some blocks only.
fn events(steps: &[(u8, u8, bool)]) -> Vec<Event> {
    let mut now = 0.0;
    let events = steps.iter().map(|&(kind, number, more)| {
        now += 1.0;
        let at = at(now);
        match kind {
            0 => Event::Access(Access {
                at,
                key: AccessKey::Number(number.into()),
                operation: if more {
                    AccessOperation::Set
                } else {
                    AccessOperation::Get
                },
                bytes: more.then_some(u64::from(number) + 1),
                ttl: None,
                cost: None,
            }),
            1 => Event::Write(Write {
                at,
                model: "Article".into(),
                operation: cachepolicy_core::edge::Operation::Update,
                old: None,
                new: Some(fields(&[("slug", &number.to_string())])),
                process: more.then_some(1),
                delay: None,
            }),
            _ => Event::Request(Request {
                at,
                method: if kind == 2 { "POST" } else { "GET" }.into(),
                path: format!("/a/{number}?page={more}"),
                user: more.then(|| number.to_string()),
                status: more.then_some(200),
                cache_status: (number % 2 == 0).then_some(CacheStatus::Hit),
                cookies: vec![("c".into(), (number % 3).to_string())],
                ..Request::default()
            }),
        }
    });
    events.collect()
}

fn blocks(events: &[Event]) -> Vec<Block> {
    let mut packer = Packer::default();
    let chunks = events.chunks(7).map(|chunk| {
        let mut block = Block::default();
        for event in chunk {
            packer.push(event, &mut block).unwrap();
        }
        block
    });
    chunks.collect()
}

/// Everything that a stream of blocks says, as texts.
fn said(blocks: &[Block]) -> Vec<String> {
    let (mut keys, mut targets, mut users) = (Vec::new(), Vec::new(), Vec::new());
    let mut said = Vec::new();
    for block in blocks {
        keys.extend(block.news.keys.iter().cloned());
        for index in 0..block.news.targets.len() {
            targets.push(format!("{:?}", block.news.targets.get(index)));
        }
        users.extend(block.news.users.iter().map(str::to_owned));
        let mut next = [0; 4];
        for &(kind, count) in &block.runs {
            for _ in 0..count {
                let index = next[kind as usize];
                next[kind as usize] += 1;
                said.push(match kind {
                    Kind::Access => {
                        let it = &block.accesses;
                        let key = &keys[it.key[index] as usize];
                        let (operation, bytes) = (it.operation.get(index), it.bytes.get(index));
                        let operation = operation.copied().unwrap_or(AccessOperation::Get);
                        format!("{:?} {key:?} {operation:?} {bytes}", it.at[index])
                    }
                    Kind::Write => {
                        let it = &block.writes;
                        let row = &block.news.written[it.written[index] as usize];
                        let process = it.process.get(index).copied().unwrap_or(u32::MAX);
                        format!("{:?} {row:?} {process}", it.at[index])
                    }
                    Kind::Request => {
                        let it = &block.requests;
                        let target = &targets[it.target[index] as usize];
                        let carried = &block.news.carried[it.carried[index] as usize].cookies;
                        let user = it
                            .user
                            .get(index)
                            .and_then(|user| users.get(*user as usize));
                        let status = it.status.get(index).copied().unwrap_or(0);
                        let said = it.cache_status.get(index).copied().flatten();
                        let at = it.at[index];
                        format!("{at:?} {target} {carried:?} {user:?} {status} {said:?}")
                    }
                    Kind::Fault => String::new(),
                });
            }
        }
    }
    said
}

fn thinned(blocks: &[Block], part: Part) -> Vec<Block> {
    let mut thinner = Thinner::new(&tables(), part);
    let thinned = blocks.iter().map(|block| {
        let mut thinned = Block::default();
        thinner.thin(block, &mut thinned);
        thinned
    });
    thinned.collect()
}

fn steps() -> impl Strategy<Value = Vec<(u8, u8, bool)>> {
    prop::collection::vec((0u8..6, 0u8..20, any::<bool>()), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_is_everything(steps in steps()) {
        let all = blocks(&events(&steps));
        prop_assert_eq!(said(&thinned(&all, part(1.0, 0))), said(&all));
    }

    /// A collection whose rate fell is what that rate would have collected from the beginning.
    #[test]
    fn what_is_forgotten_was_never_there(steps in steps(), limit in 1u64..40, seed in 0u64..4) {
        let all = blocks(&events(&steps));
        let mut collector = Collector::adaptive(&tables(), limit, 1, seed);
        for block in &all {
            collector.push_block(block);
        }
        let collected = collector.finish();
        let at_once = thinned(&all, part(collected.part.rate.share(), seed));
        prop_assert_eq!(said(&collected.blocks), said(&at_once));
        prop_assert_eq!(collected.kept, {
            let requests = |block: &Block| block.requests.at.len() + block.accesses.at.len();
            at_once.iter().map(requests).sum::<usize>() as u64
        });
    }

    /// Groups share a sample out.
    #[test]
    fn every_event_is_in_one_group(steps in steps()) {
        let all = blocks(&events(&steps));
        let whole = thinned(&all, part(0.7, 3));
        let accesses = |blocks: &[Block]| -> Vec<Time> {
            let mut all: Vec<Time> = blocks
                .iter()
                .flat_map(|block| block.accesses.at.iter().chain(&block.requests.at))
                .copied()
                .collect();
            all.sort_unstable();
            all
        };
        let mut groups: Vec<Time> = (0..8)
            .flat_map(|group| {
                let part = Part { group: Some((group, 8)), ..part(0.7, 3) };
                accesses(&thinned(&whole, part))
            })
            .collect();
        groups.sort_unstable();
        prop_assert_eq!(groups, accesses(&whole));
    }
}

#[test]
fn a_path_is_kept_with_all_of_its_queries_or_not_at_all() {
    let steps: Vec<_> = (0..200)
        .map(|step| (4, step as u8 % 20, step % 3 == 0))
        .collect();
    let whole = blocks(&events(&steps));
    let kept = said(&thinned(&whole, part(0.5, 1)));
    assert!(!kept.is_empty() && kept.len() < 200);
    for number in 0..20 {
        let path = format!("/a/{number}?");
        let count = |all: &[String]| all.iter().filter(|said| said.contains(&path)).count();
        let (kept, all) = (count(&kept), count(&said(&whole)));
        assert!(kept == 0 || kept == all, "{path}: {kept} of {all}");
    }
}

#[test]
fn what_other_paths_write_is_written() {
    let steps: Vec<_> = (0..20).map(|number| (2, number, true)).collect();
    let whole = blocks(&events(&steps));
    let kept = thinned(&whole, part(0.3, 1));
    let requests: usize = kept.iter().map(|block| block.requests.at.len()).sum();
    let writes: usize = kept.iter().map(|block| block.writes.at.len()).sum();
    assert!(requests < 15, "{requests}");
    assert_eq!(requests + writes, 20);
}

#[test]
fn rates_keep_what_they_say() {
    for share in [0.001, 0.01, 0.3] {
        let part = part(share, 7);
        let kept = (0..200_000).filter(|key: &u64| part.keeps_key(&AccessKey::Number(*key)));
        let (kept, expected) = (kept.count() as f64, 200_000.0 * share);
        assert!(
            (kept - expected).abs() < 5.0 * expected.sqrt(),
            "{share}: {kept}"
        );
    }
    assert_eq!(Rate::new(0.0), None);
    assert_eq!(Rate::new(1.5), None);
    assert_eq!(Rate::new(f64::NAN), None);
    assert_eq!(Rate::new(1.0), Some(Rate::ALL));
    assert_eq!(Rate::new(0.25).unwrap().of(1_001), 250);
    assert_eq!(Rate::new(0.001).unwrap().of(100), 1);
    assert_eq!(Rate::ALL.of(u64::MAX), u64::MAX);
}

#[test]
fn the_report_says_that_it_is_of_a_sample() {
    let policy = policy();
    let options = Options {
        sample: Rate::new(0.5),
        ..Options::default()
    };
    let mut simulation = crate::Simulation::new(&policy, options).unwrap();
    let steps: Vec<_> = (0..400).map(|step| (4, step as u8 % 40, false)).collect();
    for event in &events(&steps) {
        simulation.push(event).unwrap();
    }
    let report = simulation.finish();
    let sampled = report.sampled.as_ref().unwrap();
    assert_eq!((sampled.rate, sampled.unit.as_str()), (0.5, "path"));
    assert_eq!(report.trace.requests, 400);
    assert_eq!(sampled.requests, report.requests.count);
    assert!(
        (50..350).contains(&sampled.requests),
        "{}",
        sampled.requests
    );
    assert_eq!(report.trace.duration, 399.0);
    let notes = report.notes.join("\n");
    assert!(notes.contains("a sample of 50% of the paths"), "{notes}");
    assert!(notes.contains("`top` is asked for"), "{notes}");
    assert!(!notes.contains("`article`"), "{notes}");
}

/// 1,000 requests of 40 paths, of which a tenth of the time has no work.
fn sampled(events: &[Event], rate: f64, recorded: Option<Recorded>) -> Sampled {
    let options = Options {
        sample: Rate::new(rate),
        ..Options::default()
    };
    let mut simulation = crate::Simulation::new(&policy(), options).unwrap();
    for event in events {
        simulation.push(event).unwrap();
    }
    if let Some(recorded) = recorded {
        simulation.recorded(recorded);
    }
    simulation.finish().sampled.unwrap()
}

#[test]
fn a_sample_of_what_was_recorded_as_one_is_the_same_sample() {
    let steps: Vec<_> = (0..1_000)
        .map(|step: u32| (4, (step * step % 97 % 40) as u8, false))
        .collect();
    let whole = events(&steps);
    // A recorder leaves out what this does.
    let kept: Vec<Event> = {
        let thinned = thinned(&blocks(&whole), part(0.3, 0));
        let keeps = thinned.iter().flat_map(|block| block.requests.at.iter());
        let keeps: std::collections::BTreeSet<Time> = keeps.copied().collect();
        let whole = whole.iter();
        whole
            .filter(|it| keeps.contains(&it.at()))
            .cloned()
            .collect()
    };
    let recorded = |left_out: usize| Recorded {
        sample: Rate::new(0.3).unwrap(),
        left_out: left_out as u64,
        ..Recorded::default()
    };
    let lacks = recorded(whole.len() - kept.len());
    assert!(kept.len() < 500 && kept.len() > 100, "{}", kept.len());
    for rate in [0.3, 0.1] {
        let (of_whole, of_sample) = (
            sampled(&whole, rate, None),
            sampled(&kept, rate, Some(lacks)),
        );
        assert_eq!(of_whole.requests, of_sample.requests);
        let (expected, found) = (of_whole.expected, of_sample.expected);
        assert!((expected - found).abs() < 1e-6, "{expected} {found}");
        assert_eq!(
            of_whole.hit_ratio.map(|it| (it * 1e9).round()),
            of_sample.hit_ratio.map(|it| (it * 1e9).round())
        );
    }
    // There is no more of it than was recorded.
    let more = sampled(&kept, 0.6, Some(lacks));
    assert!((more.expected - 300.0).abs() < 1e-6, "{}", more.expected);
}

/// What the application does for `/cart` and what no level answers is never a hit, also where it is a
/// third of the requests and one path.
#[test]
fn a_popular_path_without_copies_is_no_hit_in_the_sample_or_out_of_it() {
    let policy = cachepolicy_compiler::compile_text(
        "test.cachepolicy",
        "policy test { edition 1 }
         origin db
         backend shared redis
         site all { route GET \"/**\"; store shared; ttl 5s; skip when path(\"/cart\") or path(\"/cart/**\") }
         view page(slug) { route GET \"/a/{slug}\"; store shared; ttl 1h; cost 5ms on db }
         view cart(id) { route GET \"/cart/{id}\"; cost 5ms on db }",
    );
    let policy = policy.policy.unwrap();
    let requests: Vec<Event> = (0..6_000_u32)
        .map(|step| {
            let (method, path) = match step % 3 {
                0 => ("GET", "/cart/1".to_owned()),
                1 => ("POST", "/search".to_owned()),
                _ => ("GET", format!("/a/{}", step / 3 % 400)),
            };
            Event::Request(Request {
                at: at(f64::from(step)),
                method: method.into(),
                path,
                ..Request::default()
            })
        })
        .collect();
    let ratio = |sample: Option<f64>, seed: u64| {
        let options = Options {
            sample: sample.and_then(Rate::new),
            seed,
            ..Options::default()
        };
        let mut simulation = crate::Simulation::new(&policy, options).unwrap();
        for event in &requests {
            simulation.push(event).unwrap();
        }
        let report = simulation.finish();
        let sampled = report.sampled.and_then(|sampled| sampled.hit_ratio);
        sampled.or(report.requests.hit_ratio).unwrap()
    };
    let whole = ratio(None, 0);
    assert!((whole - 0.2).abs() < 1e-9, "{whole}");
    for seed in 0..8 {
        let sampled = ratio(Some(0.3), seed);
        assert!(
            (sampled - whole).abs() < 0.05,
            "{seed}: {sampled} for {whole}"
        );
    }
}
