//! The `request` item: dimensions and ignored query parameters.

use super::literals::{list, literal};
use crate::context::Context;
use crate::names::{RESERVED, dotted};
use crate::property::Property;
use crate::quantity::{Quantity, quantity};
use crate::reader::Reader;
use cachepolicy_core::DimensionId;
use cachepolicy_core::graph::determiners;
use cachepolicy_core::policy::{Carrier, Dimension, Domain, IgnoreQuery};
use cachepolicy_syntax::tree::{Term, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// What must be resolved once all dimensions are known.
#[derive(Default)]
pub(crate) struct RequestDraft {
    by: Vec<(DimensionId, Spanned<String>)>,
}

impl RequestDraft {
    /// Resolves `by`.
    pub(crate) fn finish(self, cx: &mut Context<'_>) {
        for (dimension, other) in self.by {
            let found = cx.dimension(Spanned {
                value: &other.value,
                span: other.span,
            });
            // No chain that is there already has a cycle.
            let cycle = found.is_some_and(|found| {
                determiners(&cx.policy, found).any(|determiner| determiner == dimension)
            });
            let Some(own) = cx.policy.dimensions.get_mut(dimension.index()) else {
                continue;
            };
            if cycle {
                let message = format!("`{}` follows from itself", own.name);
                cx.report(
                    Diagnostic::error("unexpected-value", other.span, message)
                        .help("name a dimension that does not follow from it, such as `user.id`"),
                );
            } else {
                own.by = found;
            }
        }
    }
}

pub(crate) fn user(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let what = "`user.id`, or another property such as `user.role`";
    if reader.word().is_some() || reader.is_done() {
        return reader.expected(cx, what);
    }
    let path = reader.path(cx, what)?;
    let Some(name) = dotted(path.value) else {
        let message = format!("`{}` is not a property of the user", cx.quote(path.span));
        cx.report(Diagnostic::error("unexpected-value", path.span, message).help(what));
        return None;
    };
    let field = name.strip_prefix("user.").unwrap_or(&name).to_owned();
    dimension(
        cx,
        draft,
        &mut reader,
        Carrier::User(field),
        name,
        path.span,
    )
}

pub(crate) fn header(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    // Field names are case-insensitive (RFC 9110, 5.1).
    named(cx, draft, property, |name| {
        Carrier::Header(name.to_ascii_lowercase())
    })
}

pub(crate) fn cookie(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    named(cx, draft, property, |name| Carrier::Cookie(name.to_owned()))
}

pub(crate) fn query(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    named(cx, draft, property, |name| Carrier::Query(name.to_owned()))
}

pub(crate) fn attr(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    named(cx, draft, property, |name| Carrier::Attr(name.to_owned()))
}

fn named(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    property: &Property<'_>,
    carrier: fn(&str) -> Carrier,
) -> Option<()> {
    let mut reader = property.value(cx);
    let span = reader.place();
    let name = match reader.peek().map(|term| &term.value) {
        Some(TermKind::String(template)) => match template.as_text() {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => return reader.expected(cx, "a name"),
        },
        Some(TermKind::Path(path)) => match dotted(path) {
            Some(name) => name,
            None => return reader.expected(cx, "a name"),
        },
        _ => return reader.expected(cx, "a name, or the real one in quotes"),
    };
    reader.next();
    let carrier = carrier(&name);
    let alias = match &carrier {
        Carrier::Header(name) => name.clone(),
        _ => name,
    };
    dimension(cx, draft, &mut reader, carrier, alias, span)
}

fn dimension(
    cx: &mut Context<'_>,
    draft: &mut RequestDraft,
    reader: &mut Reader<'_>,
    carrier: Carrier,
    name: String,
    name_span: Span,
) -> Option<()> {
    let mut dimension = Dimension {
        name,
        place: cx.place(name_span),
        carrier,
        domain: Domain::Any,
        otherwise: None,
        coerce: false,
        personal: false,
        by: None,
    };
    let mut span = name_span;
    if reader.eat("as") {
        let alias = reader.name(cx, "an alias")?;
        if RESERVED.contains(&alias.value) {
            cx.check_reserved(alias);
        }
        dimension.name = alias.value.to_owned();
        span = alias.span;
    }
    // Declared even if what follows is wrong: others refer to it.
    let id = declare(cx, dimension, span)?;
    let mut by = None;
    let details = details(cx, reader, &mut by);
    if let Some(own) = cx.policy.dimensions.get_mut(id.index()) {
        match details {
            Some(details) => {
                own.domain = details.domain;
                own.otherwise = details.otherwise;
                own.coerce = details.coerce;
                own.personal = details.personal;
            }
            // There is one, and it is not known.
            None => own.domain = Domain::Values(Vec::new()),
        }
    }
    draft.by.extend(by.map(|by| (id, by)));
    Some(())
}

fn declare(cx: &mut Context<'_>, dimension: Dimension, span: Span) -> Option<DimensionId> {
    if let Some((_, first)) = cx.names.dimensions.get(&dimension.name) {
        let message = format!("`{}` is declared twice", dimension.name);
        let diagnostic = Diagnostic::error("duplicate-name", span, message)
            .related(*first, "first declared here")
            .help("give one of them another name: `as other_name`");
        cx.report(diagnostic);
        return None;
    }
    let id = u16::try_from(cx.policy.dimensions.len()).ok()?;
    let id = DimensionId(id);
    cx.names
        .dimensions
        .insert(dimension.name.clone(), (id, span));
    cx.policy.dimensions.push(dimension);
    cx.spans.dimensions.push(span);
    Some(id)
}

struct Details {
    domain: Domain,
    otherwise: Option<String>,
    coerce: bool,
    personal: bool,
}

/// What follows the name.
fn details(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    by: &mut Option<Spanned<String>>,
) -> Option<Details> {
    let mut details = Details {
        domain: Domain::Any,
        otherwise: None,
        coerce: false,
        personal: false,
    };
    let mut otherwise_span = None;
    loop {
        let unbounded = details.domain == Domain::Any;
        if unbounded && reader.eat("in") {
            details.domain = match reader.peek() {
                Some(Term {
                    value: TermKind::Range { low, high },
                    span,
                }) => {
                    let range = bounds(cx, low, high.as_deref(), *span)?;
                    reader.next();
                    range
                }
                _ => Domain::Values(values(cx, reader)?),
            };
        } else if unbounded && reader.eat("negotiated") {
            details.domain = Domain::Negotiated(values(cx, reader)?);
        } else if details.otherwise.is_none() && reader.eat("else") {
            otherwise_span = Some(reader.place());
            details.otherwise = Some(literal(cx, reader)?);
        } else if reader.eat("coerce") {
            details.coerce = true;
        } else if reader.eat("personal") {
            details.personal = true;
        } else if by.is_none() && reader.eat("by") {
            let path = reader.path(cx, "the dimension that it follows from")?;
            *by = dotted(path.value).map(|value| Spanned {
                value,
                span: path.span,
            });
        } else {
            break;
        }
    }
    reader.finish(cx)?;
    check_otherwise(cx, &details, otherwise_span);
    if details.coerce && (details.domain == Domain::Any || details.otherwise.is_none()) {
        cx.report(
            Diagnostic::error(
                "unexpected-value",
                reader.last(),
                "there is nothing to coerce to",
            )
            .help("`coerce` needs a domain and a value: `in [a, b] else a coerce`"),
        );
    }
    Some(details)
}

/// The value of absent dimensions lies in the domain, too.
fn check_otherwise(cx: &mut Context<'_>, details: &Details, span: Option<Span>) {
    let (Some(value), Some(span)) = (&details.otherwise, span) else {
        return;
    };
    let inside = match &details.domain {
        Domain::Any => true,
        Domain::Values(values) | Domain::Negotiated(values) => values.contains(value),
        Domain::Range { low, high } => value
            .parse::<i64>()
            .is_ok_and(|value| (*low..=*high).contains(&value)),
    };
    if !inside {
        let message = format!("`{value}` is not in the domain");
        cx.report(
            Diagnostic::error("outside-domain", span, message)
                .help("add it to the values, or choose one of them"),
        );
    }
}

fn bounds(cx: &mut Context<'_>, low: &str, high: Option<&str>, span: Span) -> Option<Domain> {
    let whole = |text: &str| match quantity(text) {
        Ok(Quantity::Number(number)) if number.fract() == 0.0 => Some(number as i64),
        _ => None,
    };
    match (whole(low), high.and_then(whole)) {
        (Some(low), Some(high)) if low <= high => Some(Domain::Range { low, high }),
        _ => {
            let message = format!("`{}` is not a range of whole numbers", cx.quote(span));
            cx.report(
                Diagnostic::error("out-of-range", span, message)
                    .help("write both ends, the smaller first: `1..100`"),
            );
            None
        }
    }
}

/// `[a, "b c", 3]`
fn values(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let phrases = list(cx, reader)?;
    let mut values = Vec::new();
    for phrase in phrases {
        let mut element = Reader::new(&phrase.terms, phrase.span, reader.row());
        let value = literal(cx, &mut element)?;
        element.finish(cx)?;
        if values.contains(&value) {
            let message = format!("`{value}` stands twice in the list");
            cx.report(
                Diagnostic::warning("duplicate-value", phrase.span, message)
                    .help("remove one of them"),
            );
        } else {
            values.push(value);
        }
    }
    if values.is_empty() {
        cx.report(
            Diagnostic::error(
                "unexpected-value",
                reader.last(),
                "a domain has at least one value",
            )
            .help("write the values, for example `in [free, pro]`"),
        );
        return None;
    }
    Some(values)
}

pub(crate) fn ignore(
    cx: &mut Context<'_>,
    _: &mut RequestDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    if reader
        .peek()
        .is_some_and(|term| term.value == TermKind::Star)
    {
        reader.next();
        reader.finish(cx)?;
        cx.policy.ignore_query = IgnoreQuery::Everything;
        return Some(());
    }
    let mut names = Vec::new();
    for phrase in list(cx, &mut reader)? {
        let mut element = Reader::new(&phrase.terms, phrase.span, reader.row());
        if let Some(TermKind::Glob(glob)) = element.peek().map(|term| &term.value) {
            element.next();
            names.push(glob.clone());
        } else {
            names.push(literal(cx, &mut element)?);
        }
        element.finish(cx)?;
    }
    reader.finish(cx)?;
    cx.policy.ignore_query = match names.as_slice() {
        [] => IgnoreQuery::Nothing,
        _ => IgnoreQuery::Matching(names),
    };
    Some(())
}
