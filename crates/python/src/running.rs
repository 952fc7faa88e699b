//! The runtime that Python's threads share, and how they wait for it.
//!
//! Servers fork after they have loaded the application, and threads do not survive that: each process has a
//! runtime of its own, which begins when it is first asked for.

use crate::around::Around;
use crate::waiting::{SLICE, checked};
use cachepolicy_runtime::surroundings;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use parking_lot::Mutex;
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::io;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

/// Nobody holds this without the interpreter's lock, so that no fork comes in between.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// Threads that look after connections and fills; the work itself is done by those who ask.
const THREADS: usize = 2;

/// The runtime of this process.
pub(crate) fn runtime(_py: Python<'_>) -> io::Result<&'static Runtime> {
    let process = std::process::id();
    let mut known = RUNTIME.lock();
    if let Some((of, runtime)) = *known
        && of == process
    {
        return Ok(runtime);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(THREADS).thread_name("cachepolicy");
    // It lasts as long as the process. One from before a fork has lost its threads: nobody touches it any more.
    let runtime: &'static Runtime = Box::leak(Box::new(builder.enable_all().build()?));
    *known = Some((process, runtime));
    Ok(runtime)
}

/// Work for whoever waits: Python code, which runs in the thread that asked for it.
pub(crate) type Work = Box<dyn FnOnce(Python<'_>) + Send>;

/// Where work for the thread that waits is sent to.
pub(crate) type Errands = mpsc::UnboundedSender<Work>;

/// What the thread that waits is told next.
enum Next<T> {
    Done(T),
    Work(Work),
    Nothing,
}

/// Waits for what `make` begins, and does meanwhile in this thread what is sent to it. What is ready at once is
/// there without another thread having been woken.
///
/// # Errors
/// A signal's handler raised something: nobody waits any more, but what was begun goes on.
pub(crate) fn wait<T: Send, F: Future<Output = T> + Send>(
    py: Python<'_>,
    runtime: &Runtime,
    make: impl FnOnce(Errands) -> F,
) -> PyResult<T> {
    let (sender, mut errands) = mpsc::unbounded_channel();
    let _entered = runtime.enter();
    let mut future = pin!(make(sender));
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
        return Ok(done);
    }
    loop {
        let (future, errands) = (future.as_mut(), &mut errands);
        match py.detach(move || runtime.block_on(next(future, errands))) {
            Next::Done(done) => return Ok(done),
            Next::Work(work) => work(py),
            Next::Nothing => checked(py)?,
        }
    }
}

async fn next<T, F: Future<Output = T>>(
    future: Pin<&mut F>,
    errands: &mut mpsc::UnboundedReceiver<Work>,
) -> Next<T> {
    tokio::select! {
        biased;
        done = future => Next::Done(done),
        Some(work) = errands.recv() => Next::Work(work),
        () = tokio::time::sleep(SLICE) => Next::Nothing,
    }
}

/// Begins what an event loop waits for. What is ready at once is given back; else `done` gets it, in another
/// thread, whose work is to tell the loop.
pub(crate) fn start<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = T> + Send + 'static,
    done: impl FnOnce(Python<'_>, T) + Send + 'static,
) -> Option<T> {
    let _entered = runtime.enter();
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(ready) = future.as_mut().poll(&mut context) {
        return Some(ready);
    }
    runtime.spawn(async move {
        let ready = future.await;
        Python::attach(|py| done(py, ready));
    });
    None
}

/// Who runs Python's work.
#[derive(Clone)]
pub(crate) enum Hands {
    /// The thread that waits, or one of its own where nobody waits any more: `work(around, alone, …)` gives what
    /// it makes.
    Thread(Errands),
    /// An event loop: `work(around, …, reply)` hands it over, and who ran it tells the reply.
    Loop,
}

/// Where an event loop says what its work made.
#[pyclass(frozen, module = "cachepolicy._native")]
pub(crate) struct Reply(Mutex<Option<oneshot::Sender<PyResult<Py<PyAny>>>>>);

#[pymethods]
impl Reply {
    /// What was made.
    fn give(&self, made: Py<PyAny>) {
        self.tell(Ok(made));
    }

    /// The exception that it ended with.
    fn fail(&self, raised: Bound<'_, PyAny>) {
        self.tell(Err(PyErr::from_value(raised)));
    }
}

impl Reply {
    fn tell(&self, said: PyResult<Py<PyAny>>) {
        if let Some(sender) = self.0.lock().take() {
            // Nobody waits where the runtime ends.
            let _ = sender.send(said);
        }
    }
}

impl Hands {
    /// Has work done in what surrounds it, and reads what it made.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: Arc<Py<PyAny>>,
        told: impl Fn(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send + Sync + 'static,
        read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> PyResult<T> {
        let inside = surroundings();
        let broken_off = || PyRuntimeError::new_err("the work was broken off");
        match self {
            Self::Thread(errands) => {
                let done = errand(errands, move |py, alone| {
                    let mut all = vec![
                        Around(inside.clone()).into_py_any(py)?,
                        alone.into_py_any(py)?,
                    ];
                    all.extend(told(py)?);
                    read(&work.bind(py).call1(PyTuple::new(py, all)?)?)
                });
                done.await.unwrap_or_else(|| Err(broken_off()))
            }
            Self::Loop => {
                let (sender, receiver) = oneshot::channel();
                Python::attach(|py| {
                    let mut all = vec![Around(inside).into_py_any(py)?];
                    all.extend(told(py)?);
                    all.push(Reply(Mutex::new(Some(sender))).into_py_any(py)?);
                    work.bind(py).call1(PyTuple::new(py, all)?).map(drop)
                })?;
                let made = receiver.await.map_err(|_| broken_off())??;
                Python::attach(|py| read(made.bind(py)))
            }
        }
    }
}

/// Has Python code run: in the thread that waits, or where nobody waits any more, in one of its own.
///
/// `run` gets whether the latter is so.
async fn errand<T: Send + 'static>(
    errands: &Errands,
    run: impl Fn(Python<'_>, bool) -> T + Send + Sync + 'static,
) -> Option<T> {
    let run = Arc::new(run);
    let (sender, receiver) = oneshot::channel();
    let of_waiting = Arc::clone(&run);
    let work: Work = Box::new(move |py| {
        // Who sent it may have been dropped with the runtime.
        let _ = sender.send(of_waiting(py, false));
    });
    if errands.send(work).is_ok()
        && let Ok(done) = receiver.await
    {
        return Some(done);
    }
    let alone = tokio::task::spawn_blocking(move || Python::attach(|py| run(py, true)));
    alone.await.ok()
}
