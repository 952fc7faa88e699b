//! `--events FILE`: everything that happens, one row each.

use crate::output::file::Destination;
use anyhow::{Context as _, Result, anyhow};
use cachepolicy_sim::events::{COLUMNS, Happening, Names, Observer, Row};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

/// The file, which the simulation writes through its [`Observer`].
pub(super) struct EventsFile {
    shared: Rc<RefCell<Shared>>,
    name: String,
}

struct Shared {
    writer: csv::Writer<Destination>,
    /// The first thing that went wrong: an observer cannot return it.
    failed: Option<csv::Error>,
}

impl EventsFile {
    /// Begins it with its header.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let destination = Destination::open(Some(path))?;
        let name = destination.name();
        let mut writer = csv::Writer::from_writer(destination);
        writer
            .write_record(COLUMNS)
            .with_context(|| format!("cannot write {name}"))?;
        Ok(Self {
            shared: Rc::new(RefCell::new(Shared {
                writer,
                failed: None,
            })),
            name,
        })
    }

    /// What the simulation tells.
    pub(super) fn observer(&self) -> Box<dyn Observer> {
        Box::new(Rows(Rc::clone(&self.shared)))
    }

    /// Stops the run when nothing can be written any more.
    pub(super) fn check(&self) -> Result<()> {
        match self.shared.borrow_mut().failed.take() {
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
        let Some(shared) = Rc::into_inner(shared) else {
            return Ok(());
        };
        let destination = shared.into_inner().writer.into_inner();
        let destination = destination.map_err(|error| error.into_error());
        destination
            .with_context(|| format!("cannot write {name}"))?
            .finish()
    }
}

/// What the operating system says, where it is that.
fn written(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow!("{other:?}"),
    }
}

struct Rows(Rc<RefCell<Shared>>);

impl Observer for Rows {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        let mut shared = self.0.borrow_mut();
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
