//! `--events FILE`: everything that happens, one row each.

use crate::output::file::Destination;
use anyhow::{Context as _, Result, anyhow};
use cachepolicy_sim::Simulation;
use cachepolicy_sim::events::{COLUMNS, Happening, Names, Observer, Row};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file before the run.
pub(crate) struct EventsFile {
    writer: csv::Writer<Destination>,
    name: String,
}

/// The file during the run, which the simulation writes through its [`Observer`].
pub(super) struct EventsWritten {
    shared: Arc<Mutex<Shared>>,
    name: String,
}

struct Shared {
    writer: csv::Writer<Destination>,
    /// The first thing that went wrong: an observer cannot return it.
    failed: Option<csv::Error>,
}

impl EventsFile {
    /// Begins it with its header.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let destination = Destination::open(Some(path))?;
        let name = destination.name();
        let mut writer = csv::Writer::from_writer(destination);
        writer
            .write_record(COLUMNS)
            .with_context(|| format!("cannot write {name}"))?;
        Ok(Self { writer, name })
    }

    /// From here on it is told what happens.
    pub(super) fn observe(self, simulation: &mut Simulation) -> EventsWritten {
        let shared = Arc::new(Mutex::new(Shared {
            writer: self.writer,
            failed: None,
        }));
        simulation.observe(Box::new(Rows(Arc::clone(&shared))));
        EventsWritten {
            shared,
            name: self.name,
        }
    }
}

impl EventsWritten {
    /// Stops the run when nothing can be written any more.
    pub(super) fn check(&self) -> Result<()> {
        match lock(&self.shared).failed.take() {
            None => Ok(()),
            Some(error) => {
                Err(written(error)).with_context(|| format!("cannot write {}", self.name))
            }
        }
    }

    /// The run is over.
    pub(super) fn finish(self) -> Result<()> {
        self.check()?;
        let Self { shared, name } = self;
        // The simulation is gone, and its observer with it.
        let Some(shared) = Arc::into_inner(shared) else {
            return Ok(());
        };
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let destination = shared.writer.into_inner();
        let destination = destination.map_err(|error| error.into_error());
        destination
            .with_context(|| format!("cannot write {name}"))?
            .finish()
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the operating system says, where it is that.
fn written(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow!("{other:?}"),
    }
}

struct Rows(Arc<Mutex<Shared>>);

impl Observer for Rows {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        let mut shared = lock(&self.0);
        if shared.failed.is_some() {
            return;
        }
        let Shared { writer, failed } = &mut *shared;
        let row = Row::of(happening, names);
        if let Err(error) = writer.write_record(row.fields().iter().map(AsRef::as_ref)) {
            *failed = Some(error);
        }
    }
}
