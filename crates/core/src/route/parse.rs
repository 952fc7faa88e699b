//! From the text of a pattern to its segments.

use super::{MAX_PARAMS, MAX_SEGMENTS, Pattern, Segment};
use crate::url::decode;
use core::ops::Range;

/// Why a text is no pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PatternError {
    /// What is wrong.
    pub problem: PatternProblem,
    /// The bytes of the text that it is about.
    pub at: Range<usize>,
}

/// What can be wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternProblem {
    /// `articles/{slug}`
    #[error("a route begins with `/`")]
    NoSlash,
    /// `/articles?page={n}`
    #[error("a route is a path only: `{0}` and what follows is no part of it")]
    QueryOrFragment(char),
    /// `/{slug`
    #[error("this `{{` is never closed")]
    Unclosed,
    /// `/slug}`
    #[error("this `}}` closes nothing; a brace of the path itself is written `}}}}`")]
    Unopened,
    /// `/{}` or `/{a b}`
    #[error("`{0}` is no name for a part of a path")]
    BadName(String),
    /// `/{n:float}`
    #[error("`{0}` is no kind of hole: there are `int` and `**`")]
    BadKind(String),
    /// `/{a}/{a}`
    #[error("`{0}` stands twice in this route")]
    Duplicate(String),
    /// `/{a}{b}`
    #[error("two holes in one segment cannot be told apart; put a `/` between them")]
    TwoHoles,
    /// `/x{path:**}`
    #[error("`**` takes whole segments: nothing may stand beside it")]
    RestInSegment,
    /// `/**/x`
    #[error("`**` takes the whole rest: nothing may follow it")]
    RestNotLast,
    /// More than [`MAX_PARAMS`] holes.
    #[error("a route has at most {MAX_PARAMS} holes")]
    TooManyParams,
    /// More than [`MAX_SEGMENTS`] segments.
    #[error("a route has at most {MAX_SEGMENTS} segments")]
    TooManySegments,
}

/// A piece of the text.
enum Token<'t> {
    Text(String),
    Hole { name: &'t str, int: bool },
    AnyHole,
    Rest { name: Option<&'t str> },
}

impl Pattern {
    /// Reads a pattern: texts, `{name}`, `{name:int}`, `{name:**}`, `*` for any one piece, `**` for
    /// any rest, `{{` and `}}` for braces. `param` gives the index of a hole's name, or `None` where
    /// nobody asks for its value.
    ///
    /// # Errors
    /// With the place, if the text is no pattern.
    pub fn parse(
        text: &str,
        mut param: impl FnMut(&str) -> Option<u16>,
    ) -> Result<Self, PatternError> {
        let fail = |problem, at| Err(PatternError { problem, at });
        if !text.starts_with('/') {
            return fail(PatternProblem::NoSlash, 0..text.len());
        }
        if let Some(at) = text.find(['?', '#']) {
            let found = if text[at..].starts_with('?') {
                '?'
            } else {
                '#'
            };
            return fail(PatternProblem::QueryOrFragment(found), at..text.len());
        }
        let mut names: Vec<&str> = Vec::new();
        let mut segments = Vec::new();
        let mut start = 1;
        for piece in text[1..].split('/') {
            let at = start..start + piece.len();
            start = at.end + 1;
            if matches!(segments.last(), Some(Segment::Rest { .. })) {
                return fail(PatternProblem::RestNotLast, at.start - 1..text.len());
            }
            if segments.len() == MAX_SEGMENTS {
                return fail(PatternProblem::TooManySegments, at.start..text.len());
            }
            let before = names.len();
            segments.push(segment(piece, at.start, &mut names, &mut param)?);
            if let Some(name) = names.get(before)
                && names[..before].contains(name)
            {
                return fail(PatternProblem::Duplicate((*name).to_owned()), at);
            }
            if names.len() > MAX_PARAMS {
                return fail(PatternProblem::TooManyParams, at);
            }
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }
}

fn segment<'t>(
    piece: &'t str,
    offset: usize,
    names: &mut Vec<&'t str>,
    param: &mut impl FnMut(&str) -> Option<u16>,
) -> Result<Segment, PatternError> {
    let whole = offset..offset + piece.len();
    let fail = |problem| {
        Err(PatternError {
            problem,
            at: whole.clone(),
        })
    };
    let mut named = |name: &'t str| {
        names.push(name);
        param(name)
    };
    let (mut before, mut behind, mut hole) = (String::new(), String::new(), None);
    let mut rest = piece;
    while let Some((token, length)) = token(rest, offset + (piece.len() - rest.len()))? {
        let is_whole = length == piece.len();
        rest = &rest[length..];
        let found = match token {
            Token::Text(text) => {
                if hole.is_none() {
                    before.push_str(&text);
                } else {
                    behind.push_str(&text);
                }
                continue;
            }
            Token::Rest { name } if is_whole => {
                return Ok(Segment::Rest {
                    param: name.and_then(&mut named),
                });
            }
            Token::Rest { .. } => return fail(PatternProblem::RestInSegment),
            Token::Hole { name, int } => (named(name), int),
            Token::AnyHole => (None, false),
        };
        if hole.replace(found).is_some() {
            return fail(PatternProblem::TwoHoles);
        }
    }
    let decoded = |text: String| decode(&text).into_owned();
    Ok(match hole {
        None => Segment::Text(decoded(before)),
        Some((param, int)) => Segment::Hole {
            before: decoded(before),
            param,
            int,
            behind: decoded(behind),
        },
    })
}

