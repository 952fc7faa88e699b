//! Mistakes in how statements and blocks follow each other.

use pest::Parser as _;
use pest::iterators::Pair;

use super::Builder;
use super::mistakes::quoted;
use super::statement::{Siblings, first_word};
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::grammar::{Grammar, Rule};
use crate::span::Span;
use crate::tree::{Block, Phrase, Statement, Term, TermKind};

impl Builder<'_> {
    /// After a block, a statement begins on a new line or after `;`.
    pub(super) fn expect_separator(&mut self, last: Span, start: u32) {
        if self.between(last.end, start).contains(['\n', '\r', ';']) {
            return;
        }
        let place = Span {
            start,
            end: start,
            ..last
        };
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

    /// A comma before or behind which there is nothing; `in_list` unless it begins a statement.
    pub(super) fn misplaced_comma(&mut self, comma: Span, in_list: bool) {
        let diagnostic =
            Diagnostic::error("misplaced-comma", comma, "this comma separates nothing");
        self.mended(if in_list {
            diagnostic
                .help("remove the comma, or write what it separates")
                .fix("remove the comma", comma, "")
        } else {
            diagnostic.help("a list goes on in the next line after a comma at the end of the line")
        });
    }

    /// `vary currency,` above `ttl 60s`: the list goes on into the next property.
    pub(super) fn continues_into_property(
        &mut self,
        comma: Span,
        phrase: &Phrase,
        owner: &str,
    ) -> bool {
        let Some(word) = first_word(phrase) else {
            return false;
        };
        let wraps = self
            .between(comma.end, phrase.span.start)
            .contains(['\n', '\r']);
        if !wraps || !(self.is_property)(owner, word) {
            return false;
        }
        let next = Span {
            end: phrase
                .terms
                .first()
                .map_or(phrase.span.end, |term| term.span.end),
            ..phrase.span
        };
        self.mended(
            Diagnostic::error(
                "trailing-comma",
                comma,
                format!("the list goes on after this comma, into `{word}`"),
            )
            .related(next, "taken into the list")
            .help("remove the comma")
            .fix("remove the comma", comma, ""),
        );
        true
    }

    /// A `{` on a line below its header.
    pub(super) fn brace_below(&mut self, header: Span, brace: Span) {
        let title = quoted(self.between(header.start, header.end));
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
        let message = format!("the `{{` of `{title}` stands below its header");
        let diagnostic = Diagnostic::error("brace-on-next-line", brace, message)
            .related(header, "this header")
            .help("write the `{` on the header's line");
        self.mended(Diagnostic {
            fix: Some(Fix {
                title: "move the `{` up".to_owned(),
                edits,
            }),
            ..diagnostic
        });
    }

    /// A block that another item's header or the end of the file ends.
    pub(super) fn unclosed_block(
        &mut self,
        open: Span,
        noticed: Span,
        header: &[Phrase],
        inside: &[Statement],
    ) {
        let other = self.closed_by_other_indent(inside);
        let (place, header) = match &other {
            Some((statement, _)) => (self.opening_brace(statement), statement.phrases.as_slice()),
            None => (open, header),
        };
        let message = match self.title(header) {
            Some(title) => format!("the block of `{title}` is not closed"),
            None => "this block is not closed".to_owned(),
        };
        let (related, text) = match other {
            Some((_, close)) => (close, "by its indentation, this closes the block around it"),
            None if noticed.start as usize >= self.text.len() => (noticed, "the file ends here"),
            None => (self.word_at(noticed), "another item begins here"),
        };
        self.mended(
            Diagnostic::error("unclosed-block", place, message)
                .label("opened here")
                .related(related, text)
                .help("write a `}` where it ends"),
        );
    }

    /// Inside of a block that was not closed, the last statement whose block's `}` stands further to
    /// the left than the statement does: probably that `}` was meant for the block around it.
    fn closed_by_other_indent<'s>(&self, inside: &'s [Statement]) -> Option<(&'s Statement, Span)> {
        inside.iter().rev().find_map(|statement| {
            let block = statement.block.as_ref()?;
            let close = Span {
                start: block.span.end.checked_sub(1)?,
                ..block.span
            };
            let is_brace = self.between(close.start, close.end) == "}";
            let shifted =
                self.indentation(close.start)? < self.indentation(statement.span.start)?;
            (is_brace && shifted).then_some((statement, close))
        })
    }

    fn opening_brace(&self, statement: &Statement) -> Span {
        let block = statement
            .block
            .as_ref()
            .map_or(statement.span, |block| block.span);
        Span {
            end: block.start + 1,
            ..block
        }
    }

    /// Blanks before what begins a line; nothing when other things stand before it on the line.
    fn indentation(&self, offset: u32) -> Option<usize> {
        let head = self.text.get(..offset as usize)?;
        let blank = head
            .bytes()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        match head.len().checked_sub(blank + 1) {
            None => Some(blank),
            Some(before) => {
                matches!(head.as_bytes().get(before), Some(b'\n' | b'\r')).then_some(blank)
            }
        }
    }

    fn word_at(&self, place: Span) -> Span {
        let rest = self.text.get(place.start as usize..).unwrap_or_default();
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        Span {
            end: place.start + length as u32,
            ..place
        }
    }

    /// A header as messages show it.
    fn title(&self, header: &[Phrase]) -> Option<String> {
        let span = header.first()?.span;
        Some(quoted(self.between(span.start, span.end)))
    }

    /// A `}` too many. When statements that are no items stand before it, an earlier `}` closed
    /// their item too soon: they go back to it.
    pub(super) fn stray_brace(&mut self, pair: &Pair<'_, Rule>, siblings: &mut Siblings) {
        let span = self.span(pair);
        if self.missing_brace(span, siblings) {
            return;
        }
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
        let (items, strays) = siblings.statements.split_at(first_stray);
        let item = items
            .last()
            .and_then(|item| Some((item, item.block.as_ref()?)));
        if let Some((item, block)) = item {
            let close = Span {
                start: block.span.end.saturating_sub(1),
                ..block.span
            };
            let title = self.title(&item.phrases).unwrap_or_default();
            diagnostic = diagnostic.related(close, format!("`{title}` was closed here"));
            if !strays.is_empty() {
                let mut strays = siblings.statements.split_off(first_stray);
                if let Some(item) = siblings.statements.last_mut()
                    && let Some(block) = &mut item.block
                {
                    block.statements.append(&mut strays);
                    block.span.end = span.end;
                    item.span.end = span.end;
                }
            }
        }
        siblings.before_stray = siblings.statements.len();
        siblings.last = Some(span);
        siblings.last_had_block = true;
        self.mended(diagnostic.help("remove one of the braces"));
    }

    /// `view page` of `view page(slug)`.
    fn name_of(&self, header: &Phrase) -> &str {
        let end = match header.terms.get(1) {
            Some(Term {
                value: TermKind::Path(path),
                ..
            }) => path.head.span.end,
            _ => header
                .terms
                .first()
                .map_or(header.span.end, |term| term.span.end),
        };
        self.between(header.span.start, end)
    }

    /// The last item before a `}` too many has a header and no `{`: what follows the header becomes
    /// its block. Gives back whether it was so.
    fn missing_brace(&mut self, close: Span, siblings: &mut Siblings) -> bool {
        let recent = siblings
            .statements
            .get(siblings.before_stray..)
            .unwrap_or_default();
        let Some(header) = recent
            .iter()
            .rposition(|statement| statement.phrases.first().is_some_and(begins_item))
        else {
            return false;
        };
        let header = siblings.before_stray + header;
        let inside = siblings.statements.split_off(header + 1);
        let Some(item) = siblings
            .statements
            .last_mut()
            .filter(|item| item.block.is_none())
        else {
            siblings.statements.extend(inside);
            return false;
        };
        let end = item.span.after();
        let rest = inside.first().map_or(close, |first| first.span);
        let on_next_line = self.between(end.end, rest.start).contains(['\n', '\r']);
        let title = item.phrases.first().map(|first| self.name_of(first));
        let message = format!("`{}` has no `{{`", title.unwrap_or_default());
        let diagnostic = Diagnostic::error("missing-brace", end, message)
            .related(close, "this closes it")
            .help("write the `{` at the end of its header");
        item.block = Some(Block {
            statements: inside,
            span: end.to(close),
        });
        item.span.end = close.end;
        siblings.before_stray = siblings.statements.len();
        siblings.last = Some(close);
        siblings.last_had_block = true;
        self.mended(if on_next_line {
            diagnostic.fix("insert ` {`", end, " {")
        } else {
            diagnostic
        });
        true
    }
}

/// Does it begin with the word of an item?
fn begins_item(phrase: &Phrase) -> bool {
    first_word(phrase).is_some_and(|word| Grammar::parse(Rule::ITEM, word).is_ok())
}

/// Items have a block, save `import`.
fn is_no_item(statement: &Statement) -> bool {
    statement.block.is_none() && statement.phrases.first().and_then(first_word) != Some("import")
}
