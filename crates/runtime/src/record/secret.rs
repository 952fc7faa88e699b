//! The secret of the hashes: beside the trace, so that all processes and all runs have the same.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// The secret that stands there, or a new one. The file is for its owner alone.
pub(crate) fn secret(path: &Path, new: [u8; 16]) -> io::Result<[u8; 16]> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let mut text: String = new.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push('\n');
            // At once: whoever reads it meanwhile reads all or nothing.
            file.write_all(text.as_bytes())?;
            Ok(new)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> io::Result<[u8; 16]> {
    let text = fs::read_to_string(path)?;
    let text = text.trim();
    let number = u128::from_str_radix(text, 16).ok();
    let number = number.filter(|_| text.len() == 32);
    let number = number.ok_or_else(|| {
        let what = "it has not the 32 hexadecimal digits that the recorder writes: remove it";
        io::Error::new(io::ErrorKind::InvalidData, what)
    })?;
    Ok(number.to_be_bytes())
}
