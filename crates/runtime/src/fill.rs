//! A fill: the work, and what becomes of what it made.

use crate::cache::LevelState;
use crate::context::{self, Context, Notes};
use crate::counters::Count;
use crate::entry::{Entry, Mark, Shared};
use crate::flight::{Landing, Taken, Ticket};
use crate::held::Held;
use crate::level::Key;
use crate::load::{About, Load};
use crate::marks;
use crate::request::Request;
use crate::spans;
use crate::store::shared::{
    self, Ask, Beginning, Begun, Down, Kept, Lasts, Putting, Token, Version,
};
use crate::tiers;
use crate::trail::Trail;
#[cfg(feature = "record")]
use crate::trail::{Filling, FillingEnd};
use cachepolicy_core::decide::{FillEnd, FillOutcome, FillVerdict, Scope, ServeOnlyReason};
use cachepolicy_core::decide::{Stampede, fill_ended, fill_ended_to_ask};
use cachepolicy_core::level::Level;
use cachepolicy_core::units::{Duration, Time};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is filled.
pub(crate) struct Job {
    pub(crate) key: Key,
    pub(crate) text: String,
    pub(crate) request: Option<Request>,
    /// Who follows it.
    pub(crate) trail: Trail,
    /// The shared tier's, as it was looked for.
    pub(crate) version: Version,
    /// What lay in the shared tier: see [`shared::Seen::head`].
    pub(crate) head: Option<Box<[u8]>>,
    /// The copy that it is to take the place of, however old.
    pub(crate) earlier: Option<Arc<Entry>>,
    /// The shared tier was left out, and gets nothing.
    pub(crate) is_down: bool,
    /// Until when it is the only one of its key; `None`: it need not be.
    pub(crate) alone: Option<Time>,
}

/// What a fill came to, for whoever asked for it.
pub(crate) enum Filled<L: Load> {
    Value(Taken),
    Error(L::Error),
    BrokenOff,
    /// Another process fills: here is the work back.
    Theirs(L),
}

/// Begins to fill, in a task of its own, which goes on whether or not somebody waits for what comes.
pub(crate) fn begin<L: Load>(job: Job, ticket: Ticket, load: L) -> oneshot::Receiver<Filled<L>> {
    let (sender, receiver) = oneshot::channel();
    let key = job.key.clone();
    tokio::spawn(spans::filling(&key, async move {
        // Nobody may have waited, or who asked may have gone.
        let _ = sender.send(work(job, ticket, load).await);
    }));
    receiver
}

async fn work<L: Load>(mut job: Job, ticket: Ticket, load: L) -> Filled<L> {
    let Some(token) = job.begin(ticket.began).await else {
        ticket.land(&Landing::Nothing);
        return Filled::Theirs(load);
    };
    let mut held = Held {
        job: &job,
        token: Some(token),
    };
    let notes = Arc::new(Notes::after(job.earlier.clone()));
    let context = Context {
        request: job.request.clone(),
        notes: Some(Arc::clone(&notes)),
        trail: job.trail.clone(),
    };
    #[cfg(feature = "record")]
    let started = job.key.cache.inner.clock.now();
    let result = context::within(context, async { load.load().await }).await;
    if let Some(state) = job.state() {
        state.counting.count(Count::Fill);
    }
    #[cfg(feature = "record")]
    job.tell(started, &notes, &result);
    let (outcome, value, about) = match result {
        Ok(Some(value)) => {
            let mut about = L::about(&value);
            about.is_for_one |= notes.is_for_one();
            let value: Shared = Arc::new(value);
            let outcome = if about.is_absence && !about.is_for_one {
                FillOutcome::Absent
            } else {
                FillOutcome::Value {
                    ttl: job.named(about.said.ttl),
                }
            };
            (outcome, Some(value), about)
        }
        Ok(None) => {
            let about = About {
                is_for_one: notes.is_for_one(),
                ..About::default()
            };
            let outcome = if about.is_for_one {
                FillOutcome::Value { ttl: None }
            } else {
                FillOutcome::Absent
            };
            (outcome, None, about)
        }
        Err(error) => {
            held.release().await;
            ticket.land(&Landing::Failed);
            return Filled::Error(error);
        }
    };
    let ended = Ended {
        began: ticket.began,
        outcome,
        value,
        about,
    };
    let taken = ended.keep(&job, &notes, &mut held).await;
    held.release().await;
    // What took too long is for whoever asked only.
    let is_for_all = !ended.about.is_for_one && taken.not_stored != Some(ServeOnlyReason::TooSlow);
    ticket.land(&if is_for_all {
        Landing::Result(taken.clone())
    } else {
        Landing::Nothing
    });
    Filled::Value(taken)
}

impl Job {
    fn state(&self) -> Option<&LevelState> {
        self.key.cache.inner.state(self.key.name.level)
    }

    fn level(&self) -> Option<&Level> {
        let levels = &self.key.cache.inner.policy.levels;
        levels.get(self.key.name.level.index())
    }

