//! Where copies are kept.

pub(crate) mod memory;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod shared;

use memory::Memory;
use shared::Shared;
use std::sync::Arc;

/// A backend's store.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// In the process: asked without waiting.
    Memory(Arc<Memory>),
    /// Shared by several processes: asked over a wire.
    Shared(Arc<dyn Shared>),
}

impl Store {
    /// Where it is in the process.
    pub(crate) fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            Self::Shared(_) => None,
        }
    }
}
