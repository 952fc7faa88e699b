//! What HTTP says about keeping responses and answering with them, as functions without I/O and
//! without a clock: RFC 9111 (caching), RFC 5861 (stale answers), RFC 9213 (`CDN-Cache-Control`), RFC
//! 9211 (`Cache-Status`), and of RFC 9110 conditional requests and ranges.
//!
//! A policy decides for how long a response is kept and for whom; this decides what it must not keep,
//! and what the response says itself where the policy asks it (`ttl from response`). All of it is from
//! the view of a shared cache.
//!
//! Instants are whole seconds since 1970 (UTC), lengths of time are whole seconds, as in the fields.

mod cache_status;
mod conditional;
mod directives;
mod fields;
mod freshness;
mod range;
mod stored;
mod vary;

pub use cache_status::{CacheStatus, Forwarded};
pub use conditional::{Validators, is_not_modified, not_modified};
pub use directives::Directives;
pub use fields::text;
pub use freshness::{NotKept, Said};
pub use range::{Range, range};
pub use stored::{kept_fields, refreshed, strip_hop_by_hop};
pub use vary::{Selected, values};
