//! Key and tag templates.

use super::levels::LevelDraft;
use crate::context::Context;
use crate::property::Property;
use cachepolicy_core::level::{Key, KeyPart, TemplatePart, ValueSource};
use cachepolicy_syntax::tree::Part;
use cachepolicy_syntax::{Diagnostic, Spanned};

/// The hole that stands for host, path and query.
const URL: &str = "url";

pub(crate) fn key(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let template = reader.template(cx, "a template in quotes, such as `\"article:{slug}\"`")?;
    reader.finish(cx)?;
    let mut parts = Vec::new();
    for part in &template.value.parts {
        match part {
            Part::Text(text) => parts.push(KeyPart::Text(text.clone())),
            Part::Hole(hole) if is_url(draft, hole) => parts.push(KeyPart::Url),
            Part::Hole(hole) => {
                // `each` too is refused below: only lists have it, and lists are data.
                let value = draft.scope().hole(cx, hole)?;
                if let ValueSource::Data(_) = value.source {
                    let message = format!(
                        "`{}` is found while filling, so no look-up can know it",
                        cx.quote(hole.span)
                    );
                    cx.report(
                        Diagnostic::error("data-in-key", hole.span, message)
                            .help("make it a parameter of the level, or leave it out of the key"),
                    );
                    return None;
                }
                parts.push(KeyPart::Value(value.source));
            }
        }
    }
    if parts.is_empty() {
        cx.report(
            Diagnostic::error("unexpected-value", template.span, "a key is not empty")
                .help("write a name for the family of copies, for example `\"authors:top\"`"),
        );
        return None;
    }
    draft.level.key = Key {
        explicit: true,
        parts,
    };
    Some(())
}

fn is_url(draft: &LevelDraft, hole: &Spanned<cachepolicy_syntax::tree::Hole>) -> bool {
    let hole = &hole.value;
    hole.path.as_slice() == [URL]
        && !hole.each
        && crate::table::Kinds::ROUTED.contains(draft.level.kind)
        && !draft.level.params.iter().any(|param| param == URL)
}

pub(crate) fn tags(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    for mut reader in property.values() {
        let template = reader.template(cx, "a tag in quotes, such as `\"author:{author}\"`")?;
        reader.finish(cx)?;
        let mut parts = Vec::new();
        for part in &template.value.parts {
            parts.push(match part {
                Part::Text(text) => TemplatePart::Text(text.clone()),
                Part::Hole(hole) => {
                    let value = draft.scope().hole(cx, hole)?;
                    if value.each {
                        TemplatePart::Each(value.source)
                    } else {
                        TemplatePart::Value(value.source)
                    }
                }
            });
        }
        draft
            .level
            .tags
            .push(cachepolicy_core::level::Template { parts });
    }
    Some(())
}
