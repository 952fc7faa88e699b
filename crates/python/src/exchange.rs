//! Requests that are answered from copies of whole responses, and views that make them.

use crate::cache::{Cache, tell};
use crate::running::{Hands, runtime, start, wait};
use crate::said;
use bytes::Bytes;
use cachepolicy_runtime::{Body, BodyError, HttpLayer, RequestBuilder};
use http::header::CONTENT_LENGTH;
use http::request::Parts as RequestParts;
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use pyo3::IntoPyObjectExt as _;
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
    pub(crate) fn tell<'p>(
        parts: &RequestParts,
        mut request: RequestBuilder<'p>,
    ) -> RequestBuilder<'p> {
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
    hands: Hands,
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
            let (parts, _) = request.into_parts();
            let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
            let target = target.to_owned();
            let names: Vec<String> = parts.headers.keys().map(ToString::to_string).collect();
            let told = move |py: Python<'_>| {
                Ok(vec![
                    target.as_str().into_py_any(py)?,
                    names.clone().into_py_any(py)?,
                ])
            };
            let read = |said: &Bound<'_, PyAny>| said.extract::<Said>();
            match this.hands.run(this.respond, told, read).await {
                Ok(said) => made(said),
                Err(error) => {
                    *this.raised.lock() = Some(error);
                    Err(Raised.into())
                }
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

/// A request, as an application's server says it.
#[derive(FromPyObject)]
pub(crate) struct Asked<'py>(String, String, String, Bound<'py, PyDict>, Fields, Fields);

impl Asked<'_> {
    /// `None`: that is no request of HTTP.
    fn request(self) -> Option<Request<Full<Bytes>>> {
        let Self(method, host, target, meta, user, attrs) = self;
        let mut request = Request::builder().method(method.as_str()).uri(target);
        let all = request.headers_mut()?;
        *all = fields(&meta);
        if let Ok(host) = HeaderValue::try_from(host) {
            all.insert(http::header::HOST, host);
        }
        let mut request = request.body(Full::new(Bytes::new())).ok()?;
        request.extensions_mut().insert(Identity { user, attrs });
        Some(request)
    }
}

/// An answer, and what the application raised while it was made.
type Came = (Parts, Bytes, Option<PyErr>);

async fn exchange(
    layer: HttpLayer,
    request: Request<Full<Bytes>>,
    respond: Arc<Py<PyAny>>,
    hands: Hands,
) -> Came {
    let raised = Arc::new(Mutex::new(None));
    let mut service = layer.layer(Application {
        respond,
        hands,
        raised: Arc::clone(&raised),
    });
    let answer = service.call(request).await;
    let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
    // It is whole: it was made of bytes.
    let content = body.collect().await.map(|it| it.to_bytes());
    let raised = raised.lock().take();
    (parts, content.unwrap_or_default(), raised)
}

fn answer<'py>(py: Python<'py>, (parts, content, raised): Came) -> PyResult<Answer<'py>> {
    // Not where a copy answers in its place.
    if parts.status == http::StatusCode::BAD_GATEWAY
        && let Some(error) = raised
    {
        return Err(error);
    }
    let shown = parts.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let content = PyBytes::new(py, &content);
    Ok((parts.status.as_u16(), shown.collect(), content))
}

fn layer_of(py: Python<'_>, cache: &Cache) -> PyResult<HttpLayer> {
    let layer = cache.http.clone();
    layer.ok_or_else(|| said(py, "the policy has no pages"))
}

/// The answer to a request, `(method, host, target, meta, user, attrs)`: from a copy, or what
/// `respond(around, alone, target, headers)` makes, which gives `(status, fields, content or None)`. `meta` is a
/// WSGI environment or what is like it; `headers` names what the work may see of it. `None`: that is no request
/// of HTTP.
#[pyfunction]
pub(crate) fn respond<'py>(
    py: Python<'py>,
    cache: &Cache,
    asked: Asked<'py>,
    respond: Py<PyAny>,
) -> PyResult<Option<Answer<'py>>> {
    let layer = layer_of(py, cache)?;
    let Some(request) = asked.request() else {
        return Ok(None);
    };
    let came = wait(py, runtime(py)?, |errands| {
        exchange(layer, request, Arc::new(respond), Hands::Thread(errands))
    })?;
    answer(py, came).map(Some)
}

/// The same for an event loop: whether it is a request, and the answer if it is there at once; else
/// `done(answer, exception)` is called in another thread. `begin(around, target, headers, reply)` hands the loop
/// the work.
#[pyfunction]
pub(crate) fn start_respond<'py>(
    py: Python<'py>,
    cache: &Cache,
    asked: Asked<'py>,
    begin: Py<PyAny>,
    done: Py<PyAny>,
) -> PyResult<(bool, Option<Answer<'py>>)> {
    let layer = layer_of(py, cache)?;
    let Some(request) = asked.request() else {
        return Ok((false, None));
    };
    let exchanging = exchange(layer, request, Arc::new(begin), Hands::Loop);
    let ready = start(runtime(py)?, exchanging, move |py, came| {
        tell(py, &done, answer(py, came));
    });
    Ok((true, ready.map(|came| answer(py, came)).transpose()?))
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
