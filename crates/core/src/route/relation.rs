//! How patterns relate: which is more specific, whether two match a path in common, whether one
//! matches everything that the other does. All exact.

use super::{Pattern, Route, Segment};
use core::cmp::Ordering;

impl Route {
    /// Is there a request that both answer?
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let shares_method = self.methods.iter().any(|own| other.answers(own))
            || other.methods.iter().any(|theirs| self.answers(theirs));
        shares_method && self.pattern.overlaps(&other.pattern)
    }

    /// Does it answer every request that `other` answers?
    #[must_use]
    pub fn shadows(&self, other: &Self) -> bool {
        other.methods.iter().all(|theirs| self.answers(theirs))
            && self.pattern.shadows(&other.pattern)
    }
}

impl Pattern {
    /// The order in which patterns are tried, more specific ones first: segment by segment, a text
    /// before a hole before a rest; of two holes the one with more text around it, then `int`; a
    /// path that ends before one that may go on. A total order on what patterns match: `Equal` only
    /// for patterns that match the same paths. If everything that one matches the other matches
    /// too, the one comes first.
    #[must_use]
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        let mut own = self.segments.iter();
        let mut theirs = other.segments.iter();
        loop {
            let order = match (own.next(), theirs.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(own), Some(theirs)) => own.cmp_precedence(theirs),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
    }

    /// Is there a path that both match?
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut own, mut theirs) = (self.segments.iter(), other.segments.iter());
        loop {
            match (own.next(), theirs.next()) {
                (None, None) => return true,
                // Whatever is left of the other pattern matches something of its length.
                (Some(Segment::Rest { .. }), Some(_)) | (Some(_), Some(Segment::Rest { .. })) => {
                    return true;
                }
                (None, Some(Segment::Rest { param })) | (Some(Segment::Rest { param }), None) => {
                    return param.is_none();
                }
                (None, Some(_)) | (Some(_), None) => return false,
                (Some(own), Some(theirs)) => {
                    if !own.overlaps(theirs) {
                        return false;
                    }
                }
            }
        }
    }

    /// Does it match every path that `other` matches?
    #[must_use]
    pub fn shadows(&self, other: &Self) -> bool {
        let (mut own, mut theirs) = (self.segments.iter(), other.segments.iter());
        let mut is_first = true;
        loop {
            match (own.next(), theirs.next()) {
                (None, None) => return true,
                (Some(Segment::Rest { param: own }), Some(Segment::Rest { param: theirs })) => {
                    return own.is_none() || theirs.is_some() || is_first;
                }
                (Some(Segment::Rest { .. }), Some(_)) => return true,
                (Some(Segment::Rest { param }), None) => return param.is_none(),
                (_, Some(Segment::Rest { .. })) | (None, Some(_)) | (Some(_), None) => {
                    return false;
                }
                (Some(own), Some(theirs)) => {
                    if !own.shadows(theirs) {
                        return false;
                    }
                }
            }
            is_first = false;
        }
    }
}

