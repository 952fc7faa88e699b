//! A look-up, from the question to the answer.

use crate::context;
use crate::counters::Count;
use crate::entry::{Entry, Shared};
use crate::fill::{self, Filled};
use crate::flight::{Boarding, Landing, Taken};
use crate::level::{Failure, Key, Outcome, Served};
use crate::request::Request;
use crate::store::memory::Memory;
use cachepolicy_core::decide::{
    BypassReason, Decision, FillReason, Flight, Found, Hit, Stampede, decide, decide_after_failure,
    decide_after_wait, plain_until,
};
use cachepolicy_core::expr::RequestView as _;
use cachepolicy_core::ids::DimensionId;
use cachepolicy_core::level::Level;
use cachepolicy_core::units::Time;
use cachepolicy_core::vary::Normalised;
use std::sync::Arc;

/// See [`Key::get_or_load`].
pub(crate) async fn get_or_load<T, E, F, W>(key: &Key, load: F) -> Result<Served<T>, Failure<E>>
where
    T: Send + Sync + 'static,
    E: Send + 'static,
    F: FnOnce() -> W + Send + 'static,
    W: Future<Output = Result<Option<T>, E>> + Send + 'static,
{
    let inner = &key.cache.inner;
    let Some(level) = inner.policy.levels.get(key.name.level.index()) else {
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
    let store = level.tiers.first();
    let store = store.and_then(|tier| inner.stores.get(tier.backend.index())?.as_ref());
    let past = bypass(key, level, request.as_ref());
    let (Some(store), None) = (store, past) else {
        if past.is_some() {
            count(key, Count::Bypass);
        }
        let value = load().await.map_err(Failure::Work)?;
        return Ok(Served {
            value: value.map(Arc::new),
            outcome: Outcome::Bypass(past),
        });
    };
    let text = key.text(request.as_ref());
    if let Some(entry) = store.get(&text)
        && inner.clock.now() < plain_until(&level.rules, &entry.lifetimes(), entry.value.is_none())
    {
        return hit(key, &entry, Hit::Fresh);
    }
    let asked = Asked {
        key,
        level,
        store,
        text,
        request,
    };
    asked.look(load).await
}

fn count(key: &Key, what: Count) {
    if let Some(state) = key.cache.inner.state(key.name.level) {
        state.counting.count(what);
    }
}

/// Why a request goes past the level.
fn bypass(key: &Key, level: &Level, request: Option<&Request>) -> Option<BypassReason> {
    let request = request?;
    if level.skip.as_ref().is_some_and(|skip| skip.holds(request)) {
        return Some(BypassReason::Skipped);
    }
    let dependencies = key.cache.inner.graph.dependencies(key.name.level)?;
    let is_outside = |id: &DimensionId| request.dimension(*id) == Normalised::Outside;
    dependencies
        .dimensions
        .iter()
        .any(is_outside)
        .then_some(BypassReason::OutsideDomain)
}

/// Serves a copy, which the work in hand embeds.
fn hit<T: Send + Sync + 'static, E>(
    key: &Key,
    entry: &Entry,
    outcome: Hit,
) -> Result<Served<T>, Failure<E>> {
    count(key, Count::Hit(outcome));
    embed(key, &entry.marks, false);
    Ok(Served {
        value: typed(entry.value.clone())?,
        outcome: Outcome::Hit(outcome),
    })
}

fn embed(key: &Key, marks: &[crate::entry::Mark], overtaken: bool) {
    if let Some(notes) = context::current().notes {
        notes.embed(&key.name, marks, overtaken);
    }
}

fn typed<T: Send + Sync + 'static, E>(value: Option<Shared>) -> Result<Option<Arc<T>>, Failure<E>> {
    let cast = |value: Shared| value.downcast::<T>().map_err(|_| Failure::Type);
    value.map(cast).transpose()
}

/// A look-up under way.
struct Asked<'k> {
    key: &'k Key,
    level: &'k Level,
    store: &'k Memory,
    text: String,
    request: Option<Request>,
}

