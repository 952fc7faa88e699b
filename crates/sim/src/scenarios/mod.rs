//! Small scenarios made by hand: a policy's text, a few events, and what must come of them.

mod basics;
mod bump;
mod buses;
mod composition;
mod dimensions;
mod edges;
mod fence;
mod lifetimes;
mod load;
mod many;
mod places;
mod risk;
mod stampede;
mod tracking;
mod views;

use crate::report::Report;
use crate::{Options, Simulation};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::event::{Event, FaultEvent, NamedFault, Request, Row, Value, Write};

/// A policy, and the events so far.
pub(crate) struct Scenario {
    policy: Policy,
    pub(crate) options: Options,
    events: Vec<Event>,
}

/// Seconds from the beginning as an instant.
pub(crate) fn at(seconds: f64) -> Time {
    Time::from_secs_f64(seconds)
}

impl Scenario {
    /// The text must compile without an error.
    pub(crate) fn new(text: &str) -> Self {
        let text = format!("policy test {{ edition 1 }}\n{text}");
        Self::whole(&text)
    }

    /// With a `policy` block of its own.
    pub(crate) fn whole(text: &str) -> Self {
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", text);
        let policy = compiled
            .policy
            .unwrap_or_else(|| panic!("{:#?}\n{text}", compiled.diagnostics));
        Self {
            policy,
            options: Options::default(),
            events: Vec::new(),
        }
    }

    /// `GET path` at that second.
    pub(crate) fn get(&mut self, seconds: f64, path: &str) -> &mut Self {
        self.request(seconds, path, |_| {})
    }

    pub(crate) fn request(
        &mut self,
        seconds: f64,
        path: &str,
        more: impl FnOnce(&mut Request),
    ) -> &mut Self {
        let mut request = Request {
            at: at(seconds),
            method: "GET".into(),
            path: path.into(),
            ..Request::default()
        };
        more(&mut request);
        self.events.push(Event::Request(request));
        self
    }

    /// As `GET path`, in a process.
    pub(crate) fn get_in(&mut self, process: u32, seconds: f64, path: &str) -> &mut Self {
        self.request(seconds, path, |request| request.process = Some(process))
    }

    /// An update of a row, the same fields before and after.
    pub(crate) fn update(&mut self, seconds: f64, model: &str, row: &[(&str, &str)]) -> &mut Self {
        let row = fields(row);
        self.write(seconds, model, |write| {
            write.old = Some(row.clone());
            write.new = Some(row);
        })
    }

    pub(crate) fn write(
        &mut self,
        seconds: f64,
        model: &str,
        more: impl FnOnce(&mut Write),
    ) -> &mut Self {
        let mut write = Write {
            at: at(seconds),
            model: model.into(),
            operation: cachepolicy_core::edge::Operation::Update,
            old: None,
            new: None,
            process: Some(0),
            delay: None,
        };
        more(&mut write);
        self.events.push(Event::Write(write));
        self
    }

    pub(crate) fn flush(&mut self, seconds: f64, backend: &str) -> &mut Self {
        let backend = backend.to_owned();
        self.fault(seconds, NamedFault::Flush { backend })
    }

    pub(crate) fn outage(&mut self, seconds: f64, target: &str, length: f64) -> &mut Self {
        let fault = NamedFault::Outage {
            target: target.to_owned(),
            duration: Duration::from_secs_f64(length),
        };
        self.fault(seconds, fault)
    }

    pub(crate) fn fault(&mut self, seconds: f64, fault: NamedFault) -> &mut Self {
        self.events.push(Event::Fault(FaultEvent {
            at: at(seconds),
            fault,
        }));
        self
    }

    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        self.events.push(event);
        self
    }

    /// Replays everything, in the order of time.
    pub(crate) fn run(&mut self) -> Report {
        self.events.sort_by_key(Event::at);
        let mut simulation = Simulation::new(&self.policy, self.options.clone()).unwrap();
        for event in &self.events {
            simulation.push(event).unwrap();
        }
        let report = simulation.finish();
        for (name, level) in &report.levels {
            let outcomes = level.fresh + level.stale + level.miss + level.negative + level.bypass;
            assert_eq!(outcomes, level.lookups, "{name}");
        }
        report
    }
}

/// A row from names and texts; a text `null` is null, and `a|b` a list.
pub(crate) fn fields(row: &[(&str, &str)]) -> Row {
    let value = |text: &str| match text {
        "null" => Value::Null,
        text if text.contains('|') => {
            Value::List(text.split('|').map(|one| Value::Text(one.into())).collect())
        }
        text => Value::Text(text.into()),
    };
    row.iter()
        .map(|(name, text)| ((*name).to_owned(), value(text)))
        .collect()
}

/// Fresh, stale, miss, negative, bypass of a level.
pub(crate) fn outcomes(report: &Report, level: &str) -> [u64; 5] {
    let level = &report.levels[level];
    [
        level.fresh,
        level.stale,
        level.miss,
        level.negative,
        level.bypass,
    ]
}
