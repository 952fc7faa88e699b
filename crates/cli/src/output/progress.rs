//! Progress on a terminal, for what takes longer than a second.

use super::{Terminal, units};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Work is silent for this long.
const SILENT: Duration = Duration::from_secs(1);

/// Then it is drawn this often, at most.
const REDRAW: Duration = Duration::from_millis(200);

/// Events between two looks at the clock.
const STRIDE: u64 = 4096;

/// How far a piece of work is.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// The share that one unit of the total is; `None`: nobody knows how much there is.
    total: Option<u64>,
    what: &'static str,
    began: Instant,
    drawn: Instant,
    /// So many events were done at the last look.
    looked: u64,
}

impl Progress {
    /// Of work on events; `total` in whatever unit [`Progress::advance`] is given, if known.
    pub(crate) fn new(stderr: Terminal, what: &'static str, total: Option<u64>) -> Self {
        let now = Instant::now();
        let bar = stderr.interactive.then(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            bar.set_style(style(total.is_some()));
            bar
        });
        Self {
            bar,
            total,
            what,
            began: now,
            drawn: now,
            looked: 0,
        }
    }

    /// So many events, and so much of the total, are done. Cheap enough to be called for each.
    pub(crate) fn advance(&mut self, events: u64, done: impl FnOnce() -> u64) {
        if events.saturating_sub(self.looked) < STRIDE {
            return;
        }
        self.looked = events;
        self.draw(events, done);
    }

    /// So many of few pieces of work, each of which takes its time, are done.
    pub(crate) fn step(&mut self, done: u64) {
        self.draw(done, || done);
    }

    fn draw(&mut self, events: u64, done: impl FnOnce() -> u64) {
        if let Some(bar) = &self.bar {
            let now = Instant::now();
            if now - self.began >= SILENT && now - self.drawn >= REDRAW {
                self.drawn = now;
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                let took = (now - self.began).as_secs_f64();
                let rate = units::rate(events as f64 / took);
                let done = done();
                let left = self
                    .left(done, took)
                    .map_or_else(String::new, |left| format!(" · {left} left"));
                bar.set_message(format!(
                    "{} {} · {rate}{left}",
                    units::count(events),
                    self.what
                ));
                match self.total {
                    Some(total) => bar.set_position(done.min(total)),
                    None => bar.tick(),
                }
            }
        }
    }

    fn left(&self, done: u64, took: f64) -> Option<String> {
        let share = done as f64 / self.total.filter(|&total| total > 0)? as f64;
        (share > 0.0 && share <= 1.0).then(|| units::seconds((took / share * (1.0 - share)).ceil()))
    }

    /// The work is over, and the terminal as it was.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(bounded: bool) -> ProgressStyle {
    let template = if bounded {
        "{bar:24.cyan/dim} {percent:>3}%  {msg}"
    } else {
        "{spinner:.cyan} {msg}"
    };
    // Both templates are constant; were one wrong, the default style would be shown.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
