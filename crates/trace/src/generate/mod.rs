//! Synthetic traces: the requests, writes and faults of a workload, in the order of time.
//!
//! Every stream has random streams of its own, told apart by name, so that a further one leaves
//! the others as they were. The same policy, workload and seed give the same events everywhere.
//!
//! A surge raises the rate of all streams of requests. One `on` a route raises the traffic as a
//! whole to as many times, and what comes in addition asks for that route (or path) alone.

mod arrivals;
mod asked;
mod data;
mod pages;
mod paths;
mod requests;
mod rows;
#[cfg(test)]
mod tests;
mod writes;

pub use data::{DataValues, data_values};

use crate::event::{Event, FaultEvent, NamedFault};
use crate::random::Stream;
use crate::{ReadStats, Source, TraceError};
use arrivals::{Surge, Times};
use cachepolicy_core::policy::Policy;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Time;
use cachepolicy_core::workload::{
    Arrivals, Fault, RouteDraw, ScheduledFault, SurgeRoute, Workload,
};
use pages::Pages;
use requests::{Asks, Requests};
use rows::Rows;
use std::sync::Arc;
use writes::Writes;

/// The events of a workload.
#[derive(Debug)]
pub struct Generator {
    streams: Vec<Merged>,
    rows: Rows,
    stats: ReadStats,
}

/// A stream and the time of its next event.
#[derive(Debug)]
struct Merged {
    next: Option<Time>,
    events: Events,
}

#[derive(Debug)]
enum Events {
    /// Latest first.
    Faults(Vec<FaultEvent>),
    Writes(Times, Writes),
    Requests(Times, Requests),
}

/// Generates a workload's trace from a seed. It begins at time 0.
#[must_use]
pub fn generate(policy: &Policy, workload: &Workload, seed: u64) -> Generator {
    let asked = asked::asked(policy, workload);
    let mut streams = vec![Events::Faults(faults(policy, workload))];
    for (index, mix) in workload.writes.iter().enumerate() {
        let name = index.to_string();
        let times = Stream::new(seed, &["write times", &name]);
        let times = Times::new(mix.arrivals, 1.0, &[], workload.duration, times);
        let writes = Writes::new(policy, mix, seed, &name);
        streams.push(Events::Writes(times, writes));
    }
    streams.extend(request_streams(policy, workload, seed));
    let merged = streams.into_iter().map(|mut events| Merged {
        next: events.next_time(),
        events,
    });
    Generator {
        streams: merged.collect(),
        rows: Rows::new(policy, workload, &asked, seed),
        stats: ReadStats::default(),
    }
}

fn request_streams(policy: &Policy, workload: &Workload, seed: u64) -> Vec<Events> {
    let pages = Arc::new(Pages::new(policy, workload, seed));
    let stream = |arrivals: Arrivals, base: f64, surges: &[Surge], asks: Asks<'_>, name: &str| {
        let times = Stream::new(seed, &["request times", name]);
        let times = Times::new(arrivals, base, surges, workload.duration, times);
        let requests = Requests::new(policy, workload, &pages, &asks, seed, name);
        Events::Requests(times, requests)
    };
    let (everywhere, single): (Vec<_>, Vec<_>) = surges(workload)
        .into_iter()
        .partition(|(_, only)| only.is_none());
    let everywhere: Vec<Surge> = everywhere.into_iter().map(|(surge, _)| surge).collect();
    let mut streams = Vec::new();
    for (index, mix) in workload.requests.iter().enumerate() {
        let name = format!("mix {index}");
        let asks = Asks::Routes(&mix.routes);
        streams.push(stream(mix.arrivals, 1.0, &everywhere, asks, &name));
    }
    let mixes = &workload.requests;
    let all = Arrivals {
        per_second: mixes.iter().map(|mix| mix.arrivals.per_second).sum(),
        poisson: mixes.iter().any(|mix| mix.arrivals.poisson),
    };
    for (index, (surge, only)) in single.into_iter().enumerate() {
        let name = format!("surge {index}");
        if let Some(only) = only {
            let asks = match route_of(workload, only) {
                Some(draw) => Asks::Routes(std::slice::from_ref(draw)),
                None => Asks::Path {
                    method: &only.method,
                    path: &only.path,
                },
            };
            streams.push(stream(all, 0.0, &[surge], asks, &name));
        }
    }
    streams
}

