//! What stands out in the figures, the worst first, in sentences.

use super::View;
use crate::coalesced;
use crate::output::{text, units};
use crate::report::page::Mark;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::sorting;
use cachepolicy_sim::metrics::labels;
use cachepolicy_sim::report::{LevelFigures, RecoveryOutcome};

/// More would be a table again.
const FINDINGS_MAX: usize = 7;

/// As many fills of one key at once are a stampede worth a sentence.
const STAMPEDE_LEAST: u64 = 3;

/// A level with a lower hit ratio costs more look-ups than it saves work.
const HIT_RATIO_LEAST: f64 = 0.1;

/// Fewer look-ups than this say nothing about a ratio.
const LOOKUPS_LEAST: u64 = 100;

/// An invalidation that found nothing as often as this misses what it is for.
const DELIVERIES_LEAST: u64 = 10;

/// Copies that leave before their time, as a share of the fills, that are worth a sentence.
const EVICTED_SHARE: f64 = 0.1;

pub(super) fn render(view: &View<'_>) -> String {
    let mut findings = Vec::new();
    unanswered(view, &mut findings);
    leaks(view, &mut findings);
    errors(view, &mut findings);
    stampedes(view, &mut findings);
    origins(view, &mut findings);
    lost(view, &mut findings);
    in_vain(view, &mut findings);
    recovery(view, &mut findings);
    evictions(view, &mut findings);
    never_pays(view, &mut findings);
    if findings.is_empty() {
        return String::new();
    }
    let points: String = findings
        .iter()
        .take(FINDINGS_MAX)
        .map(|(mark, sentence)| view.point(*mark, sentence))
        .collect();
    format!("{}{points}", view.heading("What stands out", ""))
}

type Findings = Vec<(Mark, String)>;

fn unanswered(view: &View<'_>, findings: &mut Findings) {
    let looked_up = view
        .report
        .levels
        .values()
        .any(|figures| figures.lookups > 0);
    let requests = view.report.requests.count;
    if requests > 0 && !looked_up {
        let unrouted = view.report.unrouted.as_ref();
        let sentence = if unrouted.is_some_and(|unrouted| unrouted.count == requests) {
            "nothing was looked up: no `site` and no `view` of this policy answers the trace's requests"
        } else {
            "nothing was looked up: what answers these requests is not stored, or left out by its \
             `skip`, and contains nothing that is stored"
        };
        findings.push((Mark::Fails, sentence.to_owned()));
    }
}

fn leaks(view: &View<'_>, findings: &mut Findings) {
    for (name, figures) in &view.report.levels {
        if figures.leaks > 0 {
            let sentence = format!(
                "`{name}` gave {} somebody else's copy: it depends on the user, and its key does not{}",
                units::plural(figures.leaks, "request", "requests"),
                at(view, name)
            );
            findings.push((Mark::Fails, sentence));
        }
    }
}

/// Invalidations that never found anything, of levels that were filled.
fn in_vain(view: &View<'_>, findings: &mut Findings) {
    for action in &view.report.invalidation {
        let level = action.target.split([' ', '(']).nth(1).unwrap_or_default();
        let fills = |name: &str| view.report.levels.get(name).map_or(0, |it| it.fills);
        let is_filled = if level == "tag" {
            let mut levels = view.policy.levels.iter();
            levels.any(|level| !level.tags.is_empty() && fills(&level.name) > 0)
        } else {
            fills(level) > 0
        };
        let found_nothing = action.useless == action.deliveries;
        if is_filled && found_nothing && action.deliveries >= DELIVERIES_LEAST {
            let sentence = format!(
                "`{}` on {} found nothing in any of its {} deliveries: either nobody had asked for these \
                 rows yet, as where all are new, or writes do not say what the copies' keys are made of{}",
                action.target,
                action.on,
                units::count(action.deliveries),
                at(view, level)
            );
            findings.push((Mark::Look, sentence));
        }
    }
}

fn errors(view: &View<'_>, findings: &mut Findings) {
    let requests = &view.report.requests;
    if requests.errors > 0 {
        let share = units::ratio(requests.errors as f64 / requests.count.max(1) as f64);
        let sentence = format!(
            "{} ({share}) got an error",
            units::plural(requests.errors, "request", "requests")
        );
        findings.push((Mark::Fails, sentence));
    }
}

fn stampedes(view: &View<'_>, findings: &mut Findings) {
    let mut levels: Vec<_> = view
        .report
        .levels
        .iter()
        .filter(|(_, figures)| figures.stampede.peak >= STAMPEDE_LEAST)
        .collect();
    sorting::by_key(&mut levels, |(_, figures)| {
        std::cmp::Reverse(figures.stampede.peak)
    });
    for (name, figures) in levels.into_iter().take(2) {
        findings.push((Mark::Look, stampede(view, name, figures)));
    }
}

