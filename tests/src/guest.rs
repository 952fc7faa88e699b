//! The module that tests run in WebAssembly.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the guest, and gives the path of its module. `folder`: Cargo's for files of tests, beside which
/// is what was built for them, so that what the compiler runs need not be built once more. Its own stack,
/// in linear memory, has the 1 MiB that Rust's linker gives it.
#[must_use]
pub fn module(folder: &Path) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasm-guest/Cargo.toml");
    let target = folder.parent().expect("a folder of the target's");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--target",
            "wasm32-unknown-unknown",
            "--manifest-path",
        ])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "the guest was not built. If its target is not installed: rustup target add wasm32-unknown-unknown\n{errors}"
    );
    target.join("wasm32-unknown-unknown/debug/cachepolicy_wasm_guest.wasm")
}
