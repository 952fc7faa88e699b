//! Random traces inside of what a policy declares: a little of everything, most of it right before
//! and after the instants at which something ends, expires, commits or arrives.

mod rows;
mod times;

use super::Dice;
use cachepolicy_analysis::Outage;
use cachepolicy_core::Policy;
use cachepolicy_core::distribution::Distribution;
use cachepolicy_core::ids::{BackendId, ModelId};
use cachepolicy_core::level::{Level, LevelKind, ValueSource};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::Event;
use cachepolicy_trace::event::{FaultEvent, NamedFault, Request};
use cachepolicy_trace::random::Stream;
use rows::Fields;
use std::collections::BTreeMap;
use times::{extreme, times};

/// Slugs, ids of rows, of owners and of labels.
const NAMES: [&str; 4] = ["1", "2", "3", "4"];

/// A trace of one policy.
pub struct Traffic<'p> {
    policy: &'p Policy,
    random: Stream,
    /// Of everything that lasts.
    times: Vec<Duration>,
    /// Rows of the first model, by slug.
    rows: BTreeMap<String, Fields>,
    /// Ids that rows have, or had.
    /// With the instants of their creation.
    ids: Vec<(String, Time)>,
    /// Levels that read a row by its id.
    by_id: Vec<&'p Level>,
    /// Only rows of this model are written.
    only: Option<u64>,
    faults: u64,
    events: Vec<Event>,
}

