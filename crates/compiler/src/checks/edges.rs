//! Edges: the order of their actions, and tags that no copy bears.

use crate::context::Context;
use cachepolicy_core::edge::{Action, TagPart, Target};
use cachepolicy_core::level::{Template, TemplatePart};
use cachepolicy_core::sorting;
use cachepolicy_core::{Level, LevelId, Policy};
use cachepolicy_syntax::Diagnostic;

pub(crate) fn run(cx: &mut Context<'_>) {
    let mut edges = std::mem::take(&mut cx.policy.edges);
    let tags = Tags::new(&cx.policy);
    let mut found = Vec::new();
    for (index, edge) in edges.iter_mut().enumerate() {
        let spans = cx.spans.actions.get(index).cloned().unwrap_or_default();
        for (action, span) in edge.actions.iter().zip(spans) {
            if let Target::Tag(parts) = &action.target
                && tags.finest(parts).is_none()
            {
                let diagnostic =
                    Diagnostic::warning("unborne-tag", span, "no copy bears a tag like this one");
                found.push(diagnostic.help(
                    "write it into the `tags` of the levels that it is about, in the same words",
                ));
            }
        }
        // A delivery applies its list to the finest level first.
        let finest = |action: &Action| match &action.target {
            Target::Level { level, .. } => Some(*level),
            Target::Tag(parts) => tags.finest(parts),
        };
        if let Some(spans) = cx.spans.actions.get_mut(index) {
            let mut order: Vec<_> = edge.actions.iter().map(finest).zip(spans.iter()).collect();
            sorting::by_key(&mut order, |(level, _)| *level);
            *spans = order.into_iter().map(|(_, span)| *span).collect();
        }
        sorting::by_key(&mut edge.actions, finest);
    }
    cx.policy.edges = edges;
    cx.diagnostics.append(&mut found);
}

/// The tags of all levels.
pub(crate) struct Tags {
    tags: Vec<(LevelId, Ends)>,
}

impl Tags {
    pub(crate) fn new(policy: &Policy) -> Self {
        let levels = policy.levels.iter().enumerate();
        Self {
            tags: levels
                .flat_map(|(index, level): (usize, &Level)| {
                    level
                        .tags
                        .iter()
                        .map(move |tag| (LevelId(index as u16), Ends::of_tag(tag)))
                })
                .collect(),
        }
    }

    /// The levels whose copies may bear a tag like that, finest first.
    pub(crate) fn bearers(&self, parts: &[TagPart]) -> impl Iterator<Item = LevelId> {
        let wanted = Ends::of(parts.iter().map(|part| match part {
            TagPart::Text(text) => Some(text.as_str()),
            TagPart::Row(_) => None,
        }));
        self.tags
            .iter()
            .filter(move |(_, own)| wanted.may_equal(own))
            .map(|(level, _)| *level)
    }

    fn finest(&self, parts: &[TagPart]) -> Option<LevelId> {
        self.bearers(parts).next()
    }
}

/// The texts at a template's two ends. What stands between them may be anything.
struct Ends {
    start: String,
    end: String,
    is_fixed: bool,
}

impl Ends {
    fn of_tag(tag: &Template) -> Self {
        Self::of(tag.parts.iter().map(|part| match part {
            TemplatePart::Text(text) => Some(text.as_str()),
            TemplatePart::Value(_) | TemplatePart::Each(_) => None,
        }))
    }

    fn of<'t>(parts: impl Iterator<Item = Option<&'t str>>) -> Self {
        let mut ends = Self {
            start: String::new(),
            end: String::new(),
            is_fixed: true,
        };
        for part in parts {
            match part {
                None => {
                    ends.is_fixed = false;
                    ends.end.clear();
                }
                Some(text) => {
                    if ends.is_fixed {
                        ends.start.push_str(text);
                    }
                    ends.end.push_str(text);
                }
            }
        }
        ends
    }

    /// Can both give the same text?
    fn may_equal(&self, other: &Self) -> bool {
        if self.is_fixed && other.is_fixed {
            return self.start == other.start;
        }
        let fits = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        let fits_end = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
        let room = |fixed: &Self, open: &Self| {
            !fixed.is_fixed
                || (fixed.start.starts_with(&open.start)
                    && fixed.start.ends_with(&open.end)
                    && fixed.start.len() >= open.start.len() + open.end.len())
        };
        fits(&self.start, &other.start)
            && fits_end(&self.end, &other.end)
            && room(self, other)
            && room(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_may_be_the_same() {
        let ends = |parts: &[Option<&'static str>]| Ends::of(parts.iter().copied());
        let may = |a: &[Option<&'static str>], b: &[Option<&'static str>]| {
            let (a, b) = (ends(a), ends(b));
            assert_eq!(a.may_equal(&b), b.may_equal(&a));
            a.may_equal(&b)
        };
        assert!(may(&[Some("home")], &[Some("home")]));
        assert!(!may(&[Some("home")], &[Some("homes")]));
        assert!(may(&[Some("tag:"), None], &[Some("tag:"), None]));
        assert!(may(&[Some("tag:"), None], &[Some("tag:x")]));
        assert!(may(&[None], &[Some("tag:x")]));
        assert!(!may(&[Some("tag:"), None], &[Some("author:"), None]));
        assert!(!may(&[Some("aa"), None, Some("aa")], &[Some("aaa")]));
    }
}
