//! Happenings in words.

use super::{Happening, Names, What};
use crate::metrics::{FillBegan, FillResult, Outcome, RequestEnd, Serve, Wait};
use cachepolicy_core::units::Duration;
use std::fmt::Write as _;

/// One line for people: `12.250400 s  request 17, process 3: looks for article "a" and misses`.
#[must_use]
pub fn describe(happening: &Happening, names: &Names<'_>) -> String {
    let mut line = format!("{:>12.6} s  ", names.seconds(happening.at));
    // Writing to a text cannot fail.
    let _ = match (happening.request, happening.process) {
        (Some(request), Some(process)) => write!(line, "request {request}, process {process}: "),
        (Some(request), None) => write!(line, "request {request}: "),
        (None, Some(process)) => write!(line, "process {process}: "),
        (None, None) => Ok(()),
    };
    line.push_str(&sentence(happening, names));
    line
}

/// The same without when it happens, and to whom: `looks for article "a" and misses`.
#[must_use]
pub fn sentence(happening: &Happening, names: &Names<'_>) -> String {
    let copy = |level, key| format!("{} `{}`", names.level(level), (names.key)(level, key));
    match happening.what {
        What::Arrival { route } => format!("arrives, {}", names.route(route)),
        What::LookUp {
            level,
            key,
            outcome,
        } => {
            let what = key.map_or_else(|| names.level(level).to_owned(), |key| copy(level, key));
            look_up(&what, outcome)
        }
        What::WaitBegan { level, key } => {
            format!("waits for another fill of {}", copy(level, key))
        }
        What::WaitEnded { level, key, wait } => format!(
            "waited {} for {}: {}",
            seconds(wait.waited),
            copy(level, key),
            match wait {
                Wait { in_vain: true, .. } => "in vain",
                Wait {
                    served_by_other: true,
                    ..
                } => "is served",
                Wait { .. } => "is released",
            },
        ),
        What::FillBegan { level, fill } => fill_began(&copy(level, fill.key), &fill),
        What::FillEnded {
            level,
            key,
            result,
            took,
        } => {
            let end = match result {
                FillResult::Stored => "and is stored".to_owned(),
                FillResult::Failed => "and failed".to_owned(),
                FillResult::ServedOnly(_) | FillResult::NoRoom => {
                    format!("and is not stored: {}", result.as_str())
                }
            };
            format!(
                "the fill of {} took {} {end}",
                copy(level, key),
                seconds(took)
            )
        }
        What::Stored {
            backend,
            level,
            key,
            bytes,
        } => {
            format!(
                "{} stores {}, {bytes} bytes",
                names.backend(backend),
                copy(level, key)
            )
        }
        What::Removed {
            backend,
            level,
            key,
            why,
            ..
        } => {
            format!(
                "{} loses {}: {}",
                names.backend(backend),
                copy(level, key),
                why.as_str()
            )
        }
        What::Serve { level, key, serve } => serves(happening, &copy(level, key), &serve),
        What::WorkBegan { origin, waited } if waited == Duration::ZERO => {
            format!("work begins at {}", names.origin(origin))
        }
        What::WorkBegan { origin, waited } => {
            format!(
                "work begins at {} after waiting {}",
                names.origin(origin),
                seconds(waited)
            )
        }
        What::WorkEnded {
            origin,
            took,
            failed,
        } => {
            let end = if failed { "fails" } else { "is done" };
            format!(
                "work at {} {end} after {}",
                names.origin(origin),
                seconds(took)
            )
        }
        What::Answer { end, .. } => answer(&end),
        What::Write { model, operation } => {
            format!("{} {} commits", names.model(model), operation.name())
        }
        What::Delivery { action, removed } => {
            format!("delivery: {}, {removed} copies", names.action(action))
        }
        What::Lost { action } => format!("delivery lost: {}", names.action(action)),
        What::Fault(fault) => format!("fault: {}", fault.name(names.policy)),
    }
}

fn look_up(what: &str, outcome: Outcome) -> String {
    match outcome {
        Outcome::Fresh => format!("finds {what}"),
        Outcome::Stale => format!("finds {what}, past its ttl"),
        Outcome::Negative => format!("finds that there is no {what}"),
        Outcome::Miss => format!("misses {what}"),
        Outcome::Bypass(reason) => format!("leaves {what} out: {}", reason.as_str()),
    }
}

fn fill_began(what: &str, fill: &FillBegan) -> String {
    let how = if fill.background {
        " in the background"
    } else {
        ""
    };
    let others = match fill.concurrent {
        0 | 1 => String::new(),
        fills => format!(", {fills} fills of it at once"),
    };
    format!("fills {what}{how} ({}){others}", fill.cause.as_str())
}

