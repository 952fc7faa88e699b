//! A page over HTTP.

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;

/// Whoever answers later is not waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What stands there, but no more than `limit` bytes.
pub(super) fn fetch(url: &str, limit: usize) -> Result<Vec<u8>> {
    let uri: http::Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot ask for the metrics")?;
    let answer = runtime.block_on(async { tokio::time::timeout(TIMEOUT, get(uri, limit)).await });
    match answer {
        Ok(answer) => answer.with_context(|| format!("cannot read `{url}`")),
        Err(_) => bail!(
            "`{url}` does not answer within {} seconds",
            TIMEOUT.as_secs()
        ),
    }
}

async fn get(uri: http::Uri, limit: usize) -> Result<Vec<u8>> {
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let response = client.get(uri).await?;
    if !response.status().is_success() {
        bail!("the answer is {}", response.status());
    }
    let body = Limited::new(response.into_body(), limit).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(body.to_bytes().to_vec())
}
