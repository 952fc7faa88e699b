//! Names: levels, models, backends, origins and buses share one namespace; dimensions have another,
//! and workloads a third.

use crate::context::Context;
use crate::elsewhere;
use crate::suggest;
use cachepolicy_core::DimensionId;
use cachepolicy_syntax::tree::{Path, Segment};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};
use std::collections::BTreeMap;

/// Words that have a meaning of their own in paths.
pub(crate) const RESERVED: [&str; 5] = ["user", "old", "new", "row", "each"];

/// Numbers of declared things are 16 bits wide.
pub(crate) const MAX_DECLARED: usize = 65_535;

/// What a name of the shared namespace stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Model,
    Origin,
    Backend,
    Bus,
    Level,
}

impl Kind {
    /// With its article.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Origin => "an origin",
            Self::Backend => "a backend",
            Self::Bus => "a bus",
            Self::Level => "a level",
        }
    }

    /// How one is declared.
    const fn example(self) -> &'static str {
        match self {
            Self::Model => "model Article { id; slug }",
            Self::Origin => "origin db { slots 20 }",
            Self::Backend => "backend shared redis { capacity 2GiB }",
            Self::Bus => "bus outbox { delivery at-least-once }",
            Self::Level => "object article(slug) { … }",
        }
    }
}

/// A declared name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Symbol {
    pub(crate) kind: Kind,
    /// Among those of its kind.
    pub(crate) index: u16,
    pub(crate) span: Span,
}

/// All declared names.
#[derive(Default)]
pub(crate) struct Names {
    symbols: BTreeMap<String, Symbol>,
    counts: BTreeMap<Kind, usize>,
    pub(crate) dimensions: BTreeMap<String, (DimensionId, Span)>,
    pub(crate) workloads: BTreeMap<String, (u16, Span)>,
}

impl Names {
    pub(crate) fn get(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).copied()
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.symbols
            .iter()
            .filter(move |(_, symbol)| symbol.kind == kind)
            .map(|(name, _)| name.as_str())
    }

    /// After the levels were put into another order: `new[old]`.
    pub(crate) fn renumber_levels(&mut self, new: &[u16]) {
        for symbol in self.symbols.values_mut() {
            if symbol.kind == Kind::Level
                && let Some(index) = new.get(usize::from(symbol.index))
            {
                symbol.index = *index;
            }
        }
    }
}

