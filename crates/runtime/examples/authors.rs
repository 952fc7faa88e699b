//! Two objects in memory, one of which embeds the other, and a write that removes both.
//!
//! ```console
//! $ cachepolicy compile crates/runtime/examples/authors.cachepolicy -o authors.json
//! $ cargo run -p cachepolicy-runtime --example authors authors.json
//! ```
#![expect(clippy::print_stdout, reason = "an example")]

use cachepolicy_runtime::{Cache, Row, Served, Write, decode};
use std::convert::Infallible;
use std::time::{Duration, Instant};

/// The list could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(String);

/// A query that takes its time.
async fn query(what: String) -> Result<Option<String>, Infallible> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(Some(what))
}

/// An author, from the cache or the database.
async fn author(cache: &Cache, id: &str) -> Result<Served<String>, Box<dyn std::error::Error>> {
    let name = format!("author {id}");
    let author = cache.level("author")?.of([id]);
    Ok(author.get_or_load(move || query(name)).await?)
}

/// The list, which embeds its authors.
async fn top_authors(cache: &Cache) -> Result<Served<String>, Box<dyn std::error::Error>> {
    let inner = cache.clone();
    let served = cache.level("top_authors")?.get_or_load(move || async move {
        let mut names = Vec::new();
        for id in ["1", "2", "3"] {
            let author = author(&inner, id)
                .await
                .map_err(|error| Broken(error.to_string()))?;
            names.extend(author.value.map(|name| name.to_string()));
        }
        Ok::<_, Broken>(Some(names.join(", ")))
    });
    Ok(served.await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: authors ARTEFACT")?;
    let cache = Cache::builder(decode(&std::fs::read(file)?)?).build()?;
    for step in ["first", "again", "after a write of author 2"] {
        if step.starts_with("after") {
            let row = Row::new([("id", "2"), ("name", "another name")]);
            let written = cache
                .write(&Write::update("Author", row.clone(), row))
                .await?;
            println!("author 2 is written: {} copies removed", written.copies);
        }
        let began = Instant::now();
        let served = top_authors(&cache).await?;
        let took = began.elapsed().as_millis();
        println!("{step}: {:?} in {took} ms", served.outcome);
    }
    println!("{:#?}", cache.counters("author"));
    Ok(())
}
