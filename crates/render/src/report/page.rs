//! What a report is laid out with: headings, tables, points, paragraphs, as lines of a terminal, as Markdown
//! or as HTML.

use crate::output::Terminal;
use crate::output::colour::Meaning;
use crate::output::table::{self, Column, Field};
use crate::output::{html, markdown, text};

/// What a section is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Lines of a terminal.
    Lines,
    /// Markdown.
    Markdown,
    /// HTML with classes and without a style.
    Html,
}

/// Where a report goes, and what it is written as.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Where it goes.
    pub terminal: Terminal,
    /// What it is written as.
    pub layout: Layout,
}

/// Puts those sections together that say something.
pub fn join(layout: Layout, sections: impl IntoIterator<Item = String>) -> String {
    let said = sections.into_iter().filter(|section| !section.is_empty());
    match layout {
        Layout::Lines => said.collect::<Vec<_>>().join("\n"),
        Layout::Html => said
            .map(|section| format!("<section>\n{section}</section>\n"))
            .collect(),
        Layout::Markdown => {
            let trimmed = said.map(|section| section.trim_end().to_owned());
            format!("{}\n", trimmed.collect::<Vec<_>>().join("\n\n"))
        }
    }
}

impl Page {
    /// The report's title.
    pub fn title(&self, title: &str) -> String {
        match self.layout {
            Layout::Lines => format!("{}\n", self.terminal.paint.text(Meaning::Strong, title)),
            Layout::Markdown => format!("## {}\n\n", markdown::inline(title)),
            Layout::Html => html::element("h2", Meaning::Plain, title),
        }
    }

    /// A section's title, and what is to be known of its figures.
    pub fn heading(&self, title: &str, remark: &str) -> String {
        if self.layout == Layout::Html {
            let remark = match remark {
                "" => String::new(),
                remark => format!("<p class=\"remark\">{}</p>\n", html::inline(remark)),
            };
            return html::element("h3", Meaning::Plain, title) + &remark;
        }
        if self.layout == Layout::Markdown {
            let remark = match remark {
                "" => String::new(),
                remark => format!("*{}*\n\n", markdown::inline(remark)),
            };
            return format!("### {}\n\n{remark}", markdown::inline(title));
        }
        let room = self.terminal.width.saturating_sub(text::width(title) + 2);
        let remark = if text::width(remark) <= room {
            remark
        } else {
            ""
        };
        let gap = if remark.is_empty() { "" } else { "  " };
        let paint = self.terminal.paint;
        format!(
            "{}{gap}{}\n",
            paint.text(Meaning::Heading, title),
            paint.text(Meaning::Faint, remark)
        )
    }

    /// A section that a reader of Markdown unfolds; in a terminal it is as any other.
    pub fn folded(&self, title: &str, remark: &str, content: &str) -> String {
        match self.layout {
            Layout::Lines => format!("{}{content}", self.heading(title, remark)),
            Layout::Markdown => {
                let title = markdown::inline(title);
                format!("<details><summary>{title}</summary>\n\n{content}\n</details>\n")
            }
            Layout::Html => {
                let title = html::inline(title);
                format!("<details><summary>{title}</summary>\n{content}</details>\n")
            }
        }
    }

    /// A table.
    pub fn table(&self, columns: &[Column<'_>], rows: &[Vec<Field>]) -> String {
        match self.layout {
            Layout::Lines => table::render(columns, rows, self.terminal.width, self.terminal.paint),
            Layout::Markdown => markdown::table(columns, rows),
            Layout::Html => html::table(columns, rows),
        }
    }

    /// Running text, wrapped; `first` before the first line, as many spaces before the others.
    pub fn paragraph(&self, first: &str, sentence: &str, meaning: Meaning) -> String {
        if self.layout == Layout::Markdown {
            return format!("\n{}\n", markdown::inline(sentence));
        }
        if self.layout == Layout::Html {
            return html::element("p", meaning, sentence);
        }
        let indent = text::width(first);
        let lines = text::wrap(sentence, self.terminal.width.saturating_sub(indent));
        let mut written = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                written.push_str(first);
            } else {
                written.push_str(&" ".repeat(indent));
            }
            written.push_str(&self.terminal.paint.text(meaning, line));
            written.push('\n');
        }
        written
    }

    /// `✗ …`, `! …`: a point of a list, its mark in the mark's colour.
    pub fn point(&self, mark: Mark, sentence: &str) -> String {
        if self.layout == Layout::Markdown {
            return format!("- {} {}\n", mark.sign(), markdown::inline(sentence));
        }
        if self.layout == Layout::Html {
            let (class, sign) = (html::class(mark.meaning()), mark.sign());
            return format!(
                "<p class=\"point\"><b class=\"{class}\">{sign}</b> {}</p>\n",
                html::inline(sentence)
            );
        }
        let lines = text::wrap(
            sentence,
            self.terminal.width.saturating_sub(table::INDENT + 2),
        );
        let mut written = String::new();
        for (index, line) in lines.iter().enumerate() {
            let before = if index == 0 {
                self.terminal.paint.text(mark.meaning(), mark.sign())
            } else {
                " ".to_owned()
            };
            written.push_str(&format!("  {before} {line}\n"));
        }
        written
    }
}

/// What a point of a list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// What must not be.
    Fails,
    /// What should be looked at.
    Look,
    /// What is as it should be.
    Holds,
    /// Neither.
    Open,
}

impl Mark {
    /// Before it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Fails => "✗",
            Self::Look => "!",
            Self::Holds => "✓",
            Self::Open => "·",
        }
    }

    /// Its colour.
    pub const fn meaning(self) -> Meaning {
        match self {
            Self::Fails => Meaning::Bad,
            Self::Look => Meaning::Warning,
            Self::Holds => Meaning::Good,
            Self::Open => Meaning::Faint,
        }
    }
}
