//! The runtime's cache for Python: levels, writes, figures.

use crate::around::Around;
use crate::exchange::Identity;
use crate::policy::Policy;
use crate::running::{Hands, runtime, start, wait};
use crate::said;
use crate::written::row;
use cachepolicy_runtime::{
    Bytes, Cache as Inner, Failure, HttpLayer, HttpOptions, Key, Outcome, Recorder, Redis, Served,
    Surroundings, Write,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::path::PathBuf;
use std::sync::Arc;

/// Copies, kept as a policy says. Of one process: whoever forks makes another.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct Cache {
    pub(crate) inner: Inner,
    pub(crate) http: Option<HttpLayer>,
}

/// What a look-up gave: the bytes, `None` for an absence, and where they are from.
type Found<'py> = (
    Option<Bound<'py, PyBytes>>,
    &'static str,
    Option<&'static str>,
);

/// How Python's work fails.
type Raised = Arc<PyErr>;

#[pymethods]
impl Cache {
    #[new]
    #[pyo3(signature = (policy, redis, buses, record=None, process=0))]
    fn new(
        py: Python<'_>,
        policy: &Policy,
        redis: Vec<(String, String)>,
        buses: Vec<(String, String)>,
        record: Option<PathBuf>,
        process: u32,
    ) -> PyResult<Self> {
        let runtime = runtime(py)?;
        let at = |address: &str| Redis::at(address).map_err(|error| said(py, error));
        let mut builder = Inner::builder((*policy.core).clone());
        for level in &policy.core.levels {
            if level.route.is_none() {
                builder = builder.values::<Vec<u8>>(&level.name, Bytes);
            }
        }
        for (backend, address) in &redis {
            builder = builder.redis(backend, at(address)?);
        }
        for (bus, address) in &buses {
            builder = builder.bus(bus, at(address)?);
        }
        if let Some(file) = record {
            builder = builder.record(Recorder::to(file).process(process));
        }
        builder = builder.http(HttpOptions::default().identify(Identity::tell));
        let _entered = runtime.enter();
        let inner = builder.build().map_err(|error| said(py, error))?;
        Ok(Self {
            http: inner.http(),
            inner,
        })
    }

