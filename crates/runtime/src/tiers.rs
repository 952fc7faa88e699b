//! The tiers of a level: who is asked, what is promoted.

use crate::cache::Inner;
use crate::deliver::PROMOTION;
use crate::entry::Entry;
use crate::start_error::StartError;
use crate::store::Store;
use crate::store::memory::Memory;
use crate::store::shared::{Ask, Down, Seen, Shared, Version};
use cachepolicy_core::Policy;
use cachepolicy_core::decide::{Found, is_better};
use cachepolicy_core::level::Level;
use cachepolicy_core::units::{Duration, Time};
use std::sync::Arc;

/// A level's tiers, nearest first. One that is shared is the last.
#[derive(Debug, Default)]
pub(crate) struct Tiers {
    all: Vec<Tier>,
}

/// One of them.
#[derive(Debug)]
struct Tier {
    store: Store,
    /// A copy leaves it at the latest after this long.
    ceiling: Option<Duration>,
    /// While it is down, requests go on without it.
    bypass: bool,
}

/// What the tiers said.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    pub(crate) best: Option<Best>,
    /// The copy that was stored last, alive or not.
    pub(crate) last: Option<Arc<Entry>>,
    /// The shared tier did not answer.
    pub(crate) is_down: bool,
    /// It did not, and the policy does not go on without it.
    is_refused: bool,
    pub(crate) holder: Option<Time>,
    pub(crate) version: Version,
    /// See [`Seen::head`].
    pub(crate) head: Option<Box<[u8]>>,
}

/// The copy that is fresh for the longest.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    pub(crate) tier: usize,
    pub(crate) entry: Arc<Entry>,
    /// When it was asked for.
    pub(crate) asked: Time,
}

impl Tiers {
    /// Of a level. A backend that keeps nothing is no tier.
    pub(crate) fn of(
        policy: &Policy,
        stores: &[Option<Store>],
        level: &Level,
    ) -> Result<Self, StartError> {
        let mut all: Vec<Tier> = Vec::new();
        for tier in &level.tiers {
            let index = tier.backend.index();
            let backend = policy.backends.get(index);
            let (Some(Some(store)), Some(backend)) = (stores.get(index), backend) else {
                continue;
            };
            let before = all.last().map(|tier| &tier.store);
            if let Some(Store::Shared(_)) = before {
                return Err(StartError::Tiers {
                    level: level.name.clone(),
                    backend: backend.name.clone(),
                });
            }
            all.push(Tier {
                store: store.clone(),
                ceiling: tier.ceiling,
                bypass: backend.on_failure.bypass,
            });
        }
        Ok(Self { all })
    }

    /// Is anything kept at all?
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The nearest one, where it is in the process.
    #[inline]
    pub(crate) fn nearest(&self) -> Option<&Memory> {
        self.all.first()?.store.memory()
    }

    /// The one that is shared.
    pub(crate) fn shared(&self) -> Option<&Arc<dyn Shared>> {
        match &self.all.last()?.store {
            Store::Shared(shared) => Some(shared),
            Store::Memory(_) => None,
        }
    }

    /// Is this one shared?
    pub(crate) fn is_shared(&self, tier: usize) -> bool {
        let tier = self.all.get(tier);
        tier.is_some_and(|tier| tier.store.memory().is_none())
    }

    /// May what the shared tier gave, or got, be kept in memory now?
    pub(crate) fn may_be_near(&self, ask: Ask<'_>) -> bool {
        self.shared().is_none_or(|shared| shared.may_be_near(ask))
    }

    /// Those in the process, farthest first, with the longest residence there.
    pub(crate) fn memories(&self) -> impl Iterator<Item = (&Memory, Option<Duration>)> {
        self.before(self.all.len())
    }

    fn before(&self, end: usize) -> impl Iterator<Item = (&Memory, Option<Duration>)> {
        let nearer = self.all.iter().take(end).rev();
        nearer.filter_map(|tier| Some((tier.store.memory()?, tier.ceiling)))
    }

    /// Asks them, nearest first, until one has a fresh copy.
    pub(crate) async fn look(&self, inner: &Inner, ask: Ask<'_>, with_lock: bool) -> Looked {
        let mut looked = Looked::default();
        for (index, tier) in self.all.iter().enumerate() {
            let asked = inner.clock.now();
            let entry = match &tier.store {
                Store::Memory(memory) => memory.get(ask.text),
                Store::Shared(shared) => {
                    looked.take(shared.look(ask, with_lock).await, tier.bypass)
                }
            };
            let now = inner.clock.now();
            let Some(entry) = entry else {
                continue;
            };
            let stored = |entry: &Arc<Entry>| entry.lifetimes().stored;
            if looked
                .last
                .as_ref()
                .is_none_or(|last| stored(last) < stored(&entry))
            {
                looked.last = Some(Arc::clone(&entry));
            }
            if now >= entry.leaves() {
                continue;
            }
            let fresh_until = entry.lifetimes().fresh_until;
            let best = looked.best.as_ref();
            let best = best.map(|best| best.entry.lifetimes().fresh_until);
            if is_better(fresh_until, best) {
                let tier = index;
                looked.best = Some(Best { tier, entry, asked });
            }
            if now < fresh_until {
                break;
            }
        }
        looked
    }

    /// What a copy's driver decides by.
    pub(crate) fn found(&self, looked: &Looked) -> Found {
        match &looked.best {
            _ if looked.is_refused => Found::Down { bypass: false },
            _ if looked.is_down && self.all.len() == 1 => Found::Down { bypass: true },
            Some(best) => best.entry.found(),
            None => Found::Nothing,
        }
    }

    /// A fresh copy of a farther tier comes to the nearer ones, unless an invalidation came since it was
    /// read.
    pub(crate) fn promote(&self, inner: &Inner, ask: Ask<'_>, best: &Best) {
        for (memory, ceiling) in self.before(best.tier) {
            let weight = memory.weight(&best.entry);
            let mut index = memory.lock();
            let now = inner.clock.now();
            let marks = &best.entry.marks;
            if now.since(best.asked) > PROMOTION {
                return;
            }
            if inner.recent.lock().overtook(best.asked, ask.name, marks) || !self.may_be_near(ask) {
                return;
            }
            let entry = best.entry.promoted(until(now, ceiling));
            memory.store(&mut index, ask.text, (entry, weight), now);
        }
    }
}

impl Looked {
    fn take(&mut self, seen: Result<Seen, Down>, bypass: bool) -> Option<Arc<Entry>> {
        match seen {
            Ok(seen) => {
                self.holder = seen.holder;
                self.version = seen.version;
                self.head = seen.head;
                seen.entry
            }
            Err(Down) => {
                self.is_down = true;
                self.is_refused = !bypass;
                None
            }
        }
    }
}

/// How long a copy that comes now can stay.
pub(crate) fn until(now: Time, ceiling: Option<Duration>) -> Time {
    ceiling.map_or(Time::NEVER, |ceiling| now + ceiling)
}
