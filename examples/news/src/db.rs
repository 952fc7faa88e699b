//! The database: SQLite in memory, with every version of every article, so that it can answer as a
//! replica does that is 200 ms behind. Queries take as long as they would on another machine.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// How far the replica is behind, as the policy says.
const LAG: Duration = Duration::from_millis(200);

/// Queries that it works on at once, as the policy says.
const SLOTS: usize = 20;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    slots: Arc<Semaphore>,
}

/// An article as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) slug: String,
    pub(crate) version: i64,
    pub(crate) title: String,
    pub(crate) author: i64,
    pub(crate) section: i64,
    /// When it was committed, in nanoseconds since 1970.
    pub(crate) at: i64,
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as i64)
}

impl Database {
    /// With so many articles, by a hundred authors.
    pub(crate) fn create(articles: u32) -> Result<Self> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(
            "CREATE TABLE article (id INTEGER, slug TEXT, version INTEGER, title TEXT, author INTEGER,
                                   section INTEGER, at INTEGER,
                                   PRIMARY KEY (slug, version)) WITHOUT ROWID;
             CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT);
             INSERT INTO setting VALUES ('name', 'The Example');",
        )?;
        let transaction = connection.transaction()?;
        {
            let mut insert =
                transaction.prepare("INSERT INTO article VALUES (?1, ?2, 0, ?3, ?4, ?5, 0)")?;
            for id in 1..=articles {
                let title = format!("What happened in {id}");
                insert.execute(params![id, id.to_string(), title, id % 100, id % 10])?;
            }
        }
        transaction.commit()?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            slots: Arc::new(Semaphore::new(SLOTS)),
        })
    }

    /// A query, which takes so long in all.
    async fn query<T: Send + 'static>(
        &self,
        takes: Duration,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let _slot = self.slots.acquire().await?;
        let connection = Arc::clone(&self.connection);
        let asked = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            ask(&connection)
        });
        let answer = asked.await??;
        tokio::time::sleep(takes).await;
        Ok(answer)
    }

    /// An article, as the replica knows it.
    pub(crate) async fn article(&self, slug: &str) -> Result<Option<Stored>> {
        let slug = slug.to_owned();
        let until = now() - LAG.as_nanos() as i64;
        self.query(Duration::from_millis(20), move |it| find(it, &slug, until))
            .await
    }

    /// The articles of the first page.
    pub(crate) async fn headlines(&self) -> Result<Vec<String>> {
        let ask = |it: &Connection| {
            let mut slugs = it.prepare(
                "SELECT slug FROM article WHERE version = 0 AND at = 0 ORDER BY id LIMIT 10",
            )?;
            slugs.query_map([], |row| row.get(0))?.collect()
        };
        self.query(Duration::ZERO, ask).await
    }

    /// The authors of the most articles.
    pub(crate) async fn top_authors(&self) -> Result<String> {
        let ask = |it: &Connection| {
            let mut top = it.prepare(
                "SELECT author, count(DISTINCT slug) AS n FROM article GROUP BY author ORDER BY n DESC, author LIMIT 5",
            )?;
            let names = top.query_map([], |row| row.get::<_, i64>(0))?;
            let names: rusqlite::Result<Vec<_>> =
                names.map(|id| Ok(format!("author {}", id?))).collect();
            Ok(names?.join(", "))
        };
        self.query(Duration::from_millis(400), ask).await
    }

    /// What the site is called.
    pub(crate) async fn settings(&self) -> Result<String> {
        let ask = |it: &Connection| {
            it.query_row("SELECT value FROM setting WHERE name = 'name'", [], |row| {
                row.get(0)
            })
        };
        self.query(Duration::from_millis(5), ask).await
    }

    /// Changes an article, or makes a new one: as it was, and as it is. It has been committed.
    pub(crate) async fn edit(&self, slug: &str) -> Result<(Option<Stored>, Stored)> {
        let slug = slug.to_owned();
        self.query(Duration::ZERO, move |it| {
            let old = find(it, &slug, i64::MAX)?;
            let version = old.as_ref().map_or(0, |old| old.version + 1);
            let new = Stored {
                id: old.as_ref().map_or_else(now, |old| old.id),
                slug: slug.clone(),
                version,
                title: format!("What really happened in {slug}, as known after {version} looks"),
                author: old.as_ref().map_or(1, |old| old.author),
                section: old.as_ref().map_or(0, |old| old.section),
                at: now(),
            };
            it.execute(
                "INSERT INTO article VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    new.id,
                    slug,
                    new.version,
                    new.title,
                    new.author,
                    new.section,
                    new.at
                ],
            )?;
            Ok((old, new))
        })
        .await
    }
}

fn find(connection: &Connection, slug: &str, until: i64) -> rusqlite::Result<Option<Stored>> {
    let mut query = connection.prepare_cached(
        "SELECT id, slug, version, title, author, section, at FROM article WHERE slug = ?1 AND at <= ?2
         ORDER BY version DESC LIMIT 1",
    )?;
    let found = query.query_row(params![slug, until], |row| {
        Ok(Stored {
            id: row.get(0)?,
            slug: row.get(1)?,
            version: row.get(2)?,
            title: row.get(3)?,
            author: row.get(4)?,
            section: row.get(5)?,
            at: row.get(6)?,
        })
    });
    found.optional()
}
