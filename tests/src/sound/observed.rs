//! What a replay shows of staleness and of leaks.

use cachepolicy_core::Policy;
use cachepolicy_core::graph::{Graph, is_personal};
use cachepolicy_core::ids::{DimensionId, LevelId, ModelId};
use cachepolicy_core::level::{LevelKind, ValueSource};
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_sim::events::{Happening, Names, Observer, What};
use cachepolicy_sim::metrics::Outcome;
use cachepolicy_sim::{Options, Simulation};
use cachepolicy_trace::event::Request;
use cachepolicy_trace::{Block, Event, Packer};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// What a replay showed.
#[derive(Debug, Default)]
pub struct Seen {
    /// The greatest staleness of a level's serves, by the model of the first write that each missed.
    pub staleness: BTreeMap<(LevelId, ModelId), Duration>,
    /// Levels of which somebody was served what was made for somebody else.
    pub leaks: BTreeSet<LevelId>,
    /// Levels of which one key stood for what differs from person to person.
    pub shared_keys: BTreeSet<LevelId>,
    /// How many serves missed a write.
    pub out_of_date: u64,
    writes: HashMap<Time, ModelId>,
    /// By key: what is personal in its copies.
    personal: HashMap<(LevelId, u32), Arc<[String]>>,
}

/// Is a level said to serve copies to people for whom they were not made?
#[must_use]
pub fn is_said_to_leak(policy: &Policy, graph: &Graph, level: LevelId) -> bool {
    let mut uncovered = graph.uncovered(level).iter();
    uncovered.any(|id| is_personal(policy, *id)) || graph.shares_token(policy, level)
}

/// Replays a trace.
///
/// # Panics
/// When the policy and the trace do not go together.
#[must_use]
#[expect(clippy::expect_used, reason = "helpers of tests fail by panicking")]
pub fn replay(policy: &Policy, events: &[Event], seed: u64) -> Seen {
    let options = Options {
        seed,
        ..Options::default()
    };
    let mut simulation = Simulation::new(policy, options).expect("a policy that can be simulated");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let requests = events.iter().filter_map(|event| match event {
        Event::Request(request) => Some(request.clone()),
        _ => None,
    });
    simulation.observe(Box::new(Watch {
        people: People::new(policy, requests.collect()),
        seen: Arc::clone(&seen),
    }));
    let (mut packer, mut block) = (Packer::default(), Block::default());
    for event in events {
        packer.push(event, &mut block).expect("a short trace");
    }
    simulation.push_block(&block).expect("events in order");
    let _ = simulation.finish();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    core::mem::take(&mut seen)
}

struct Watch {
    people: People,
    seen: Arc<Mutex<Seen>>,
}

impl Observer for Watch {
    fn happens(&mut self, happening: &Happening, _: &Names<'_>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match happening.what {
            What::Write { model, .. } => {
                seen.writes.insert(happening.at, model);
            }
            What::Serve { level, serve, .. } => {
                if serve.leak {
                    seen.leaks.insert(level);
                }
                let Some(since) = serve.missed_since else {
                    return;
                };
                seen.out_of_date += 1;
                if let Some(&model) = seen.writes.get(&since) {
                    let worst = seen.staleness.entry((level, model)).or_default();
                    *worst = (*worst).max(happening.at.since(since));
                }
            }
            What::LookUp {
                level,
                key: Some(key),
                outcome,
            } if !matches!(outcome, Outcome::Bypass(_)) => {
                let Some(made_for) = self.people.of(happening.request, level) else {
                    return;
                };
                let known = seen.personal.entry((level, key.0));
                if *known.or_insert_with(|| Arc::clone(&made_for)) != made_for {
                    seen.shared_keys.insert(level);
                }
            }
            _ => {}
        }
    }
}

/// Whatever is personal in what a request gets, found by following the policy, without the graph that
/// the claims are decided by.
struct People {
    policy: Policy,
    requests: Vec<Request>,
    /// Of all levels, whether it can have anything personal in it.
    can_have: Vec<bool>,
    /// By request and level.
    known: HashMap<(u64, LevelId), Arc<[String]>>,
}

