//! Strategies for trees that a text can say.

use cachepolicy_syntax::tree::{
    Arg, Block, File, Hole, Op, Part, Path, Phrase, Segment, Statement, Template, Term, TermKind,
};
use cachepolicy_syntax::{Span, Spanned, print};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const NOWHERE: Span = Span {
    file: cachepolicy_syntax::FileId(0),
    start: 0,
    end: 0,
};

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned {
        value,
        span: NOWHERE,
    }
}

/// Words before which `(` is a call's.
fn name() -> impl Strategy<Value = String> {
    select(vec![
        "slug",
        "user_id",
        "accept-language",
        "ttl",
        "x-1",
        "_a",
        "T",
        "stale-while-revalidate",
        "viewer",
        "one",
    ])
    .prop_map(str::to_owned)
}

/// All words but those that begin items: these end a block that is not closed.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => name(), 1 => select(vec!["and", "or", "not", "in", "when"]).prop_map(str::to_owned)]
}

fn quantity() -> impl Strategy<Value = String> {
    select(vec![
        "5m", "10%", "2_000", "200/s", "1h30m", "0.2/s", "10x", "64KiB", "7", "0.1%",
    ])
    .prop_map(str::to_owned)
}

fn op() -> impl Strategy<Value = Op> {
    use Op::{Arrow, Assign, AtLeast, AtMost, Equal, Greater, Less, NotEqual, Or};
    select(vec![
        Arrow, Equal, NotEqual, AtMost, AtLeast, Less, Greater, Or, Assign,
    ])
}

fn hole() -> impl Strategy<Value = Part> {
    let kind = option::of(select(vec!["int", "**"]).prop_map(str::to_owned));
    (any::<bool>(), vec(word(), 1..3), kind)
        .prop_map(|(each, path, kind)| Part::Hole(spanned(Hole { each, path, kind })))
}

fn template() -> impl Strategy<Value = Template> {
    let text = prop_oneof![
        "[a-z:/ ]{1,12}",
        "[^\r\n]{1,6}",
        select(vec!["{", "}", "{{", "\\", "\"", "#", "}; #"]).prop_map(str::to_owned),
    ];
    vec(prop_oneof![text.prop_map(Part::Text), hole()], 0..4).prop_map(|parts| {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        Template { parts: joined }
    })
}

fn leaf() -> impl Strategy<Value = TermKind> {
    prop_oneof![
        op().prop_map(TermKind::Op),
        quantity().prop_map(TermKind::Quantity),
        (quantity(), option::of(quantity())).prop_map(|(low, high)| TermKind::Range { low, high }),
        template().prop_map(TermKind::String),
        select(vec!["utm_*", "mc*", "x-*"]).prop_map(|glob| TermKind::Glob(glob.to_owned())),
        Just(TermKind::Star),
        word().prop_map(|head| TermKind::Path(Path {
            head: spanned(head),
            tail: Vec::new()
        })),
    ]
}

fn term() -> impl Strategy<Value = TermKind> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        let phrase = phrase_of(inner);
        let arg = (option::of(vec(name(), 1..3)), phrase.clone())
            .prop_map(|(name, value)| Arg { name: name.map(|words| spanned(words.join("."))), value });
        let segment = prop_oneof![
            name().prop_map(|name| Segment::Member(spanned(name))),
            vec(name().prop_map(spanned), 1..4).prop_map(Segment::Members),
            vec(arg, 0..4).prop_map(Segment::Call),
        ];
        let path = (name(), vec(segment, 1..3)).prop_map(|(head, tail)| TermKind::Path(Path { head: spanned(head), tail }));
        prop_oneof![2 => vec(phrase.clone(), 0..6).prop_map(TermKind::List), 1 => phrase.prop_map(TermKind::Group), 3 => path]
    })
}

fn phrase_of(
    term: impl Strategy<Value = TermKind> + Clone,
) -> impl Strategy<Value = Phrase> + Clone {
    vec(term, 1..5).prop_map(|kinds| {
        let mut terms: Vec<Term> = Vec::new();
        for kind in kinds {
            if matches!(kind, TermKind::Group(_))
                && terms
                    .last()
                    .is_some_and(|last| takes_parentheses(&last.value))
            {
                continue;
            }
            terms.push(spanned(kind));
        }
        Phrase {
            terms,
            span: NOWHERE,
        }
    })
}

/// Whether a `(` behind it would be its call's.
fn takes_parentheses(kind: &TermKind) -> bool {
    match kind {
        TermKind::Path(path) => {
            !(path.tail.is_empty()
                && ["and", "or", "not", "in", "when"].contains(&path.head.value.as_str()))
        }
        _ => false,
    }
}

fn phrases() -> impl Strategy<Value = Vec<Phrase>> {
    let phrase = phrase_of(term().boxed()).boxed();
    prop_oneof![3 => vec(phrase.clone(), 1..2), 1 => vec(phrase, 1..6)]
}

fn statement() -> impl Strategy<Value = Statement> {
    let plain = phrases().prop_map(|phrases| Statement {
        phrases,
        block: None,
        span: NOWHERE,
    });
    plain.prop_recursive(3, 20, 5, |inner| {
        (phrases(), option::of(vec(inner, 0..5))).prop_map(|(phrases, statements)| Statement {
            phrases,
            block: statements.map(|statements| Block {
                statements,
                span: NOWHERE,
            }),
            span: NOWHERE,
        })
    })
}

/// A tree that a failed test shows as text.
#[derive(Clone)]
pub(crate) struct Tree(pub(crate) File);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", print(&self.0))
    }
}

/// Trees as they are read, but without places.
pub(crate) fn file() -> impl Strategy<Value = Tree> {
    vec(statement(), 0..6).prop_map(|items| Tree(File { items }))
}
