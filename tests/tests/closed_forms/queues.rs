//! Waits for an origin. λ is the rate of its work.

use cachepolicy_sim::report::OriginFigures;
use cachepolicy_tests::figures::{check, expect};
use cachepolicy_tests::formulas::{erlang_c, mean_wait_of_constant_work};
use cachepolicy_tests::run::simulate;

fn origin(properties: &str, cost: &str, rate: &str, duration: &str) -> String {
    format!(
        r#"policy queue {{ edition 1 }}
origin db {{ {properties} }}
view page {{ route GET "/"; cost {cost} on db }}
workload w {{ duration {duration}; requests {rate} poisson {{ GET "/" }} }}
"#
    )
}

fn db(text: &str, seed: u64) -> OriginFigures {
    simulate(text, seed).origins["db"]
}

/// Erlang's C: the probability that all c servers are busy, and the mean wait, in M/M/c; a wait
/// exceeds t with probability C e^(−(cν − λ)t). Kleinrock, Queueing Systems 1, Wiley 1975,
/// sections 3.5 and 5.
#[test]
fn exponential_work() {
    let (rate, service, servers) = (30.0, 0.1, 4);
    let text = origin("slots 4", "exp(mean 100ms)", "30/s", "2h");
    let busy = erlang_c(servers, rate * service);
    let decay = f64::from(servers) / service - rate;
    let beyond = |wait: f64| busy * libm::exp(-decay * wait);
    check(
        [
            expect("mean wait", busy / decay, 0.05),
            expect("share that waits", busy, 0.02),
            expect("utilisation", rate * service / f64::from(servers), 0.01),
            expect("beyond the 90% quantile", 0.1, 0.05),
            expect("beyond the 99% quantile", 0.01, 0.1),
        ],
        |seed| {
            let origin = db(&text, seed);
            [
                origin.wait.mean.expect("work"),
                origin.queued as f64 / origin.work as f64,
                origin.utilisation.expect("slots"),
                beyond(origin.wait.p90.expect("work")),
                beyond(origin.wait.p99.expect("work")),
            ]
        },
    );
}

/// M/D/1, ρ = λD: the mean wait is ρD/2(1−ρ), and ρ of the work waits.
/// Pollaczek and Khinchine, as in Kleinrock, section 5.6.
#[test]
fn constant_work() {
    let (rate, service) = (8.0, 0.1);
    let busy = rate * service;
    let mean = busy * service / (2.0 * (1.0 - busy));
    assert!((mean_wait_of_constant_work(1, busy) * service - mean).abs() < 1e-6);
    let text = origin("slots 1", "100ms", "8/s", "1h");
    check(
        [
            expect("mean wait", mean, 0.03),
            expect("share that waits", busy, 0.01),
        ],
        |seed| {
            let origin = db(&text, seed);
            [
                origin.wait.mean.expect("work"),
                origin.queued as f64 / origin.work as f64,
            ]
        },
    );
}

/// M/D/c: see [`mean_wait_of_constant_work`].
#[test]
fn constant_work_at_several_servers() {
    let (rate, service, servers) = (24.0, 0.1, 3);
    let mean = mean_wait_of_constant_work(servers, rate * service) * service;
    let text = origin("slots 3", "100ms", "24/s", "1h");
    check([expect("mean wait", mean, 0.03)], |seed| {
        [db(&text, seed).wait.mean.expect("work")]
    });
}

/// M/G/1: the mean wait is λE\[S²\]/2(1−ρ), with work S uniform over (0, 2s): E\[S²\] = 4s²/3.
/// Pollaczek and Khinchine, as above.
#[test]
fn uniform_work() {
    let (rate, service) = (7.0, 0.1);
    let mean = rate * 4.0 * service * service / 3.0 / (2.0 * (1.0 - rate * service));
    let text = origin("slots 1", "uniform(0ms..200ms)", "7/s", "1h");
    check([expect("mean wait", mean, 0.03)], |seed| {
        [db(&text, seed).wait.mean.expect("work")]
    });
}

/// A rate of r without a burst lets work begin 1/r apart at least: the wait is that of M/D/1 with
/// D = 1/r, however long the work takes.
#[test]
fn limited_rate() {
    let (rate, apart) = (8.0, 0.1);
    let mean = rate * apart * apart / (2.0 * (1.0 - rate * apart));
    let text = origin("rate 10/s", "700ms", "8/s", "1h");
    check([expect("mean wait", mean, 0.03)], |seed| {
        [db(&text, seed).wait.mean.expect("work")]
    });
}
