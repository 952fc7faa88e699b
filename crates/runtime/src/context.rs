//! What surrounds a piece of work: the request that it is for, and the fill that it is part of.

use crate::entry::{Entry, Mark, Name};
use crate::request::Request;
use crate::trail::Trail;
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    static CONTEXT: Context;
}

/// See the module's description.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    pub(crate) request: Option<Request>,
    pub(crate) notes: Option<Arc<Notes>>,
    pub(crate) trail: Trail,
}

/// What is noted while a copy is made.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    marks: Mutex<FxHashSet<Mark>>,
    data: Mutex<FxHashMap<String, Vec<String>>>,
    took_overtaken: AtomicBool,
    is_for_one: AtomicBool,
    earlier: Option<Arc<Entry>>,
    #[cfg(feature = "record")]
    pub(crate) inside: crate::inside::Inside,
}

/// What surrounds the work in hand.
pub(crate) fn current() -> Context {
    CONTEXT.try_with(Context::clone).unwrap_or_default()
}

/// The request that the work in hand is for.
pub(crate) fn request() -> Option<Request> {
    CONTEXT.try_with(|context| context.request.clone()).ok()?
}

/// Notes what the work in hand embeds, if it is part of a fill.
pub(crate) fn note(note: impl FnOnce(&Notes)) {
    // Outside of all work there is nothing to note.
    let _ = CONTEXT.try_with(|context| context.notes.as_deref().map(note));
}

/// The copy that the fill in hand is to take the place of, however old it is.
#[cfg(feature = "http")]
pub(crate) fn earlier() -> Option<Arc<Entry>> {
    let notes = CONTEXT.try_with(|context| context.notes.clone()).ok()??;
    notes.earlier.clone()
}

/// Who follows the work in hand.
pub(crate) fn trail() -> Trail {
    let trail = CONTEXT.try_with(|context| context.trail.clone());
    trail.unwrap_or_default()
}

/// Work, surrounded by this.
pub(crate) async fn within<R>(context: Context, work: impl Future<Output = R>) -> R {
    CONTEXT.scope(context, work).await
}

/// Says, from within a `get_or_load`'s work, what the policy declares as `data NAME`: values that are
/// known only now, and that stand in the copy's tags. Outside of such work it does nothing.
pub fn data<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) {
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    trail().data(name, &values);
    note(|notes| {
        notes.data.lock().insert(name.to_owned(), values);
    });
}

/// What surrounds a piece of work, for whoever goes on with it elsewhere: another thread, or another
/// language. Cheap to clone; see [`surroundings`].
#[derive(Debug, Clone, Default)]
pub struct Surroundings(Context);

/// What surrounds the work in hand: the request that it is for, and the fill that it is part of.
#[must_use]
pub fn surroundings() -> Surroundings {
    Surroundings(current())
}

impl Surroundings {
    /// Does work as if it stood where these are from: what it looks up takes the request's variants, and
    /// is embedded in what is filled there.
    pub async fn within<R>(&self, work: impl Future<Output = R>) -> R {
        within(self.0.clone(), work).await
    }

    /// What the fill makes must not be kept, nor be given to others who wait for it: it turned out to be for
    /// whoever asked alone. Outside of a fill it does nothing.
    pub fn for_one(&self) {
        if let Some(notes) = &self.0.notes {
            notes.is_for_one.store(true, Ordering::Release);
        }
    }

    /// As [`data`] does it in the work that these are of.
    pub fn data<V: Into<String>>(&self, name: &str, values: impl IntoIterator<Item = V>) {
        CONTEXT.sync_scope(self.0.clone(), || data(name, values));
    }
}

impl Notes {
    /// Of a fill for which there was this copy, however old.
    pub(crate) fn after(earlier: Option<Arc<Entry>>) -> Self {
        Self {
            earlier,
            ..Self::default()
        }
    }

    /// A copy that is embedded, with what can be found in it.
    pub(crate) fn embed(&self, name: &Name, marks: &[Mark], overtaken: bool) {
        let mut all = self.marks.lock();
        all.insert(Mark::Embeds(name.clone()));
        all.extend(marks.iter().map(|mark| match mark {
            Mark::Is(name) | Mark::Embeds(name) => Mark::Embeds(name.clone()),
            Mark::Bears(tag) | Mark::Inherits(tag) => Mark::Inherits(tag.clone()),
        }));
        if overtaken {
            self.took_overtaken.store(true, Ordering::Release);
        }
    }

    /// What other work embedded, which this one's result is of too.
    pub(crate) fn take_in(&self, other: &Self) {
        let marks = other.marks();
        self.marks.lock().extend(marks);
        if other.took_overtaken() {
            self.took_overtaken.store(true, Ordering::Release);
        }
    }

    /// The copy's own tag.
    pub(crate) fn bear(&self, tag: &str) {
        self.marks.lock().insert(Mark::Bears(tag.into()));
    }

    /// The values of a data name.
    pub(crate) fn data(&self, name: &str) -> Vec<String> {
        self.data.lock().get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn marks(&self) -> Vec<Mark> {
        self.marks.lock().iter().cloned().collect()
    }

    /// See [`Surroundings::for_one`].
    pub(crate) fn is_for_one(&self) -> bool {
        self.is_for_one.load(Ordering::Acquire)
    }

    pub(crate) fn took_overtaken(&self) -> bool {
        self.took_overtaken.load(Ordering::Acquire)
    }
}
