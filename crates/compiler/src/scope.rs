//! What names mean inside of a level: its parameters, then the values that it finds, then what the
//! request carries.

use crate::context::Context;
use crate::elsewhere;
use crate::names::dotted;
use crate::reader::{Reader, plain_word};
use crate::suggest;
use cachepolicy_core::LevelKind;
use cachepolicy_core::level::{Data, ValueSource};
use cachepolicy_syntax::tree::{Hole, Path, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// What other items know of a level.
#[derive(Debug, Clone)]
pub(crate) struct LevelHeader {
    pub(crate) name: String,
    pub(crate) kind: LevelKind,
    pub(crate) params: Vec<String>,
    /// Some of them could not be read, which was said: nothing more is said of which there are.
    pub(crate) is_unsure: bool,
    /// Of its name.
    pub(crate) span: Span,
    /// With the parentheses.
    pub(crate) span_with_params: Span,
}

/// A level's own names.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'l> {
    pub(crate) level: &'l str,
    pub(crate) params: &'l [String],
    /// See [`LevelHeader::is_unsure`].
    pub(crate) is_unsure: bool,
    pub(crate) data: &'l [Data],
    /// Holes of its route that are no parameters, which is reported elsewhere.
    pub(crate) holes: &'l [Spanned<String>],
}

/// A value, and whether each of a list is meant.
pub(crate) struct Value {
    pub(crate) source: ValueSource,
    pub(crate) each: bool,
}

impl Scope<'_> {
    fn find(&self, cx: &Context<'_>, name: &str) -> Option<ValueSource> {
        let at = |position: Option<usize>| position.map(|index| index as u16);
        if let Some(param) = at(self.params.iter().position(|param| param == name)) {
            return Some(ValueSource::Param(param));
        }
        if let Some(data) = at(self.data.iter().position(|data| data.name == name)) {
            return Some(ValueSource::Data(data));
        }
        cx.find_dimension(name).map(ValueSource::Dimension)
    }

    /// What a name stands for. Reports one that is unknown.
    pub(crate) fn resolve(&self, cx: &mut Context<'_>, name: Spanned<&str>) -> Option<ValueSource> {
        let found = self.find(cx, name.value);
        let is_hole = self.holes.iter().any(|hole| hole.value == name.value);
        let is_elsewhere = is_hole || self.is_unsure || cx.may_be_unreadable(name.value);
        if found.is_none() && !is_elsewhere {
            if name.value.starts_with("request.")
                && let Some(diagnostic) = elsewhere::of_request(cx, name, false)
            {
                cx.report(diagnostic);
                return None;
            }
            let message = format!("`{}` knows no `{}`", self.level, name.value);
            let own = self.params.iter().map(String::as_str);
            let data = self.data.iter().map(|data| data.name.as_str());
            let dimensions = cx.names.dimensions.keys().map(String::as_str);
            let known = own.chain(data).chain(dimensions);
            let help = match suggest::closest(name.value, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "make it a parameter (`{}({})`), a value that the level finds (`data {}`), or something that the request carries (in `request`)",
                    self.level, name.value, name.value
                ),
            };
            cx.report(Diagnostic::error("unknown-value", name.span, message).help(help));
        }
        found
    }

    /// A path as a value.
    pub(crate) fn path(&self, cx: &mut Context<'_>, path: Spanned<&Path>) -> Option<ValueSource> {
        let Some(name) = dotted(path.value) else {
            let message = format!("`{}` is not a value", cx.quote(path.span));
            cx.report(
                Diagnostic::error("unexpected-value", path.span, message)
                    .help("name a parameter, a `data` value or a request dimension"),
            );
            return None;
        };
        self.resolve(
            cx,
            Spanned {
                value: &name,
                span: path.span,
            },
        )
    }

    /// A value of an argument: a path, `each` list, a text, a number.
    pub(crate) fn value(&self, cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Value> {
        let each = reader.eat("each");
        let place = reader.place();
        let source = match reader.peek().map(|term| &term.value) {
            Some(TermKind::String(template)) if !each => {
                let Some(text) = template.as_text() else {
                    cx.report(
                        Diagnostic::error("unexpected-value", place, "a value has no holes")
                            .help("give the value by its name, without quotes"),
                    );
                    return None;
                };
                ValueSource::Literal(text.to_owned())
            }
            Some(TermKind::Quantity(text)) if !each => ValueSource::Literal(text.clone()),
            Some(TermKind::Path(path)) => self.path(
                cx,
                Spanned {
                    value: path,
                    span: place,
                },
            )?,
            _ => return reader.expected(cx, "a value"),
        };
        reader.next();
        self.check_each(cx, &source, each, place)?;
        Some(Value { source, each })
    }

    /// `each` stands before lists, and only there.
    fn check_each(
        &self,
        cx: &mut Context<'_>,
        source: &ValueSource,
        each: bool,
        span: Span,
    ) -> Option<()> {
        let (is_list, name) = match source {
            ValueSource::Data(index) => match self.data.get(usize::from(*index)) {
                Some(data) => (data.list.is_some(), data.name.as_str()),
                None => return None,
            },
            _ => (false, ""),
        };
        if each == is_list {
            return Some(());
        }
        let text = cx.quote(span);
        cx.report(if each {
            let help = match source {
                ValueSource::Data(_) => {
                    format!("say that it is one: `data {name} max 10`; or leave out `each`")
                }
                _ => "leave out `each`".to_owned(),
            };
            Diagnostic::error(
                "not-a-list",
                span,
                format!("`{text}` is one value, no list"),
            )
            .help(help)
        } else {
            Diagnostic::error("list-without-each", span, format!("`{text}` is a list"))
                .help(format!("write `each {text}`"))
                .fix(
                    "insert `each`",
                    Span {
                        end: span.start,
                        ..span
                    },
                    "each ",
                )
        });
        None
    }

    /// What a hole of a key or a tag stands for.
    pub(crate) fn hole(&self, cx: &mut Context<'_>, hole: &Spanned<Hole>) -> Option<Value> {
        if let Some(kind) = &hole.value.kind {
            let message = format!("`:{kind}` belongs into routes only");
            cx.report(
                Diagnostic::error("unexpected-value", hole.span, message).help("leave it out here"),
            );
            return None;
        }
        let name = hole.value.path.join(".");
        let each = hole.value.each;
        let inside = Span {
            start: hole.span.start + 1,
            end: hole.span.end.saturating_sub(1),
            ..hole.span
        };
        let source = self.resolve(
            cx,
            Spanned {
                value: &name,
                span: inside,
            },
        )?;
        self.check_each(cx, &source, each, inside)?;
        Some(Value { source, each })
    }
}

/// The names in a list of plain words after a header, `(slug, page)`.
pub(crate) fn plain_arg(value: &cachepolicy_syntax::tree::Phrase) -> Option<Spanned<&str>> {
    match value.terms.as_slice() {
        [term] => plain_word(term).map(|word| Spanned {
            value: word,
            span: term.span,
        }),
        _ => None,
    }
}
