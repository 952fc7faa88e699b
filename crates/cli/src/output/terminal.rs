//! The terminal that a stream goes to, if it goes to one.

use super::Terminal;
use super::colour::{ColorWhen, Paint};
use cachepolicy_render::output::{WIDTH_DEFAULT, WIDTH_LEAST};
use std::io::{self, IsTerminal};

/// Of standard output.
pub(crate) fn stdout(color: ColorWhen) -> Terminal {
    let interactive = io::stdout().is_terminal();
    let size = interactive
        .then(|| terminal_size::terminal_size_of(io::stdout()))
        .flatten();
    new(interactive, size, color)
}

/// Of standard error.
pub(crate) fn stderr(color: ColorWhen) -> Terminal {
    let interactive = io::stderr().is_terminal();
    let size = interactive
        .then(|| terminal_size::terminal_size_of(io::stderr()))
        .flatten();
    new(interactive, size, color)
}

fn new(
    interactive: bool,
    size: Option<(terminal_size::Width, terminal_size::Height)>,
    color: ColorWhen,
) -> Terminal {
    let columns = size
        .map(|(width, _)| usize::from(width.0))
        .filter(|&columns| columns > 0);
    let named = || {
        std::env::var("COLUMNS")
            .ok()?
            .parse()
            .ok()
            .filter(|&columns| columns > 0)
    };
    let columns = columns.or_else(named).unwrap_or(WIDTH_DEFAULT);
    Terminal {
        paint: Paint::new(color.decide(interactive)),
        width: columns.clamp(WIDTH_LEAST, WIDTH_DEFAULT),
        interactive,
    }
}
