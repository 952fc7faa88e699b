//! The values of dimensions and of `data` names in a workload.

use super::headers::header_row;
use super::popularity::popularity;
use super::workloads::WorkloadDraft;
use crate::context::Context;
use crate::names::dotted;
use crate::property::Property;
use crate::quantity::Quantity;
use crate::reader::Reader;
use crate::table::Row;
use cachepolicy_core::DimensionId;
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::workload::{DataDraw, DimensionDraw, Popularity};
use cachepolicy_syntax::tree::{Statement, TermKind};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

pub(crate) fn user(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    if property.skip > 0 {
        return reader.expected(cx, "`user.id`, or another property such as `user.role`");
    }
    let path = reader.path(cx, "`user.id`")?;
    let name = dotted(path.value)?;
    let name = Spanned {
        value: name.as_str(),
        span: path.span,
    };
    let dimension = cx.dimension(name)?;
    draw(cx, draft, &mut reader, dimension, path.span)
}

/// `header accept-language …`, `cookie currency …`: by its alias or its real name.
pub(crate) fn carried(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let span = reader.place();
    let name = match reader.peek().map(|term| &term.value) {
        Some(TermKind::String(template)) => template.as_text().map(str::to_owned),
        Some(TermKind::Path(path)) => dotted(path),
        _ => None,
    };
    let Some(name) = name else {
        return reader.expected(cx, "the name of a request dimension");
    };
    reader.next();
    let of_carrier = |carrier: &Carrier, name: &str| match (property.row.word, carrier) {
        ("header", Carrier::Header(real)) => real.eq_ignore_ascii_case(name),
        ("cookie", Carrier::Cookie(real))
        | ("query", Carrier::Query(real))
        | ("attr", Carrier::Attr(real)) => real == name,
        _ => false,
    };
    let by_real_name = cx
        .policy
        .dimensions
        .iter()
        .position(|dimension| of_carrier(&dimension.carrier, &name))
        .map(|index| DimensionId(index as u16));
    let dimension = match by_real_name {
        Some(dimension) => dimension,
        None => cx.dimension(Spanned { value: &name, span })?,
    };
    let declared = cx.policy.dimensions.get(dimension.index())?;
    let word = carrier_word(&declared.carrier);
    if word != property.row.word {
        let message = format!(
            "`{name}` is declared as a `{word}`, not as a `{}`",
            property.row.word
        );
        let mut diagnostic = Diagnostic::error("wrong-kind", span, message)
            .help(format!("write `{word} {name}`, or `{name}` alone"));
        if let Some(place) = cx.spans.dimensions.get(dimension.index()) {
            diagnostic = diagnostic.related(*place, "declared here");
        }
        cx.report(diagnostic);
        return None;
    }
    draw(cx, draft, &mut reader, dimension, span)
}

const fn carrier_word(carrier: &Carrier) -> &'static str {
    match carrier {
        Carrier::User(_) => "user",
        Carrier::Header(_) => "header",
        Carrier::Cookie(_) => "cookie",
        Carrier::Query(_) => "query",
        Carrier::Attr(_) => "attr",
    }
}

/// `5% of 20_000`, or the popularity alone.
fn draw(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    reader: &mut Reader<'_>,
    dimension: DimensionId,
    span: Span,
) -> Option<()> {
    let mut share = 1.0;
    if let Some(TermKind::Quantity(text)) = reader.peek().map(|term| &term.value) {
        let is_share = matches!(crate::quantity::quantity(text), Ok(Quantity::Share(_)));
        // `5 of 20_000` lacks its sign, and is reported as such.
        if is_share || reader.second_word() == Some("of") {
            share = reader.share(cx)?;
            reader.need(cx, "of")?;
        }
    }
    let value = popularity(cx, reader)?;
    reader.finish(cx)?;
    let known = &draft.workload.dimensions;
    if known.iter().any(|draw| draw.dimension == dimension) {
        let message = format!("the values of `{}` are given twice", cx.quote(span));
        let diagnostic = Diagnostic::error("duplicate-property", span, message);
        cx.report(diagnostic.help("keep one of the two"));
        return None;
    }
    draft.workload.dimensions.push(DimensionDraw {
        dimension,
        share,
        value,
    });
    Some(())
}

