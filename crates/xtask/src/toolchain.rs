//! What the tests need beside the compiler: components and targets of the pinned toolchain.

use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::Command;

/// The browser's target: tests build the pure crates for it.
const WASM: &str = "wasm32-unknown-unknown";

/// Installs what is missing, by rustup where it is there.
pub(crate) fn complete(root: &Path) -> Result<()> {
    for (tool, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        let works = Command::new(tool)
            .arg("--version")
            .current_dir(root)
            .output();
        if !works.is_ok_and(|output| output.status.success()) {
            rustup(root, &["component", "add", component])?;
        }
    }
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(root)
        .output();
    let sysroot = sysroot.context("cannot run rustc")?.stdout;
    let sysroot = String::from_utf8_lossy(&sysroot);
    if !Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM)
        .is_dir()
    {
        rustup(root, &["target", "add", WASM])?;
    }
    Ok(())
}

fn rustup(root: &Path, arguments: &[&str]) -> Result<()> {
    let what = format!("rustup {}", arguments.join(" "));
    eprintln!("{what}");
    match Command::new("rustup")
        .args(arguments)
        .current_dir(root)
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!("`{what}` failed"),
        Err(error) => Err(error)
            .with_context(|| format!("this Rust is incomplete, and `{what}` cannot be run")),
    }
}
