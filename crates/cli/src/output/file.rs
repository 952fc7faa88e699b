//! `-o FILE`: written to the side and renamed when it is complete, so that nobody ever reads half a
//! file, and a full disk leaves what was there before.

use super::interrupt;
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 18;

/// Where a command's result goes.
pub(crate) enum Destination {
    /// Standard output.
    Stdout(BufWriter<io::Stdout>),
    /// A device or a pipe, which cannot be replaced by renaming.
    Direct {
        /// As the user named it.
        name: PathBuf,
        /// It.
        file: BufWriter<File>,
    },
    /// A file beside the one named, until [`Destination::finish`].
    Aside {
        /// The one named, links followed.
        target: PathBuf,
        /// Permissions of the file that is replaced.
        permissions: Option<Permissions>,
        /// Its bytes.
        file: BufWriter<File>,
        /// Removes it unless it is kept.
        temporary: TempPath,
    },
}

impl Destination {
    /// Opens it, before the work begins: a folder that cannot be written to is told at once.
    /// `None` and `-` are standard output.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())));
        };
        let existing = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                bail!("cannot write `{}`: it is a directory", path.display())
            }
            Ok(metadata) if !metadata.is_file() => return Self::direct(path),
            Ok(metadata) => Some(metadata.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write `{}`", path.display()));
            }
        };
        if let Some(folder) = folder_of(path).filter(|folder| !folder.is_dir()) {
            bail!(
                "cannot write `{}`: there is no folder `{}`",
                path.display(),
                folder.display()
            );
        }
        Self::aside(path, existing).with_context(|| format!("cannot write `{}`", path.display()))
    }

    fn direct(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .open(path)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Self::Direct {
            name: path.to_owned(),
            file,
        })
    }

    fn aside(path: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
        // A link stays a link: what it points to is replaced.
        let target = if permissions.is_some() {
            fs::canonicalize(path)?
        } else {
            path.to_owned()
        };
        let folder = folder_of(&target).unwrap_or(Path::new("."));
        let (file, temporary) = create_beside(folder)?.into_parts();
        interrupt::guard(&temporary);
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Self::Aside {
            target,
            permissions,
            file,
            temporary,
        })
    }

    /// Everything was written: the file gets its name. A reader of standard output that went away
    /// is no failure.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut stdout) => match stdout.flush() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other.context("cannot write to standard output"),
            },
            Self::Direct { name, mut file } => file
                .flush()
                .with_context(|| format!("cannot write `{}`", name.display())),
            Self::Aside {
                target,
                permissions,
                mut file,
                temporary,
            } => {
                let kept = file.flush().and_then(|()| {
                    if let Some(permissions) = permissions {
                        file.get_ref().set_permissions(permissions)?;
                    }
                    // What a full or failing disk has to say, it says here and not after the rename.
                    file.get_ref().sync_all()?;
                    let aside = temporary.to_path_buf();
                    temporary.persist(&target).map_err(|error| error.error)?;
                    interrupt::release(&aside);
                    Ok(())
                });
                kept.with_context(|| format!("cannot write `{}`", target.display()))
            }
        }
    }

    /// Writes a whole text and finishes.
    pub(crate) fn write_text(mut self, text: &str) -> Result<()> {
        let name = self.name();
        match self.write_all(text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other.with_context(|| format!("cannot write {name}"))?,
        }
        self.finish()
    }

    /// As messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdout(_) => "to standard output".to_owned(),
            Self::Direct { name: path, .. } | Self::Aside { target: path, .. } => {
                format!("`{}`", path.display())
            }
        }
    }

    /// Is it standard output?
    pub(crate) const fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout(_))
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Direct { file, .. } | Self::Aside { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Direct { file, .. } | Self::Aside { file, .. } => file.flush(),
        }
    }
}

/// The folder that a path names, if it names one.
fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| *folder != Path::new(""))
}

/// A new file with the permissions that any new file would get.
fn create_beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cachepolicy-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666));
        builder.tempfile_in(folder)
    }
    #[cfg(not(unix))]
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_before_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let mut file = Destination::open(Some(&path)).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the rest is removed"
        );
        Destination::open(Some(&path))
            .unwrap()
            .write_text("whole")
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn replaced_files_keep_their_links_and_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Destination::open(Some(&link))
            .unwrap()
            .write_text("new")
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[test]
    fn a_directory_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let error = Destination::open(Some(folder.path())).err().unwrap();
        assert!(error.to_string().contains("is a directory"), "{error}");
        let missing = folder.path().join("none/report.json");
        assert!(Destination::open(Some(&missing)).is_err());
    }
}
