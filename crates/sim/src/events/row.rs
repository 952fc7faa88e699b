//! Happenings as rows of a table.

use super::{Happening, Names, What};
use crate::metrics::{FillResult, Outcome, RequestEnd, Serve, Wait};
use std::borrow::Cow;

/// The columns of a [`Row`], which stay as they are; new ones come at the end.
pub const COLUMNS: [&str; 11] = [
    "at", "event", "request", "process", "level", "key", "place", "outcome", "reason", "seconds",
    "count",
];

/// A happening as text and numbers. What does not apply is empty.
///
/// | event | place | outcome | reason | seconds | count |
/// |---|---|---|---|---|---|
/// | `arrival` | route | | | | |
/// | `look-up` | | `fresh` `stale` `negative` `miss` `bypass` | of a bypass | | |
/// | `wait-began` | | | | | |
/// | `wait-ended` | | `served` `in-vain` `released` | | waited | |
/// | `fill-began` | | `foreground` `background` | what made it necessary | | fills of the key now |
/// | `fill-ended` | | `stored` `not-stored` `failed` | why not stored | it took | |
/// | `store` | backend | | | | bytes |
/// | `remove` | backend | | why | | bytes |
/// | `serve` | | `up-to-date` `out-of-date` `leak` | `copy` `expired-copy` `waiter` `own-fill` | staleness | writes missed |
/// | `work-began` | origin | | | waited | |
/// | `work-ended` | origin | `done` `failed` | | it took | |
/// | `answer` | route | `hit` `origin-work` `error` | `up-to-date` `out-of-date` `leak` | latency | bytes |
/// | `write` | model | `create` `update` `delete` | | | |
/// | `delivery` | action | | | | copies removed |
/// | `lost` | action | | | | |
/// | `fault` | fault | | | | |
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// In seconds from the trace's beginning.
    pub at: f64,
    /// What happens.
    pub event: &'static str,
    /// Counted from 1.
    pub request: Option<u64>,
    /// From 0.
    pub process: Option<u32>,
    /// The level's name.
    pub level: &'a str,
    /// The key, as people write it.
    pub key: String,
    /// Where, if not at a level.
    pub place: Cow<'a, str>,
    /// See the table.
    pub outcome: &'static str,
    /// See the table.
    pub reason: &'static str,
    /// See the table.
    pub seconds: Option<f64>,
    /// See the table.
    pub count: Option<u64>,
}

impl<'a> Row<'a> {
    /// Of a happening.
    #[must_use]
    pub fn of(happening: &Happening, names: &'a Names<'_>) -> Self {
        let mut row = Self {
            at: names.seconds(happening.at),
            event: happening.what.name(),
            request: happening.request,
            process: happening.process,
            level: "",
            key: String::new(),
            place: Cow::Borrowed(""),
            outcome: "",
            reason: "",
            seconds: None,
            count: None,
        };
        row.subject(&happening.what, names);
        row.details(happening);
        row
    }

    /// Level, key and place.
    fn subject(&mut self, what: &What, names: &'a Names<'_>) {
        match *what {
            What::LookUp { level, key, .. } => {
                self.level = names.level(level);
                self.key = key.map(|key| (names.key)(level, key)).unwrap_or_default();
            }
            What::WaitBegan { level, key }
            | What::WaitEnded { level, key, .. }
            | What::FillEnded { level, key, .. }
            | What::Serve { level, key, .. } => {
                self.level = names.level(level);
                self.key = (names.key)(level, key);
            }
            What::FillBegan { level, fill } => {
                self.level = names.level(level);
                self.key = (names.key)(level, fill.key);
            }
            What::Stored {
                backend,
                level,
                key,
                ..
            }
            | What::Removed {
                backend,
                level,
                key,
                ..
            } => {
                self.level = names.level(level);
                self.key = (names.key)(level, key);
                self.place = Cow::Borrowed(names.backend(backend));
            }
            What::WorkBegan { origin, .. } | What::WorkEnded { origin, .. } => {
                self.place = Cow::Borrowed(names.origin(origin));
            }
            What::Arrival { route } | What::Answer { route, .. } => {
                self.place = Cow::Borrowed(names.route(route));
            }
            What::Write { model, .. } => self.place = Cow::Borrowed(names.model(model)),
            What::Delivery { action, .. } | What::Lost { action } => {
                self.place = Cow::Owned(names.action(action));
            }
            What::Fault(fault) => self.place = Cow::Owned(fault.name(names.policy)),
        }
    }

