//! Writes a tree with random blanks, line breaks and comments wherever the language allows them.

use cachepolicy_syntax::print;
use cachepolicy_syntax::tree::{Arg, Block, File, Phrase, Segment, Statement, Term, TermKind};

/// A text and the comments in it.
pub(crate) struct Scattered {
    pub(crate) text: String,
    pub(crate) comments: Vec<String>,
}

/// Writes a tree down; the bytes choose how.
pub(crate) fn scatter(file: &File, choices: &[u8]) -> Scattered {
    let mut writer = Scatter {
        text: String::new(),
        comments: Vec::new(),
        choices,
        at: 0,
        may_break: true,
    };
    writer.statements(&file.items, true);
    Scattered {
        text: writer.text,
        comments: writer.comments,
    }
}

struct Scatter<'a> {
    text: String,
    comments: Vec<String>,
    choices: &'a [u8],
    at: usize,
    /// Whether a line may end here: not within a block on one line.
    may_break: bool,
}

impl Scatter<'_> {
    fn chance(&mut self, one_in: u8) -> bool {
        let choice = self
            .choices
            .get(self.at % self.choices.len().max(1))
            .copied()
            .unwrap_or(1);
        self.at += 1;
        choice.is_multiple_of(one_in)
    }

    fn blanks(&mut self) {
        for _ in 0..3 {
            if !self.chance(4) {
                break;
            }
            self.text
                .push_str(if self.at.is_multiple_of(2) { "\t" } else { " " });
        }
    }

    /// At least one blank.
    fn space(&mut self) {
        self.text.push(' ');
        self.blanks();
    }

    fn line_break(&mut self) {
        if self.chance(4) {
            self.comments
                .push(format!("# {} \"{{[ é", self.comments.len()));
            let comment = self.comments.last().cloned().unwrap_or_default();
            self.text.push_str(&comment);
            self.blanks();
        }
        let line_break = if self.chance(5) { "\r\n" } else { "\n" };
        self.text.push_str(line_break);
    }

    /// Line breaks where the language allows any number of them.
    fn gap(&mut self) {
        self.blanks();
        for _ in 0..4 {
            if !(self.may_break && self.chance(6)) {
                break;
            }
            self.line_break();
            self.blanks();
        }
    }

    fn statements(&mut self, statements: &[Statement], at_end_of_file: bool) {
        self.gap();
        for (index, statement) in statements.iter().enumerate() {
            self.statement(statement);
            self.blanks();
            let last = index + 1 == statements.len();
            match (last, self.may_break && !self.chance(3)) {
                (_, true) => self.line_break(),
                (false, false) => self.text.push(';'),
                (true, false) => {}
            }
            // A comment needs its line break, and the end of the file none.
            if !(last && at_end_of_file) {
                self.gap();
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        for (index, phrase) in statement.phrases.iter().enumerate() {
            if index > 0 {
                self.blanks();
                self.text.push(',');
                self.gap();
            }
            self.phrase(phrase, false);
        }
        if let Some(block) = &statement.block {
            self.blanks();
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        let outer = self.may_break;
        self.text.push('{');
        self.may_break = outer && !self.chance(3);
        self.statements(&block.statements, false);
        self.text.push('}');
        self.may_break = outer;
    }

    fn phrase(&mut self, phrase: &Phrase, in_parentheses: bool) {
        for (index, term) in phrase.terms.iter().enumerate() {
            let before = index
                .checked_sub(1)
                .and_then(|before| phrase.terms.get(before));
            if let Some(before) = before {
                self.space();
                if in_parentheses && (is_connective(before) || is_connective(term)) {
                    self.gap();
                }
            }
            self.term(term);
        }
    }

    fn term(&mut self, term: &Term) {
        match &term.value {
            TermKind::List(phrases) => {
                self.bracketed("[", phrases, "]", |writer, phrase| {
                    writer.phrase(phrase, false)
                });
            }
            TermKind::Group(phrase) => {
                self.bracketed("(", std::slice::from_ref(phrase), ")", |writer, phrase| {
                    writer.phrase(phrase, true)
                });
            }
            TermKind::Path(path) => {
                self.text.push_str(&path.head.value);
                for segment in &path.tail {
                    match segment {
                        Segment::Member(name) => self.text.push_str(&format!(".{}", name.value)),
                        Segment::Members(names) => {
                            self.bracketed(".{", names, "}", |writer, name| {
                                writer.text.push_str(&name.value)
                            });
                        }
                        Segment::Call(args) => self.bracketed("(", args, ")", Self::arg),
                    }
                }
            }
            // The rest is one token.
            _ => {
                let phrase = Phrase {
                    terms: vec![term.clone()],
                    span: term.span,
                };
                let statement = Statement {
                    phrases: vec![phrase],
                    block: None,
                    span: term.span,
                };
                let text = print(&File {
                    items: vec![statement],
                });
                self.text.push_str(text.trim_end_matches('\n'));
            }
        }
    }

    fn arg(&mut self, arg: &Arg) {
        if let Some(name) = &arg.name {
            self.text.push_str(&name.value);
            self.blanks();
            self.text.push(':');
            self.gap();
        }
        self.phrase(&arg.value, true);
    }

    fn bracketed<T>(
        &mut self,
        open: &str,
        elements: &[T],
        close: &str,
        write: impl Fn(&mut Self, &T),
    ) {
        self.text.push_str(open);
        self.gap();
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
                self.gap();
            }
            write(self, element);
            self.gap();
        }
        // Only lists and calls may have one before the bracket, and groups are never empty.
        if !elements.is_empty() && open == "[" && self.chance(5) {
            self.text.push(',');
            self.gap();
        }
        self.text.push_str(close);
    }
}

fn is_connective(term: &Term) -> bool {
    match &term.value {
        TermKind::Op(_) => true,
        TermKind::Path(path) => {
            path.tail.is_empty() && ["and", "or", "not", "in"].contains(&path.head.value.as_str())
        }
        _ => false,
    }
}
