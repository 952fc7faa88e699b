//! A news site that caches by `policies/news.cachepolicy`: its pages are axum handlers, its database is
//! SQLite, its shared store a Redis. There is no line about keys, lifetimes or invalidations in it.
//!
//! `run.sh` beside it starts a Redis and the site, sends load, and lays what happened beside what was
//! predicted.

mod db;
mod pages;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use cachepolicy_runtime::{HttpOptions, Recorder, Redis, include_policy};
use clap::Parser as _;
use db::Database;
use pages::Site;
use std::net::SocketAddr;
use std::path::PathBuf;

include_policy!(
    /// `policies/news.cachepolicy`, as `build.rs` compiled it.
    mod news
);

/// A news site
#[derive(Debug, clap::Parser)]
struct Args {
    /// The shared store
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    redis: String,
    /// Where requests are taken
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// Where what happens is recorded
    #[arg(long)]
    record: Option<PathBuf>,
    /// Articles to begin with
    #[arg(long, default_value_t = 50_000)]
    articles: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut builder = news::builder()?
        .redis("shared", Redis::at(&args.redis)?)
        // The one thing that only the application knows of a request.
        .http(HttpOptions::default().identify(|parts, request| {
            let user = parts.headers.get("x-user").and_then(|it| it.to_str().ok());
            match user {
                Some(user) => request.user("id", user),
                None => request,
            }
        }));
    if let Some(file) = &args.record {
        builder = builder.record(Recorder::to(file));
    }
    let cache = news::Cache::new(builder.build()?)?;
    let site = Site {
        database: Database::create(args.articles).context("cannot make the database")?,
        cache: cache.clone(),
    };
    let layer = cache.runtime().http().context("the policy has no pages")?;
    let pages = Router::new()
        .route("/", get(pages::homepage))
        .route("/articles/{slug}", get(pages::article_page))
        .route("/me", get(pages::dashboard))
        .route("/edit/{slug}", post(pages::edit))
        .layer(layer);
    // Outside of the layer: figures are not for copies.
    let figures = |State(site): State<Site>| async move { site.cache.runtime().prometheus() };
    let app = pages.route("/metrics", get(figures)).with_state(site);
    let listener = tokio::net::TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("cannot listen at {}", args.listen))?;
    axum::serve(listener, app)
        .with_graceful_shutdown(stopped())
        .await?;
    cache.runtime().stop_recording();
    Ok(())
}

async fn stopped() {
    // Where there are no signals, it runs until it is ended.
    let _ = tokio::signal::ctrl_c().await;
}