    /// Tells who follows it what its work came to.
    #[cfg(feature = "record")]
    fn tell<T, E>(&self, started: Time, notes: &Notes, result: &Result<Option<T>, E>) {
        if !self.trail.is_followed() {
            return;
        }
        let took = self.key.cache.inner.clock.now().since(started);
        let own = took.nanos() - notes.inside.total().nanos();
        self.trail.filled(Filling {
            level: self.key.name.level,
            took: Duration::from_nanos(own.max(0)),
            end: match result {
                Ok(Some(_)) => FillingEnd::Value,
                Ok(None) => FillingEnd::Absent,
                Err(_) => FillingEnd::Failed,
            },
        });
    }

    pub(crate) fn ask(&self) -> Ask<'_> {
        Ask {
            name: &self.key.name,
            text: &self.text,
        }
    }

    /// The ttl that a value says, where the policy asks it.
    fn named(&self, said: Option<Duration>) -> Option<Duration> {
        self.level()?.lifetime.named(said)
    }

    /// The key without its variant.
    fn plain(&self) -> &str {
        let text = self.text.strip_suffix(self.key.variant.as_str());
        text.unwrap_or(&self.text)
    }

    /// The shared tier, where it takes part.
    pub(crate) fn shared(&self) -> Option<Arc<dyn shared::Shared>> {
        let shared = self.state()?.tiers.shared()?;
        (!self.is_down).then(|| Arc::clone(shared))
    }

    /// May nothing be in memory that is not in the shared tier?
    fn is_tracked(&self) -> bool {
        let shared = self.state().and_then(|state| state.tiers.shared());
        shared.is_some_and(|shared| shared.is_tracked(self.key.name.level))
    }

    /// Asks for the lock, and for where the invalidations are; `None`: another process has the lock, or has
    /// done the work since the copy was looked for.
    async fn begin(&mut self, began: Time) -> Option<Token> {
        let rules = self.level().map(|level| level.rules);
        let (Some(shared), Some(rules)) = (self.shared(), rules) else {
            return Some(Token::default());
        };
        let is_everywhere = rules.stampede.scope() == Scope::Everywhere;
        let beginning = Beginning {
            lock: self.alone.filter(|_| is_everywhere).map(|it| (began, it)),
            head: self.head.as_deref(),
            is_fenced: rules.is_fenced(),
        };
        if beginning.lock.is_none() && !beginning.is_fenced {
            return Some(Token::default());
        }
        match shared.begin(self.ask(), &self.version, beginning).await {
            Ok(Begun::Mine(token)) => Some(token),
            Ok(Begun::Theirs) => None,
            Err(Down) => {
                self.is_down = true;
                Some(Token::default())
            }
        }
    }
}

/// Work that ended with something.
struct Ended {
    began: Time,
    outcome: FillOutcome,
    value: Option<Shared>,
    about: About,
}

impl Ended {
    /// Decides what becomes of it, and keeps it where it is to be kept.
    async fn keep(&self, job: &Job, notes: &Notes, held: &mut Held<'_>) -> Taken {
        let inner = &job.key.cache.inner;
        let (Some(level), Some(state)) = (job.level(), job.state()) else {
            return self.taken(Some(ServeOnlyReason::BackendDown), &[].into(), false, None);
        };
        marks::mark((&job.key, job.request.as_ref()), level, notes);
        self.about.tags.iter().for_each(|tag| notes.bear(tag));
        let marks: Arc<[Mark]> = notes.marks().into();
        let checked = match job.shared() {
            None => None,
            Some(shared) => {
                let token = held.token.clone().unwrap_or_default();
                let made = (&*marks, self.lasts());
                let check = shared.check(job.ask(), &token, &job.version, made).await;
                check.ok().map(|checked| (shared, token, checked))
            }
        };
        let is_fenced = level.rules.is_fenced();
        let overtaken_far = checked
            .as_ref()
            .is_some_and(|(_, _, checked)| checked.overtaken);
        let has_memory = state.tiers.memories().next().is_some();
        let is_overtaken = notes.took_overtaken()
            || (is_fenced && (overtaken_far || (has_memory && self.is_overtaken(job, &marks))));
        let now = inner.clock.now();
        let fill = FillEnd {
            began: self.began,
            outcome: self.outcome,
            overtaken: is_overtaken,
            backend_up: checked.is_some() || (has_memory && !job.is_tracked()),
            storable: !self.about.is_for_one,
        };
        let rules = level.lifetime.rules(&level.rules, self.about.said);
        let decide = if self.about.grace > Duration::ZERO {
            fill_ended_to_ask
        } else {
            fill_ended
        };
        let mut fresh_until = None;
        let not_stored = match decide(&rules, fill, now, inner.draw()) {
            FillVerdict::ServeOnly(reason) => Some(reason),
            // There is a value.
            FillVerdict::Failed => None,
            FillVerdict::Store {
                lifetimes,
                negative,
            } => {
                fresh_until = Some(lifetimes.fresh_until);
                let took = now.since(self.began);
                let entry = Entry::new(
                    job.key.name.clone(),
                    self.value.clone(),
                    &lifetimes,
                    took,
                    Arc::clone(&marks),
                    Time::NEVER,
                );
                let entry = entry.with(negative, self.about.grace);
                let far = match &checked {
                    None => None,
                    Some((shared, token, checked)) => {
                        let put = Putting {
                            entry: &entry,
                            lock: &job.text,
                            checked,
                            // Who waited in vain fills without.
                            is_lease: token.lock.is_some()
                                && matches!(level.rules.stampede, Stampede::Lease { .. }),
                        };
                        let kept = self.put(job, &**shared, token, put).await;
                        held.token = None;
                        Some(kept)
                    }
                };
                self.store(job, state, &entry, far)
            }
        };
        // Also where an expired lease is the reason.
        let is_overtaken = is_overtaken || not_stored == Some(ServeOnlyReason::Overtaken);
        let fresh_until = fresh_until.filter(|_| not_stored.is_none());
        self.taken(not_stored, &marks, is_overtaken, fresh_until)
    }

