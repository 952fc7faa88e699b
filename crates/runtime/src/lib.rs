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
//! cache.write(&Write::update("Article", row.clone(), row)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! Objects and fragments in the process's memory, by the eviction policies that the store knows
//! (`lru`, `fifo`, `s3fifo`, `sieve`, `wtinylfu`), and with the feature `redis` in a Redis behind it, or
//! alone; invalidations within the process and over Redis. A policy that needs more than there is, is
//! refused when the cache is built, by name: nothing is silently done otherwise.
#![cfg_attr(
    not(all(feature = "http", feature = "redis")),
    allow(
        dead_code,
        reason = "what whole responses, and a store outside of the process, need"
    )
)]

mod builder;
mod bumps;
#[cfg(feature = "redis")]
mod bus;
mod bypass;
mod cache;
mod codec;
mod context;
mod counters;
mod deliver;
mod each;
mod entry;
pub mod figures;
mod fill;
mod flight;
mod held;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "record")]
mod inside;
mod level;
mod load;
mod lookup;
mod marks;
mod meant;
mod params;
mod peak;
#[cfg(feature = "record")]
mod record;
mod reload;
mod request;
mod size;
mod spans;
mod start_check;
mod start_error;
mod store;
mod sync;
mod tiers;
mod time;
mod trail;
mod typed;
mod versions;
#[cfg(feature = "redis")]
mod wire;
mod write;

pub use builder::Builder;
pub use cache::Cache;
pub use cachepolicy_core::Policy;
pub use cachepolicy_core::artefact::{ArtefactError, decode};
pub use cachepolicy_core::decide::{BypassReason, FillReason, Hit, ServeOnlyReason};
#[cfg(feature = "http")]
pub use cachepolicy_http::{strip_hop_by_hop, text as field_text};
#[cfg(feature = "json")]
pub use codec::Json;
#[cfg(feature = "postcard")]
pub use codec::Postcard;
pub use codec::{Bytes, Codec, CodecError};
pub use context::{Surroundings, data, surroundings};
pub use counters::{Counters, StoreCounters};
pub use deliver::Delivered;
pub use each::{Each, EachError};
#[cfg(feature = "http")]
pub use http::{Body, BodyError, HttpLayer, HttpOptions, HttpService};
pub use level::{Failure, Key, Level, Outcome, Served, UnknownLevel};
pub use load::{Load, LoadEach};
#[cfg(feature = "record")]
pub use record::{Recorded, Recorder};
pub use request::{Request, RequestBuilder};
pub use start_error::StartError;
#[cfg(feature = "redis")]
pub use store::redis::Redis;
pub use time::Clock;
pub use typed::{KeyOf, LevelOf};
pub use write::{Row, Value, Write, WriteError};
