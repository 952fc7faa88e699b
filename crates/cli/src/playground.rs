//! The page of the playground, served on loopback.

use crate::output;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::Read as _;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A file of the page.
struct File {
    path: &'static str,
    /// As HTTP calls it.
    kind: &'static str,
    /// By gzip.
    compressed: &'static [u8],
}

/// What the page is made of; nothing, where it was not there when the program was built.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/playground.rs"));

/// Files with a hash of their content in their names, which never change.
const HASHED: &str = "assets/";

/// Was the page there when the program was built?
pub(crate) const fn is_built_in() -> bool {
    !FILES.is_empty()
}

/// Serves the page until the program is interrupted.
pub(crate) async fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot take connections at {listen}"))?;
    let at = listener.local_addr().unwrap_or(listen);
    let (stop, mut stopped) = watch::channel(false);
    output::interrupt::instead(move || {
        let _ = stop.send(true);
    });
    output::say(&format!(
        "the playground is at http://{at}; what you type there stays in your browser\n"
    ));
    loop {
        tokio::select! {
            taken = listener.accept() => {
                let Ok((stream, _)) = taken else { continue };
                let answering = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                // Whoever went away is gone.
                tokio::spawn(async move { drop(answering.await) });
            }
            _ = stopped.changed() => return Ok(()),
        }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let accepted = request.headers().get(header::ACCEPT_ENCODING);
    let takes_gzip = accepted
        .and_then(|value| value.to_str().ok())
        .is_some_and(takes_gzip);
    Ok(found(request.method(), request.uri().path(), takes_gzip))
}

/// Whether who sends this `Accept-Encoding` reads gzip.
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_named = matches!(parts.next(), Some("gzip" | "*"));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let is_refused = weight
            .and_then(|weight| weight.parse().ok())
            .is_some_and(|weight: f64| weight <= 0.0);
        is_named && !is_refused
    })
}

fn found(method: &Method, path: &str, takes_gzip: bool) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return said(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
    }
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return said(StatusCode::NOT_FOUND, "there is no such file\n");
    };
    let lasts = if file.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, file.kind)
        .header(header::CACHE_CONTROL, lasts)
        .header(header::VARY, "accept-encoding")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let response = if takes_gzip {
        response
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Full::new(Bytes::from_static(file.compressed)))
    } else {
        let mut content = Vec::new();
        if GzDecoder::new(file.compressed)
            .read_to_end(&mut content)
            .is_err()
        {
            return said(StatusCode::INTERNAL_SERVER_ERROR, "");
        }
        response.body(Full::new(Bytes::from(content)))
    };
    response.unwrap_or_else(|_| said(StatusCode::INTERNAL_SERVER_ERROR, ""))
}

fn said(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_answered() {
        for path in ["/../Cargo.toml", "/nothing", "//", "/assets/"] {
            let is_page = path == "//" && is_built_in();
            assert_eq!(
                found(&Method::GET, path, true).status() == StatusCode::OK,
                is_page,
                "{path}"
            );
        }
        assert_eq!(
            found(&Method::POST, "/", true).status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
        assert_eq!(
            found(&Method::GET, "/", false).status() == StatusCode::OK,
            is_built_in()
        );
    }
    #[test]
    fn what_reads_gzip_gets_it() {
        for accepted in ["gzip", "br, gzip;q=0.8", "*", "deflate , gzip ; q=1"] {
            assert!(takes_gzip(accepted), "{accepted}");
        }
        for accepted in ["", "br", "gzip;q=0", "identity, gzip; q=0.0"] {
            assert!(!takes_gzip(accepted), "{accepted}");
        }
    }
}
