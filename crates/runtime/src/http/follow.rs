//! What surrounds a request's work, and what is told of its answer.

use crate::context::Context;
use crate::http::answer::How;
use crate::http::body::Body;
use crate::http::service::Shared;
use crate::http::stored::Stored;
use crate::level::Outcome;
use crate::trail::{Answer, Trail};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Duration;
use http::Response;
use http::request::Parts;

/// What is told of an answer to whoever follows the request: as it is kept, whatever its client wanted of
/// it.
pub(crate) fn told(response: &Response<Body>, stored: Option<&Stored>, how: How) -> Answer {
    let seconds =
        |seconds: u64| i64::try_from(seconds).map_or(Duration::FOREVER, Duration::from_secs);
    let said = response.headers().get_all(http::header::CACHE_CONTROL);
    let mut said = said.iter().filter_map(|it| it.to_str().ok());
    let is_kept_nowhere = said.any(|it| it.contains("no-store") || it.contains("private"));
    Answer {
        status: stored.map_or(response.status(), |it| it.status).as_u16(),
        bytes: match stored {
            Some(stored) => Some(stored.body.len() as u64),
            None => http_body::Body::size_hint(response.body()).exact(),
        },
        ttl: match stored.and_then(|it| it.fresh_for) {
            None if is_kept_nowhere => Some(Duration::ZERO),
            fresh_for => fresh_for.map(seconds),
        },
        served: match how {
            How::Level(outcome) => Some(outcome),
            How::Method | How::NoLevel | How::Content => Some(Outcome::Bypass(None)),
            How::OtherVariant | How::Failed => None,
        },
    }
}

impl Shared {
    /// What a request's work knows of it, and who follows it; `innermost`: of the levels that answer.
    pub(crate) fn surroundings(
        &self,
        parts: &Parts,
        host: &str,
        innermost: Option<LevelId>,
    ) -> Context {
        let request = self.carried(parts, host);
        #[cfg(feature = "record")]
        let trail = self.cache.follow(&request, innermost, Trail::default());
        #[cfg(not(feature = "record"))]
        let (trail, _) = (Trail::default(), innermost);
        Context {
            request: Some(request),
            notes: None,
            trail,
        }
    }
}
