//! What the store's user knows of a copy.

use cachepolicy_core::units::Time;
use core::fmt::Debug;

/// What a store's user knows of a copy: until when it is fresh, which is another instant for each
/// copy of a store whose copies expire, and the rest, which is often the same for all of them.
pub trait Value: Copy + PartialEq + Debug {
    /// The rest.
    type Rest: Copy + PartialEq + Debug;

    /// Both apart.
    fn apart(self) -> (Time, Self::Rest);

    /// Both together.
    fn joined(fresh_until: Time, rest: Self::Rest) -> Self;
}

/// Nothing.
impl Value for () {
    type Rest = ();

    fn apart(self) -> (Time, Self::Rest) {
        (Time::NEVER, ())
    }

    fn joined(_fresh_until: Time, _rest: Self::Rest) -> Self {}
}
