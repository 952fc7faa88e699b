//! What tracing tells: a span around each look-up and each fill, with level, outcome and reason, at the
//! level `DEBUG`. Keys are told by nothing: they may say who asked.

#[cfg(feature = "tracing")]
pub(crate) use with::{filling, looked_up};
#[cfg(not(feature = "tracing"))]
pub(crate) use without::{filling, looked_up};

#[cfg(not(feature = "tracing"))]
mod without {
    use crate::level::Key;

    /// A look-up of a key.
    pub(crate) fn looked_up<F: Future>(_: &Key, asking: F) -> F {
        asking
    }

    /// A fill of a key.
    pub(crate) fn filling<F: Future>(_: &Key, work: F) -> F {
        work
    }
}

#[cfg(feature = "tracing")]
mod with {
    use crate::level::{Failure, Key, Outcome, Served};
    use cachepolicy_core::decide::{BypassReason, ServeOnlyReason};
    use tracing::field::Empty;
    use tracing::{Instrument as _, Level, Span, debug, debug_span};

    /// A look-up of a key.
    pub(crate) async fn looked_up<T, E>(
        key: &Key,
        asking: impl Future<Output = Result<Served<T>, Failure<E>>>,
    ) -> Result<Served<T>, Failure<E>> {
        if !tracing::enabled!(Level::DEBUG) {
            return asking.await;
        }
        let level = name(key);
        let span = debug_span!("cache_lookup", level, outcome = Empty, reason = Empty);
        let answer = asking.instrument(span.clone()).await;
        let (outcome, reason) = match &answer {
            Ok(served) => words(served.outcome),
            Err(failure) => ("failed", Some(why(failure))),
        };
        span.record("outcome", outcome);
        if let Some(reason) = reason {
            span.record("reason", reason);
        }
        span.in_scope(|| debug!(level, outcome, reason, "looked up"));
        answer
    }

    /// A fill of a key, as part of what asked for it.
    pub(crate) fn filling<F: Future>(key: &Key, work: F) -> tracing::instrument::Instrumented<F> {
        let span = if tracing::enabled!(Level::DEBUG) {
            debug_span!("cache_fill", level = name(key))
        } else {
            Span::none()
        };
        work.instrument(span)
    }

    fn name(key: &Key) -> &str {
        let levels = &key.cache.inner.policy.levels;
        let level = levels.get(key.name.level.index());
        level.map_or("", |level| level.name.as_str())
    }

    /// By the words of reports and of `Cache-Status`.
    const fn words(outcome: Outcome) -> (&'static str, Option<&'static str>) {
        match outcome {
            Outcome::Hit(hit) => (hit.as_str(), None),
            Outcome::Filled {
                not_stored: Some(why),
                ..
            } => ("miss", Some(ServeOnlyReason::as_str(why))),
            Outcome::Filled { reason, .. } => ("miss", Some(reason.as_str())),
            Outcome::Waited => ("waited", None),
            Outcome::StaleOnError => ("stale", Some("stale-if-error")),
            Outcome::Bypass(Some(why)) => ("bypass", Some(BypassReason::as_str(why))),
            Outcome::Bypass(None) => ("bypass", Some("not-stored")),
        }
    }

    const fn why<E>(failure: &Failure<E>) -> &'static str {
        match failure {
            Failure::Work(_) => "work",
            Failure::WorkOfOther => "work-of-other",
            Failure::BrokenOff => "broken-off",
            Failure::BackendDown => "backend-down",
            Failure::Type => "type",
            Failure::Parameters { .. } => "parameters",
        }
    }
}