/// The first token of `rest`, which begins at `offset` of the pattern, and its length.
fn token(rest: &str, offset: usize) -> Result<Option<(Token<'_>, usize)>, PatternError> {
    let fail = |problem, length| {
        Err(PatternError {
            problem,
            at: offset..offset + length,
        })
    };
    Ok(if rest.is_empty() {
        None
    } else if let Some(brace) = ["{{", "}}"].into_iter().find(|b| rest.starts_with(b)) {
        Some((Token::Text(brace[..1].to_owned()), 2))
    } else if rest.starts_with('}') {
        return fail(PatternProblem::Unopened, 1);
    } else if let Some(inside) = rest.strip_prefix('{') {
        let Some(end) = inside.find('}') else {
            return fail(PatternProblem::Unclosed, 1);
        };
        let inside = &inside[..end];
        let (name, kind) = match inside.split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (inside, None),
        };
        let token = match kind {
            None => Token::Hole { name, int: false },
            Some("int") => Token::Hole { name, int: true },
            Some("**") => Token::Rest { name: Some(name) },
            Some(kind) => return fail(PatternProblem::BadKind(kind.to_owned()), end + 2),
        };
        if !is_name(name) {
            return fail(PatternProblem::BadName(name.to_owned()), end + 2);
        }
        Some((token, end + 2))
    } else if rest.starts_with("**") {
        Some((Token::Rest { name: None }, 2))
    } else if rest.starts_with('*') {
        Some((Token::AnyHole, 1))
    } else {
        let length = rest.find(['{', '}', '*']).unwrap_or(rest.len());
        Some((Token::Text(rest[..length].to_owned()), length))
    })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> (PatternProblem, Range<usize>) {
        let mut next = 0;
        let error = Pattern::parse(text, |_| {
            next += 1;
            Some(next - 1)
        })
        .unwrap_err();
        (error.problem, error.at)
    }

    #[test]
    fn mistakes_have_their_place() {
        use PatternProblem as P;
        assert_eq!(problem("a/b"), (P::NoSlash, 0..3));
        assert_eq!(problem(""), (P::NoSlash, 0..0));
        assert_eq!(problem("/a?b"), (P::QueryOrFragment('?'), 2..4));
        assert_eq!(problem("/a#b"), (P::QueryOrFragment('#'), 2..4));
        assert_eq!(problem("/é/{slug"), (P::Unclosed, 4..5));
        assert_eq!(problem("/a}"), (P::Unopened, 2..3));
        assert_eq!(problem("/x{}"), (P::BadName(String::new()), 2..4));
        assert_eq!(problem("/{a b}"), (P::BadName("a b".into()), 1..6));
        assert_eq!(problem("/{a:float}"), (P::BadKind("float".into()), 1..10));
        assert_eq!(problem("/{a}/{a}"), (P::Duplicate("a".into()), 5..8));
        assert_eq!(problem("/{a}-{b}"), (P::TwoHoles, 1..8));
        assert_eq!(problem("/x**"), (P::RestInSegment, 1..4));
        assert_eq!(problem("/***"), (P::RestInSegment, 1..4));
        assert_eq!(problem("/**/x"), (P::RestNotLast, 3..5));
        assert_eq!(problem(&"/a".repeat(65)).0, P::TooManySegments);
        let many: String = (0..17).map(|i| format!("/{{p{i}}}")).collect();
        assert_eq!(problem(&many).0, P::TooManyParams);
    }

    #[test]
    fn texts_are_decoded_and_braces_unescaped() {
        let pattern = Pattern::parse("/{{a}}/%C3%BCber/v*.html", |_| None).unwrap();
        assert_eq!(
            pattern.segments,
            [
                Segment::Text("{a}".into()),
                Segment::Text("über".into()),
                Segment::Hole {
                    before: "v".into(),
                    param: None,
                    int: false,
                    behind: ".html".into()
                }
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_a_pattern_or_a_place_in_it(text in "/?[/{}a:*%é?-]{0,16}|\\PC{0,16}") {
            if let Err(error) = Pattern::parse(&text, |_| Some(0)) {
                prop_assert!(text.get(error.at).is_some());
            }
        }
    }
}
