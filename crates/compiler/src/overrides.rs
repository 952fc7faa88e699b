//! `--set article.ttl=5m`: properties that replace those in the text.

use crate::loader::Loaded;
use crate::lower::head_word;
use crate::reader::plain_word;
use crate::suggest;
use crate::table::is_property_word;
use cachepolicy_syntax::tree::{Block, Statement, TermKind};
use cachepolicy_syntax::{Diagnostic, FileId, Source, Span, Spanned, parse_with};

/// A property that replaces the one in the text: `article.ttl=5m jitter 10%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    option: &'static str,
    text: String,
}

impl Override {
    /// From `ITEM.PROPERTY=VALUE`. `ITEM` is a name, or `policy` or `request`; what is wrong with it
    /// the compiler reports.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            option: "--set",
            text: text.into(),
        }
    }

    /// Given by another option, by which messages name it.
    #[must_use]
    pub fn given_by(self, option: &'static str) -> Self {
        Self { option, ..self }
    }
}

/// Replaces the properties in the tree, or adds them.
pub(crate) fn apply(loaded: &mut Loaded, overrides: &[Override]) {
    for Override { option, text } in overrides {
        let name = format!("{option} {text}");
        if let Err(diagnostic) = apply_one(loaded, &name, text) {
            loaded.diagnostics.push(*diagnostic);
        }
    }
}

/// The statement becomes a source of its own, so that messages about it show it.
fn apply_one(loaded: &mut Loaded, name: &str, text: &str) -> Result<(), Box<Diagnostic>> {
    let split = text.split_once('=').and_then(|(left, value)| {
        left.trim()
            .split_once('.')
            .map(|(item, property)| (item, property, value))
    });
    let statement_text = split.map_or_else(
        || text.to_owned(),
        |(_, property, value)| format!("{property} {}", value.trim()),
    );
    let Some(file) = loaded
        .sources
        .add(Source::new(name, statement_text.as_str()))
    else {
        return Ok(());
    };
    let all = Span {
        file,
        start: 0,
        end: statement_text.len() as u32,
    };
    let fail = |message: String, help: String| {
        Box::new(Diagnostic::error("bad-override", all, message).help(help))
    };
    let Some((item, property, _)) = split else {
        return Err(fail(
            format!("`{text}` does not say which property of which item is set"),
            "write `ITEM.PROPERTY=VALUE`, for example `article.ttl=5m`".to_owned(),
        ));
    };
    let words: Vec<&str> = property.split_whitespace().collect();
    let names: Vec<String> = loaded
        .items
        .iter()
        .filter_map(title)
        .map(str::to_owned)
        .collect();
    let Some(target) = loaded.items.iter_mut().find(|statement| {
        title(statement) == Some(item) || head_if_single(statement) == Some(item)
    }) else {
        let help = match suggest::closest(item, names.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "there are {}",
                suggest::listed(names.iter().map(String::as_str))
            ),
        };
        return Err(fail(format!("there is no item `{item}`"), help));
    };
    let word = head_word(target).unwrap_or_default().to_owned();
    let parsed = parse_with(file, &statement_text, &|_, candidate| {
        is_property_word(&word, candidate)
    });
    let broken = !parsed.diagnostics.is_empty();
    loaded.diagnostics.extend(parsed.diagnostics);
    let mut statements = parsed.file.items.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => replace(target, &words, statement, file),
        (None, _) if broken => {}
        _ => {
            return Err(fail(
                format!("`{text}` is not one property"),
                "set one property at a time".to_owned(),
            ));
        }
    }
    Ok(())
}

/// The name of an item.
fn title(statement: &Statement) -> Option<&str> {
    let terms = &statement.phrases.first()?.terms;
    match &terms.get(1)?.value {
        TermKind::Path(path) if !matches!(head_word(statement), Some("on" | "expect")) => {
            Some(&path.head.value)
        }
        _ => None,
    }
}

/// Items of which there is one only go by their word, too.
fn head_if_single(statement: &Statement) -> Option<&str> {
    head_word(statement).filter(|word| matches!(*word, "policy" | "request"))
}

/// Puts the statement where the first one of its words stands, and removes the others. A block that
/// the new one does not have stays.
fn replace(item: &mut Statement, words: &[&str], mut statement: Statement, file: FileId) {
    let block = item.block.get_or_insert_with(|| Block {
        statements: Vec::new(),
        span: Span {
            file,
            start: 0,
            end: 0,
        },
    });
    let matches = |statement: &Statement| begins_with(statement, words);
    let first = block.statements.iter().position(matches);
    if statement.block.is_none()
        && let Some(old) = first.and_then(|first| block.statements.get_mut(first))
    {
        statement.block = old.block.take();
    }
    block.statements.retain(|statement| !matches(statement));
    let at = first
        .unwrap_or(block.statements.len())
        .min(block.statements.len());
    block.statements.insert(at, statement);
}

fn begins_with(statement: &Statement, words: &[&str]) -> bool {
    let Some(phrase) = statement.phrases.first() else {
        return false;
    };
    let mut terms = phrase.terms.iter();
    words.iter().all(|word| match terms.next() {
        Some(term) if plain_word(term) == Some(word) => true,
        Some(Spanned {
            value: TermKind::Path(path),
            ..
        }) => crate::names::dotted(path).as_deref() == Some(word),
        _ => false,
    })
}
