//! Levels: what they are until their properties were read, and the simpler properties.

use super::Seen;
use super::distributions::{Measure, amount};
use super::literals::list;
use crate::context::Context;
use crate::names::{Kind, MAX_DECLARED, RESERVED, dotted};
use crate::property::Property;
use crate::reader::Reader;
use crate::scope::{LevelHeader, Scope};
use cachepolicy_core::decide::{Rules, Stampede};
use cachepolicy_core::level::{Amount, Batch, Data, Key, Level, LifetimeSource, ListBound, Tier};
use cachepolicy_core::policy::{Place, Semantics};
use cachepolicy_core::{BackendId, DimensionId, Distribution, Duration, OriginId};
use cachepolicy_syntax::{Diagnostic, Span, Spanned};

/// A fill takes at most this long, if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a copy, if neither the policy nor the trace says it.
pub(crate) const SIZE: f64 = 1_024.0;

/// Statuses of HTTP that are stored by default.
const STATUS_HTTP: [u16; 4] = [200, 203, 301, 308];
const STATUS_DJANGO: [u16; 2] = [200, 304];

/// A level with the places of its parts.
pub(crate) struct LevelDraft {
    /// The ids of levels in `contains` are in the order written.
    pub(crate) level: Level,
    /// Of its name.
    pub(crate) name: Span,
    /// With the parentheses.
    pub(crate) name_and_params: Span,
    /// See [`LevelHeader::is_unsure`].
    pub(crate) is_unsure: bool,
    pub(crate) header: Span,
    pub(crate) seen: Seen,
    /// Of each element of `contains`.
    pub(crate) contains: Vec<Span>,
    /// Of each element of `reads`.
    pub(crate) reads: Vec<Span>,
    /// Dimensions in `reads`, which it uses even if `uses` does not say so.
    pub(crate) bound: Vec<DimensionId>,
    /// Holes of the route that are no parameters of the level.
    pub(crate) unnamed_holes: Vec<Spanned<String>>,
}

impl LevelDraft {
    pub(crate) fn new(
        cx: &Context<'_>,
        header: &LevelHeader,
        place: Place,
        header_span: Span,
    ) -> Self {
        let status = match cx.policy.semantics {
            Semantics::Http => STATUS_HTTP.to_vec(),
            Semantics::Django(_) => STATUS_DJANGO.to_vec(),
        };
        Self {
            level: Level {
                name: header.name.clone(),
                kind: header.kind,
                place,
                params: header.params.clone(),
                route: None,
                tiers: Vec::new(),
                key: Key {
                    explicit: false,
                    parts: Vec::new(),
                },
                vary: Vec::new(),
                uses: Vec::new(),
                uses_csrf: false,
                data: Vec::new(),
                reads: Vec::new(),
                contains: Vec::new(),
                batch: None,
                lifetime: LifetimeSource::Declared,
                rules: RULES,
                status,
                cost: Amount {
                    from_trace: false,
                    otherwise: Distribution::constant(0.0),
                },
                origin: None,
                size: Amount {
                    from_trace: true,
                    otherwise: Distribution::constant(SIZE),
                },
                tags: Vec::new(),
                skip: None,
                http: None,
            },
            name: header.span,
            name_and_params: header.span_with_params,
            is_unsure: header.is_unsure,
            header: header_span,
            seen: Seen::default(),
            contains: Vec::new(),
            reads: Vec::new(),
            bound: Vec::new(),
            unnamed_holes: Vec::new(),
        }
    }

    /// Its own names, for values.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            level: &self.level.name,
            params: &self.level.params,
            is_unsure: self.is_unsure,
            data: &self.level.data,
            holes: &self.unnamed_holes,
        }
    }

    /// Does it have a `store`, even one that is wrong?
    pub(crate) fn is_stored(&self) -> bool {
        self.seen.get("store").is_some()
    }
}

const RULES: Rules = Rules {
    ttl: Duration::ZERO,
    jitter: 0.0,
    sliding: false,
    stale_while_revalidate: Duration::ZERO,
    stale_if_error: Duration::ZERO,
    negative_ttl: None,
    early_refresh: None,
    stampede: Stampede::None,
    fence: false,
    timeout: TIMEOUT,
};

pub(crate) fn store(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut tiers: Vec<(Tier, Span)> = Vec::new();
    for mut reader in property.values() {
        let name = reader.name(cx, "the name of a backend")?;
        let ceiling = if reader.eat("ttl") {
            Some(reader.duration(cx)?)
        } else {
            None
        };
        reader.finish(cx)?;
        let Some(backend) = cx.look_up(Kind::Backend, name).map(BackendId) else {
            continue;
        };
        if let Some((_, first)) = tiers.iter().find(|(tier, _)| tier.backend == backend) {
            let message = format!("`{}` stands twice in `store`", name.value);
            cx.report(
                Diagnostic::error("duplicate-value", name.span, message)
                    .related(*first, "it stands here already")
                    .help("the tiers of a level are different backends"),
            );
            continue;
        }
        tiers.push((Tier { backend, ceiling }, name.span));
    }
    draft.level.tiers = tiers.into_iter().map(|(tier, _)| tier).collect();
    Some(())
}

