//! What the flights of a level are made of, so that a test can try them with others that know every order
//! in which threads can come: see `tests/flights.rs`.

pub(crate) use parking_lot::Mutex;
pub(crate) use tokio::sync::oneshot;
