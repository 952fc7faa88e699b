//! Who is filling what: the flights that others wait for.

use crate::entry::{Mark, Name, Shared};
use crate::peak::Peak;
use crate::sync::{Mutex, oneshot};
use cachepolicy_core::decide::{Flight, ServeOnlyReason};
use cachepolicy_core::units::Time;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// How a flight ended.
#[derive(Debug, Clone)]
pub(crate) enum Landing {
    /// With something that others may take.
    Result(Taken),
    /// With an error.
    Failed,
    /// With nothing for others.
    Nothing,
}

/// What a fill gave.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// `None`: an absence.
    pub(crate) value: Option<Shared>,
    /// Until when its copy is fresh; `None`: it was not stored.
    pub(crate) fresh_until: Option<Time>,
    /// Why it was not stored.
    pub(crate) not_stored: Option<ServeOnlyReason>,
    /// What can be found in it.
    pub(crate) marks: Arc<[Mark]>,
    /// An invalidation has overtaken it, which what embeds it inherits.
    pub(crate) overtaken: bool,
}

/// Somebody whom others wait for.
#[derive(Debug)]
struct Pilot {
    number: u64,
    /// From then on somebody else may begin.
    expires: Time,
    /// Who waits, the first to come first; some may have gone.
    waiters: Vec<oneshot::Sender<Landing>>,
}

/// So many landings are remembered.
const LANDINGS: usize = 64;

/// All fills of a level in this process.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    pilots: FxHashMap<Box<str>, Pilot>,
    /// Who expired, and somebody else has begun: nobody joins them any more.
    earlier: Vec<Pilot>,
    /// When each began, and what it fills.
    running: FxHashMap<u64, (Time, Name)>,
    peak: Peak,
    /// So many have landed for whom others could wait.
    landed: u64,
    /// The hashes of the keys of the last ones.
    landings: VecDeque<u64>,
}

impl State {
    fn land(&mut self, key: &str) {
        self.landed += 1;
        self.landings.truncate(LANDINGS - 1);
        self.landings.push_front(FxBuildHasher.hash_one(key));
    }

    /// Can a flight of this key have landed after so many others?
    fn has_landed(&self, key: &str, since: u64) -> bool {
        let later = usize::try_from(self.landed - since).unwrap_or(usize::MAX);
        let hash = FxBuildHasher.hash_one(key);
        later > LANDINGS || self.landings.iter().take(later).any(|it| *it == hash)
    }
}

/// A fill's place among the others; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    flights: Arc<Flights>,
    number: u64,
    key: Box<str>,
    pub(crate) began: Time,
    has_landed: bool,
}

/// What [`Flights::board`] found.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// Whoever asked fills.
    Mine(Ticket),
    /// Somebody does so already, or has done so since whoever asked has looked.
    Theirs,
}

impl Flights {
    /// Is somebody filling a key?
    pub(crate) fn of(&self, key: &str, now: Time) -> Flight {
        let state = self.state.lock();
        match state.pilots.get(key) {
            Some(pilot) if now < pilot.expires => Flight::Running,
            _ => Flight::Nobody,
        }
    }

    /// Joins those who wait for the flight of a key, unless it has expired; when it does.
    pub(crate) fn landing(
        &self,
        key: &str,
        now: Time,
    ) -> Option<(oneshot::Receiver<Landing>, Time)> {
        let mut state = self.state.lock();
        let pilot = state.pilots.get_mut(key)?;
        if now >= pilot.expires {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        pilot.waiters.push(sender);
        Some((receiver, pilot.expires))
    }

    /// Begins a fill of who has looked for a copy after so many landings; with `alone`, until when it is the
    /// only one of its key.
    pub(crate) fn board(
        self: &Arc<Self>,
        (key, name): (&str, &Name),
        now: Time,
        alone: Option<Time>,
        since: u64,
    ) -> Boarding {
        let mut state = self.state.lock();
        let is_taken = |pilot: &Pilot| now < pilot.expires;
        let is_taken = state.pilots.get(key).is_some_and(is_taken);
        // The copy of one that has landed can have come after whoever asks has looked for it.
        if alone.is_some() && (is_taken || state.has_landed(key, since)) {
            return Boarding::Theirs;
        }
        let number = state.next;
        state.next += 1;
        state.running.insert(number, (now, name.clone()));
        state.peak.begin(key);
        if let Some(expires) = alone {
            let pilot = Pilot {
                number,
                expires,
                waiters: Vec::new(),
            };
            // Whoever waits for one that has expired and has not looked again yet still hears of it.
            let expired = state.pilots.insert(key.into(), pilot);
            state.earlier.extend(expired);
        }
        Boarding::Mine(Ticket {
            flights: Arc::clone(self),
            number,
            key: key.into(),
            began: now,
            has_landed: false,
        })
    }

    /// How many have landed: to be known before a copy is looked for.
    pub(crate) fn landed(&self) -> u64 {
        self.state.lock().landed
    }

    /// The most fills of one key at once.
    pub(crate) fn peak(&self) -> u64 {
        self.state.lock().peak.most()
    }

    /// When the oldest fill under way began.
    pub(crate) fn oldest(&self) -> Option<Time> {
        let state = self.state.lock();
        state.running.values().map(|(began, _)| *began).min()
    }

    /// What is being filled.
    pub(crate) fn names(&self) -> Vec<Name> {
        let state = self.state.lock();
        state
            .running
            .values()
            .map(|(_, name)| name.clone())
            .collect()
    }
}

impl Ticket {
    /// Tells those who wait, in the order in which they came.
    pub(crate) fn land(mut self, landing: &Landing) {
        self.has_landed = true;
        self.leave(landing);
    }

    fn leave(&self, landing: &Landing) {
        let waiters = {
            let mut state = self.flights.state.lock();
            state.running.remove(&self.number);
            state.peak.end(&self.key);
            let is_it = |pilot: &Pilot| pilot.number == self.number;
            state.land(&self.key);
            if state.pilots.get(&self.key).is_some_and(is_it) {
                state.pilots.remove(&self.key)
            } else {
                let place = state.earlier.iter().position(is_it);
                place.map(|place| state.earlier.swap_remove(place))
            }
        };
        for waiter in waiters.into_iter().flat_map(|pilot| pilot.waiters) {
            // Some may have lost patience.
            let _ = waiter.send(landing.clone());
        }
    }
}

impl Drop for Ticket {
    /// Work that panicked, or was cut off, lets the others go.
    fn drop(&mut self) {
        if !self.has_landed {
            self.leave(&Landing::Nothing);
        }
    }
}
