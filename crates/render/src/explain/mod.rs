//! What a policy does to one request, and what one write removes; in words and as JSON.

mod human;
mod key;
mod lifetimes;
mod removal;
mod request;
mod walk;
mod writes;

pub use human::{removal as removal_for_people, request as request_for_people};
pub use removal::{Removal, Written, explain as explain_write, parse as parse_write};
pub use request::Request;
pub use walk::explain as explain_request;

#[cfg(test)]
mod tests;