    /// A copy's bytes; where there is none that serves, what `compute(around, alone)` makes of it, in this
    /// thread, or in one of its own (`alone`) where nobody waits for it.
    fn get_or_load<'py>(
        &self,
        py: Python<'py>,
        level: &str,
        params: Vec<Option<String>>,
        compute: Py<PyAny>,
        around: Option<&Around>,
    ) -> PyResult<Found<'py>> {
        let key = self.key(py, level, params)?;
        let (compute, around) = (Arc::new(compute), of(around));
        let served = wait(py, runtime(py)?, |errands| {
            look(key, compute, around, Hands::Thread(errands))
        })?;
        found(py, served)
    }

    /// The same for an event loop: what is there at once; else `None`, and `done(found, exception)` is called in
    /// another thread. `begin(around, reply)` hands the loop the work.
    fn start_get_or_load<'py>(
        &self,
        py: Python<'py>,
        level: &str,
        params: Vec<Option<String>>,
        begin: Py<PyAny>,
        around: Option<&Around>,
        done: Py<PyAny>,
    ) -> PyResult<Option<Found<'py>>> {
        let key = self.key(py, level, params)?;
        let looking = look(key, Arc::new(begin), of(around), Hands::Loop);
        let ready = start(runtime(py)?, looking, move |py, served| {
            tell(py, &done, found(py, served));
        });
        ready.map(|served| found(py, served)).transpose()
    }

    /// What the policy's edges remove for a write: those that act before its commit, or those that act after.
    /// How many copies in this process's memory, and how many deliveries were lost.
    #[pyo3(signature = (model, old, new, before_commit=false))]
    fn write(
        &self,
        py: Python<'_>,
        model: &str,
        old: Option<&Bound<'_, PyDict>>,
        new: Option<&Bound<'_, PyDict>>,
        before_commit: bool,
    ) -> PyResult<(u64, u64)> {
        let old = old.map(row).transpose()?;
        let new = new.map(row).transpose()?;
        let write = match (old, new) {
            (None, Some(new)) => Write::create(model, new),
            (Some(old), Some(new)) => Write::update(model, old, new),
            (Some(old), None) => Write::delete(model, old),
            (None, None) => return Err(said(py, "a write has an old row, a new one, or both")),
        };
        let cache = self.inner.clone();
        let delivered = wait(py, runtime(py)?, |_| async move {
            match before_commit {
                true => cache.write_before_commit(&write).await,
                false => cache.write(&write).await,
            }
        })?;
        let delivered = delivered.map_err(|error| said(py, error))?;
        Ok((delivered.copies, delivered.lost))
    }

    /// What happened at a level since the cache was made; `None`: there is none of that name.
    fn counters<'py>(&self, py: Python<'py>, level: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(counters) = self.inner.counters(level) else {
            return Ok(None);
        };
        let all = PyDict::new(py);
        all.set_item("lookups", counters.lookups)?;
        for (name, count) in counters.outcomes() {
            all.set_item(name, count)?;
        }
        all.set_item("waited", counters.waited)?;
        all.set_item("fills", counters.fills)?;
        all.set_item("stampede_peak", counters.stampede_peak)?;
        Ok(Some(all))
    }

    /// The figures, in Prometheus's text format.
    fn prometheus(&self) -> String {
        self.inner.prometheus()
    }

    /// Ends the recording: what came so far is written.
    fn stop_recording(&self, py: Python<'_>) -> Option<(u64, u64)> {
        let recorded = py.detach(|| self.inner.stop_recording())?;
        Some((recorded.requests, recorded.writes))
    }
}

impl Cache {
    fn key(&self, py: Python<'_>, level: &str, params: Vec<Option<String>>) -> PyResult<Key> {
        let level = self.inner.level(level);
        Ok(level.map_err(|error| said(py, error))?.of_some(params))
    }
}

fn of(around: Option<&Around>) -> Surroundings {
    around.map(|it| it.0.clone()).unwrap_or_default()
}

async fn look(
    key: Key,
    work: Arc<Py<PyAny>>,
    around: Surroundings,
    hands: Hands,
) -> Result<Served<Vec<u8>>, Failure<Raised>> {
    let load = move || async move {
        let read = |made: &Bound<'_, PyAny>| made.extract::<Option<Vec<u8>>>();
        let made = hands.run(work, |_| Ok(Vec::new()), read).await;
        made.map_err(Arc::new)
    };
    around.within(key.get_or_load(load)).await
}

/// Tells an event loop what it waits for; one that is closed does not want to know.
pub(crate) fn tell<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    done: &Py<PyAny>,
    made: PyResult<T>,
) {
    let _ = match made {
        Ok(made) => done.bind(py).call1((made, py.None())),
        Err(raised) => done.bind(py).call1((py.None(), raised.into_value(py))),
    };
}

/// What a look-up gave, for Python.
fn found<'py>(
    py: Python<'py>,
    served: Result<Served<Vec<u8>>, Failure<Raised>>,
) -> PyResult<Found<'py>> {
    let served = served.map_err(|failure| match failure {
        Failure::Work(raised) => raised.clone_ref(py),
        other => PyRuntimeError::new_err(other.to_string()),
    })?;
    let value = served.value.map(|bytes| PyBytes::new(py, &bytes));
    let (outcome, why) = match served.outcome {
        Outcome::Hit(hit) => (hit.as_str(), None),
        Outcome::Filled { not_stored, .. } => ("filled", not_stored.map(|it| it.as_str())),
        Outcome::Waited => ("waited", None),
        Outcome::StaleOnError => ("stale-if-error", None),
        Outcome::Bypass(reason) => ("bypass", reason.map(|it| it.as_str())),
    };
    Ok((value, outcome, why))
}
