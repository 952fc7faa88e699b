//! Request dimensions: the trace's values, else the workload's distribution, else none.

use crate::depends::{Dims, bit};
use crate::intern::{NONE, Texts};
use crate::metrics::{Known, Metrics};
use crate::paths::OUTSIDE;
use crate::random::Stream;
use crate::tables::{Tables, is_from_path};
use cachepolicy_core::graph::determiners;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::policy::{Carrier, Dimension, Domain};
use cachepolicy_core::vary::{Normalised, normalise};
use cachepolicy_trace::event::Request;
use cachepolicy_trace::popularity::{Drawn, Sampler};

/// What is needed to read dimensions.
#[derive(Debug)]
pub(crate) struct Dimensions {
    each: Vec<Reader>,
    /// In which order they are read: what others follow from comes first.
    order: Vec<usize>,
    seed: u64,
}

#[derive(Debug)]
struct Reader {
    /// Raw texts that were normalised before, and what they came to.
    raw: Texts,
    normalised: Vec<u32>,
    /// Share of the requests that have it, and its values there.
    draw: Option<(f64, Sampler)>,
    stream: Stream,
    /// A drawn dimension follows from this one.
    is_base: bool,
    /// What the present request has of it.
    base: Base,
}

/// What is known of a dimension that another one follows from.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// Neither the trace nor the workload has it.
    Unknown,
    /// The request has none.
    Absent,
    /// As it came, before it was normalised.
    Value(u32),
}

impl Dimensions {
    pub(crate) fn new(t: &Tables, seed: u64) -> Self {
        let workload = t.workload.and_then(|id| t.policy.workloads.get(id.index()));
        let draws = workload.map_or(&[][..], |workload| &workload.dimensions);
        let dimensions = &t.policy.dimensions;
        let draw_of = |index: usize| draws.iter().find(|draw| draw.dimension.index() == index);
        let each = dimensions.iter().enumerate().map(|(index, dimension)| {
            let follows = |(other, follower): (usize, &Dimension)| {
                follower.by == Some(DimensionId(index as u16)) && draw_of(other).is_some()
            };
            Reader {
                raw: Texts::default(),
                normalised: Vec::new(),
                draw: draw_of(index).map(|draw| (draw.share, Sampler::new(&draw.value))),
                stream: Stream::new(seed, &["dimension", &dimension.name]),
                is_base: dimensions.iter().enumerate().any(follows),
                base: Base::Unknown,
            }
        });
        let mut order: Vec<usize> = (0..dimensions.len()).collect();
        order.sort_by_key(|&index| determiners(&t.policy, DimensionId(index as u16)).count());
        Self {
            each: each.collect(),
            order,
            seed,
        }
    }

    /// Fills in all but the query dimensions; returns those that are outside their domain.
    pub(crate) fn read(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        metrics: &mut Metrics,
        request: &Request,
        into: &mut [u32],
    ) -> Dims {
        let mut outside = 0;
        for at in 0..self.order.len() {
            let index = self.order[at];
            let dimension = &t.policy.dimensions[index];
            let id = DimensionId(index as u16);
            if is_from_path(&dimension.carrier) {
                metrics.coverage(id, Known::Observed);
                self.each[index].base = Base::of(into[index]);
                continue;
            }
            let (raw, known) = carried(&dimension.carrier, request);
            let value = if known || raw.is_some() {
                metrics.coverage(id, Known::Observed);
                let reader = &mut self.each[index];
                if reader.is_base {
                    reader.base = Base::of(raw.map_or(NONE, |raw| values.intern(raw)));
                }
                reader.normalise(dimension, raw, values)
            } else if self.each[index].draw.is_some() {
                metrics.coverage(id, Known::Sampled);
                let base = dimension.by.map(|by| self.each[by.index()].base);
                self.draw(dimension, index, base.unwrap_or(Base::Unknown), values)
            } else {
                metrics.coverage(id, Known::Defaulted);
                self.each[index].base = Base::Unknown;
                self.each[index].normalise(dimension, None, values)
            };
            if value == OUTSIDE {
                outside |= bit(id);
                into[index] = NONE;
            } else {
                into[index] = value;
            }
        }
        outside
    }

    /// A drawn value. What follows `by` another dimension is the same whenever that one is, and
    /// absent where that one is.
    fn draw(&mut self, dimension: &Dimension, index: usize, base: Base, values: &mut Texts) -> u32 {
        let reader = &mut self.each[index];
        let Some((share, draw)) = &reader.draw else {
            return NONE;
        };
        let mut own;
        let stream = match base {
            Base::Unknown => Some(&mut reader.stream),
            Base::Absent => None,
            Base::Value(value) => {
                let name = ["dimension", &dimension.name, values.get(value)];
                own = Stream::new(self.seed, &name);
                Some(&mut own)
            }
        };
        let raw = stream.and_then(|stream| {
            let is_there = stream.unit() < *share;
            is_there.then(|| match draw.draw(stream) {
                Drawn::Number(number) => values.intern_number(number),
                Drawn::Text(text) => values.intern(text),
            })
        });
        reader.base = Base::of(raw.unwrap_or(NONE));
        match (raw, &dimension.domain) {
            (Some(value), Domain::Any) => value,
            (raw, _) => {
                let text = raw.map(|value| values.get(value).to_owned());
                reader.normalise(dimension, text.as_deref(), values)
            }
        }
    }
}

impl Base {
    /// The number of a text; [`NONE`] for none.
    const fn of(value: u32) -> Self {
        match value {
            NONE => Self::Absent,
            value => Self::Value(value),
        }
    }
}

impl Reader {
    fn normalise(&mut self, dimension: &Dimension, raw: Option<&str>, values: &mut Texts) -> u32 {
        let number = |normalised: Normalised<'_>, values: &mut Texts| match normalised {
            Normalised::Absent => NONE,
            Normalised::Outside => OUTSIDE,
            Normalised::Value(value) => values.intern(value),
        };
        let Some(text) = raw else {
            if dimension.otherwise.is_none() {
                return NONE;
            }
            return number(normalise(dimension, None), values);
        };
        if dimension.domain == Domain::Any {
            return number(normalise(dimension, raw), values);
        }
        let seen = self.raw.intern(text) as usize;
        if seen == self.normalised.len() {
            self.normalised
                .push(number(normalise(dimension, raw), values));
        }
        self.normalised[seen]
    }
}

/// What a request carries for a dimension, and whether the trace says so even if it is nothing.
fn carried<'r>(carrier: &Carrier, request: &'r Request) -> (Option<&'r str>, bool) {
    let find = |list: &'r [(String, String)], name: &str| {
        let found = list.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    match carrier {
        Carrier::User(field) if field == "id" => (request.user.as_deref(), request.user_known),
        Carrier::User(field) => {
            let is_it = |name: &str| {
                name == field || name.strip_prefix("user.").is_some_and(|name| name == field)
            };
            let found = request.attrs.iter().find(|(name, _)| is_it(name));
            // Nobody has no properties.
            let is_nobody = request.user_known && request.user.is_none();
            (found.map(|(_, value)| value.as_str()), is_nobody)
        }
        Carrier::Header(name) if name == "host" => {
            let found = find(&request.headers, name);
            let host = (!request.host.is_empty()).then_some(request.host.as_str());
            (found.or(host), request.headers_known)
        }
        Carrier::Header(name) => (find(&request.headers, name), request.headers_known),
        Carrier::Cookie(name) => (find(&request.cookies, name), request.cookies_known),
        Carrier::Attr(name) => (find(&request.attrs, name), false),
        Carrier::Query(_) => (None, true),
    }
}
