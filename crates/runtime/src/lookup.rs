//! A look-up, from the question to the answer.

use crate::bypass::{bypass, go_past};
use crate::cache::{Inner, LevelState};
use crate::context;
use crate::counters::Count;
use crate::entry::{Entry, Mark, Shared};
use crate::fill::{self, Filled};
use crate::flight::{Boarding, Landing, Taken, Ticket};
use crate::level::{Failure, Key, Outcome, Served};
use crate::load::Load;
use crate::request::Request;
use crate::store::shared::Ask;
use crate::tiers::{Best, Looked};
use cachepolicy_core::decide::{
    Decision, FillReason, Flight, Found, Hit, Scope, Stampede, decide, decide_after_failure,
    decide_after_wait, plain_until,
};
use cachepolicy_core::level::Level;
use cachepolicy_core::units::Time;
use std::cell::Cell;
use std::sync::Arc;

/// What a look-up comes to.
pub(crate) type Answer<L> = Result<Served<<L as Load>::Value>, Failure<<L as Load>::Error>>;

/// A fresh copy under a key of this text about which there is nothing to decide. It is not counted.
#[cfg(feature = "http")]
pub(crate) fn plainly(key: &Key, text: &str, request: &Request) -> Option<Arc<Entry>> {
    let inner = &key.cache.inner;
    let level = inner.policy.levels.get(key.name.level.index())?;
    if bypass(key, level, Some(request)).is_some() {
        return None;
    }
    let state = inner.state(key.name.level)?;
    plain(inner, (level, state), text, Arc::clone)
}

/// What `take` makes of it, see there.
#[inline]
fn plain<R>(
    inner: &Inner,
    (level, state): (&Level, &LevelState),
    text: &str,
    take: impl FnOnce(&Arc<Entry>) -> R,
) -> Option<R> {
    state.tiers.nearest()?.get_by(text, |entry| {
        let plain = plain_until(&level.rules, &entry.lifetimes(), entry.is_negative());
        (inner.clock.now() < plain.min(entry.leaves())).then(|| take(entry))
    })
}

thread_local! {
    /// Where the next key is written.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// See [`Key::get_or_load`].
pub(crate) async fn get_or_load<L: Load>(key: &Key, load: L) -> Answer<L> {
    let inner = &key.cache.inner;
    let level = inner.policy.levels.get(key.name.level.index());
    let (Some(level), Some(state)) = (level, inner.state(key.name.level)) else {
        return Err(Failure::BrokenOff);
    };
    if key.name.params.len() != level.params.len() {
        return Err(Failure::Parameters {
            level: level.name.clone(),
            takes: level.params.len(),
            given: key.name.params.len(),
        });
    }
    let request = key.request();
    let past = bypass(key, level, request.as_ref());
    if past.is_some() || state.tiers.is_empty() {
        if past.is_some() {
            state.counting.count(Count::Bypass);
        }
        return Box::pin(go_past(load, past)).await;
    }
    let mut text = TEXT.take();
    key.write_text(request.as_ref(), &mut text);
    let mut asked = Asked {
        text,
        flight: None,
        landed: 0,
        key,
        level,
        state,
        request,
    };
    if let Some(hit) = asked.plain(|entry| asked.hit(entry, Hit::Fresh)) {
        asked.text.clear();
        TEXT.set(asked.text);
        return hit;
    }
    // Boxed, so that a hit need not move the room that a fill takes.
    Box::pin(asked.look(load)).await
}

/// As [`get_or_load`], for the recorder.
#[cfg(feature = "record")]
pub(crate) async fn recorded<L: Load>(key: &Key, load: L) -> Answer<L> {
    let inner = &key.cache.inner;
    let _inside = crate::inside::enter(inner.clock);
    let recording = inner.recording.as_ref();
    let is_alone = key.request().is_none() && !context::trail().is_followed();
    let recording = recording.filter(|_| is_alone);
    let mut accessing = recording.and_then(|it| it.access(key.name.level, key.param(0)));
    let answer = get_or_load(key, load).await;
    if let (Some(accessing), Ok(served)) = (&mut accessing, &answer)
        && matches!(served.outcome, Outcome::Filled { .. })
    {
        accessing.filled();
    }
    answer
}

fn typed<T: Send + Sync + 'static, E>(value: Option<Shared>) -> Result<Option<Arc<T>>, Failure<E>> {
    let cast = |value: Shared| value.downcast::<T>().map_err(|_| Failure::Type);
    value.map(cast).transpose()
}

