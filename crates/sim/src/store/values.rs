//! What the store's user knows of a copy.

use cachepolicy_core::units::Time;
use core::fmt::Debug;

/// See [`Apart::depends`].
pub const NOTHING: u32 = u32::MAX;

/// What a store's user knows of a copy: until when it is fresh, since when it is there, and what it
/// depends on, which may be others for each copy; and the rest, which is often the same for all of
/// them.
pub trait Value: Copy + PartialEq + Debug {
    /// The rest.
    type Rest: Copy + PartialEq + Debug;

    /// All of it apart.
    fn apart(self) -> Apart<Self::Rest>;

    /// All of it together.
    fn joined(apart: Apart<Self::Rest>) -> Self;
}

/// See [`Value`].
#[derive(Debug, Clone, Copy)]
pub struct Apart<R> {
    /// Until when the copy is fresh.
    pub fresh_until: Time,
    /// Since when it is there.
    pub stored: Time,
    /// What it depends on, by a number of the user's; [`NOTHING`]: nothing that is known.
    pub depends: u32,
    /// The rest.
    pub rest: R,
}

/// Nothing.
impl Value for () {
    type Rest = ();

    fn apart(self) -> Apart<()> {
        Apart {
            fresh_until: Time::NEVER,
            stored: Time::DISTANT_PAST,
            depends: NOTHING,
            rest: (),
        }
    }

    fn joined(_apart: Apart<()>) -> Self {}
}
