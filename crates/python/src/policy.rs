//! Policies: their text, what is found in it, and what is known of them without traffic.

use crate::said;
use cachepolicy_compiler::{Compiled, Loader, Options, Override, compile, is_property_word};
use cachepolicy_core::Policy as Core;
use cachepolicy_core::graph::Graph;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::router::Router;
use cachepolicy_render::bound::{self, Wanted};
use cachepolicy_render::diagnostics::{Findings, Format, human};
use cachepolicy_render::explain::{self, Request};
use cachepolicy_render::output::Terminal;
use cachepolicy_syntax::limits::MAX_FILE_BYTES;
use cachepolicy_syntax::{FileId, Severity, decode, format_with};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

/// A policy without mistakes; `check` says what else was found in it.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct Policy {
    pub(crate) core: Arc<Core>,
    graph: Graph,
    router: Router,
    name: String,
    text: String,
    found: Findings,
}

/// Dimensions, models, whether there is a CSRF token, and what `skip` asks for.
type Depends = (Vec<u16>, Vec<u16>, bool, Vec<u16>);

/// Imported files, beside the one that names them.
struct Files;

impl Loader for Files {
    fn load(&mut self, path: &str, _from: &str) -> Result<String, String> {
        let bytes = read_limited(path).map_err(|error| error.to_string())?;
        let text = decode(&bytes).map(str::to_owned);
        text.map_err(|error| error.to_string())
    }
}

