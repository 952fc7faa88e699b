//! Colours, by what they say.

use anstyle::{AnsiColor, Effects, Style};

/// What a colour says. The renderers name meanings; the colours are chosen here alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Ordinary text.
    Plain,
    /// A heading.
    Heading,
    /// The figure to look at.
    Strong,
    /// Context: units, column titles, what is as it should be.
    Faint,
    /// A curve.
    Curve,
    /// It holds.
    Good,
    /// Look here.
    Warning,
    /// It fails.
    Bad,
}

impl Meaning {
    /// Its style, in the terminal's own sixteen colours, so that every theme stays readable.
    pub fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Heading => colour(AnsiColor::Cyan).bold(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().effects(Effects::DIMMED),
            Self::Curve => colour(AnsiColor::Cyan),
            Self::Good => colour(AnsiColor::Green),
            Self::Warning => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

/// Puts colours on, or leaves them out.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    pub const OFF: Self = Self { on: false };

    /// Colours or not.
    pub const fn new(on: bool) -> Self {
        Self { on }
    }

    /// Are there colours?
    pub const fn is_on(self) -> bool {
        self.on
    }

    /// A text in the style of its meaning.
    pub fn text(self, meaning: Meaning, text: &str) -> String {
        if !self.on || meaning == Meaning::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = meaning.style();
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escapes() {
        assert_eq!(Paint::OFF.text(Meaning::Bad, "x"), "x");
        assert_eq!(
            Paint::new(true).text(Meaning::Good, "x"),
            "\u{1b}[32mx\u{1b}[0m"
        );
    }
}
