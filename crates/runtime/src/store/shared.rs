//! What a store does that several processes share.

use crate::cache::Inner;
use crate::counters::StoreCounters;
use crate::entry::{Entry, Mark, Name};
use crate::meant::Meant;
use cachepolicy_core::decide::Lifetimes;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::units::{Duration, Time};
use std::pin::Pin;
use std::sync::Arc;

/// What comes over the wire, some time later, or does not.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Down>> + Send + 'a>>;

/// The store did not answer in time, or with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Down;

/// Which copy is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) name: &'a Name,
    /// The key: of one variant.
    pub(crate) text: &'a str,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) entry: Option<Arc<Entry>>,
    /// Somebody holds the lock of the key, until then.
    pub(crate) holder: Option<Time>,
    pub(crate) version: Version,
    /// The first bytes of what lies there, if nothing fresh does: they tell it from what lies there later.
    /// `None`: it is not asked for.
    pub(crate) head: Option<Box<[u8]>>,
}

/// The version under which a copy was looked for, which is the one under which it is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version(pub(crate) Arc<[Stamp]>);

impl Version {
    /// Another one for another version, without spaces; `None`: there is one version only.
    pub(crate) fn text(&self) -> Option<String> {
        let tokens = self.0.iter().map(|stamp| format!("{:x}", stamp.token));
        tokens.reduce(|all, token| all + "." + &token)
    }
}

/// What an invalidation changes, as it was at some time: a copy is there as long as it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) name: Box<str>,
    /// Another one after each purge.
    pub(crate) token: u64,
    /// How many `expire`s there were under this token.
    pub(crate) expired: u32,
}

/// What a fill begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning<'a> {
    /// It asks for the lock of its key, which ends at the latter of these, and began at the former.
    pub(crate) lock: Option<(Time, Time)>,
    /// Only if this still lies there: see [`Seen::head`].
    pub(crate) head: Option<&'a [u8]>,
    /// It will want to know what has overtaken it.
    pub(crate) is_fenced: bool,
}

/// What a fill has in its hands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Token {
    /// Of its lock, where it has one.
    pub(crate) lock: Option<Box<str>>,
    /// The last invalidation before it began.
    pub(crate) position: Option<Box<str>>,
}

/// How a fill began.
#[derive(Debug)]
pub(crate) enum Begun {
    /// With this token.
    Mine(Token),
    /// Not at all: somebody else holds the lock, or has done the work meanwhile.
    Theirs,
}

/// What is known when a fill has ended.
#[derive(Debug)]
pub(crate) struct Checked {
    /// An invalidation came since it began.
    pub(crate) overtaken: bool,
    /// The version was raised since: nobody would be served the copy.
    pub(crate) is_hidden: bool,
    /// What the copy depends on.
    pub(crate) stamps: Vec<Stamp>,
}

/// For how long a copy can be there, as far as it says so itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lasts {
    /// Until it is stale.
    pub(crate) fresh: Duration,
    /// Its windows.
    pub(crate) window: Duration,
    /// For how long after all of that it can be found.
    pub(crate) grace: Duration,
}

/// A copy to be kept.
#[derive(Debug)]
pub(crate) struct Putting<'a> {
    pub(crate) entry: &'a Entry,
    /// The key whose lock the fill holds.
    pub(crate) lock: &'a str,
    pub(crate) checked: &'a Checked,
    /// Only if the lock is still this fill's own.
    pub(crate) is_lease: bool,
}

/// What became of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is not kept: the lock was somebody else's.
    Nowhere,
    /// It is, but not in memory: nobody would tell of changes.
    Here,
    /// It is, and can be in memory as well.
    Everywhere,
}

/// A store that is asked over a wire.
pub(crate) trait Shared: Send + Sync + core::fmt::Debug {
    /// What there is under a key; `with_lock`: and who fills it.
    fn look<'a>(&'a self, ask: Ask<'a>, with_lock: bool) -> Answer<'a, Seen>;

    /// A fill begins.
    fn begin<'a>(
        &'a self,
        ask: Ask<'a>,
        version: &'a Version,
        beginning: Beginning<'a>,
    ) -> Answer<'a, Begun>;

    /// A fill has ended with something that can be found by these marks, for so long.
    fn check<'a>(
        &'a self,
        ask: Ask<'a>,
        token: &'a Token,
        version: &'a Version,
        made: (&'a [Mark], Lasts),
    ) -> Answer<'a, Checked>;

    /// Keeps a copy, and lets go of the lock.
    fn put<'a>(&'a self, ask: Ask<'a>, token: &'a Token, put: Putting<'a>) -> Answer<'a, Kept>;

    /// May what was read, or put, be kept in memory now?
    fn may_be_near(&self, ask: Ask<'_>) -> bool;

    /// Nothing may be kept in memory that is not here.
    fn is_tracked(&self, level: LevelId) -> bool;

    /// The store is one of this cache.
    fn begin_to_listen(&self, inner: &Arc<Inner>);

    /// Lets go of the lock of a fill that keeps nothing.
    fn release<'a>(&'a self, ask: Ask<'a>, token: &'a Token) -> Answer<'a, ()>;

    /// Comes back when nobody holds the lock of a key any more.
    fn landed<'a>(&'a self, ask: Ask<'a>) -> Answer<'a, ()>;

    /// A hit has moved a copy's life.
    fn slide<'a>(&'a self, ask: Ask<'a>, entry: &'a Entry, slid: Lifetimes) -> Answer<'a, ()>;

    /// What happened so far.
    fn counters(&self) -> StoreCounters;

    /// A delivery, in its order.
    fn apply<'a>(&'a self, delivery: &'a [Arc<Meant>]) -> Answer<'a, ()>;
}
