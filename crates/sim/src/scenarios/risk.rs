//! Stampede risk against its closed forms and against what happens in the simulation.

use super::{Scenario, at};
use crate::Simulation;
use crate::events::{Happening, Names, What};
use crate::random::Stream;
use crate::report::RiskFigures;
use cachepolicy_trace::event::{Event, NamedFault, Request};
use std::sync::{Arc, Mutex};

const RATE: f64 = 2.0;
const FILL: f64 = 0.5;
const SECONDS: f64 = 8_000.0;

/// One key with independent look-ups, each in any of four processes.
fn poisson(properties: &str) -> (RiskFigures, f64) {
    let scenario = Scenario::whole(&format!(
        "policy test {{ edition 1; processes 4 }}
         origin db
         backend copies redis
         view page {{ route GET \"/\"; store copies; ttl 5s; cost 500ms on db; {properties} }}"
    ));
    let mut simulation = Simulation::new(&scenario.policy, scenario.options.clone()).unwrap();
    // First fills, and those of them that another fill met.
    let seen = Arc::new(Mutex::new((0_u32, 0_u32, false)));
    let into = Arc::clone(&seen);
    simulation.observe(Box::new(move |happening: &Happening, _: &Names<'_>| {
        if let What::FillBegan { fill, .. } = happening.what {
            let mut seen = into.lock().unwrap();
            if fill.concurrent == 1 {
                *seen = (seen.0 + 1, seen.1, true);
            } else if std::mem::take(&mut seen.2) {
                seen.1 += 1;
            }
        }
    }));
    let mut gaps = Stream::new(4, &["gaps"]);
    let mut processes = Stream::new(1, &["processes"]);
    let mut now = 0.0;
    while now < SECONDS {
        now -= libm::log1p(-gaps.unit()) / RATE;
        let request = Request {
            at: at(now),
            method: "GET".into(),
            path: "/".into(),
            process: Some(processes.below(4) as u32),
            ..Request::default()
        };
        simulation.push(&Event::Request(request)).unwrap();
    }
    let mut report = simulation.finish();
    let risk = report.levels["page"].risk.remove(0);
    let (rounds, met, _) = *seen.lock().unwrap();
    assert_eq!(risk.expiries, u64::from(rounds));
    (risk, f64::from(met) / f64::from(rounds))
}

/// Within three standard errors of a share of so many.
fn close(figure: f64, form: f64, rounds: u64) {
    let error = libm::sqrt(form * (1.0 - form) / rounds as f64);
    assert!((figure - form).abs() <= 3.0 * error, "{figure} for {form}");
}

/// With the protection, look-ups within so many seconds of a fill lead to another one.
fn check(properties: &str, exposed: f64) -> RiskFigures {
    let (risk, happened) = poisson(properties);
    let form = |seconds: f64| 1.0 - libm::exp(-RATE * seconds);
    close(risk.probability_unprotected, form(FILL), risk.expiries);
    close(risk.probability, form(exposed), risk.expiries);
    // What is added to what was observed is one expiry.
    let least = 1.0 / risk.expiries as f64;
    assert!((risk.probability - happened).abs() <= least, "{happened}");
    assert!((risk.arrival_rate / RATE - 1.0).abs() < 0.03);
    assert!((risk.fill_time - FILL).abs() < 1e-9);
    let further = risk.concurrent_unprotected - 1.0;
    assert!((further / (RATE * FILL) - 1.0).abs() < 0.1, "{further}");
    risk
}

#[test]
fn without_protection() {
    let risk = check("", FILL);
    assert!(risk.expiries > 1200);
    assert!((risk.concurrent - risk.concurrent_unprotected).abs() < 1e-9);
    assert!(risk.worst.concurrent > 3);
    assert_eq!(risk.worst.cause, "expiry");
}

#[test]
fn coalesced_in_each_process() {
    let risk = check("stampede coalesce", FILL * 0.75);
    // One in each of the others.
    let further = 3.0 * (1.0 - libm::exp(-RATE * FILL / 4.0));
    assert!(((risk.concurrent - 1.0) / further - 1.0).abs() < 0.1);
}

#[test]
fn a_lock_that_holds() {
    let risk = check("stampede lock 5s wait 5s", 0.0);
    assert_eq!((risk.probability, risk.concurrent), (0.0, 1.0));
    assert!(risk.worst.concurrent == 1 && risk.worst.met > 3);
}

#[test]
fn a_lock_that_expires_before_the_fill_ends() {
    // Whoever waits begins when it expires.
    check("stampede lock 200ms wait 5s", FILL);
}

#[test]
fn a_patience_that_ends_before_the_fill_does() {
    check("stampede lock 5s wait 400ms", 0.1);
}

#[test]
fn refreshed_behind_stale_copies() {
    let (risk, happened) = poisson("stale-while-revalidate 1s");
    // Each process refreshes for itself; where the first look-up comes after the window, all fill.
    let late = libm::exp(-RATE);
    let form = late * (1.0 - libm::exp(-RATE * FILL))
        + (1.0 - late) * (1.0 - libm::exp(-RATE * FILL * 0.75));
    let least = 1.0 / risk.expiries as f64;
    assert!((risk.probability - happened).abs() <= least);
    // Some refreshes begin so late in the window that they outlast it.
    let more = risk.probability - form;
    assert!((-0.03..0.08).contains(&more), "{risk:?}");
    close(
        risk.probability_unprotected,
        1.0 - libm::exp(-RATE * FILL),
        risk.expiries,
    );
}

#[test]
fn refreshed_early() {
    let (alone, _) = poisson("early-refresh xfetch; stampede coalesce");
    assert!(alone.probability < 0.5 && alone.probability_unprotected > 0.5);
    let (risk, happened) = poisson("early-refresh xfetch");
    assert!((risk.probability - happened).abs() < 0.01, "{happened}");
}

/// Four look-ups at once every minute, and one a second in between them that are never close.
#[test]
fn bursts_are_seen_and_even_look_ups_too() {
    let mut scenario = Scenario::new(
        "origin db
         backend copies redis
         view page(x) { route GET \"/{x}\"; store copies; ttl 10s; cost 500ms on db }",
    );
    for step in 0..60 {
        let minute = f64::from(step) * 60.0;
        for nth in 0..4 {
            scenario.get(minute + 0.1 * f64::from(nth), "/bursts");
            scenario.get(minute + 15.0 * f64::from(nth), "/even");
        }
    }
    let report = scenario.run();
    let risk = &report.levels["page"].risk;
    assert_eq!(risk[0].key, "view:page:/bursts");
    // In each of the sixty minutes, and hardly in the ten that are added.
    let model = 1.0 - libm::exp(-0.5 * 4.0 / 60.0);
    assert!((risk[0].probability - (60.0 + 10.0 * model) / 70.0).abs() < 0.001);
    assert_eq!(risk[0].worst.concurrent, 4);
    // The other one has the same rate, and nothing to fear.
    assert!(risk[1].probability < 0.002);
}

/// Of a thousand keys that are looked up at random, some come twice in their only fill.
#[test]
fn chance_is_no_burst() {
    let mut scenario = Scenario::new(
        "origin db
         backend copies redis
         view page(x) { route GET \"/{x}\"; store copies; ttl 1h; cost 500ms on db }",
    );
    for key in 0..1000 {
        scenario.get(f64::from(key), &format!("/{key}"));
        scenario.get(f64::from(key) + 400.0, &format!("/{key}"));
    }
    scenario.get(7.1, "/7");
    for nth in 0..40 {
        scenario.get(50.0 * f64::from(nth), "/often");
        scenario.get(50.0 * f64::from(nth) + 0.3, "/often");
    }
    for hour in 0..40 {
        scenario.flush(50.0 * f64::from(hour) - 1.0, "copies");
    }
    let risk = scenario.run().levels["page"].risk.clone();
    assert_eq!(risk[0].key, "view:page:/often");
    let twice = risk.iter().find(|risk| risk.key == "view:page:/7");
    assert!(twice.unwrap().probability < 0.1, "{twice:?}");
}

/// Its number changes, and not what people call it.
#[test]
fn a_key_is_one_before_and_after_a_deploy_or_a_bump() {
    let risk = |deploys: bool, bumps: bool| {
        let mut scenario = Scenario::new(
            "model Row { id }
             origin db
             backend copies redis
             view page(x) { route GET \"/{x}\"; store copies; ttl 10s; cost 500ms on db }
             on Row update after commit { bump page(*) }",
        );
        for minute in 0..60 {
            let now = f64::from(minute) * 60.0;
            for nth in 0..4 {
                scenario.get(now + 0.1 * f64::from(nth), "/a");
            }
            if minute == 20 && deploys {
                scenario.fault(now + 30.0, NamedFault::Deploy);
            }
            if minute == 40 && bumps {
                scenario.update(now + 30.0, "Row", &[("id", "1")]);
            }
        }
        let report = scenario.run();
        let risk = &report.levels["page"].risk;
        assert_eq!(risk.len(), 1, "{risk:?}");
        risk[0].clone()
    };
    let plain = risk(false, false);
    assert_eq!(plain.expiries, 60);
    for other in [risk(true, false), risk(false, true), risk(true, true)] {
        assert_eq!((&other.key, other.expiries), (&plain.key, 60));
        // The first look-up of each number is that of its first fill.
        assert!((other.arrival_rate / plain.arrival_rate - 1.0).abs() < 0.02);
        assert!((other.probability - plain.probability).abs() < 0.001);
        assert_eq!(other.worst, plain.worst);
    }
}