impl Asked<'_> {
    async fn look<T, E, F, W>(mut self, load: F) -> Result<Served<T>, Failure<E>>
    where
        T: Send + Sync + 'static,
        E: Send + 'static,
        F: FnOnce() -> W + Send + 'static,
        W: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        let inner = &self.key.cache.inner;
        let rules = &self.level.rules;
        // Since when it has waited, and until when it will.
        let mut waiting: Option<(Time, Time)> = None;
        let mut load = Some(load);
        loop {
            let now = inner.clock.now();
            let entry = self.store.get(&self.text);
            let found = entry.as_ref().map_or(Found::Nothing, |entry| entry.found());
            let flight = self.flight(now);
            let decision = match waiting {
                None => {
                    let early = rules.early_refresh.is_some();
                    let draw = if early { inner.draw() } else { 0.0 };
                    decide(rules, found, flight, now, draw)
                }
                Some((_, deadline)) => decide_after_wait(rules, found, flight, now, deadline),
            };
            match (decision, entry) {
                (Decision::Serve { outcome, refresh }, Some(entry)) => {
                    let since = waiting.map(|(since, _)| since);
                    return self.serve(&entry, (outcome, refresh), since, load.take());
                }
                (Decision::Wait { until }, _) => {
                    if waiting.is_none() {
                        count(self.key, Count::Miss);
                    }
                    waiting = Some(waiting.unwrap_or((now, until)));
                    match self.wait(until).await {
                        Some(Landing::Result(taken)) => return self.take(taken),
                        Some(Landing::Failed) => return self.fall_back(Failure::WorkOfOther),
                        // Of the present version, whatever it waited for.
                        Some(Landing::Nothing) | None => {
                            self.text = self.key.text(self.request.as_ref());
                        }
                    }
                }
                (_, _) => {
                    let reason = match decision {
                        Decision::Fill(reason) => reason,
                        _ => FillReason::Missing,
                    };
                    // Whoever waited in vain does not wait again, also where another holds the lock.
                    let in_vain = reason == FillReason::WaitedInVain && flight == Flight::Running;
                    let alone = self.alone(now).filter(|_| !in_vain);
                    let flights = self.flights();
                    match flights
                        .map(|flights| flights.board((&self.text, &self.key.name), now, alone))
                    {
                        Some(Boarding::Mine(ticket)) => {
                            if waiting.is_none() {
                                count(self.key, Count::Miss);
                            }
                            let Some(load) = load.take() else {
                                return Err(Failure::BrokenOff);
                            };
                            let job = self.job();
                            let filled = fill::begin(job, ticket, load).await;
                            let filled = filled.unwrap_or(Filled::BrokenOff);
                            return self.answer(filled, reason);
                        }
                        // Somebody was faster: look again.
                        Some(Boarding::Theirs) => {}
                        None => return Err(Failure::BrokenOff),
                    }
                }
            }
        }
    }

    fn flights(&self) -> Option<&Arc<crate::flight::Flights>> {
        let state = self.key.cache.inner.state(self.key.name.level)?;
        Some(&state.flights)
    }

    fn flight(&self, now: Time) -> Flight {
        self.flights()
            .map_or(Flight::Nobody, |flights| flights.of(&self.text, now))
    }

    /// Until when a fill that begins now is the only one of its key; `None`: it need not be.
    fn alone(&self, now: Time) -> Option<Time> {
        match self.level.rules.stampede {
            Stampede::None => None,
            _ => Some(self.level.rules.flight_expires(now)),
        }
    }

    fn job(&self) -> fill::Job {
        fill::Job {
            key: self.key.clone(),
            text: self.text.clone(),
            request: self.request.clone(),
        }
    }

    fn serve<T, E, F, W>(
        &self,
        entry: &Arc<Entry>,
        (outcome, refresh): (Hit, bool),
        waited_since: Option<Time>,
        load: Option<F>,
    ) -> Result<Served<T>, Failure<E>>
    where
        T: Send + Sync + 'static,
        E: Send + 'static,
        F: FnOnce() -> W + Send + 'static,
        W: Future<Output = Result<Option<T>, E>> + Send + 'static,
    {
        let inner = &self.key.cache.inner;
        let (rules, now) = (&self.level.rules, inner.clock.now());
        if rules.sliding {
            entry.set_lifetimes(&entry.lifetimes().slid(rules, now));
        }
        if refresh
            && let Some(load) = load
            && let Some(flights) = self.flights()
            && let alone = Some(rules.flight_expires(now))
            && let Boarding::Mine(ticket) = flights.board((&self.text, &self.key.name), now, alone)
        {
            // A copy was served meanwhile, which stays where this fails.
            drop(fill::begin(self.job(), ticket, load));
        }
        if let Some(since) = waited_since {
            if entry.lifetimes().stored >= since {
                count(self.key, Count::Waited);
            }
            embed(self.key, &entry.marks, false);
            return Ok(Served {
                value: typed(entry.value.clone())?,
                outcome: Outcome::Waited,
            });
        }
        hit(self.key, entry, outcome)
    }

    /// Waits for the fill under way; how it landed, where whoever waits takes that.
    async fn wait(&self, until: Time) -> Option<Landing> {
        let (landing, expires) = self.flights()?.landing(&self.text)?;
        // Patience without a limit is that of the flight.
        let until = if until == Time::NEVER { expires } else { until };
        let landed = match self.key.cache.inner.clock.instant(until) {
            None => landing.await.ok(),
            Some(until) => tokio::time::timeout_at(until, landing).await.ok()?.ok(),
        };
        landed.filter(|_| self.level.rules.stampede == Stampede::Coalesce)
    }

    fn take<T: Send + Sync + 'static, E>(&self, taken: Taken) -> Result<Served<T>, Failure<E>> {
        count(self.key, Count::Waited);
        embed(self.key, &taken.marks, taken.overtaken);
        Ok(Served {
            value: typed(taken.value)?,
            outcome: Outcome::Waited,
        })
    }

    fn answer<T: Send + Sync + 'static, E>(
        &self,
        filled: Filled<E>,
        reason: FillReason,
    ) -> Result<Served<T>, Failure<E>> {
        let taken = match filled {
            Filled::Value(taken) => taken,
            Filled::Error(error) => return self.fall_back(Failure::Work(error)),
            Filled::BrokenOff => return self.fall_back(Failure::BrokenOff),
        };
        let not_stored = taken.not_stored;
        embed(self.key, &taken.marks, taken.overtaken);
        Ok(Served {
            value: typed(taken.value)?,
            outcome: Outcome::Filled { reason, not_stored },
        })
    }

    /// A copy that is too old, in place of an error.
    fn fall_back<T: Send + Sync + 'static, E>(
        &self,
        error: Failure<E>,
    ) -> Result<Served<T>, Failure<E>> {
        let inner = &self.key.cache.inner;
        let now = inner.clock.now();
        let usable = |entry: &Arc<Entry>| decide_after_failure(entry.found(), now).is_some();
        let Some(entry) = self.store.get(&self.text).filter(usable) else {
            return Err(error);
        };
        embed(self.key, &entry.marks, false);
        Ok(Served {
            value: typed(entry.value.clone())?,
            outcome: Outcome::StaleOnError,
        })
    }
}
