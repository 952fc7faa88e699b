//! Entries under keys that an application chooses, with lifetimes that it says each time: what Django calls a
//! cache. Those in this process's memory.

use cachepolicy_core::decide::{Freshness, Lifetimes};
use cachepolicy_core::units::{Duration, Time};
use cachepolicy_runtime::Clock;
use hashlink::LinkedHashMap;
use parking_lot::Mutex;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A value: a number that can be counted with, or bytes.
#[derive(Debug)]
pub(crate) enum Value {
    Number(i64),
    Bytes(Vec<u8>),
}

impl<'py> IntoPyObject<'py> for Value {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Self::Number(number) => number.into_pyobject(py)?.into_any(),
            Self::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
        })
    }
}

impl<'py> FromPyObject<'_, 'py> for Value {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = given.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.as_bytes().to_vec()));
        }
        given.extract::<i64>().map(Self::Number)
    }
}

/// A value in this process: the interpreter's own bytes, which nobody has to copy.
enum Kept {
    Number(i64),
    Bytes(Py<PyBytes>),
}

impl Kept {
    fn given<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Self::Number(number) => number.into_pyobject(py)?.into_any(),
            Self::Bytes(bytes) => bytes.bind(py).clone().into_any(),
        })
    }

    fn is(&self, py: Python<'_>, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one == other,
            (Self::Bytes(one), Self::Bytes(other)) => one.as_bytes(py) == other.as_bytes(py),
            _ => false,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Kept {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = given.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.to_owned().unbind()));
        }
        given.extract::<i64>().map(Self::Number)
    }
}

struct Entry {
    value: Kept,
    life: Lifetimes,
}

/// The entries of one cache.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct MemoryEntries {
    // Nobody waits for it: each call holds it for an instant, with the interpreter's lock, so that no fork comes
    // in between.
    entries: Mutex<LinkedHashMap<String, Entry>>,
    clock: Clock,
}

/// With at most so many entries, of which a `share`th goes when it is full, those first that nobody asked for
/// the longest; 0: all of them.
#[derive(Debug, Clone, Copy, FromPyObject)]
struct Limits(usize, usize);

/// For so long from now; `None`: forever. Nothing, and less than that: it is dead at once.
fn life(now: Time, seconds: Option<f64>) -> Lifetimes {
    let ttl = seconds.map_or(Duration::FOREVER, Duration::from_secs_f64);
    let end = now + ttl;
    Lifetimes {
        stored: now,
        ttl,
        fresh_until: end,
        revalidatable_until: end,
        usable_on_error_until: end,
    }
}

#[pymethods]
impl MemoryEntries {
    #[new]
    fn new() -> Self {
        Self {
            entries: Mutex::default(),
            clock: Clock::system(),
        }
    }

    fn get<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut entries = self.entries.lock();
        let entry = self.alive(&mut entries, key);
        entry.map(|it| it.value.given(py)).transpose()
    }

    fn set(&self, key: &str, value: Kept, seconds: Option<f64>, limits: Limits) {
        let mut entries = self.entries.lock();
        self.store(&mut entries, (key, value), seconds, limits);
    }

    /// Where there is none.
    fn add(&self, key: &str, value: Kept, seconds: Option<f64>, limits: Limits) -> bool {
        let mut entries = self.entries.lock();
        if self.alive(&mut entries, key).is_some() {
            return false;
        }
        self.store(&mut entries, (key, value), seconds, limits);
        true
    }

    /// In place of this value, and for no longer than that.
    fn replace(&self, py: Python<'_>, key: &str, old: Kept, value: Kept) -> bool {
        let mut entries = self.entries.lock();
        match self.alive(&mut entries, key) {
            Some(entry) if entry.value.is(py, &old) => {
                entry.value = value;
                true
            }
            _ => false,
        }
    }

    /// The new value; `None`: there is none, or none to count with.
    fn incr(&self, key: &str, delta: i64) -> PyResult<Option<i64>> {
        let mut entries = self.entries.lock();
        let Some(Entry {
            value: Kept::Number(number),
            ..
        }) = self.alive(&mut entries, key)
        else {
            return Ok(None);
        };
        let sum = number.checked_add(delta);
        *number = sum.ok_or_else(|| PyOverflowError::new_err("the sum has more than 64 bits"))?;
        Ok(Some(*number))
    }

    fn touch(&self, key: &str, seconds: Option<f64>) -> bool {
        let now = self.clock.now();
        let mut entries = self.entries.lock();
        match self.alive(&mut entries, key) {
            Some(entry) => {
                entry.life = life(now, seconds);
                true
            }
            None => false,
        }
    }

    fn delete(&self, key: &str) -> bool {
        let now = self.clock.now();
        let removed = self.entries.lock().remove(key);
        removed.is_some_and(|entry| is_alive(&entry, now))
    }

    fn has(&self, key: &str) -> bool {
        self.alive(&mut self.entries.lock(), key).is_some()
    }

    fn clear(&self) {
        self.entries.lock().clear();
    }

    fn __len__(&self) -> usize {
        self.entries.lock().len()
    }
}

fn is_alive(entry: &Entry, now: Time) -> bool {
    entry.life.freshness(now) == Freshness::Fresh
}

impl MemoryEntries {
    /// The entry, which somebody has asked for now.
    fn alive<'e>(
        &self,
        entries: &'e mut LinkedHashMap<String, Entry>,
        key: &str,
    ) -> Option<&'e mut Entry> {
        if !is_alive(entries.get(key)?, self.clock.now()) {
            entries.remove(key);
            return None;
        }
        entries.to_back(key)
    }

    fn store(
        &self,
        entries: &mut LinkedHashMap<String, Entry>,
        (key, value): (&str, Kept),
        seconds: Option<f64>,
        Limits(most, share): Limits,
    ) {
        if entries.len() >= most {
            match entries.len().checked_div(share) {
                None => entries.clear(),
                Some(count) => {
                    for _ in 0..count {
                        entries.pop_front();
                    }
                }
            }
        }
        let life = life(self.clock.now(), seconds);
        entries.insert(key.to_owned(), Entry { value, life });
    }
}