    /// Under which key it is kept.
    fn text(&self, job: &Job) -> String {
        match &self.about.variant {
            None => job.text.clone(),
            Some(variant) => job.plain().to_owned() + variant,
        }
    }

    /// For how long it can be there, as far as it says so itself.
    fn lasts(&self) -> Lasts {
        let said = |length: Option<Duration>| length.unwrap_or(Duration::ZERO);
        Lasts {
            fresh: said(self.about.said.ttl),
            window: said(self.about.said.stale_while_revalidate)
                .max(said(self.about.said.stale_if_error)),
            grace: self.about.grace,
        }
    }

    /// Keeps it in the shared tier, and which variants there are.
    async fn put(
        &self,
        job: &Job,
        shared: &dyn shared::Shared,
        token: &Token,
        put: Putting<'_>,
    ) -> Result<Kept, Down> {
        let (entry, checked) = (put.entry, put.checked);
        let text = self.text(job);
        let ask = Ask {
            text: &text,
            ..job.ask()
        };
        let kept = shared.put(ask, token, put).await?;
        if let Some(signpost) = &self.about.signpost
            && kept != Kept::Nowhere
        {
            let signpost = entry.saying(Arc::clone(signpost));
            let ask = Ask {
                text: job.plain(),
                ..ask
            };
            let put = Putting {
                entry: &signpost,
                lock: job.plain(),
                checked,
                is_lease: false,
            };
            // Where it does not get there, each process learns the variants by itself.
            let _ = shared.put(ask, &Token::default(), put).await;
        }
        Ok(kept)
    }

    /// Keeps it in the process's memory too; `far`: what the shared tier said. Why is it not stored?
    fn store(
        &self,
        job: &Job,
        state: &LevelState,
        entry: &Entry,
        far: Option<Result<Kept, Down>>,
    ) -> Option<ServeOnlyReason> {
        let mut is_kept = match far {
            Some(Ok(Kept::Nowhere)) => return Some(ServeOnlyReason::Overtaken),
            Some(Ok(Kept::Here)) => return None,
            Some(Ok(Kept::Everywhere)) => true,
            // Nobody would tell of changes.
            None | Some(Err(Down)) if job.is_tracked() => {
                return Some(ServeOnlyReason::BackendDown);
            }
            None | Some(Err(Down)) => false,
        };
        let is_fenced = job.level().is_some_and(|level| level.rules.is_fenced());
        let mut is_too_large = false;
        for (memory, ceiling) in state.tiers.memories() {
            let weight = memory.weight(entry);
            // From here on no delivery comes in between.
            let mut index = memory.lock();
            if is_fenced && self.is_overtaken(job, &entry.marks) {
                return Some(ServeOnlyReason::Overtaken);
            }
            let text = self.text(job);
            let ask = Ask {
                text: &text,
                ..job.ask()
            };
            if is_kept && !state.tiers.may_be_near(ask) {
                return None;
            }
            let now = job.key.cache.inner.clock.now();
            let entry = entry.promoted(tiers::until(now, ceiling));
            let is_stored = memory.store(&mut index, &text, (entry, weight), now);
            is_kept |= is_stored;
            is_too_large |= !is_stored;
        }
        let reason = if is_too_large {
            ServeOnlyReason::TooLarge
        } else {
            ServeOnlyReason::BackendDown
        };
        (!is_kept).then_some(reason)
    }

    /// Has a delivery to this process come since it began?
    fn is_overtaken(&self, job: &Job, marks: &[Mark]) -> bool {
        let recent = job.key.cache.inner.recent.lock();
        recent.overtook(self.began, &job.key.name, marks)
    }

    fn taken(
        &self,
        not_stored: Option<ServeOnlyReason>,
        marks: &Arc<[Mark]>,
        overtaken: bool,
        fresh_until: Option<Time>,
    ) -> Taken {
        Taken {
            value: self.value.clone(),
            fresh_until,
            not_stored,
            marks: Arc::clone(marks),
            overtaken,
        }
    }
}
