//! When there are colours.

pub(crate) use cachepolicy_render::output::colour::{Meaning, Paint};
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

#[cfg(test)]
mod tests {
    use super::*;

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
