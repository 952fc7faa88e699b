//! The `policy` item.

use crate::context::Context;
use crate::property::Property;
use cachepolicy_core::policy::Semantics;
use cachepolicy_syntax::Diagnostic;

/// The only edition of the language.
const EDITION: u64 = 1;

/// The versions of Django whose rules an adapter can reproduce.
const DJANGO: [&str; 3] = ["5.2", "6.0", "6.1"];

/// What a `policy` item says.
pub(crate) struct Service {
    pub(crate) edition: u16,
    pub(crate) semantics: Semantics,
    pub(crate) processes: u32,
    pub(crate) threads: Option<u32>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            edition: 1,
            semantics: Semantics::Http,
            processes: 1,
            threads: None,
        }
    }
}

pub(crate) fn edition(
    cx: &mut Context<'_>,
    service: &mut Service,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let place = reader.place();
    let number = reader.number(cx)?;
    reader.finish(cx)?;
    if number != EDITION as f64 {
        let message = format!("there is no edition {} of the language", cx.quote(place));
        cx.report(
            Diagnostic::error("unknown-edition", place, message)
                .help("write `edition 1`; a newer edition needs a newer version of this tool"),
        );
        return None;
    }
    service.edition = EDITION as u16;
    Some(())
}

pub(crate) fn semantics(
    cx: &mut Context<'_>,
    service: &mut Service,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let django = reader.one_of(cx, "a set of rules", &[("http", false), ("django", true)])?;
    if !django {
        return reader.finish(cx);
    }
    let version = reader.template(cx, "the version of Django in quotes, such as `\"5.2\"`")?;
    reader.finish(cx)?;
    let text = version.value.as_text().unwrap_or_default();
    if !DJANGO.contains(&text) {
        let message = format!(
            "the rules of Django {} are not known",
            cx.quote(version.span)
        );
        cx.report(
            Diagnostic::error("unexpected-value", version.span, message)
                .help("write major and minor version: `\"5.2\"`, `\"6.0\"` or `\"6.1\"`"),
        );
        return None;
    }
    service.semantics = Semantics::Django(text.to_owned());
    Some(())
}

pub(crate) fn processes(
    cx: &mut Context<'_>,
    service: &mut Service,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    service.processes = reader.count(cx, 1, 65_535)? as u32;
    reader.finish(cx)
}

pub(crate) fn threads(
    cx: &mut Context<'_>,
    service: &mut Service,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    service.threads = Some(reader.count32(cx, 1)?);
    reader.finish(cx)
}
