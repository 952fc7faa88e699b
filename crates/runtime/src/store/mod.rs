//! Where copies lie: one file a kind of backend.

pub(crate) mod memory;
