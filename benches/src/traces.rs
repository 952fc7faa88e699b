//! Key-value traces in memory, for comparisons with other programs.

use anyhow::{Context as _, Result, bail, ensure};
use cachepolicy_trace::{Access, AccessKey, Event, Format, ReadOptions};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Keys are numbered from 0 by their first appearance.
    pub key: u32,
    /// In bytes; 1 where the trace has no sizes.
    pub size: u32,
}

/// A trace that comes with the project.
#[must_use]
pub fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/kv")
        .join(name)
}

/// Reads a whole trace. Files that end in `.xz` are cache2k's: four bytes a request.
///
/// # Errors
/// When it cannot be read, or holds other events than accesses.
pub fn load(path: &Path) -> Result<Vec<Read>> {
    let name = path.display().to_string();
    if path.extension().is_some_and(|extension| extension == "xz") {
        return load_numbers(path);
    }
    let format = if name.contains(".trace.") {
        Format::named("keys")
    } else {
        None
    };
    let options = ReadOptions {
        format,
        ..ReadOptions::default()
    };
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mut source = cachepolicy_trace::open(Box::new(file), &name, &options)?;
    let mut keys: HashMap<AccessKey, u32> = HashMap::new();
    let mut reads = Vec::new();
    let mut event = Event::default();
    while source.next(&mut event)? {
        let Event::Access(Access { key, bytes, .. }) = &event else {
            bail!("{name} has other events than accesses");
        };
        let next = u32::try_from(keys.len())?;
        reads.push(Read {
            key: *keys.entry(key.clone()).or_insert(next),
            size: u32::try_from(bytes.unwrap_or(1))?,
        });
    }
    Ok(reads)
}

fn load_numbers(path: &Path) -> Result<Vec<Read>> {
    let unpacked = Command::new("xz").arg("-dc").arg(path).output();
    let unpacked = unpacked.context("cannot run xz")?;
    ensure!(
        unpacked.status.success(),
        "xz cannot read {}: {}",
        path.display(),
        String::from_utf8_lossy(&unpacked.stderr)
    );
    let mut keys: HashMap<&[u8], u32> = HashMap::new();
    let mut reads = Vec::new();
    for key in unpacked.stdout.chunks_exact(4) {
        let next = u32::try_from(keys.len())?;
        let key = *keys.entry(key).or_insert(next);
        reads.push(Read { key, size: 1 });
    }
    Ok(reads)
}
