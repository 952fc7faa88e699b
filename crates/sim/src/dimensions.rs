//! Request dimensions: the trace's values, else the workload's distribution, else none.

use crate::carried::{Found, carried_value, is_property, is_user};
use crate::depends::{Dims, bit};
use crate::intern::{NONE, Texts};
use crate::metrics::{Known, Metrics};
use crate::paths::OUTSIDE;
use crate::random::Stream;
use crate::settled::{Carries, Settled};
use crate::skip::Skips;
use crate::tables::{Tables, is_from_path, is_host};
use crate::variants::Digits;
use cachepolicy_core::graph::determiners;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::policy::{Dimension, Domain};
use cachepolicy_core::sorting;
use cachepolicy_core::vary::{Normalised, normalise};
use cachepolicy_trace::block::News;
use cachepolicy_trace::popularity::{Drawn, Sampler};

/// What is needed to read dimensions.
#[derive(Debug)]
pub(crate) struct Dimensions {
    each: Vec<Reader>,
    /// What the requests of the block carry: a cell for each dimension, request data by request data.
    carried: Vec<Cell>,
    /// The same of requests without a user, and where each value comes from; …
    anonymous: Vec<u32>,
    known: Vec<Known>,
    /// … by request data, what follows from it where all of that is settled, …
    settled: Vec<Option<Settled>>,
    /// … and how many requests had it that are not among the figures yet.
    times: Vec<u64>,
    /// In which order they are read: what others follow from comes first.
    order: Vec<usize>,
    seed: u64,
}

/// What is known of one dimension of what a request carries.
#[derive(Debug, Clone, Copy)]
enum Cell {
    /// This is its value in every request that carries the same, and where it comes from.
    Settled { value: u32, known: Known },
    /// It has what the target says.
    Target,
    /// Its value, and the value before it was normalised, where others follow from it.
    Value { value: u32, base: u32 },
    /// It has none; whether the trace would say so.
    Nothing { known: bool },
    /// It is the user, or the host; whether the trace would say so if there were none.
    Elsewhere { known: bool },
}

/// Where a request's dimensions are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carrying {
    /// The number in the block of what it carries.
    pub(crate) carried: u32,
    /// Its user; [`NONE`]: none.
    pub(crate) user: u32,
    /// The number of its host's text; [`NONE`]: none.
    pub(crate) host: u32,
}

