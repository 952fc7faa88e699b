//! Makes the code of all policies to start from, and of one whose names Rust has for itself:
//! `tests/embedding.rs` compiles it.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../policies");
    let mut policies = vec![PathBuf::from("data/embedding/words.cachepolicy")];
    for entry in fs::read_dir("../policies")? {
        policies.push(entry?.path());
    }
    // Its leak is what it is there for.
    policies.retain(|path| !path.ends_with("django-tutorial.cachepolicy"));
    policies.sort();
    for path in policies {
        cachepolicy_build::policy(path)
            .allow("warnings")
            .compile()?;
    }
    Ok(())
}