/// The dimensions that a list names, without repetition.
fn dimensions(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
    mut special: impl FnMut(&mut LevelDraft, &str) -> bool,
) -> Vec<DimensionId> {
    let mut found = Vec::new();
    for mut reader in property.values() {
        let Some(path) = reader.path(cx, "a request dimension") else {
            continue;
        };
        if reader.finish(cx).is_none() {
            continue;
        }
        let Some(name) = dotted(path.value) else {
            let message = format!("`{}` is not a request dimension", cx.quote(path.span));
            let help = "name one that the `request` block declares";
            cx.report(Diagnostic::error("unexpected-value", path.span, message).help(help));
            continue;
        };
        if special(draft, &name) {
            continue;
        }
        if property.row.word == "vary"
            && let Some(what) = own_name(draft, &name)
        {
            let message = format!(
                "`{name}` is {what} of `{}`, and `vary` takes request dimensions",
                draft.level.name
            );
            let help = match what {
                "a parameter" => "remove it: parameters are in the key anyway",
                _ => {
                    "it is found while filling, so no look-up knows it: make it a parameter instead"
                }
            };
            cx.report(Diagnostic::error("wrong-kind", path.span, message).help(help));
            continue;
        }
        let name = Spanned {
            value: name.as_str(),
            span: path.span,
        };
        if let Some(dimension) = cx.dimension(name) {
            if found.contains(&dimension) {
                let message = format!("`{}` stands twice in `{}`", name.value, property.row.word);
                cx.report(
                    Diagnostic::warning("duplicate-value", path.span, message)
                        .help("remove one of them"),
                );
            } else {
                found.push(dimension);
            }
        }
    }
    found
}

fn own_name(draft: &LevelDraft, name: &str) -> Option<&'static str> {
    if draft.level.params.iter().any(|param| param == name) {
        Some("a parameter")
    } else if draft.level.data.iter().any(|data| data.name == name) {
        Some("a `data` value")
    } else {
        None
    }
}

pub(crate) fn vary(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.vary = dimensions(cx, draft, property, |_, _| false);
    Some(())
}

pub(crate) fn uses(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.uses = dimensions(cx, draft, property, |draft, name| {
        if name == "csrf" {
            draft.level.uses_csrf = true;
        }
        // A parameter is in the key, and whoever contains this level depends on what it passes.
        name == "csrf" || draft.level.params.iter().any(|param| param == name)
    });
    Some(())
}

pub(crate) fn data(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    for mut reader in property.values() {
        let name = reader.name(cx, "a name for the value")?;
        let list = if reader.eat("max") {
            let max = reader.count32(cx, 1)?;
            Some(ListBound { max: Some(max) })
        } else if reader.eat("list") {
            let max = if reader.eat("max") {
                Some(reader.count32(cx, 1)?)
            } else {
                None
            };
            Some(ListBound { max })
        } else {
            None
        };
        reader.finish(cx)?;
        if RESERVED.contains(&name.value) {
            cx.check_reserved(name);
        } else if let Some(what) = own_name(draft, name.value) {
            let message = format!(
                "`{}` is {what} of `{}` already",
                name.value, draft.level.name
            );
            cx.report(
                Diagnostic::error("duplicate-name", name.span, message)
                    .help("choose another name for one of them"),
            );
        } else if draft.level.data.len() < MAX_DECLARED {
            draft.level.data.push(Data {
                name: name.value.to_owned(),
                list,
            });
        }
    }
    Some(())
}

pub(crate) fn batch(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    reader.need(cx, "max")?;
    let max = reader.count32(cx, 1)?;
    reader.need(cx, "each")?;
    let each = reader.duration(cx)?;
    reader.finish(cx)?;
    draft.level.batch = Some(Batch { max, each });
    Some(())
}

pub(crate) fn status(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let phrases = list(cx, &mut reader)?;
    reader.finish(cx)?;
    let mut codes = Vec::new();
    for phrase in phrases {
        let mut element = Reader::new(&phrase.terms, phrase.span, property.row);
        let code = element.count(cx, 100, 599)? as u16;
        element.finish(cx)?;
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    draft.level.status = codes;
    Some(())
}

pub(crate) fn cost(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    draft.level.cost = amount(cx, &mut reader, Measure::Time, 0.0)?;
    let origin = if reader.eat("on") {
        Some(reader.name(cx, "the name of an origin")?)
    } else {
        None
    };
    reader.finish(cx)?;
    if let Some(name) = origin {
        draft.level.origin = cx.look_up(Kind::Origin, name).map(OriginId);
    }
    Some(())
}

pub(crate) fn size(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    draft.level.size = amount(cx, &mut reader, Measure::Size, SIZE)?;
    reader.finish(cx)
}

pub(crate) fn skip(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    if !reader.eat("when") {
        let place = reader.place();
        let gap = Span {
            end: place.start,
            ..place
        };
        cx.report(
            Diagnostic::error("unexpected-value", place, "expected `when` after `skip`")
                .help(reader.usage())
                .fix("insert `when`", gap, "when "),
        );
        return None;
    }
    draft.level.skip = Some(super::conditions::of_request(cx, &mut reader)?);
    Some(())
}
