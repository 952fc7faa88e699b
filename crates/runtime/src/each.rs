//! Many copies of one level at once: what is missing of an `each` is made together, as the policy's
//! `batch` says.
//!
//! The elements are looked up in their order. One that has to be filled is parked: it holds its flight, its
//! lock and its fence as any fill does, and its work waits for the others'. When as many are parked as one
//! unit of work takes, at the end, and before an element waits for somebody else's fill, the work of all
//! that are parked is done at once. So nobody waits in a circle.

use crate::context::{self, Context, Notes};
use crate::level::{Failure, Key, Level, Served};
use crate::load::LoadEach;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::sync::{Notify, oneshot};

/// How the work of several elements failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EachError<E> {
    /// With an error, which is that of each.
    #[error("the work of several failed")]
    Work(#[source] Arc<E>),
    /// It gave another number of values than it was asked for.
    #[error("{asked} values were asked for, and {given} were given")]
    Count {
        /// Elements.
        asked: usize,
        /// Values.
        given: usize,
    },
}

/// What becomes of one element.
pub type Each<L> =
    Result<Served<<L as LoadEach>::Value>, Failure<EachError<<L as LoadEach>::Error>>>;

/// What the work gave for one element, and what it embedded.
type Made<L> = (MadeOne<L>, Arc<Notes>);

type MadeOne<L> = Result<Option<<L as LoadEach>::Value>, EachError<<L as LoadEach>::Error>>;

/// An element whose work is due.
struct Parked<L: LoadEach> {
    key: Key,
    made: oneshot::Sender<Made<L>>,
}

/// The elements of one call.
struct Batch<L: LoadEach> {
    load: L,
    parked: Mutex<Vec<Parked<L>>>,
    /// Nobody parks any more.
    is_over: AtomicBool,
}

/// What is told of one element.
#[derive(Debug, Default)]
struct Signals {
    parked: Notify,
    waits: Arc<Waits>,
    /// It has its result. What it fills now, it does in the background.
    is_answered: AtomicBool,
}

/// A look-up asks before it waits.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    asked: Notify,
    answered: Notify,
    look_again: AtomicBool,
}

impl Waits {
    pub(crate) async fn ask(&self) -> bool {
        self.asked.notify_one();
        self.answered.notified().await;
        self.look_again.load(Ordering::Acquire)
    }

    fn answer(&self, look_again: bool) {
        self.look_again.store(look_again, Ordering::Release);
        self.answered.notify_one();
    }
}

/// What happens to an element next.
enum Next<L: LoadEach> {
    Answered(Each<L>),
    Parked,
    Waits,
}

impl Signals {
    async fn next<L: LoadEach>(&self, asking: &mut Asking<L>) -> Next<L> {
        let mut parked = pin!(self.parked.notified());
        let mut waits = pin!(self.waits.asked.notified());
        poll_fn(|context| {
            if let Poll::Ready(result) = asking.as_mut().poll(context) {
                return Poll::Ready(Next::Answered(result));
            }
            if parked.as_mut().poll(context).is_ready() {
                return Poll::Ready(Next::Parked);
            }
            if waits.as_mut().poll(context).is_ready() {
                return Poll::Ready(Next::Waits);
            }
            Poll::Pending
        })
        .await
    }
}

/// An element under way.
type Asking<L> = Pin<Box<dyn Future<Output = Each<L>> + Send>>;

impl Level {
    /// As [`Key::get_or_load`], of several keys of this level. What is missing is made in units of work
    /// of as many as the policy's `batch` says, one by one without: `load` gets the keys, and gives a
    /// value, or none, for each in their order.
    ///
    /// The results are in the order of the keys. Where the work fails, each element of it fails, or is
    /// served an old copy, as the policy says. [`crate::data`] does nothing in `load`.
    pub fn get_or_load_each<K: IntoIterator<Item = Key>, L: LoadEach>(
        &self,
        keys: K,
        load: L,
    ) -> impl Future<Output = Vec<Each<L>>> + Send + use<K, L> {
        let (level, keys) = (self.clone(), keys.into_iter().collect());
        async move { level.each(keys, load).await }
    }

