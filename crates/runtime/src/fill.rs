//! A fill: the work, and what becomes of what it made.

use crate::context::{self, Context, Notes};
use crate::counters::Count;
use crate::entry::{Entry, Mark, Shared};
use crate::flight::{Landing, Taken, Ticket};
use crate::level::{Key, KeyValues};
use crate::request::Request;
use cachepolicy_core::decide::fill_ended;
use cachepolicy_core::decide::{FillEnd, FillOutcome, FillVerdict, ServeOnlyReason, Stampede};
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::key::{Url, Values};
use cachepolicy_core::level::Level;
use cachepolicy_core::tags::{TagValues, tags};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is filled.
pub(crate) struct Job {
    pub(crate) key: Key,
    pub(crate) text: String,
    pub(crate) request: Option<Request>,
}

/// What a fill came to, for whoever asked for it.
pub(crate) enum Filled<E> {
    Value(Taken),
    Error(E),
    BrokenOff,
}

/// Begins to fill, in a task of its own, which goes on whether or not somebody waits for what comes.
pub(crate) fn begin<T, E, F, W>(job: Job, ticket: Ticket, load: F) -> oneshot::Receiver<Filled<E>>
where
    T: Send + Sync + 'static,
    E: Send + 'static,
    F: FnOnce() -> W + Send + 'static,
    W: Future<Output = Result<Option<T>, E>> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        // Nobody may have waited, or who asked may have gone.
        let _ = sender.send(work(job, ticket, load).await);
    });
    receiver
}

async fn work<T, E, F, W>(job: Job, ticket: Ticket, load: F) -> Filled<E>
where
    T: Send + Sync + 'static,
    F: FnOnce() -> W,
    W: Future<Output = Result<Option<T>, E>>,
{
    let notes = Arc::new(Notes::default());
    let context = Context {
        request: job.request.clone(),
        notes: Some(Arc::clone(&notes)),
    };
    let result = context::within(context, async { load().await }).await;
    let (outcome, value) = match result {
        Ok(Some(value)) => {
            let value: Shared = Arc::new(value);
            (FillOutcome::Value { ttl: None }, Ok(Some(value)))
        }
        Ok(None) => (FillOutcome::Absent, Ok(None)),
        Err(error) => (FillOutcome::Error, Err(error)),
    };
    let inner = Arc::clone(&job.key.cache.inner);
    if let Some(state) = inner.state(job.key.name.level) {
        state.counting.count(Count::Fill);
    }
    match value {
        Err(error) => {
            ticket.land(&Landing::Failed);
            Filled::Error(error)
        }
        Ok(value) => {
            let taken = end(&job, &notes, &ticket, outcome, value);
            // What took too long is for whoever asked only.
            let is_for_all = taken.not_stored != Some(ServeOnlyReason::TooSlow);
            ticket.land(&if is_for_all {
                Landing::Result(taken.clone())
            } else {
                Landing::Nothing
            });
            Filled::Value(taken)
        }
    }
}

/// Decides what becomes of what was made, and stores it.
fn end(
    job: &Job,
    notes: &Notes,
    ticket: &Ticket,
    outcome: FillOutcome,
    value: Option<Shared>,
) -> Taken {
    let inner = &job.key.cache.inner;
    let name = &job.key.name;
    let taken = |not_stored, marks: &[Mark], overtaken| Taken {
        value: value.clone(),
        not_stored,
        marks: marks.into(),
        overtaken,
    };
    let level = inner.policy.levels.get(name.level.index());
    let tier = level.and_then(|level| level.tiers.first());
    let store = tier.and_then(|tier| inner.stores.get(tier.backend.index())?.as_ref());
    let (Some(level), Some(store)) = (level, store) else {
        return taken(Some(ServeOnlyReason::BackendDown), &[], false);
    };
    mark(job, level, notes);
    let marks = notes.marks();
    let draw = inner.draw();
    // From here on no delivery comes in between.
    let mut index = store.lock();
    let now = inner.clock.now();
    let overtook = inner.recent.lock().overtook(ticket.began, name, &marks);
    let is_fenced = level.rules.fence || matches!(level.rules.stampede, Stampede::Lease { .. });
    let is_overtaken = notes.took_overtaken() || (is_fenced && overtook);
    let fill = FillEnd {
        began: ticket.began,
        outcome,
        overtaken: is_overtaken,
        backend_up: true,
        storable: true,
    };
    let not_stored = match fill_ended(&level.rules, fill, now, draw) {
        FillVerdict::Store { lifetimes, .. } => {
            let took = now.since(ticket.began);
            let kept = marks.clone().into_boxed_slice();
            let entry = Entry::new(name.clone(), value.clone(), &lifetimes, took, kept);
            store.store(&mut index, &job.text, Arc::new(entry));
            None
        }
        FillVerdict::ServeOnly(reason) => Some(reason),
        // There is a value.
        FillVerdict::Failed => None,
    };
    // Also where an expired lease is the reason.
    let is_overtaken = is_overtaken || not_stored == Some(ServeOnlyReason::Overtaken);
    taken(not_stored, &marks, is_overtaken)
}

/// The copy's own tags.
fn mark(job: &Job, level: &Level, notes: &Notes) {
    let values = FillValues {
        key: KeyValues {
            name: &job.key.name,
            request: job.request.as_ref(),
        },
        data: level
            .data
            .iter()
            .map(|data| notes.data(&data.name))
            .collect(),
    };
    let mut scratch = String::new();
    for template in &level.tags {
        tags(template, &values, &mut scratch, |tag| notes.bear(tag));
    }
}

struct FillValues<'k> {
    key: KeyValues<'k>,
    /// By the level's data names.
    data: Vec<Vec<String>>,
}

impl Values for FillValues<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        self.key.param(index)
    }

    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        self.key.dimension(dimension)
    }

    fn url(&self) -> Url<'_> {
        self.key.url()
    }
}

impl TagValues for FillValues<'_> {
    fn data_len(&self, index: u16) -> usize {
        self.data.get(usize::from(index)).map_or(0, Vec::len)
    }

    fn data(&self, index: u16, nth: usize) -> Option<&str> {
        let values = self.data.get(usize::from(index))?;
        values.get(nth).map(String::as_str)
    }
}
