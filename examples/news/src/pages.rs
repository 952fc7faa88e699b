//! The pages. Whatever is looked up by `get_or_load` is kept as the policy says, and the pages
//! themselves are kept by the layer around them.

use crate::db::{Database, Stored};
use crate::news;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use cachepolicy_runtime::Served;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Which versions of which articles an answer shows, for whoever measures how old they are.
const SHOWS: HeaderName = HeaderName::from_static("x-shows");

/// What the site is made of. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) cache: news::Cache,
    pub(crate) database: Database,
}

/// An article as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Article {
    slug: String,
    version: i64,
    title: String,
}

/// Something could not be had.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl<E: std::fmt::Display> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}

/// Templates take their time.
async fn render(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

impl Site {
    async fn article(&self, slug: &str) -> Result<Option<Arc<Article>>, Failed> {
        let (database, owned) = (self.database.clone(), slug.to_owned());
        let work = || async move {
            let found = database.article(&owned).await?;
            let article = found.map(|found| Article {
                slug: owned,
                version: found.version,
                title: found.title,
            });
            Ok::<_, anyhow::Error>(article)
        };
        Ok(self.cache.article(slug).get_or_load(work).await?.value)
    }

    async fn top_authors(&self) -> Result<Arc<String>, Failed> {
        let database = self.database.clone();
        let work = || async move { database.top_authors().await.map(Some) };
        text(self.cache.top_authors().get_or_load(work).await?)
    }

    async fn settings(&self) -> Result<Arc<String>, Failed> {
        let database = self.database.clone();
        let work = || async move { database.settings().await.map(Some) };
        text(self.cache.site_settings().get_or_load(work).await?)
    }

    async fn sidebar(&self, user: &str) -> Result<Arc<String>, Failed> {
        let (site, owned) = (self.clone(), user.to_owned());
        let work = || async move {
            let authors = site.top_authors().await;
            let authors = authors.map_err(|Failed(why)| anyhow::anyhow!(why))?;
            render(5).await;
            Ok::<_, anyhow::Error>(Some(format!("{owned}, you may like {authors}")))
        };
        text(self.cache.sidebar(user).get_or_load(work).await?)
    }
}

/// What the policy knows of an article.
impl From<&Stored> for news::Article {
    fn from(stored: &Stored) -> Self {
        Self {
            id: stored.id.into(),
            slug: (&stored.slug).into(),
            title: (&stored.title).into(),
            author: stored.author.into(),
            section: stored.section.into(),
        }
    }
}

fn text(served: Served<String>) -> Result<Arc<String>, Failed> {
    served
        .value
        .ok_or_else(|| Failed("nothing was made".to_owned()))
}

fn language(headers: &HeaderMap) -> &str {
    let language = headers.get("accept-language");
    language.and_then(|it| it.to_str().ok()).unwrap_or("en")
}

/// `GET /`
pub(crate) async fn homepage(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failed> {
    let headlines = site.database.headlines().await?;
    news::data::headlines(&headlines);
    let authors = site.top_authors().await?;
    let (mut shows, mut list) = (Vec::new(), String::new());
    for slug in &headlines {
        if let Some(article) = site.article(slug).await? {
            shows.push(format!("{}={}", article.slug, article.version));
            list += &format!("<li>{}</li>", article.title);
        }
    }
    let name = site.settings().await?;
    render(30).await;
    let language = language(&headers);
    let page = format!("<h1 lang={language:?}>{name}</h1><ul>{list}</ul><p>{authors}</p>");
    Ok(([(SHOWS, shows.join(","))], Html(page)))
}

/// `GET /articles/{slug}`
pub(crate) async fn article_page(
    State(site): State<Site>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let Some(article) = site.article(&slug).await? else {
        return Ok((StatusCode::NOT_FOUND, "no such article\n").into_response());
    };
    render(15).await;
    let shows = format!("{}={}", article.slug, article.version);
    let page = format!("<h1 lang={:?}>{}</h1>", language(&headers), article.title);
    Ok(([(SHOWS, shows)], Html(page)).into_response())
}

/// `GET /me`
pub(crate) async fn dashboard(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Html<String>, Failed> {
    let user = headers.get("x-user").and_then(|it| it.to_str().ok());
    let sidebar = site.sidebar(user.unwrap_or_default()).await?;
    let authors = site.top_authors().await?;
    render(50).await;
    Ok(Html(format!("<p>{sidebar}</p><p>{authors}</p>")))
}

/// `POST /edit/{slug}`: a new version, or a new article. Once it is committed, the policy's edges say what
/// has to go.
pub(crate) async fn edit(
    State(site): State<Site>,
    Path(slug): Path<String>,
) -> Result<String, Failed> {
    let (old, new) = site.database.edit(&slug).await?;
    let write = match &old {
        Some(old) => news::Article::update(old, &new),
        None => news::Article::create(&new),
    };
    site.cache.write(&write).await?;
    Ok(format!("{} {}", new.version, new.at))
}
