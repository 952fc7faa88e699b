//! How much room copies take, where a backend's capacity is in bytes.

use crate::codec::AnyCodec;
use crate::entry::{Entry, Shared};
use crate::start_error::StartError;
use cachepolicy_core::ids::BackendId;
use cachepolicy_core::{Policy, level::Level};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// How many bytes a value takes; `None`: it is of another type.
type Measuring = dyn Fn(&Shared) -> Option<usize> + Send + Sync;

/// See [`Measuring`].
#[derive(Clone)]
pub(crate) struct Measure(Arc<Measuring>);

impl Measure {
    /// By what a service says.
    pub(crate) fn by<T: Send + Sync + 'static>(
        size: impl Fn(&T) -> usize + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |value| value.downcast_ref().map(&size)))
    }
}

impl core::fmt::Debug for Measure {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Measure")
    }
}

/// How values of a level are measured.
#[derive(Clone)]
enum Measured {
    By(Measure),
    /// As many bytes as this writes.
    Written(Arc<dyn AnyCodec>),
}

/// By level: how the values in a backend are measured.
#[derive(Clone)]
pub(crate) struct Sizes {
    levels: Vec<Option<Measured>>,
}

impl Sizes {
    /// Of the levels in a backend, by their names; an error where nobody knows how large values are.
    pub(crate) fn of(
        policy: &Policy,
        backend: BackendId,
        measures: &FxHashMap<String, Measure>,
        codecs: &FxHashMap<String, Arc<dyn AnyCodec>>,
    ) -> Result<Self, StartError> {
        let is_here = |level: &Level| level.tiers.iter().any(|tier| tier.backend == backend);
        let of = |level: &Level| {
            let by = measures.get(&level.name).cloned().map(Measured::By);
            let written = || codecs.get(&level.name).cloned().map(Measured::Written);
            match by.or_else(written) {
                None if is_here(level) => Err(StartError::Size {
                    level: level.name.clone(),
                    backend: policy
                        .backends
                        .get(backend.index())
                        .map_or_else(String::new, |it| it.name.clone()),
                }),
                measured => Ok(measured),
            }
        };
        let levels = policy.levels.iter().map(of).collect::<Result<_, _>>()?;
        Ok(Self { levels })
    }

    /// At least one byte, so that absences cannot be without number. What cannot be measured is larger than
    /// any store.
    pub(crate) fn size(&self, entry: &Entry) -> usize {
        let level = self.levels.get(entry.name.level.index());
        let size = match (level, &entry.value) {
            (_, None) => Some(1),
            (Some(Some(Measured::By(measure))), Some(value)) => (measure.0)(value),
            (Some(Some(Measured::Written(codec))), Some(value)) => {
                codec.encode(value).ok().map(|bytes| bytes.len())
            }
            _ => None,
        };
        size.map_or(usize::MAX, |size| size.max(1))
    }
}
