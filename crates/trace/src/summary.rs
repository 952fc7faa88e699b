//! What is in a trace: counts, rates, the most frequent names. Memory is bounded whatever the
//! trace: what does not fit any more is counted together and said.

use crate::event::{Access, AccessKey, Event, NamedFault, Request, Write};
use cachepolicy_core::units::{Duration, Time};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// So many different paths, and as many keys, are told apart; further ones are counted together.
pub const NAMES_MAX: usize = 1 << 20;
/// So many different methods, header names and the like.
pub const KINDS_MAX: usize = 1_000;
/// What further ones are counted as.
const OTHERS: &str = "(others)";

/// Looks at events, one by one, in the order of time.
#[derive(Debug, Default)]
pub struct Summary {
    counts: Counts,
    span: Option<(Time, Time)>,
    second: i64,
    in_second: u64,
    peak: u64,
    bytes: u64,
    methods: Kinds,
    statuses: Kinds,
    hosts: Kinds,
    operations: Kinds,
    models: Kinds,
    faults: Kinds,
    present: Kinds,
    paths: Names,
    keys: Names,
    text: String,
}

/// How many events of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// HTTP requests.
    pub requests: u64,
    /// Operations on a key-value cache.
    pub accesses: u64,
    /// Committed writes.
    pub writes: u64,
    /// Faults.
    pub faults: u64,
}

/// What is in a trace. Times in seconds, sizes in bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// How many events of each kind there are.
    #[serde(flatten)]
    pub counts: Counts,
    /// The time of the first event, from the trace's own origin (access logs: the Unix epoch).
    pub begin: Option<f64>,
    /// From the first event to the last.
    pub duration: f64,
    /// Requests and accesses a second.
    pub rate: Rate,
    /// The sum of all sizes.
    pub bytes: u64,
    /// Requests by method.
    pub methods: BTreeMap<String, u64>,
    /// Requests by status.
    pub statuses: BTreeMap<String, u64>,
    /// Requests by host.
    pub hosts: BTreeMap<String, u64>,
    /// Accesses by operation.
    pub operations: BTreeMap<String, u64>,
    /// Writes by model and operation: `Article update`.
    pub models: BTreeMap<String, u64>,
    /// Faults by kind.
    pub faults_by_kind: BTreeMap<String, u64>,
    /// In how many events each property is said: `user`, `header accept-language`, `data ids`,
    /// `cost`.
    pub present: BTreeMap<String, u64>,
    /// What requests ask for, method and query included.
    pub paths: Frequent,
    /// What accesses are about.
    pub keys: Frequent,
}

/// Events a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rate {
    /// Over the whole duration; 0 where that is 0.
    pub mean: f64,
    /// The most in one second.
    pub peak_1s: u64,
}

/// Names and how often they come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Frequent {
    /// How many different ones there are; at least so many where `left_out` is not 0.
    pub distinct: u64,
    /// Events whose names came after [`NAMES_MAX`] different ones.
    pub left_out: u64,
    /// The most frequent ones, most frequent first, then by name.
    pub top: Vec<Named>,
}

/// A name and how often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Counts of a few kinds of things.
#[derive(Debug, Default)]
struct Kinds(BTreeMap<String, u64>);

impl Kinds {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
        } else {
            let name = if self.0.len() < KINDS_MAX {
                name
            } else {
                OTHERS
            };
            *self.0.entry(name.to_owned()).or_default() += 1;
        }
    }
}

/// Counts of many names.
#[derive(Debug, Default)]
struct Names {
    counts: FxHashMap<Box<str>, u64>,
    left_out: u64,
}

impl Names {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < NAMES_MAX {
            self.counts.insert(name.into(), 1);
        } else {
            self.left_out += 1;
        }
    }

    fn frequent(&self, top: usize) -> Frequent {
        // Sorted by count and name, so that the map's own order does not show.
        let mut names: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(name, count)| (name.as_ref(), *count))
            .collect();
        names.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        let top = names.into_iter().take(top).map(|(name, count)| Named {
            name: name.to_owned(),
            count,
        });
        Frequent {
            distinct: self.counts.len() as u64,
            left_out: self.left_out,
            top: top.collect(),
        }
    }
}

