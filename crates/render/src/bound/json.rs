//! The bounds as one JSON document: times in seconds, `null` where there is no limit.

use super::Wanted;
use cachepolicy_analysis::{Bound, Bounds, By, Edge, Missed, Taken, Words};
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::Duration;
use serde_json::{Value, json};

/// The document.
pub fn json(policy: &Policy, wanted: Wanted) -> serde_json::Result<String> {
    let bounds = Bounds::new(policy, &Graph::new(policy));
    let words = Words {
        policy,
        bounds: &bounds,
    };
    let rows = wanted.rows(policy, &bounds);
    let rows: Vec<Value> = rows
        .iter()
        .map(|(level, of)| bound(&words, *level, of))
        .collect();
    let document = json!({
        "schema": 1,
        "policy": { "name": policy.name, "hash": policy.hash },
        "bounds": rows,
    });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn seconds(time: Duration) -> Value {
    if time.is_forever() {
        Value::Null
    } else {
        json!(time.as_secs_f64())
    }
}

fn bound(words: &Words<'_>, level: LevelId, bound: &Bound) -> Value {
    let policy = words.policy;
    let declared = &policy.levels[level.index()];
    let taken = match bound.taken {
        Taken::Fresh => Value::Null,
        Taken::Replica(lag) => json!({ "replica-lag": seconds(lag) }),
        Taken::Contained(inner, age) => json!({
            "level": policy.levels[inner.index()].name, "age": seconds(age),
        }),
    };
    json!({
        "level": declared.name,
        "kind": declared.kind.name(),
        "stored": declared.is_stored(),
        "model": policy.models[bound.model.index()].name,
        "staleness": seconds(bound.staleness),
        "end_to_end": seconds(bound.end_to_end),
        "by": match bound.by {
            By::Embedded => "embedded",
            By::Time => "time",
            By::Edges => "edges",
        },
        "path": words.path(level, bound),
        "time": {
            "bound": seconds(bound.through_time),
            "fill": seconds(bound.fill),
            "copy": seconds(bound.copy),
            "takes_in": taken,
        },
        "edges": edge(words, level, bound),
    })
}

fn edge(words: &Words<'_>, level: LevelId, bound: &Bound) -> Value {
    match &bound.edge {
        Edge::Sound {
            bound,
            delay,
            stale,
            shared,
            survive,
        } => json!({
            "sound": true,
            "bound": seconds(*bound),
            "delay": seconds(*delay),
            "stale": seconds(*stale),
            "shared_fills": seconds(*shared),
            "survives_in": survive.map(|(backend, time)| json!({
                "backend": words.policy.backends[backend.index()].name, "for": seconds(time),
            })),
        }),
        Edge::Unsound(missed) => {
            let one = |missed: &Missed| {
                let place = missed.action.and_then(|action| action.get(words.policy));
                json!({
                    "write": words.writes(bound.model, &missed.kinds),
                    "missed": words.missed(level, bound.model, missed),
                    "mended": words.remedy(level, bound.model, missed),
                    "line": place.map(|action| action.place.line),
                })
            };
            json!({ "sound": false, "missed": missed.iter().map(one).collect::<Vec<_>>() })
        }
    }
}