impl Context<'_> {
    /// Declares a name of the shared namespace; its index among those of its kind. A second
    /// declaration is reported, and gets an index all the same.
    pub(crate) fn declare(&mut self, kind: Kind, name: Spanned<&str>) -> Option<u16> {
        self.check_reserved(name);
        self.check_style(kind, name);
        let count = self.names.counts.entry(kind).or_default();
        if *count >= MAX_DECLARED {
            let message = format!("there are more than {MAX_DECLARED} of this kind of item");
            self.report(Diagnostic::error("too-many", name.span, message));
            return None;
        }
        let index = *count as u16;
        *count += 1;
        if let Some(first) = self.names.get(name.value) {
            let message = format!("`{}` is declared twice", name.value);
            self.report(
                Diagnostic::error("duplicate-name", name.span, message)
                    .related(
                        first.span,
                        format!("first declared here, as {}", first.kind.noun()),
                    )
                    .help("levels, models, backends, origins and buses share one namespace: rename one of the two"),
            );
        } else {
            let symbol = Symbol {
                kind,
                index,
                span: name.span,
            };
            self.names.symbols.insert(name.value.to_owned(), symbol);
        }
        Some(index)
    }

    pub(crate) fn check_reserved(&mut self, name: Spanned<&str>) {
        if RESERVED.contains(&name.value) {
            let message = format!("`{}` is a reserved word", name.value);
            self.report(
                Diagnostic::error("reserved-name", name.span, message).help(format!(
                    "choose another name; {} have a meaning of their own in paths",
                    suggest::listed(RESERVED.into_iter())
                )),
            );
        }
    }

    fn check_style(&mut self, kind: Kind, name: Spanned<&str>) {
        let first_upper = name.value.starts_with(|c: char| c.is_ascii_uppercase());
        let (fits, style) = match kind {
            Kind::Model => (
                first_upper && !name.value.contains(['_', '-']),
                "PascalCase",
            ),
            _ => (is_snake_case(name.value), "snake_case"),
        };
        if !fits {
            let message = format!(
                "`{}` is the name of {}, and those are written in `{style}`",
                name.value,
                kind.noun()
            );
            let instead = match kind {
                Kind::Model => pascal_case(name.value),
                _ => snake_case(name.value),
            };
            self.report(
                Diagnostic::warning("name-style", name.span, message)
                    .help(format!("rename it to `{instead}`")),
            );
        }
    }

    /// The index of a declared thing. Reports a name that nobody declares, or another kind.
    pub(crate) fn look_up(&mut self, kind: Kind, name: Spanned<&str>) -> Option<u16> {
        match self.names.get(name.value) {
            Some(symbol) if symbol.kind == kind => Some(symbol.index),
            Some(symbol) => {
                let message = format!(
                    "expected {}, and `{}` is {}",
                    kind.noun(),
                    name.value,
                    symbol.kind.noun()
                );
                let help = self.known(kind);
                self.report(
                    Diagnostic::error("wrong-kind", name.span, message)
                        .related(symbol.span, "declared here")
                        .help(help),
                );
                None
            }
            None => {
                self.report_unknown(kind, name, None);
                None
            }
        }
    }

    /// What there is of a kind.
    fn known(&self, kind: Kind) -> String {
        match suggest::listed(self.names.of_kind(kind)) {
            all if all.is_empty() => format!("declare one, for example `{}`", kind.example()),
            all => format!("there is {all}"),
        }
    }

    /// Something of this kind, or of the other one, is not there.
    pub(crate) fn report_unknown(&mut self, kind: Kind, name: Spanned<&str>, other: Option<Kind>) {
        if self.may_be_unreadable(name.value) {
            return;
        }
        let or = other.map_or_else(String::new, |other| {
            format!(" and no {}", bare(other.noun()))
        });
        let message = format!("there is no {}{or} `{}`", bare(kind.noun()), name.value);
        let others = other
            .into_iter()
            .flat_map(|other| self.names.of_kind(other));
        let all = self.names.of_kind(kind).chain(others);
        let all: Vec<&str> = all.collect();
        let known = suggest::closest(name.value, all.iter().copied());
        let help = match known {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if all.is_empty() => self.known(kind),
            None => format!("there is {}", suggest::listed(all.iter().copied())),
        };
        let related = known.and_then(|meant| self.names.get(meant));
        let mut diagnostic = Diagnostic::error("unknown-name", name.span, message).help(help);
        if let Some(symbol) = related {
            diagnostic = diagnostic.related(symbol.span, "declared here");
        }
        self.report(diagnostic);
    }

    /// A dimension by the name that a path gives: `user.id`, `accept-language`, an alias, or a bare
    /// `customer_group` for `user.customer_group`, `user` for `user.id`.
    pub(crate) fn find_dimension(&self, name: &str) -> Option<DimensionId> {
        let direct = self.names.dimensions.get(name);
        direct
            .or_else(|| {
                let field = if name == "user" { "id" } else { name };
                self.names.dimensions.get(&format!("user.{field}"))
            })
            .map(|(id, _)| *id)
    }

    /// The same; one that is not declared is reported.
    pub(crate) fn dimension(&mut self, name: Spanned<&str>) -> Option<DimensionId> {
        let found = self.find_dimension(name.value);
        if found.is_none() {
            self.report_unknown_dimension(name);
        }
        found
    }

    fn report_unknown_dimension(&mut self, name: Spanned<&str>) {
        if self.may_be_unreadable(name.value) {
            return;
        }
        if let Some(diagnostic) = elsewhere::of_request(self, name, false) {
            return self.report(diagnostic);
        }
        let message = format!(
            "`{}` is not declared as something that a request carries",
            name.value
        );
        let known = self.names.dimensions.keys().map(String::as_str);
        let help = match suggest::closest(name.value, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!(
                "declare it in the `request` block, for example `{}`",
                dimension_example(name.value)
            ),
        };
        self.report(Diagnostic::error("unknown-dimension", name.span, message).help(help));
    }
}

fn dimension_example(name: &str) -> String {
    match name {
        "user" => "user.id personal".to_owned(),
        _ if name.starts_with("user.") => format!("{name} personal"),
        _ if name.starts_with("accept") || name.starts_with("x-") || name.contains('-') => {
            format!("header {name}")
        }
        _ => format!("query {name}"),
    }
}

/// `user.id` of a path without calls.
pub(crate) fn dotted(path: &Path) -> Option<String> {
    let mut name = path.head.value.clone();
    for segment in &path.tail {
        match segment {
            Segment::Member(member) => {
                name.push('.');
                name.push_str(&member.value);
            }
            Segment::Members(_) | Segment::Call(_) => return None,
        }
    }
    Some(name)
}

fn bare(noun: &str) -> &str {
    noun.split_once(' ').map_or(noun, |(_, bare)| bare)
}

fn is_snake_case(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_lowercase()
        });
    }
    snake
}

fn pascal_case(name: &str) -> String {
    name.split(['_', '-'])
        .flat_map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}
