//! The files of a trace: each has a name of its own only when it is complete.

use cachepolicy_core::units::Time;
use cachepolicy_trace::{Event, EventWriter, Format, Recorded, WriteError};
use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Numbers have so many digits, so that files sort by age.
const DIGITS: usize = 6;

/// A file that is being written.
pub(crate) struct Current {
    writer: Box<dyn EventWriter>,
    out: Out,
    part: PathBuf,
    whole: PathBuf,
    pub(crate) last: Time,
    pub(crate) events: u64,
}

/// The file beneath the writer, and how much there is in it.
#[derive(Clone)]
struct Out {
    file: Rc<RefCell<BufWriter<File>>>,
    bytes: Rc<Cell<u64>>,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.borrow_mut().write(bytes)?;
        self.bytes.set(self.bytes.get() + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.borrow_mut().flush()
    }
}

/// `trace.jsonl` becomes `trace.000001.jsonl`, `trace.000002.jsonl` and so on.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    folder: PathBuf,
    stem: String,
    extension: String,
}

impl Names {
    /// Of a file that was asked for; `None`: it has no name.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_string_lossy().into_owned();
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
            _ => (name.as_str(), String::new()),
        };
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
        Some(Self {
            folder: folder.unwrap_or(Path::new(".")).to_path_buf(),
            stem: stem.to_owned(),
            extension,
        })
    }

    fn file(&self, number: u64) -> PathBuf {
        let (stem, extension) = (&self.stem, &self.extension);
        self.folder
            .join(format!("{stem}.{number:0DIGITS$}{extension}"))
    }

    fn part(&self, number: u64) -> PathBuf {
        let mut part = self.file(number).into_os_string();
        part.push(".part");
        part.into()
    }

    /// Where the secret of its hashes stands.
    pub(crate) fn secret(&self) -> PathBuf {
        self.folder
            .join(format!("{}{}.key", self.stem, self.extension))
    }

    /// The number of a file of this trace, complete or not.
    fn number(&self, name: &str) -> Option<u64> {
        let rest = name.strip_prefix(&self.stem)?.strip_prefix('.')?;
        let rest = rest.strip_suffix(".part").unwrap_or(rest);
        let number = rest.strip_suffix(&self.extension)?;
        let is_number = number.len() >= DIGITS && number.bytes().all(|it| it.is_ascii_digit());
        number.parse().ok().filter(|_| is_number)
    }

    fn numbers(&self) -> io::Result<Vec<(u64, bool)>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if let Some(number) = self.number(&name) {
                numbers.push((number, name.ends_with(".part")));
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Removes the oldest complete files, so that no more than `keep` are left.
    pub(crate) fn prune(&self, keep: usize) -> io::Result<()> {
        let numbers = self.numbers()?;
        let complete = numbers.iter().filter(|(_, is_part)| !is_part);
        let count = complete.clone().count();
        for (number, _) in complete.take(count.saturating_sub(keep)) {
            fs::remove_file(self.file(*number))?;
        }
        Ok(())
    }
}

impl Current {
    /// A new one, with a number above all others.
    pub(crate) fn create(names: &Names) -> io::Result<Self> {
        let mut number = names.numbers()?.last().map_or(1, |(number, _)| number + 1);
        loop {
            let part = names.part(number);
            match OpenOptions::new().write(true).create_new(true).open(&part) {
                Ok(file) => return Self::of(file, part, names.file(number)),
                // Another process records there too.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn of(file: File, part: PathBuf, whole: PathBuf) -> io::Result<Self> {
        let out = Out {
            file: Rc::new(RefCell::new(BufWriter::new(file))),
            bytes: Rc::default(),
        };
        let format = Format::named("jsonl");
        let writer = format.and_then(|format| format.writer(Box::new(out.clone())));
        let writer = writer.ok_or_else(|| io::Error::other("there is no such format"))?;
        Ok(Self {
            writer,
            out,
            part,
            whole,
            last: Time::DISTANT_PAST,
            events: 0,
        })
    }

    /// One more event.
    pub(crate) fn write(&mut self, event: &Event) -> io::Result<()> {
        self.last = event.at();
        self.events += 1;
        self.writer.write(event).map_err(|error| match error {
            WriteError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })
    }

    /// What was written can be read.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// So far.
    pub(crate) fn bytes(&self) -> u64 {
        self.out.bytes.get()
    }

    /// It is complete, and says what it lacks.
    pub(crate) fn finish(mut self, recorded: &Recorded) -> io::Result<()> {
        self.out.write_all(recorded.line(self.last).as_bytes())?;
        self.out.flush()?;
        fs::rename(&self.part, &self.whole)
    }
}
