//! What happens in a run, kept for somebody to step through.

use crate::types::{HappeningShown, Window};
use cachepolicy_sim::events::{Happening, Names, Observer, Row, sentence};
use std::sync::{Arc, Mutex};

/// What happens in a window of a run. Copies share what they keep.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    window: Window,
    all: Arc<Mutex<Vec<HappeningShown>>>,
}

impl Kept {
    /// Of this window.
    pub(crate) fn of(window: Window) -> Self {
        Self {
            window,
            all: Arc::default(),
        }
    }

    /// Of the whole of a short run.
    pub(crate) fn whole() -> Self {
        Self::of(Window {
            from: f64::NEG_INFINITY,
            to: f64::INFINITY,
            most: u32::MAX,
        })
    }

    /// What was kept.
    pub(crate) fn taken(&self) -> Vec<HappeningShown> {
        let all = self.all.lock();
        all.map(|all| all.clone()).unwrap_or_default()
    }
}

impl Observer for Kept {
    fn happens(&mut self, happening: &Happening, names: &Names<'_>) {
        let at = happening.at.since(names.zero).as_secs_f64();
        if at < self.window.from || at > self.window.to {
            return;
        }
        let Ok(mut all) = self.all.lock() else {
            return;
        };
        if all.len() >= self.window.most as usize {
            return;
        }
        let row = Row::of(happening, names);
        // A request has a column of its own, and says whose it is.
        let text = match (row.request, row.process) {
            (None, Some(process)) => format!("process {process}: {}", sentence(happening, names)),
            _ => sentence(happening, names),
        };
        all.push(HappeningShown {
            at: row.at,
            kind: row.event.to_owned(),
            text,
            level: (!row.level.is_empty()).then(|| row.level.to_owned()),
            key: (!row.key.is_empty()).then(|| row.key.clone()),
            process: row.process,
            request: row.request.map(|request| request as f64),
        });
    }
}
