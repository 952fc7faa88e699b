//! The reference pages, generated from the table and from the registry of diagnostics.

use crate::codes::{CodeDoc, PRELUDE, codes};
use crate::table::{ITEMS, Item, Kinds, Required, Row, http_rows};
use cachepolicy_core::expectation::Unit;
use cachepolicy_core::figures::{FIGURES, Figure};
use cachepolicy_core::sorting;
use cachepolicy_syntax::Severity;
use std::fmt::Write;

const TEXT: &str = include_str!("text.md");

/// The pages below `docs/reference/`, by file name.
#[must_use]
pub fn pages() -> [(&'static str, String); 2] {
    [
        ("language.md", reference_markdown()),
        ("diagnostics.md", diagnostics_markdown()),
    ]
}

/// The language: items, properties, figures.
#[must_use]
pub fn reference_markdown() -> String {
    let mut page = TEXT.to_owned();
    page.push_str("\n## Items\n\n| item | |\n|---|---|\n");
    for item in &ITEMS {
        let doc = item.doc.split_inclusive(". ").next().unwrap_or_default();
        row(
            &mut page,
            &[
                &format!("[`{}`](#{})", item.word, item.word),
                doc.trim_end(),
            ],
        );
    }
    for item in &ITEMS {
        match item.word {
            // The first of the four kinds of level, which share most properties.
            "site" => levels(&mut page),
            _ if is_level(item) => {}
            _ => section(&mut page, item),
        }
    }
    page
}

/// All diagnostics.
#[must_use]
pub fn diagnostics_markdown() -> String {
    let mut page = "# Diagnostics\n\nThis page is generated (`cargo xtask docs`); `cachepolicy explain CODE` shows one of its \
        sections. A policy with an error is not to be deployed: `compile` writes no artefact of it. A warning can be silenced where it is meant: \
        `# allow(CODE): reason` above the statement.\n\nThe examples that are not whole policies rest on this:\n\n"
        .to_owned();
    code(&mut page, PRELUDE);
    page.push_str("\n| code | |\n|---|---|\n");
    let mut sorted: Vec<&CodeDoc> = codes().collect();
    sorting::by_key(&mut sorted, |doc| doc.code);
    for doc in &sorted {
        row(&mut page, &[&format!("[`{0}`](#{0})", doc.code), doc.what]);
    }
    for doc in sorted {
        page.push('\n');
        page.push_str(&diagnostic_markdown(doc));
    }
    page
}

/// The page of one diagnostic.
#[must_use]
pub fn diagnostic_markdown(doc: &CodeDoc) -> String {
    let severity = match doc.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Note => "Note",
    };
    let mut page = format!(
        "## `{}`\n\n**{severity}.** {} {}\n",
        doc.code, doc.what, doc.why
    );
    if !doc.allow.is_empty() {
        let _ = write!(page, "\nAllow it where: {}\n", doc.allow);
    }
    if !doc.failing.is_empty() {
        page.push_str("\nHas it:\n\n");
        code(&mut page, doc.failing);
        page.push_str("\nHas it not:\n\n");
        code(&mut page, doc.mended);
    }
    page
}

fn section(page: &mut String, item: &Item) {
    let _ = writeln!(
        page,
        "\n## {}\n\n`{}`\n\n{}\n",
        item.word, item.header, item.doc
    );
    code(page, item.example);
    properties(page, &(item.rows)());
    if item.word == "expect" {
        figures(page);
    }
}

fn is_level(item: &Item) -> bool {
    matches!(item.word, "site" | "view" | "fragment" | "object")
}

fn levels(page: &mut String) {
    page.push_str(
        "\n## Levels\n\nA level is a family of copies, one for each key. The four kinds, coarse to fine, are `site`, \
         `view`, `fragment` and `object`. A level may contain levels of its own kind or finer ones.\n",
    );
    for item in ITEMS.iter().filter(|item| is_level(item)) {
        let _ = write!(
            page,
            "\n### {}\n\n`{}`\n\n{}\n\n",
            item.word, item.header, item.doc
        );
        code(page, item.example);
    }
    page.push_str("\n### Properties of levels\n");
    let mut rows: Vec<&Row> = Vec::new();
    for item in ITEMS.iter().filter(|item| is_level(item)) {
        for row in (item.rows)() {
            if !rows.iter().any(|known| known.word == row.word) {
                rows.push(row);
            }
        }
    }
    properties(page, &rows);
    page.push_str("\nIn the block of `http`:\n");
    properties(page, &http_rows());
}

fn properties(page: &mut String, rows: &[&Row]) {
    if rows.is_empty() {
        return;
    }
    page.push_str("\n| property | meaning | left out |\n|---|---|---|\n");
    for property in rows {
        let mut meaning = String::new();
        if property.kinds != Kinds::ALL {
            let _ = write!(meaning, "({}) ", property.kinds.names().join(", "));
        }
        let _ = write!(meaning, "{}. Example: `{}`", property.doc, property.example);
        let left_out = match property.required {
            Required::No => property.left_out.to_owned(),
            Required::WhereStored => "required where stored".to_owned(),
            Required::On(_) if property.left_out.is_empty() => "required".to_owned(),
            Required::On(kinds) => {
                format!(
                    "required on {}; {}",
                    kinds.names().join(", "),
                    property.left_out
                )
            }
        };
        row(
            page,
            &[&format!("`{}`", property.usage()), &meaning, &left_out],
        );
    }
}

fn figures(page: &mut String) {
    page.push_str(
        "\n### Figures\n\nWhat a measured claim can name. They have the names of the JSON report. A claim's limit has the \
         figure's unit.\n\n| figure | of | unit | meaning |\n|---|---|---|---|\n",
    );
    // Figures that differ in their path only, as quantiles do, share a line.
    for group in
        FIGURES.chunk_by(|a, b| a.doc == b.doc && a.head == b.head && a.subjects == b.subjects)
    {
        let Some(first) = group.first() else { continue };
        let subjects: Vec<&str> = first
            .subjects
            .iter()
            .map(|subject| subject.described())
            .collect();
        row(
            page,
            &[
                &format!("`{}`", written(first, group)),
                &subjects.join(", "),
                unit(first.unit),
                first.doc,
            ],
        );
    }
}

/// `staleness(…).{mean, p50}` of several that differ in the last part of their path.
fn written(first: &Figure, group: &[Figure]) -> String {
    let head = format!("{}(…)", first.head);
    match (first.path.rsplit_once('.'), group) {
        _ if first.path.is_empty() => head,
        (_, [_]) => format!("{head}.{}", first.path),
        (common, _) => {
            let last = |figure: &Figure| figure.path.rsplit('.').next().unwrap_or_default();
            let members: Vec<&str> = group.iter().map(last).collect();
            let common = common.map_or(String::new(), |(common, _)| format!("{common}."));
            format!("{head}.{common}{{{}}}", members.join(", "))
        }
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ratio => "percentage",
        Unit::Seconds => "duration",
        Unit::Count => "number",
        Unit::PerSecond => "rate",
        Unit::Bytes => "size",
    }
}

/// A line of a table.
fn row(page: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(page, "| {} ", cell.replace('|', "\\|"));
    }
    page.push_str("|\n");
}

fn code(page: &mut String, text: &str) {
    let _ = writeln!(page, "```\n{}\n```", text.trim_end());
}
