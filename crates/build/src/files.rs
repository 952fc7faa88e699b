//! The files of a policy.

use crate::Error;
use cachepolicy_compiler::Loader;
use cachepolicy_syntax::decode;
use cachepolicy_syntax::limits::MAX_FILE_BYTES;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Imported files, beside the one that names them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl Loader for Files {
    fn load(&mut self, path: &str, _from: &str) -> Result<String, String> {
        text(Path::new(path))
    }
}

/// The text of a policy's own file.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    text(path).map_err(|why| Error(format!("cannot read `{}`: {why}", path.display())))
}

fn text(path: &Path) -> Result<String, String> {
    let bytes = bytes(path).map_err(|error| reason(&error))?;
    decode(&bytes)
        .map(str::to_owned)
        .map_err(|error| error.to_string())
}

/// One byte more than is allowed, so that the compiler can say that it is too large.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be had, in words without numbers where there are some.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
