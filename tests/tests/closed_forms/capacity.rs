//! Hits of stores that are full, and of tiers.

use crate::hit_ratio;
use cachepolicy_core::units::Duration;
use cachepolicy_sim::events::{Happening, Names, What};
use cachepolicy_sim::metrics::Outcome;
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::formulas::{poisson_at_least, solve, zipf};
use cachepolicy_tests::run::Run;
use std::collections::HashMap;
use std::sync::mpsc::channel;

const KEYS: u32 = 10_000;

/// Ranks of the classes of popularity, the first after the class.
const CLASSES: [usize; 5] = [0, 10, 100, 1_000, 10_000];

const WARMUP: Duration = Duration::from_secs(180);

fn references(evict: &str, alpha: f64, capacity: u32) -> String {
    format!(
        r#"policy references {{ edition 1 }}
backend copies memory {{ capacity {capacity} entries; evict {evict} }}
view page(id) {{ route GET "/{{id}}"; store copies; ttl forever }}
workload w {{ duration 9m; requests 100/s poisson {{ GET "/{{id}}" id zipf({alpha:.1}, 10_000) }} }}
"#
    )
}

/// The probability that a key is there, given the requests for it within the characteristic time.
type Inside = fn(f64) -> f64;

/// Hit ratios of each key: the characteristic time is that for which the store is full.
fn by_key(alpha: f64, capacity: u32, inside: Inside) -> Vec<(f64, f64)> {
    let shares = zipf(alpha, KEYS);
    let full = |time: f64| shares.iter().map(|share| inside(share * time)).sum::<f64>();
    let time = solve(f64::from(capacity), full);
    shares
        .iter()
        .map(|share| (*share, inside(share * time)))
        .collect()
}

fn all(keys: &[(f64, f64)]) -> f64 {
    let hits: f64 = keys.iter().map(|(share, inside)| share * inside).sum();
    hits / keys.iter().map(|(share, _)| share).sum::<f64>()
}

/// LRU keeps a key that was asked for within the characteristic time.
fn lru(requests: f64) -> f64 {
    1.0 - libm::exp(-requests)
}

/// FIFO and random eviction keep a key for a time that requests do not prolong: the stay is a ttl.
fn fifo(requests: f64) -> f64 {
    requests / (1.0 + requests)
}

/// Che's approximation for LRU under independent references: a key is in the cache when it was
/// asked for within the characteristic time t, Σ(1 − e^(−pᵢt)) = C.
/// Che, Tung, Wang, JSAC 20(7), 2002.
#[test]
fn lru_under_independent_references() {
    for (alpha, capacity) in [
        (0.6, 1_000),
        (0.8, 100),
        (0.8, 1_000),
        (1.0, 100),
        (1.2, 1_000),
    ] {
        let text = references("lru", alpha, capacity);
        let hits = all(&by_key(alpha, capacity, lru));
        check([expect("lru", hits, 0.01).within(0.005)], |seed| {
            [hit_ratio(
                &Run::of(&text, seed).warmup(WARMUP).report(),
                "page",
            )]
        });
    }
}

/// FIFO and random eviction hit the same (Gelenbe, IEEE Trans. Computers 22(6), 1973), nearly
/// pᵢt/(1 + pᵢt) of the requests for a key, Σ pᵢt/(1 + pᵢt) = C.
/// Fricker, Robert, Roberts, "A versatile and accurate approximation for LRU cache performance",
/// ITC 24, 2012, section 5.
#[test]
fn fifo_and_random_under_independent_references() {
    for (alpha, capacity) in [(0.8, 1_000), (1.0, 100)] {
        let hits = all(&by_key(alpha, capacity, fifo));
        for evict in ["fifo", "random"] {
            let text = references(evict, alpha, capacity);
            check([expect(evict, hits, 0.01).within(0.005)], |seed| {
                [hit_ratio(
                    &Run::of(&text, seed).warmup(WARMUP).report(),
                    "page",
                )]
            });
        }
    }
}

/// The same for each class of popularity: the keys of rank 1 to 10, 11 to 100, and so on.
#[test]
fn hits_by_popularity() {
    let (alpha, capacity) = (0.8, 1_000);
    for (evict, inside) in [("lru", lru as Inside), ("fifo", fifo as Inside)] {
        let keys = by_key(alpha, capacity, inside);
        let class = |index: usize| all(&keys[CLASSES[index]..CLASSES[index + 1]]);
        let text = references(evict, alpha, capacity);
        check(
            [
                expect("rank 1 to 10", class(0), 0.01).within(0.005),
                expect("rank 11 to 100", class(1), 0.01).within(0.005),
                expect("rank 101 to 1,000", class(2), 0.01).within(0.005),
                expect("rank 1,001 to 10,000", class(3), 0.02).within(0.005),
            ],
            |seed| hits_of_classes(&text, seed),
        );
    }
}

fn hits_of_classes(text: &str, seed: u64) -> [f64; 4] {
    let (sender, lookups) = channel();
    let mut classes = HashMap::new();
    let observer = move |happening: &Happening, names: &Names<'_>| {
        let What::LookUp {
            level,
            key: Some(key),
            outcome,
        } = happening.what
        else {
            return;
        };
        let class = *classes.entry(key).or_insert_with(|| {
            let name = (names.key)(level, key);
            let digits: String = name
                .chars()
                .rev()
                .take_while(char::is_ascii_digit)
                .collect();
            let rank: String = digits.chars().rev().collect();
            let rank: usize = rank.parse().expect("a rank");
            CLASSES.iter().filter(|after| rank > **after).count() - 1
        });
        if happening.at.since(names.zero) > WARMUP {
            let _ = sender.send((class, outcome == Outcome::Fresh));
        }
    };
    let _ = Run::of(text, seed).observed_by(observer).report();
    let mut counts = [(0_u32, 0_u32); 4];
    for (class, hit) in lookups {
        counts[class].0 += u32::from(hit);
        counts[class].1 += 1;
    }
    counts.map(|(hits, reads)| f64::from(hits) / f64::from(reads))
}

/// A memory tier with a ceiling τ over a shared one, in each of p processes that take requests in
/// turn: the gaps of one process are sums of p exponentials, so that a promotion is followed by
/// Σ P(N ≥ kp) hits, k = 1, 2, …, N Poisson of mean λτ, before its time is up. With one process
/// λτ. Renewal theory: Cox, Renewal Theory, Methuen 1962, chapter 4.
#[test]
fn memory_before_a_shared_store() {
    for processes in [1, 4] {
        let text = format!(
            r#"policy tiers {{ edition 1; processes {processes} }}
backend near memory
backend far redis
view page {{ route GET "/"; store near ttl 1s, far; ttl forever }}
workload w {{ duration 20m; requests 20/s poisson {{ GET "/" }} }}
"#
        );
        let hits: f64 = (1..=40)
            .map(|k| poisson_at_least(20.0, k * processes))
            .sum();
        let reads = 1.0 + hits;
        check([expect("not in memory", 1.0 / reads, 0.01)], |seed| {
            let (sender, promotions) = channel();
            let observer = move |happening: &Happening, names: &Names<'_>| {
                if let What::Stored { backend, .. } = happening.what
                    && names.policy.backends[backend.index()].name == "near"
                {
                    let _ = sender.send(());
                }
            };
            let report = Run::of(&text, seed).observed_by(observer).report();
            [promotions.iter().count() as f64 / report.levels["page"].lookups as f64]
        });
    }
}
