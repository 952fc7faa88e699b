//! From what was gathered to the events of a trace.

use crate::record::Raw;
use crate::record::gathering::{Ended, Gathered};
use crate::record::hide::Hiding;
use crate::request::Request as Carried;
use crate::trail::FillingEnd;
use crate::write::Write as Written;
use cachepolicy_core::Policy;
use cachepolicy_core::expr::RequestView as _;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::policy::{Carrier, Domain};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_core::url::{decode, split_target};
use cachepolicy_core::vary::Normalised;
use cachepolicy_trace::event::{Access, AccessKey, AccessOperation, Event, Request, Write};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the fills of so many paths found is remembered, in two generations.
const REMEMBERED_MAX: usize = 1 << 15;

/// A value that no domain has.
const OUTSIDE: &str = "?";

/// Data values by their names.
type Data = Vec<(String, Vec<String>)>;

/// Makes events.
pub(crate) struct Maker {
    hiding: Arc<Hiding>,
    process: u32,
    /// By the policy's levels.
    levels: Vec<String>,
    dimensions: Vec<Dimension>,
    /// By path: what fills last found. A trace has it with each request, since under another policy
    /// another request will fill.
    recent: FxHashMap<String, Data>,
    before: FxHashMap<String, Data>,
}

struct Dimension {
    carrier: Carrier,
    /// Its values are the policy's.
    is_listed: bool,
}

impl Maker {
    pub(crate) fn new(policy: &Policy, hiding: Arc<Hiding>, process: u32) -> Self {
        let dimensions = policy.dimensions.iter().map(|dimension| Dimension {
            carrier: dimension.carrier.clone(),
            is_listed: dimension.domain != Domain::Any,
        });
        Self {
            hiding,
            process,
            levels: policy.levels.iter().map(|it| it.name.clone()).collect(),
            dimensions: dimensions.collect(),
            recent: FxHashMap::default(),
            before: FxHashMap::default(),
        }
    }

    pub(crate) fn event(&mut self, raw: Raw) -> Event {
        match raw {
            Raw::Request(ended) => Event::Request(self.request(*ended)),
            Raw::Access { at, key, cost } => Event::Access(Access {
                at,
                operation: AccessOperation::Get,
                key: AccessKey::Text(key),
                bytes: None,
                ttl: None,
                cost,
            }),
            Raw::Write { at, write } => Event::Write(self.write(at, &write)),
        }
    }

    fn write(&self, at: Time, write: &Written) -> Write {
        Write {
            at,
            model: write.model.clone(),
            operation: write.operation,
            old: write.old.as_ref().map(|row| self.hiding.row(row)),
            new: write.new.as_ref().map(|row| self.hiding.row(row)),
            process: Some(self.process),
            delay: None,
        }
    }

    fn request(&mut self, ended: Ended) -> Request {
        let Ended {
            at,
            request: carried,
            target,
            gathered,
        } = ended;
        let mut request = Request {
            at,
            method: carried.method().to_owned(),
            host: carried.url().host.to_ascii_lowercase(),
            path: target,
            process: Some(self.process),
            status: gathered.status,
            bytes: gathered.bytes,
            cost: gathered.cost,
            ttl: gathered.ttl,
            cache_status: gathered.cache_status,
            ..Request::default()
        };
        self.carry(&carried, &mut request);
        request.data = self.data(&request.path, &gathered);
        self.fix(&gathered, &mut request.data);
        request
    }

    /// The policy's dimensions, as they count: what the policy takes for the same is the same.
    fn carry(&self, carried: &Carried, request: &mut Request) {
        for (index, dimension) in self.dimensions.iter().enumerate() {
            let value = match carried.dimension(DimensionId(index as u16)) {
                Normalised::Absent => None,
                Normalised::Outside => Some(OUTSIDE.to_owned()),
                Normalised::Value(value) if dimension.is_listed => Some(value.to_owned()),
                Normalised::Value(value) => Some(self.hiding.value(value).into_owned()),
            };
            match &dimension.carrier {
                Carrier::Header(name) => match value {
                    Some(value) => put(&mut request.headers, name, value),
                    None => request.absent_headers.push(name.clone()),
                },
                Carrier::Cookie(name) => match value {
                    Some(value) => put(&mut request.cookies, name, value),
                    None => request.absent_cookies.push(name.clone()),
                },
                Carrier::User(field) => {
                    request.user_known = true;
                    match value {
                        Some(id) if field == "id" => request.user = Some(id),
                        Some(value) => put(&mut request.attrs, &format!("user.{field}"), value),
                        None => {}
                    }
                }
                Carrier::Attr(name) => {
                    if let Some(value) = value {
                        put(&mut request.attrs, name, value);
                    }
                }
                // It stands in the target.
                Carrier::Query(_) => {}
            }
        }
    }

    /// What the request's fills found, or those of an earlier one for the path.
    fn data(&mut self, target: &str, gathered: &Gathered) -> Data {
        let (path, _) = split_target(target);
        if gathered.data.is_empty() {
            let known = self.recent.get(path).or_else(|| self.before.get(path));
            return known.cloned().unwrap_or_default();
        }
        let hide = |value: &String| self.hiding.value(value).into_owned();
        let found = gathered.data.iter();
        let data: Data = found
            .map(|(name, values)| (name.clone(), values.iter().map(hide).collect()))
            .collect();
        if self.recent.len() >= REMEMBERED_MAX {
            self.before = core::mem::take(&mut self.recent);
        }
        self.recent.insert(path.to_owned(), data.clone());
        data
    }

    /// How long each level's own work took, and what it came to. Of several fills of a level the mean:
    /// a trace has one for each request.
    fn fix(&self, gathered: &Gathered, data: &mut Data) {
        let fillings = &gathered.fillings;
        for (index, name) in self.levels.iter().enumerate() {
            let own = fillings.iter().filter(|it| it.level.index() == index);
            let count = own.clone().count();
            if count == 0 {
                continue;
            }
            let total: i64 = own.clone().map(|it| it.took.nanos() / 1_000).sum();
            let mean = total / count as i64 * 1_000;
            let mean = Duration::from_nanos(mean).as_secs_f64();
            data.push((format!("cost({name})"), vec![format!("{mean:.6}")]));
            for (end, word) in [
                (FillingEnd::Absent, "absent"),
                (FillingEnd::Failed, "error"),
            ] {
                if own.clone().all(|it| it.end == end) {
                    data.push((format!("{word}({name})"), vec!["1".to_owned()]));
                }
            }
        }
    }
}

fn put(texts: &mut Vec<(String, String)>, name: &str, value: String) {
    // Two dimensions may be carried by one thing.
    if texts.iter().all(|(known, _)| known != name) {
        texts.push((name.to_owned(), value));
    }
}

/// What decides whether a request is in a sample.
pub(crate) fn unit(target: &str) -> std::borrow::Cow<'_, str> {
    decode(split_target(target).0)
}