/// A look-up under way.
struct Asked<'k> {
    key: &'k Key,
    level: &'k Level,
    state: &'k LevelState,
    text: String,
    /// What flights are known by where it is not the key: of this version only.
    flight: Option<String>,
    /// How many flights had landed when a copy was looked for.
    landed: u64,
    request: Option<Request>,
}

/// What a look-up has been through.
#[derive(Debug, Default)]
struct Course {
    /// Since when it has waited, and until when it will.
    waiting: Option<(Time, Time)>,
    is_counted: bool,
}

impl Asked<'_> {
    /// A fresh copy in the nearest memory about which there is nothing to decide.
    #[inline]
    fn plain<R>(&self, take: impl FnOnce(&Arc<Entry>) -> R) -> Option<R> {
        let inner = &self.key.cache.inner;
        plain(inner, (self.level, self.state), &self.text, take)
    }

    async fn look<L: Load>(mut self, load: L) -> Answer<L> {
        let inner = &self.key.cache.inner;
        let mut course = Course::default();
        let mut load = load;
        loop {
            let with_lock = self.level.rules.stampede.scope() == Scope::Everywhere;
            let tiers = &self.state.tiers;
            self.landed = self.state.flights.landed();
            let mut looked = tiers.look(inner, self.ask(), with_lock).await;
            self.flight = looked
                .version
                .text()
                .map(|version| format!("{version}:{}", self.text));
            let now = inner.clock.now();
            let found = tiers.found(&looked);
            let flight = self.flight(&looked, now);
            match (self.decide(&course, found, flight, now), looked.best.take()) {
                (Decision::Serve { outcome, refresh }, Some(best)) => {
                    if refresh {
                        self.refresh(&looked, load, now);
                    }
                    return self.serve(&best, outcome, &course);
                }
                (Decision::Bypass(reason), _) => {
                    self.count_once(&mut course, Count::Bypass);
                    return go_past(load, Some(reason)).await;
                }
                (Decision::Fail, _) => {
                    self.count_once(&mut course, Count::Bypass);
                    return Err(Failure::BackendDown);
                }
                (Decision::Wait { until }, _) => {
                    self.count_once(&mut course, Count::Miss);
                    course.waiting = Some(course.waiting.unwrap_or((now, until)));
                    if self.key.should_look_again().await {
                        continue;
                    }
                    match self.wait(until).await {
                        Some(Landing::Result(taken)) => return self.take(taken),
                        Some(Landing::Failed) => return self.fall_back(Failure::WorkOfOther).await,
                        // Of the present version, whatever it waited for.
                        Some(Landing::Nothing) | None => {
                            self.text = self.key.text(self.request.as_ref());
                        }
                    }
                }
                (decision, _) => {
                    let reason = match decision {
                        Decision::Fill(reason) => reason,
                        _ => FillReason::Missing,
                    };
                    // Whoever waited in vain does not wait again, also where another holds the lock.
                    let in_vain = reason == FillReason::WaitedInVain && flight == Flight::Running;
                    let alone = self.alone(now).filter(|_| !in_vain);
                    // Somebody was faster: look again.
                    let Some(ticket) = self.board(now, alone) else {
                        continue;
                    };
                    self.count_once(&mut course, Count::Miss);
                    let filled = fill::begin(self.job(&looked, alone), ticket, load).await;
                    load = match filled.unwrap_or(Filled::BrokenOff) {
                        Filled::Theirs(load) => load,
                        filled => return self.answer(filled, reason).await,
                    };
                }
            }
        }
    }

    fn decide(&self, course: &Course, found: Found, flight: Flight, now: Time) -> Decision {
        let rules = &self.level.rules;
        match course.waiting {
            None => {
                let early = rules.early_refresh.is_some();
                let draw = if early {
                    self.key.cache.inner.draw()
                } else {
                    0.0
                };
                decide(rules, found, flight, now, draw)
            }
            Some((_, deadline)) => decide_after_wait(rules, found, flight, now, deadline),
        }
    }

    fn ask(&self) -> Ask<'_> {
        Ask {
            name: &self.key.name,
            text: &self.text,
        }
    }

    fn flight_key(&self) -> &str {
        self.flight.as_deref().unwrap_or(&self.text)
    }

    fn count_once(&self, course: &mut Course, what: Count) {
        if !core::mem::replace(&mut course.is_counted, true) {
            self.state.counting.count(what);
        }
    }

    /// Is somebody filling the key: in this process, or where the lock is?
    fn flight(&self, looked: &Looked, now: Time) -> Flight {
        match looked.holder {
            Some(until) if now < until => Flight::Running,
            _ => self.state.flights.of(self.flight_key(), now),
        }
    }

    /// Until when a fill that begins now is the only one of its key; `None`: it need not be.
    fn alone(&self, now: Time) -> Option<Time> {
        match self.level.rules.stampede {
            Stampede::None => None,
            _ => Some(self.level.rules.flight_expires(now)),
        }
    }

    fn board(&self, now: Time, alone: Option<Time>) -> Option<Ticket> {
        let key = (self.flight_key(), &self.key.name);
        match self.state.flights.board(key, now, alone, self.landed) {
            Boarding::Mine(ticket) => Some(ticket),
            Boarding::Theirs => None,
        }
    }

    fn job(&self, looked: &Looked, alone: Option<Time>) -> fill::Job {
        fill::Job {
            key: self.key.clone(),
            text: self.text.clone(),
            request: self.request.clone(),
            trail: context::trail(),
            version: looked.version.clone(),
            head: looked.head.clone(),
            earlier: looked.last.clone(),
            is_down: looked.is_down,
            alone,
        }
    }

    /// A stale copy is served: one in the background makes a new one, and where it fails, the old one
    /// stays.
    fn refresh<L: Load>(&self, looked: &Looked, load: L, now: Time) {
        let alone = Some(self.level.rules.flight_expires(now));
        if let Some(ticket) = self.board(now, alone) {
            drop(fill::begin(self.job(looked, alone), ticket, load));
        }
    }

    /// Serves a copy, which the work in hand embeds.
    fn hit<T: Send + Sync + 'static, E>(
        &self,
        entry: &Entry,
        outcome: Hit,
    ) -> Result<Served<T>, Failure<E>> {
        self.state.counting.count(Count::Hit(outcome));
        self.embed(&entry.marks, false);
        Ok(Served {
            value: typed(entry.value.clone())?,
            outcome: Outcome::Hit(outcome),
            fresh_until: Some(entry.lifetimes().fresh_until),
        })
    }

    fn embed(&self, marks: &[Mark], overtaken: bool) {
        context::note(|notes| notes.embed(&self.key.name, marks, overtaken));
    }

    fn serve<T: Send + Sync + 'static, E>(
        &self,
        best: &Best,
        outcome: Hit,
        course: &Course,
    ) -> Result<Served<T>, Failure<E>> {
        self.touch(best, outcome);
        let Some((since, _)) = course.waiting else {
            return self.hit(&best.entry, outcome);
        };
        if best.entry.lifetimes().stored >= since {
            self.state.counting.count(Count::Waited);
        }
        self.embed(&best.entry.marks, false);
        Ok(Served {
            value: typed(best.entry.value.clone())?,
            fresh_until: Some(best.entry.lifetimes().fresh_until),
            outcome: Outcome::Waited,
        })
    }

    /// What a hit changes: the life of the copy, and where there are copies.
    fn touch(&self, best: &Best, outcome: Hit) {
        let inner = &self.key.cache.inner;
        let is_shared = self.state.tiers.is_shared(best.tier);
        if self.level.rules.sliding && outcome == Hit::Fresh {
            let before = best.entry.lifetimes();
            let slid = before.slid(&self.level.rules, inner.clock.now());
            best.entry.set_lifetimes(&slid);
            if let Some(shared) = self.state.tiers.shared().filter(|_| is_shared) {
                let (shared, entry) = (Arc::clone(shared), Arc::clone(&best.entry));
                let text = self.text.clone();
                tokio::spawn(async move {
                    let ask = Ask {
                        name: &entry.name,
                        text: &text,
                    };
                    // Where it does not arrive, the copy dies as it would have without.
                    let _ = shared.slide(ask, &entry, before).await;
                });
            }
        }
        if best.tier > 0 && outcome != Hit::Stale {
            let tiers = &self.state.tiers;
            tiers.promote(inner, self.ask(), best);
        }
    }

    /// Waits for the fill under way; how it landed, where whoever waits takes that.
    async fn wait(&self, until: Time) -> Option<Landing> {
        let clock = &self.key.cache.inner.clock;
        let flights = &self.state.flights;
        let Some((landing, expires)) = flights.landing(self.flight_key(), clock.now()) else {
            // In another process.
            let landed = self.state.tiers.shared()?.landed(self.ask());
            match clock.instant(until) {
                None => drop(landed.await),
                Some(until) => drop(tokio::time::timeout_at(until, landed).await),
            }
            return None;
        };
        // Nobody waits for a flight that has expired: somebody else may begin.
        let until = until.min(expires);
        let landed = match clock.instant(until) {
            None => landing.await.ok(),
            Some(until) => tokio::time::timeout_at(until, landing).await.ok()?.ok(),
        };
        landed.filter(|_| self.level.rules.stampede == Stampede::Coalesce)
    }

    fn take<T: Send + Sync + 'static, E>(&self, taken: Taken) -> Result<Served<T>, Failure<E>> {
        self.state.counting.count(Count::Waited);
        self.embed(&taken.marks, taken.overtaken);
        Ok(Served {
            value: typed(taken.value)?,
            fresh_until: taken.fresh_until,
            outcome: Outcome::Waited,
        })
    }

    async fn answer<L: Load>(&self, filled: Filled<L>, reason: FillReason) -> Answer<L> {
        let taken = match filled {
            Filled::Value(taken) => taken,
            Filled::Error(error) => return self.fall_back(Failure::Work(error)).await,
            Filled::BrokenOff | Filled::Theirs(_) => {
                return self.fall_back(Failure::BrokenOff).await;
            }
        };
        let not_stored = taken.not_stored;
        self.embed(&taken.marks, taken.overtaken);
        Ok(Served {
            value: typed(taken.value)?,
            fresh_until: taken.fresh_until,
            outcome: Outcome::Filled { reason, not_stored },
        })
    }

    /// A copy that is too old, in place of an error.
    async fn fall_back<T: Send + Sync + 'static, E>(
        &self,
        error: Failure<E>,
    ) -> Result<Served<T>, Failure<E>> {
        let inner = &self.key.cache.inner;
        // Of the present version, whatever the fill was for.
        let text = self.key.text(self.request.as_ref());
        let ask = Ask {
            text: &text,
            ..self.ask()
        };
        let looked = self.state.tiers.look(inner, ask, false).await;
        let now = inner.clock.now();
        let Some(best) = looked.best else {
            return Err(error);
        };
        let Some(outcome) = decide_after_failure(best.entry.found(), now) else {
            return Err(error);
        };
        self.touch(&best, outcome);
        self.embed(&best.entry.marks, false);
        Ok(Served {
            value: typed(best.entry.value.clone())?,
            fresh_until: Some(best.entry.lifetimes().fresh_until),
            outcome: Outcome::StaleOnError,
        })
    }
}
