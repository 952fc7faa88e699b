//! Where in a text a place is: in the block of which item, behind which words of a statement.

use crate::table::{ITEMS, Row, http_rows};
use cachepolicy_syntax::tokens::{Token, TokenKind, tokens};

/// What stands before a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scope<'t> {
    /// The statements whose blocks are open, outermost first: the words of each.
    pub(super) blocks: Vec<Vec<&'t str>>,
    /// The words of the statement so far, without the one at the place itself.
    pub(super) words: Vec<&'t str>,
    /// Where the word at the place begins; the place itself if there is none.
    pub(super) from: usize,
    /// In a comment or a string nothing is completed.
    pub(super) is_text: bool,
}

impl<'t> Scope<'t> {
    /// Of a place in bytes.
    pub(super) fn at(text: &'t str, place: usize) -> Self {
        let all = tokens(text);
        let mut scope = Self {
            from: place,
            ..Self::default()
        };
        let mut end = 0;
        for token in &all {
            if token.start >= place {
                break;
            }
            scope.between(text.get(end..token.start).unwrap_or_default());
            end = token.end;
            if scope.takes(text, token, place) {
                return scope;
            }
        }
        let rest = end.min(place)..place;
        scope.between(text.get(rest).unwrap_or_default());
        scope
    }

    /// Braces, ends of lines and semicolons, which are no tokens.
    fn between(&mut self, gap: &str) {
        for character in gap.chars() {
            match character {
                '{' => self.blocks.push(core::mem::take(&mut self.words)),
                '}' => {
                    self.blocks.pop();
                    self.words.clear();
                }
                '\n' | ';' => self.words.clear(),
                _ => {}
            }
        }
    }

    /// Takes a token that begins before the place; `true`: the place is in it or at its end.
    fn takes(&mut self, text: &'t str, token: &Token, place: usize) -> bool {
        let word = text.get(token.start..token.end).unwrap_or_default();
        let ends_here = token.end >= place;
        match token.kind {
            TokenKind::Comment | TokenKind::String | TokenKind::Hole
                if token.end > place || (token.kind == TokenKind::Comment && ends_here) =>
            {
                self.is_text = true;
                return true;
            }
            TokenKind::Comment => return false,
            TokenKind::Item | TokenKind::Property | TokenKind::Name if ends_here => {
                self.from = token.start;
                return true;
            }
            _ => {}
        }
        self.words.push(word);
        false
    }

    /// What may begin a statement here, where that is in a block.
    pub(super) fn rows(&self) -> Vec<&'static Row> {
        let Some(innermost) = self.blocks.last().and_then(|words| words.first()) else {
            return Vec::new();
        };
        if *innermost == "http" {
            return http_rows();
        }
        let item = ITEMS.iter().find(|item| item.word == *innermost);
        item.map_or_else(Vec::new, |item| (item.rows)())
    }

    /// The row of the statement before the place.
    pub(super) fn row(&self) -> Option<&'static Row> {
        row(&self.rows(), &self.words)
    }
}

/// The row that begins with these words; of those that share their first word the longest.
pub(super) fn row(rows: &[&'static Row], words: &[&str]) -> Option<&'static Row> {
    let begins = |row: &&&Row| {
        let mut own = row.word.split(' ');
        own.clone().count() <= words.len()
            && own.by_ref().zip(words).all(|(own, word)| own == *word)
    };
    let fitting = rows.iter().filter(begins);
    fitting.max_by_key(|row| row.word.len()).copied()
}
