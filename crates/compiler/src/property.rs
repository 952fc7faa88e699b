//! One property as written: its row of the table, and its statement.

use crate::context::Context;
use crate::reader::Reader;
use crate::table::Row;
use cachepolicy_syntax::tree::{Block, Statement};
use cachepolicy_syntax::{Diagnostic, Span};

/// A statement that a row of the table gives its meaning.
#[derive(Clone, Copy)]
pub(crate) struct Property<'t> {
    pub(crate) statement: &'t Statement,
    pub(crate) row: &'static Row,
    /// How many of the first phrase's terms are the property's own words.
    pub(crate) skip: usize,
}

impl<'t> Property<'t> {
    /// Its only value. What stands behind a comma is reported.
    pub(crate) fn value(&self, cx: &mut Context<'_>) -> Reader<'t> {
        if let Some(second) = self.statement.phrases.get(1) {
            let message = format!(
                "`{}` takes one value, and a comma begins another",
                self.row.word
            );
            let diagnostic = Diagnostic::error("extra-value", second.span, message)
                .help(format!("write `{}`", self.row.usage()));
            cx.report(diagnostic);
        }
        self.first()
    }

    /// Its values, which commas separate; at least one, perhaps without terms.
    pub(crate) fn values(&self) -> impl Iterator<Item = Reader<'t>> {
        let row = self.row;
        let rest = self.statement.phrases.iter().skip(1);
        std::iter::once(self.first())
            .chain(rest.map(move |phrase| Reader::new(&phrase.terms, phrase.span, row)))
    }

    fn first(&self) -> Reader<'t> {
        let (terms, span) = self
            .statement
            .phrases
            .first()
            .map_or((&[][..], self.statement.span), |phrase| {
                (phrase.terms.as_slice(), phrase.span)
            });
        let mut reader = Reader::new(terms, span, self.row);
        reader.skip(self.skip);
        reader
    }

    /// Its block, if there is one.
    pub(crate) fn block(&self) -> Option<&'t Block> {
        self.statement.block.as_ref()
    }

    /// All before its block, also what is no term.
    pub(crate) fn header(&self) -> Span {
        let all = self.statement.span;
        let end = self.block().map_or(all.end, |block| block.span.start);
        Span { end, ..all }
    }

    /// Where it stands, without its block.
    pub(crate) fn span(&self) -> Span {
        header_span(self.statement)
    }
}

/// A statement's place without its block.
pub(crate) fn header_span(statement: &Statement) -> Span {
    match (statement.phrases.first(), statement.phrases.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => statement.span,
    }
}
