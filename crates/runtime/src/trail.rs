//! What is told of a request while it is answered, for whoever records it.

#[cfg(feature = "record")]
use cachepolicy_core::ids::LevelId;
#[cfg(any(feature = "http", feature = "record"))]
use cachepolicy_core::units::Duration;
#[cfg(feature = "record")]
use std::sync::Arc;

/// A request's trail. Nobody follows it unless the request is recorded. Cheap to clone; what is recorded
/// goes on its way when nobody has it any more, also not the fills in the background.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    #[cfg(feature = "record")]
    pub(crate) gathering: Option<Arc<crate::record::Gathering>>,
    /// Whether it is followed has been decided.
    #[cfg(feature = "record")]
    pub(crate) is_decided: bool,
}

/// A fill that ended.
#[cfg(feature = "record")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filling {
    pub(crate) level: LevelId,
    /// How long its own work took, without what it looked up.
    pub(crate) took: Duration,
    pub(crate) end: FillingEnd,
}

/// What a fill's work came to.
#[cfg(feature = "record")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FillingEnd {
    Value,
    Absent,
    Failed,
}

/// How a request was answered.
#[cfg(feature = "http")]
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "record"), allow(dead_code, reason = "nobody records"))]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: Option<u64>,
    /// For how long the response says that it is fresh.
    pub(crate) ttl: Option<Duration>,
    pub(crate) served: Option<crate::level::Outcome>,
}

#[cfg_attr(
    not(feature = "record"),
    allow(clippy::unused_self, reason = "nobody records")
)]
impl Trail {
    /// Does somebody follow it?
    #[cfg(feature = "record")]
    pub(crate) fn is_followed(&self) -> bool {
        self.gathering.is_some()
    }

    /// A fill ended.
    #[cfg(feature = "record")]
    pub(crate) fn filled(&self, filling: Filling) {
        if let Some(gathering) = &self.gathering {
            gathering.filled(filling);
        }
    }

    /// The work said what the policy declares as `data NAME`.
    pub(crate) fn data(&self, name: &str, values: &[String]) {
        #[cfg(feature = "record")]
        if let Some(gathering) = &self.gathering {
            gathering.data(name, values);
        }
        #[cfg(not(feature = "record"))]
        let _ = (name, values);
    }

    /// The request was answered.
    #[cfg(feature = "http")]
    pub(crate) fn answered(&self, answer: Answer) {
        #[cfg(feature = "record")]
        if let Some(gathering) = &self.gathering {
            gathering.answered(answer);
        }
        #[cfg(not(feature = "record"))]
        let _ = answer;
    }
}
