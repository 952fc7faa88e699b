//! How a response is made: by the levels inside, and by the service behind them.

use crate::cache::Cache;
use crate::context;
use crate::http::body::{self, Body, BodyError, Read};
use crate::http::invalidate::url_tag;
use crate::http::outgoing;
use crate::http::service::{Exchange, Shared, ask};
use crate::http::stored::{Answer, Fetched, Made, Stored, respond};
use crate::level::Key;
use crate::load::{About, Load};
use bytes::Bytes;
use cachepolicy_core::level::{Level, SaidLife};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_http::{Said, Selected, Validators, kept_fields, refreshed, strip_hop_by_hop};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A copy can be asked about for so long after its life.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// An answer that is on its way.
pub(crate) type Sent = Pin<Box<dyn Future<Output = Result<Response<Body>, BodyError>> + Send>>;

/// What is behind the layer.
pub(crate) trait Behind: Clone + Send + Sync + 'static {
    /// Sends it a request.
    fn send(&mut self, request: Request<Body>) -> Sent;
}

/// A tower service. It is cloned for each request, so that it need not be ready for two.
pub(crate) struct Tower<S>(pub(crate) Mutex<S>);

impl<S: Clone> Clone for Tower<S> {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.0.lock().clone()))
    }
}

impl<S, R> Behind for Tower<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BodyError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BodyError>,
{
    fn send(&mut self, request: Request<Body>) -> Sent {
        Box::pin(Sending {
            service: self.0.lock().clone(),
            request: Some(request),
            future: None,
        })
    }
}

/// Waits until a service is ready, and then for its answer.
struct Sending<S: Service<Request<Body>>> {
    service: S,
    request: Option<Request<Body>>,
    future: Option<Pin<Box<S::Future>>>,
}

// The future has a box of its own.
impl<S: Service<Request<Body>>> Unpin for Sending<S> {}

impl<S, R> Future for Sending<S>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BodyError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BodyError>,
{
    type Output = Result<Response<Body>, BodyError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.request.is_some() {
            match this.service.poll_ready(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Ready(Ok(())) => {}
            }
        }
        if let Some(request) = this.request.take() {
            this.future = Some(Box::pin(this.service.call(request)));
        }
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let answer = future.as_mut().poll(context);
        answer.map(|answer| match answer {
            Ok(response) => Ok(response.map(body::passing)),
            Err(error) => Err(error.into()),
        })
    }
}

/// The fill of a level with a route.
pub(crate) struct Fetch<B> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) behind: B,
    pub(crate) exchange: Arc<Exchange>,
    /// Which of the levels that answer.
    pub(crate) at: usize,
    pub(crate) key: Key,
    /// The key without what tells variants apart that the policy does not know.
    pub(crate) plain: String,
}

/// It failed: what there is to answer with all the same.
pub(crate) struct Failed(pub(crate) Response<Body>);

impl<B: Behind> Load for Fetch<B> {
    type Value = Made;
    type Error = Failed;

    async fn load(mut self) -> Result<Option<Made>, Failed> {
        let made = if self.at + 1 < self.exchange.levels.len() {
            let behind = self.behind.clone();
            let answered = ask(&self.shared, behind, &self.exchange, self.at + 1).await;
            match answered.stored {
                Some(stored) if !answered.is_error => self.made(stored),
                _ if answered.is_error => return Err(Failed(answered.response)),
                _ => Made::passing(answered.response),
            }
        } else {
            self.ask_behind().await?
        };
        Ok(Some(made))
    }

    fn about(made: &Made) -> About {
        made.about.clone()
    }
}

impl<B: Behind> Fetch<B> {
    fn cache(&self) -> &Cache {
        &self.key.cache
    }

    fn level(&self) -> Option<&Level> {
        let levels = &self.cache().inner.policy.levels;
        levels.get(self.key.name.level.index())
    }

    fn now(&self) -> Time {
        self.cache().inner.clock.now()
    }

    /// The request, as it is made for everybody.
    fn request(&self) -> Request<Body> {
        outgoing::request(self.cache(), &self.exchange, self.level())
    }

    async fn ask_behind(&mut self) -> Result<Made, Failed> {
        let earlier = self.earlier();
        let validators = earlier.as_ref().and_then(|it| Validators::of(&it.headers));
        let mut request = self.request();
        if let Some(validators) = &validators {
            validators.ask(request.headers_mut());
        }
        let (mut response, mut sent) = self.send(request).await?;
        let had_copy = context::earlier().is_some();
        let fetched = |status| Some(Fetched { had_copy, status });
        if response.status() == StatusCode::NOT_MODIFIED
            && let (Some(earlier), Some(validators)) = (&earlier, &validators)
        {
            if validators.are_of(response.headers()) {
                let made = self.hold_still(earlier, response.headers(), sent);
                let fetched = fetched(StatusCode::NOT_MODIFIED);
                return Ok(Made { fetched, ..made });
            }
            // It speaks of another response than the one that is here.
            let request = self.request();
            (response, sent) = self.send(request).await?;
        }
        let fetched = fetched(response.status());
        let made = self.take(response, sent).await?;
        Ok(Made { fetched, ..made })
    }