/// One byte more than is allowed, so that the compiler can say that it is too large.
fn read_limited(path: impl AsRef<std::path::Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_FILE_BYTES as u64 + 1;
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A text in the one layout.
#[pyfunction]
pub(crate) fn format(py: Python<'_>, text: &str) -> PyResult<String> {
    let formatted = format_with(FileId(0), text, &is_property_word);
    formatted.map_err(|error| said(py, error))
}

#[pymethods]
impl Policy {
    /// Of a file, with properties replaced: `article.ttl=5m`.
    #[staticmethod]
    #[pyo3(signature = (path, set=Vec::new()))]
    fn load(py: Python<'_>, path: PathBuf, set: Vec<String>) -> PyResult<Self> {
        let name = path.display().to_string();
        let bytes = read_limited(&path).map_err(|error| match error.raw_os_error() {
            // Python makes a `FileNotFoundError` and its like of it.
            Some(number) => PyOSError::new_err((number, error.to_string(), name.clone())),
            None => PyOSError::new_err(format!("`{name}`: {error}")),
        })?;
        let text = decode(&bytes).map_err(|error| said(py, format!("`{name}`: {error}")))?;
        Self::of(py, name, text.to_owned(), &set)
    }

    /// Of a text.
    #[staticmethod]
    #[pyo3(signature = (text, name="policy.cachepolicy".to_owned(), set=Vec::new()))]
    fn parse(py: Python<'_>, text: String, name: String, set: Vec<String>) -> PyResult<Self> {
        Self::of(py, name, text, &set)
    }

    /// The same text, with properties replaced.
    fn with_set(&self, py: Python<'_>, set: Vec<String>) -> PyResult<Self> {
        Self::of(py, self.name.clone(), self.text.clone(), &set)
    }

    /// As messages call its text.
    #[getter]
    fn file(&self) -> &str {
        &self.name
    }

    #[getter]
    fn name(&self) -> &str {
        &self.core.name
    }

    #[getter]
    fn hash(&self) -> &str {
        &self.core.hash
    }

    #[getter]
    fn text(&self) -> &str {
        &self.text
    }

    /// What is found in it, as `cachepolicy check --format json` says it.
    fn findings_json(&self, py: Python<'_>) -> PyResult<String> {
        json_of(py, &self.found)
    }

    /// What is found in it, for people.
    #[pyo3(signature = (columns=100))]
    fn findings_text(&self, columns: usize) -> String {
        human(&self.found, wide(columns))
    }

    /// What is found in it at error level, for people.
    #[pyo3(signature = (columns=100))]
    fn errors_text(&self, columns: usize) -> String {
        let errors = self.found.diagnostics.iter();
        let errors = errors.filter(|it| it.severity == Severity::Error).cloned();
        let errors = Findings {
            sources: self.found.sources.clone(),
            diagnostics: errors.collect(),
        };
        human(&errors, wide(columns))
    }

    /// As `cachepolicy bound --format json` says it.
    fn bounds_json(&self, py: Python<'_>) -> PyResult<String> {
        bound::json(&self.core, Wanted::default()).map_err(|error| said(py, error))
    }

    /// What happens to a request, for people.
    #[pyo3(signature = (url, method="GET".to_owned(), headers=Vec::new(), cookies=Vec::new(), user=None, attrs=Vec::new(), columns=100))]
    #[expect(
        clippy::too_many_arguments,
        reason = "they have names where they are said"
    )]
    fn explain_request(
        &self,
        url: String,
        method: String,
        headers: Vec<(String, String)>,
        cookies: Vec<(String, String)>,
        user: Option<String>,
        attrs: Vec<(String, String)>,
        columns: usize,
    ) -> String {
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let request = Request {
            method: method.to_ascii_uppercase(),
            target: url,
            headers: headers.into_iter().map(lower).collect(),
            cookies,
            user,
            attrs,
        };
        let explanation = explain::explain_request(&self.core, &request);
        explain::request_for_people(&explanation, wide(columns))
    }

    /// What a write removes, for people: `Article update slug=old:new`.
    #[pyo3(signature = (write, columns=100))]
    fn explain_write(&self, py: Python<'_>, write: &str, columns: usize) -> PyResult<String> {
        let written = explain::parse_write(&self.core, write).map_err(|error| said(py, error))?;
        let removal = explain::explain_write(&self.core, &written);
        Ok(explain::removal_for_people(&removal, wide(columns)))
    }

    /// The graph, as it is compiled, as JSON.
    fn core_json(&self, py: Python<'_>) -> PyResult<String> {
        serde_json::to_string(&*self.core).map_err(|error| said(py, error))
    }

    /// By level: the dimensions and models that its work depends on, through what it contains too, whether it
    /// looks at the session's CSRF token, and the dimensions that `skip` asks for.
    fn dependencies(&self) -> Vec<Depends> {
        let levels = self.core.levels.iter().enumerate().map(|(index, level)| {
            let found = self.graph.dependencies(LevelId(index as u16));
            let found = found.cloned().unwrap_or_default();
            let mut skipped = Vec::new();
            if let Some(skip) = &level.skip {
                skip.visit_dimensions(&mut |dimension| skipped.push(dimension.0));
            }
            let dimensions = found.dimensions.iter().map(|id| id.0);
            let models = found.models.iter().map(|id| id.0);
            (dimensions.collect(), models.collect(), found.csrf, skipped)
        });
        levels.collect()
    }

    /// The levels that answer a request, the outermost first; those that are not stored too.
    fn route(&self, method: &str, path: &str) -> Vec<String> {
        let mut routed = self.router.route(method, path);
        if routed.outermost().is_none() && method == "HEAD" {
            routed = self.router.route("GET", path);
        }
        let ids = routed.sites().iter().copied().chain(routed.view);
        let levels = ids.filter_map(|id| self.core.levels.get(id.index()));
        levels.map(|level| level.name.clone()).collect()
    }
}

impl Policy {
    fn of(py: Python<'_>, name: String, text: String, set: &[String]) -> PyResult<Self> {
        let options = Options {
            overrides: set.iter().map(Override::new).collect(),
        };
        let compiled = py.detach(|| compile(&name, &text, &mut Files, &options));
        let Compiled {
            sources,
            policy,
            diagnostics,
            ..
        } = compiled;
        let mut found = Findings {
            sources,
            diagnostics,
        };
        let Some(core) = policy else {
            let is_error = |severity| severity == Severity::Error;
            found.diagnostics.retain(|it| is_error(it.severity));
            let error = said(py, human(&found, Terminal::PLAIN));
            let json = json_of(py, &found)?;
            error.value(py).setattr("findings_json", json)?;
            return Err(error);
        };
        Ok(Self {
            graph: Graph::new(&core),
            router: Router::new(&core),
            core: Arc::new(core),
            name,
            text,
            found,
        })
    }
}

fn json_of(py: Python<'_>, found: &Findings) -> PyResult<String> {
    let text = Format::Json.render(std::slice::from_ref(found));
    text.map_err(|error| said(py, error))
}

fn wide(columns: usize) -> Terminal {
    Terminal {
        width: columns.clamp(40, 400),
        ..Terminal::PLAIN
    }
}
