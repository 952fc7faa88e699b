//! Stampede risk.

use serde::{Deserialize, Serialize};

/// How likely it is that an expiry of a key meets two or more fills at the same time, from its own
/// look-ups and the times that its fills took.
///
/// An expiry here is whatever makes a first fill begin, and is over when none runs any more. Where
/// there were R of them, and m met another look-up that found nothing fresh (with protection:
/// another fill), the probability is (m + 10p) / (R + 10), p being what independent look-ups of the
/// key's rate λ and its mean fill time D give: 1 − e^(−λD) without protection. So with bursts count
/// what was seen, and a key that was hardly ever filled is judged by its rate. The expected numbers
/// are made likewise, with 1 + λD.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct RiskFigures {
    /// The key.
    pub key: String,
    /// With the level's protection: 0..1.
    pub probability: f64,
    /// Without it.
    pub probability_unprotected: f64,
    /// Fills that an expiry meets in expectation, the first included; with the protection.
    pub concurrent: f64,
    /// Without it.
    pub concurrent_unprotected: f64,
    /// First fills that were observed.
    pub expiries: u64,
    /// Look-ups a second, from its first fill to the end of the run, which counts as at least a
    /// tenth of the run.
    pub arrival_rate: f64,
    /// The mean time of a first fill, in seconds.
    pub fill_time: f64,
    /// The worst that was observed.
    pub worst: RiskWorst,
}

/// The worst that happened to a key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct RiskWorst {
    /// Fills from its first fill until none ran any more.
    pub concurrent: u64,
    /// Look-ups that came meanwhile and found nothing fresh.
    pub met: u64,
    /// When the first fill began, in seconds from the trace's beginning.
    pub at: f64,
    /// Why there was no copy: `expiry`, `invalidation`, `flush`, `cold-start`, `deploy`, …
    pub cause: String,
}