fn stampede(view: &View<'_>, name: &str, figures: &LevelFigures) -> String {
    let stampede = &figures.stampede;
    let key = stampede.key.as_deref().map_or_else(String::new, |key| {
        format!(" of `{}`", text::shorten_middle(&text::tame(key), 60))
    });
    let when = stampede
        .at
        .map_or_else(String::new, |at| format!(" at {}", units::seconds(at)));
    let after = stampede.cause.as_deref().map_or_else(String::new, |cause| {
        format!(", after {}", cause_in_words(cause))
    });
    let protection = match view.level(name).map(|level| level.rules.stampede) {
        Some(Stampede::None) => "; nothing protects it".to_owned(),
        Some(Stampede::Coalesce) => view
            .level(name)
            .and_then(|level| coalesced::places(view.policy, level))
            .map_or_else(String::new, |each| {
                format!("; `coalesce` lets one in {each} through")
            }),
        _ => String::new(),
    };
    format!(
        "`{name}`: {} fills at once{key}{when}{after}{protection}{}",
        units::count(stampede.peak),
        at(view, name)
    )
}

/// A cause's stable word as it reads in a sentence.
fn cause_in_words(cause: &str) -> String {
    match cause {
        "expiry" => "it expired".to_owned(),
        "invalidation" => "it was invalidated".to_owned(),
        "eviction" => "it was evicted".to_owned(),
        "cold-start" => "a cold start".to_owned(),
        "flush" | "deploy" | "restart" | "outage" => format!("the {cause}"),
        "not-stored" => "a fill that was not stored".to_owned(),
        "early-refresh" => "an early refresh".to_owned(),
        other => other.replace('-', " "),
    }
}

fn origins(view: &View<'_>, findings: &mut Findings) {
    for (name, figures) in &view.report.origins {
        let slots = view
            .policy
            .origins
            .iter()
            .find(|origin| origin.name == *name)
            .and_then(|origin| origin.slots);
        if let (Some(slots), true) = (slots, figures.queue_peak > 0) {
            let wait = figures.wait.max.map_or_else(String::new, |max| {
                format!(", the longest waited {}", units::seconds(max))
            });
            let sentence = format!(
                "`{name}`: all {slots} slots were busy and up to {} queued{wait}",
                units::plural(figures.queue_peak, "fill", "fills")
            );
            findings.push((Mark::Look, sentence));
        }
    }
}

fn lost(view: &View<'_>, findings: &mut Findings) {
    let (of_buses, of_edges): (Vec<_>, Vec<_>) = view
        .report
        .invalidation
        .iter()
        .partition(|action| tracking(view, &action.target).is_some());
    for action in of_buses.into_iter().filter(|action| action.lost > 0) {
        let sentence = format!(
            "{} of `{}` lost, and with each a connection: its process emptied its memory",
            units::plural(action.lost, "message", "messages"),
            tracking(view, &action.target).unwrap_or_default()
        );
        findings.push((Mark::Look, sentence));
    }
    let lost: u64 = of_edges.iter().map(|action| action.lost).sum();
    let worst = of_edges.iter().max_by_key(|action| action.lost);
    if let Some(action) = worst.filter(|_| lost > 0) {
        let sentence = format!(
            "{} lost, most often of `{}` on {}: what they should have removed stayed until its ttl",
            units::plural(lost, "invalidation was", "invalidations were"),
            action.target,
            action.on
        );
        findings.push((Mark::Look, sentence));
    }
}

/// The bus that tells processes of changes, if this is what it tells.
fn tracking<'a>(view: &View<'a>, target: &str) -> Option<&'a str> {
    let buses = view.policy.buses.iter();
    let mut tracking = buses.filter(|bus| bus.tracks.is_some());
    let bus = tracking.find(|bus| labels::tracking(bus) == target);
    bus.map(|bus| bus.name.as_str())
}

fn recovery(view: &View<'_>, findings: &mut Findings) {
    for fault in &view.report.recovery {
        if fault.outcome == RecoveryOutcome::NotWithinTrace {
            let sentence = format!(
                "`{}` at {} was still felt when the trace ended",
                fault.fault,
                units::seconds(fault.at)
            );
            findings.push((Mark::Look, sentence));
        }
    }
}

fn evictions(view: &View<'_>, findings: &mut Findings) {
    let fills: u64 = view
        .report
        .levels
        .values()
        .map(|figures| figures.fills)
        .sum();
    for (name, figures) in &view.report.backends {
        let share = figures.evicted_fresh as f64 / fills.max(1) as f64;
        if share > EVICTED_SHARE {
            let sentence = format!(
                "`{name}` is too small: {} left it before their time, for want of room",
                units::plural(figures.evicted_fresh, "copy", "copies")
            );
            findings.push((Mark::Look, sentence));
        }
    }
}

fn never_pays(view: &View<'_>, findings: &mut Findings) {
    for (name, figures) in &view.report.levels {
        let low = figures.hit_ratio.filter(|&ratio| ratio < HIT_RATIO_LEAST);
        if let Some(ratio) =
            low.filter(|_| figures.lookups - figures.bypass.min(figures.lookups) >= LOOKUPS_LEAST)
        {
            let sentence = format!(
                "`{name}` answers {} of its look-ups: as it is, it hardly pays{}",
                units::ratio(ratio),
                at(view, name)
            );
            findings.push((Mark::Look, sentence));
        }
    }
}

/// ` (file:line)` of a level.
fn at(view: &View<'_>, level: &str) -> String {
    view.level(level).map_or_else(String::new, |level| {
        format!(" ({})", view.policy.at(level.place))
    })
}
