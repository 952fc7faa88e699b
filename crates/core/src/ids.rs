//! Dense numbers of what a policy declares: indices into the lists of [`crate::Policy`].

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u16);

        impl $name {
            /// As an index.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

ids! {
    /// A model.
    ModelId,
    /// A field of a model: an index into that model's fields.
    FieldId,
    /// A request dimension.
    DimensionId,
    /// An origin.
    OriginId,
    /// A backend.
    BackendId,
    /// A bus.
    BusId,
    /// A level.
    LevelId,
    /// A block of invalidation edges (`on …`).
    EdgeId,
    /// A workload.
    WorkloadId,
}
