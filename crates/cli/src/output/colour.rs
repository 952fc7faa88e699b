//! Colours: when, and which.

use anstyle::{AnsiColor, Effects, Style};
use std::ffi::OsString;

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal; `NO_COLOR` and `FORCE_COLOR` decide otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    /// Colours or not? The option comes first, then the environment (no-color.org, force-color.org),
    /// then whether somebody looks.
    pub(crate) fn decide(self, interactive: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto if set("FORCE_COLOR") => true,
            Self::Auto => interactive && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }

    /// What the help texts shall do, which are printed before the arguments are understood.
    pub(crate) fn of_help(arguments: impl Iterator<Item = OsString>) -> clap::ColorChoice {
        let mut said = Self::Auto;
        let mut value_next = false;
        for argument in arguments {
            let Some(argument) = argument.to_str() else {
                continue;
            };
            let value = if value_next {
                Some(argument)
            } else {
                argument.strip_prefix("--color=")
            };
            said = match value {
                Some("always") => Self::Always,
                Some("never") => Self::Never,
                _ => said,
            };
            value_next = argument == "--color";
        }
        match said {
            Self::Always => clap::ColorChoice::Always,
            Self::Never => clap::ColorChoice::Never,
            Self::Auto if Self::Auto.decide(false) => clap::ColorChoice::Always,
            Self::Auto => clap::ColorChoice::Auto,
        }
    }
}

/// What a colour says. The renderers name meanings; the colours are chosen here alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
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
    pub(crate) fn style(self) -> Style {
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
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    pub(crate) const OFF: Self = Self { on: false };

    /// Colours or not.
    pub(crate) const fn new(on: bool) -> Self {
        Self { on }
    }

    /// Are there colours?
    pub(crate) const fn is_on(self) -> bool {
        self.on
    }

    /// A text in the style of its meaning.
    pub(crate) fn text(self, meaning: Meaning, text: &str) -> String {
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

    #[test]
    fn the_option_wins() {
        assert!(ColorWhen::Always.decide(false));
        assert!(!ColorWhen::Never.decide(true));
        let of = |arguments: &[&str]| ColorWhen::of_help(arguments.iter().map(OsString::from));
        assert_eq!(
            of(&["check", "--color", "never", "x"]),
            clap::ColorChoice::Never
        );
        assert_eq!(of(&["--color=always"]), clap::ColorChoice::Always);
    }
}
