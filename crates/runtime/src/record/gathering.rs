//! What is gathered of one request, from its arrival to its last fill in the background.

use crate::level::Outcome;
use crate::record::{Raw, Recording};
use crate::request::Request;
use crate::trail::Filling;
use cachepolicy_core::decide::Hit;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_trace::CacheStatus;
use parking_lot::Mutex;
use std::sync::Arc;

/// A request that is recorded. It goes to the recorder when nobody has it any more.
pub(crate) struct Gathering {
    recording: Arc<Recording>,
    at: Time,
    request: Request,
    /// As it is written.
    target: String,
    answering: Answering,
    gathered: Mutex<Gathered>,
}

/// The levels that answer a request by its route.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Answering {
    /// The innermost one that is stored. What is made for it is the work of the innermost one.
    pub(crate) stored: Option<LevelId>,
    /// The innermost one.
    pub(crate) innermost: Option<LevelId>,
}

/// What became of a request.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) status: Option<u16>,
    pub(crate) bytes: Option<u64>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) cache_status: Option<CacheStatus>,
    pub(crate) data: Vec<(String, Vec<String>)>,
    pub(crate) fillings: Vec<Filling>,
    /// How long the work of the level that answers it took.
    pub(crate) cost: Option<Duration>,
}

/// A request that is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) at: Time,
    pub(crate) request: Request,
    pub(crate) target: String,
    pub(crate) gathered: Gathered,
}

impl core::fmt::Debug for Gathering {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("Gathering")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Gathering {
    pub(crate) fn begin(
        recording: Arc<Recording>,
        (at, request): (Time, Request),
        target: String,
        answering: Answering,
    ) -> Self {
        recording.open.begin(at);
        Self {
            recording,
            at,
            request,
            target,
            answering,
            gathered: Mutex::default(),
        }
    }

    pub(crate) fn filled(&self, mut filling: Filling) {
        let Answering { stored, innermost } = self.answering;
        let is_answering = stored == Some(filling.level);
        if self.recording.is_site(filling.level) && stored.is_some() && !is_answering {
            // It only passes on what is made inside.
            return;
        }
        let mut gathered = self.gathered.lock();
        if is_answering {
            filling.level = innermost.unwrap_or(filling.level);
            gathered.cost = Some(filling.took);
        }
        gathered.fillings.push(filling);
    }

    pub(crate) fn data(&self, name: &str, values: &[String]) {
        let data = &mut self.gathered.lock().data;
        match data.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => values.clone_into(known),
            None => data.push((name.to_owned(), values.to_owned())),
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn answered(&self, answer: crate::trail::Answer) {
        let mut gathered = self.gathered.lock();
        gathered.status = Some(answer.status);
        gathered.bytes = answer.bytes;
        gathered.ttl = answer.ttl;
        let is_source = |level: LevelId| self.recording.is_source(level);
        let has_source = gathered.fillings.iter().any(|it| is_source(it.level));
        gathered.cache_status = answer.served.map(|outcome| match outcome {
            Outcome::Filled { .. } if !has_source => CacheStatus::Hit,
            Outcome::Bypass(_)
                if !has_source && !self.answering.innermost.is_none_or(is_source) =>
            {
                CacheStatus::Hit
            }
            outcome => cache_status(outcome),
        });
    }
}

/// In nginx's words.
fn cache_status(outcome: Outcome) -> CacheStatus {
    match outcome {
        Outcome::Hit(Hit::Fresh | Hit::Negative) | Outcome::Waited => CacheStatus::Hit,
        Outcome::Hit(Hit::Stale) => CacheStatus::Updating,
        Outcome::StaleOnError => CacheStatus::Stale,
        Outcome::Filled { .. } => CacheStatus::Miss,
        Outcome::Bypass(_) => CacheStatus::Bypass,
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        let ended = Ended {
            at: self.at,
            request: self.request.clone(),
            target: core::mem::take(&mut self.target),
            gathered: core::mem::take(&mut *self.gathered.lock()),
        };
        self.recording.send(Raw::Request(Box::new(ended)));
        self.recording.open.end(self.at);
    }
}
