//! Conditions: of requests (`skip when …`) and of writes (`… when changed(title)`).

use super::literals::{list, literal};
use super::routes;
use super::rows::{image_path, row_path};
use crate::context::Context;
use crate::elsewhere;
use crate::names::dotted;
use crate::reader::{Reader, plain_word};
use cachepolicy_core::edge::Condition;
use cachepolicy_core::expr::Expr;
use cachepolicy_core::policy::Domain;
use cachepolicy_core::{DimensionId, ModelId};
use cachepolicy_syntax::tree::{Op, Path, Segment, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// How conditions of one kind are composed.
struct Algebra<T> {
    and: fn(Vec<T>) -> T,
    or: fn(Vec<T>) -> T,
    not: fn(T) -> T,
}

/// Reads one comparison or call.
type Atom<'a, T> = &'a mut dyn FnMut(&mut Context<'_>, &mut Reader<'_>) -> Option<T>;

/// `a or b`, where `and` binds tighter, and `not` tightest. Stops at what cannot go on.
fn any<T>(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    algebra: &Algebra<T>,
    atom: Atom<'_, T>,
) -> Option<T> {
    let mut alternatives = Vec::new();
    loop {
        alternatives.push(all(cx, reader, algebra, atom)?);
        if !reader.eat("or") {
            break;
        }
    }
    Some(joined(alternatives, algebra.or))
}

fn all<T>(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    algebra: &Algebra<T>,
    atom: Atom<'_, T>,
) -> Option<T> {
    let mut conditions = Vec::new();
    loop {
        let mut negated = false;
        while reader.eat("not") {
            negated = !negated;
        }
        let condition = match reader.peek().map(|term| &term.value) {
            // Nesting is bounded by the parser.
            Some(TermKind::Group(phrase)) => {
                let mut inner = Reader::new(&phrase.terms, phrase.span, reader.row());
                let condition = any(cx, &mut inner, algebra, atom)?;
                inner.finish(cx)?;
                reader.next();
                condition
            }
            _ => atom(cx, reader)?,
        };
        conditions.push(if negated {
            (algebra.not)(condition)
        } else {
            condition
        });
        if !reader.eat("and") {
            break;
        }
    }
    Some(joined(conditions, algebra.and))
}

fn joined<T>(mut conditions: Vec<T>, join: fn(Vec<T>) -> T) -> T {
    if conditions.len() == 1
        && let Some(only) = conditions.pop()
    {
        return only;
    }
    join(conditions)
}

/// A condition on a request, to the end of the phrase.
pub(crate) fn of_request(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Expr> {
    let algebra = Algebra {
        and: Expr::And,
        or: Expr::Or,
        not: |condition| Expr::Not(Box::new(condition)),
    };
    let condition = any(cx, reader, &algebra, &mut request_atom)?;
    reader.finish(cx)?;
    Some(condition)
}

fn request_atom(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Expr> {
    let what = "a condition, such as `user.id` or `path(\"/admin/**\")`";
    let path = reader.path(cx, what)?;
    if let [Segment::Call(args)] = path.value.tail.as_slice() {
        let call = path.value.head.value.as_str();
        if let ("path", [arg]) = (call, args.as_slice())
            && let [
                Spanned {
                    value: TermKind::String(template),
                    span,
                },
            ] = arg.value.terms.as_slice()
        {
            let template = Spanned {
                value: template,
                span: *span,
            };
            return routes::pattern(cx, template, &mut |_| None).map(Expr::Path);
        }
        let message = format!("`{}` is not a condition", cx.quote(path.span));
        cx.report(
            Diagnostic::error("unexpected-value", path.span, message)
                .help("the only call in it is `path(\"/admin/**\")`"),
        );
        return None;
    }
    let Some(name) = dotted(path.value) else {
        let found = called(path.value).and_then(|name| elsewhere::of_call(cx, &name, path.span));
        let message = format!("`{}` is not a condition", cx.quote(path.span));
        cx.report(found.unwrap_or_else(|| {
            Diagnostic::error("unexpected-value", path.span, message).help(reader.usage())
        }));
        return None;
    };
    if name == "method" && cx.find_dimension(&name).is_none() {
        return method_atom(cx, reader);
    }
    let name = Spanned {
        value: name.as_str(),
        span: path.span,
    };
    if cx.find_dimension(name.value).is_none()
        && let Some(diagnostic) = elsewhere::of_request(cx, name, true)
    {
        cx.report(diagnostic);
        return None;
    }
    let dimension = cx.dimension(name)?;
    Some(match comparison(cx, reader)? {
        None => Expr::Present(dimension),
        Some((negated, values)) => {
            let mut texts = Vec::new();
            for (value, span) in values {
                check_domain(cx, dimension, &value, span)?;
                texts.push(value);
            }
            let condition = match (texts.pop(), texts.is_empty()) {
                (Some(only), true) => Expr::Equal(dimension, only),
                (last, _) => {
                    texts.extend(last);
                    Expr::In(dimension, texts)
                }
            };
            if negated {
                Expr::Not(Box::new(condition))
            } else {
                condition
            }
        }
    })
}

/// `request.GET.get` of `request.GET.get("page")`.
fn called(path: &Path) -> Option<String> {
    let (Segment::Call(args), before) = path.tail.split_last()? else {
        return None;
    };
    let mut name = dotted(&Path {
        head: path.head.clone(),
        tail: before.to_vec(),
    })?;
    if let Some(getter) = name.strip_suffix(".get")
        && let Some(TermKind::String(text)) = args
            .first()
            .and_then(|arg| arg.value.terms.first())
            .map(|term| &term.value)
        && let Some(text) = text.as_text()
    {
        name = format!("{getter}.{text}");
    }
    Some(name)
}

fn method_atom(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Expr> {
    let mut methods = Vec::new();
    let negated = match () {
        () if reader.eat_op(Op::Equal) => false,
        () if reader.eat_op(Op::NotEqual) => true,
        () if reader.eat("in") => {
            for phrase in list(cx, reader)? {
                let mut element = Reader::new(&phrase.terms, phrase.span, reader.row());
                methods.push(routes::method(cx, &mut element)?);
                element.finish(cx)?;
            }
            return Some(Expr::Method(methods));
        }
        () => return reader.expected(cx, "`==`, `!=` or `in`"),
    };
    methods.push(routes::method(cx, reader)?);
    let condition = Expr::Method(methods);
    Some(if negated {
        Expr::Not(Box::new(condition))
    } else {
        condition
    })
}

/// Whether it is `!=`, and the values with their places.
type Comparison = (bool, Vec<(String, Span)>);

/// `== value`, `!= value`, `in [a, b]`, or nothing.
fn comparison(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Option<Comparison>> {
    let negated = match () {
        () if reader.eat_op(Op::Equal) => false,
        () if reader.eat_op(Op::NotEqual) => true,
        () if reader.eat("in") => {
            let mut values = Vec::new();
            for phrase in list(cx, reader)? {
                let mut element = Reader::new(&phrase.terms, phrase.span, reader.row());
                values.push((literal(cx, &mut element)?, phrase.span));
                element.finish(cx)?;
            }
            return Some(Some((false, values)));
        }
        () => {
            let place = reader.place();
            return match reader.peek().map(|term| &term.value) {
                Some(TermKind::Op(op)) => {
                    let diagnostic = Diagnostic::error(
                        "unexpected-value",
                        place,
                        format!("`{}` does not compare values", cx.quote(place)),
                    );
                    cx.report(if *op == Op::Assign {
                        diagnostic.help("write `==`").fix("write `==`", place, "==")
                    } else {
                        diagnostic.help("conditions know `==`, `!=` and `in [a, b]`")
                    });
                    None
                }
                _ => Some(None),
            };
        }
    };
    let place = reader.place();
    let value = literal(cx, reader)?;
    Some(Some((negated, vec![(value, place)])))
}

/// A value that the dimension never has is a mistake.
fn check_domain(
    cx: &mut Context<'_>,
    dimension: DimensionId,
    value: &str,
    span: Span,
) -> Option<()> {
    let declared = cx.policy.dimensions.get(dimension.index())?;
    let (Domain::Values(values) | Domain::Negotiated(values)) = &declared.domain else {
        return Some(());
    };
    if values.is_empty() || values.iter().any(|known| known == value) {
        return Some(());
    }
    let message = format!("`{}` is never `{value}`", declared.name);
    let help = format!(
        "its values are {}",
        crate::suggest::listed(values.iter().map(String::as_str))
    );
    let mut diagnostic = Diagnostic::error("outside-domain", span, message).help(help);
    if let Some(place) = cx.spans.dimensions.get(dimension.index()) {
        diagnostic = diagnostic.related(*place, "declared here");
    }
    cx.report(diagnostic);
    None
}

/// A condition on a write of `model`, as far as it goes.
pub(crate) fn of_write(
    cx: &mut Context<'_>,
    reader: &mut Reader<'_>,
    model: ModelId,
) -> Option<Condition> {
    let algebra = Algebra {
        and: Condition::And,
        or: Condition::Or,
        not: |condition| Condition::Not(Box::new(condition)),
    };
    any(cx, reader, &algebra, &mut |cx, reader| {
        write_atom(cx, reader, model)
    })
}

fn write_atom(cx: &mut Context<'_>, reader: &mut Reader<'_>, model: ModelId) -> Option<Condition> {
    let what = "a condition, such as `changed(title)` or `status == published`";
    let each = reader.eat("each");
    let path = reader.path(cx, what)?;
    if let [Segment::Call(args)] = path.value.tail.as_slice() {
        if path.value.head.value != "changed" || each || args.is_empty() {
            let message = format!("`{}` is not a condition", cx.quote(path.span));
            cx.report(
                Diagnostic::error("unexpected-value", path.span, message)
                    .help("the only call in it is `changed(field, …)`"),
            );
            return None;
        }
        let mut fields = Vec::new();
        for arg in args {
            let field = match (&arg.name, arg.value.terms.as_slice()) {
                (None, [term]) => plain_word(term),
                _ => None,
            };
            let Some(field) = field else {
                let message = format!("`{}` is not a field", cx.quote(arg.value.span));
                cx.report(
                    Diagnostic::error("unexpected-value", arg.value.span, message).help(
                        "`changed` takes fields of the written model: `changed(title, slug)`",
                    ),
                );
                return None;
            };
            let field = Spanned {
                value: field,
                span: arg.value.span,
            };
            fields.push(cx.field(model, field)?);
        }
        return Some(Condition::Changed(fields));
    }
    let words = image_path(cx, path)?;
    let row = row_path(cx, model, &words, each, path.span)?;
    let Some((negated, values)) = comparison(cx, reader)? else {
        let text = cx.quote(path.span);
        let message = format!("`{text}` alone is not a condition");
        cx.report(
            Diagnostic::error("unexpected-value", path.span, message).help(format!(
                "compare it, as in `{text} == true`, or write `changed({text})`"
            )),
        );
        return None;
    };
    let condition = Condition::In(row, values.into_iter().map(|(value, _)| value).collect());
    Some(if negated {
        Condition::Not(Box::new(condition))
    } else {
        condition
    })
}
