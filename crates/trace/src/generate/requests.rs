//! Streams of requests.

use super::pages::{Found, Pages};
use crate::event::{Event, Request};
use crate::popularity::Sampler;
use crate::random::Stream;
use cachepolicy_core::policy::{Carrier, Policy};
use cachepolicy_core::route::Segment;
use cachepolicy_core::sorting;
use cachepolicy_core::units::Time;
use cachepolicy_core::workload::{RouteDraw, Workload};
use std::sync::Arc;

/// What one stream of requests asks for.
#[derive(Debug)]
pub(super) struct Requests {
    /// Each with the sum of the weights up to it.
    routes: Vec<(f64, Route)>,
    pick: Stream,
    dimensions: Vec<Dimension>,
    known: Known,
    pages: Arc<Pages>,
    found: Found,
}

/// Which routes a stream asks for.
pub(super) enum Asks<'a> {
    /// These, by their weights.
    Routes(&'a [RouteDraw]),
    /// One path, as it is.
    Path { method: &'a str, path: &'a str },
}

impl Requests {
    /// `name` tells its random streams from those of others.
    pub(super) fn new(
        policy: &Policy,
        workload: &Workload,
        pages: &Arc<Pages>,
        asks: &Asks<'_>,
        seed: u64,
        name: &str,
    ) -> Self {
        let dimensions = Dimension::all(policy, workload, seed, name);
        Self {
            routes: match asks {
                Asks::Routes(draws) => {
                    let mut sum = 0.0;
                    let weighted = draws.iter().map(|draw| {
                        sum += if draw.weight.is_finite() {
                            draw.weight.max(0.0)
                        } else {
                            0.0
                        };
                        (sum, Route::of(draw, seed, name))
                    });
                    weighted.collect()
                }
                Asks::Path { method, path } => vec![(1.0, Route::literal(method, path))],
            },
            pick: Stream::new(seed, &["route", name]),
            known: Known::of(&dimensions),
            dimensions,
            pages: Arc::clone(pages),
            found: Found::default(),
        }
    }

    /// The next request.
    pub(super) fn fill(&mut self, at: Time, event: &mut Event) {
        let request = event.make_request();
        request.at = at;
        let total = self.routes.last().map_or(0.0, |(sum, _)| *sum);
        let draw = self.pick.unit() * total;
        let index = self.routes.partition_point(|(sum, _)| *sum <= draw);
        let index = index.min(self.routes.len().saturating_sub(1));
        if let Some((_, route)) = self.routes.get_mut(index) {
            request.method.push_str(&route.method);
            route.push_path(&mut request.path);
        }
        request.user_known = self.known.user;
        request.headers_known = self.known.headers;
        request.cookies_known = self.known.cookies;
        // A dimension that follows from another one comes after it.
        for index in 0..self.dimensions.len() {
            let base = self
                .dimensions
                .get(index)
                .and_then(|dimension| dimension.by);
            let base = base.map(|base| {
                let base = self.dimensions.get(base);
                base.map_or_else(String::new, |base| base.value.clone().unwrap_or_default())
            });
            if let Some(dimension) = self.dimensions.get_mut(index) {
                dimension.draw(base.as_deref());
                dimension.put(request);
            }
        }
        self.found.add(&self.pages, request);
    }
}

/// A route whose holes are drawn.
#[derive(Debug)]
struct Route {
    method: String,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Hole {
        sampler: Sampler,
        stream: Stream,
        /// Slashes in its value are part of the path.
        rest: bool,
    },
}

impl Route {
    fn literal(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            pieces: vec![Piece::Text(path.to_owned())],
        }
    }

    fn of(draw: &RouteDraw, seed: u64, name: &str) -> Self {
        let mut pieces = Vec::new();
        let hole = |param: Option<u16>, rest: bool| {
            let (hole, popularity) = draw.params.get(usize::from(param?))?;
            let route = format!("{} {}", draw.method, draw.pattern.text);
            Some(Piece::Hole {
                sampler: Sampler::new(popularity),
                stream: Stream::new(seed, &["parameter", name, &route, hole]),
                rest,
            })
        };
        let text = |text: &str| {
            let mut encoded = String::new();
            encode(text, true, &mut encoded);
            Piece::Text(encoded)
        };
        for segment in &draw.pattern.segments {
            pieces.push(Piece::Text("/".to_owned()));
            match segment {
                Segment::Text(plain) => pieces.push(text(plain)),
                Segment::Hole {
                    before,
                    param,
                    behind,
                    ..
                } => {
                    pieces.push(text(before));
                    pieces.push(hole(*param, false).unwrap_or_else(|| text("1")));
                    pieces.push(text(behind));
                }
                Segment::Rest { param } => pieces.extend(hole(*param, true)),
            }
        }
        Self {
            method: draw.method.clone(),
            pieces,
        }
    }

    fn push_path(&mut self, path: &mut String) {
        for piece in &mut self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Hole {
                    sampler,
                    stream,
                    rest,
                } => encode(&sampler.draw(stream).to_string(), *rest, path),
            }
        }
        if path.is_empty() {
            path.push('/');
        }
    }
}

