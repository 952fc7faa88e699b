//! The caching reverse proxy: connections come in, the policy's levels answer, the origin is asked.

mod admin;
mod origin;
mod record;

pub(crate) use origin::Origin;
pub(crate) use record::RecordArgs;

use crate::output;
use anyhow::{Context as _, Result};
use cachepolicy_runtime::Cache;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower_layer::Layer as _;

/// Whoever does not say what they want in this time is not waited for.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests that are being answered have so long when the proxy is stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection cannot be taken, since there are too many: it is tried again after this time.
const PAUSE: Duration = Duration::from_millis(50);

/// Where requests come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
}

/// Serves until the program is interrupted; then those who are being answered get their answers.
pub(crate) async fn serve(cache: &Cache, origin: Origin, places: Places) -> Result<()> {
    let listener = bind(places.listen).await?;
    let layer = cache
        .http()
        .context("the policy has no levels for requests")?;
    let (stop, stopped) = watch::channel(false);
    output::interrupt::instead(move || {
        let _ = stop.send(true);
    });
    let at = listener.local_addr().unwrap_or(places.listen);
    output::say(&format!("answers at http://{at}, asks {origin}\n"));
    let mut admin = tokio::task::JoinSet::new();
    if let Some(place) = places.admin {
        let listener = bind(place).await?;
        let at = listener.local_addr().unwrap_or(place);
        output::say(&format!("metrics and purges at http://{at}\n"));
        admin.spawn(admin::serve(cache.clone(), listener));
    }
    let graceful = GracefulShutdown::new();
    let mut stopping = stopped.clone();
    loop {
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => answer(stream, layer.layer(origin.clone()), &graceful),
                // Too many files are open, or whoever asked has gone: others can still come.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            _ = stopping.changed() => break,
        }
    }
    drop(listener);
    output::say("stops: answers what has begun\n");
    // Whoever takes longer is cut off.
    let _ = tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await;
    record::stop(cache);
    Ok(())
}

async fn bind(place: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(place).await;
    listener.with_context(|| format!("cannot take connections at {place}"))
}

fn answer<S>(stream: TcpStream, service: S, graceful: &GracefulShutdown)
where
    S: tower_service::Service<
            http::Request<Incoming>,
            Response = http::Response<cachepolicy_runtime::Body>,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    // Where it cannot be set, small answers come a little later.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that speaks no HTTP, or goes away, is told so or is gone.
        let _ = watched.await;
    });
}
