//! One of many fills, in whatever order they come: the flights are compiled a second time here, with loom's
//! mutex in place of the real one, and each of some threads asks for the same key in every order that there is.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test, which uses parts of what it includes"
)]

#[path = "../src/flight.rs"]
mod flight;
#[path = "../src/peak.rs"]
mod peak;

/// What flights know of copies.
mod entry {
    pub(crate) type Shared = u32;

    #[derive(Debug, Clone)]
    pub(crate) struct Name;

    #[derive(Debug, Clone)]
    pub(crate) struct Mark;
}

/// As `src/sync.rs`, with primitives whose every order is tried.
mod sync {
    use loom::sync::MutexGuard;

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    pub(crate) mod oneshot {
        use loom::sync::{Condvar, Mutex};
        use std::sync::Arc;

        /// What was sent; the inner one is empty where nothing ever will be.
        type Slot<T> = Arc<(Mutex<Option<Option<T>>>, Condvar)>;

        #[derive(Debug)]
        pub(crate) struct Sender<T>(Slot<T>);

        #[derive(Debug)]
        pub(crate) struct Receiver<T>(Slot<T>);

        pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
            let slot = Arc::new((Mutex::new(None), Condvar::new()));
            (Sender(Arc::clone(&slot)), Receiver(slot))
        }

        impl<T> Sender<T> {
            pub(crate) fn send(self, value: T) -> Result<(), T> {
                *self.0.0.lock().unwrap() = Some(Some(value));
                Ok(())
            }
        }

        impl<T> Drop for Sender<T> {
            fn drop(&mut self) {
                self.0.0.lock().unwrap().get_or_insert(None);
                self.0.1.notify_all();
            }
        }

        impl<T> Receiver<T> {
            /// Waits; `None`: nothing comes.
            pub(crate) fn wait(self) -> Option<T> {
                let mut sent = self.0.0.lock().unwrap();
                loop {
                    match sent.take() {
                        Some(sent) => return sent,
                        None => sent = self.0.1.wait(sent).unwrap(),
                    }
                }
            }
        }
    }
}

use cachepolicy_core::decide::Flight;
use cachepolicy_core::units::{Duration, Time};
use entry::{Name, Shared};
use flight::{Boarding, Flights, Landing, Taken};
use loom::thread;
use std::sync::Arc;
use sync::Mutex;

const NOW: Time = Time::ZERO;

/// A store and its flights.
#[derive(Default)]
struct Level {
    copy: Mutex<Option<Shared>>,
    flights: Arc<Flights>,
    fills: Mutex<u32>,
}

impl Level {
    /// As a look-up under `coalesce`; the first fills break off, so many of them.
    fn get(&self, breaks: u32) -> Shared {
        loop {
            let landed = self.flights.landed();
            if let Some(value) = *self.copy.lock() {
                return value;
            }
            if self.flights.of("key", NOW) == Flight::Running {
                let landing = self.flights.landing("key", NOW);
                let landing = landing.and_then(|(landing, _)| landing.wait());
                if let Some(Landing::Result(taken)) = landing {
                    return taken.value.unwrap();
                }
                continue;
            }
            let expires = NOW + Duration::from_secs(1);
            let boarding = self
                .flights
                .board(("key", &Name), NOW, Some(expires), landed);
            let Boarding::Mine(ticket) = boarding else {
                continue;
            };
            let number = {
                let mut fills = self.fills.lock();
                *fills += 1;
                *fills
            };
            if number <= breaks {
                // Work that panics drops its ticket.
                drop(ticket);
                continue;
            }
            *self.copy.lock() = Some(number);
            ticket.land(&Landing::Result(Taken {
                value: Some(number),
                fresh_until: None,
                not_stored: None,
                marks: Arc::from([]),
                overtaken: false,
            }));
            return number;
        }
    }
}

/// Threads that ask for one cold key, in every order. All get what the last fill made.
fn all_get_one(threads: usize, breaks: u32) {
    let mut model = loom::model::Builder::new();
    // Most mistakes need no more than two.
    model.preemption_bound = Some(3);
    model.check(move || {
        let level = Arc::new(Level::default());
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let level = Arc::clone(&level);
                thread::spawn(move || level.get(breaks))
            })
            .collect();
        let mut values = vec![level.get(breaks)];
        values.extend(others.into_iter().map(|it| it.join().unwrap()));
        assert_eq!(*level.fills.lock(), breaks + 1);
        assert_eq!(values, vec![breaks + 1; threads]);
        assert_eq!(level.flights.peak(), 1);
        assert!(level.flights.names().is_empty());
    });
}

#[test]
fn one_fills_and_the_others_take_its_result() {
    all_get_one(2, 0);
    all_get_one(3, 0);
}

#[test]
fn whoever_breaks_off_lets_another_one_fill() {
    all_get_one(2, 1);
}