/// Percent-encodes what a piece of a path may not hold (RFC 3986, 3.3).
fn encode(text: &str, slashes: bool, out: &mut String) {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=:@".contains(&byte)
            || (slashes && byte == b'/');
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A dimension that the workload draws.
#[derive(Debug)]
struct Dimension {
    name: String,
    carrier: Carrier,
    share: f64,
    sampler: Sampler,
    stream: Stream,
    seed: u64,
    /// It follows from that one: an index among the drawn ones.
    by: Option<usize>,
    value: Option<String>,
}

impl Dimension {
    fn all(policy: &Policy, workload: &Workload, seed: u64, stream: &str) -> Vec<Self> {
        let mut draws: Vec<_> = workload
            .dimensions
            .iter()
            .filter_map(|draw| Some((draw, policy.dimensions.get(draw.dimension.index())?)))
            .collect();
        // What others follow from comes first; what follows from that does not go on further.
        sorting::by_key(&mut draws, |(_, dimension)| dimension.by.is_some());
        let position = |id| draws.iter().position(|(draw, _)| draw.dimension == id);
        let dimensions = draws
            .iter()
            .enumerate()
            .map(|(index, (draw, dimension))| Self {
                name: dimension.name.clone(),
                carrier: dimension.carrier.clone(),
                share: draw.share,
                sampler: Sampler::new(&draw.value),
                stream: Stream::new(seed, &["dimension", stream, &dimension.name]),
                seed,
                by: dimension.by.and_then(position).filter(|base| *base < index),
                value: None,
            });
        dimensions.collect()
    }

    /// `base`: the value of what it follows from; empty where that is absent, and then this is too.
    fn draw(&mut self, base: Option<&str>) {
        let mut followed;
        let stream = match base {
            None => &mut self.stream,
            Some("") => {
                self.value = None;
                return;
            }
            Some(base) => {
                followed = Stream::new(self.seed, &["dimension", &self.name, base]);
                &mut followed
            }
        };
        let there = stream.unit() < self.share;
        let value = self.sampler.draw(stream);
        self.value = there.then(|| value.to_string());
    }

    fn put(&self, request: &mut Request) {
        let Some(value) = &self.value else {
            return;
        };
        let pair = |name: &str| (name.to_owned(), value.clone());
        match &self.carrier {
            Carrier::User(field) if field == "id" => request.user = Some(value.clone()),
            Carrier::User(field) => request.attrs.push(pair(&format!("user.{field}"))),
            Carrier::Header(name) => request.headers.push(pair(name)),
            Carrier::Cookie(name) => request.cookies.push(pair(name)),
            Carrier::Attr(name) => request.attrs.push(pair(name)),
            Carrier::Query(name) => {
                let separator = if request.path.contains('?') { '&' } else { '?' };
                request.path.push(separator);
                encode_query(name, &mut request.path);
                request.path.push('=');
                encode_query(value, &mut request.path);
            }
        }
    }
}

/// In a query `&`, `=` and `+` have a meaning of their own.
fn encode_query(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// What the trace knows of every request: a kind of carrier of which the workload draws anything.
#[derive(Debug, Clone, Copy)]
struct Known {
    user: bool,
    headers: bool,
    cookies: bool,
}

impl Known {
    fn of(dimensions: &[Dimension]) -> Self {
        let any = |is: fn(&Carrier) -> bool| dimensions.iter().any(|d| is(&d.carrier));
        Self {
            user: any(|carrier| matches!(carrier, Carrier::User(field) if field == "id")),
            headers: any(|carrier| matches!(carrier, Carrier::Header(_))),
            cookies: any(|carrier| matches!(carrier, Carrier::Cookie(_))),
        }
    }
}
