//! From the tree to the compiled policy: each statement of an item's block is looked up in the
//! table, and its row's function gives it its meaning.

pub(crate) mod backends;
pub(crate) mod claims;
pub(crate) mod conditions;
pub(crate) mod contains;
pub(crate) mod distributions;
pub(crate) mod draws;
pub(crate) mod edges;
pub(crate) mod faults;
pub(crate) mod headers;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod levels;
pub(crate) mod lifetimes;
pub(crate) mod literals;
pub(crate) mod models;
pub(crate) mod order;
pub(crate) mod popularity;
pub(crate) mod reads;
pub(crate) mod requests;
pub(crate) mod routes;
pub(crate) mod rows;
pub(crate) mod service;
pub(crate) mod subjects;
pub(crate) mod workloads;
pub(crate) mod writes;

use crate::context::Context;
use crate::elsewhere;
use crate::property::{Property, header_span};
use crate::suggest;
use crate::table::{ITEMS, Required, Row, Rule};
use cachepolicy_core::LevelKind;
use cachepolicy_syntax::tree::{Block, Op, Statement, Term, TermKind};
use cachepolicy_syntax::{Diagnostic, Span};

/// The item whose block is lowered.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'t> {
    /// The word it begins with.
    pub(crate) word: &'static str,
    /// As a message names it: `view homepage`.
    pub(crate) title: &'t str,
    /// For a level.
    pub(crate) kind: Option<LevelKind>,
    /// Its header.
    pub(crate) header: Span,
    /// All of it.
    pub(crate) span: Span,
}

