//! Reads a policy's files: the root, and what it imports.

use crate::lower::headers;
use crate::table::is_property_word;
use cachepolicy_core::sorting;
use cachepolicy_syntax::tree::Comment;
use cachepolicy_syntax::tree::{Block, Statement};
use cachepolicy_syntax::{
    Diagnostic, FileId, Severity, Source, Sources, Span, Spanned, parse_with,
};
use std::collections::BTreeMap;

/// Most files of one policy.
pub const MAX_FILES: usize = 256;

/// Gives the texts of imported files. This crate does no I/O; its caller does.
pub trait Loader {
    /// The text of the file at `path`, which the file `from` imports. `path` is relative to where
    /// `from`'s own path is: the compiler has joined and tidied it.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words for the author: "there is no such file".
    fn load(&mut self, path: &str, from: &str) -> Result<String, String>;
}

impl<F: FnMut(&str, &str) -> Result<String, String>> Loader for F {
    fn load(&mut self, path: &str, from: &str) -> Result<String, String> {
        self(path, from)
    }
}

/// For texts that stand alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoImports;

impl Loader for NoImports {
    fn load(&mut self, _: &str, _: &str) -> Result<String, String> {
        Err("this text stands alone and cannot import files".to_owned())
    }
}

/// All files of a policy, parsed.
pub(crate) struct Loaded {
    pub(crate) sources: Sources,
    /// The items of all files, imported ones where their `import` stands.
    pub(crate) items: Vec<Statement>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The places of all statements, for comments that speak about one.
    pub(crate) statements: Vec<Span>,
}

struct Reading<'l> {
    loader: &'l mut dyn Loader,
    loaded: Loaded,
    /// Where each file was imported first; `None` for the root.
    imported: BTreeMap<String, Option<Span>>,
    /// The imports that lead to the file at hand.
    chain: Vec<(String, Span)>,
}

/// Reads the root file and everything that it imports.
pub(crate) fn load(name: &str, text: &str, loader: &mut dyn Loader) -> Loaded {
    let mut reading = Reading {
        loader,
        loaded: Loaded {
            sources: Sources::default(),
            items: Vec::new(),
            comments: Vec::new(),
            diagnostics: Vec::new(),
            statements: Vec::new(),
        },
        imported: BTreeMap::from([(tidy(name), None)]),
        chain: Vec::new(),
    };
    reading.file(name, text);
    reading.loaded
}

