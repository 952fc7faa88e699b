//! The second address: figures for Prometheus, and purges by hand.

use super::Current;
use bytes::Bytes;
use cachepolicy_core::url::query_value;
use cachepolicy_runtime::Cache;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use tokio::net::TcpListener;

/// Answers until the program ends.
pub(crate) async fn serve(current: Current, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(super::PAUSE).await;
            continue;
        };
        let current = current.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let current = current.clone();
            async move { Ok::<_, Infallible>(answer(&current, &request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(super::HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let _ = connection.await;
        });
    }
}

async fn answer(current: &Current, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => text(StatusCode::OK, current.cache().prometheus()),
        (&Method::POST, "/purge") => {
            let query = request.uri().query().unwrap_or_default();
            purge(&current.cache(), query).await
        }
        (&Method::POST, "/reload") => match current.reload().await {
            Ok(done) => text(StatusCode::OK, done),
            Err(why) => text(StatusCode::UNPROCESSABLE_ENTITY, why),
        },
        _ => text(
            StatusCode::NOT_FOUND,
            "GET /metrics\nPOST /purge?url=/path&host=HOST\nPOST /purge?tag=TAG\nPOST /reload\n"
                .to_owned(),
        ),
    }
}

async fn purge(cache: &Cache, query: &str) -> Response<Full<Bytes>> {
    let value = |name| query_value(query, name).map(std::borrow::Cow::into_owned);
    let removed = match (value("url"), value("tag")) {
        (Some(url), None) if url.starts_with('/') => {
            cache
                .purge_url(&value("host").unwrap_or_default(), &url)
                .await
        }
        (None, Some(tag)) => cache.purge_tag(&tag).await,
        _ => {
            let say = "say `url=/path&host=HOST`, or `tag=TAG`\n".to_owned();
            return text(StatusCode::BAD_REQUEST, say);
        }
    };
    text(StatusCode::OK, format!("{removed} removed\n"))
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}