#[derive(Debug)]
struct Reader {
    /// Of the user's id: by user, the value and the text before it was normalised.
    users: Vec<(u32, u32)>,
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
                users: Vec::new(),
                raw: Texts::default(),
                normalised: Vec::new(),
                draw: draw_of(index).map(|draw| (draw.share, Sampler::new(&draw.value))),
                stream: Stream::new(seed, &["dimension", &dimension.name]),
                is_base: dimensions.iter().enumerate().any(follows),
                base: Base::Unknown,
            }
        });
        let mut order: Vec<usize> = (0..dimensions.len()).collect();
        sorting::by_key(&mut order, |&index| {
            determiners(&t.policy, DimensionId(index as u16)).count()
        });
        Self {
            each: each.collect(),
            carried: Vec::new(),
            anonymous: Vec::new(),
            known: Vec::new(),
            settled: Vec::new(),
            times: Vec::new(),
            order,
            seed,
        }
    }

    /// Learns what the requests of a block carry, and users that are new in it.
    pub(crate) fn learn(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        digits: &mut Digits,
        skips: &Skips,
        news: &News,
    ) {
        self.carried.clear();
        self.anonymous.clear();
        self.known.clear();
        self.settled.clear();
        self.times.clear();
        for carried in &news.carried {
            let (mut all_settled, mut outside) = (true, 0);
            let first = self.anonymous.len();
            for (index, dimension) in t.policy.dimensions.iter().enumerate() {
                let found = carried_value(&dimension.carrier, carried);
                let reader = &mut self.each[index];
                let is_settled = !reader.is_base;
                let is_drawn = reader.draw.is_some();
                let mut settled = |raw, known| Cell::Settled {
                    value: reader.normalise(dimension, raw, values),
                    known,
                };
                let cell = match found {
                    _ if is_from_path(&dimension.carrier) => Cell::Target,
                    Found::Value(raw) if is_settled => settled(Some(raw), Known::Observed),
                    Found::Nothing { known: true } if is_settled => settled(None, Known::Observed),
                    Found::Nothing { known: false } if is_settled && !is_drawn => {
                        settled(None, Known::Defaulted)
                    }
                    Found::Value(raw) => Cell::Value {
                        value: reader.normalise(dimension, Some(raw), values),
                        base: values.intern(raw),
                    },
                    Found::Nothing { known } => Cell::Nothing { known },
                    Found::Elsewhere { known } => Cell::Elsewhere { known },
                };
                let anonymous = match cell {
                    Cell::Settled { value, known } => Some((value, known)),
                    // Nobody has no id and no properties.
                    Cell::Elsewhere { known }
                        if is_settled && (known || !is_drawn) && !is_host(&dimension.carrier) =>
                    {
                        let known = if known {
                            Known::Observed
                        } else {
                            Known::Defaulted
                        };
                        Some((reader.normalise(dimension, None, values), known))
                    }
                    _ => None,
                };
                all_settled &= anonymous.is_some();
                let (value, known) = anonymous.unwrap_or((NONE, Known::Defaulted));
                if value == OUTSIDE {
                    outside |= bit(DimensionId(index as u16));
                }
                self.anonymous
                    .push(if value == OUTSIDE { NONE } else { value });
                self.known.push(known);
                self.carried.push(cell);
            }
            let own = self.anonymous.get(first..).unwrap_or_default();
            self.settled.push(all_settled.then(|| Settled {
                outside,
                digits: digits.of(&t.places, own),
                conditions: skips.holding(&Carries {
                    values,
                    dims: own,
                    outside,
                }),
            }));
            self.times.push(0);
        }
        let users = t.policy.dimensions.iter().zip(&mut self.each);
        for (dimension, reader) in users.filter(|(dimension, _)| is_user(&dimension.carrier)) {
            for user in news.users.iter() {
                let value = reader.normalise(dimension, Some(user), values);
                reader.users.push((value, values.intern(user)));
            }
        }
    }

    /// What follows for a request that carries this, where nothing of it depends on who it is; `user`:
    /// [`NONE`] for nobody.
    #[inline]
    pub(crate) fn settled(&self, carried: u32, user: u32) -> Option<Settled> {
        if self.each.is_empty() {
            return Some(Settled::OF_NOTHING);
        }
        let settled = self.settled.get(carried as usize)?;
        settled.filter(|_| user == NONE)
    }

    /// Such a request came.
    #[inline]
    pub(crate) fn count_settled(&mut self, carried: u32) {
        if let Some(times) = self.times.get_mut(carried as usize) {
            *times += 1;
        }
    }

    /// Adds to the figures where the values of the requests come from that were counted.
    pub(crate) fn add_coverage(&mut self, metrics: &mut Metrics) {
        let all = self.known.chunks(self.each.len().max(1));
        for (times, known) in self.times.iter_mut().zip(all) {
            metrics.coverages(known, core::mem::take(times));
        }
    }

    /// Fills in the dimensions of a request of which nothing depends on who it is.
    #[inline]
    pub(crate) fn read_settled(
        &mut self,
        request: &Carrying,
        into: &mut Vec<u32>,
    ) -> Option<Settled> {
        let settled = self.settled(request.carried, request.user)?;
        let first = request.carried as usize * self.each.len();
        let own = self.anonymous.get(first..first + self.each.len());
        into.clear();
        into.extend_from_slice(own.unwrap_or_default());
        self.count_settled(request.carried);
        Some(settled)
    }

    /// Fills in all but the query dimensions; returns those that are outside their domain.
    pub(crate) fn read(
        &mut self,
        t: &Tables,
        values: &mut Texts,
        metrics: &mut Metrics,
        request: &Carrying,
        into: &mut [u32],
    ) -> Dims {
        let mut outside = 0;
        let first = request.carried as usize * self.each.len();
        for at in 0..self.order.len() {
            let index = self.order[at];
            let dimension = &t.policy.dimensions[index];
            let id = DimensionId(index as u16);
            let cell = self.carried.get(first + index).copied();
            let cell = cell.unwrap_or_else(|| match is_from_path(&dimension.carrier) {
                true => Cell::Target,
                false => Cell::Nothing { known: false },
            });
            if let Cell::Settled { value, known } = cell {
                metrics.coverage(id, known);
                outside |= put(id, value, into);
                continue;
            }
            let reader = &mut self.each[index];
            let (value, is_known) = match cell {
                Cell::Target => {
                    metrics.coverage(id, Known::Observed);
                    reader.base = Base::of(into[index]);
                    continue;
                }
                Cell::Settled { value, .. } => (Some(value), true),
                Cell::Value { value, base } => {
                    reader.base = Base::of(base);
                    (Some(value), true)
                }
                Cell::Nothing { known } => (None, known),
                Cell::Elsewhere { known } => {
                    let found = reader.elsewhere(dimension, request, values);
                    let is_nobody = request.user == NONE;
                    (
                        found,
                        known && (is_nobody || !is_property(&dimension.carrier)),
                    )
                }
            };
            let value = match value {
                Some(value) => {
                    metrics.coverage(id, Known::Observed);
                    value
                }
                None if is_known => {
                    metrics.coverage(id, Known::Observed);
                    reader.base = Base::Absent;
                    reader.normalise(dimension, None, values)
                }
                None if reader.draw.is_some() => {
                    metrics.coverage(id, Known::Sampled);
                    let base = dimension.by.map(|by| self.each[by.index()].base);
                    self.draw(dimension, index, base.unwrap_or(Base::Unknown), values)
                }
                None => {
                    metrics.coverage(id, Known::Defaulted);
                    reader.base = Base::Unknown;
                    reader.normalise(dimension, None, values)
                }
            };
            outside |= put(id, value, into);
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
    /// The value of a dimension that is the user or the host.
    fn elsewhere(
        &mut self,
        dimension: &Dimension,
        request: &Carrying,
        values: &mut Texts,
    ) -> Option<u32> {
        if is_user(&dimension.carrier) {
            let &(value, raw) = self.users.get(request.user as usize)?;
            self.base = Base::of(raw);
            return Some(value);
        }
        if !is_host(&dimension.carrier) || request.host == NONE {
            return None;
        }
        self.base = Base::of(request.host);
        let host = values.get(request.host).to_owned();
        Some(self.normalise(dimension, Some(&host), values))
    }

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

/// Fills a value in; its bit if it is outside its domain.
#[inline]
fn put(dimension: DimensionId, value: u32, into: &mut [u32]) -> Dims {
    let (value, outside) = match value {
        OUTSIDE => (NONE, bit(dimension)),
        value => (value, 0),
    };
    if let Some(into) = into.get_mut(dimension.index()) {
        *into = value;
    }
    outside
}
