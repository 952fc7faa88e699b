//! `cargo xtask docs`: the reference pages, from the tables that the compiler itself works by.

use anyhow::{Context as _, Result};
use cachepolicy_compiler::reference;
use std::fs;
use std::path::Path;

/// Writes the pages and says which changed.
pub(crate) fn run(root: &Path) -> Result<()> {
    let folder = root.join("docs/reference");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (name, page) in reference::pages() {
        let path = folder.join(name);
        let changed = fs::read_to_string(&path).ok().as_deref() != Some(page.as_str());
        if changed {
            fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!(
            "docs/reference/{name}: {}",
            if changed { "written" } else { "as it was" }
        );
    }
    Ok(())
}