impl Segment {
    /// See [`Pattern::cmp_precedence`].
    #[must_use]
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        /// Kind, then more text first, then `int` or a name first, then the texts themselves.
        type Rank<'s> = (u8, core::cmp::Reverse<usize>, bool, &'s str, &'s str);
        fn rank(segment: &Segment) -> Rank<'_> {
            match segment {
                Segment::Text(text) => (0, core::cmp::Reverse(0), false, text, ""),
                Segment::Hole {
                    before,
                    int,
                    behind,
                    ..
                } => (
                    1,
                    core::cmp::Reverse(before.len() + behind.len()),
                    !int,
                    before,
                    behind,
                ),
                Segment::Rest { param } => (2, core::cmp::Reverse(0), param.is_none(), "", ""),
            }
        }
        rank(self).cmp(&rank(other))
    }

    /// Is there a piece of a path that both match? Neither is a rest.
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(theirs)) => own == theirs,
            (Self::Text(text), hole) | (hole, Self::Text(text)) => hole.fits(text),
            (own, theirs) => holes_overlap(own, theirs),
        }
    }

    /// Does it match every piece of a path that `other` matches? Neither is a rest.
    fn shadows(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(own), Self::Text(theirs)) => own == theirs,
            (hole, Self::Text(text)) => hole.fits(text),
            (
                Self::Hole {
                    before,
                    int,
                    behind,
                    ..
                },
                Self::Hole {
                    before: their_before,
                    int: their_int,
                    behind: their_behind,
                    ..
                },
            ) => {
                // The other's hole takes at least ten different texts, also first and last letters:
                // what we ask for must stand in the text around it.
                let (Some(more_before), Some(more_behind)) = (
                    their_before.strip_prefix(before.as_str()),
                    their_behind.strip_suffix(behind.as_str()),
                ) else {
                    return false;
                };
                let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                !int || (*their_int && is_digits(more_before) && is_digits(more_behind))
            }
            _ => false,
        }
    }

    /// Does a hole match this text, which is decoded already?
    fn fits(&self, text: &str) -> bool {
        let Self::Hole {
            before,
            int,
            behind,
            ..
        } = self
        else {
            return false;
        };
        text.strip_prefix(before.as_str())
            .and_then(|text| text.strip_suffix(behind.as_str()))
            .is_some_and(|value| {
                !value.is_empty() && (!int || value.bytes().all(|byte| byte.is_ascii_digit()))
            })
    }
}

/// What a hole's automaton can read next.
#[derive(Clone, Copy)]
enum Symbol {
    Byte(u8),
    Digit,
    Any,
}

impl Symbol {
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) | (Self::Digit, Self::Digit) => true,
            (Self::Byte(own), Self::Byte(theirs)) => own == theirs,
            (Self::Byte(byte), Self::Digit) | (Self::Digit, Self::Byte(byte)) => {
                byte.is_ascii_digit()
            }
        }
    }
}

/// Looks for a text that both holes match: a search through the product of two automata whose
/// states say how much was read. A hole's states are 0, …, `before.len()` (in front of the hole's
/// first byte), then one inside the hole, then one for each byte of `behind`.
fn holes_overlap(own: &Segment, theirs: &Segment) -> bool {
    let (Some(own), Some(theirs)) = (Automaton::of(own), Automaton::of(theirs)) else {
        return false;
    };
    let width = theirs.last() + 1;
    let mut seen = vec![false; (own.last() + 1) * width];
    let mut todo = vec![(0, 0)];
    while let Some((i, j)) = todo.pop() {
        if i == own.last() && j == theirs.last() {
            return true;
        }
        for (a, next_i) in own.steps(i) {
            for (b, next_j) in theirs.steps(j) {
                if a.meets(b)
                    && let Some(seen) = seen.get_mut(next_i * width + next_j)
                    && !*seen
                {
                    *seen = true;
                    todo.push((next_i, next_j));
                }
            }
        }
    }
    false
}

struct Automaton<'s> {
    before: &'s [u8],
    class: Symbol,
    behind: &'s [u8],
}

impl<'s> Automaton<'s> {
    fn of(segment: &'s Segment) -> Option<Self> {
        match segment {
            Segment::Hole {
                before,
                int,
                behind,
                ..
            } => Some(Self {
                before: before.as_bytes(),
                class: if *int { Symbol::Digit } else { Symbol::Any },
                behind: behind.as_bytes(),
            }),
            Segment::Text(_) | Segment::Rest { .. } => None,
        }
    }

    /// The accepting state: everything was read.
    fn last(&self) -> usize {
        self.before.len() + 1 + self.behind.len()
    }

    fn steps(&self, state: usize) -> impl Iterator<Item = (Symbol, usize)> {
        let inside = self.before.len() + 1;
        let next = match self.before.get(state) {
            Some(&byte) => Some((Symbol::Byte(byte), state + 1)),
            None if state < inside => Some((self.class, inside)),
            None => self
                .behind
                .get(state - inside)
                .map(|&byte| (Symbol::Byte(byte), state + 1)),
        };
        let again = (state == inside).then_some((self.class, inside));
        next.into_iter().chain(again)
    }
}