impl People {
    fn new(policy: &Policy, requests: Vec<Request>) -> Self {
        let mut people = Self {
            policy: policy.clone(),
            requests,
            can_have: Vec::new(),
            known: HashMap::new(),
        };
        // Levels stand behind what they contain, but a site's views are not written.
        for index in 0..policy.levels.len() {
            let level = LevelId(index as u16);
            let mut found = Vec::new();
            people.own(level, &Request::default(), &mut found);
            let contains = &policy.levels[index].contains;
            let can_have = policy.levels[index].kind == LevelKind::Site
                || !found.is_empty()
                || contains.iter().any(|contain| {
                    let mut args = contain.args.iter();
                    people.can_have[contain.level.index()]
                        || args.any(|arg| matches!(arg, ValueSource::Dimension(_)))
                });
            people.can_have.push(can_have);
        }
        people
    }

    /// What is personal in a level's result for a request, counted from 1; `None`: nothing ever.
    fn of(&mut self, request: Option<u64>, level: LevelId) -> Option<Arc<[String]>> {
        if !self.can_have[level.index()] {
            return None;
        }
        let number = request?;
        if let Some(known) = self.known.get(&(number, level)) {
            return Some(Arc::clone(known));
        }
        let mut found = Vec::new();
        let request = self.requests.get(number as usize - 1)?;
        self.gather(level, request, &[], &mut found);
        let found: Arc<[String]> = found.into();
        self.known.insert((number, level), Arc::clone(&found));
        Some(found)
    }

    /// Of what a level's own work looks at; whose session a token is of, no request says.
    fn own(&self, id: LevelId, request: &Request, found: &mut Vec<String>) {
        let level = &self.policy.levels[id.index()];
        let bindings = level.reads.iter().flat_map(|read| &read.bindings);
        let bound = bindings.filter_map(|binding| match binding.value {
            ValueSource::Dimension(dimension) => Some(dimension),
            _ => None,
        });
        let looked_at = level.uses.iter().chain(&level.vary).copied().chain(bound);
        found.extend(looked_at.filter_map(|dimension| self.value(dimension, request)));
    }

    /// With all that it embeds. `params`: of those parameters that have a personal value, that value.
    fn gather(
        &self,
        id: LevelId,
        request: &Request,
        params: &[Option<String>],
        found: &mut Vec<String>,
    ) {
        self.own(id, request, found);
        let level = &self.policy.levels[id.index()];
        for contain in &level.contains {
            let args = contain.args.iter().map(|arg| match arg {
                ValueSource::Dimension(dimension) => self.value(*dimension, request),
                ValueSource::Param(param) => params.get(usize::from(*param)).cloned().flatten(),
                ValueSource::Data(_) | ValueSource::Literal(_) => None,
            });
            let args: Vec<Option<String>> = args.collect();
            found.extend(args.iter().flatten().cloned());
            self.gather(contain.level, request, &args, found);
        }
        if level.kind == LevelKind::Site {
            let view = match request.path.split('?').next().unwrap_or_default() {
                "/" => "home",
                path if path.starts_with("/p/") => "page",
                _ => return,
            };
            let mut levels = self.policy.levels.iter();
            if let Some(inner) = levels.position(|level| level.name == view) {
                self.gather(LevelId(inner as u16), request, &[], found);
            }
        }
    }

    /// The value of a dimension, if it is personal.
    fn value(&self, dimension: DimensionId, request: &Request) -> Option<String> {
        if !is_personal(&self.policy, dimension) {
            return None;
        }
        let of = |list: &[(String, String)], name: &str| {
            let found = list.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let declared = &self.policy.dimensions[dimension.index()];
        let value = match &declared.carrier {
            Carrier::User(field) if field == "id" => request.user.clone(),
            Carrier::User(_) => of(&request.attrs, &declared.name),
            Carrier::Cookie(name) => of(&request.cookies, name),
            Carrier::Header(_) | Carrier::Query(_) | Carrier::Attr(_) => None,
        };
        Some(format!("{}={value:?}", declared.name))
    }
}
