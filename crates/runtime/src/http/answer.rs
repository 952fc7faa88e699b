//! What is said of how a request was answered.

use crate::http::body::Body;
use crate::http::stored::Fetched;
use crate::level::Outcome;
use cachepolicy_core::decide::{BypassReason, FillReason, Hit, ServeOnlyReason};
use cachepolicy_core::units::Time;
use cachepolicy_http::{CacheStatus, Forwarded};
use http::{HeaderName, Response};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// How a level answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Level(Outcome),
    /// There was a copy, for another request.
    OtherVariant,
    /// Its fill failed, and there is no copy in its place.
    Failed,
    /// No level of the policy answers it, or its method or its content is not for copies.
    Method,
    NoLevel,
    Content,
}

/// What else is known of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    /// For how many seconds it is fresh; less than 0: since when it is not.
    pub(crate) ttl: Option<i64>,
    /// What came of asking the service behind.
    pub(crate) fetched: Option<Fetched>,
}

impl Facts {
    /// Of an answer whose copy is fresh until then.
    pub(crate) fn of(fresh_until: Option<Time>, now: Time, fetched: Option<Fetched>) -> Self {
        let fresh_until = fresh_until.filter(|until| *until != Time::NEVER);
        let nanos = fresh_until.map(|until| until.nanos().saturating_sub(now.nanos()));
        Self {
            ttl: nanos.map(|nanos| nanos.div_euclid(1_000_000_000)),
            fetched,
        }
    }
}

/// Adds `Cache-Status` to an answer: each cache on the way adds its own.
pub(crate) fn tell(
    response: &mut Response<Body>,
    cache: &str,
    level: Option<&str>,
    (how, facts): (How, Facts),
) {
    let (mut status, reason) = status(how);
    status.ttl = facts.ttl.filter(|_| status.hit || status.stored);
    if let (Some(why), Some(fetched)) = (&mut status.forwarded, facts.fetched) {
        if *why == Forwarded::UriMiss && fetched.had_copy {
            *why = Forwarded::Stale;
        }
        let is_other = fetched.status != response.status();
        status.forwarded_status = is_other.then(|| fetched.status.as_u16());
    }
    let detail = match (level, reason) {
        (Some(level), Some(reason)) => Some(format!("{level}: {reason}")),
        (Some(level), None) => Some(level.to_owned()),
        (None, reason) => reason.map(str::to_owned),
    };
    let status = CacheStatus {
        detail: detail.as_deref(),
        ..status
    };
    if let Some(value) = status.value(cache) {
        response.headers_mut().append(CACHE_STATUS, value);
    }
}

fn status(how: How) -> (CacheStatus<'static>, Option<&'static str>) {
    let hit = CacheStatus {
        hit: true,
        ..CacheStatus::default()
    };
    let forwarded = |why| CacheStatus {
        forwarded: Some(why),
        ..CacheStatus::default()
    };
    match how {
        How::Level(Outcome::Hit(Hit::Fresh)) => (hit, None),
        How::Level(Outcome::Hit(outcome)) => (hit, Some(outcome.as_str())),
        How::Level(Outcome::StaleOnError) => (hit, Some("stale-if-error")),
        How::Level(Outcome::Filled { reason, not_stored }) => {
            let why = match reason {
                FillReason::Early => Forwarded::Stale,
                FillReason::Missing | FillReason::WaitedInVain => Forwarded::UriMiss,
            };
            let status = CacheStatus {
                stored: not_stored.is_none(),
                ..forwarded(why)
            };
            (status, not_stored.map(ServeOnlyReason::as_str))
        }
        How::Level(Outcome::Waited) => {
            let status = CacheStatus {
                collapsed: true,
                ..forwarded(Forwarded::UriMiss)
            };
            (status, None)
        }
        How::Level(Outcome::Bypass(reason)) => (
            forwarded(Forwarded::Bypass),
            reason.map(BypassReason::as_str),
        ),
        How::OtherVariant => (forwarded(Forwarded::VaryMiss), None),
        How::Failed => (forwarded(Forwarded::UriMiss), Some("failed")),
        How::Method => (forwarded(Forwarded::Method), None),
        How::NoLevel => (forwarded(Forwarded::Bypass), Some("no-level")),
        How::Content => (forwarded(Forwarded::Bypass), Some("request-content")),
    }
}
