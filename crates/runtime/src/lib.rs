//! What a service embeds: a compiled policy decides about the service's own copies.
//!
//! The decisions are those of `cachepolicy-core`, which the simulator drives with a virtual clock;
//! here the clock, the stores and the work are real.
//!
//! ```
//! # use cachepolicy_runtime::{Cache, Policy, Row, Write};
//! # #[derive(Debug)] struct Error;
//! # async fn query(slug: &str) -> Result<Option<String>, Error> { Ok(Some(slug.to_owned())) }
//! # async fn example(policy: Policy) -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::builder(policy).build()?;
//!
//! // Looks up, and makes it where there is none: how, for how long and for whom else says the policy.
//! let article = cache.level("article")?.of(["a-slug"]);
//! let text = article.get_or_load(|| query("a-slug")).await;
//!
//! // The policy's edges remove what shows the row.
//! let row = Row::new([("id", "7"), ("slug", "a-slug")]);
//! cache.write(&Write::update("Article", row.clone(), row))?;
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! Objects and fragments in the process's memory, by the eviction policies that the store knows
//! (`lru`, `fifo`, `s3fifo`, `sieve`, `wtinylfu`). A policy that needs more than there is, is refused
//! when the cache is built, by name: nothing is silently done otherwise.

mod builder;
mod cache;
mod context;
mod counters;
mod deliver;
mod entry;
mod fill;
mod flight;
mod level;
mod lookup;
mod request;
mod store;
mod time;
mod versions;
mod write;

pub use builder::{Builder, StartError};
pub use cache::Cache;
pub use cachepolicy_core::Policy;
pub use cachepolicy_core::artefact::{ArtefactError, decode};
pub use cachepolicy_core::decide::{BypassReason, FillReason, Hit, ServeOnlyReason};
pub use context::data;
pub use counters::Counters;
pub use level::{Failure, Key, Level, Outcome, Served, UnknownLevel};
pub use request::{Request, RequestBuilder};
pub use time::Clock;
pub use write::{Row, Value, Write, WriteError};
