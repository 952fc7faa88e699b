//! Puts the page of the playground into the program, compressed, where it has been built (`cargo xtask web`).

use flate2::Compression;
use flate2::write::GzEncoder;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What the page is made of, and what browsers call it.
const TYPES: [(&str, &str); 9] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("png", "image/png"),
    ("woff2", "font/woff2"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let own = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let page = own.join("../../web/dist");
    // A path that is not there would make every build a new one: whoever builds the page touches this file.
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    if page.is_dir() {
        println!("cargo::rerun-if-changed={}", page.display());
        files_in(&page, &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut code = "&[\n".to_owned();
    for file in &files {
        let ending = file.extension().and_then(|ending| ending.to_str());
        let Some((_, kind)) = TYPES.iter().find(|(own, _)| Some(*own) == ending) else {
            continue;
        };
        let name = file
            .strip_prefix(&page)?
            .to_string_lossy()
            .replace('\\', "/");
        let place = out.join(format!("{}.gz", name.replace('/', "-")));
        let mut compressed = GzEncoder::new(fs::File::create(&place)?, Compression::best());
        compressed.write_all(&fs::read(file)?)?;
        compressed.finish()?;
        writeln!(
            code,
            "    File {{ path: {name:?}, kind: {kind:?}, compressed: include_bytes!({place:?}) }},"
        )?;
    }
    code.push_str("]\n");
    fs::write(out.join("playground.rs"), code)?;
    Ok(())
}

fn files_in(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_in(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
