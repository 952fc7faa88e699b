//! The layer, and the walk of a request through the levels that answer it.

use crate::cache::Cache;
use crate::context::{self, Context as Surroundings};
use crate::counters::Count;
use crate::entry::Name;
use crate::http::answer::{Facts, How, tell};
use crate::http::body::{self, Body, BodyError};
use crate::http::fetch::{Behind, Failed, Fetch, Tower, no_answer};
use crate::http::follow::told;
use crate::http::invalidate::{host, invalidate, is_unsafe, name_one_host, target};
use crate::http::options::HttpOptions;
use crate::http::stored::{Answer, Made, Stored};
use crate::level::{Failure, Key, Outcome, Served};
use crate::request::Request as Carried;
use bytes::Bytes;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::router::Router;
use cachepolicy_core::url::{decode, split_target};
use cachepolicy_http::strip_hop_by_hop;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A tower layer: see [`Cache::http`].
#[derive(Debug, Clone)]
pub struct HttpLayer {
    shared: Arc<Shared>,
}

/// A service behind the policy's levels.
#[derive(Debug, Clone)]
pub struct HttpService<S> {
    shared: Arc<Shared>,
    inner: S,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) cache: Cache,
    pub(crate) router: Router,
    pub(crate) options: HttpOptions,
}

/// A request on its way through the levels.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) parts: Parts,
    pub(crate) host: String,
    pub(crate) carried: Carried,
    /// The levels that answer and are stored, the outermost first, with their parameters.
    pub(crate) levels: Vec<Name>,
}

impl Exchange {
    /// The path and the query.
    pub(crate) fn target(&self) -> &str {
        target(&self.parts.uri)
    }
}

/// An answer, and where it comes from.
pub(crate) struct Answered {
    pub(crate) response: Response<Body>,
    /// The response as it is kept, if it is.
    pub(crate) stored: Option<Arc<Stored>>,
    pub(crate) is_error: bool,
    pub(crate) how: How,
    pub(crate) facts: Facts,
}

impl Cache {
    /// The policy's sites and views, as a layer before a service: an axum router, a hyper service, or
    /// a proxy's client. `None`: [`crate::Builder::http`] was not said.
    #[must_use]
    pub fn http(&self) -> Option<HttpLayer> {
        let options = self.inner.http.clone()?;
        Some(HttpLayer {
            shared: Arc::new(Shared {
                router: Router::new(&self.inner.policy),
                cache: self.clone(),
                options,
            }),
        })
    }
}

impl<S> Layer<S> for HttpLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> HttpService<S> {
        HttpService {
            shared: Arc::clone(&self.shared),
            inner,
        }
    }
}

impl<S, B, R> Service<Request<B>> for HttpService<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BodyError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BodyError>,
{
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // A copy needs nobody behind; who is asked is waited for then.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let behind = Tower(Mutex::new(self.inner.clone()));
        Box::pin(async move { Ok(serve(shared, behind, request.map(body::passing)).await) })
    }
}

async fn serve<B: Behind>(
    shared: Arc<Shared>,
    mut behind: B,
    request: Request<Body>,
) -> Response<Body> {
    let (mut parts, content) = request.into_parts();
    strip_hop_by_hop(&mut parts.headers);
    if !name_one_host(&mut parts) {
        return ambiguous();
    }
    let host = host(&parts.uri, &parts.headers);
    let is_read = parts.method == Method::GET || parts.method == Method::HEAD;
    let has_content = http_body::Body::size_hint(&content).upper() != Some(0);
    let levels = if is_read && !has_content {
        shared.levels(&parts)
    } else {
        Vec::new()
    };
    let surroundings = shared.surroundings(&parts, &host, levels.last().map(|name| name.level));
    if levels.is_empty() {
        let how = match (is_read, has_content) {
            (false, _) => How::Method,
            (true, true) => How::Content,
            (true, false) => How::NoLevel,
        };
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        let trail = surroundings.trail.clone();
        let request = Request::from_parts(parts, content);
        let mut response = context::within(surroundings, forward(&mut behind, request)).await;
        trail.answered(told(&response, None, how));
        if is_unsafe(&method) {
            let head = (response.status(), response.headers());
            invalidate(&shared.cache, (&host, &uri), head).await;
        }
        let how = (how, Facts::default());
        tell(&mut response, &shared.options.name, None, how);
        return response;
    }
    let level = levels.first().map(|name| name.level);
    let level = level.and_then(|level| shared.cache.inner.policy.levels.get(level.index()));
    let level = level.map(|level| level.name.clone());
    let trail = surroundings.trail.clone();
    let at_hand = match (levels.first(), &surroundings.request) {
        (Some(name), Some(request)) => shared.at_hand(&parts, name, request),
        _ => None,
    };
    let mut answered = match at_hand {
        Some(answered) => answered,
        None => {
            let asked = (parts, host, levels);
            walk(&shared, behind, asked, surroundings).await
        }
    };
    trail.answered(told(
        &answered.response,
        answered.stored.as_deref(),
        answered.how,
    ));
    let how = (answered.how, answered.facts);
    let name = &shared.options.name;
    tell(&mut answered.response, name, level.as_deref(), how);
    answered.response
}

