//! What may stand at a place.

use super::declared::{Declared, declared};
use super::scope::Scope;
use crate::table::{ITEMS, Row};

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// Where the word begins that is replaced, in bytes; it ends at the place.
    pub from: usize,
    /// In the order in which they are offered.
    pub all: Vec<Completion>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is inserted.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// How it goes on, or how it is declared.
    pub detail: String,
    /// One sentence; may be empty.
    pub doc: String,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// It begins an item.
    Item,
    /// It begins a statement in a block.
    Property,
    /// A word of the language.
    Word,
    /// Something that the text declares.
    Name,
}

impl CompletionKind {
    /// Its name, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Property => "property",
            Self::Word => "word",
            Self::Name => "name",
        }
    }
}

/// What may stand at a place, given in bytes. Nothing in comments and strings.
#[must_use]
pub fn complete(text: &str, place: usize) -> Completions {
    let scope = Scope::at(text, place);
    let all = if scope.is_text {
        Vec::new()
    } else if scope.words.is_empty() {
        beginnings(text, &scope)
    } else {
        continuations(text, &scope)
    };
    Completions {
        from: scope.from,
        all,
    }
}

/// What begins an item or a statement.
fn beginnings(text: &str, scope: &Scope<'_>) -> Vec<Completion> {
    if scope.blocks.is_empty() {
        let items = ITEMS.iter().map(|item| Completion {
            text: item.word.to_owned(),
            kind: CompletionKind::Item,
            detail: item.header.to_owned(),
            doc: first_sentence(item.doc),
        });
        return items.collect();
    }
    let rows = scope.rows();
    let known = before(text, scope);
    let is_free = |row: &&&Row| row.repeats || !known.iter().any(|word| word == row.head());
    let free = rows.iter().filter(is_free);
    free.map(|row| Completion {
        text: row.word.to_owned(),
        kind: CompletionKind::Property,
        detail: row.usage(),
        doc: format!("{}.", row.doc),
    })
    .collect()
}

/// The words that begin the statements of the same block before the place.
fn before(text: &str, scope: &Scope<'_>) -> Vec<String> {
    let head = text.get(..scope.from).unwrap_or_default();
    let mut depth = 0_i32;
    let mut words = Vec::new();
    for line in head.lines().rev() {
        for statement in line.split(';').rev() {
            depth += statement.matches('}').count() as i32;
            depth -= statement.matches('{').count() as i32;
            if depth < 0 {
                // What opened the block; on its line the block may have begun.
                let first = statement
                    .rsplit('{')
                    .next()
                    .and_then(|rest| rest.split_whitespace().next());
                words.extend(first.map(str::to_owned));
                return words;
            }
            let first = statement.split_whitespace().next();
            words.extend(first.filter(|_| depth == 0).map(str::to_owned));
        }
    }
    words
}

/// What follows the words of a statement.
fn continuations(text: &str, scope: &Scope<'_>) -> Vec<Completion> {
    let all = declared(text);
    if scope.blocks.is_empty() {
        return of_header(scope, &all);
    }
    let Some(row) = scope.row() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for piece in row
        .takes
        .split(|character: char| " [](){}|,:;=<>".contains(character))
    {
        match piece {
            "BACKEND" => names(&all, &["backend"], &mut found),
            "LEVEL" => names(&all, &["site", "view", "fragment", "object"], &mut found),
            "MODEL" => names(&all, &["model"], &mut found),
            "DIMENSION" | "CONDITION" => names(&all, &["dimension"], &mut found),
            "ORIGIN" => names(&all, &["origin"], &mut found),
            "BUS" => names(&all, &["bus"], &mut found),
            "SUBJECT" => names(&all, &["site", "view", "fragment", "object"], &mut found),
            word => words([word], row, &mut found),
        }
    }
    let named = scope
        .words
        .iter()
        .any(|word| *word == "when" || *word == "changed");
    if named {
        names(&all, &["field"], &mut found);
    }
    found
}

/// `backend NAME KIND`, `on MODEL create|update|delete … via BUS`, `expect for WORKLOAD`
fn of_header(scope: &Scope<'_>, all: &[Declared]) -> Vec<Completion> {
    let mut found = Vec::new();
    let given: Vec<&str> = scope
        .words
        .iter()
        .copied()
        .filter(|word| *word != "|")
        .collect();
    let Some(item) = ITEMS.iter().find(|item| Some(&item.word) == given.first()) else {
        return found;
    };
    let row = Row {
        word: item.word,
        ..NO_ROW
    };
    match (item.word, given.as_slice()) {
        ("backend", [_, _]) => {
            words(
                ["memory", "redis", "proxy", "cdn", "disk", "none"],
                &row,
                &mut found,
            );
        }
        ("on", [_]) => names(all, &["model"], &mut found),
        ("on", [.., "via"]) => names(all, &["bus"], &mut found),
        ("on", [.., "before"] | [.., "after"]) => words(["commit"], &row, &mut found),
        ("on", [.., "commit"]) => words(["by", "via"], &row, &mut found),
        ("on", _) => {
            words(
                ["create", "update", "delete", "after", "before", "via"],
                &row,
                &mut found,
            );
        }
        ("expect", [_]) => words(["for"], &row, &mut found),
        ("expect", [_, "for"]) => names(all, &["workload"], &mut found),
        _ => {}
    }
    found
}

/// For the words of a header, which have no row.
const NO_ROW: Row = Row {
    word: "",
    takes: "",
    doc: "",
    left_out: "",
    example: "",
    required: crate::table::Required::No,
    repeats: false,
    kinds: crate::table::Kinds::ALL,
    needs_store: false,
    block: false,
};

/// Words of the language: what is not in capitals, which stand for values.
fn words<'w>(all: impl IntoIterator<Item = &'w str>, row: &Row, found: &mut Vec<Completion>) {
    for word in all {
        let is_word = word.starts_with(|first: char| first.is_ascii_lowercase());
        if is_word && !found.iter().any(|known| known.text == word) {
            found.push(Completion {
                text: word.to_owned(),
                kind: CompletionKind::Word,
                detail: row.usage(),
                doc: String::new(),
            });
        }
    }
}

fn names(all: &[Declared], kinds: &[&str], found: &mut Vec<Completion>) {
    for declared in all.iter().filter(|declared| kinds.contains(&declared.kind)) {
        if found.iter().any(|known| known.text == declared.name) {
            continue;
        }
        let inside = declared.inside.as_ref();
        found.push(Completion {
            text: declared.name.clone(),
            kind: CompletionKind::Name,
            detail: inside.map_or_else(
                || declared.kind.to_owned(),
                |inside| format!("{} of {inside}", declared.kind),
            ),
            doc: String::new(),
        });
    }
}

fn first_sentence(doc: &str) -> String {
    let end = doc.find(". ").map_or(doc.len(), |at| at + 1);
    doc.get(..end).unwrap_or(doc).to_owned()
}
