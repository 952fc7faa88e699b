//! The service that the proxy stands before.

use super::interim::Exchange;
use anyhow::{Context as _, Result, bail};
use cachepolicy_runtime::{Body, BodyError};
use http::header::{HeaderValue, VIA};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long it may take until there is a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The origin: a tower service.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client<HttpConnector, Body>,
    authority: Authority,
    timeout: Duration,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "http://{}", self.inner.authority)
    }
}

impl Origin {
    /// At this URL, which answers within a time.
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self> {
        let uri: Uri = url
            .parse()
            .with_context(|| format!("`--origin {url}` is no URL"))?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            bail!(
                "`--origin {url}`: write `http://` and where the service is; others, such as `https`, are not spoken"
            );
        }
        let Some(authority) = uri.authority().cloned() else {
            bail!("`--origin {url}` names no host");
        };
        if uri
            .path_and_query()
            .is_some_and(|path| path.as_str() != "/")
        {
            bail!("`--origin {url}`: leave the path away, requests have their own");
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        let inner = Inner {
            client,
            authority,
            timeout,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The request as it is sent: to the origin, with the host that the client named.
    fn outgoing(&self, mut request: Request<Body>) -> Result<Request<Body>, http::Error> {
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.inner.authority.clone())
            .path_and_query(path)
            .build()?;
        *request.version_mut() = http::Version::HTTP_11;
        let via = HeaderValue::from_static("1.1 cachepolicy");
        request.headers_mut().append(VIA, via);
        Ok(request)
    }
}

impl tower_service::Service<Request<Body>> for Origin {
    type Response = Response<Incoming>;
    type Error = BodyError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, BodyError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        let exchange = request.extensions().get::<Exchange>().cloned();
        let outgoing = self.outgoing(request).map(|mut outgoing| {
            if let Some(exchange) = exchange {
                hyper::ext::on_informational(&mut outgoing, move |interim| {
                    exchange.tell(interim.status(), interim.headers());
                });
            }
            outgoing
        });
        Box::pin(async move {
            let answer = inner.client.request(outgoing?);
            Ok(tokio::time::timeout(inner.timeout, answer).await??)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_an_http_url_without_a_path() {
        let of = |url| Origin::new(url, Duration::from_secs(1)).map(|origin| origin.to_string());
        assert_eq!(
            of("http://localhost:8000/").ok().as_deref(),
            Some("http://localhost:8000")
        );
        for url in [
            "localhost:8000",
            "https://a",
            "http://a/b",
            "http://a?b",
            "/",
            "",
        ] {
            assert!(of(url).is_err(), "{url}");
        }
    }
}