/// Through all levels that answer.
async fn walk<B: Behind>(
    shared: &Arc<Shared>,
    behind: B,
    (parts, host, levels): (Parts, String, Vec<Name>),
    surroundings: Surroundings,
) -> Answered {
    let exchange = Arc::new(Exchange {
        carried: surroundings
            .request
            .clone()
            .unwrap_or_else(|| shared.carried(&parts, &host)),
        host,
        levels,
        parts,
    });
    let asking = ask(shared, behind, &exchange, 0);
    context::within(surroundings, asking).await
}

async fn forward<B: Behind>(behind: &mut B, request: Request<Body>) -> Response<Body> {
    match behind.send(request).await {
        Ok(mut response) => {
            strip_hop_by_hop(response.headers_mut());
            response
        }
        Err(_) => no_answer(),
    }
}

/// Asks one of the levels that answer a request, and all that are inside.
pub(crate) fn ask<B: Behind>(
    shared: &Arc<Shared>,
    behind: B,
    exchange: &Arc<Exchange>,
    at: usize,
) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
    let (shared, exchange) = (Arc::clone(shared), Arc::clone(exchange));
    // A fill asks the levels inside: without a box the future would contain itself.
    Box::pin(async move { ask_level(&shared, behind, &exchange, at).await })
}

async fn ask_level<B: Behind>(
    shared: &Arc<Shared>,
    mut behind: B,
    exchange: &Arc<Exchange>,
    at: usize,
) -> Answered {
    let Some(name) = exchange.levels.get(at) else {
        let response = forward(&mut behind, shared.again(exchange)).await;
        return Answered::of(response, How::NoLevel);
    };
    let request = &exchange.parts.headers;
    let key = Key::new(shared.cache.clone(), name.clone());
    let mut key = key.for_request(exchange.carried.clone());
    let plain = key.text(Some(&exchange.carried));
    let state = shared.cache.inner.state(name.level);
    let variants = state.map(|state| &state.variants);
    key.variant = variants.map_or_else(String::new, |it| it.of(&plain, request));
    let fetch = |key: &Key| Fetch {
        shared: Arc::clone(shared),
        behind: behind.clone(),
        exchange: Arc::clone(exchange),
        at,
        key: key.clone(),
        plain: plain.clone(),
    };
    let mut served = key.clone().get_or_load(fetch(&key)).await;
    if let (Some((outcome, names)), Some(variants)) = (signpost(&served), variants) {
        let names = names.iter().map(String::as_str);
        let (variant, _) = variants.learn(&plain, names, request);
        if variant != key.variant {
            shared.take_back(name.level, outcome);
            key.variant = variant;
            let fetch = fetch(&key);
            served = key.get_or_load(fetch).await;
        }
    }
    match served {
        Ok(served) => answer(shared, behind, exchange, served).await,
        Err(Failure::Work(Failed(response))) => Answered {
            is_error: true,
            ..Answered::of(response, How::Failed)
        },
        Err(Failure::WorkOfOther | Failure::BrokenOff | Failure::BackendDown) => Answered {
            is_error: true,
            ..Answered::of(unavailable(), How::Failed)
        },
        // Neither can be: the types and the parameters are the layer's own.
        Err(Failure::Type | Failure::Parameters { .. }) => {
            let response = forward(&mut behind, shared.again(exchange)).await;
            Answered::of(response, How::NoLevel)
        }
    }
}

async fn answer<B: Behind>(
    shared: &Shared,
    mut behind: B,
    exchange: &Exchange,
    served: Served<Made>,
) -> Answered {
    let how = How::Level(served.outcome);
    let Some(made) = served.value else {
        let response = forward(&mut behind, shared.again(exchange)).await;
        return Answered::of(response, how);
    };
    let parts = &exchange.parts;
    let now = shared.cache.inner.clock.now();
    let facts = Facts::of(served.fresh_until, now, made.fetched);
    match &made.answer {
        Answer::Whole(stored) if stored.selected.matches(&parts.headers) => Answered {
            response: stored.answer(&parts.method, &parts.headers, now),
            stored: Some(Arc::clone(stored)),
            is_error: false,
            how,
            facts,
        },
        Answer::Whole(_) | Answer::Varies(_) => {
            let response = forward(&mut behind, shared.again(exchange)).await;
            Answered::of(response, How::OtherVariant)
        }
        Answer::Passing(_) => match made.take() {
            Some(response) => Answered {
                facts,
                ..Answered::of(response, how)
            },
            None => {
                let response = forward(&mut behind, shared.again(exchange)).await;
                Answered::of(response, how)
            }
        },
    }
}