fn surges(workload: &Workload) -> Vec<(Surge, Option<&SurgeRoute>)> {
    let surges = workload.faults.iter().filter_map(|scheduled| {
        let Fault::Surge {
            factor,
            rise,
            duration,
            only,
        } = &scheduled.fault
        else {
            return None;
        };
        let surge = Surge {
            at: scheduled.at,
            rise: (*rise).min(*duration),
            duration: *duration,
            extra: factor - 1.0,
        };
        Some((surge, only.as_ref()))
    });
    surges.collect()
}

/// The workload's own route that a surge names as it is written.
fn route_of<'a>(workload: &'a Workload, only: &SurgeRoute) -> Option<&'a RouteDraw> {
    let mut routes = workload.requests.iter().flat_map(|mix| &mix.routes);
    routes.find(|draw| draw.method == only.method && draw.pattern.text == only.path)
}

/// What goes wrong while the workload lasts, latest first.
fn faults(policy: &Policy, workload: &Workload) -> Vec<FaultEvent> {
    let during = |fault: &&ScheduledFault| fault.at < workload.duration;
    let faults = workload.faults.iter().filter(during);
    let mut events: Vec<FaultEvent> = faults
        .filter_map(|scheduled| {
            Some(FaultEvent {
                at: Time::ZERO + scheduled.at,
                fault: named(policy, &scheduled.fault)?,
            })
        })
        .collect();
    sorting::by_key(&mut events, |event| event.at);
    events.reverse();
    events
}

/// A fault by its names; a surge is none.
fn named(policy: &Policy, fault: &Fault) -> Option<NamedFault> {
    let backend = |id: cachepolicy_core::BackendId| {
        let backend = policy.backends.get(id.index());
        backend.map(|backend| backend.name.clone())
    };
    Some(match fault {
        Fault::Flush(id) => NamedFault::Flush {
            backend: backend(*id)?,
        },
        Fault::Outage {
            backend: id,
            duration,
        } => NamedFault::Outage {
            target: backend(*id)?,
            duration: *duration,
        },
        Fault::OriginOutage { origin, duration } => NamedFault::Outage {
            target: policy.origins.get(origin.index())?.name.clone(),
            duration: *duration,
        },
        Fault::Restart { process } => NamedFault::Restart { process: *process },
        Fault::Deploy => NamedFault::Deploy,
        Fault::Surge { .. } => return None,
    })
}

impl Events {
    fn next_time(&mut self) -> Option<Time> {
        match self {
            Self::Faults(faults) => faults.last().map(|fault| fault.at),
            Self::Writes(times, _) | Self::Requests(times, _) => times.next(),
        }
    }

    fn fill(&mut self, at: Time, rows: &mut Rows, event: &mut Event) {
        match self {
            Self::Faults(faults) => {
                if let Some(fault) = faults.pop() {
                    *event = Event::Fault(fault);
                }
            }
            Self::Writes(_, writes) => writes.fill(at, rows, event),
            Self::Requests(_, requests) => requests.fill(at, event),
        }
    }
}

impl Source for Generator {
    fn next(&mut self, event: &mut Event) -> Result<bool, TraceError> {
        // Of events at one instant those of the first stream come first: faults, writes, requests.
        let soonest = self
            .streams
            .iter_mut()
            .filter_map(|stream| stream.next.map(|at| (at, stream)))
            .min_by_key(|(at, _)| *at);
        let Some((at, stream)) = soonest else {
            return Ok(false);
        };
        stream.events.fill(at, &mut self.rows, event);
        stream.next = stream.events.next_time();
        self.stats.events += 1;
        Ok(true)
    }

    fn stats(&self) -> &ReadStats {
        &self.stats
    }
}
