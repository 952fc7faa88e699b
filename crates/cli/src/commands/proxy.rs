//! `cachepolicy proxy POLICY --origin URL`

use super::Outcome;
use crate::args::Session;
use crate::lints::LintArgs;
use crate::output::Terminal;
use crate::policy;
use crate::proxy::{self, Again, Current, Origin, Places, RecordArgs};
use anyhow::{Context as _, Result, bail};
use cachepolicy_core::policy::Policy;
use cachepolicy_runtime::{Builder, Cache, HttpOptions, Redis};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Answer requests before a service, from copies as the policy says
///
/// A caching reverse proxy: the policy's sites and views decide which responses are kept, for whom and for
/// how long. Copies are in this process's memory (backends of the kind `memory` and `proxy`), or in a
/// Redis. What it did with a request, and why, stands in the answer's `Cache-Status`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy proxy site.cachepolicy --origin http://127.0.0.1:8000
  cachepolicy proxy site.cachepolicy --origin http://127.0.0.1:8000 --identify user.id=cookie:sessionid
  cachepolicy proxy site.cachepolicy --origin http://10.0.0.7 --redis shared=redis://10.0.0.8
  cachepolicy proxy site.cachepolicy --origin http://10.0.0.7 --listen 0.0.0.0:80 --admin 127.0.0.1:9000
  cachepolicy proxy site.cachepolicy --origin http://127.0.0.1:8000 --record trace.jsonl
  cat trace.*.jsonl | cachepolicy simulate new.cachepolicy --trace -")]
pub(crate) struct Args {
    /// The policy
    policy: PathBuf,
    /// The service that is asked; `http` only
    #[arg(long, value_name = "URL")]
    origin: String,
    /// Where requests are taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where metrics and purges are: a loopback address, for this machine alone
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// How long the service may take until its answer begins
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Responses with more bytes pass through and are not kept
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20)]
    body_max: usize,
    /// Where a backend of the kind `redis` is; once for each
    #[arg(long, value_name = "BACKEND=URL")]
    redis: Vec<String>,
    /// Where a request says what only the application knows: a cookie or a header of those who are logged in;
    /// once for each
    #[arg(long, value_name = "NAME=cookie:COOKIE")]
    identify: Vec<String>,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    overrides: policy::OverrideArgs,
    #[command(flatten)]
    lints: LintArgs,
}

/// Serves until it is interrupted.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let Some(compiled) = policy::compile_for_deployment(
        &arguments.policy,
        &arguments.overrides,
        &arguments.lints,
        session,
    )?
    else {
        return Ok(Outcome::Failed);
    };
    let again = again(arguments)?;
    if let Some(admin) = arguments.admin.filter(|admin| !admin.ip().is_loopback()) {
        bail!(
            "`--admin {admin}` could be reached from elsewhere: use a loopback address, such as 127.0.0.1:9000"
        );
    }
    check_levels(&compiled)?;
    let origin = Origin::new(&arguments.origin, Duration::from_secs(arguments.timeout))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of the proxy")?;
    let places = Places {
        listen: arguments.listen,
        admin: arguments.admin,
    };
    runtime.block_on(async {
        let policy = compiled.clone();
        let mut builder = layer(compiled, arguments)?;
        if let Some(recorder) = arguments.record.recorder() {
            builder = builder.record(recorder);
        }
        let cache = builder.build();
        let cache = cache.map_err(|error| proxy::refused(&policy, &error))?;
        let current = Current::new(cache, again);
        let current = current.context("the policy has no levels for requests")?;
        proxy::serve(&current, origin, places).await
    })?;
    Ok(Outcome::Fine)
}

/// How the cache is made of a policy.
fn layer(policy: Policy, arguments: &Args) -> Result<Builder> {
    let options = HttpOptions::default().proxy();
    let options = options.body_max(arguments.body_max);
    let options = proxy::identify(options, &policy, &arguments.identify)?;
    let mut builder = Cache::builder(policy).http(options);
    for place in &arguments.redis {
        let (backend, redis) = redis_at(place)?;
        builder = builder.redis(backend, redis);
    }
    Ok(builder)
}

/// Reads the policy once more, as at the start.
fn again(arguments: &Args) -> Result<Arc<Again>> {
    let overrides = arguments.overrides.overrides();
    let lints = policy::lints(&arguments.lints)?.for_deployment();
    let arguments = arguments.clone();
    Ok(Arc::new(move |before| {
        let say = |error: anyhow::Error| format!("{error:#}\n");
        let text = policy::Text::read(&arguments.policy).map_err(say)?;
        let (policy, _) = text.try_compile(overrides.clone(), &lints, Terminal::PLAIN)?;
        check_levels(&policy).map_err(say)?;
        let build = || layer(policy.clone(), &arguments).map_err(say);
        let not_built = |error| say(proxy::refused(&policy, &error));
        let Some(recorder) = arguments.record.recorder() else {
            return build()?.after(before).build().map_err(not_built);
        };
        // Two cannot write the same files: the earlier one stops, where nothing else is in the way.
        drop(build()?.build().map_err(not_built)?);
        proxy::stop_recording(before);
        let built = build()?.record(recorder).after(before).build();
        built.map_err(not_built)
    }))
}

/// Of `BACKEND=URL`. An address may have a password in it, so messages do not repeat it.
fn redis_at(place: &str) -> Result<(&str, Redis)> {
    let Some((backend, address)) = place.split_once('=') else {
        bail!("`--redis`: write `BACKEND=URL`, such as `shared=redis://127.0.0.1`");
    };
    let redis = Redis::at(address);
    let redis = redis.with_context(|| format!("`--redis {backend}=…`: that is no address"))?;
    Ok((backend, redis))
}

/// Is there anything that a proxy could answer?
fn check_levels(policy: &Policy) -> Result<()> {
    let mut levels = policy.levels.iter();
    if levels.any(|level| level.route.is_some() && level.is_stored()) {
        return Ok(());
    }
    bail!(
        "the policy stores no `site` and no `view`: there is nothing that a proxy could answer from copies"
    )
}