/// Which properties were written, and where.
#[derive(Default, Clone)]
pub(crate) struct Seen(Vec<(&'static Row, Span)>);

impl Seen {
    /// The first statement of that property.
    pub(crate) fn get(&self, word: &str) -> Option<Span> {
        self.0
            .iter()
            .find(|(row, _)| row.word == word)
            .map(|(_, span)| *span)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Row, Span)> {
        self.0.iter().copied()
    }
}

/// What to do with a statement whose first word is in no row. Gives back whether it knew it.
pub(crate) type Otherwise<'o, T> = &'o mut dyn FnMut(&mut Context<'_>, &mut T, &Statement) -> bool;

/// Gives every statement of a block its meaning: those of `early` properties first, the others in
/// the order written. Reports unknown, repeated, misplaced and missing ones.
pub(crate) fn lower_block<T>(
    cx: &mut Context<'_>,
    owner: Owner<'_>,
    block: Option<&Block>,
    rules: &'static [Rule<T>],
    early: &[&str],
    target: &mut T,
    otherwise: Otherwise<'_, T>,
) -> Seen {
    let mean = &mut |cx: &mut Context<'_>, meant: Meant<'_, '_>| match meant {
        Meant::Row(index, property) => {
            if let Some(rule) = rules.get(index) {
                (rule.lower)(cx, target, property);
            }
            true
        }
        Meant::Other(statement) => otherwise(cx, target, statement),
    };
    lower_rows(cx, owner, block, rows(rules), early, mean)
}

/// What a statement says.
enum Meant<'p, 's> {
    /// The property of that row.
    Row(usize, &'p Property<'s>),
    /// Its first word is in none.
    Other(&'s Statement),
}

/// All of [`lower_block`] that is the same for whatever is made of a block. Whoever means what a statement says
/// gives back whether it was known.
fn lower_rows(
    cx: &mut Context<'_>,
    owner: Owner<'_>,
    block: Option<&Block>,
    mut rows: Vec<&'static Row>,
    early: &[&str],
    mean: &mut dyn FnMut(&mut Context<'_>, Meant<'_, '_>) -> bool,
) -> Seen {
    let mut seen = Seen::default();
    let mut meant = Vec::new();
    let statements = block.map_or(&[][..], |block| &block.statements);
    for pass in [true, false] {
        for statement in statements {
            let word = head_word(statement);
            if word.is_some_and(|word| early.contains(&word)) != pass {
                continue;
            }
            let Some((index, row, skip)) = word.and_then(|word| find(&rows, word, statement))
            else {
                if !mean(cx, Meant::Other(statement)) {
                    meant.extend(report_unknown(cx, owner, &rows, statement));
                }
                continue;
            };
            let before = cx.diagnostics.len();
            let property = Property {
                statement,
                row,
                skip: skip_assignment(cx, statement, skip),
            };
            if accept(cx, owner, &property, &mut seen) {
                mean(cx, Meant::Row(index, &property));
            }
            if cx.is_damaged(property.header()) {
                // The parser has said already that this could not be read as it stands.
                cx.diagnostics.truncate(before);
            }
        }
    }
    // A property whose word is misspelt is not missing, too.
    rows.retain(|row| !meant.contains(&row.head()));
    report_missing(cx, owner, &rows, &seen);
    seen
}

/// For blocks in which every statement begins with a word of the table.
pub(crate) fn nothing_else<T>(_: &mut Context<'_>, _: &mut T, _: &Statement) -> bool {
    false
}

/// A name may follow the word, as in `header accept`, or dots, as in `user.id`.
fn find(
    rows: &[&'static Row],
    word: &str,
    statement: &Statement,
) -> Option<(usize, &'static Row, usize)> {
    let index = rows.iter().position(|row| row.head() == word)?;
    let row = *rows.get(index)?;
    let terms = &statement.phrases.first()?.terms;
    let TermKind::Path(path) = &terms.first()?.value else {
        return None;
    };
    let mut words = row.word.split(' ').skip(1);
    let skip = match (path.tail.is_empty(), words.next()) {
        // The path itself says which: `user.id`.
        (false, _) if row.word == "user" => 0,
        (false, _) => return None,
        (true, None) => 1,
        (true, Some(second)) => {
            let found = terms.get(1).and_then(crate::reader::plain_word) == Some(second);
            if found { 2 } else { 1 }
        }
    };
    Some((index, row, skip))
}

/// Behind a `=` between the property's words and its value, which is reported.
fn skip_assignment(cx: &mut Context<'_>, statement: &Statement, skip: usize) -> usize {
    let at = skip.max(1);
    let terms = statement
        .phrases
        .first()
        .map_or(&[][..], |phrase| &phrase.terms);
    let Some(term) = terms
        .get(at)
        .filter(|term| skip > 0 && term.value == TermKind::Op(Op::Assign))
    else {
        return skip;
    };
    let start = terms
        .get(at - 1)
        .map_or(term.span.start, |word| word.span.end);
    let place = Span { start, ..term.span };
    let word = head_word(statement).unwrap_or_default();
    let message = format!("there is a `=` after `{word}`");
    cx.report(
        Diagnostic::error("unexpected-character", term.span, message)
            .help("a word and its value stand side by side: `ttl 5m`")
            .fix(
                "remove the `=`",
                place,
                gap_before(terms.get(at + 1), place),
            ),
    );
    at + 1
}

/// A blank where nothing else would stand between a place and the term behind it.
fn gap_before(next: Option<&Term>, place: Span) -> &'static str {
    if next.is_some_and(|next| next.span.start == place.end) {
        " "
    } else {
        ""
    }
}

/// The word that a statement begins with.
pub(crate) fn head_word(statement: &Statement) -> Option<&str> {
    match &statement.phrases.first()?.terms.first()?.value {
        TermKind::Path(path) => Some(&path.head.value),
        _ => None,
    }
}

fn rows<T>(rules: &'static [Rule<T>]) -> Vec<&'static Row> {
    rules.iter().map(|rule| &rule.row).collect()
}

/// May this property stand here?
fn accept(
    cx: &mut Context<'_>,
    owner: Owner<'_>,
    property: &Property<'_>,
    seen: &mut Seen,
) -> bool {
    let row = property.row;
    let span = property.span();
    if owner.kind.is_some_and(|kind| !row.kinds.contains(kind)) {
        let kinds = row.kinds.names().join(" and ");
        let message = format!(
            "`{}` means nothing on {}",
            row.word,
            with_article(owner.word)
        );
        cx.report(
            Diagnostic::error("property-not-here", span, message)
                .help(format!("it belongs to {kinds} levels: remove it")),
        );
        return false;
    }
    if !row.repeats
        && let Some(first) = seen.get(row.word)
    {
        let message = format!("`{}` stands twice in `{}`", row.word, owner.title);
        cx.report(
            Diagnostic::error("duplicate-property", span, message)
                .related(first, "it stands here already")
                .help("keep one of the two"),
        );
        return false;
    }
    seen.0.push((row, span));
    if property.skip > 0 && property.skip < row.word.split(' ').count() {
        let reader = property.value(cx);
        let second = row.word.split(' ').nth(1).unwrap_or_default();
        let _: Option<()> = reader.expected(cx, &format!("`{second}`"));
        return false;
    }
    if let (Some(block), false) = (property.block(), row.block) {
        let message = format!("`{}` takes no block", row.word);
        cx.report(
            Diagnostic::error("unexpected-block", block.span, message)
                .help(format!("write `{}`", row.usage())),
        );
    }
    true
}

/// Gives back the word that was probably meant.
fn report_unknown(
    cx: &mut Context<'_>,
    owner: Owner<'_>,
    rows: &[&'static Row],
    statement: &Statement,
) -> Option<&'static str> {
    let span = statement
        .phrases
        .first()
        .and_then(|phrase| phrase.terms.first())
        .map_or(statement.span, |term| term.span);
    let Some(word) = head_word(statement) else {
        let message = format!("`{}` is not a property", cx.quote(header_span(statement)));
        cx.report(
            Diagnostic::error("unknown-property", span, message)
                .help("a property begins with its word, for example `ttl 5m`"),
        );
        return None;
    };
    let message = format!("`{word}` is not a property of {}", with_article(owner.word));
    let applicable = rows
        .iter()
        .filter(|row| owner.kind.is_none_or(|kind| row.kinds.contains(kind)));
    let words = applicable.clone().map(|row| row.head());
    let elsewhere = ITEMS
        .iter()
        .find(|item| item.word != owner.word && (item.rows)().iter().any(|row| row.head() == word));
    let meant = suggest::meant(word, words.clone());
    let help = match (meant, elsewhere, of_others(owner, word)) {
        (Some(meant), ..) => format!("did you mean `{meant}`?"),
        (None, _, Some(help)) => help,
        (None, Some(item), None) => format!("it is a property of {}", item_noun(item.word)),
        (None, None, None) => format!("it has {}", suggest::listed(words)),
    };
    cx.report(Diagnostic::error("unknown-property", span, message).help(help));
    meant
}

/// Another cache's word for a property of another item: a life belongs to a level and not to a
/// backend.
fn of_others(owner: Owner<'_>, word: &str) -> Option<String> {
    elsewhere::ours(word).find_map(|ours| {
        let items = ITEMS.iter().filter(|item| item.word != owner.word);
        let (item, row) = items
            .flat_map(|item| (item.rows)().into_iter().map(move |row| (item, row)))
            .find(|(_, row)| row.word == ours)?;
        let example = row.example;
        Some(format!(
            "did you mean `{ours}`? It is a property of {}: `{example}`",
            item_noun(item.word)
        ))
    })
}

fn report_missing(cx: &mut Context<'_>, owner: Owner<'_>, rows: &[&'static Row], seen: &Seen) {
    let stored = seen.get("store").is_some();
    for row in rows {
        let required = match row.required {
            Required::No => false,
            Required::On(kinds) => owner.kind.is_none_or(|kind| kinds.contains(kind)),
            Required::WhereStored => stored,
        };
        if required && seen.get(row.word).is_none() && !cx.is_damaged(owner.span) {
            let why = match row.required {
                Required::WhereStored => ", and what is stored needs one",
                _ => "",
            };
            let message = format!("`{}` has no `{}`{why}", owner.title, row.word);
            cx.report(
                Diagnostic::error("missing-property", owner.header, message)
                    .help(format!("add one, for example `{}`", row.example)),
            );
        }
    }
}

/// An item that a property belongs to.
pub(crate) fn item_noun(word: &str) -> String {
    match word {
        "site" | "view" | "fragment" | "object" => {
            "a level (`site`, `view`, `fragment` or `object`)".to_owned()
        }
        _ => with_article(word),
    }
}

/// "a view", "an object".
pub(crate) fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) {
        "an"
    } else {
        "a"
    };
    format!("{article} `{word}`")
}
