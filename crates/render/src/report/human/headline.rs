//! What was replayed, and what came of it in a sentence or two.

use super::View;
use crate::output::colour::Meaning;
use crate::output::units;
use cachepolicy_sim::report::{Quantiles, Report};

pub(super) fn render(view: &View<'_>) -> String {
    let report = view.report;
    let title = format!("{} on {}", report.policy.name, view.input);
    let mut text = view.page().title(&title);
    text.push_str(&view.paragraph("  ", &replayed(view), Meaning::Faint));
    text.push_str(&view.paragraph("  ", &outcome(view), Meaning::Plain));
    text
}

fn replayed(view: &View<'_>) -> String {
    format!(
        "{}{}, {}{}",
        events(view.report),
        sampled(view),
        seeds(view),
        warmup(view.report)
    )
}

/// `736k requests and 720 writes over 1h`
pub(crate) fn events(report: &Report) -> String {
    let trace = &report.trace;
    let mut events = vec![units::plural(trace.requests, "request", "requests")];
    if trace.writes > 0 {
        events.push(units::plural(trace.writes, "write", "writes"));
    }
    if trace.faults > 0 {
        events.push(units::plural(trace.faults, "fault", "faults"));
    }
    let last = events.pop().unwrap_or_default();
    let listed = if events.is_empty() {
        last
    } else {
        format!("{} and {last}", events.join(", "))
    };
    format!("{listed} over {}", units::seconds(trace.duration))
}

/// What of it was not counted.
pub(crate) fn warmup(report: &Report) -> String {
    if report.warmup > 0.0 {
        format!("; the first {} not counted", units::seconds(report.warmup))
    } else {
        String::new()
    }
}

/// Which part of it was replayed.
fn sampled(view: &View<'_>) -> String {
    let Some(sampled) = &view.report.sampled else {
        return String::new();
    };
    let unit = if sampled.unit == "path" {
        "paths"
    } else {
        "keys"
    };
    format!(
        ", of which {}% of the {unit} were replayed, {}",
        units::number(sampled.rate * 100.0),
        units::plural(sampled.requests, "request", "requests")
    )
}

/// Which seeds, and what a `±` means.
fn seeds(view: &View<'_>) -> String {
    let Some(all) = view.seeds else {
        return format!("seed {}", view.report.seed);
    };
    match (all.seeds.as_slice(), all.seeds.last()) {
        ([_, _, ..], Some(last)) => format!(
            "seeds {} to {last}: means, ± half of their 95% confidence interval",
            view.report.seed
        ),
        _ => format!(
            "seed {} alone, which says nothing about others",
            view.report.seed
        ),
    }
}

fn outcome(view: &View<'_>) -> String {
    let requests = &view.report.requests;
    let mut sentences = Vec::new();
    match requests.hit_ratio {
        None => sentences.push("No request was counted.".to_owned()),
        Some(_) => {
            let saved = requests.saved.map_or_else(String::new, |saved| {
                format!(", which saved {} of the origins' time", units::ratio(saved))
            });
            let own = view.ratio(requests.hit_ratio, &["requests", "hit_ratio"]);
            sentences.push(match &view.report.sampled {
                Some(sampled) => format!(
                    "An estimated {} of all requests need no origin; of those replayed, {own} needed \
                     none{saved}.",
                    view.ratio(sampled.hit_ratio, &["sampled", "hit_ratio"])
                ),
                None => format!("{own} of the requests needed no origin{saved}."),
            });
        }
    }
    if let Some(sentence) = latency(view, &requests.latency) {
        sentences.push(sentence);
    }
    if let Some(sentence) = out_of_date(view) {
        sentences.push(sentence);
    }
    sentences.join(" ")
}

fn latency(view: &View<'_>, latency: &Quantiles) -> Option<String> {
    let p99 = units::seconds(latency.p99.filter(|&latency| latency > 0.0)?);
    let p99 = view.spread(p99, &["requests", "latency", "p99"], units::seconds);
    let p50 = units::seconds(latency.p50?);
    Some(if p50 == p99 {
        format!("99 of 100 were answered within {p99}.")
    } else {
        format!("Half were answered within {p50}, 99 of 100 within {p99}.")
    })
}

fn out_of_date(view: &View<'_>) -> Option<String> {
    let out_of_date = &view.report.requests.out_of_date;
    if view.report.trace.writes == 0 {
        return None;
    }
    let Some(max) = out_of_date
        .when_out_of_date
        .max
        .filter(|_| out_of_date.serves > 0)
    else {
        return Some("Nothing out of date was served.".to_owned());
    };
    let share = view.ratio(out_of_date.ratio, &["requests", "out_of_date", "ratio"]);
    Some(format!(
        "{share} were answered with something out of date, by {} at worst.",
        units::seconds(max)
    ))
}
