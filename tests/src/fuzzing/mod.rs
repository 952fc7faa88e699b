//! What any bytes are put through, by the fuzzer in `fuzz/` and by the tests: each target takes
//! bytes and panics where something does not hold that must hold for all bytes.
//!
//! A further trace format is a target by itself, named `trace-` and the format; it needs a folder of
//! examples in `fuzz/corpus`.

mod artefact;
mod compact;
mod json;
mod mutate;
mod policy;
mod sections;
mod simulate;
mod trace;

pub use json::mutate_sections;
pub use mutate::{Dictionary, Mutator};

use cachepolicy_trace::Format;
use std::path::PathBuf;

/// Something that takes any bytes.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name, and that of its folder in `fuzz/corpus`.
    pub name: String,
    check: Check,
}

#[derive(Debug, Clone, Copy)]
enum Check {
    Bytes(fn(&[u8])),
    /// Of a format, or told by the content.
    Trace(Option<Format>),
}

impl Target {
    /// Panics where something does not hold.
    pub fn check(&self, bytes: &[u8]) {
        match self.check {
            Check::Bytes(check) => check(bytes),
            Check::Trace(format) => trace::check(format, bytes),
        }
    }

    /// The folder of its examples.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        folder().join("corpus").join(&self.name)
    }

    /// The words that its inputs are made of, in the form of libFuzzer.
    #[must_use]
    pub fn dictionary(&self) -> PathBuf {
        folder()
            .join("dictionaries")
            .join(format!("{}.dict", self.name))
    }
}

/// All of them.
#[must_use]
pub fn targets() -> Vec<Target> {
    let named = [
        ("policy", Check::Bytes(policy::check)),
        ("artefact", Check::Bytes(artefact::check)),
        ("simulate", Check::Bytes(simulate::check)),
        ("trace", Check::Trace(None)),
    ];
    let named = named.map(|(name, check)| Target {
        name: name.to_owned(),
        check,
    });
    let formats = Format::all().map(|format| Target {
        name: format!("trace-{}", format.name()),
        check: Check::Trace(Some(format)),
    });
    named.into_iter().chain(formats).collect()
}

/// The one of that name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    targets().into_iter().find(|target| target.name == name)
}

/// Where the fuzzer's package and its corpus are.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}