    async fn send(&mut self, request: Request<Body>) -> Result<(Response<Body>, Time), Failed> {
        let sent = self.now();
        match self.behind.send(request).await {
            Ok(mut response) => {
                strip_hop_by_hop(response.headers_mut());
                Ok((response, sent))
            }
            Err(_) => Err(Failed(no_answer())),
        }
    }

    /// What is kept of an earlier response for this key, as long as it can be found.
    fn earlier(&self) -> Option<Arc<Stored>> {
        if self.exchange.parts.method == Method::HEAD {
            return None;
        }
        let made = context::earlier()?.value.clone()?.downcast::<Made>().ok()?;
        match &made.answer {
            Answer::Whole(stored) if stored.selected.matches(&self.exchange.parts.headers) => {
                Some(Arc::clone(stored))
            }
            _ => None,
        }
    }

    /// The origin says that the earlier response holds still.
    fn hold_still(&self, earlier: &Stored, answer: &HeaderMap, sent: Time) -> Made {
        let headers = refreshed(&earlier.headers, answer);
        let said = self.said(earlier.status, &headers, sent);
        self.keep(earlier.status, headers, earlier.body.clone(), &said)
    }

    fn said(&self, status: StatusCode, headers: &HeaderMap, sent: Time) -> Said {
        let now = self.now();
        let parts = &self.exchange.parts;
        let whole = |nanos: i64| u64::try_from(nanos / 1_000_000_000).unwrap_or(0);
        let times = (whole(now.nanos()), whole(now.since(sent).nanos()));
        Said::of((&parts.method, &parts.headers), (status, headers), times)
    }

    async fn take(&self, response: Response<Body>, sent: Time) -> Result<Made, Failed> {
        let (parts, stream) = response.into_parts();
        let said = self.said(parts.status, &parts.headers, sent);
        let is_listed = self
            .level()
            .is_some_and(|level| level.status.contains(&parts.status.as_u16()));
        if parts.status.is_server_error() && !is_listed {
            return Err(Failed(Response::from_parts(parts, stream)));
        }
        let is_head = self.exchange.parts.method == Method::HEAD;
        if said.not_kept.is_some() || is_head || !(is_listed || is_absence(parts.status)) {
            return Ok(Made::passing(Response::from_parts(parts, stream)));
        }
        match body::read(stream, self.shared.options.body_max).await {
            Ok(Read::Whole(body)) => {
                Ok(self.keep(parts.status, kept_fields(&parts.headers), body, &said))
            }
            Ok(Read::Passing(body)) => Ok(Made::passing(Response::from_parts(parts, body))),
            Err(_) => Err(Failed(no_answer())),
        }
    }

    fn keep(&self, status: StatusCode, headers: HeaderMap, body: Bytes, said: &Said) -> Made {
        let Some(selected) = Selected::of(&headers, &self.exchange.parts.headers) else {
            return Made::passing(respond(status, headers, body));
        };
        self.made(Arc::new(Stored {
            status,
            headers,
            body,
            selected,
            came: self.now(),
            age: said.age,
            fresh_for: said.fresh_for(),
            never_stale: said.must_revalidate,
            while_revalidate: said.stale_while_revalidate,
            if_error: said.stale_if_error,
        }))
    }

    /// What this level makes of a whole response.
    fn made(&self, stored: Arc<Stored>) -> Made {
        let request = &self.exchange.parts.headers;
        let level = self.key.name.level;
        let mut variant = String::new();
        let mut signpost = None;
        if let Some(state) = self.cache().inner.state(level) {
            let names = stored.selected.names();
            let learned = state.variants.learn(&self.plain, names, request);
            variant = learned.0;
            let is_shared = state.tiers.shared().is_some();
            signpost = Made::signpost(&learned.1).filter(|_| is_shared);
        }
        let seconds = |seconds: u64| {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            Duration::from_nanos(seconds.saturating_mul(1_000_000_000))
        };
        let left = stored.fresh_for.map(|fresh| {
            let since = self.now().since(stored.came);
            Duration::from_nanos(seconds(fresh).nanos().saturating_sub(since.nanos()).max(0))
        });
        let has_validators = Validators::of(&stored.headers).is_some();
        let about = About {
            said: SaidLife {
                ttl: left,
                stale_while_revalidate: stored.while_revalidate.map(seconds),
                stale_if_error: stored.if_error.map(seconds),
                never_stale: stored.never_stale,
            },
            is_absence: is_absence(stored.status),
            is_for_one: false,
            variant: (variant != self.key.variant).then_some(variant),
            signpost: signpost.map(|it| Arc::new(it) as _),
            tags: vec![url_tag(
                self.cache(),
                &self.exchange.host,
                self.exchange.target(),
            )],
            grace: if has_validators {
                GRACE
            } else {
                Duration::ZERO
            },
        };
        Made {
            answer: Answer::Whole(stored),
            about,
            fetched: None,
        }
    }
}

/// "There is none": what `negative ttl` is for.
fn is_absence(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// The service behind gave no answer.
pub(crate) fn no_answer() -> Response<Body> {
    let text = Bytes::from_static(b"The service gave no answer.\n");
    respond(StatusCode::BAD_GATEWAY, HeaderMap::new(), text)
}