pub(crate) fn data(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let name = reader.name(cx, "a `data` name of a level")?;
    data_draw(cx, draft, &mut reader, name)
}

fn data_draw(
    cx: &mut Context<'_>,
    draft: &mut WorkloadDraft,
    reader: &mut Reader<'_>,
    name: Spanned<&str>,
) -> Option<()> {
    if !is_data(cx, name.value) {
        let known = cx.policy.levels.iter().flat_map(|level| &level.data);
        let known: Vec<&str> = known.map(|data| data.name.as_str()).collect();
        let message = format!("no level finds a `{}`", name.value);
        let help = match crate::suggest::closest(name.value, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("declare it where it is found: `data {} max 10`", name.value),
        };
        cx.report(Diagnostic::error("unknown-value", name.span, message).help(help));
        return None;
    }
    let mut count = 1;
    if let Some(TermKind::Quantity(_)) = reader.peek().map(|term| &term.value) {
        let most = most(cx, name.value);
        count = reader.count(cx, 0, u64::from(most))? as u32;
        reader.need(cx, "of")?;
    }
    let index = draft.workload.data.len();
    let mut value = Popularity::Uniform { n: 1 };
    match reader.word() {
        Some(param) => {
            let span = reader.place();
            reader.next();
            draft.of_param.push((index, param.to_owned(), span));
        }
        None => value = popularity(cx, reader)?,
    }
    reader.finish(cx)?;
    draft.workload.data.push(DataDraw {
        name: name.value.to_owned(),
        count,
        value,
    });
    Some(())
}

/// How many values a `data` name can have, by the levels that find it.
fn most(cx: &Context<'_>, name: &str) -> u32 {
    let data = cx.policy.levels.iter().flat_map(|level| &level.data);
    data.filter(|data| data.name == name)
        .map(|data| match data.list {
            Some(bound) => bound.max.unwrap_or(u32::MAX),
            None => 1,
        })
        .max()
        .unwrap_or(u32::MAX)
}

fn is_data(cx: &Context<'_>, name: &str) -> bool {
    cx.policy
        .levels
        .iter()
        .any(|level| level.data.iter().any(|data| data.name == name))
}

/// A statement that begins with a name: a dimension, a `data` name, or a route's parameter.
pub(crate) fn bare(cx: &mut Context<'_>, draft: &mut WorkloadDraft, statement: &Statement) -> bool {
    static BARE: Row = header_row("NAME", "POPULARITY", "slug zipf(1.0, 50_000)");
    let property = Property {
        statement,
        row: &BARE,
        skip: 0,
    };
    let Some(TermKind::Path(path)) = statement
        .phrases
        .first()
        .and_then(|phrase| phrase.terms.first())
        .map(|term| &term.value)
    else {
        return false;
    };
    let Some(name) = dotted(path) else {
        return false;
    };
    let is_param = || {
        let mut params = cx.levels.iter().flat_map(|level| &level.params);
        params.any(|param| *param == name) || draft.open.iter().any(|(_, _, open, _)| *open == name)
    };
    let dimension = cx.find_dimension(&name);
    if dimension.is_none() && !is_data(cx, &name) && !is_param() {
        return false;
    }
    let mut reader = property.value(cx);
    let span = reader.place();
    reader.next();
    if let Some(dimension) = dimension {
        draw(cx, draft, &mut reader, dimension, span);
    } else if is_data(cx, &name) {
        data_draw(cx, draft, &mut reader, Spanned { value: &name, span });
    } else if let Some(popularity) = popularity(cx, &mut reader)
        && reader.finish(cx).is_some()
    {
        draft.defaults.insert(name, (popularity, span));
    }
    true
}
