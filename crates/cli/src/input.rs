//! Everything that is read.

use anyhow::{Context as _, Result, anyhow, bail};
pub(crate) use cachepolicy_build::files::reason;
use memmap2::Mmap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

/// What stands for standard input.
pub(crate) const STDIN: &str = "-";

/// How messages and reports call it.
pub(crate) const STDIN_NAME: &str = "<stdin>";

/// What standard input was taken for already.
static STDIN_TAKEN: Mutex<Option<&'static str>> = Mutex::new(None);

/// An input that was opened.
pub(crate) struct Opened {
    /// Its bytes.
    pub(crate) reader: Box<dyn Read>,
    /// As messages call it.
    pub(crate) name: String,
    /// How many bytes it has, if that is known.
    pub(crate) size: Option<u64>,
}

/// Opens a file or, for `-`, standard input; `what` it is read for.
pub(crate) fn open(path: &Path, what: &'static str) -> Result<Opened> {
    if path == Path::new(STDIN) {
        take_stdin(what)?;
        let reader = Box::new(io::stdin());
        return Ok(Opened {
            reader,
            name: STDIN_NAME.to_owned(),
            size: None,
        });
    }
    let name = path.display().to_string();
    let metadata = fs::metadata(path).with_context(|| format!("cannot read `{name}`"))?;
    if metadata.is_dir() {
        bail!("cannot read `{name}`: it is a directory, and {what} is a file");
    }
    let file = File::open(path).with_context(|| format!("cannot read `{name}`"))?;
    // A device or a pipe has no size that means anything.
    let size = metadata.is_file().then_some(metadata.len());
    Ok(Opened {
        reader: Box::new(file),
        name,
        size,
    })
}

/// A file in memory, of which the operating system reads what is looked at.
#[expect(
    unsafe_code,
    reason = "a file that is shortened while it is mapped ends the process: that is the price of reading a trace of any length without a copy of it; what the bytes are is checked as they are read"
)]
pub(crate) fn map(path: &Path) -> Result<Mmap> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{name}`"))?;
    // SAFETY: nothing here writes to the file, and whatever is in it is taken as bytes alone.
    let mapped = unsafe { Mmap::map(&file) };
    mapped.with_context(|| format!("cannot read `{name}`"))
}

/// Does a file begin with these bytes? `false` where it is none, or cannot be read.
pub(crate) fn begins(path: &Path, is_it: impl Fn(&[u8]) -> bool) -> bool {
    let mut beginning = Vec::new();
    size(path).is_some()
        && File::open(path)
            .and_then(|file| file.take(BEGINNING_BYTES).read_to_end(&mut beginning))
            .is_ok()
        && is_it(&beginning)
}

/// So much of a file is looked at to tell what it is.
const BEGINNING_BYTES: u64 = 16;

/// The bytes of a file, where it is one and they can be known without reading it.
pub(crate) fn size(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    // A device or a pipe has no size that means anything.
    (path != Path::new(STDIN) && metadata.is_file()).then_some(metadata.len())
}

/// The whole of a file, or of standard input, but no more than `limit` bytes and one.
pub(crate) fn read(path: &Path, what: &'static str, limit: usize) -> Result<Vec<u8>> {
    let opened = open(path, what)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = opened.reader.take(limit).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read `{}`", opened.name))?;
    Ok(bytes)
}

/// Standard input can be read once: says so before anything is read. Each path with what it is.
pub(crate) fn only_one_stdin(inputs: &[(&Path, &'static str)]) -> Result<()> {
    let mut stdin = inputs.iter().filter(|(path, _)| *path == Path::new(STDIN));
    match (stdin.next(), stdin.next()) {
        (Some((_, first)), Some((_, second))) => Err(read_twice(first, second)),
        _ => Ok(()),
    }
}

fn take_stdin(what: &'static str) -> Result<()> {
    let mut taken = STDIN_TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = *taken {
        return Err(read_twice(before, what));
    }
    *taken = Some(what);
    Ok(())
}

fn read_twice(first: &str, second: &str) -> anyhow::Error {
    let uses = if first == second {
        String::new()
    } else {
        format!(", for {first} and for {second}")
    };
    anyhow!("`-` is given twice{uses}: standard input can be read only once")
}
