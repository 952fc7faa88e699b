//! The tree of a policy text: blocks, statements, values. It knows no keyword; the compiler's
//! table gives the words their meaning. Equality ignores places and comments.

use crate::span::{Span, Spanned};

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// The items, in order. A statement that could not be read is left out and reported.
    pub items: Vec<Statement>,
}

/// `phrase, phrase, … { … }`: an item, a property, an edge's action, a claim.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What the commas separate; never empty, and the first phrase is never empty.
    pub phrases: Vec<Phrase>,
    /// The block that follows on the same line.
    pub block: Option<Block>,
    /// From the first term to the end of the block.
    pub span: Span,
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.phrases == other.phrases && self.block == other.block
    }
}

impl Eq for Statement {}

/// `{ … }`
#[derive(Debug, Clone)]
pub struct Block {
    /// The statements that could be read.
    pub statements: Vec<Statement>,
    /// From brace to brace.
    pub span: Span,
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.statements == other.statements
    }
}

impl Eq for Block {}

/// Terms side by side.
#[derive(Debug, Clone)]
pub struct Phrase {
    /// Never empty.
    pub terms: Vec<Term>,
    /// From the first to the last.
    pub span: Span,
}

impl PartialEq for Phrase {
    fn eq(&self, other: &Self) -> bool {
        self.terms == other.terms
    }
}

impl Eq for Phrase {}

/// A term with its place.
pub type Term = Spanned<TermKind>;

/// What a term is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermKind {
    /// `->`, `==`, `<=`, `|` …
    Op(Op),
    /// `30s`, `10%`, `2_000`, `200/s`, `10x`: the text as written; units are the compiler's.
    Quantity(String),
    /// `a..b`, `a..`: both ends as written.
    Range {
        /// The lower end.
        low: String,
        /// The upper end, if any.
        high: Option<String>,
    },
    /// `"…{hole}…"`
    String(Template),
    /// `[a, b]`
    List(Vec<Phrase>),
    /// `(…)`
    Group(Phrase),
    /// `utm_*`: a word that ends in a star.
    Glob(String),
    /// `*`
    Star,
    /// `word`, `a.b`, `f(x)`, `A(x).{b, c}`
    Path(Path),
}

/// Operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `->`
    Arrow,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `|`
    Or,
    /// `=`
    Assign,
}

/// A word, followed by calls and members: `Article(slug).{title, body}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The first word.
    pub head: Spanned<String>,
    /// What follows it, in order.
    pub tail: Vec<Segment>,
}

/// What follows a path's first word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name`
    Member(Spanned<String>),
    /// `.{a, b}`
    Members(Vec<Spanned<String>>),
    /// `(…)`
    Call(Vec<Arg>),
}

/// One argument of a call: `phrase` or `name: phrase`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// `name:`, dots included.
    pub name: Option<Spanned<String>>,
    /// The value.
    pub value: Phrase,
}

/// A string with its holes. `Text` parts are unescaped (`\"`, `\\`, `{{`, `}}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// In order; two texts never follow each other; empty for `""`.
    pub parts: Vec<Part>,
}

impl Template {
    /// The text, when there is no hole.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// `{path}`, `{each path}`, `{x:int}`, `{path:**}`
    Hole(Spanned<Hole>),
}

/// What stands between braces in a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// `each`
    pub each: bool,
    /// Words between dots; never empty.
    pub path: Vec<String>,
    /// What follows the colon: `int`, `**`.
    pub kind: Option<String>,
}

/// A comment: `#` to the end of the line, as written and without trailing white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From the `#`.
    pub text: String,
    /// Where.
    pub span: Span,
}
