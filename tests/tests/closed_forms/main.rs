//! The simulator against closed forms: one key, Poisson reads and writes, as the literature has
//! them. Each figure is the mean over seeds and must lie within three standard errors of the
//! formula; and the standard error must be small, so that the test can fail. docs/analytic.md
//! lists them.
//!
//! λ is the rate of reads, μ that of writes, T the ttl, D how long a fill takes.
#![allow(missing_docs, clippy::expect_used, reason = "a test")]

mod capacity;
mod early_refresh;
mod freshness;
mod lifetimes;
mod queues;
mod stampedes;

use cachepolicy_sim::report::{LevelFigures, Report};

/// One page, read at `rate`, with these properties and further items.
fn page(rate: &str, duration: &str, properties: &str, items: &str, workload: &str) -> String {
    format!(
        r#"policy one_page {{ edition 1 }}
model Row {{ id; title }}
backend copies proxy
{items}
view page {{
  route GET "/"
  store copies
  {properties}
}}
workload w {{
  duration {duration}
  requests {rate} poisson {{ GET "/" }}
  {workload}
}}
"#
    )
}

fn hit_ratio(report: &Report, level: &str) -> f64 {
    report.levels[level].hit_ratio.expect("look-ups")
}

/// Fills that met no other of their key.
fn lone_fills(level: &LevelFigures) -> f64 {
    level.fills as f64 * (1.0 - level.redundant_fills.expect("fills"))
}
