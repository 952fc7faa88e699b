//! `cargo xtask web` and `cargo xtask npm`: the compiler and the simulator as WebAssembly, for the page of the
//! playground and for Node.

use crate::{order, same, toolchain};
use anyhow::{Context as _, Result, bail};
use cachepolicy_compiler::codes::{self, CodeDoc};
use serde_json::{Map, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// The page: `web/dist`.
pub(crate) fn page(root: &Path) -> Result<()> {
    let web = root.join("web");
    engine(root)?;
    npm(&web, &["ci", "--no-audit", "--no-fund"])?;
    npm(&web, &["run", "build"])?;
    // It looks for the page when it is run again.
    let looks = std::fs::File::options()
        .append(true)
        .open(root.join("crates/cli/build.rs"))?;
    looks.set_modified(std::time::SystemTime::now())?;
    eprintln!("✓ web/dist is built; the next `cargo build` puts it into the command line");
    Ok(())
}

/// Builds the page, and tries it in a browser; the package, and tries it in Node.
pub(crate) fn test(root: &Path) -> Result<()> {
    page(root)?;
    npm(&root.join("web"), &["test"])?;
    package(root)?;
    let script = root.join("crates/wasm/npm/test.mjs");
    let run = Command::new("node").arg(script).current_dir(root).status();
    if !run.context("node cannot be run")?.success() {
        bail!("the package does not work in Node");
    }
    Ok(())
}

/// What the page's sources import: `web/src/engine/pkg`.
pub(crate) fn engine(root: &Path) -> Result<()> {
    let module = module(root, &["--no-default-features"])?;
    let mut bindgen = Bindgen::new();
    bindgen.web(true).context("no module for browsers")?;
    let folder = root.join("web/src/engine/pkg");
    generate(&mut bindgen, &module, &folder)?;
    let file = folder.join("codes.json");
    std::fs::write(&file, pages()?).with_context(|| format!("cannot write {}", file.display()))
}

/// What `explainCode` gives of each code, for a page that fetches it when somebody asks.
fn pages() -> Result<String> {
    let pages = codes::codes().map(|doc| {
        let page = json!({
            "code": doc.code,
            "what": doc.what,
            "why": doc.why,
            "failing": CodeDoc::policy_of(doc.failing),
            "mended": CodeDoc::policy_of(doc.mended),
            "allow": doc.allow,
        });
        (doc.code.to_owned(), page)
    });
    Ok(serde_json::to_string(&pages.collect::<Map<_, _>>())?)
}

/// The package: `target/npm`.
pub(crate) fn package(root: &Path) -> Result<()> {
    let module = module(root, &[])?;
    let folder = root.join("target/npm");
    for (part, is_for_node) in [("node", true), ("bundler", false)] {
        let mut bindgen = Bindgen::new();
        if is_for_node {
            bindgen.nodejs(true).context("no module for Node")?;
        } else {
            bindgen.bundler(true).context("no module for bundlers")?;
        }
        generate(&mut bindgen, &module, &folder.join(part))?;
    }
    for file in ["package.json", "README.md"] {
        let from = root.join("crates/wasm/npm").join(file);
        std::fs::copy(&from, folder.join(file))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    // In a folder without a type of its own, Node takes the names of modules for the package's.
    std::fs::write(
        folder.join("node/package.json"),
        "{ \"type\": \"commonjs\" }\n",
    )?;
    eprintln!("✓ target/npm is a package: `npm pack ./target/npm`");
    Ok(())
}

fn generate(bindgen: &mut Bindgen, module: &Path, folder: &Path) -> Result<()> {
    bindgen
        .input_path(module)
        .out_name("cachepolicy")
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("cannot write {}", folder.display()))?;
    let module = folder.join("cachepolicy_bg.wasm");
    let written =
        std::fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let ordered = order::by_likeness(&same::once(&written)?)?;
    std::fs::write(&module, ordered).with_context(|| format!("cannot write {}", module.display()))
}

/// Builds the module with these features.
fn module(root: &Path, features: &[&str]) -> Result<PathBuf> {
    toolchain::complete(root)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = [
        "build",
        "--package",
        "cachepolicy-wasm",
        "--profile",
        "wasm",
        "--target",
        TARGET,
    ];
    let status = Command::new(cargo)
        .args(arguments)
        .args(features)
        .current_dir(root)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the module could not be built");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join(TARGET).join("wasm/cachepolicy_wasm.wasm"))
}

/// Runs npm in a folder.
pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let run = Command::new(name)
        .args(arguments)
        .current_dir(folder)
        .status();
    let status = run.context("npm cannot be run: install Node.js, of which it is a part")?;
    if !status.success() {
        bail!(
            "`npm {}` failed in {}",
            arguments.join(" "),
            folder.display()
        );
    }
    Ok(())
}
