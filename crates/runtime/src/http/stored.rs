//! Responses, as they are kept.

use crate::http::body::{self, Body};
use crate::load::About;
use bytes::Bytes;
use cachepolicy_core::units::Time;
use cachepolicy_http::{Range, Selected, is_not_modified, not_modified, range};
use http::header::{ACCEPT_RANGES, AGE, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use parking_lot::Mutex;

/// What a level's fill makes.
pub(crate) struct Made {
    pub(crate) answer: Answer,
    pub(crate) about: About,
    /// What came of asking the service behind, if that was asked for it.
    pub(crate) fetched: Option<Fetched>,
}

/// The service behind was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fetched {
    /// There was a copy, which was too old.
    pub(crate) had_copy: bool,
    /// The status of its answer.
    pub(crate) status: StatusCode,
}

pub(crate) enum Answer {
    /// A response that is kept, or could be.
    Whole(std::sync::Arc<Stored>),
    /// Responses of this key are told apart by these fields of their requests: look again by them.
    Varies(Vec<String>),
    /// One for whoever asked, taken once.
    Passing(Mutex<Option<Response<Body>>>),
}

impl Made {
    pub(crate) fn passing(response: Response<Body>) -> Self {
        Self {
            answer: Answer::Passing(Mutex::new(Some(response))),
            about: About {
                is_for_one: true,
                ..About::default()
            },
            fetched: None,
        }
    }

    /// What stands where whoever does not know these names looks; `None`: there are none.
    pub(crate) fn signpost(names: &[String]) -> Option<Self> {
        (!names.is_empty()).then(|| Self {
            answer: Answer::Varies(names.to_vec()),
            about: About::default(),
            fetched: None,
        })
    }

    /// What was read in a store.
    #[cfg(feature = "redis")]
    pub(crate) fn from_store(answer: Answer) -> Self {
        Self {
            answer,
            about: About::default(),
            fetched: None,
        }
    }

    /// Bytes that it takes: its content and its fields.
    pub(crate) fn size(&self) -> usize {
        match &self.answer {
            Answer::Whole(stored) => {
                let fields = stored.headers.iter();
                let fields = fields.map(|(name, value)| name.as_str().len() + value.len());
                stored.body.len() + fields.sum::<usize>()
            }
            Answer::Varies(names) => names.iter().map(String::len).sum(),
            Answer::Passing(_) => 0,
        }
    }

    /// The response that passes through; `None`: it is one that is kept, or was taken already.
    pub(crate) fn take(&self) -> Option<Response<Body>> {
        match &self.answer {
            Answer::Whole(_) | Answer::Varies(_) => None,
            Answer::Passing(response) => response.lock().take(),
        }
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) status: StatusCode,
    /// As a shared cache keeps them.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// For which requests it was chosen.
    pub(crate) selected: Selected,
    /// When it came, or was last found to hold still.
    pub(crate) came: Time,
    /// How old it was then, in seconds.
    pub(crate) age: u64,
    /// For how long it says that it is fresh from then on, in seconds; `None`: it does not say.
    pub(crate) fresh_for: Option<u64>,
    /// Once it is stale nobody may have it.
    pub(crate) never_stale: bool,
    /// For how long it says that it may be served stale while it is made anew, in seconds.
    pub(crate) while_revalidate: Option<u64>,
    /// And in place of an error.
    pub(crate) if_error: Option<u64>,
}

impl Stored {
    /// Its age, in whole seconds.
    pub(crate) fn age(&self, now: Time) -> u64 {
        let nanos = u64::try_from(now.since(self.came).nanos()).unwrap_or(0);
        self.age.saturating_add(nanos / 1_000_000_000)
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, method: &Method, request: &HeaderMap, now: Time) -> Response<Body> {
        let mut headers = self.headers.clone();
        headers.insert(AGE, HeaderValue::from(self.age(now)));
        let is_success = self.status.is_success();
        if is_success && is_not_modified(request, &self.headers) {
            return respond(
                StatusCode::NOT_MODIFIED,
                not_modified(&headers),
                Bytes::new(),
            );
        }
        let length = self.body.len() as u64;
        let part = if self.status == StatusCode::OK && *method == Method::GET {
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
            range(request, &self.headers, length)
        } else {
            Range::Whole
        };
        match part {
            Range::Whole => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
                let is_head = *method == Method::HEAD;
                let body = if is_head {
                    Bytes::new()
                } else {
                    self.body.clone()
                };
                respond(self.status, headers, body)
            }
            Range::Part(first, last) => {
                let content = format!("bytes {first}-{last}/{length}");
                insert(&mut headers, CONTENT_RANGE, &content);
                headers.insert(CONTENT_LENGTH, HeaderValue::from(last - first + 1));
                let (first, last) = (first as usize, last as usize);
                let body = self.body.slice(first..=last);
                respond(StatusCode::PARTIAL_CONTENT, headers, body)
            }
            Range::Unsatisfiable => {
                let mut headers = not_modified(&headers);
                insert(&mut headers, CONTENT_RANGE, &format!("bytes */{length}"));
                respond(StatusCode::RANGE_NOT_SATISFIABLE, headers, Bytes::new())
            }
        }
    }
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

pub(crate) fn respond(status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(body::whole(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
