//! How long copies live, and who regenerates them.

use super::levels::LevelDraft;
use crate::context::Context;
use crate::property::Property;
use crate::reader::Reader;
use crate::table::Kinds;
use cachepolicy_core::Duration;
use cachepolicy_core::decide::Stampede;
use cachepolicy_core::level::LifetimeSource;
use cachepolicy_syntax::Diagnostic;

pub(crate) fn ttl(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    let level = &mut draft.level;
    if reader.eat("from") {
        let response = reader.one_of(
            cx,
            "a source of lifetimes",
            &[("response", true), ("trace", false)],
        )?;
        if response && !Kinds::ROUTED.contains(level.kind) {
            cx.report(
                Diagnostic::error(
                    "property-not-here",
                    reader.last(),
                    format!("{} has no response", super::with_article(level.kind.name())),
                )
                .help("only a `site` or `view` has one: write a duration"),
            );
            return None;
        }
        let ttl = if reader.eat("else") {
            reader.lifetime(cx)?
        } else {
            Duration::ZERO
        };
        let max = if response && reader.eat("max") {
            Some(reader.duration(cx)?)
        } else {
            None
        };
        level.rules.ttl = ttl;
        level.lifetime = if response {
            LifetimeSource::Response { max }
        } else {
            LifetimeSource::Trace
        };
    } else {
        level.rules.ttl = reader.lifetime(cx)?;
        level.lifetime = LifetimeSource::Declared;
    }
    let (mut jitter, mut sliding) = (None, false);
    loop {
        if jitter.is_none() && reader.eat("jitter") {
            jitter = Some(reader.share(cx)?);
        } else if !sliding && reader.eat("sliding") {
            sliding = true;
        } else {
            break;
        }
    }
    level.rules.jitter = jitter.unwrap_or(0.0);
    level.rules.sliding = sliding;
    reader.finish(cx)
}

/// A single duration, or `forever`.
fn window(cx: &mut Context<'_>, property: &Property<'_>) -> Option<Duration> {
    let mut reader = property.value(cx);
    let duration = reader.lifetime(cx)?;
    reader.finish(cx)?;
    Some(duration)
}

pub(crate) fn stale_while_revalidate(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.rules.stale_while_revalidate = window(cx, property)?;
    Some(())
}

pub(crate) fn stale_if_error(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.rules.stale_if_error = window(cx, property)?;
    Some(())
}

pub(crate) fn negative(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.rules.negative_ttl = Some(window(cx, property)?);
    Some(())
}

pub(crate) fn timeout(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    draft.level.rules.timeout = window(cx, property)?;
    Some(())
}

pub(crate) fn early_refresh(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    let mut reader = property.value(cx);
    reader.one_of(cx, "a method of early refresh", &[("xfetch", ())])?;
    let place = reader.place();
    let beta = if reader.eat("beta") {
        reader.number(cx)?
    } else {
        1.0
    };
    reader.finish(cx)?;
    if beta <= 0.0 {
        cx.report(
            Diagnostic::error(
                "out-of-range",
                place.to(reader.last()),
                "`beta` must be greater than 0",
            )
            .help("1 is the usual value; more refreshes earlier"),
        );
        return None;
    }
    draft.level.rules.early_refresh = Some(beta);
    Some(())
}

pub(crate) fn stampede(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    #[derive(Clone, Copy)]
    enum Word {
        None,
        Coalesce,
        Lock,
        Lease,
    }
    let mut reader = property.value(cx);
    let word = reader.one_of(
        cx,
        "a protection",
        &[
            ("none", Word::None),
            ("coalesce", Word::Coalesce),
            ("lock", Word::Lock),
            ("lease", Word::Lease),
        ],
    )?;
    let stampede = match word {
        Word::None => Stampede::None,
        Word::Coalesce => Stampede::Coalesce,
        Word::Lock => {
            let (expires, wait) = expiry(cx, &mut reader)?;
            Stampede::Lock { expires, wait }
        }
        Word::Lease => {
            let (expires, wait) = expiry(cx, &mut reader)?;
            draft.level.rules.fence = true;
            Stampede::Lease { expires, wait }
        }
    };
    reader.finish(cx)?;
    draft.level.rules.stampede = stampede;
    Some(())
}

/// `5s wait 2s`; without a wait the others wait as long as the lock lasts.
fn expiry(cx: &mut Context<'_>, reader: &mut Reader<'_>) -> Option<(Duration, Duration)> {
    let place = reader.place();
    let expires = reader.duration(cx)?;
    if expires == Duration::ZERO {
        let diagnostic = Diagnostic::error(
            "out-of-range",
            place,
            "a lock of no duration protects nothing",
        );
        cx.report(diagnostic.help("make it longer than a fill takes, for example `5s`"));
        return None;
    }
    let wait = if reader.eat("wait") {
        reader.duration(cx)?
    } else {
        expires
    };
    Some((expires, wait))
}

pub(crate) fn fence(
    cx: &mut Context<'_>,
    draft: &mut LevelDraft,
    property: &Property<'_>,
) -> Option<()> {
    property.value(cx).finish(cx)?;
    draft.level.rules.fence = true;
    Some(())
}
