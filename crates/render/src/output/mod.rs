//! How texts are laid out: columns, colours, units, tables.

pub mod colour;
pub mod github;
pub mod html;
pub mod markdown;
pub mod table;
pub mod text;
pub mod units;

use colour::Paint;

/// As wide as a report gets, and as wide as it is where nobody looks at it.
pub const WIDTH_DEFAULT: usize = 100;

/// Narrower than this nothing can be laid out; a narrower terminal wraps.
pub const WIDTH_LEAST: usize = 40;

/// What is known of where a text goes.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Colours, if it takes them.
    pub paint: Paint,
    /// Columns to lay out for.
    pub width: usize,
    /// Does somebody look at it?
    pub interactive: bool,
}

impl Terminal {
    /// Plain text of the default width: a file, a pipe.
    pub const PLAIN: Self = Self {
        paint: Paint::OFF,
        width: WIDTH_DEFAULT,
        interactive: false,
    };
}
