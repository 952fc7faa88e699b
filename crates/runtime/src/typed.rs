//! Levels whose values are of one type: what `cachepolicy-build` makes of a policy.

use crate::each::Each;
use crate::level::{Failure, Key, Level, Served};
use crate::load::{Load, LoadEach};
use crate::request::Request;
use std::marker::PhantomData;

/// Includes what `cachepolicy-build` made of a policy, as a module of that name:
/// `include_policy!(pub(crate) mod shop);` for `shop.cachepolicy`.
#[macro_export]
macro_rules! include_policy {
    ($(#[$meta:meta])* $visibility:vis mod $name:ident) => {
        $(#[$meta])*
        #[allow(
            dead_code,
            unreachable_pub,
            reason = "a service need not use all that a policy has"
        )]
        $visibility mod $name {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".policy.rs"));
        }
    };
}

/// A fragment or object whose values are of one type.
#[derive(Debug)]
pub struct LevelOf<T> {
    level: Level,
    values: PhantomData<fn() -> T>,
}

/// One of its copies.
#[derive(Debug)]
pub struct KeyOf<T> {
    key: Key,
    values: PhantomData<fn() -> T>,
}

impl<T> From<Level> for LevelOf<T> {
    fn from(level: Level) -> Self {
        Self {
            level,
            values: PhantomData,
        }
    }
}

impl<T> Clone for LevelOf<T> {
    fn clone(&self) -> Self {
        self.level.clone().into()
    }
}

impl<T> From<Key> for KeyOf<T> {
    fn from(key: Key) -> Self {
        Self {
            key,
            values: PhantomData,
        }
    }
}

impl<T> Clone for KeyOf<T> {
    fn clone(&self) -> Self {
        self.key.clone().into()
    }
}

impl<T> From<KeyOf<T>> for Key {
    fn from(key: KeyOf<T>) -> Self {
        key.key
    }
}

impl<T: Send + Sync + 'static> LevelOf<T> {
    /// The copy with these parameters, in the policy's order.
    pub fn with(&self, params: impl IntoIterator<Item = String>) -> KeyOf<T> {
        self.level.with(params).into()
    }

    /// As [`Level::get_or_load_each`].
    pub fn get_or_load_each<K, L>(
        &self,
        keys: K,
        load: L,
    ) -> impl Future<Output = Vec<Each<L>>> + Send + use<T, K, L>
    where
        K: IntoIterator<Item = KeyOf<T>>,
        L: LoadEach<Value = T>,
    {
        let keys: Vec<_> = keys.into_iter().map(Key::from).collect();
        self.level.get_or_load_each(keys, load)
    }
}

impl<T: Send + Sync + 'static> KeyOf<T> {
    /// As [`Key::for_request`].
    #[must_use]
    pub fn for_request(self, request: Request) -> Self {
        self.key.for_request(request).into()
    }

    /// As [`Key::get_or_load`].
    ///
    /// # Errors
    /// See there.
    pub fn get_or_load<L: Load<Value = T>>(
        self,
        load: L,
    ) -> impl Future<Output = Result<Served<T>, Failure<L::Error>>> + Send + use<T, L> {
        self.key.get_or_load(load)
    }
}
