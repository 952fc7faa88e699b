//! Levels, their keys, and what a look-up gives.

use crate::cache::Cache;
use crate::context;
use crate::each::Waits;
use crate::entry::Name;
use crate::load::Load;
use crate::lookup;
use crate::request::Request;
use crate::spans;
use cachepolicy_core::decide::{BypassReason, FillReason, Hit, ServeOnlyReason};
use cachepolicy_core::expr::RequestView as _;
use cachepolicy_core::ids::{DimensionId, LevelId};
use cachepolicy_core::key::{Url, Values, key};
use cachepolicy_core::units::Time;
use cachepolicy_core::vary::Normalised;
use smol_str::SmolStr;
use std::fmt::Write as _;
use std::sync::Arc;

/// The policy has no fragment or object of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy has no fragment or object `{0}`")]
pub struct UnknownLevel(pub String);

/// A fragment or object of the policy: a family of copies.
#[derive(Debug, Clone)]
pub struct Level {
    pub(crate) cache: Cache,
    pub(crate) id: LevelId,
}

/// One of a level's copies: its parameters, and the request whose variant is meant.
#[derive(Debug, Clone)]
pub struct Key {
    pub(crate) cache: Cache,
    pub(crate) name: Name,
    pub(crate) request: Option<Request>,
    /// Whom to ask before a look-up waits for somebody else's fill.
    waits: Option<Arc<Waits>>,
    /// What tells the copy apart from others with the same key.
    pub(crate) variant: String,
}

/// What a look-up gave.
#[derive(Debug, Clone)]
pub struct Served<T> {
    /// The value; `None`: there is none ("absent").
    pub value: Option<Arc<T>>,
    /// Where it comes from.
    pub outcome: Outcome,
    /// Until when its copy is fresh; `None`: it has none.
    pub(crate) fresh_until: Option<Time>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// From a copy.
    Hit(Hit),
    /// From a fill of its own.
    Filled {
        /// Why it filled.
        reason: FillReason,
        /// Why what it made was not stored.
        not_stored: Option<ServeOnlyReason>,
    },
    /// From the fill of somebody else, for which it waited.
    Waited,
    /// From a copy that is too old, since the fill failed.
    StaleOnError,
    /// From work that went past the level; `None`: the level is not stored.
    Bypass(Option<BypassReason>),
}

/// There is nothing to serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// The work failed, and there is no copy to serve in its place.
    #[error("the work failed")]
    Work(#[source] E),
    /// The work of somebody else failed, for whose result this waited.
    #[error("the work that this waited for failed")]
    WorkOfOther,
    /// The work panicked, or the runtime that it ran on is shutting down.
    #[error("the work was broken off")]
    BrokenOff,
    /// A store does not answer, and the policy says `on-failure error`.
    #[error("the store of the level does not answer")]
    BackendDown,
    /// The level gives values of another type elsewhere.
    #[error("the copy is of another type than was asked for")]
    Type,
    /// So many parameters were given, and the level takes another number.
    #[error("level `{level}` takes {takes} parameters, and {given} were given")]
    Parameters {
        /// The level.
        level: String,
        /// How many it takes.
        takes: usize,
        /// How many were given.
        given: usize,
    },
}

impl Level {
    pub(crate) fn new(cache: Cache, id: LevelId) -> Self {
        Self { cache, id }
    }

    /// The copy with these parameters, in the policy's order.
    #[inline]
    pub fn of<P: AsRef<str>>(&self, params: impl IntoIterator<Item = P>) -> Key {
        let params = params.into_iter();
        self.of_some(params.map(Some))
    }

    /// The same, where some may be absent.
    #[inline]
    pub fn of_some<P: AsRef<str>>(&self, params: impl IntoIterator<Item = Option<P>>) -> Key {
        let params = params.into_iter();
        let params = params.map(|param| param.map(|param| SmolStr::from(param.as_ref())));
        let name = Name {
            level: self.id,
            params: params.collect(),
        };
        Key::new(self.cache.clone(), name)
    }

    /// The same, where they are there to be kept.
    pub fn with(&self, params: impl IntoIterator<Item = String>) -> Key {
        let params = params.into_iter();
        let params = params.map(|param| Some(SmolStr::from(param)));
        let name = Name {
            level: self.id,
            params: params.collect(),
        };
        Key::new(self.cache.clone(), name)
    }

