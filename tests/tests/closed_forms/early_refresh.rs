//! XFetch: Vattani, Chierichetti, Lowenstein, "Optimal probabilistic cache stampede prevention",
//! PVLDB 8(8), 2015.
//!
//! A read with r left of the ttl refreshes with probability P(−βδ ln u ≥ r) = e^(−r/βδ), δ being
//! the fill's time. Reads that do are a Poisson stream of rate λe^(−r/βδ): the first one comes with
//! R left, P(R ≤ r) = exp(−λβδ(e^(−r/βδ) − e^(−T/βδ))), and none with probability
//! exp(−λβδ(1 − e^(−T/βδ))), R = 0.

use crate::page;
use cachepolicy_sim::events::{Happening, Names, What};
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::formulas::integral;
use cachepolicy_tests::run::Run;
use std::sync::mpsc::channel;

const TTL: f64 = 6.0;
const FILL: f64 = 0.5;

struct Early {
    rate: f64,
    beta: f64,
}

impl Early {
    fn scale(&self) -> f64 {
        self.beta * FILL
    }

    /// P(R ≤ r)
    fn at_most(&self, left: f64) -> f64 {
        let reads = |left: f64| libm::exp(-left / self.scale());
        libm::exp(-self.rate * self.scale() * (reads(left) - reads(TTL)))
    }

    /// Of another read during the first one's fill, when that began with `left` of the ttl.
    fn others(&self, left: f64) -> f64 {
        let until_expiry = left.clamp(0.0, FILL);
        let grown = |y: f64| libm::exp((y - left) / self.scale());
        self.rate * (self.scale() * (grown(until_expiry) - grown(0.0)) + FILL - until_expiry)
    }

    /// E\[f(R)\]
    fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        let density = |left: f64| self.rate * libm::exp(-left / self.scale()) * self.at_most(left);
        let never = self.at_most(0.0);
        integral(0.0, TTL, |left| density(left) * f(left)) + never * f(0.0)
    }

    fn text(&self, stampede: &str) -> String {
        let properties = format!(
            "ttl 6s\n  cost 500ms\n  early-refresh xfetch beta {}\n  stampede {stampede}",
            self.beta
        );
        page(&format!("{}/s", self.rate), "1h", &properties, "", "")
    }

    /// For each expiry: what was left of the ttl when its first fill began, and how many fills
    /// began before that was stored.
    fn observe(&self, stampede: &str, seed: u64) -> Vec<(f64, u32)> {
        let (sender, cycles) = channel();
        let (mut fresh_until, mut cycle) = (None, None);
        let observer = move |happening: &Happening, names: &Names<'_>| {
            let now = happening.at.since(names.zero).as_secs_f64();
            match happening.what {
                What::FillBegan { fill, .. } if fill.concurrent == 1 => {
                    if let Some(cycle) = cycle {
                        let _ = sender.send(cycle);
                    }
                    // The very first fill follows no expiry.
                    cycle = fresh_until.map(|until: f64| ((until - now).max(0.0), 1));
                }
                What::FillBegan { .. } => {
                    if let Some((_, fills)) = &mut cycle {
                        *fills += 1;
                    }
                }
                What::Stored { .. } => fresh_until = Some(now + TTL),
                _ => {}
            }
        };
        let text = self.text(stampede);
        let report = Run::of(&text, seed).observed_by(observer).report();
        assert!(report.levels["page"].fills > 100);
        cycles.iter().collect()
    }
}

fn mean(figures: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = figures.fold((0_u32, 0.0), |(count, sum), figure| {
        (count + 1, sum + figure)
    });
    sum / f64::from(count)
}

/// How early: E\[R\] = ∫ P(R > r) dr, nearly βδ(γ + ln λβδ), with single-flight, which leaves the
/// first fill alone. And how often not at all.
#[test]
fn how_early_a_copy_is_refreshed() {
    for (rate, beta) in [(2.0, 1.0), (10.0, 0.5), (10.0, 1.0), (10.0, 2.0)] {
        let early = Early { rate, beta };
        let left = integral(0.0, TTL, |left| 1.0 - early.at_most(left));
        let never = early.at_most(0.0);
        if rate * early.scale() > 4.0 && TTL > 8.0 * early.scale() {
            let limit = early.scale() * (0.577_215_664_9 + libm::log(rate * early.scale()));
            assert!((left - limit).abs() < 0.02 * left);
        }
        check(
            [
                expect("left of the ttl", left, 0.02),
                expect("refreshed early", 1.0 - never, 0.03),
            ],
            |seed| {
                let cycles = early.observe("coalesce", seed);
                assert!(cycles.iter().all(|(_, fills)| *fills == 1));
                let early = cycles.iter().filter(|(left, _)| *left > 0.0).count();
                [
                    mean(cycles.iter().map(|(left, _)| *left)),
                    early as f64 / cycles.len() as f64,
                ]
            },
        );
    }
}

/// How large a stampede is left without single-flight. With λβδ large and R > δ, λβδe^(−R/βδ) is
/// exponential of mean 1, the reads that refresh during the first fill are Poisson of e^(1/β) − 1
/// times that, and so there are e^(1/β) fills an expiry, whatever the rate, and more than one with
/// probability 1 − e^(−1/β). What is tested is the exact mean over R.
#[test]
fn stampedes_that_early_refresh_leaves() {
    for beta in [1.0, 2.0] {
        let early = Early { rate: 20.0, beta };
        let fills = 1.0 + early.mean(|left| early.others(left));
        let several = early.mean(|left| 1.0 - libm::exp(-early.others(left)));
        assert!((fills - libm::exp(1.0 / beta)).abs() < 0.05 * fills);
        assert!((several - 1.0 + libm::exp(-1.0 / beta)).abs() < 0.05 * several);
        assert!(fills < (1.0 + early.rate * FILL) / 3.0, "unprotected");
        check(
            [
                expect("fills an expiry", fills, 0.02),
                expect("expiries with several fills", several, 0.02),
            ],
            |seed| {
                let cycles = early.observe("none", seed);
                let several = cycles.iter().filter(|(_, fills)| *fills > 1).count();
                [
                    mean(cycles.iter().map(|(_, fills)| f64::from(*fills))),
                    several as f64 / cycles.len() as f64,
                ]
            },
        );
    }
}
