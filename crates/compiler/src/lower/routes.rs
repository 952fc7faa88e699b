//! Routes: methods and path patterns.

use super::levels::LevelDraft;
use crate::context::Context;
use crate::property::Property;
use crate::reader::Reader;
use crate::suggest;
use cachepolicy_core::route::{Pattern, PatternProblem, Route};
use cachepolicy_syntax::tree::{Op, Part, Template};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// The methods of RFC 9110 and RFC 5789, without CONNECT and TRACE, which no application answers.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The methods whose responses caches keep.
pub(crate) const SAFE: [&str; 2] = ["GET", "HEAD"];

pub(crate) fn route(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let methods = methods(cx, &mut reader)?;
    let template = reader.template(cx, "a path in quotes, such as `\"/articles/{slug}\"`")?;
    reader.finish(cx)?;
    let params = &draft.level.params;
    let mut unnamed = Vec::new();
    let pattern = pattern(cx, template, &mut |name| {
        let index = params.iter().position(|param| param == name);
        if index.is_none() {
            unnamed.push(name.to_owned());
        }
        index.map(|index| index as u16)
    })?;
    draft.unnamed_holes = unnamed
        .into_iter()
        .map(|value| Spanned {
            span: hole_span(template, &value),
            value,
        })
        .collect();
    draft.level.route = Some(Route { methods, pattern });
    Some(())
}

fn hole_span(template: Spanned<&Template>, name: &str) -> Span {
    template
        .value
        .parts
        .iter()
        .find_map(|part| match part {
            Part::Hole(hole) if hole.value.path.join(".") == name => Some(hole.span),
            _ => None,
        })
        .unwrap_or(template.span)
}

/// `GET|HEAD`
pub(crate) fn methods(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let mut methods = Vec::new();
    loop {
        let method = method(cx, reader)?;
        if !methods.contains(&method) {
            methods.push(method);
        }
        if !reader.eat_op(Op::Or) {
            return Some(methods);
        }
    }
}

/// A method, in upper case.
pub(crate) fn method(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let Some(word) = reader.word() else {
        return reader.expected(cx, "a method such as `GET`");
    };
    if METHODS.contains(&word) {
        reader.next();
        return Some(word.to_owned());
    }
    let upper = word.to_ascii_uppercase();
    let diagnostic = Diagnostic::error(
        "unexpected-value",
        reader.place(),
        format!("`{word}` is not a method of HTTP"),
    );
    let meant = suggest::closest(&upper, METHODS.into_iter());
    cx.report(match meant {
        Some(meant) if meant == upper => diagnostic.help("methods are written in upper case").fix(
            format!("write `{meant}`"),
            reader.place(),
            meant,
        ),
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic.help(format!(
            "there are {}",
            suggest::listed(METHODS.into_iter())
        )),
    });
    None
}

/// A path pattern in quotes; `param` gives the index of a hole's name.
pub(crate) fn pattern(
    cx: &mut Context<'_>,
    template: Spanned<&Template>,
    param: &mut dyn FnMut(&str) -> Option<u16>,
) -> Option<Pattern> {
    let inside = Span {
        start: template.span.start + 1,
        end: template.span.end.saturating_sub(1),
        ..template.span
    };
    let text = cx.text(inside);
    if report_converters(cx, text, inside) {
        return None;
    }
    match Pattern::parse(text, param) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let place = Span {
                start: inside.start + error.at.start as u32,
                end: inside.start + error.at.end as u32,
                ..inside
            };
            let mut diagnostic = Diagnostic::error("bad-route", place, error.problem.to_string())
                .help(help(&error.problem));
            if error.problem == PatternProblem::NoSlash {
                let start = Span {
                    end: inside.start,
                    ..inside
                };
                diagnostic = diagnostic.fix("insert `/`", start, "/");
            }
            cx.report(diagnostic);
            None
        }
    }
}

/// Holes as Django and Flask write them, `<int:id>`, each with its mending. Gives back whether
/// there was one.
fn report_converters(cx: &mut Context<'_>, text: &str, inside: Span) -> bool {
    let mut found = false;
    let mut done = 0;
    while let Some((start, end)) = converter(text, done) {
        let hole = text.get(start + 1..end - 1).unwrap_or_default();
        let (kind, name) = hole.split_once(':').unwrap_or(("str", hole));
        let instead = match kind {
            "int" => format!("{{{name}:int}}"),
            "path" => format!("{{{name}:**}}"),
            _ => format!("{{{name}}}"),
        };
        let place = Span {
            start: inside.start + start as u32,
            end: inside.start + end as u32,
            ..inside
        };
        let message = format!("`<{hole}>` is no hole here");
        let diagnostic = Diagnostic::error("bad-route", place, message);
        cx.report(if text[..start].ends_with("(?P") {
            diagnostic.help("a route is no regular expression: write `/articles/{slug}`")
        } else {
            diagnostic
                .help(format!("holes are written in braces: `{instead}`"))
                .fix(format!("write `{instead}`"), place, instead)
        });
        found = true;
        done = end;
    }
    found
}

/// Where the next `<name>` or `<kind:name>` stands, from `from` on.
fn converter(text: &str, from: usize) -> Option<(usize, usize)> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let mut start = from;
    loop {
        start += text.get(start..)?.find('<')?;
        let rest = text.get(start + 1..)?;
        let length = rest.find(['<', '>'])?;
        let hole = rest.get(..length)?;
        if rest[length..].starts_with('>')
            && hole.split(':').all(is_word)
            && hole.split(':').count() <= 2
        {
            return Some((start, start + length + 2));
        }
        start += 1;
    }
}

fn help(problem: &PatternProblem) -> &'static str {
    match problem {
        PatternProblem::NoSlash => {
            "write the path from the root on, for example `/articles/{slug}`"
        }
        PatternProblem::QueryOrFragment(_) => {
            "declare query parameters in the `request` block; every one that is not ignored is in the key"
        }
        PatternProblem::BadKind(_) => "write `{name}`, `{name:int}` or `{name:**}`",
        PatternProblem::Duplicate(_) => "give the two holes different names",
        PatternProblem::RestInSegment | PatternProblem::RestNotLast => {
            "write it last, after a slash: `/files/{path:**}`"
        }
        PatternProblem::TooManyParams | PatternProblem::TooManySegments => {
            "match the rest of the path with `{path:**}`"
        }
        PatternProblem::Unclosed
        | PatternProblem::Unopened
        | PatternProblem::BadName(_)
        | PatternProblem::TwoHoles => {
            "a hole is written `{name}`, and is a whole segment or a part of one"
        }
    }
}