/// Which fields tell variants apart, where that is all that a look-up found.
fn signpost(served: &Result<Served<Made>, Failure<Failed>>) -> Option<(Outcome, Vec<String>)> {
    let served = served.as_ref().ok()?;
    match &served.value.as_ref()?.answer {
        Answer::Varies(names) => Some((served.outcome, names.clone())),
        Answer::Whole(_) | Answer::Passing(_) => None,
    }
}

/// A request of which it cannot be said for which host it is.
fn ambiguous() -> Response<Body> {
    let text = Bytes::from_static(b"A request names one host.\n");
    let mut response = Response::new(body::whole(text));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn unavailable() -> Response<Body> {
    let mut response = Response::new(body::whole(Bytes::from_static(
        b"What this page is made of is not available.\n",
    )));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

impl Answered {
    fn of(response: Response<Body>, how: How) -> Self {
        Self {
            response,
            stored: None,
            is_error: false,
            how,
            facts: Facts::default(),
        }
    }
}

impl Shared {
    /// The levels that answer and are stored, the outermost first.
    fn levels(&self, parts: &Parts) -> Vec<Name> {
        let (path, _) = split_target(target(&parts.uri));
        let mut routed = self.router.route(parts.method.as_str(), path);
        if routed.outermost().is_none() && parts.method == Method::HEAD {
            routed = self.router.route("GET", path);
        }
        let levels = routed.sites().iter().copied().chain(routed.view);
        let stored = levels.filter(|level| self.is_stored(*level));
        stored.map(|level| self.name(level, path)).collect()
    }

    fn is_stored(&self, level: LevelId) -> bool {
        let levels = &self.cache.inner.policy.levels;
        levels.get(level.index()).is_some_and(|it| it.is_stored())
    }

    fn name(&self, level: LevelId, path: &str) -> Name {
        let mut captures = cachepolicy_core::route::Captures::new();
        self.router.captures(level, path, &mut captures);
        let declared = self.cache.inner.policy.levels.get(level.index());
        let count = declared.map_or(0, |level| level.params.len());
        let value = |param| captures.get(param as u16).map(|raw| decode(raw).into());
        let params = (0..count).map(value);
        Name {
            level,
            params: params.collect(),
        }
    }

    /// A look-up found where to look, and that only.
    fn take_back(&self, level: LevelId, outcome: Outcome) {
        let Some(state) = self.cache.inner.state(level) else {
            return;
        };
        match outcome {
            Outcome::Hit(hit) => state.counting.take_back(Count::Hit(hit)),
            Outcome::Waited => {
                state.counting.take_back(Count::Miss);
                state.counting.take_back(Count::Waited);
            }
            Outcome::StaleOnError | Outcome::Filled { .. } => {
                state.counting.take_back(Count::Miss);
            }
            Outcome::Bypass(_) => state.counting.take_back(Count::Bypass),
        }
    }

    /// What the policy asks of the request.
    pub(crate) fn carried(&self, parts: &Parts, host: &str) -> Carried {
        let mut builder = self.cache.request().method(parts.method.as_str());
        builder = builder.target(target(&parts.uri)).host(host);
        for dimension in &self.cache.inner.policy.dimensions {
            // Lines of one field are one list; those of cookies have a separator of their own.
            let (name, separator) = match &dimension.carrier {
                Carrier::Header(name) => (name.as_str(), ", "),
                Carrier::Cookie(_) => ("cookie", "; "),
                Carrier::Query(_) | Carrier::User(_) | Carrier::Attr(_) => continue,
            };
            let lines = parts.headers.get_all(name).iter();
            let texts: Vec<_> = lines.map(cachepolicy_http::text).collect();
            if parts.headers.contains_key(name) {
                builder = builder.header(name, &texts.join(separator));
            }
        }
        if let Some(identify) = &self.options.identify {
            builder = identify(parts, builder);
        }
        builder.build()
    }

    /// The request once more, for whoever needs an answer of its own.
    fn again(&self, exchange: &Exchange) -> Request<Body> {
        Request::from_parts(exchange.parts.clone(), body::whole(Bytes::new()))
    }
}