    /// As [`Key::get_or_load`], of a level without parameters.
    ///
    /// # Errors
    /// See there.
    pub fn get_or_load<L: Load>(
        &self,
        load: L,
    ) -> impl Future<Output = Result<Served<L::Value>, Failure<L::Error>>> + Send + use<L> {
        self.of([] as [&str; 0]).get_or_load(load)
    }
}

impl Key {
    #[inline]
    pub(crate) fn new(cache: Cache, name: Name) -> Self {
        Self {
            cache,
            name,
            request: None,
            waits: None,
            variant: String::new(),
        }
    }

    /// For this request, in place of the one that [`Cache::serve`] said.
    #[must_use]
    pub fn for_request(mut self, request: Request) -> Self {
        self.request = Some(request);
        self
    }

    /// The copy's value; where there is none that serves, what `load` makes, which is then kept as the
    /// policy says. `Ok(None)` means that there is no such thing.
    ///
    /// `load` runs in a task of its own, and goes on if whoever asked stops waiting. What it looks up
    /// in turn is embedded in what it makes. Whoever asks for one key again and again clones it.
    ///
    /// # Errors
    /// `load` failed, and there is no copy that may be served in its place; or the key does not fit the
    /// level.
    #[inline]
    #[expect(clippy::manual_async_fn, reason = "it says that it can be sent")]
    pub fn get_or_load<L: Load>(
        self,
        load: L,
    ) -> impl Future<Output = Result<Served<L::Value>, Failure<L::Error>>> + Send + use<L> {
        async move {
            #[cfg(feature = "record")]
            if self.cache.inner.recording.is_some() {
                return spans::looked_up(&self, lookup::recorded(&self, load)).await;
            }
            spans::looked_up(&self, lookup::get_or_load(&self, load)).await
        }
    }

    /// A parameter, by its place in the policy's order; `None`: absent.
    #[must_use]
    pub fn param(&self, index: usize) -> Option<&str> {
        self.name.params.get(index)?.as_deref()
    }

    pub(crate) fn asking(mut self, waits: &Arc<Waits>) -> Self {
        self.waits = Some(Arc::clone(waits));
        self
    }

    /// A look-up is about to wait for somebody else's fill: should it look again instead?
    pub(crate) async fn should_look_again(&self) -> bool {
        match &self.waits {
            Some(waits) => waits.ask().await,
            None => false,
        }
    }

    #[inline]
    pub(crate) fn request(&self) -> Option<Request> {
        self.request.clone().or_else(context::request)
    }

    /// As the store sees it.
    pub(crate) fn text(&self, request: Option<&Request>) -> String {
        // As long as most keys are.
        let mut text = String::with_capacity(64);
        self.write_text(request, &mut text);
        text
    }

    /// The same, behind what stands there.
    pub(crate) fn write_text(&self, request: Option<&Request>, text: &mut String) {
        let inner = &self.cache.inner;
        let state = inner.state(self.name.level);
        if let Some(versions) = state.and_then(|state| state.versions.as_ref()) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}:", versions.of(&self.name.params));
        }
        if let Some(level) = inner.policy.levels.get(self.name.level.index()) {
            let values = KeyValues {
                name: &self.name,
                request,
            };
            key(&level.key.parts, &values, &inner.filter, text);
        }
        text.push_str(&self.variant);
    }
}

/// What a key and tags are made of.
pub(crate) struct KeyValues<'k> {
    pub(crate) name: &'k Name,
    pub(crate) request: Option<&'k Request>,
}

impl Values for KeyValues<'_> {
    fn param(&self, index: u16) -> Option<&str> {
        self.name.params.get(usize::from(index))?.as_deref()
    }

    fn dimension(&self, dimension: DimensionId) -> Option<&str> {
        match self.request?.dimension(dimension) {
            Normalised::Value(value) => Some(value),
            Normalised::Absent | Normalised::Outside => None,
        }
    }

    fn url(&self) -> Url<'_> {
        self.request.map(Request::url).unwrap_or_default()
    }
}
