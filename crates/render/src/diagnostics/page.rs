//! `explain CODE`: a diagnostic's page.

use super::word;
use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::text;
use cachepolicy_compiler::codes::{self, CodeDoc};
use cachepolicy_core::sorting;
use cachepolicy_syntax::Severity;
use serde::Serialize;

/// A page as JSON.
#[derive(Serialize)]
pub struct Page {
    code: &'static str,
    severity: &'static str,
    what: &'static str,
    why: &'static str,
    /// When to allow it.
    #[serde(skip_serializing_if = "str::is_empty")]
    allow: &'static str,
    failing: &'static str,
    mended: &'static str,
}

impl Page {
    /// Of a diagnostic.
    pub const fn of(doc: &CodeDoc) -> Self {
        Self {
            code: doc.code,
            severity: word(doc.severity),
            what: doc.what,
            why: doc.why,
            allow: doc.allow,
            failing: doc.failing,
            mended: doc.mended,
        }
    }
}

/// A page for people.
pub fn page(doc: &CodeDoc, terminal: Terminal) -> String {
    let paint = terminal.paint;
    let mut page = format!(
        "{} ({})\n\n",
        paint.text(meaning(doc.severity), doc.code),
        word(doc.severity)
    );
    let allow = format!("Allow it where: {}", doc.allow);
    let paragraphs = [doc.what, doc.why, &allow];
    let told = if doc.allow.is_empty() { 2 } else { 3 };
    for paragraph in paragraphs.into_iter().take(told) {
        for line in text::wrap(paragraph, terminal.width) {
            page.push_str(&line);
            page.push('\n');
        }
        page.push('\n');
    }
    for (title, example) in [("With it", doc.failing), ("Without it", doc.mended)] {
        if example.trim().is_empty() {
            continue;
        }
        page.push_str(&format!("{}\n\n", paint.text(Meaning::Heading, title)));
        for line in example.trim_matches('\n').lines() {
            let line = text::tame(line);
            page.push_str(format!("    {line}").trim_end());
            page.push('\n');
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// All codes with what they say.
pub fn list(terminal: Terminal) -> String {
    let mut all: Vec<_> = codes::codes().collect();
    sorting::by_key(&mut all, |doc| doc.code);
    let widest = all.iter().map(|doc| doc.code.len()).max().unwrap_or(0);
    let mut page = String::new();
    for doc in all {
        let gap = " ".repeat(widest - doc.code.len() + 2);
        let what = text::shorten(doc.what, terminal.width.saturating_sub(widest + 2));
        page.push_str(&format!(
            "{}{gap}{what}\n",
            terminal.paint.text(meaning(doc.severity), doc.code)
        ));
    }
    page
}

const fn meaning(severity: Severity) -> Meaning {
    match severity {
        Severity::Error => Meaning::Bad,
        Severity::Warning => Meaning::Warning,
        Severity::Note => Meaning::Strong,
    }
}
