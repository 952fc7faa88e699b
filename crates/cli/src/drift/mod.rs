//! What running caches have counted: read from Prometheus's text, in files or over HTTP.

mod fetch;
mod prometheus;

use crate::input;
use anyhow::{Context as _, Result, bail};
use cachepolicy_sim::drift::{Counted, Measured};
use std::path::Path;

/// More is no page of figures.
const BYTES_MAX: usize = 64 << 20;

/// The figures of one process: of a URL, or a file.
pub(crate) fn counted(source: &str) -> Result<Measured> {
    let bytes = if source.starts_with("http://") {
        fetch::fetch(source, BYTES_MAX)?
    } else if source.starts_with("https://") {
        bail!(
            "`{source}`: `https` is not spoken; save it, `curl -o metrics.txt {source}`, and give the file"
        );
    } else {
        input::read(Path::new(source), "the metrics", BYTES_MAX)?
    };
    if bytes.len() > BYTES_MAX {
        bail!(
            "`{source}` has more than {} MiB: that is no page of figures",
            BYTES_MAX >> 20
        );
    }
    let text = String::from_utf8(bytes).ok();
    let text = text.with_context(|| format!("`{source}` is no UTF-8 text"))?;
    let measured =
        prometheus::read(&text).map_err(|reason| anyhow::anyhow!("`{source}`, {reason}"))?;
    if measured == Measured::default() {
        bail!(
            "`{source}` has no figures of a cache: there is no `{}`",
            cachepolicy_runtime::figures::LOOKUPS
        );
    }
    Ok(measured)
}

/// The figures of several processes together.
pub(crate) fn together(all: &[Measured]) -> Measured {
    let mut sum = Measured::default();
    for (route, staleness) in all.iter().flat_map(|one| &one.routes) {
        let known = sum.routes.entry(route.clone()).or_insert(0.0);
        *known = known.max(*staleness);
    }
    for (level, counted) in all.iter().flat_map(|one| &one.levels) {
        let known: &mut Counted = sum.levels.entry(level.clone()).or_default();
        known.fresh += counted.fresh;
        known.stale += counted.stale;
        known.negative += counted.negative;
        known.miss += counted.miss;
        known.bypass += counted.bypass;
        known.waited += counted.waited;
        known.fills += counted.fills;
        known.stampede_peak = known.stampede_peak.max(counted.stampede_peak);
        let staleness = [known.staleness_p99, counted.staleness_p99];
        known.staleness_p99 = staleness.into_iter().flatten().reduce(f64::max);
    }
    sum
}
