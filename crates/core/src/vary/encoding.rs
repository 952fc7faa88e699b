//! `Accept-Encoding` and `Accept-Charset` (RFC 9110, 12.5.3 and 12.5.2): names and `*`.

use super::quality::{Score, best_offer, elements};

/// Which rules hold for what the header does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Content codings: `identity` is acceptable unless it is excluded.
    Coding,
    /// What is not named is not acceptable.
    Other,
}

pub(super) fn best<'a>(
    header: &str,
    offers: &'a [String],
    otherwise: Option<&str>,
    kind: Kind,
) -> Option<&'a str> {
    best_offer(offers, otherwise, |offer| {
        let quality_of = |wanted: &dyn Fn(&str) -> bool| {
            elements(header)
                .find(|(name, _)| wanted(name))
                .map(|(_, quality)| quality)
        };
        let named = quality_of(&|name| is_same(name, offer, kind));
        let any = || quality_of(&|name| name == "*");
        let is_identity = kind == Kind::Coding && offer.eq_ignore_ascii_case("identity");
        if let Some(quality) = named {
            Some(Score {
                quality,
                precision: 2,
            })
        } else if let Some(quality) = any() {
            Some(Score {
                quality,
                precision: 1,
            })
        } else {
            // Always there, and wanted least.
            is_identity.then_some(Score {
                quality: 1,
                precision: 0,
            })
        }
    })
}

/// Names compare without regard to case; `x-gzip` and `x-compress` are the old names of two codings
/// (RFC 9110, 8.4.1).
fn is_same(name: &str, offer: &str, kind: Kind) -> bool {
    let modern = |name| match kind {
        Kind::Coding if eq(name, "x-gzip") => "gzip",
        Kind::Coding if eq(name, "x-compress") => "compress",
        Kind::Coding | Kind::Other => name,
    };
    eq(modern(name), modern(offer))
}

fn eq(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