    /// Outcome, reason, seconds and count.
    fn details(&mut self, happening: &Happening) {
        match happening.what {
            What::LookUp { outcome, .. } => {
                self.outcome = outcome.as_str();
                if let Outcome::Bypass(reason) = outcome {
                    self.reason = reason.as_str();
                }
            }
            What::WaitEnded { wait, .. } => {
                self.outcome = wait_outcome(&wait);
                self.seconds = Some(wait.waited.as_secs_f64());
            }
            What::FillBegan { fill, .. } => {
                self.outcome = if fill.background {
                    "background"
                } else {
                    "foreground"
                };
                self.reason = fill.cause.as_str();
                self.count = Some(u64::from(fill.concurrent));
            }
            What::FillEnded { result, took, .. } => {
                (self.outcome, self.reason) = match result {
                    FillResult::Stored | FillResult::Failed => (result.as_str(), ""),
                    FillResult::ServedOnly(_) | FillResult::NoRoom => {
                        ("not-stored", result.as_str())
                    }
                };
                self.seconds = Some(took.as_secs_f64());
            }
            What::Stored { bytes, .. } => self.count = Some(bytes),
            What::Removed { bytes, why, .. } => {
                self.reason = why.as_str();
                self.count = Some(bytes);
            }
            What::Serve { serve, .. } => self.serve(happening, &serve),
            What::WorkBegan { waited, .. } => self.seconds = Some(waited.as_secs_f64()),
            What::WorkEnded { took, failed, .. } => {
                self.outcome = if failed { "failed" } else { "done" };
                self.seconds = Some(took.as_secs_f64());
            }
            What::Answer { end, .. } => self.answer(&end),
            What::Write { operation, .. } => self.outcome = operation.name(),
            What::Delivery { removed, .. } => self.count = Some(removed),
            What::Arrival { .. } | What::WaitBegan { .. } | What::Lost { .. } | What::Fault(_) => {}
        }
    }

    fn serve(&mut self, happening: &Happening, serve: &Serve) {
        let staleness = serve.missed_since.map(|commit| happening.at.since(commit));
        self.outcome = freshness(staleness.is_some(), serve.leak);
        self.reason = match serve {
            Serve {
                from_copy: true,
                expired: true,
                ..
            } => "expired-copy",
            Serve {
                from_copy: true, ..
            } => "copy",
            Serve { waited: true, .. } => "waiter",
            Serve { .. } => "own-fill",
        };
        self.seconds = staleness.map(|staleness| staleness.as_secs_f64());
        self.count = staleness.map(|_| u64::from(serve.missed_writes));
    }

    fn answer(&mut self, end: &RequestEnd) {
        self.outcome = match end {
            RequestEnd { error: true, .. } => "error",
            RequestEnd {
                origin_free: true, ..
            } => "hit",
            RequestEnd { .. } => "origin-work",
        };
        self.reason = freshness(end.out_of_date, end.leak);
        self.seconds = Some(end.latency.as_secs_f64());
        self.count = Some(end.bytes);
    }

    /// The row as text, in the order of [`COLUMNS`].
    #[must_use]
    pub fn fields(&self) -> [Cow<'_, str>; COLUMNS.len()] {
        fn number(number: Option<impl ToString>) -> Cow<'static, str> {
            Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default())
        }
        [
            number(Some(self.at)),
            Cow::Borrowed(self.event),
            number(self.request),
            number(self.process),
            Cow::Borrowed(self.level),
            Cow::Borrowed(&self.key),
            Cow::Borrowed(&self.place),
            Cow::Borrowed(self.outcome),
            Cow::Borrowed(self.reason),
            number(self.seconds),
            number(self.count),
        ]
    }
}

const fn wait_outcome(wait: &Wait) -> &'static str {
    match wait {
        Wait { in_vain: true, .. } => "in-vain",
        Wait {
            served_by_other: true,
            ..
        } => "served",
        Wait { .. } => "released",
    }
}

const fn freshness(out_of_date: bool, leak: bool) -> &'static str {
    match (leak, out_of_date) {
        (true, _) => "leak",
        (false, true) => "out-of-date",
        (false, false) => "up-to-date",
    }
}

impl What {
    /// The stable word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Arrival { .. } => "arrival",
            Self::LookUp { .. } => "look-up",
            Self::WaitBegan { .. } => "wait-began",
            Self::WaitEnded { .. } => "wait-ended",
            Self::FillBegan { .. } => "fill-began",
            Self::FillEnded { .. } => "fill-ended",
            Self::Stored { .. } => "store",
            Self::Removed { .. } => "remove",
            Self::Serve { .. } => "serve",
            Self::WorkBegan { .. } => "work-began",
            Self::WorkEnded { .. } => "work-ended",
            Self::Answer { .. } => "answer",
            Self::Write { .. } => "write",
            Self::Delivery { .. } => "delivery",
            Self::Lost { .. } => "lost",
            Self::Fault(_) => "fault",
        }
    }
}
