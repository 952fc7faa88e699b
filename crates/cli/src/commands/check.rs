//! `cachepolicy check FILES…`

use super::Outcome;
use crate::args::Session;
use crate::diagnostics::{self, Counts, Findings, Format, apply_fixes};
use crate::lints::LintArgs;
use crate::output::colour::Meaning;
use crate::output::file::Destination;
use crate::{input, output, policy};
use anyhow::{Context as _, Result, bail};
use cachepolicy_syntax::FileId;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Say everything that is wrong with policies
///
/// Parses, resolves and analyses each file and what it imports, and reports every mistake in one
/// run. Exits with 1 if there is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy check policies/*.cachepolicy
  cachepolicy check shop.cachepolicy --deny warnings
  cachepolicy check shop.cachepolicy --format github
  cachepolicy explain stampede-unprotected")]
pub(crate) struct Args {
    /// Policies
    #[arg(value_name = "POLICY", required = true)]
    files: Vec<PathBuf>,
    /// How to say it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Mend what can be mended for certain, in the files
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    lints: LintArgs,
}

/// Rounds of mending: one fix can uncover the next.
const FIX_ROUNDS: usize = 10;

/// Checks them.
pub(crate) fn run(arguments: &Args, session: Session) -> Result<Outcome> {
    let lints = policy::lints(&arguments.lints)?;
    if arguments.fix {
        fix_all(&arguments.files, session)?;
    }
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for file in &arguments.files {
        let mut findings = policy::check(file)?;
        lints.judge(&mut findings);
        drop_repeated(&mut findings, &mut seen);
        all.push(findings);
    }
    show(&all, arguments.format, arguments.files.len(), session)?;
    Ok(Outcome::failed_if(Counts::of(&all).errors > 0))
}

/// What two policies import is reported once.
fn drop_repeated(findings: &mut Findings, seen: &mut BTreeSet<(String, u32, u32, &'static str)>) {
    let sources = &findings.sources;
    findings.diagnostics.retain(|diagnostic| {
        let span = diagnostic.primary.span;
        sources.get(span.file).is_none_or(|source| {
            seen.insert((source.name.clone(), span.start, span.end, diagnostic.code))
        })
    });
}

fn show(all: &[Findings], format: Format, files: usize, session: Session) -> Result<()> {
    let document = format.render(all)?;
    output::print(&document).context("cannot write to standard output")?;
    if format != Format::Human {
        return Ok(());
    }
    for findings in all {
        output::say(&diagnostics::human(findings, session.stderr));
    }
    let paint = session.stderr.paint;
    let counts = Counts::of(all);
    let what = if files == 1 {
        "1 policy".to_owned()
    } else {
        format!("{files} policies")
    };
    output::say(&match counts.sentence() {
        None => format!(
            "{} {what} checked: nothing to complain about\n",
            paint.text(Meaning::Good, "✓")
        ),
        Some(sentence) => {
            let (sign, meaning) = counts.sign();
            let diagnostics = all.iter().flat_map(|findings| &findings.diagnostics);
            let code = diagnostics
                .min_by_key(|diagnostic| Reverse(diagnostic.severity))
                .map(|diagnostic| diagnostic.code);
            let more = code.map_or_else(String::new, |code| {
                format!("; `cachepolicy explain {code}` says more")
            });
            let line = format!("{what} checked: {sentence}{more}");
            let lines = output::text::wrap(&line, session.stderr.width.saturating_sub(2));
            format!("{} {}\n", paint.text(meaning, sign), lines.join("\n  "))
        }
    });
    Ok(())
}

fn fix_all(files: &[PathBuf], session: Session) -> Result<()> {
    let mut fixed = 0;
    for file in files {
        if file == Path::new(input::STDIN) {
            bail!("`--fix` changes files, and standard input is none");
        }
        fixed += fix(file)?;
    }
    if fixed > 0 {
        let sign = session.stderr.paint.text(Meaning::Good, "✓");
        let mistakes = output::units::plural(fixed as u64, "mistake", "mistakes");
        output::say(&format!("{sign} {mistakes} mended\n"));
    }
    Ok(())
}

/// Mends one policy and what it imports, until nothing is left to mend.
fn fix(file: &Path) -> Result<usize> {
    let mut total = 0;
    for _ in 0..FIX_ROUNDS {
        let Findings {
            sources,
            diagnostics,
        } = policy::check(file)?;
        let mut fixed = 0;
        for (id, source) in sources.iter() {
            let (text, count) = apply_fixes(id, source, &diagnostics);
            if count > 0 {
                let path = if id == FileId(0) {
                    file
                } else {
                    Path::new(&source.name)
                };
                Destination::open(Some(path))?.write_text(&text)?;
                fixed += count;
            }
        }
        if fixed == 0 {
            break;
        }
        total += fixed;
    }
    Ok(total)
}
