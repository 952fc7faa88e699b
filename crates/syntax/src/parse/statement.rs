//! Files, blocks and statements, and the mistakes in how they are laid out.

use pest::iterators::Pair;

use super::{Builder, children};
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::grammar::Rule;
use crate::span::Span;
use crate::tree::{Block, Phrase, Statement};

/// The statements of one block so far, and what a message about the next one may need.
#[derive(Default)]
struct Siblings {
    statements: Vec<Statement>,
    /// Where the last one ended, also if it was left out; whether with a block.
    last: Option<(Span, bool)>,
    /// Whether the tree lacks it.
    last_was_left_out: bool,
    /// How many statements stood here at the last brace too many.
    before_stray: usize,
}

impl Builder<'_> {
    pub(super) fn file(&mut self, pair: Pair<'_, Rule>) -> Vec<Statement> {
        let mut siblings = Siblings::default();
        for child in children(pair) {
            match child.as_rule() {
                Rule::statement => self.sibling(child, "", &mut siblings),
                Rule::bare_block => self.bare_block(child, "", &mut siblings),
                Rule::stray_brace => self.stray_brace(&child, &mut siblings),
                _ => {}
            }
        }
        siblings.statements
    }

    fn block(&mut self, pair: Pair<'_, Rule>, head: &str) -> Block {
        let mut span = self.span(&pair);
        let open = Span {
            end: span.start + 1,
            ..span
        };
        let mut siblings = Siblings::default();
        let mut missing = None;
        for child in children(pair) {
            match child.as_rule() {
                Rule::statement => self.sibling(child, head, &mut siblings),
                Rule::bare_block => self.bare_block(child, head, &mut siblings),
                Rule::missing => missing = Some(self.span(&child)),
                _ => {}
            }
        }
        if let Some(noticed) = missing {
            span.end = siblings.last.map_or(open.end, |(last, _)| last.end);
            self.unclosed_block(open, noticed, head, &siblings.statements);
        }
        Block {
            statements: siblings.statements,
            span,
        }
    }

    /// One statement of a block or a file; several when a comma joined them by mistake.
    fn sibling(&mut self, pair: Pair<'_, Rule>, owner: &str, siblings: &mut Siblings) {
        let outer = std::mem::replace(&mut self.damaged, false);
        let start = pair.as_span().start() as u32;
        if let Some((last, true)) = siblings.last {
            self.expect_separator(last, start);
        }
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut comma: Option<Span> = None;
        let mut end = start;
        let mut block = None;
        for child in children(pair) {
            match child.as_rule() {
                Rule::line_phrase => {
                    let phrase = self.phrase(child, phrases.is_empty());
                    end = end.max(phrase.span.end);
                    if let Some(comma) = comma.take()
                        && self.continues_into_property(comma, &phrase, owner)
                    {
                        self.finish(std::mem::take(&mut phrases), None, siblings);
                    }
                    if !phrase.terms.is_empty() {
                        phrases.push(phrase);
                    }
                }
                Rule::comma => {
                    comma = Some(self.span(&child));
                    end = child.as_span().end() as u32;
                }
                Rule::dangling => {
                    let span = self.span(&child);
                    end = span.end;
                    self.mended(misplaced_comma(span));
                }
                Rule::block => {
                    let head = phrases
                        .first()
                        .and_then(first_word)
                        .unwrap_or_default()
                        .to_owned();
                    let header_damaged = self.damaged;
                    let read = self.block(child, &head);
                    self.damaged = header_damaged;
                    end = read.span.end;
                    block = Some(read);
                }
                _ => {}
            }
        }
        siblings.last = Some((self.at(start as usize, end as usize), block.is_some()));
        self.finish(phrases, block, siblings);
        self.damaged = outer;
    }

    /// Adds a statement, unless a mistake obscures it. One with a block is kept for its block.
    fn finish(&mut self, phrases: Vec<Phrase>, block: Option<Block>, siblings: &mut Siblings) {
        let damaged = std::mem::replace(&mut self.damaged, false);
        siblings.last_was_left_out = phrases.is_empty() || (damaged && block.is_none());
        if siblings.last_was_left_out {
            return;
        }
        let (Some(first), Some(last)) = (phrases.first(), phrases.last()) else {
            return;
        };
        let header = first.span.to(last.span);
        let span = block.as_ref().map_or(header, |block| header.to(block.span));
        siblings.statements.push(Statement {
            phrases,
            block,
            span,
        });
    }

    fn expect_separator(&mut self, last: Span, start: u32) {
        let between = self.between(last.end, start);
        if between.contains(['\n', '\r', ';']) {
            return;
        }
        let place = Span { end: start, ..last }.after();
        self.mended(
            Diagnostic::error(
                "missing-line-break",
                place,
                "a statement begins on the line of the `}` before it",
            )
            .help("begin it on a line of its own")
            .fix("break the line", place, "\n"),
        );
    }

    /// `vary currency,` above `ttl 60s`: the list goes on into the next property.
    fn continues_into_property(&mut self, comma: Span, phrase: &Phrase, owner: &str) -> bool {
        let Some(word) = first_word(phrase) else {
            return false;
        };
        let wraps = self
            .between(comma.end, phrase.span.start)
            .contains(['\n', '\r']);
        if !wraps || !(self.is_property)(owner, word) {
            return false;
        }
        let message = format!("the list goes on after this comma, into `{word}`");
        self.mended(
            Diagnostic::error("trailing-comma", comma, message)
                .related(
                    Span {
                        end: phrase.span.start + word.len() as u32,
                        ..phrase.span
                    },
                    "taken into the list",
                )
                .help("remove the comma")
                .fix("remove the comma", comma, ""),
        );
        true
    }

    /// A block where a statement should begin: its header may stand on the line above.
    fn bare_block(&mut self, pair: Pair<'_, Rule>, owner: &str, siblings: &mut Siblings) {
        let Some(inner) = children(pair).next() else {
            return;
        };
        let start = inner.as_span().start() as u32;
        let brace = self.at(start as usize, start as usize + 1);
        let header = siblings.last.filter(|&(last, has_block)| {
            !has_block && only_line_breaks(self.between(last.end, start))
        });
        let head = match (header, siblings.statements.last()) {
            (Some(_), Some(statement)) if !siblings.last_was_left_out => statement
                .phrases
                .first()
                .and_then(first_word)
                .unwrap_or_default()
                .to_owned(),
            _ => owner.to_owned(),
        };
        match header {
            Some((header, _)) => {
                let diagnostic = self.brace_below(header, brace, &head);
                self.mended(diagnostic);
            }
            None => self.mended(
                Diagnostic::error("block-without-header", brace, "this block has no header")
                    .help("write what it belongs to before the `{`, or remove the block"),
            ),
        }
        let outer = std::mem::replace(&mut self.damaged, false);
        let block = self.block(inner, &head);
        self.damaged = outer;
        siblings.last = Some((block.span, true));
        if header.is_some()
            && !siblings.last_was_left_out
            && let Some(statement) = siblings.statements.last_mut()
        {
            statement.span = statement.span.to(block.span);
            statement.block = Some(block);
        }
        siblings.last_was_left_out = false;
    }

    fn brace_below(&self, header: Span, brace: Span, head: &str) -> Diagnostic {
        let message = if head.is_empty() {
            "the `{` stands below its header".to_owned()
        } else {
            format!("the `{{` of `{head}` stands below its header")
        };
        let between = self.between(header.end, brace.start);
        let edits = if between.trim().is_empty() {
            vec![Edit {
                span: Span {
                    start: header.end,
                    ..brace
                },
                text: " {".to_owned(),
            }]
        } else {
            vec![
                Edit {
                    span: header.after(),
                    text: " {".to_owned(),
                },
                Edit {
                    span: brace,
                    text: String::new(),
                },
            ]
        };
        let mut diagnostic = Diagnostic::error("brace-on-next-line", brace, message)
            .related(header, "this header")
            .help("write the `{` on the header's line");
        diagnostic.fix = Some(Fix {
            title: "move the `{` up".to_owned(),
            edits,
        });
        diagnostic
    }

    fn unclosed_block(&mut self, open: Span, noticed: Span, head: &str, inside: &[Statement]) {
        let (place, head, whose) = match self.closed_by_other_indent(inside) {
            Some((brace, word, close)) => (brace, word, Some(close)),
            None => (open, head.to_owned(), None),
        };
        let message = match head.as_str() {
            "" => "this block is not closed".to_owned(),
            _ => format!("the block of `{head}` is not closed"),
        };
        let mut diagnostic =
            Diagnostic::error("unclosed-block", place, message).label("opened here");
        diagnostic = match whose {
            Some(close) => diagnostic.related(
                close,
                "closed here, as its indentation says, is another block",
            ),
            None if noticed.start as usize >= self.text.len() => {
                diagnostic.related(noticed, "the file ends here")
            }
            None => {
                let word = self.between(noticed.start, noticed.start.saturating_add(32));
                let length = word.bytes().take_while(u8::is_ascii_alphanumeric).count() as u32;
                let header = Span {
                    end: noticed.start + length,
                    ..noticed
                };
                diagnostic.related(header, "another item begins here")
            }
        };
        self.damage(diagnostic.help("write a `}` where it ends"));
    }

    /// Inside of a block that was not closed, the last block whose `}` has not the indentation of
    /// the line that opened it: probably that `}` was meant for the block around it.
    fn closed_by_other_indent(&self, inside: &[Statement]) -> Option<(Span, String, Span)> {
        inside.iter().rev().find_map(|statement| {
            let block = statement.block.as_ref()?;
            let close = Span {
                start: block.span.end.checked_sub(1)?,
                ..block.span
            };
            let opened = self.indentation(statement.span.start)?;
            let closed = self.indentation(close.start)?;
            if self.between(close.start, close.end) == "}" && closed < opened {
                let open = Span {
                    end: block.span.start + 1,
                    ..block.span
                };
                let word = statement
                    .phrases
                    .first()
                    .and_then(first_word)
                    .unwrap_or_default();
                return Some((open, word.to_owned(), close));
            }
            None
        })
    }

    /// Columns before what begins a line; nothing when other things stand before it on the line.
    fn indentation(&self, offset: u32) -> Option<usize> {
        let head = self.text.get(..offset as usize)?;
        let blank = head
            .bytes()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        let before = head.len().checked_sub(blank + 1);
        match before {
            None => Some(blank),
            Some(before) => {
                matches!(head.as_bytes().get(before), Some(b'\n' | b'\r')).then_some(blank)
            }
        }
    }

    /// A `}` too many. When statements that are no items stand before it, an earlier `}` closed
    /// their item too soon: they go back to it.
    fn stray_brace(&mut self, pair: &Pair<'_, Rule>, siblings: &mut Siblings) {
        let span = self.span(pair);
        let mut diagnostic = Diagnostic::error(
            "stray-brace",
            span,
            "there is no open block that this `}` closes",
        );
        let recent = siblings
            .statements
            .get(siblings.before_stray..)
            .unwrap_or_default();
        let strays = recent
            .iter()
            .rev()
            .take_while(|item| is_no_item(item))
            .count();
        let first_stray = siblings.statements.len() - strays;
        let mut moved = if strays > 0 && first_stray > 0 {
            siblings.statements.split_off(first_stray)
        } else {
            Vec::new()
        };
        let item = siblings.statements.last_mut();
        if let Some(item) = item
            && let Some(block) = item.block.as_mut()
            && block.span.end > block.span.start
        {
            let close = Span {
                start: block.span.end - 1,
                ..block.span
            };
            let head = item
                .phrases
                .first()
                .and_then(first_word)
                .unwrap_or_default();
            diagnostic = diagnostic.related(close, format!("`{head}` was closed here"));
            if !moved.is_empty() {
                block.span.end = span.end;
                item.span.end = span.end;
                block.statements.append(&mut moved);
            }
        }
        siblings.statements.append(&mut moved);
        siblings.before_stray = siblings.statements.len();
        self.mended(diagnostic.help("remove one of the braces"));
    }
}

/// Items have a block, save `import`.
fn is_no_item(statement: &Statement) -> bool {
    statement.block.is_none() && statement.phrases.first().and_then(first_word) != Some("import")
}

/// Whether nothing but line breaks, blanks and comments stands there.
fn only_line_breaks(between: &str) -> bool {
    between.split(['\n', '\r']).all(|line| {
        let code = line.split('#').next().unwrap_or_default();
        code.trim().is_empty()
    })
}

pub(super) fn misplaced_comma(span: Span) -> Diagnostic {
    Diagnostic::error(
        "misplaced-comma",
        span,
        "there is nothing between this comma and what comes next to it",
    )
    .help("remove the comma, or write what it separates")
    .fix("remove the comma", span, "")
}

/// The word that a phrase begins with.
pub(super) fn first_word(phrase: &Phrase) -> Option<&str> {
    match &phrase.terms.first()?.value {
        crate::tree::TermKind::Path(path) => Some(&path.head.value),
        _ => None,
    }
}