    async fn each<L: LoadEach>(&self, keys: Vec<Key>, load: L) -> Vec<Each<L>> {
        let levels = &self.cache.inner.policy.levels;
        let batch = levels.get(self.id.index()).and_then(|level| level.batch);
        let most = batch.map_or(1, |batch| batch.max.max(1) as usize);
        let batch = Arc::new(Batch {
            load,
            parked: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let over = Over(&batch);
        let mut results: Vec<Option<Each<L>>> = keys.iter().map(|_| None).collect();
        let mut waiting: Vec<(usize, Asking<L>)> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let signals = Arc::new(Signals::default());
            let mut asking: Asking<L> = Box::pin(batch.ask(key, &signals));
            let result = loop {
                match signals.next::<L>(&mut asking).await {
                    Next::Answered(result) => break Some(result),
                    Next::Parked => break None,
                    // Others may wait for what is parked: that comes first.
                    Next::Waits => {
                        let has_parked = !waiting.is_empty();
                        finish(&batch, &mut waiting, &mut results).await;
                        signals.waits.answer(has_parked);
                    }
                }
            };
            match result {
                Some(result) => {
                    signals.is_answered.store(true, Ordering::Release);
                    put::<L>(&mut results, index, result);
                }
                None => waiting.push((index, asking)),
            }
            if waiting.len() >= most {
                finish(&batch, &mut waiting, &mut results).await;
            }
        }
        finish(&batch, &mut waiting, &mut results).await;
        drop(over);
        let broken = |result: Option<Each<L>>| result.unwrap_or(Err(Failure::BrokenOff));
        results.into_iter().map(broken).collect()
    }
}

fn put<L: LoadEach>(results: &mut [Option<Each<L>>], index: usize, result: Each<L>) {
    if let Some(place) = results.get_mut(index) {
        *place = Some(result);
    }
}

/// What is parked is made also where whoever asked has gone in the meantime.
struct Over<'b, L: LoadEach>(&'b Arc<Batch<L>>);

impl<L: LoadEach> Drop for Over<'_, L> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
        if tokio::runtime::Handle::try_current().is_ok() {
            self.0.work();
        }
    }
}

/// The work of all that are parked is done, and each gets its result.
async fn finish<L: LoadEach>(
    batch: &Arc<Batch<L>>,
    waiting: &mut Vec<(usize, Asking<L>)>,
    results: &mut [Option<Each<L>>],
) {
    batch.work();
    for (index, asking) in waiting.drain(..) {
        put::<L>(results, index, asking.await);
    }
}

impl<L: LoadEach> Batch<L> {
    /// Looks one element up; its work is to be parked.
    fn ask(
        self: &Arc<Self>,
        key: &Key,
        signals: &Arc<Signals>,
    ) -> impl Future<Output = Each<L>> + Send + use<L> {
        let (batch, own) = (Arc::clone(self), key.clone());
        let key = key.clone().asking(&signals.waits);
        let signals = Arc::clone(signals);
        let load = move || async move { batch.park(own, &signals).await };
        async move { key.get_or_load(load).await }
    }

    async fn park(self: &Arc<Self>, key: Key, signals: &Signals) -> MadeOne<L> {
        let (made, waiting) = oneshot::channel();
        let parked = Parked { key, made };
        if signals.is_answered.load(Ordering::Acquire) {
            self.make(vec![parked]);
        } else {
            self.parked.lock().push(parked);
            signals.parked.notify_one();
            if self.is_over.load(Ordering::Acquire) {
                self.work();
            }
        }
        let Ok((value, notes)) = waiting.await else {
            // The work panicked.
            return Err(EachError::Count { asked: 1, given: 0 });
        };
        context::note(|own| own.take_in(&notes));
        value
    }

    /// Does the work of all that are parked.
    fn work(self: &Arc<Self>) {
        let parked = core::mem::take(&mut *self.parked.lock());
        if !parked.is_empty() {
            self.make(parked);
        }
    }

    /// Does the work of some, in a task that goes on by itself.
    fn make(self: &Arc<Self>, parked: Vec<Parked<L>>) {
        let (keys, makers): (Vec<Key>, Vec<_>) =
            parked.into_iter().map(|it| (it.key, it.made)).unzip();
        let (batch, context) = (Arc::clone(self), context::current());
        tokio::spawn(async move {
            let notes = Arc::new(Notes::default());
            let context = Context {
                request: context.request,
                notes: Some(Arc::clone(&notes)),
                trail: context.trail,
            };
            let asked = makers.len();
            let values = context::within(context, batch.load.load(keys)).await;
            let values: Vec<MadeOne<L>> = match values {
                Ok(values) if values.len() == asked => values.into_iter().map(Ok).collect(),
                Ok(values) => {
                    let given = values.len();
                    let error = || Err(EachError::Count { asked, given });
                    core::iter::repeat_with(error).take(asked).collect()
                }
                Err(error) => {
                    let error = Arc::new(error);
                    let error = || Err(EachError::Work(Arc::clone(&error)));
                    core::iter::repeat_with(error).take(asked).collect()
                }
            };
            for (maker, value) in makers.into_iter().zip(values) {
                // Whoever asked may have gone.
                let _ = maker.send((value, Arc::clone(&notes)));
            }
        });
    }
}
