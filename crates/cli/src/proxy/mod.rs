//! The caching reverse proxy: connections come in, the policy's levels answer, the origin is asked.

mod admin;
mod current;
mod identify;
mod interim;
mod origin;
mod record;
mod refused;

pub(crate) use current::{Again, Current};
pub(crate) use identify::identify;
pub(crate) use origin::Origin;
pub(crate) use record::{RecordArgs, stop as stop_recording};
pub(crate) use refused::refused;

use interim::{Exchanges, Line};

use crate::output;
use anyhow::{Context as _, Result};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower_layer::Layer as _;
use tower_service::Service as _;

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
pub(crate) async fn serve(current: &Current, origin: Origin, places: Places) -> Result<()> {
    let listener = bind(places.listen).await?;
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
        admin.spawn(admin::serve(current.clone(), listener));
    }
    admin.spawn(reload_when_told(current.clone()));
    let graceful = GracefulShutdown::new();
    let mut stopping = stopped.clone();
    loop {
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => answer(stream, current.clone(), origin.clone(), &graceful),
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
    stop_recording(&current.cache());
    Ok(())
}

async fn bind(place: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(place).await;
    listener.with_context(|| format!("cannot take connections at {place}"))
}

/// At each hang-up signal the policy is read again.
async fn reload_when_told(current: Current) {
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    output::interrupt::at_hangup(move || tell.notify_one());
    loop {
        told.notified().await;
        output::say(&match current.reload().await {
            Ok(done) => done,
            Err(why) => format!("{why}the policy that was there stays\n"),
        });
    }
}

fn answer(stream: TcpStream, current: Current, origin: Origin, graceful: &GracefulShutdown) {
    // Where it cannot be set, small answers come a little later.
    let _ = stream.set_nodelay(true);
    let exchanges = Exchanges::default();
    let line = Line::new(TokioIo::new(stream), exchanges.clone());
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        let exchange = exchanges.begin();
        // Older clients know of no interim responses.
        if request.version() >= http::Version::HTTP_11 {
            request.extensions_mut().insert(exchange.clone());
        }
        let mut service = current.layer().layer(origin.clone());
        let answered = service.call(request);
        async move {
            let response = answered.await;
            exchange.end();
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(line, service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that speaks no HTTP, or goes away, is told so or is gone.
        let _ = watched.await;
    });
}
