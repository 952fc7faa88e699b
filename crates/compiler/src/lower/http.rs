//! The `http` block of a level: headers for caches downstream.

use super::levels::LevelDraft;
use super::{Owner, lower_block, nothing_else};
use crate::context::Context;
use crate::property::Property;
use crate::table::HTTP;
use cachepolicy_core::level::Downstream;

pub(crate) fn http(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let reader = property.value(cx);
    let Some(block) = property.block() else {
        return reader.expected(cx, "a block");
    };
    reader.finish(cx)?;
    let mut downstream = Downstream {
        browser: None,
        surrogate_keys: false,
    };
    let owner = Owner {
        word: "http",
        title: "http",
        kind: None,
        header: property.span(),
        span: property.statement.span,
    };
    lower_block(
        cx,
        owner,
        Some(block),
        HTTP,
        &[],
        &mut downstream,
        &mut nothing_else,
    );
    draft.level.http = Some(downstream);
    Some(())
}

pub(crate) fn browser(
    cx: &mut Context<'_>,
    downstream: &mut Downstream,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    downstream.browser = Some(reader.duration(cx)?);
    reader.finish(cx)
}

pub(crate) fn surrogate_keys(
    cx: &mut Context<'_>,
    downstream: &mut Downstream,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    downstream.surrogate_keys = reader.switch(cx)?;
    reader.finish(cx)
}
