//! A service behind the layer, for tests of whole responses.

use bytes::Bytes;
use cachepolicy_runtime::{Body, Cache, HttpOptions, HttpService, Redis};
use cachepolicy_tests::redis_server::Server;
use cachepolicy_tests::run::compile;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use tower_layer::Layer as _;
use tower_service::Service;

/// Fields of a message.
pub(crate) type Fields<'f> = &'f [(&'static str, &'f str)];

/// So many can be answered at a time.
const PLACES: u32 = 1 << 20;

type Answering = dyn Fn(&Request<Body>) -> Response<Full<Bytes>> + Send + Sync;

/// A service that remembers what it was asked, and answers when it may.
#[derive(Clone)]
pub(crate) struct Origin {
    asked: Arc<Mutex<Vec<HeaderMap>>>,
    answer: Arc<Answering>,
    gate: Arc<Semaphore>,
}

impl Origin {
    /// It answers with this.
    pub(crate) fn new<F>(answer: F) -> Self
    where
        F: Fn(&Request<Body>) -> Response<Full<Bytes>> + Send + Sync + 'static,
    {
        Self {
            asked: Arc::default(),
            answer: Arc::new(answer),
            gate: Arc::new(Semaphore::new(PLACES as usize)),
        }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// What it was asked last.
    pub(crate) fn last(&self) -> HeaderMap {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }

    /// Nobody gets an answer as long as this is held.
    pub(crate) async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.gate.acquire_many(PLACES).await.unwrap()
    }
}

impl Service<Request<Body>> for Origin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.asked.lock().unwrap().push(request.headers().clone());
        let response = (self.answer)(&request);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            drop(gate.acquire().await);
            Ok(response)
        })
    }
}

/// A response of this text.
pub(crate) fn page(text: &str, fields: Fields<'_>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    for (name, value) in fields {
        let name = HeaderName::from_static(name);
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}

/// One process before a service.
pub(crate) struct Site {
    pub(crate) cache: Cache,
    service: HttpService<Origin>,
}

/// What came.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) said: String,
}

impl Site {
    /// A process with this policy, whose backend `far` is that Redis.
    pub(crate) fn open(policy: &str, server: &Server, origin: &Origin) -> Self {
        let text = format!("policy shared {{ edition 1; processes 2 }}\n{policy}");
        let cache = Cache::builder(compile(&text))
            .redis("far", Redis::at(&server.address()).unwrap())
            .http(HttpOptions::default().body_max(1000))
            .build()
            .unwrap();
        let service = cache.http().unwrap().layer(origin.clone());
        Self { cache, service }
    }

    /// Asks for this.
    pub(crate) async fn ask(&self, method: &str, target: &str, fields: Fields<'_>) -> Got {
        let mut builder = Request::builder().method(method).uri(target);
        builder = builder.header("host", "shop.example");
        for (name, value) in fields {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(Full::<Bytes>::default()).unwrap();
        let response = self.service.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let said = parts.headers.get("cache-status");
        let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
        Got {
            status: parts.status.as_u16(),
            text: String::from_utf8(bytes.to_vec()).unwrap(),
            said: said.to_owned(),
        }
    }

    /// Asks for a page.
    pub(crate) async fn get(&self, target: &str) -> Got {
        self.ask("GET", target, &[]).await
    }
}

impl Got {
    /// Is it from a copy?
    pub(crate) fn is_hit(&self) -> bool {
        self.said.contains("; hit")
    }
}
