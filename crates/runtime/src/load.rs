//! The work that makes what is kept.

use crate::entry::Shared;
use crate::level::Key;
use cachepolicy_core::level::SaidLife;
use cachepolicy_core::units::Duration;

/// Work that makes a copy's value: a closure without arguments that gives a future of `Ok(Some(value))`,
/// of `Ok(None)` where there is no such thing, or of an error.
///
/// It goes on by itself when whoever asked has gone, so it owns what it needs.
pub trait Load: Send + 'static {
    /// What it makes.
    type Value: Send + Sync + 'static;
    /// How it fails.
    type Error: Send + 'static;

    /// Does the work.
    fn load(
        self,
    ) -> impl Future<Output = Result<Option<Self::Value>, Self::Error>> + Send + 'static;

    /// What the cache has to know of a value and cannot see.
    #[doc(hidden)]
    fn about(_value: &Self::Value) -> About {
        About::default()
    }
}

/// What is to be known of a value beside itself.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct About {
    /// What the value says of its life.
    pub(crate) said: SaidLife,
    /// It says that there is no such thing.
    pub(crate) is_absence: bool,
    /// It must not be kept, nor be given to others who wait for it.
    pub(crate) is_for_one: bool,
    /// What its key has in place of the request's variant; `None`: it is of that one.
    pub(crate) variant: Option<String>,
    /// What stands under the key without a variant in a store that several processes share: which
    /// variants there are.
    pub(crate) signpost: Option<Shared>,
    /// Tags that it bears beside those of the policy.
    pub(crate) tags: Vec<String>,
    /// For how long after its life it can still be found, to be asked about at the origin.
    pub(crate) grace: Duration,
}

impl<F, W, T, E> Load for F
where
    F: FnOnce() -> W + Send + 'static,
    W: Future<Output = Result<Option<T>, E>> + Send + 'static,
    T: Send + Sync + 'static,
    E: Send + 'static,
{
    type Value = T;
    type Error = E;

    fn load(self) -> impl Future<Output = Result<Option<T>, E>> + Send + 'static {
        self()
    }
}

/// Work that makes the values of several copies: a closure that gets their keys, and gives a future of as
/// many values, each of them `None` where there is no such thing, or of an error.
pub trait LoadEach: Send + Sync + 'static {
    /// What it makes.
    type Value: Send + Sync + 'static;
    /// How it fails.
    type Error: Send + Sync + 'static;

    /// Does the work of these keys.
    fn load(
        &self,
        keys: Vec<Key>,
    ) -> impl Future<Output = Result<Vec<Option<Self::Value>>, Self::Error>> + Send + 'static;
}

impl<F, W, T, E> LoadEach for F
where
    F: Fn(Vec<Key>) -> W + Send + Sync + 'static,
    W: Future<Output = Result<Vec<Option<T>>, E>> + Send + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Value = T;
    type Error = E;

    fn load(
        &self,
        keys: Vec<Key>,
    ) -> impl Future<Output = Result<Vec<Option<T>>, E>> + Send + 'static {
        self(keys)
    }
}
