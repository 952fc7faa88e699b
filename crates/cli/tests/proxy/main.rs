//! The proxy as a process, over real sockets: what is bad comes in, and what must not be there is not kept.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod poisoning;
mod reload;
mod server;
mod users;

/// A policy that keeps whatever may be kept.
const GREEDY: &str = "policy greedy { edition 1; processes 1 }
backend front proxy
site all {
  route GET|HEAD \"/**\"
  store front
  ttl 1h
  negative ttl 1h
}
";
