//! How many fill one key at once.

use rustc_hash::FxHashMap;

/// Fills under way by key, and the most that there have been of one.
#[derive(Debug, Default)]
pub(crate) struct Peak {
    running: FxHashMap<Box<str>, u64>,
    most: u64,
}

impl Peak {
    /// One more fills this key.
    pub(crate) fn begin(&mut self, key: &str) {
        let running = match self.running.get_mut(key) {
            Some(running) => {
                *running += 1;
                *running
            }
            None => {
                self.running.insert(key.into(), 1);
                1
            }
        };
        self.most = self.most.max(running);
    }

    /// One of them has ended.
    pub(crate) fn end(&mut self, key: &str) {
        if let Some(running) = self.running.get_mut(key) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(key);
            }
        }
    }

    /// The most that have filled one key.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}
