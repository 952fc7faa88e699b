//! Tags: names under which copies can be purged. A level's templates and an edge's make the same
//! text from the same values: texts as they are, values encoded as in keys (see [`crate::key`]), but
//! without regard to what stands behind them. An encoded tag has no space, comma or control
//! character unless its template has, so it can travel in a `Surrogate-Key` header.

use crate::key::{Values, push_value};
use crate::level::{Template, TemplatePart, ValueSource};

/// `each` values that one template or target has at most.
pub const MAX_EACH: usize = 16;

/// The values from which a copy's tags are built: those of its key, and what its fill found.
pub trait TagValues: Values {
    /// How many values a data name has: 1 for a single one that is there, 0 for one that is not.
    fn data_len(&self, index: u16) -> usize;
    /// The `nth` of them.
    fn data(&self, index: u16, nth: usize) -> Option<&str>;
}

/// Calls `visit` for each tag of a copy, in the order of its lists; `scratch` holds the tag
/// meanwhile. An `each` over an empty list gives none.
pub fn tags(
    template: &Template,
    values: &impl TagValues,
    scratch: &mut String,
    mut visit: impl FnMut(&str),
) {
    let lists = template.parts.iter().filter_map(|part| match part {
        TemplatePart::Each(source) => Some(count(source, values)),
        TemplatePart::Text(_) | TemplatePart::Value(_) => None,
    });
    let mut combinations = Combinations::of(lists);
    while let Some(choice) = combinations.next() {
        scratch.clear();
        let mut next_each = choice.iter();
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => scratch.push_str(text),
                TemplatePart::Value(source) => push_value(nth(source, values, 0), None, scratch),
                TemplatePart::Each(source) => {
                    let chosen = next_each.next().copied().unwrap_or(0);
                    push_value(nth(source, values, chosen), None, scratch);
                }
            }
        }
        visit(scratch);
    }
}

fn count(source: &ValueSource, values: &impl TagValues) -> usize {
    match source {
        ValueSource::Data(index) => values.data_len(*index),
        ValueSource::Param(_) | ValueSource::Dimension(_) | ValueSource::Literal(_) => 1,
    }
}

fn nth<'v>(source: &'v ValueSource, values: &'v impl TagValues, nth: usize) -> Option<&'v str> {
    match source {
        ValueSource::Param(index) => values.param(*index),
        ValueSource::Dimension(dimension) => values.dimension(*dimension),
        ValueSource::Data(index) => values.data(*index, nth),
        ValueSource::Literal(text) => Some(text),
    }
}

/// All choices of one index for each of several lists, the last list fastest. Lists behind the
/// first [`MAX_EACH`] are not chosen from; a policy with more is refused.
pub(crate) struct Combinations {
    sizes: [usize; MAX_EACH],
    choice: [usize; MAX_EACH],
    lists: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Running,
    Done,
}

impl Combinations {
    pub(crate) fn of(lists: impl Iterator<Item = usize>) -> Self {
        let mut combinations = Self {
            sizes: [0; MAX_EACH],
            choice: [0; MAX_EACH],
            lists: 0,
            state: State::Begin,
        };
        for (slot, size) in combinations.sizes.iter_mut().zip(lists) {
            *slot = size;
            combinations.lists += 1;
            if size == 0 {
                combinations.state = State::Done;
            }
        }
        combinations
    }

    /// How many there are; saturates.
    pub(crate) fn count(&self) -> usize {
        self.sizes
            .iter()
            .take(self.lists)
            .fold(1, |product, &size| product.saturating_mul(size))
    }

    /// The next choice: an index for each list.
    pub(crate) fn next(&mut self) -> Option<&[usize]> {
        match self.state {
            State::Done => return None,
            State::Begin => self.state = State::Running,
            State::Running => {
                let mut position = self.lists;
                loop {
                    let Some(before) = position.checked_sub(1) else {
                        self.state = State::Done;
                        return None;
                    };
                    position = before;
                    self.choice[position] += 1;
                    if self.choice[position] < self.sizes[position] {
                        break;
                    }
                    self.choice[position] = 0;
                }
            }
        }
        self.choice.get(..self.lists)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DimensionId;
    use crate::key::Url;

    struct Given(Vec<Vec<&'static str>>);

    impl Values for Given {
        fn param(&self, index: u16) -> Option<&str> {
            ["x y", "b"].get(usize::from(index)).copied()
        }
        fn dimension(&self, _: DimensionId) -> Option<&str> {
            None
        }
        fn url(&self) -> Url<'_> {
            Url::default()
        }
    }

    impl TagValues for Given {
        fn data_len(&self, index: u16) -> usize {
            self.0[usize::from(index)].len()
        }
        fn data(&self, index: u16, nth: usize) -> Option<&str> {
            self.0[usize::from(index)].get(nth).copied()
        }
    }

    fn all(parts: Vec<TemplatePart>, data: Vec<Vec<&'static str>>) -> Vec<String> {
        let mut found = Vec::new();
        tags(
            &Template { parts },
            &Given(data),
            &mut String::new(),
            |tag| {
                found.push(tag.to_owned());
            },
        );
        found
    }

    fn text(text: &str) -> TemplatePart {
        TemplatePart::Text(text.into())
    }

    #[test]
    fn each_gives_a_tag_for_every_value() {
        let each = |index| TemplatePart::Each(ValueSource::Data(index));
        let param = TemplatePart::Value(ValueSource::Param(0));
        assert_eq!(all(vec![text("home")], vec![]), ["home"]);
        assert_eq!(all(vec![text("p:"), param], vec![]), ["p:x%20y"]);
        let absent = TemplatePart::Value(ValueSource::Dimension(DimensionId(0)));
        assert_eq!(all(vec![text("u:"), absent], vec![]), ["u:%"]);
        assert_eq!(
            all(vec![text("t:"), each(0)], vec![vec!["1", "2"]]),
            ["t:1", "t:2"]
        );
        assert_eq!(
            all(vec![text("t:"), each(0)], vec![vec![]]),
            [] as [&str; 0]
        );
        assert_eq!(
            all(
                vec![each(0), text("-"), each(1)],
                vec![vec!["a", "b"], vec!["1", "2"]]
            ),
            ["a-1", "a-2", "b-1", "b-2"]
        );
        let single = TemplatePart::Value(ValueSource::Data(0));
        assert_eq!(all(vec![single.clone()], vec![vec!["v"]]), ["v"]);
        assert_eq!(all(vec![single], vec![vec![]]), ["%"]);
    }
}
