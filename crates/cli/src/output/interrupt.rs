//! Ctrl-C and termination: half-written files are removed, then the program ends as a shell expects.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What a shell reports for a command that was interrupted.
const EXIT_INTERRUPTED: i32 = 130;

static HALF_WRITTEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What is done at the first interruption, where the program is not to end at once.
static INSTEAD: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// What is done at each hang-up, where the program is not to end.
static AT_HANGUP: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// From here on an interruption leaves no half-written file behind. Where no handler can be
/// installed the system's own stays: it ends the program, too.
#[cfg(unix)]
pub(crate) fn install() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let at_hangup = AT_HANGUP.lock().unwrap_or_else(PoisonError::into_inner);
            match &*at_hangup {
                Some(again) if signal == SIGHUP => again(),
                _ => interrupted(),
            }
        }
    });
}

/// From here on an interruption leaves no half-written file behind. Where no handler can be
/// installed the system's own stays: it ends the program, too.
#[cfg(not(unix))]
pub(crate) fn install() {
    let _ = ctrlc::set_handler(interrupted);
}

fn interrupted() {
    let instead = INSTEAD
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(instead) = instead {
        return instead();
    }
    let files = HALF_WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    for file in files.iter() {
        let _ = std::fs::remove_file(file);
    }
    super::say("\n");
    std::process::exit(EXIT_INTERRUPTED);
}

/// A hang-up, where there is that signal, does this from now on, each time, and ends nothing.
pub(crate) fn at_hangup(again: impl Fn() + Send + 'static) {
    *AT_HANGUP.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(again));
}

/// The next interruption does this, and the program ends by itself; the one after that ends it.
pub(crate) fn instead(stop: impl Fn() + Send + 'static) {
    *INSTEAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(stop));
}

/// This file is to be removed when the program is interrupted.
pub(crate) fn guard(file: &Path) {
    HALF_WRITTEN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(file.to_owned());
}

/// This file is finished, or gone.
pub(crate) fn release(file: &Path) {
    HALF_WRITTEN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|other| other != file);
}