impl Summary {
    /// Of no event yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the next event.
    pub fn add(&mut self, event: &Event) {
        let at = event.at();
        let begin = self.span.map_or(at, |(begin, _)| begin);
        self.span = Some((begin, at));
        match event {
            Event::Request(request) => {
                self.counts.requests += 1;
                self.count_rate(at);
                self.request(request);
            }
            Event::Access(access) => {
                self.counts.accesses += 1;
                self.count_rate(at);
                self.access(access);
            }
            Event::Write(write) => {
                self.counts.writes += 1;
                self.write(write);
            }
            Event::Fault(event) => {
                self.counts.faults += 1;
                self.faults.add(match event.fault {
                    NamedFault::Flush { .. } => "flush",
                    NamedFault::Outage { .. } => "outage",
                    NamedFault::Restart { .. } => "restart",
                    NamedFault::Deploy => "deploy",
                });
            }
        }
    }

    fn count_rate(&mut self, at: Time) {
        let second = at.nanos().div_euclid(Duration::SECOND.nanos());
        if second != self.second {
            self.second = second;
            self.in_second = 0;
        }
        self.in_second += 1;
        self.peak = self.peak.max(self.in_second);
    }

    fn request(&mut self, request: &Request) {
        self.methods.add(&request.method);
        if !request.host.is_empty() {
            self.hosts.add(&request.host);
        }
        self.text.clear();
        self.text.push_str(&request.method);
        self.text.push(' ');
        self.text.push_str(&request.path);
        self.paths.add(&self.text);
        self.bytes = self.bytes.saturating_add(request.bytes.unwrap_or(0));
        if let Some(status) = request.status {
            self.name("", status);
            self.statuses.add(&self.text);
        }
        let said = [
            ("host", !request.host.is_empty()),
            ("user", request.user.is_some()),
            ("process", request.process.is_some()),
            ("status", request.status.is_some()),
            ("bytes", request.bytes.is_some()),
            ("cost", request.cost.is_some()),
            ("ttl", request.ttl.is_some()),
            ("cache status", request.cache_status.is_some()),
        ];
        self.said(&said);
        let groups = [
            ("header ", &request.headers),
            ("cookie ", &request.cookies),
            ("attr ", &request.attrs),
        ];
        for (group, pairs) in groups {
            for (name, _) in pairs {
                self.name(group, name);
                self.present.add(&self.text);
            }
        }
        for (name, _) in &request.data {
            self.name("data ", name);
            self.present.add(&self.text);
        }
    }

    fn said(&mut self, properties: &[(&str, bool)]) {
        for (name, _) in properties.iter().filter(|(_, said)| *said) {
            self.present.add(name);
        }
    }

    fn name(&mut self, before: &str, name: impl std::fmt::Display) {
        self.text.clear();
        // Writing to a string does not fail.
        let _ = write!(self.text, "{before}{name}");
    }

    fn access(&mut self, access: &Access) {
        self.operations.add(access.operation.name());
        match &access.key {
            AccessKey::Number(number) => {
                self.name("", number);
                self.keys.add(&self.text);
            }
            AccessKey::Text(text) => self.keys.add(text),
        }
        self.bytes = self.bytes.saturating_add(access.bytes.unwrap_or(0));
        self.said(&[
            ("bytes", access.bytes.is_some()),
            ("cost", access.cost.is_some()),
            ("ttl", access.ttl.is_some()),
        ]);
    }

    fn write(&mut self, write: &Write) {
        self.text.clear();
        self.text.push_str(&write.model);
        self.text.push(' ');
        self.text.push_str(write.operation.name());
        self.models.add(&self.text);
        self.said(&[
            ("process", write.process.is_some()),
            ("delay", write.delay.is_some()),
        ]);
    }

