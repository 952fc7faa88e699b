//! A service behind the layer, which counts whom it answers.
#![allow(dead_code, reason = "tests use parts of it")]

use cachepolicy_core::units::Time;
use cachepolicy_runtime::{Body, Cache, Clock, HttpOptions, StartError};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer as _;
use tower_service::Service;

type Answering = dyn Fn(&Request<Body>) -> Response<&'static str> + Send + Sync;

/// A service that counts whom it answers.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) asked: Arc<Mutex<Vec<HeaderMap>>>,
    pub(crate) answer: Arc<Answering>,
}

impl Service<Request<Body>> for Origin {
    type Response = Response<Full<bytes::Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.asked.lock().unwrap().push(request.headers().clone());
        let response = (self.answer)(&request).map(|text| Full::new(text.into()));
        Box::pin(async move {
            // Who asks at the same time meets the one who is being answered.
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(response)
        })
    }
}

pub(crate) struct Site {
    pub(crate) cache: Cache,
    pub(crate) origin: Origin,
    pub(crate) service: cachepolicy_runtime::HttpService<Origin>,
}

pub(crate) fn build(policy: &str, options: HttpOptions) -> Result<Cache, StartError> {
    let text = format!("policy test {{ edition 1 }}\nbackend near memory\n{policy}");
    let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
    let messages = compiled.diagnostics;
    let policy = compiled.policy.unwrap_or_else(|| panic!("{messages:#?}"));
    let at = Clock::at(Time::from_nanos(784_111_777_000_000_000));
    Cache::builder(policy).clock(at).http(options).build()
}

pub(crate) fn site<F>(policy: &str, answer: F) -> Site
where
    F: Fn(&Request<Body>) -> Response<&'static str> + Send + Sync + 'static,
{
    let cache = build(policy, HttpOptions::default()).unwrap();
    let origin = Origin {
        asked: Arc::default(),
        answer: Arc::new(answer),
    };
    let service = cache.http().unwrap().layer(origin.clone());
    Site {
        cache,
        origin,
        service,
    }
}

pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&'static str, &str)],
) -> Request<Full<bytes::Bytes>> {
    let mut builder = Request::builder().method(method).uri(target);
    builder = builder.header("host", "shop.example");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Full::default()).unwrap()
}

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

impl Site {
    pub(crate) async fn ask(&self, request: Request<Full<bytes::Bytes>>) -> Got {
        let response = self.service.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Got {
        self.ask(request("GET", target, &[])).await
    }

    pub(crate) fn asked(&self) -> usize {
        self.origin.asked.lock().unwrap().len()
    }
}

pub(crate) fn plain(headers: &[(&'static str, &'static str)]) -> Response<&'static str> {
    let mut response = Response::new("0123456789");
    for (name, value) in headers {
        response.headers_mut().append(*name, value.parse().unwrap());
    }
    response
}

pub(crate) async fn later(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
