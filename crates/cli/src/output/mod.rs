//! Everything that leaves the program: standard output, messages, files, progress.

pub(crate) mod colour;
pub(crate) mod file;
pub(crate) mod github;
pub(crate) mod interrupt;
pub(crate) mod markdown;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod units;

use colour::{ColorWhen, Paint};
use std::io::{self, IsTerminal, Write};

/// As wide as a report gets, and as wide as it is where nobody looks at it.
pub(crate) const WIDTH_DEFAULT: usize = 100;

/// Narrower than this nothing can be laid out; a narrower terminal wraps.
const WIDTH_LEAST: usize = 40;

/// What is known of where a stream goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Colours, if it takes them.
    pub(crate) paint: Paint,
    /// Columns to lay out for.
    pub(crate) width: usize,
    /// Does somebody look at it?
    pub(crate) interactive: bool,
}

impl Terminal {
    /// Plain text of the default width: a file, a pipe.
    pub(crate) const PLAIN: Self = Self {
        paint: Paint::OFF,
        width: WIDTH_DEFAULT,
        interactive: false,
    };

    /// Of standard output.
    pub(crate) fn stdout(color: ColorWhen) -> Self {
        let interactive = io::stdout().is_terminal();
        let size = interactive
            .then(|| terminal_size::terminal_size_of(io::stdout()))
            .flatten();
        Self::new(interactive, size, color)
    }

    /// Of standard error.
    pub(crate) fn stderr(color: ColorWhen) -> Self {
        let interactive = io::stderr().is_terminal();
        let size = interactive
            .then(|| terminal_size::terminal_size_of(io::stderr()))
            .flatten();
        Self::new(interactive, size, color)
    }

    fn new(
        interactive: bool,
        size: Option<(terminal_size::Width, terminal_size::Height)>,
        color: ColorWhen,
    ) -> Self {
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
        Self {
            paint: Paint::new(color.decide(interactive)),
            width: columns.clamp(WIDTH_LEAST, WIDTH_DEFAULT),
            interactive,
        }
    }
}

/// Writes a finished text to standard output. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a message to standard error; when even that is closed there is nobody left to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
