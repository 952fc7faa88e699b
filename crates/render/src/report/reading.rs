//! What must be known of how a trace was read.

use crate::output::units;
use cachepolicy_core::sorting;
use cachepolicy_trace::{ReadStats, Recorded};
use std::collections::BTreeMap;

/// What must be known of how a trace was read, one sentence each.
pub fn notes(stats: &ReadStats) -> Vec<String> {
    let mut notes = Vec::new();
    if stats.errors > 0 {
        let first = stats.samples.first().map_or_else(String::new, |sample| {
            format!(
                "; the first: line {}, {}",
                units::grouped(sample.line),
                sample.reason
            )
        });
        notes.push(format!(
            "{} of {} lines could not be read and {} left out{first}",
            units::grouped(stats.errors),
            units::grouped(stats.lines),
            if stats.errors == 1 { "was" } else { "were" }
        ));
    }
    if let Some(others) = others(&stats.others) {
        notes.push(others);
    }
    if stats.reordered > 0 {
        let late = units::seconds(stats.lateness_max.as_secs_f64());
        notes.push(match stats.reordered {
            1 => format!("1 event stood out of order, by {late}, and was put in order"),
            events => format!(
                "{} events stood out of order, by up to {late}, and were put in order",
                units::grouped(events)
            ),
        });
    }
    if stats.spread {
        notes.push("the trace has times in whole seconds: they were spread inside their second, by the seed".to_owned());
    }
    notes.extend(stats.recorded.iter().flat_map(recorded));
    notes
}

/// What a recorder left out.
fn recorded(recorded: &Recorded) -> Vec<String> {
    let mut notes = Vec::new();
    if !recorded.sample.is_all() {
        let share = recorded.sample.share();
        notes.push(format!(
            "the trace was recorded as a sample of {share} of the paths or keys, without {} requests: `--sample {share}` \
             takes all that is there, and the same share of each capacity",
            units::grouped(recorded.left_out)
        ));
    }
    if recorded.dropped > 0 {
        notes.push(format!(
            "{} events are missing, since the recorder could not follow: `levels` see fewer look-ups than there were",
            units::grouped(recorded.dropped)
        ));
    }
    if recorded.late > 0 {
        notes.push(format!(
            "{} events took longer than a minute, and bear a later time than that of their beginning",
            units::grouped(recorded.late)
        ));
    }
    notes
}

/// How many kinds of records that are no events are named.
const OTHERS_MAX: usize = 5;

/// What was no event, most frequent first.
fn others(others: &BTreeMap<String, u64>) -> Option<String> {
    let all: u64 = others.values().sum();
    let mut kinds: Vec<_> = others.iter().collect();
    sorting::by_key(&mut kinds, |(_, count)| std::cmp::Reverse(**count));
    let named: Vec<_> = kinds
        .iter()
        .take(OTHERS_MAX)
        .map(|(name, count)| format!("{name} {}", units::grouped(**count)))
        .collect();
    let more = match kinds.len().saturating_sub(OTHERS_MAX) {
        0 => String::new(),
        more => format!(" and {}", units::plural(more as u64, "other", "others")),
    };
    (all > 0).then(|| {
        format!(
            "{} {} nothing to a cache and {} left out: {}{more}",
            units::plural(all, "command", "commands"),
            if all == 1 { "is" } else { "are" },
            if all == 1 { "was" } else { "were" },
            named.join(", ")
        )
    })
}
