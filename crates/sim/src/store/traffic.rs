//! What goes into a store, and what comes out of it.

use super::{KeyId, Slot};
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::Time;

/// A copy that is to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewCopy<T> {
    /// Under this key.
    pub key: KeyId,
    /// The level that it belongs to.
    pub level: LevelId,
    /// In bytes.
    pub size: u64,
    /// From when on nobody may use it in any way; [`Time::NEVER`]: always.
    pub dead_from: Time,
    /// What the store's user knows of it.
    pub value: T,
}

/// What became of a copy that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is here.
    Stored(Slot),
    /// It is larger than the whole store.
    TooLarge,
    /// The eviction policy prefers what is there.
    Refused,
}

/// A copy that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed<T> {
    /// Its key.
    pub key: KeyId,
    /// The level that it belonged to.
    pub level: LevelId,
    /// In bytes.
    pub size: u64,
    /// What the store's user knew of it.
    pub value: T,
    /// Why it left.
    pub reason: Reason,
}

/// A copy that is leaving, as its store still sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone<T> {
    pub(crate) key: KeyId,
    pub(crate) level: LevelId,
    pub(crate) size: u64,
    pub(crate) value: T,
    pub(crate) reason: Reason,
    /// See `Rack::quiet`.
    pub(crate) quiet_until: Time,
}

impl<T: Copy> Gone<T> {
    pub(super) fn removed(&self) -> Removed<T> {
        Removed {
            key: self.key,
            level: self.level,
            size: self.size,
            value: self.value,
            reason: self.reason,
        }
    }
}

/// Why a copy left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// To make room.
    Evicted,
    /// Nobody could use it any more.
    Expired,
    /// A newer one took its place, or could not because it was too large.
    Replaced,
    /// The whole store was emptied.
    Flushed,
    /// Its user took it out.
    Taken,
}
