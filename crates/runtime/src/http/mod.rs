//! Levels with a route: a tower layer that answers requests from copies of whole responses.
//!
//! The policy says for which requests there are copies, how long they live and what removes them; what
//! HTTP forbids is not kept whatever the policy says (see `cachepolicy-http`), and what a response says
//! of itself counts where the policy asks for it (`ttl from response`).

mod answer;
mod body;
#[cfg(feature = "redis")]
pub(crate) mod codec;
mod fetch;
mod follow;
mod invalidate;
mod options;
mod outgoing;
mod quick;
mod service;
pub(crate) mod stored;
mod variants;

pub use body::{Body, BodyError};
pub use options::HttpOptions;
pub use service::{HttpLayer, HttpService};
pub(crate) use variants::Variants;
