//! Sends the requests and the writes of a trace to the site, each at its time, and measures how old the
//! pages of articles were: how long ago the first change was committed that the answer does not show.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use cachepolicy_trace::{Event, Needs, ReadOptions, Request, Row, Source, Value, Write};
use clap::Parser as _;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Send a trace's requests and writes to the site
#[derive(Debug, clap::Parser)]
struct Args {
    /// The trace
    trace: PathBuf,
    /// Where the site is
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    site: String,
    /// So much of the trace
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Where it says how old the pages of articles were, in Prometheus's text format
    #[arg(long)]
    metrics: Option<PathBuf>,
}

/// Who sends.
#[derive(Clone)]
struct Sender {
    client: Client<HttpConnector, Empty<Bytes>>,
    site: String,
    measured: Arc<Mutex<Measured>>,
}

#[derive(Default)]
struct Measured {
    /// By article: its versions and when they were committed, in nanoseconds since 1970.
    commits: HashMap<String, Vec<(i64, i64)>>,
    /// How old each answer was, in seconds.
    staleness: Vec<f64>,
    failed: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let file = std::fs::File::open(&args.trace);
    let file = file.with_context(|| format!("cannot read {}", args.trace.display()))?;
    let options = ReadOptions {
        needs: Needs::everything(),
        ..ReadOptions::default()
    };
    let name = args.trace.display().to_string();
    let mut trace = cachepolicy_trace::open(Box::new(file), &name, &options)?;
    let sender = Sender {
        client: Client::builder(TokioExecutor::new()).build_http(),
        site: args.site.clone(),
        measured: Arc::default(),
    };
    play(&mut *trace, &sender, Duration::from_secs(args.seconds)).await?;
    let mut measured = sender.lock();
    measured.staleness.sort_by(f64::total_cmp);
    report(&measured);
    if let Some(file) = &args.metrics {
        let written = std::fs::write(file, measured.metrics());
        written.with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

async fn play(trace: &mut dyn Source, sender: &Sender, length: Duration) -> Result<()> {
    let mut event = Event::default();
    let began = Instant::now();
    let mut first = None;
    let mut sent = JoinSet::new();
    while trace.next(&mut event)? {
        let first = *first.get_or_insert(event.at());
        let after = Duration::from_nanos(event.at().since(first).nanos().max(0) as u64);
        if after >= length {
            break;
        }
        tokio::time::sleep_until(began + after).await;
        let sender = sender.clone();
        match &event {
            Event::Request(request) => {
                let request = request.clone();
                sent.spawn(async move { sender.get(&request).await });
            }
            Event::Write(write) => {
                if let Some(slug) = slug(write) {
                    sent.spawn(async move { sender.edit(&slug).await });
                }
            }
            Event::Access(_) | Event::Fault(_) => {}
        }
        while sent.try_join_next().is_some() {}
    }
    while sent.join_next().await.is_some() {}
    Ok(())
}

/// Of the article that is written.
fn slug(write: &Write) -> Option<String> {
    let row: &Row = write.new.as_ref()?;
    let (_, value) = row.iter().find(|(name, _)| name == "slug")?;
    match value {
        Value::Text(slug) if write.model == "Article" => Some(slug.clone()),
        _ => None,
    }
}

impl Sender {
    fn lock(&self) -> std::sync::MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, request: &Request) {
        let mut asking = http::Request::get(format!("{}{}", self.site, request.path));
        for (name, value) in &request.headers {
            asking = asking.header(name, value);
        }
        let cookies = request.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            asking = asking.header("cookie", cookies.join("; "));
        }
        if let Some(user) = &request.user {
            asking = asking.header("x-user", user);
        }
        let Some((shows, _)) = self.send(asking).await else {
            return;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos() as i64);
        if !request.path.starts_with("/articles/") {
            // What else changes lists of articles is not known here.
            return;
        }
        let mut measured = self.lock();
        let age = measured.age(&shows, now);
        measured.staleness.push(age);
    }

    async fn edit(&self, slug: &str) {
        let asking = http::Request::post(format!("{}/edit/{slug}", self.site));
        let Some((_, text)) = self.send(asking).await else {
            return;
        };
        if let Some((version, at)) = text.split_once(' ')
            && let (Ok(version), Ok(at)) = (version.parse(), at.parse())
        {
            let mut measured = self.lock();
            let commits = measured.commits.entry(slug.to_owned()).or_default();
            commits.push((version, at));
        }
    }

    /// What an answer shows, and its text; `None`: it failed.
    async fn send(&self, asking: http::request::Builder) -> Option<(String, String)> {
        let answer = async {
            let response = self.client.request(asking.body(Empty::new())?).await?;
            let shows = response.headers().get("x-shows");
            let shows = shows
                .and_then(|it| it.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            let is_error = response.status().is_server_error();
            let body = response.into_body().collect().await?.to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            anyhow::ensure!(!is_error, "{text}");
            Ok::<_, anyhow::Error>((shows, text))
        };
        let answer = answer.await.ok();
        if answer.is_none() {
            self.lock().failed += 1;
        }
        answer
    }
}

impl Measured {
    /// Of the sorted ages.
    fn quantile(&self, share: f64) -> f64 {
        let place = (share * self.staleness.len() as f64) as usize;
        let last = self.staleness.len().saturating_sub(1);
        self.staleness.get(place.min(last)).copied().unwrap_or(0.0)
    }

    /// As `cachepolicy drift` reads them.
    fn metrics(&self) -> String {
        let (name, route) = (
            cachepolicy_runtime::figures::STALENESS,
            "GET /articles/{slug}",
        );
        ["0.5", "0.99", "1"]
            .map(|quantile| {
                let value = self.quantile(quantile.parse().unwrap_or(1.0));
                format!("{name}{{route=\"{route}\",quantile=\"{quantile}\"}} {value}\n")
            })
            .concat()
    }

    /// How long ago the first change was committed that an answer does not show, in seconds.
    fn age(&self, shows: &str, now: i64) -> f64 {
        let shown = shows.split(',').filter_map(|one| {
            let (slug, version) = one.split_once('=')?;
            Some((slug, version.parse::<i64>().ok()?))
        });
        let missed = shown.filter_map(|(slug, version)| {
            let commits = self.commits.get(slug)?.iter();
            commits
                .filter(|(later, _)| *later > version)
                .map(|(_, at)| *at)
                .min()
        });
        let oldest = missed.min().filter(|at| *at < now);
        oldest.map_or(0.0, |at| (now - at) as f64 / 1e9)
    }
}

#[expect(clippy::print_stdout, reason = "it is what it is for")]
fn report(measured: &Measured) {
    let stale = measured.staleness.iter().filter(|age| **age > 0.0).count();
    println!(
        "{} pages of articles, {} requests failed; {stale} were out of date, by up to {:.3} s",
        measured.staleness.len(),
        measured.failed,
        measured.quantile(1.0),
    );
}