fn serves(happening: &Happening, what: &str, serve: &Serve) -> String {
    let mut text = match serve {
        Serve {
            from_copy: true, ..
        } => format!("is served {what}"),
        Serve { waited: true, .. } => format!("is served another fill's {what}"),
        Serve { .. } => format!("takes its own {what}"),
    };
    if let Some(commit) = serve.missed_since {
        let staleness = seconds(happening.at.since(commit));
        let _ = write!(
            text,
            ", out of date by {staleness} and {} writes",
            serve.missed_writes
        );
    }
    if serve.leak {
        text.push_str(", which was made for somebody else");
    }
    text
}

fn answer(end: &RequestEnd) -> String {
    let mut text = format!("is answered after {}", seconds(end.latency));
    if end.error {
        text.push_str(" with an error");
    }
    if end.out_of_date {
        let _ = write!(text, ", out of date by {}", seconds(end.staleness));
    }
    if end.leak {
        text.push_str(", with what was made for somebody else");
    }
    text
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::{COLUMNS, Row};
    use super::*;
    use crate::metrics::{ActionIx, Cause, Fault, Leaving, RouteIx};
    use crate::store::KeyId;
    use crate::testing::policy;
    use cachepolicy_core::decide::{BypassReason, ServeOnlyReason};
    use cachepolicy_core::edge::Operation;
    use cachepolicy_core::ids::{BackendId, LevelId, ModelId, OriginId};
    use cachepolicy_core::units::Time;

    /// One of each.
    fn happenings() -> Vec<What> {
        let (level, key) = (LevelId(1), KeyId(7));
        let (backend, origin, action) = (BackendId(0), OriginId(0), ActionIx(0));
        let second = Duration::SECOND;
        let serve = Serve {
            from_copy: true,
            waited: false,
            expired: true,
            bytes: 5,
            missed_since: Some(Time::from_secs_f64(1.25)),
            missed_writes: 2,
            leak: false,
        };
        vec![
            What::Arrival {
                route: Some(RouteIx(0)),
            },
            What::LookUp {
                level,
                key: None,
                outcome: Outcome::Bypass(BypassReason::Skipped),
            },
            What::LookUp {
                level,
                key: Some(key),
                outcome: Outcome::Miss,
            },
            What::WaitBegan { level, key },
            What::WaitEnded {
                level,
                key,
                wait: Wait {
                    waited: second,
                    in_vain: true,
                    served_by_other: false,
                },
            },
            What::FillBegan {
                level,
                fill: FillBegan {
                    key,
                    concurrent: 2,
                    cause: Cause::Expiry,
                    background: false,
                },
            },
            What::FillEnded {
                level,
                key,
                result: FillResult::ServedOnly(ServeOnlyReason::Overtaken),
                took: second,
            },
            What::Stored {
                backend,
                level,
                key,
                bytes: 5,
            },
            What::Removed {
                backend,
                level,
                key,
                bytes: 5,
                why: Leaving::Evicted { fresh: true },
            },
            What::Serve { level, key, serve },
            What::Serve {
                level,
                key,
                serve: Serve {
                    from_copy: false,
                    missed_since: None,
                    leak: true,
                    ..serve
                },
            },
            What::WorkBegan {
                origin,
                waited: second,
            },
            What::WorkEnded {
                origin,
                took: second,
                failed: false,
            },
            What::Answer {
                route: Some(RouteIx(0)),
                end: RequestEnd {
                    latency: second,
                    out_of_date: true,
                    staleness: second,
                    bytes: 5,
                    ..RequestEnd::default()
                },
            },
            What::Write {
                model: ModelId(0),
                operation: Operation::Update,
            },
            What::Delivery { action, removed: 3 },
            What::Lost { action },
            What::Fault(Fault::Restart(0)),
        ]
    }

    #[test]
    fn every_happening_has_a_row_and_a_line() {
        let policy = policy();
        let names = Names {
            policy: &policy,
            zero: Time::from_secs_f64(1.0),
            routes: &["GET /articles/{slug}".to_owned()],
            key: &|_, KeyId(key)| format!("page:{key}"),
        };
        let mut shown = COLUMNS.join(",") + "\n";
        let mut lines = String::new();
        for what in happenings() {
            let happening = Happening {
                at: Time::from_secs_f64(2.5),
                request: Some(17),
                process: Some(3),
                what,
            };
            shown += &(Row::of(&happening, &names).fields().join(",") + "\n");
            lines += &(describe(&happening, &names) + "\n");
        }
        insta::assert_snapshot!(shown + "\n" + &lines);
    }
}