/// What an outage of the trace takes from a bound.
#[must_use]
pub fn outages(policy: &Policy, events: &[Event]) -> Vec<Outage> {
    let of = |event: &Event| match event {
        Event::Fault(FaultEvent {
            fault: NamedFault::Outage { target, duration },
            ..
        }) => {
            let backend = policy.backends.iter().position(|it| it.name == *target)?;
            Some(Outage {
                backend: BackendId(backend as u16),
                time: *duration,
            })
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

impl<'p> Traffic<'p> {
    /// The events of a trace, in the order of time.
    #[must_use]
    pub fn of(policy: &'p Policy, mut dice: Dice<'_>, seed: u64) -> Vec<Event> {
        let reads_id = |level: &&Level| {
            let mut bindings = level.reads.iter().flat_map(|read| {
                let id = policy.models[read.model.index()].field("id");
                read.bindings
                    .iter()
                    .map(move |binding| (read.model, binding, id))
            });
            bindings.any(|(model, binding, id)| {
                model == ModelId(0)
                    && Some(binding.field) == id
                    && binding.value == ValueSource::Param(0)
            })
        };
        let mut this = Self {
            policy,
            random: Stream::new(seed, &["traffic"]),
            times: times(policy),
            rows: BTreeMap::new(),
            ids: Vec::new(),
            by_id: policy.levels.iter().filter(reads_id).collect(),
            only: [None, Some(0), Some(0), Some(1)][dice.roll(4)],
            faults: dice.pick(&[0, 0, 0, 5, 15]),
            events: Vec::new(),
        };
        for slug in &NAMES[..3] {
            let row = this.new_row(slug, (*slug).to_owned());
            this.ids.push((row.id.clone(), Time::ZERO));
            this.rows.insert((*slug).to_owned(), row);
        }
        let mut at = Time::ZERO;
        for _ in 0..4 + dice.roll(5) {
            at = this.episode(at) + this.some_time().min(Duration::from_secs(20));
        }
        this.events.sort_by_key(Event::at);
        this.events
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.below(limit)
    }

    fn is(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// How long something lasts, or nearly so, or any part of that.
    fn some_time(&mut self) -> Duration {
        let index = self.below(self.times.len() as u64) as usize;
        let time = self.times[index];
        let nanos = match self.below(6) {
            0 | 1 => time.nanos(),
            2 => time.nanos() - 1_000_000,
            3 => time.nanos() + 1_000_000,
            4 => (time.nanos() as f64 * self.random.unit()) as i64,
            _ => self.below(100_000_000) as i64,
        };
        Duration::from_nanos(nanos.max(0))
    }

    /// A write, and requests around it; gives the last one's instant.
    fn episode(&mut self, begins: Time) -> Time {
        let name = self.one(&NAMES);
        let (mut before, mut at) = (Vec::new(), begins);
        for _ in 0..1 + self.below(4) {
            before.push(at);
            at = at + self.some_time();
        }
        for instant in before {
            self.request(instant, name);
        }
        let written = at;
        let mut last = self.write(written, name);
        let mut after = written;
        for _ in 0..3 + self.below(6) {
            // What comes some time after the write, or after the last one.
            let from = if self.is(60) { written } else { after };
            after = from + self.some_time();
            self.request(after, name);
            last = last.max(after);
        }
        if self.is(30) {
            let again = written + self.some_time();
            last = last.max(self.write(again, name));
        }
        if self.below(100) < self.faults {
            let near = if self.is(50) { written } else { begins };
            let at = near + self.some_time();
            self.fault(at);
        }
        last
    }

    fn request(&mut self, at: Time, name: &'static str) {
        let named = match self.below(10) {
            0 => self.one(&NAMES).to_owned(),
            // A row that has been created has an id of its own.
            1 | 2 if !self.by_id.is_empty() => {
                let index = self.below(self.ids.len() as u64) as usize;
                let (id, created) = &self.ids[index];
                // Nobody knows it before.
                if *created <= at { id } else { name }.to_owned()
            }
            _ => name.to_owned(),
        };
        let mut path = match self.below(12) {
            0 => "/other".to_owned(),
            1 | 2 => "/".to_owned(),
            _ => format!("/p/{named}"),
        };
        path.push_str(self.one(&["", "", "", "?n=2", "?n=3", "?n=9", "?other=1"]));
        let user = self.one(&[None, None, Some("1"), Some("2")]);
        let others = (0..self.below(4))
            .map(|_| self.one(&NAMES).to_owned())
            .collect();
        let mut data = vec![("others".to_owned(), others)];
        self.fix(&mut data, &named);
        let mut attrs = Vec::new();
        if let Some(user) = user {
            let (role, team) = [("a", "red"), ("b", "blue")][usize::from(user != "1")];
            attrs.push(("user.role".to_owned(), role.to_owned()));
            attrs.push(("user.team".to_owned(), team.to_owned()));
        }
        if self.is(20) {
            attrs.push(("plan".to_owned(), "pro".to_owned()));
        }
        let lang = self.one(&["en", "en", "en", "de", "xx"]);
        let session = self.one(&[None, None, None, Some("s1"), Some("s2")]);
        let request = Request {
            at,
            method: "GET".to_owned(),
            path,
            headers: vec![("lang".to_owned(), lang.to_owned())],
            cookies: session
                .map(|value| ("session".to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            user: user.map(str::to_owned),
            user_known: true,
            cookies_known: true,
            headers_known: true,
            attrs,
            data,
            process: Some(self.below(u64::from(self.policy.processes)) as u32),
            status: [
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                Some(404),
                Some(500),
                Some(304),
            ][self.below(10) as usize],
            ttl: self
                .is(30)
                .then(|| Duration::from_millis(500 * (1 + self.random.below(20) as i64))),
            ..Request::default()
        };
        self.events.push(Event::Request(request));
    }

    /// Times of the fills of a request: the longest, the shortest, any, or as drawn.
    fn fix(&mut self, data: &mut Vec<(String, Vec<String>)>, named: &str) {
        let policy = self.policy;
        let mode = self.below(5);
        for level in &policy.levels {
            let name = &level.name;
            let mut say = |what: &str, value: f64| {
                data.push((format!("{what}({name})"), vec![value.to_string()]));
            };
            if mode < 4 {
                let draw = [1.0, 1.0, 0.0, self.random.unit()][mode as usize];
                say("cost", self.within(&level.cost.otherwise, draw, level));
                let origin = level.origin.map(|id| &policy.origins[id.index()]);
                if let Some(origin) = origin {
                    let draw = [1.0, 0.0, 1.0, self.random.unit()][mode as usize];
                    say("lag", extreme(&origin.replica_lag, draw).as_secs_f64());
                }
                if level.rules.jitter > 0.0 {
                    say("jitter", 0.0);
                }
            }
            let is_unborn = !self.ids.iter().any(|(id, _)| id == named);
            let reads_it = self.by_id.iter().any(|by_id| by_id.name == *name);
            if (reads_it && is_unborn) || self.random.below(100) < 6 {
                say("absent", 1.0);
            }
            let can_fail = level
                .origin
                .is_some_and(|id| policy.origins[id.index()].failure_rate > 0.0);
            if (can_fail || matches!(level.kind, LevelKind::View | LevelKind::Site))
                && self.random.below(100) < 8
            {
                say("error", 1.0);
            }
        }
    }

    /// A time of a distribution; of one that says nothing, anything.
    fn within(&self, of: &Distribution, draw: f64, level: &Level) -> f64 {
        let time = extreme(of, draw);
        if time == Duration::ZERO && !level.reads.is_empty() && of.limits().1 == Some(0.0) {
            return draw * 4.0;
        }
        time.as_secs_f64()
    }

    fn fault(&mut self, at: Time) {
        let backend = self.below(self.policy.backends.len() as u64) as usize;
        let backend = self.policy.backends[backend].name.clone();
        let duration = Duration::from_millis(500 * (1 + self.below(8) as i64));
        let fault = match self.below(7) {
            0 | 1 => NamedFault::Flush { backend },
            2 | 3 => NamedFault::Outage {
                target: backend,
                duration,
            },
            4 => NamedFault::Outage {
                target: "db".to_owned(),
                duration,
            },
            5 => NamedFault::Restart {
                process: self.below(u64::from(self.policy.processes)) as u32,
            },
            _ => NamedFault::Deploy,
        };
        self.events.push(Event::Fault(FaultEvent { at, fault }));
    }
}
