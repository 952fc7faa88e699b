//! Requests that are answered from copies of whole responses, and views that make them.

use crate::around::Around;
use crate::cache::Cache;
use crate::running::{Errands, errand, runtime, wait};
use crate::said;
use bytes::Bytes;
use cachepolicy_runtime::{Body, BodyError, RequestBuilder, surroundings};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer as _;
use tower_service::Service;

/// What the application knows of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    user: Vec<(String, String)>,
    attrs: Vec<(String, String)>,
}

impl Identity {
    pub(crate) fn tell<'p>(parts: &Parts, mut request: RequestBuilder<'p>) -> RequestBuilder<'p> {
        if let Some(known) = parts.extensions.get::<Self>() {
            for (field, value) in &known.user {
                request = request.user(field, value);
            }
            for (name, value) in &known.attrs {
                request = request.attr(name, value);
            }
        }
        request
    }
}

type Fields = Vec<(String, String)>;

/// A response as Python says it: status, fields, content; `None`: it comes piece by piece, and is for whoever
/// asked alone.
type Said = (u16, Fields, Option<Vec<u8>>);

/// A response for Python.
type Answer<'py> = (u16, Fields, Bound<'py, PyBytes>);

/// The application, behind the policy's levels.
#[derive(Clone)]
struct Application {
    respond: Arc<Py<PyAny>>,
    errands: Errands,
    raised: Arc<Mutex<Option<PyErr>>>,
}

/// The application raised an exception, which is kept for whoever asked.
#[derive(Debug)]
struct Raised;

impl core::fmt::Display for Raised {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("the application raised an exception")
    }
}

impl std::error::Error for Raised {}

impl Service<Request<Body>> for Application {
    type Response = Response<Full<Bytes>>;
    type Error = BodyError;
    type Future =
        core::pin::Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, BodyError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let inside = surroundings();
            let (parts, _) = request.into_parts();
            let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
            let target = target.to_owned();
            let names: Vec<String> = parts.headers.keys().map(ToString::to_string).collect();
            let respond = Arc::clone(&this.respond);
            let done = errand(&this.errands, move |py, alone| {
                let around = Around(inside.clone());
                let asked = (around, alone, target.as_str(), names.clone());
                let said = respond.bind(py).call1(asked);
                said.and_then(|said| said.extract::<Said>())
            });
            match done.await {
                Some(Ok(said)) => Ok(made(said)?),
                Some(Err(error)) => {
                    *this.raised.lock() = Some(error);
                    Err(Raised.into())
                }
                None => Err(Raised.into()),
            }
        })
    }
}

/// As the levels see it.
fn made((status, fields, content): Said) -> Result<Response<Full<Bytes>>, BodyError> {
    let is_whole = content.is_some();
    let mut response = Response::new(Full::new(content.unwrap_or_default().into()));
    *response.status_mut() = http::StatusCode::from_u16(status)?;
    let headers = response.headers_mut();
    for (name, value) in fields {
        // What is no field is lost from copies; whoever asked gets the application's own answer.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    // What it says of its length is of what was there before something packed it.
    headers.remove(CONTENT_LENGTH);
    if !is_whole {
        let never = HeaderValue::from_static("no-store");
        headers.insert(http::header::CACHE_CONTROL, never);
    }
    Ok(response)
}

/// The answer to a request: from a copy, or what `respond(around, alone, target, headers)` makes, which gives
/// `(status, fields, content or None)`. `meta` is a WSGI environment or what is like it; `headers` names what
/// the work may see of it. `None`: that is no request of HTTP.
#[pyfunction]
#[pyo3(signature = (cache, method, host, target, meta, user, attrs, respond))]
#[expect(
    clippy::too_many_arguments,
    reason = "they have names where they are said"
)]
pub(crate) fn respond<'py>(
    py: Python<'py>,
    cache: &Cache,
    method: &str,
    host: &str,
    target: &str,
    meta: &Bound<'_, PyDict>,
    user: Fields,
    attrs: Fields,
    respond: Py<PyAny>,
) -> PyResult<Option<Answer<'py>>> {
    let Some(layer) = &cache.http else {
        return Err(said(py, "the policy has no pages"));
    };
    let mut request = Request::builder().method(method).uri(target);
    if let Some(all) = request.headers_mut() {
        *all = fields(meta);
        if let Ok(host) = HeaderValue::try_from(host) {
            all.insert(http::header::HOST, host);
        }
    }
    let body = Full::new(Bytes::new());
    // Whoever serves lets through what no layer knows: a method with a space in it.
    let Ok(mut request) = request.body(body) else {
        return Ok(None);
    };
    request.extensions_mut().insert(Identity { user, attrs });
    let raised = Arc::new(Mutex::new(None));
    let (parts, content) = wait(py, runtime(py)?, |errands| {
        let mut service = layer.layer(Application {
            respond: Arc::new(respond),
            errands,
            raised: Arc::clone(&raised),
        });
        async move {
            let answer = service.call(request).await;
            let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
            // It is whole: it was made of bytes.
            let content = body.collect().await.map(|it| it.to_bytes());
            (parts, content.unwrap_or_default())
        }
    })?;
    // Not where a copy answers in its place.
    if parts.status == http::StatusCode::BAD_GATEWAY
        && let Some(error) = raised.lock().take()
    {
        return Err(error);
    }
    let shown = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let content = PyBytes::new(py, &content);
    Ok(Some((parts.status.as_u16(), shown.collect(), content)))
}

/// Those that are fields; a server lets nothing else through.
fn fields(meta: &Bound<'_, PyDict>) -> HeaderMap {
    let mut all = HeaderMap::new();
    for (name, value) in meta {
        let (Ok(name), Ok(value)) = (name.cast::<PyString>(), value.cast::<PyString>()) else {
            continue;
        };
        let (Ok(name), Ok(value)) = (name.to_cow(), value.to_cow()) else {
            continue;
        };
        let Some(name) = name.strip_prefix("HTTP_") else {
            continue;
        };
        let name = name.replace('_', "-").to_ascii_lowercase();
        // Servers give the bytes of a field as characters up to 255.
        let bytes: Option<Vec<u8>> = value.chars().map(|it| u8::try_from(it).ok()).collect();
        let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
            all.append(name, value);
        }
    }
    all
}