    /// What was seen, with the `top` most frequent names.
    #[must_use]
    pub fn figures(&self, top: usize) -> Figures {
        let span = self.span.map(|(begin, end)| end.since(begin));
        let duration = span.map_or(0.0, Duration::as_secs_f64);
        let events = self.counts.requests + self.counts.accesses;
        Figures {
            counts: self.counts,
            begin: self.span.map(|(begin, _)| begin.as_secs_f64()),
            duration,
            rate: Rate {
                mean: if duration > 0.0 {
                    events as f64 / duration
                } else {
                    0.0
                },
                peak_1s: self.peak,
            },
            bytes: self.bytes,
            methods: self.methods.0.clone(),
            statuses: self.statuses.0.clone(),
            hosts: self.hosts.0.clone(),
            operations: self.operations.0.clone(),
            models: self.models.0.clone(),
            faults_by_kind: self.faults.0.clone(),
            present: self.present.0.clone(),
            paths: self.paths.frequent(top),
            keys: self.keys.frequent(top),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReadOptions;
    use crate::testing::read;

    fn figures(text: &str) -> Figures {
        let (events, _) = read(text.as_bytes(), &ReadOptions::default()).unwrap();
        let mut summary = Summary::new();
        for event in &events {
            summary.add(event);
        }
        summary.figures(2)
    }

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    #[test]
    fn of_all_kinds_of_events() {
        let figures = figures(
            r#"{"at":10,"path":"/b","status":200,"bytes":5,"user":"7","headers":{"accept-language":"en"},"data":{"ids":["1"]}}
{"at":10.5,"path":"/a","host":"example.com","method":"POST","status":404}
{"at":10.9,"path":"/b","cookies":{"currency":"EUR"},"cost":0.1}
{"at":11,"model":"Article","op":"update"}
{"at":11,"key":7,"bytes":100}
{"at":11.5,"key":"a","op":"set"}
{"at":20,"fault":"deploy"}"#,
        );
        let expected = Counts {
            requests: 3,
            accesses: 2,
            writes: 1,
            faults: 1,
        };
        assert_eq!(figures.counts, expected);
        assert_eq!(
            (figures.begin, figures.duration, figures.bytes),
            (Some(10.0), 10.0, 105)
        );
        assert_eq!(
            figures.rate,
            Rate {
                mean: 0.5,
                peak_1s: 3
            }
        );
        assert_eq!(figures.methods, counts(&[("GET", 2), ("POST", 1)]));
        assert_eq!(figures.statuses, counts(&[("200", 1), ("404", 1)]));
        assert_eq!(figures.hosts, counts(&[("example.com", 1)]));
        assert_eq!(figures.operations, counts(&[("get", 1), ("set", 1)]));
        assert_eq!(figures.models, counts(&[("Article update", 1)]));
        assert_eq!(figures.faults_by_kind, counts(&[("deploy", 1)]));
        let present = [
            ("bytes", 2),
            ("cookie currency", 1),
            ("cost", 1),
            ("data ids", 1),
            ("header accept-language", 1),
            ("host", 1),
            ("status", 2),
            ("user", 1),
        ];
        assert_eq!(figures.present, counts(&present));
        let named = |name: &str, count| Named {
            name: name.to_owned(),
            count,
        };
        assert_eq!(figures.paths.top, [named("GET /b", 2), named("POST /a", 1)]);
        assert_eq!(figures.keys.top, [named("7", 1), named("a", 1)]);
        assert_eq!((figures.keys.distinct, figures.keys.left_out), (2, 0));
    }

    #[test]
    fn of_nothing() {
        assert_eq!(Summary::new().figures(10), Figures::default());
    }

    #[test]
    fn memory_is_bounded() {
        let mut kinds = Kinds::default();
        let mut names = Names::default();
        for number in 0..NAMES_MAX as u64 + 5 {
            names.add(&number.to_string());
            if number < 2 * KINDS_MAX as u64 {
                kinds.add(&number.to_string());
            }
        }
        assert_eq!(kinds.0.len(), KINDS_MAX + 1);
        assert_eq!(kinds.0.get(OTHERS), Some(&(KINDS_MAX as u64)));
        let frequent = names.frequent(1);
        assert_eq!(
            (frequent.distinct, frequent.left_out),
            (NAMES_MAX as u64, 5)
        );
    }
}
