//! What a policy does to one request, and what one write removes; in words and as JSON.

mod human;
mod key;
mod lifetimes;
mod removal;
mod request;
mod walk;
mod writes;

pub(crate) use human::{removal as removal_for_people, request as request_for_people};
pub(crate) use removal::{explain as explain_write, parse as parse_write};
pub(crate) use request::Request;
pub(crate) use walk::explain as explain_request;

#[cfg(test)]
mod tests;