impl Reading<'_> {
    fn file(&mut self, name: &str, text: &str) {
        let Some(file) = self.loaded.sources.add(Source::new(name, text)) else {
            return;
        };
        let parsed = parse_with(file, text, &is_property_word);
        let broken = parsed
            .diagnostics
            .iter()
            .any(|mistake| mistake.severity == Severity::Error);
        self.loaded.diagnostics.extend(parsed.diagnostics);
        self.loaded.comments.extend(parsed.comments);
        let start = self.loaded.statements.len();
        collect(&parsed.file.items, &mut self.loaded.statements);
        if let Some(own) = self.loaded.statements.get_mut(start..) {
            sorting::ascending(own);
        }
        if parsed.file.items.is_empty() && !broken {
            self.report_empty(file, text);
        }
        for item in parsed.file.items {
            if crate::lower::head_word(&item) == Some("import") {
                self.import(&item, name);
            } else {
                self.loaded.items.push(item);
            }
        }
    }

    fn report_empty(&mut self, file: FileId, text: &str) {
        let what = if text.trim().is_empty() {
            "this file is empty"
        } else {
            "there are only comments in this file"
        };
        let place = Span {
            file,
            start: 0,
            end: 0,
        };
        self.loaded.diagnostics.push(
            Diagnostic::error("empty-file", place, what)
                .help("a policy begins with `policy NAME { edition 1 }`"),
        );
    }

    fn import(&mut self, statement: &Statement, from: &str) {
        let Some(path) = headers::import(statement) else {
            let span = crate::property::header_span(statement);
            self.loaded.diagnostics.push(
                Diagnostic::error(
                    "unexpected-value",
                    span,
                    "`import` takes one file in quotes",
                )
                .help("write `import \"shared/models.cachepolicy\"`"),
            );
            return;
        };
        let joined = join(from, path.value);
        if let Some(step) = self.chain.iter().position(|(file, _)| *file == joined) {
            self.report_cycle(&joined, path.span, step + 1);
        } else if self.chain.is_empty() && tidy(from) == joined
            || self.imported.get(&joined) == Some(&None)
        {
            self.report_cycle(&joined, path.span, 0);
        } else if let Some(Some(first)) = self.imported.get(&joined) {
            self.loaded.diagnostics.push(
                Diagnostic::error(
                    "duplicate-import",
                    path.span,
                    format!("`{joined}` is imported twice"),
                )
                .related(*first, "it is imported here already")
                .help("remove one of the two"),
            );
        } else if self.loaded.sources.iter().count() >= MAX_FILES {
            let message = format!("a policy has at most {MAX_FILES} files");
            self.loaded
                .diagnostics
                .push(Diagnostic::error("too-many", path.span, message).help("put files together"));
        } else {
            self.follow(joined, path, from);
        }
    }

    fn follow(&mut self, joined: String, path: Spanned<&str>, from: &str) {
        self.imported.insert(joined.clone(), Some(path.span));
        match self.loader.load(&joined, from) {
            Ok(text) => {
                self.chain.push((joined.clone(), path.span));
                self.file(&joined, &text);
                self.chain.pop();
            }
            Err(reason) => {
                let message = format!("`{joined}` cannot be read: {reason}");
                self.loaded.diagnostics.push(
                    Diagnostic::error("unreadable-import", path.span, message)
                        .help("the path is relative to the file that imports it"),
                );
            }
        }
    }

    /// The file at `step` of the chain (0 for the root) is imported again below itself.
    fn report_cycle(&mut self, joined: &str, span: Span, step: usize) {
        let steps = self.chain.get(step..).unwrap_or_default();
        let message = match steps {
            [] => format!("`{joined}` imports itself"),
            _ => format!("`{joined}` imports itself through other files"),
        };
        let mut diagnostic = Diagnostic::error("import-cycle", span, message)
            .help("move what both files need into a third one");
        for (file, import) in steps {
            diagnostic = diagnostic.related(*import, format!("`{file}` is imported here"));
        }
        self.loaded.diagnostics.push(diagnostic);
    }
}

fn collect(statements: &[Statement], spans: &mut Vec<Span>) {
    for statement in statements {
        spans.push(statement.span);
        let inner = statement
            .block
            .as_ref()
            .map(|Block { statements, .. }| statements);
        // Nesting is bounded by the parser.
        collect(inner.map_or(&[], Vec::as_slice), spans);
    }
}

/// The path of an imported file, seen from where the root's path is.
fn join(from: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || path.starts_with('\\') || path.contains(":");
    let directory = from.rfind(['/', '\\']).and_then(|slash| from.get(..=slash));
    match directory {
        Some(directory) if !absolute => tidy(&format!("{directory}{path}")),
        _ => tidy(path),
    }
}

/// Without `.` and `..` where they lead nowhere new.
fn tidy(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_importing_file() {
        assert_eq!(join("a/b.cachepolicy", "c.cachepolicy"), "a/c.cachepolicy");
        assert_eq!(join("a/b.cachepolicy", "../c"), "c");
        assert_eq!(join("b.cachepolicy", "./x//c"), "x/c");
        assert_eq!(join("../b", "../c"), "../../c");
        assert_eq!(join("/srv/b", "c"), "/srv/c");
        assert_eq!(join("a/b", "/c"), "/c");
        assert_eq!(join("-", "c"), "c");
    }
}
