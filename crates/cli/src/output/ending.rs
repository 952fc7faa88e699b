//! Which format the name of an output says by its ending.

use anyhow::{Result, bail};
use std::path::Path;

/// Endings of plain text.
const TEXT: [&str; 4] = ["txt", "text", "log", "out"];

/// The format to write: what was asked for, else by the ending of the output's name. What has no
/// ending, as standard output and devices, and what ends as plain text gets `otherwise`. `flag` is
/// the one that asks.
///
/// # Errors
/// When the name has an ending that is no format's.
pub(crate) fn format_or<F: Copy>(
    asked: Option<F>,
    flag: &str,
    output: &Path,
    endings: &[(&str, F)],
    otherwise: F,
) -> Result<F> {
    let ending = output.extension().and_then(|ending| ending.to_str());
    let (None, Some(ending)) = (asked, ending) else {
        return Ok(asked.unwrap_or(otherwise));
    };
    let folded = ending.to_ascii_lowercase();
    let known = endings.iter().find(|(own, _)| *own == folded);
    match known {
        Some((_, format)) => Ok(*format),
        None if TEXT.contains(&folded.as_str()) => Ok(otherwise),
        None => bail!(
            "`{}`: nothing is written as `.{ending}`: let its name end in {}, or say `{flag}`",
            output.display(),
            listed(endings.iter().map(|(own, _)| *own))
        ),
    }
}

/// The same of what `--format` asks for, else the format that is the usual one.
pub(crate) fn format<F: Copy + Default>(
    asked: Option<F>,
    output: &Path,
    endings: &[(&str, F)],
) -> Result<F> {
    format_or(asked, "--format", output, endings, F::default())
}

/// "`.a`, `.b` or `.txt`"
fn listed<'e>(endings: impl Iterator<Item = &'e str>) -> String {
    let endings: Vec<String> = endings.map(|ending| format!("`.{ending}`")).collect();
    format!("{} or `.txt`", endings.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_endings_are_refused() {
        let format = |asked, name: &str| format(asked, Path::new(name), &[("json", 1), ("svg", 2)]);
        assert_eq!(format(None, "r.json").unwrap(), 1);
        assert_eq!(format(None, "r.SVG").unwrap(), 2);
        for plain in ["-", "report", "/dev/stdout", "r.txt", ".hidden"] {
            assert_eq!(format(None, plain).unwrap(), 0, "{plain}");
        }
        assert_eq!(format(Some(2), "r.png").unwrap(), 2);
        assert_eq!(
            format(None, "r.png").unwrap_err().to_string(),
            "`r.png`: nothing is written as `.png`: let its name end in `.json`, `.svg` or `.txt`, or say `--format`"
        );
    }
}
