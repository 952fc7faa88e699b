//! Stamps as they stand in Redis: `token expired instant…`.
//!
//! A purge removes a stamp, and with it every copy that was made under it, since the next stamp has
//! another token. So nothing is served again when Redis has lost a stamp, by eviction, by its end or with
//! everything else: a stamp cannot die before its copies. An `expire` adds its instant, by which whoever
//! reads a copy decides how stale it is.

use super::clock::Ahead;
use crate::store::shared::Stamp;
use cachepolicy_core::decide::{Lifetimes, Rules};
use cachepolicy_core::units::Time;
use rustc_hash::FxHashMap;

/// A stamp as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) token: u64,
    pub(crate) expired: u32,
    /// The instants of the last `expire`s by Redis's clock, the earliest first.
    instants: Vec<Time>,
}

/// Stamps by their names; `None`: there is none.
pub(crate) type Known = FxHashMap<Box<str>, Option<Standing>>;

impl Standing {
    /// From what stands in Redis; `None`: that is no stamp.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut words = core::str::from_utf8(text).ok()?.split_ascii_whitespace();
        let token = u64::from_str_radix(words.next()?, 16).ok()?;
        let expired = words.next()?.parse().ok()?;
        let instants = words.map(|word| word.parse().ok().map(Time::from_nanos));
        Some(Self {
            token,
            expired,
            instants: instants.collect::<Option<_>>()?,
        })
    }

    /// As a copy keeps it.
    pub(crate) fn stamp(&self, name: &str) -> Stamp {
        Stamp {
            name: name.into(),
            token: self.token,
            expired: self.expired,
        }
    }

    /// The first `expire` after so many; an error: that is not known any more.
    fn first_after(&self, expired: u32) -> Result<Option<Time>, Forgotten> {
        let new = self.expired.checked_sub(expired).ok_or(Forgotten)?;
        let new = usize::try_from(new).map_err(|_| Forgotten)?;
        let at = self.instants.len().checked_sub(new).ok_or(Forgotten)?;
        Ok(self.instants.get(at).copied())
    }
}

struct Forgotten;

/// What is left at `now` of a copy's life under its stamps; `None`: it is not there any more. What stands in
/// them has happened, also where it seems to be yet to come.
pub(crate) fn left(
    (stamps, known): (&[Stamp], &Known),
    rules: &Rules,
    lifetimes: Lifetimes,
    (now, ahead): (Time, Ahead),
) -> Option<Lifetimes> {
    let lifetimes = lifetimes.by_clock_at(now);
    let mut first: Option<Time> = None;
    for stamp in stamps {
        let standing = known.get(&stamp.name)?.as_ref()?;
        if standing.token != stamp.token {
            return None;
        }
        if let Some(at) = standing.first_after(stamp.expired).ok()? {
            let at = ahead.here(at);
            first = Some(first.map_or(at, |first| first.min(at)));
        }
    }
    Some(match first {
        Some(at) => lifetimes.expired(rules, at.min(now)),
        None => lifetimes,
    })
}
